"""Unit instructions: how many units of a fixed charge a subscription has, and from when on (chapter 53 §3)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, delete, func, select
from sqlalchemy.dialects.postgresql import insert as upsert

from conto import agenda
from conto.catalog.priced import PricedPlan
from conto.core.days import local_day, start_of_day
from conto.db.engine import insert_rows
from conto.db.tables import fixed_charge_overrides, fixed_charge_units, fixed_charges, subscriptions
from conto.ids import new_id
from conto.subscriptions.queries import schedule_of, subscriptions_by_id, timezone_of
from conto.work import ORGANIZATION, Work

UNIT_CHANGE = "subscriptions.unit_change"
"""The kind of entry that bills units that hold from now on; its subject is one of the instructions that say so."""


@dataclass(frozen=True, slots=True)
class UnitsGiven:
    """So many units of a fixed charge, from now on or from the next period."""

    fixed_charge_id: UUID
    units: Decimal
    immediately: bool


async def record_units(work: Work, given: Mapping[UUID, Sequence[UnitsGiven]]) -> None:
    """Instruct the running subscriptions of each plan, but those that have units of their own for the fixed charge.

    Payment-gated subscriptions are instructed too, always from the next period on; pending ones when they start.
    """
    wanted = {plan_id: units for plan_id, units in given.items() if units}
    if not wanted:
        return
    running = await work.rows(
        select(subscriptions.c.id).where(
            subscriptions.c.organization_id == work.organization.id,
            subscriptions.c.plan_id.in_(list(wanted)),
            subscriptions.c.status.in_(("active", "incomplete")),
        )
    )
    if not running:
        return
    found = await subscriptions_by_id(work, [row.id for row in running])
    own = await own_units(work, [each.fixed_charge_id for units in wanted.values() for each in units])
    await _instruct(
        work,
        [
            (subscription, each)
            for subscription in found.values()
            for each in wanted.get(subscription.plan_id, ())
            if (subscription.id, each.fixed_charge_id) not in own
        ],
    )


async def instruct(work: Work, subscription: Row[Any], given: Sequence[UnitsGiven]) -> None:
    """Instruct one subscription, a row of `subscriptions.queries`, if it runs; what it has of its own is not asked."""
    if subscription.status in ("active", "incomplete"):
        await _instruct(work, [(subscription, each) for each in given])


async def _instruct(work: Work, given: Sequence[tuple[Row[Any], UnitsGiven]]) -> None:
    rows = [
        {
            "organization_id": work.organization.id,
            "id": new_id(),
            "subscription_id": subscription.id,
            "fixed_charge_id": each.fixed_charge_id,
            "units": each.units,
            "effective_at": effective_at(work, subscription, each.immediately),
            "given_at": work.now,
        }
        for subscription, each in given
    ]
    await insert_rows(work.connection, fixed_charge_units, rows)
    # One of each subscription's stands for all that was said of it at once.
    at_once = {row["subscription_id"]: row["id"] for row in rows if row["effective_at"] == work.now}
    customers = {subscription.id: subscription.customer_id for subscription, _ in given}
    waiting = [(instruction, customers[subscription]) for subscription, instruction in at_once.items()]
    await agenda.put_all(work, UNIT_CHANGE, waiting, due_at=work.now)


_GIVEN = (
    select(
        fixed_charges.c.id,
        func.coalesce(fixed_charge_overrides.c.units, fixed_charges.c.units).label("units"),
        select(func.array_agg(fixed_charge_units.c.effective_at))
        .where(
            fixed_charge_units.c.organization_id == ORGANIZATION,
            fixed_charge_units.c.subscription_id == bindparam("subscription"),
            fixed_charge_units.c.fixed_charge_id == fixed_charges.c.id,
        )
        .scalar_subquery()
        .label("effective"),
    )
    .outerjoin(
        fixed_charge_overrides,
        (fixed_charge_overrides.c.organization_id == ORGANIZATION)
        & (fixed_charge_overrides.c.subscription_id == bindparam("subscription"))
        & (fixed_charge_overrides.c.fixed_charge_id == fixed_charges.c.id),
    )
    .where(
        fixed_charges.c.organization_id == ORGANIZATION,
        fixed_charges.c.plan_id == bindparam("plan"),
        fixed_charges.c.deleted_at.is_(None),
    )
)


async def give_first_units(work: Work, subscription: Row[Any], plan: PricedPlan) -> None:
    """Instruct a subscription that starts with the units that it is to have, its own or its plan's.

    They hold from a second after the start on, but for a fixed charge that has an instruction of that day already.
    """
    if not plan.fixed_charges:
        return
    zone = timezone_of(subscription)
    since = subscription.started_at + timedelta(seconds=1)
    rows = await work.rows(_GIVEN, subscription=subscription.id, plan=plan.id)
    await insert_rows(
        work.connection,
        fixed_charge_units,
        [
            {
                "organization_id": work.organization.id,
                "id": new_id(),
                "subscription_id": subscription.id,
                "fixed_charge_id": row.id,
                "units": row.units,
                "effective_at": since,
                "given_at": work.now,
            }
            for row in rows
            if local_day(since, zone) not in {local_day(each, zone) for each in row.effective or ()}
        ],
    )


def effective_at(work: Work, subscription: Row[Any], immediately: bool) -> datetime:
    """Now, or the start of the day after the fixed charges' period that contains now."""
    if immediately and subscription.status == "active":
        return work.now
    zone = timezone_of(subscription)
    return start_of_day(schedule_of(subscription).fixed_charges.next(local_day(work.now, zone)).first_day, zone)


async def own_units(work: Work, fixed_charge_ids: Collection[UUID]) -> dict[tuple[UUID, UUID], Decimal]:
    """The units that subscriptions have of their own, by subscription and fixed charge."""
    if not fixed_charge_ids:
        return {}
    table = fixed_charge_overrides
    rows = await work.rows(
        select(table.c.subscription_id, table.c.fixed_charge_id, table.c.units).where(
            table.c.organization_id == work.organization.id, table.c.fixed_charge_id.in_(fixed_charge_ids)
        )
    )
    return {(row.subscription_id, row.fixed_charge_id): row.units for row in rows}


async def units_of(work: Work, subscription_id: UUID) -> dict[UUID, Decimal]:
    """The units that one subscription has of its own, by fixed charge."""
    table = fixed_charge_overrides
    rows = await work.rows(
        select(table.c.fixed_charge_id, table.c.units).where(
            table.c.organization_id == work.organization.id, table.c.subscription_id == subscription_id
        )
    )
    return {row.fixed_charge_id: row.units for row in rows}


async def store_units(work: Work, subscription_id: UUID, units: Mapping[UUID, Decimal]) -> None:
    """Give a subscription units of its own for fixed charges of the catalogue; its customer is locked."""
    if not units:
        return
    rows = [
        {
            "organization_id": work.organization.id,
            "id": new_id(),
            "subscription_id": subscription_id,
            "fixed_charge_id": fixed_charge_id,
            "units": each,
            "created_at": work.now,
            "updated_at": work.now,
        }
        for fixed_charge_id, each in units.items()
    ]
    statement = upsert(fixed_charge_overrides).values(rows)
    await work.execute(
        statement.on_conflict_do_update(
            index_elements=["organization_id", "subscription_id", "fixed_charge_id"],
            set_={"units": statement.excluded.units, "updated_at": work.now},
        )
    )


async def forget_units(work: Work, subscription_id: UUID) -> None:
    """Take a subscription's own units away, once its copy of the plan has them."""
    await work.execute(
        delete(fixed_charge_overrides).where(
            fixed_charge_overrides.c.organization_id == work.organization.id,
            fixed_charge_overrides.c.subscription_id == subscription_id,
        )
    )
