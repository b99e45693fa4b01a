"""Events (chapter 30 §3)."""

from collections.abc import Mapping, Sequence
from typing import Any

from litestar import Request
from msgspec import Struct

from conto.api.endpoint import get, post
from conto.api.envelope import Body
from conto.api.pagination import Page, PaginationMeta, meta
from conto.api.query import Query
from conto.api.server import server_of
from conto.core.expression import EvaluationFailed
from conto.errors import Invalid
from conto.metering.ingest import Duplicates, computed, failure, metrics_of, store
from conto.metering.listing import event, list_events
from conto.schemas.events import (
    EventBatchInput,
    EventFilters,
    EventInput,
    EventObject,
    NewEvent,
    new_event,
    quick_batch,
    quick_event,
    show_event,
    show_new_events,
)
from conto.schemas.reader import Problems, read
from conto.work import Work

MOST_EVENTS = 100
"""Events of a batch."""

TAKEN = ["value_already_exist"]


class EventAnswer(Struct, kw_only=True, frozen=True):
    """One event."""

    event: EventObject


class EventsCreatedAnswer(Struct, kw_only=True, frozen=True):
    """The events of a batch, in its order."""

    events: list[EventObject]


class EventsAnswer(Struct, kw_only=True, frozen=True):
    """A page of events."""

    events: list[EventObject]
    meta: PaginationMeta


async def take_in_event(request: Request[Any, Any, Any], credential: str, content: bytes) -> EventAnswer | None:
    """The short way of a single event."""
    event = quick_event(content)
    shown = event and await server_of(request).intake.take_in(credential, [event])
    return EventAnswer(event=shown[0]) if shown else None


async def take_in_batch(request: Request[Any, Any, Any], credential: str, content: bytes) -> EventsCreatedAnswer | None:
    """The short way of a batch."""
    events = quick_batch(content)
    if not events or len(events) > MOST_EVENTS:
        return None
    shown = await server_of(request).intake.take_in(credential, events)
    return EventsCreatedAnswer(events=shown) if shown else None


@post("/events", resource="event", envelope="event", lazy_body=True, shortcut=take_in_event)
async def create_event(work: Work, body: Body[EventInput]) -> EventAnswer:
    """Take in an event, which is stored whether or not it counts for anything."""
    found = quick_event(body.content) or new_event(body.read())
    metrics = await metrics_of(work, [found])
    try:
        found.properties = computed(found, metrics.get(found.code), work.now)
        ids = await store(work, [found], metrics)
    except EvaluationFailed as error:
        raise Invalid(failure(error)) from error
    except Duplicates:
        raise Invalid({"transaction_id": TAKEN}) from None
    (shown,) = show_new_events([found], ids, work.now)
    return EventAnswer(event=shown)


@post("/events/batch", resource="event", lazy_body=True, shortcut=take_in_batch)
async def create_batch_events(work: Work, body: Body[EventBatchInput]) -> EventsCreatedAnswer:
    """Take in up to 100 events, all or none."""
    problems: dict[int, Any] = {}
    quick = quick_batch(body.content)
    found = dict(enumerate(quick)) if quick and len(quick) <= MOST_EVENTS else read_batch(body.raw, problems)
    metrics = await metrics_of(work, found.values())
    for place, one in found.items():
        try:
            one.properties = computed(one, metrics.get(one.code), work.now)
        except EvaluationFailed as error:
            problems[place] = failure(error)
    refuse(problems)
    events = list(found.values())
    try:
        ids = await store(work, events, metrics)
    except Duplicates as duplicates:
        refuse({place: {"transaction_id": TAKEN} for place in duplicates.places})
        raise
    return EventsCreatedAnswer(events=show_new_events(events, ids, work.now))


def read_batch(raw: Mapping[str, Any], problems: dict[int, Any]) -> dict[int, NewEvent]:
    """The events of a batch that have no problem, by their place; the problems of the others are added.

    Raises:
        Invalid: there are no events, or too many.
    """
    events = raw.get("events")
    if not isinstance(events, list) or not events:
        raise Invalid({"events": ["no_events"]})
    if len(events) > MOST_EVENTS:
        raise Invalid({"events": ["too_many_events"]})
    found: dict[int, NewEvent] = {}
    for place, one in enumerate(events):
        own = Problems()
        data = read(EventInput, one if isinstance(one, dict) else {}, own)
        if own:
            problems[place] = own.details
        else:
            found[place] = new_event(data)
    return found


def refuse(problems: Mapping[int, str | Mapping[str, Sequence[str]]]) -> None:
    """Refuse a batch that has problems, told by the places of its events.

    Raises:
        Invalid: there are some.
    """
    if problems:
        raise Invalid({str(place): problems[place] for place in sorted(problems)})


@get("/events", resource="event")
async def find_all_events(work: Work, query: Query[EventFilters], page: Page) -> EventsAnswer:
    """List events, by timestamp, latest first."""
    problems = Problems()
    filters = query.read(problems)
    found = await list_events(work, filters, problems, offset=page.offset, limit=page.limit)
    return EventsAnswer(events=[show_event(row) for row in found.rows], meta=meta(page, found.total))


@get("/events/{transaction_id+}", resource="event")
async def find_event(work: Work, transaction_id: str) -> EventAnswer:
    """Retrieve an event by its transaction id."""
    return EventAnswer(event=show_event(await event(work, transaction_id)))
