"""The short way of events into the store: one statement, which is a transaction by itself (chapter 30 §3).

Most events come well-formed and new, with a key that may write them, from a live organization. For those the
process remembers what it was told of the key and of the metrics, and works out by it what to store; the statement
`conto_take_in` stores it if the key and the metrics are still the same, and else tells what they are now. Whatever
stands in the way of an event (there already, an expression that fails, a test organization) is left to the long
way, which says what; nothing is stored then.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any
from uuid import UUID

import msgspec
from asyncpg import UniqueViolationError

from conto.clock import system_now
from conto.core.expression import EvaluationFailed
from conto.db.engine import bare_driver
from conto.db.faults import Deadlock, raised_as_ours
from conto.metering.ingest import Metric, computed, new_ids, parsed, repetitions, value_of
from conto.schemas.encoding import ENCODER, instant
from conto.schemas.events import EventObject, NewEvent, show_new_event
from conto.work import Works, hashed, permits

TAKE_IN = "select conto_take_in($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)"
MOST_REMEMBERED = 10_000
"""Keys and codes of events; when there are more, all are forgotten and asked for anew."""
TRIES = 2
"""What is remembered may be wrong once; where it changes again meanwhile, the long way is taken."""
MILLISECONDS = len("YYYY-MM-DDTHH:MM:SS.mmm")


class Account(msgspec.Struct, frozen=True):
    """What a key stands for, as `conto_take_in` tells it."""

    organization_id: UUID
    live: bool
    permissions: dict[str, list[str]] | None
    expires_at: datetime | None

    def lets_in(self, now: datetime) -> bool:
        """Whether events of a live organization may be written with the key."""
        current = self.expires_at is None or self.expires_at > now
        return self.live and current and permits(self.permissions, "event", "write")


_account = lru_cache(maxsize=1024)(msgspec.json.Decoder(Account).decode)
_metric = msgspec.json.Decoder(tuple[str, str | None])


@lru_cache(maxsize=1024)
def metric_of(told: str) -> Metric | None:
    """A metric as `conto_take_in` tells it, None where there is none to regard."""
    if not told:
        return None
    field_name, expression = _metric.decode(told)
    return Metric(field_name, parsed(expression) if expression else None)


@dataclass(frozen=True, slots=True)
class Columns:
    """What is sent of events, each column as the text of an array, and how they are shown."""

    parameters: tuple[str, ...]
    shown: list[EventObject]


NOTHING = Columns(("",) * 9, [])
"""Is sent to ask."""


@dataclass(slots=True)
class Intake:
    """The short way, and what the process remembers for it."""

    works: Works
    remembered: dict[tuple[str, str | None], str] = field(default_factory=dict)
    """What was told of a key, by its hash and None, and of its organization's metrics, by their codes."""

    async def take_in(self, credential: str, events: Sequence[NewEvent]) -> list[EventObject] | None:
        """Store all events and show them; None where that is not to be done this way, and none is stored.

        Raises:
            Locked: a lock, or a connection, was not had in time.
            TimedOut: the statement took too long.
        """
        if repetitions(events):
            return None
        key, now = hashed(credential), system_now()
        codes = sorted({event.code for event in events})
        for _ in range(TRIES):
            known = self.recall(key, codes)
            sent = columns(events, known, codes, now) if known else NOTHING
            if sent is None:
                return None
            try:
                told = await self.call(key, codes, known, now, len(events), *sent.parameters)
            except (UniqueViolationError, Deadlock):
                return None
            if told is None:
                return None
            if not told:
                return sent.shown
            self.remember(key, codes, told)
        return None

    async def call(self, *parameters: Any) -> list[str] | None:
        """What `conto_take_in` says: nothing where the key is none, an empty list where it has stored the events."""
        with raised_as_ours():
            async with bare_driver(self.works.engine) as below:
                return await below.fetchval(TAKE_IN, *parameters)

    def recall(self, key: str, codes: Iterable[str]) -> list[str] | None:
        """What was told of the key and the codes, in this order; None where not all of it is remembered."""
        try:
            return [self.remembered[key, None], *(self.remembered[key, code] for code in codes)]
        except KeyError:
            return None

    def remember(self, key: str, codes: Sequence[str], told: Sequence[str]) -> None:
        """Keep what was told of the key and the codes."""
        if len(self.remembered) > MOST_REMEMBERED:
            self.remembered.clear()
        for code, text in zip((None, *codes), told, strict=True):
            self.remembered[key, code] = text


def columns(events: Sequence[NewEvent], known: Sequence[str], codes: Sequence[str], now: datetime) -> Columns | None:
    """The events as they are stored and shown if what is known of them is so; None where the long way must look."""
    account, *told = known
    if not _account(account).lets_in(now):
        return None
    metrics = {code: metric_of(one) for code, one in zip(codes, told, strict=True)}
    try:
        properties = [computed(event, metrics[event.code], now) for event in events]
    except EvaluationFailed:
        return None
    used = [metrics[event.code] for event in events]
    received = now.isoformat(timespec="microseconds")
    timestamps = [
        received if event.timestamp is None else event.timestamp.isoformat(timespec="microseconds") for event in events
    ]
    ids, created_at = new_ids(len(events)), instant(now)
    parameters = (
        listed(ids),
        quoted([event.external_subscription_id or "" for event in events]),
        quoted([event.transaction_id for event in events]),
        quoted([event.code for event in events]),
        listed(timestamps),
        ENCODER.encode(properties).decode(),
        listed([numeral(value_of(own, metric)) for own, metric in zip(properties, used, strict=True)]),
        quoted([metric.field_name if metric else "" for metric in used]),
        listed([numeral(event.precise_total_amount_cents) for event in events]),
    )
    shown = [
        show_new_event(event, event_id, own, f"{timestamp[:MILLISECONDS]}Z", created_at)
        for event, event_id, own, timestamp in zip(events, ids, properties, timestamps, strict=True)
    ]
    return Columns(parameters, shown)


def numeral(number: Decimal | None) -> str:
    """The number as an element of an array."""
    if number is None:
        return "NULL"
    plain = str(number)
    return f"{number:f}" if "E" in plain else plain


def listed(elements: Sequence[str]) -> str:
    """The text of an array of elements that need no quotes."""
    return f"{{{','.join(elements)}}}"


def quoted(texts: Sequence[str]) -> str:
    """The text of an array of any texts; none has a NUL character, which PostgreSQL could not store."""
    whole = "\0".join(texts)
    assert whole.count("\0") == len(texts) - 1
    if "\\" in whole or '"' in whole:
        whole = whole.replace("\\", "\\\\").replace('"', '\\"')
    whole = whole.replace("\0", '","')
    return f'{{"{whole}"}}'
