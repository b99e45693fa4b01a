"""What a change of a catalogue plan does to its children, where that is asked (chapters 52 §4.3 and 53 §7).

It happens in the transaction of the change, in as many statements as for one child. The parent's row is locked, so
none is made meanwhile; the children's rows are locked after it, in the order of their ids. No customer is locked.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, exists, select, update

from conto.catalog.plans.charge_filters import Filter
from conto.catalog.plans.charges import ChargeChanges, kept_of
from conto.catalog.plans.entries import generated_code
from conto.catalog.plans.fixed_charges import CHANGEABLE as FIXED_CHANGEABLE
from conto.catalog.plans.fixed_charges import FixedChargeChanges
from conto.catalog.plans.queries import CHARGES, FIXED_CHARGES, filters_in
from conto.core.charges.properties import with_group_keys_of
from conto.core.charges.sameness import same
from conto.db.tables import charges, fixed_charges, plans, subscriptions
from conto.ids import new_id
from conto.schemas.charges import canonical
from conto.subscriptions.fixed_charge_units import UnitsGiven
from conto.work import Work

FOLLOWING = ("active", "pending")
"""The statuses of subscriptions whose plan follows its parent."""


async def cascade_amount(work: Work, plan: Row[Any], amount_cents: Any) -> list[UUID]:
    """Give the new amount to the children that had the parent's old one; which they are."""
    changed = await work.rows(
        update(plans)
        .where(
            plans.c.organization_id == work.organization.id,
            plans.c.parent_id == plan.id,
            plans.c.amount_cents == plan.amount_cents,
            plans.c.deleted_at.is_(None),
        )
        .values(amount_cents=amount_cents, updated_at=work.now)
        .returning(plans.c.id)
    )
    return [row.id for row in changed]


async def cascade_charges(work: Work, plan_id: UUID, before: Sequence[Any], changes: ChargeChanges) -> None:
    """Have the children's charges follow changes of the parent's, which are written.

    `before` are the parent's charges that change or go, rows of `queries.CHARGES` as they were.
    """
    children = await _lock_children(work, plan_id)
    if not children:
        return
    copies = await work.rows(
        CHARGES.where(charges.c.organization_id == work.organization.id, charges.c.plan_id.in_(children))
    )
    following = _Following(work, changes, copies)
    for found in before:
        following.follow(found)
    for created in changes.created:
        following.add(created, children)
    await following.own.write(work)


async def cascade_fixed_charges(work: Work, plan_id: UUID, before: Sequence[Any], changes: FixedChargeChanges) -> None:
    """Have the children's fixed charges follow changes of the parent's, which are written.

    Units that a child takes over are instructed to its subscription as they are to the parent's.
    """
    children = await _lock_children(work, plan_id)
    if not children:
        return
    copies = await work.rows(
        FIXED_CHARGES.where(
            fixed_charges.c.organization_id == work.organization.id, fixed_charges.c.plan_id.in_(children)
        )
    )
    own = FixedChargeChanges(plan_id)
    codes = _codes(copies)
    given = {each.fixed_charge_id: each for units in changes.units.values() for each in units}
    gone = set(changes.deleted)
    for found in before:
        for copy in (each for each in copies if each.parent_id == found.id):
            if found.id in gone:
                own.deleted.append(copy.id)
            elif changes.models.get(found.id) == copy.charge_model:
                _follow_fixed(own, found, copy, changes.changed[found.id], given.get(found.id), codes[copy.plan_id])
    for created in changes.created:
        for child_id in children:
            if not any(each.parent_id == created["id"] and each.plan_id == child_id for each in copies):
                _add_fixed(own, work, child_id, created, given[created["id"]], codes[child_id])
    await own.write(work)


async def _lock_children(work: Work, plan_id: UUID) -> list[UUID]:
    """The children whose subscription is active or pending, locked."""
    followed = exists().where(
        subscriptions.c.organization_id == plans.c.organization_id,
        subscriptions.c.plan_id == plans.c.id,
        subscriptions.c.status.in_(FOLLOWING),
    )
    rows = await work.rows(
        select(plans.c.id)
        .where(
            plans.c.organization_id == work.organization.id,
            plans.c.parent_id == plan_id,
            plans.c.deleted_at.is_(None),
            followed,
        )
        .order_by(plans.c.id)
        .with_for_update(key_share=True)
    )
    return [row.id for row in rows]


def _codes(copies: Iterable[Any]) -> dict[UUID, dict[UUID, str]]:
    """The codes on each child plan, by charge."""
    found: dict[UUID, dict[UUID, str]] = defaultdict(dict)
    for each in copies:
        found[each.plan_id][each.id] = each.code
    return found


def _follow_code(copy: Any, code: str, codes: dict[UUID, str]) -> str:
    """The parent's code, or the copy's own where another charge of the child has the parent's."""
    if any(taken == code for charge_id, taken in codes.items() if charge_id != copy.id):
        return copy.code
    codes[copy.id] = code
    return code


def _follow_fixed(
    own: FixedChargeChanges,
    found: Any,
    copy: Any,
    after: dict[str, Any],
    given: UnitsGiven | None,
    codes: dict[UUID, str],
) -> None:
    """Have a copy take over properties and units, if it was as its parent; its code follows in any case."""
    values = {name: getattr(copy, name) for name in FIXED_CHANGEABLE}
    alike = (
        copy.charge_model == found.charge_model
        and copy.units == found.units
        and same(copy.properties, found.properties)
    )
    if alike:
        values |= {"properties": after["properties"], "units": after["units"]}
        if given is not None:
            own.instruct(copy.plan_id, UnitsGiven(copy.id, given.units, given.immediately))
    own.changed[copy.id] = values | {"code": _follow_code(copy, after["code"], codes)}


def _add_fixed(
    own: FixedChargeChanges,
    work: Work,
    child_id: UUID,
    created: dict[str, Any],
    given: UnitsGiven,
    codes: dict[UUID, str],
) -> None:
    """Add a copy of a new fixed charge to a child."""
    copy_id = new_id()
    code = generated_code(created["code"], codes.values())
    codes[copy_id] = code
    own.created.append(created | {"id": copy_id, "plan_id": child_id, "parent_id": created["id"], "code": code})
    own.instruct(child_id, UnitsGiven(copy_id, given.units, given.immediately))


class _Following:
    """What children are to change so that their charges follow their parent's."""

    def __init__(self, work: Work, changes: ChargeChanges, copies: Sequence[Any]) -> None:
        self.work = work
        self.changes = changes
        self.own = ChargeChanges()
        self.codes = _codes(copies)
        self.copies: dict[UUID, list[Any]] = defaultdict(list)
        for copy in copies:
            if copy.parent_id is not None:
                self.copies[copy.parent_id].append(copy)
        self.gone = set(changes.deleted)
        self.changed_filters = {one["filter_id"]: one for one in changes.filters.changed}
        self.deleted_filters = set(changes.filters.deleted)
        self.created_filters: dict[UUID, list[dict[str, Any]]] = defaultdict(list)
        for one in changes.filters.created:
            self.created_filters[one["charge_id"]].append(one)

    def follow(self, found: Any) -> None:
        """Have the copies of a parent's charge follow what happened to it and its filters.

        One whose charge model is another than its parent's, or than the one the request named, is left alone.
        """
        for copy in self.copies[found.id]:
            if found.id in self.gone:
                self.own.deleted.append(copy.id)
                continue
            after = self.changes.changed.get(found.id)
            if copy.charge_model != found.charge_model:
                continue
            if after is not None and self.changes.models.get(found.id) != copy.charge_model:
                continue
            if after is not None:
                self._change(found, copy, after)
            self._follow_filters(found, copy)

    def _change(self, found: Any, copy: Any, after: dict[str, Any]) -> None:
        values = kept_of(copy)
        base = after["properties"] if same(copy.properties, found.properties) else copy.properties
        values["properties"] = with_group_keys_of(after["properties"], base)
        if copy.conversion_rate is not None and copy.conversion_rate == found.conversion_rate:
            values["conversion_rate"] = after["conversion_rate"]
        values["code"] = _follow_code(copy, after["code"], self.codes[copy.plan_id])
        self.own.changed[copy.id] = values

    def _follow_filters(self, found: Any, copy: Any) -> None:
        """Each change of a filter goes to the copy's filter with equal values."""
        own = {canonical(one.values): one for one in reversed(filters_in(copy))}
        position = max((one.position for one in own.values()), default=-1)
        for one in filters_in(found):
            twin = own.get(canonical(one.values))
            if twin is None:
                continue
            if one.id in self.deleted_filters:
                self.own.filters.deleted.append(twin.id)
                del own[canonical(one.values)]
            elif one.id in self.changed_filters:
                self._change_filter(one, twin, self.changed_filters[one.id])
        for created in self.created_filters[found.id]:
            if canonical(created["values"]) not in own:
                position += 1
                one = Filter(created["values"], created["properties"], created["invoice_display_name"])
                self.own.filters.create(self.work, copy.id, one, position)

    def _change_filter(self, one: Any, twin: Any, after: dict[str, Any]) -> None:
        properties, name = after["new_properties"], after["new_name"]
        if same(properties, one.properties) and name == one.invoice_display_name:
            return
        wanted = Filter(twin.values, with_group_keys_of(properties, twin.properties), twin.invoice_display_name)
        if same(twin.properties, one.properties):
            wanted = Filter(twin.values, properties, name)
        self.own.filters.change(twin.id, wanted, twin.position)

    def add(self, created: dict[str, Any], children: Sequence[UUID]) -> None:
        """Add a copy of a new charge, with its filters and taxes, to each child that has none."""
        have = {copy.plan_id for copy in self.copies[created["id"]]}
        for child_id in children:
            if child_id in have:
                continue
            copy_id = new_id()
            code = generated_code(created["code"], self.codes[child_id].values())
            self.codes[child_id][copy_id] = code
            self.own.created.append(
                created | {"id": copy_id, "plan_id": child_id, "parent_id": created["id"], "code": code}
            )
            for one in self.created_filters[created["id"]]:
                self.own.filters.created.append(one | {"id": new_id(), "charge_id": copy_id})
            if created["id"] in self.changes.taxes:
                self.own.taxes[copy_id] = self.changes.taxes[created["id"]]
