"""Filters of charges: read and held against their metric, and replaced as a list (chapters 40 §5 and 52 §3.3)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast
from uuid import UUID

from msgspec import UNSET
from sqlalchemy import bindparam, update

from conto.catalog.plans.entries import tell
from conto.catalog.plans.references import Metric
from conto.core.charges import filters, properties
from conto.core.charges.models import NAMES
from conto.db.engine import insert_rows
from conto.db.tables import charge_filters
from conto.ids import new_id
from conto.schemas.charges import ChargeFilterInput, canonical
from conto.schemas.reader import Problems
from conto.work import Work


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter as it is to be; `properties` in their stored form."""

    values: dict[str, list[str]]
    properties: dict[str, Any]
    invoice_display_name: str | None


@dataclass(slots=True)
class FilterChanges:
    """Filters to be written, of any number of charges."""

    created: list[dict[str, Any]] = field(default_factory=list)
    changed: list[dict[str, Any]] = field(default_factory=list)
    deleted: list[UUID] = field(default_factory=list)

    async def write(self, work: Work) -> None:
        """Write them all, in three statements at most."""
        of_organization = charge_filters.c.organization_id == work.organization.id
        if self.deleted:
            await work.execute(
                update(charge_filters)
                .where(of_organization, charge_filters.c.id.in_(self.deleted))
                .values(deleted_at=work.now)
            )
        if self.changed:
            await work.execute(
                update(charge_filters)
                .where(of_organization, charge_filters.c.id == bindparam("filter_id"))
                .values(
                    {
                        "properties": bindparam("new_properties"),
                        "invoice_display_name": bindparam("new_name"),
                        "position": bindparam("new_position"),
                        "updated_at": work.now,
                    }
                ),
                self.changed,
            )
        await insert_rows(work.connection, charge_filters, self.created)

    def replace(self, work: Work, charge_id: UUID, existing: Sequence[Any], wanted: Sequence[Filter]) -> None:
        """Make the charge's filters those that are wanted, in their order; the same values are the same filter."""
        left = {canonical(one.values): one for one in existing}
        by_values: dict[Any, Filter] = {canonical(one.values): one for one in wanted}
        for position, (values, one) in enumerate(by_values.items()):
            found = left.pop(values, None)
            if found is None:
                self.create(work, charge_id, one, position)
            elif (found.properties, found.invoice_display_name, found.position) != (
                one.properties,
                one.invoice_display_name,
                position,
            ):
                self.change(found.id, one, position)
        self.deleted.extend(one.id for one in left.values())

    def create(self, work: Work, charge_id: UUID, one: Any, position: int) -> UUID:
        """Add a filter; its id."""
        filter_id = new_id()
        self.created.append(
            {
                "organization_id": work.organization.id,
                "id": filter_id,
                "charge_id": charge_id,
                "invoice_display_name": one.invoice_display_name,
                "values": one.values,
                "properties": one.properties,
                "position": position,
                "deleted_at": None,
                "created_at": work.now,
                "updated_at": work.now,
            }
        )
        return filter_id

    def change(self, filter_id: UUID, one: Filter, position: int) -> None:
        """Give a filter other properties, name and place."""
        self.changed.append(
            {
                "filter_id": filter_id,
                "new_properties": one.properties,
                "new_name": one.invoice_display_name,
                "new_position": position,
            }
        )


def read_filter(data: ChargeFilterInput, charge_model: str, metric: Metric, problems: Problems) -> Filter | None:
    """The filter that was given; None where the problems say what is wrong."""
    before = len(problems.details)
    for name, codes in filters.problems(data.values if data.values is not UNSET else None, metric.filters).items():
        problems.add(name, *codes)
    stored = read_properties(data.properties, charge_model, metric, problems)
    if stored is None or len(problems.details) > before or problems:
        return None
    values = {key: list(dict.fromkeys(given)) for key, given in cast("Mapping[str, list[str]]", data.values).items()}
    return Filter(values, stored, data.invoice_display_name or None)


def read_properties(
    raw: object, charge_model: str, metric: Metric, problems: Problems, *, of_filter: bool = True
) -> dict[str, Any] | None:
    """The properties in their stored form; None where the problems say what is wrong, or the model is unknown."""
    if charge_model not in NAMES:
        return None
    reading = properties.read(
        charge_model, None if raw is UNSET else raw, of_filter=of_filter, on_custom_metric=metric.is_custom
    )
    tell(problems, "properties", reading.codes)
    return None if reading.codes else dict(reading.stored)
