"""Events that were taken in but cannot count: told of each hour, or one by one (chapter 30 §3.2).

Only organizations with an endpoint that wants to know are looked at. What is wrong is noted as the events are followed;
at five past the hour it is judged again, for a metric may have come, and one webhook lists what still is wrong.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import ARRAY, Row, Text, any_, bindparam, delete, func, select

from conto import agenda, pruning
from conto.agenda import Lane, Rank
from conto.catalog.metrics import METRICS, filters_of
from conto.core.charges.filters import text_of
from conto.core.charges.properties import TARGET_WALLET
from conto.db.engine import insert_rows
from conto.db.tables import (
    billable_metrics,
    charges,
    event_reports,
    events,
    subscriptions,
    webhook_endpoints,
    wrong_events,
)
from conto.errors import NotFound
from conto.ids import new_id
from conto.metering.ingest import number_of
from conto.metering.stream import listens
from conto.schemas.encoding import encode
from conto.schemas.events import EventError, EventsErrors, show_event
from conto.webhooks.payloads import payload_of
from conto.work import ORGANIZATION, Work

HOURLY, SINGLE = "events.errors", "event.error"
KIND = "events.errors"
AFTER_THE_HOUR = timedelta(minutes=5)
HOUR = timedelta(hours=1)
MOST_LISTED = 10_000
"""Wrong events of an hour that are noted; beyond so many the webhook lists the first ones."""
KEPT = timedelta(days=90)
NUMERIC = ("sum_agg", "max_agg", "latest_agg", "weighted_sum_agg")

prune_noted = pruning.register("wrong_events.prune", wrong_events.c.received_at, lambda work: KEPT)
prune_reports = pruning.register("event_reports.prune", event_reports.c.created_at, lambda work: KEPT)

_WANTED = select(webhook_endpoints.c.event_types).where(webhook_endpoints.c.organization_id == ORGANIZATION)
_METRICS = METRICS.where(
    billable_metrics.c.code == any_(bindparam("codes", type_=ARRAY(Text))), billable_metrics.c.deleted_at.is_(None)
)
_TARGETED = (
    select(subscriptions.c.external_id, billable_metrics.c.code)
    .join(
        charges,
        (charges.c.organization_id == subscriptions.c.organization_id) & (charges.c.plan_id == subscriptions.c.plan_id),
    )
    .join(
        billable_metrics,
        (billable_metrics.c.organization_id == charges.c.organization_id)
        & (billable_metrics.c.id == charges.c.billable_metric_id),
    )
    .where(
        subscriptions.c.organization_id == ORGANIZATION,
        subscriptions.c.external_id == any_(bindparam("external_ids", type_=ARRAY(Text))),
        subscriptions.c.status == "active",
        charges.c.accepts_target_wallet,
        charges.c.deleted_at.is_(None),
    )
)
_NOTED = select(func.count()).where(
    wrong_events.c.organization_id == ORGANIZATION,
    wrong_events.c.received_at >= bindparam("since"),
    wrong_events.c.received_at < bindparam("until"),
)


@dataclass(frozen=True, slots=True)
class Expected:
    """What a metric expects of its events."""

    aggregation_type: str
    field_name: str | None
    filters: Mapping[str, Collection[str]]


@listens
async def note_wrong_events(work: Work, rows: Sequence[Row[Any]]) -> None:
    """Note the events that cannot count, where an endpoint wants to hear of them."""
    wanted = await _wanted(work)
    if HOURLY in wanted:
        await _note_for_report(work, rows)
    if SINGLE in wanted:
        await _tell_of_wallets(work, rows)


async def _wanted(work: Work) -> set[str]:
    """Which of the two events some endpoint wants."""
    found = await work.rows(_WANTED, organization=work.organization.id)
    return {name for name in (HOURLY, SINGLE) for row in found if row.event_types is None or name in row.event_types}


async def _note_for_report(work: Work, rows: Sequence[Row[Any]]) -> None:
    expected = await _expected(work, rows)
    wrong = [(row, found[0]) for row in rows if (found := problems_of(row, expected.get(row.code)))]
    hours = {hour_of(row.created_at) for row, _ in wrong}
    for hour in sorted(hours):
        of_hour = [(row, problem) for row, problem in wrong if hour_of(row.created_at) == hour]
        noted = await work.one(_NOTED, since=hour, until=hour + HOUR)
        await _note(work, of_hour[: max(0, MOST_LISTED - noted[0])])
        due_at = hour + HOUR + AFTER_THE_HOUR
        subject = uuid5(work.organization.id, hour.isoformat())
        await agenda.put(work, KIND, subject, lane=work.organization.id, due_at=due_at)


async def _note(work: Work, wrong: Iterable[tuple[Row[Any], str]]) -> list[UUID]:
    """Write notes of the events; their ids."""
    rows = [
        {
            "organization_id": work.organization.id,
            "id": new_id(),
            "event_id": row.event_id,
            "transaction_id": row.transaction_id,
            "problem": problem,
            "received_at": row.created_at,
        }
        for row, problem in wrong
    ]
    await insert_rows(work.connection, wrong_events, rows)
    if rows:
        await prune_noted.see_to_it(work)
    return [row["id"] for row in rows]


async def _tell_of_wallets(work: Work, rows: Sequence[Row[Any]]) -> None:
    """Tell of each event that names a wallet to which a charge's usage would go; there are no wallets to be named."""
    naming = [row for row in rows if row.properties.get(TARGET_WALLET) is not None and row.external_subscription_id]
    if not naming:
        return
    external_ids = list({row.external_subscription_id for row in naming})
    targeted = {(row.external_id, row.code) for row in await work.rows(_TARGETED, external_ids=external_ids)}
    wrong = [(row, "target_wallet") for row in naming if (row.external_subscription_id, row.code) in targeted]
    for noted in await _note(work, wrong):
        work.emit(SINGLE, noted)


async def _expected(work: Work, rows: Iterable[Row[Any]]) -> dict[str, Expected]:
    """What the metrics with the events' codes expect, by code."""
    found = await work.rows(_METRICS, codes=list({row.code for row in rows}))
    return {
        row.code: Expected(row.aggregation_type, row.field_name, {one.key: set(one.values) for one in filters_of(row)})
        for row in found
    }


def problems_of(event: Row[Any], metric: Expected | None) -> list[str]:
    """Why the event cannot count, or not where it was meant to; nothing where it can."""
    if metric is None:
        return ["invalid_code"]
    found: list[str] = []
    if metric.field_name:
        value = event.properties.get(metric.field_name)
        numeric = metric.aggregation_type in NUMERIC
        if number_of(value) is None if numeric else value in (None, ""):
            found.append("missing_aggregation_property")
    if any(
        (text := text_of(event.properties.get(key))) is not None and text not in listed
        for key, listed in metric.filters.items()
    ):
        found.append("invalid_filter_values")
    return found


def hour_of(instant: datetime) -> datetime:
    """The start of the clock hour, in UTC, that contains the instant."""
    return instant.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


@agenda.handles(KIND, lane=Lane.ORGANIZATION, rank=Rank.HOUSEKEEPING)
async def report(work: Work, subject_id: UUID) -> None:
    """Tell of the events that were received in the last full clock hour and still are wrong, if any are."""
    until = hour_of(work.now)
    noted = await work.rows(
        delete(wrong_events)
        .where(
            wrong_events.c.organization_id == work.organization.id,
            wrong_events.c.received_at >= until - HOUR,
            wrong_events.c.received_at < until,
            wrong_events.c.problem != "target_wallet",
        )
        .returning(wrong_events.c.event_id, wrong_events.c.transaction_id)
    )
    found = await _errors(work, {(row.transaction_id, row.event_id) for row in noted})
    if not found:
        return
    report_id = new_id()
    row = {"organization_id": work.organization.id, "id": report_id, "errors": found, "created_at": work.now}
    await insert_rows(work.connection, event_reports, [row])
    await prune_reports.see_to_it(work)
    work.emit(HOURLY, report_id)


async def _errors(work: Work, noted: Collection[tuple[str, UUID]]) -> dict[str, list[str]]:
    """The transaction ids of the events that are wrong now, by what is wrong with them."""
    rows = await _events(work, [transaction_id for transaction_id, _ in noted])
    wrong = [row for row in rows if (row.transaction_id, row.event_id) in noted]
    expected = await _expected(work, wrong)
    found: dict[str, list[str]] = {}
    for row in wrong:
        for problem in problems_of(row, expected.get(row.code)):
            found.setdefault(problem, []).append(row.transaction_id)
    return found


async def _events(work: Work, transaction_ids: Sequence[str]) -> Sequence[Row[Any]]:
    if not transaction_ids:
        return []
    return await work.rows(
        select(events)
        .where(events.c.organization_id == work.organization.id, events.c.transaction_id.in_(transaction_ids))
        .order_by(events.c.id)
    )


@payload_of("events_errors")
async def events_errors_payload(work: Work, report_id: UUID, webhook_type: str) -> EventsErrors:
    """What was wrong with the events of an hour."""
    found = await work.first(
        select(event_reports.c.errors).where(
            event_reports.c.organization_id == work.organization.id, event_reports.c.id == report_id
        )
    )
    if found is None:
        raise NotFound("event")
    return EventsErrors(**found.errors)


@payload_of("event_error")
async def event_error_payload(work: Work, noted_id: UUID, webhook_type: str) -> EventError:
    """The event whose wallet there is not."""
    noted = await work.first(
        select(wrong_events).where(
            wrong_events.c.organization_id == work.organization.id, wrong_events.c.id == noted_id
        )
    )
    rows = await _events(work, [noted.transaction_id]) if noted else ()
    for row in rows:
        if noted and row.event_id == noted.event_id:
            message = encode({TARGET_WALLET: ["target_wallet_code_not_found"]}).decode()
            return EventError(status=422, error="Unprocessable entity", message=message, event=show_event(row))
    raise NotFound("event")
