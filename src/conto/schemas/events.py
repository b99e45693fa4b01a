"""Usage events as JSON (chapter 30 §3): how they are read, quickly where nothing is wrong, and shown."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import ROUND_FLOOR, Context, Decimal
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import UNSET, Struct, UnsetType
from sqlalchemy import Row

from conto.core.numerals import decimal_text, read_numeral
from conto.schemas import rules
from conto.schemas.encoding import instant
from conto.schemas.fields import (
    ITEMS_LIMIT,
    TEXT_LIMIT,
    Code,
    Identifier,
    Instant,
    LooseFlag,
    Raw,
    ruled,
)
from conto.schemas.rules import EXACT, Refused, Rule

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST = datetime.min.replace(tzinfo=UTC) + timedelta(days=1)
LAST = datetime.max.replace(tzinfo=UTC) - timedelta(days=1)
"""A day within the years 1 and 9999, so that the instant has a date in every time zone."""

MICROSECOND = Decimal("0.000001")
USUAL_SECONDS = re.compile(r"[0-4]?[0-9]{1,9}(?:\.[0-9]{1,6})?")
"""Seconds of which a float is less than half a microsecond off, so that its nearest microsecond is exact."""
WRITABLE = (Decimal, str, int)
SECONDS_DIGITS = 12
SMALLEST_AMOUNT = Decimal("1e-15")
PLAIN_NUMBER_DIGITS = 30
PLAIN_NUMBER = 10**PLAIN_NUMBER_DIGITS
_CUTTING = Context(prec=2 * SECONDS_DIGITS, rounding=ROUND_FLOOR)


def timestamp(value: object) -> datetime:
    """The instant that seconds of the epoch name, given as number or numeral; cut at the microsecond.

    Raises:
        Refused: `invalid_format`; it is no decimal number, or lies outside the years 1 to 9999.
    """
    if isinstance(value, WRITABLE) and USUAL_SECONDS.fullmatch(written := str(value)):
        # Most are of this form, and need no arithmetic of decimals.
        return datetime.fromtimestamp(float(written), UTC)
    seconds = read_numeral(value) if isinstance(value, str) else value
    if isinstance(seconds, bool) or not isinstance(seconds, int | Decimal):
        raise Refused("invalid_format")
    try:
        found = EPOCH + timedelta(microseconds=_microseconds(seconds))
    except OverflowError:
        raise Refused("invalid_format") from None
    if not FIRST <= found <= LAST:
        raise Refused("invalid_format")
    return found


def _microseconds(seconds: int | Decimal) -> int:
    if isinstance(seconds, int):
        return seconds * 1_000_000
    if not seconds:
        return 0
    if seconds.adjusted() >= SECONDS_DIGITS:
        raise Refused("invalid_format")
    return int(seconds.quantize(MICROSECOND, context=_CUTTING).scaleb(6, _CUTTING))


def precise_amount(value: object) -> Decimal:
    """Minor units with up to 15 decimals.

    Raises:
        Refused: `value_is_invalid`, `value_is_out_of_range`.
    """
    number = rules.bounded_number(value, "value_is_invalid", "value_is_out_of_range")
    if number != EXACT.quantize(number, SMALLEST_AMOUNT):
        raise Refused("value_is_out_of_range")
    return number


Timestamp = Annotated[
    Any, ruled(Rule(timestamp, blank_is_null=False), {"x-type": ["integer", "number", "string", "null"]})
]
"""Seconds of the epoch; null is the time of reception."""
PreciseAmount = Annotated[Decimal, ruled(Rule(precise_amount), {"x-type": ["string", "number"]})]


class EventInput(Struct, kw_only=True, frozen=True):
    """One event."""

    transaction_id: Code
    code: Code
    external_subscription_id: Identifier | None = None
    timestamp: Timestamp = None
    properties: dict[str, Raw] | None = None
    precise_total_amount_cents: PreciseAmount | None = None


class EventBatchInput(Struct, kw_only=True, frozen=True):
    """1 to 100 events, taken in all or none."""

    events: list[EventInput]


class EventFilters(Struct, kw_only=True, frozen=True):
    """Which events are listed; both bounds are inclusive."""

    external_subscription_id: Identifier | UnsetType = UNSET
    code: Identifier | UnsetType = UNSET
    timestamp_from: Instant | UnsetType = UNSET
    timestamp_to: Instant | UnsetType = UNSET
    timestamp_from_started_at: LooseFlag | UnsetType = UNSET


class EventObject(Struct, kw_only=True, frozen=True):
    """An event as it was taken in."""

    lago_id: str
    transaction_id: str
    lago_customer_id: UUID | None
    code: str
    timestamp: str
    precise_total_amount_cents: str | None
    properties: dict[str, Any]
    lago_subscription_id: UUID | None
    external_subscription_id: str | None
    created_at: str


class NewEvent(Struct):
    """An event that was read without a problem; `timestamp` None is the time of reception."""

    transaction_id: str
    code: str
    external_subscription_id: str | None
    timestamp: datetime | None
    properties: dict[str, Any]
    precise_total_amount_cents: Decimal | None


def new_event(data: EventInput) -> NewEvent:
    """The event that the reader has read without a problem."""
    return NewEvent(
        data.transaction_id,
        data.code,
        data.external_subscription_id,
        data.timestamp,
        data.properties or {},
        data.precise_total_amount_cents,
    )


_UsualText = Annotated[str, msgspec.Meta(min_length=1, max_length=TEXT_LIMIT)]


class _Sent(Struct, kw_only=True):
    transaction_id: _UsualText
    code: _UsualText
    external_subscription_id: _UsualText | None = None
    timestamp: Any = None
    properties: dict[str, Any] | None = None
    precise_total_amount_cents: Any = None


class _SentOne(Struct):
    event: _Sent


class _SentBatch(Struct):
    events: list[_Sent]


_ONE = msgspec.json.Decoder(_SentOne, float_hook=Decimal)
_BATCH = msgspec.json.Decoder(_SentBatch, float_hook=Decimal)


def quick_event(content: bytes) -> NewEvent | None:
    """The event that a body has in the usual form; None where the reader must look at it."""
    try:
        return None if b"\\u0000" in content else _quick(_ONE.decode(content).event)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ArithmeticError, Refused):
        return None


def quick_batch(content: bytes) -> list[NewEvent] | None:
    """The events that a body has, all in the usual form; None where the reader must look at them."""
    try:
        return None if b"\\u0000" in content else [_quick(sent) for sent in _BATCH.decode(content).events]
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, ArithmeticError, Refused):
        return None


def _quick(sent: _Sent) -> NewEvent:
    """The event, in a form that the reader would not change.

    Raises:
        Refused: the reader may see it otherwise.
    """
    subscription = sent.external_subscription_id
    if sent.transaction_id.isspace() or sent.code.isspace() or (subscription is not None and subscription.isspace()):
        raise Refused
    properties = sent.properties or {}
    if len(properties) > ITEMS_LIMIT:
        raise Refused
    for value in properties.values():
        kind = type(value)
        if kind is str:
            continue
        if kind is Decimal:
            written = str(value)
            if len(written) > PLAIN_NUMBER_DIGITS or "E" in written:
                raise Refused
        elif kind is int:
            if not -PLAIN_NUMBER < value < PLAIN_NUMBER:
                raise Refused
        elif kind is dict or kind is list:
            raise Refused
    amount = sent.precise_total_amount_cents
    return NewEvent(
        sent.transaction_id,
        sent.code,
        subscription,
        None if sent.timestamp is None else timestamp(sent.timestamp),
        properties,
        None if amount is None else precise_amount(amount),
    )


class EventsErrors(Struct, kw_only=True, frozen=True):
    """The transaction ids of an hour's events that cannot count, by what is wrong with them."""

    invalid_code: tuple[str, ...] = ()
    missing_aggregation_property: tuple[str, ...] = ()
    missing_group_key: tuple[str, ...] = ()
    invalid_filter_values: tuple[str, ...] = ()


class EventError(Struct, kw_only=True, frozen=True):
    """One event that cannot count as it says; `message` is JSON in a text."""

    status: int
    error: str
    message: str
    event: EventObject


def show_event(event: Row[Any]) -> EventObject:
    """A stored event."""
    amount = event.precise_total_amount_cents
    return EventObject(
        lago_id=str(event.event_id),
        transaction_id=event.transaction_id,
        lago_customer_id=None,
        code=event.code,
        timestamp=milliseconds(event.timestamp.astimezone(UTC)),
        precise_total_amount_cents=None if amount is None else decimal_text(amount),
        properties=event.properties,
        lago_subscription_id=None,
        external_subscription_id=event.external_subscription_id,
        created_at=instant(event.created_at),
    )


def show_new_events(events: Sequence[NewEvent], ids: Sequence[str], now: datetime) -> list[EventObject]:
    """Events that were stored just now, as `show_event` shows them."""
    created_at, received = instant(now), milliseconds(now.astimezone(UTC))
    return [
        show_new_event(
            event,
            event_id,
            event.properties,
            received if event.timestamp is None else milliseconds(event.timestamp),
            created_at,
        )
        for event, event_id in zip(events, ids, strict=True)
    ]


def show_new_event(
    event: NewEvent, event_id: str, properties: dict[str, Any], shown_timestamp: str, created_at: str
) -> EventObject:
    """An event that was stored just now with these properties; both instants in the form that is shown."""
    amount = event.precise_total_amount_cents
    return EventObject(
        lago_id=event_id,
        transaction_id=event.transaction_id,
        lago_customer_id=None,
        code=event.code,
        timestamp=shown_timestamp,
        precise_total_amount_cents=None if amount is None else decimal_text(amount),
        properties=properties,
        lago_subscription_id=None,
        external_subscription_id=event.external_subscription_id,
        created_at=created_at,
    )


def milliseconds(value: datetime) -> str:
    """An instant in UTC as `YYYY-MM-DDTHH:MM:SS.mmmZ`, cut at milliseconds: quicker than by a format."""
    assert value.tzinfo is UTC
    return f"{value.isoformat(timespec='milliseconds')[:-6]}Z"
