"""What is asked of the event store, and what it answers (chapter 30 §§4 to 6).

One question is about one charge of one subscription over one charges period, however many filters the charge
has. `conto.metering.postgres` answers; another store would answer the same questions.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from conto.catalog.priced import PricedMetric
from conto.core.charges.in_advance import Marks
from conto.core.charges.models import Properties
from conto.core.charges.needs import NONE, Needs
from conto.core.charges.price import NO_EVENTS, Climb, SingleEvents, Usage
from conto.core.charges.proration import Window

Group = Mapping[str, str | None]
"""The values of the grouping keys; null where an event has none."""

Place = tuple[UUID | None, tuple[tuple[str, str | None], ...]]
"""A bucket's filter and a group's keys and values, sorted by key: where the total of a weighted sum is kept."""


def place(filter_id: UUID | None, group: Group) -> Place:
    """The place of a bucket's group, or of a combination of its presentation keys within the group."""
    return filter_id, tuple(sorted(group.items()))


@dataclass(frozen=True, slots=True)
class Bucket:
    """A filter of the charge, or what no filter takes (`filter_id` None): what is gathered of it, and apart by what.

    `values` are the texts that each key may be, `__ALL_FILTER_VALUES__` resolved; empty for the default bucket.
    `group_keys` split it into groups, `presentation_keys` break its units down without splitting its price.
    `properties` are what `needs` was told of: percentages and prorated graduated charges gather their single events
    by them. Without them no single events are gathered.
    """

    filter_id: UUID | None
    values: Mapping[str, frozenset[str]]
    group_keys: tuple[str, ...] = ()
    presentation_keys: tuple[str, ...] = ()
    needs: Needs = NONE
    properties: Properties | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """The window of events, both ends included, and its days in the customer's time zone."""

    from_datetime: datetime
    to_datetime: datetime
    timezone: str
    days: Window


@dataclass(frozen=True, slots=True)
class Question:
    """The usage of one charge that is asked for.

    Attributes:
        external_subscription_id: events are matched by it, whichever subscription bears it.
        metric: says how events become units; its `recurring` whether history counts.
        buckets: in the order in which they take an event (`core.charges.filters.in_order`), the default one last.
        span: the period.
        prorated: whether units weigh by their days; then full units are told beside the prorated ones.
        marks: whether the in-advance marks of the period are wanted (chapter 31 §1.4).
        only: property values that events must have, by key; no event with others counts.
        carried: what weighted sums start from, by `place`; a bucket and group that has none starts at 0. See
            `conto.metering.carried`.
        currency: that of the amounts that events bring along; needed where a bucket's `given_amount` is.
    """

    external_subscription_id: str
    metric: PricedMetric
    buckets: tuple[Bucket, ...]
    span: Span
    prorated: bool = False
    marks: bool = False
    only: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    carried: Mapping[Place, Decimal] = field(default_factory=dict[Place, Decimal])
    currency: str | None = None

    def __post_init__(self) -> None:
        assert self.buckets
        assert self.currency is not None or not any(bucket.needs.given_amount for bucket in self.buckets)


@dataclass(frozen=True, slots=True)
class Aggregate:
    """What the events of one bucket and group came to.

    Attributes:
        units: the aggregate after the metric's rounding; prorated where the charge is.
        full_units: not prorated, rounded too; None where the charge is not prorated.
        level: the total at the end: `total_aggregated_units`. Of a weighted sum not its mean.
        count: the events that took part, by the chapter's words for each aggregation.
        events, climb, given_amount: what the bucket's `Needs` asked for.
        marks: those of the period; None where no event of the period took part, or none were asked for.
        presented: the units by values of the presentation keys.
        presented_levels: the levels by the same, of weighted sums alone.
    """

    bucket: Bucket
    group: Group
    units: Decimal
    full_units: Decimal | None
    level: Decimal
    count: int
    events: SingleEvents = NO_EVENTS
    climb: Climb | None = None
    given_amount: Decimal | None = None
    marks: Marks | None = None
    presented: tuple[tuple[Group, Decimal], ...] = ()
    presented_levels: tuple[tuple[Group, Decimal], ...] = ()

    @property
    def usage(self) -> Usage:
        """As the charge models take it."""
        return Usage(
            self.units,
            full_units=self.full_units,
            count=self.count,
            events=self.events,
            climb=self.climb,
            given_amount=self.given_amount,
        )
