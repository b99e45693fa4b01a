"""Prices and units of one subscription's own (chapters 50 §8, 52 §7 and 53 §6).

The customer is locked first, then the subscription's plan: the parent so that it does not change while it is copied,
or the child that is changed. The first override of more than units makes the child and moves the subscription to it;
the catalogue plan never changes.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from msgspec import UNSET, structs
from sqlalchemy import Row, select, update

from conto.catalog.plans import override
from conto.catalog.plans.charge_filters import Filter, FilterChanges, read_filter, read_properties
from conto.catalog.plans.charge_overrides import (
    by_id,
    override_charge,
    override_fixed_charge,
    with_fixed_overrides,
    with_overrides,
)
from conto.catalog.plans.charges import ChargeChanges
from conto.catalog.plans.entries import Entry
from conto.catalog.plans.fixed_charges import FixedChargeChanges
from conto.catalog.plans.queries import charge, filter_in, filters_in, fixed_charge, fixed_charges_of
from conto.catalog.plans.references import Metric, References, find_references
from conto.catalog.plans.update import Changes, change_plan
from conto.changes import given
from conto.db.tables import customers, plans, subscriptions
from conto.errors import Invalid, NotFound
from conto.schemas.charges import ChargeFilterInput, ChargeInput, FixedChargeInput, canonical
from conto.schemas.plans import PlanFields, PlanOverrideFields, PlanOverridesInput
from conto.schemas.reader import Problems
from conto.subscriptions.fixed_charge_units import UnitsGiven, forget_units, instruct, store_units, units_of
from conto.subscriptions.queries import subscription as find_subscription
from conto.work import Work


async def lock_subscription(work: Work, external_id: str, statuses: Sequence[str]) -> Row[Any]:
    """The subscription with this external id, as `queries.subscription` finds it, with its customer locked.

    Raises:
        NotFound: there is none.
    """
    found = await find_subscription(work, external_id, statuses)
    await work.one(
        select(customers.c.id)
        .where(customers.c.organization_id == work.organization.id, customers.c.id == found.customer_id)
        .with_for_update(key_share=True)
    )
    return await find_subscription(work, external_id, statuses)


async def override_plan(work: Work, subscription: Row[Any], overrides: PlanOverridesInput) -> UUID:
    """Give a subscription, whose customer is locked, these prices; the id of the plan that it is then on.

    Raises:
        NotFound: a fixed charge, a metric or a tax that is named is none.
        Invalid: what is given is not as it must be.
        Forbidden: the charge model of a fixed charge would change.
    """
    if not override.is_given(overrides):
        return subscription.plan_id
    if subscription.plan_parent_id is not None:
        await _change_child(work, subscription, overrides)
        return subscription.plan_id
    if override.is_units_alone(overrides):
        await override.refuse_unknown_fixed_charges(work, subscription.plan_id, overrides)
        await set_units(work, subscription, _units_in(overrides.fixed_charges or ()))
        return subscription.plan_id
    return await _make_child(work, subscription, overrides)


async def set_units(work: Work, subscription: Row[Any], units: Sequence[UnitsGiven]) -> None:
    """Give a subscription to a catalogue plan units of its own; equal ones are an instruction too."""
    await store_units(work, subscription.id, {each.fixed_charge_id: each.units for each in units})
    await instruct(work, subscription, units)


async def override_one_charge(
    work: Work, subscription: Row[Any], charge_code: str, data: ChargeInput, problems: Problems
) -> Row[Any]:
    """Change what is given of a charge of the subscription's own; the charge of its copy of the plan.

    Raises:
        NotFound: the charge is none, or a tax that is named.
        Invalid: what is given is not as it must be.
    """
    plan_id = await _hold_plan(work, subscription)
    found = await charge(work, plan_id, charge_code)
    references = await find_references(work, [data], metric_ids=[found.billable_metric_id])
    if subscription.plan_parent_id is None:
        with_overrides(found, data, problems, references)
        named = structs.replace(data, id=str(found.id))
        plan_id = await _make_child(work, subscription, PlanOverridesInput(charges=[named]))
    else:
        changes = ChargeChanges()
        override_charge(changes, work, found, data, problems, references)
        await changes.write(work)
    return await charge(work, plan_id, charge_code)


async def create_one_filter(
    work: Work, subscription: Row[Any], charge_code: str, data: ChargeFilterInput, problems: Problems
) -> Any:
    """Add a filter to a charge of the subscription's own.

    Raises:
        NotFound: the charge is none.
        Invalid: its values or properties are not as they must be, or a filter with equal values exists.
    """
    found = await charge(work, await _hold_plan(work, subscription), charge_code)
    one = read_filter(data, found.charge_model, await _metric(work, found), problems)
    if one is not None and _twin(found, one.values) is not None:
        problems.add("values", "value_already_exists")
    problems.raise_if_any()
    assert one
    own = await _own_charge(work, subscription, found)
    changes = FilterChanges()
    position = max((each.position for each in filters_in(own)), default=-1) + 1
    filter_id = changes.create(work, own.id, one, position)
    await changes.write(work)
    return filter_in(await charge(work, own.plan_id, charge_code), str(filter_id))


async def update_one_filter(
    work: Work, subscription: Row[Any], charge_code: str, filter_id: str, data: ChargeFilterInput, problems: Problems
) -> Any:
    """Change properties or display name, where given, of a filter of the subscription's own.

    `filter_id` is that of a filter of the plan that the subscription is on now.

    Raises:
        NotFound: the charge or the filter is none.
        Invalid: the properties are not as they must be.
    """
    found = await charge(work, await _hold_plan(work, subscription), charge_code)
    named = filter_in(found, filter_id)
    problems.details.pop("values", None)
    stored: dict[str, Any] | None = named.properties
    if data.properties is not UNSET:
        stored = read_properties(data.properties, found.charge_model, await _metric(work, found), problems)
    problems.raise_if_any()
    assert stored is not None
    name = named.invoice_display_name if data.invoice_display_name is UNSET else data.invoice_display_name
    own = await _own_charge(work, subscription, found)
    twin = _twin(own, named.values)
    assert twin is not None
    changes = FilterChanges()
    changes.change(twin.id, Filter(named.values, stored, name or None), twin.position)
    await changes.write(work)
    return filter_in(await charge(work, own.plan_id, charge_code), str(twin.id))


async def delete_one_filter(work: Work, subscription: Row[Any], charge_code: str, filter_id: str) -> Any:
    """Delete a filter of the subscription's own; the filter as it was. That of the catalogue plan stays.

    Raises:
        NotFound: the charge or the filter is none.
    """
    found = await charge(work, await _hold_plan(work, subscription), charge_code)
    named = filter_in(found, filter_id)
    own = await _own_charge(work, subscription, found)
    twin = _twin(own, named.values)
    assert twin is not None
    await FilterChanges(deleted=[twin.id]).write(work)
    return twin


async def override_one_fixed_charge(
    work: Work, subscription: Row[Any], code: str, data: FixedChargeInput, problems: Problems
) -> Row[Any]:
    """Change what is given of a fixed charge of the subscription's own; units alone need no copy of the plan.

    Raises:
        NotFound: the fixed charge is none, or a tax that is named.
        Invalid: the subscription waits for a payment, or what is given is not as it must be.
        Forbidden: the charge model would change.
    """
    if subscription.status == "incomplete":
        raise Invalid({"base": ["subscription_incomplete"]})
    plan_id = await _hold_plan(work, subscription)
    found = await fixed_charge(work, plan_id, code)
    named = structs.replace(data, id=str(found.id))
    with_fixed_overrides(found, data, problems)
    if subscription.plan_parent_id is not None:
        changes = FixedChargeChanges(plan_id)
        references = await find_references(work, fixed_charges=[data])
        override_fixed_charge(changes, found, data, problems, references)
        await changes.write(work)
    elif override.gives_units_alone(named):
        await set_units(work, subscription, _units_in([named]))
    else:
        plan_id = await _make_child(work, subscription, PlanOverridesInput(fixed_charges=[named]))
    return await fixed_charge(work, plan_id, code)


async def _hold_plan(work: Work, subscription: Row[Any]) -> UUID:
    """The plan that the subscription is on, held; a child so that nobody else changes it, its parent first."""
    if subscription.plan_parent_id is not None:
        await override.hold(work, subscription.plan_parent_id)
        await _lock_plan(work, subscription.plan_id)
    else:
        await override.hold(work, subscription.plan_id)
    return subscription.plan_id


async def _lock_plan(work: Work, plan_id: UUID) -> Row[Any]:
    return await work.one(
        select(plans)
        .where(plans.c.organization_id == work.organization.id, plans.c.id == plan_id)
        .with_for_update(key_share=True)
    )


async def _make_child(work: Work, subscription: Row[Any], overrides: PlanOverridesInput) -> UUID:
    """Make the subscription's copy of its plan, with its own units in it, and move it there."""
    own = await units_of(work, subscription.id)
    child = await override.make_child(work, subscription.plan_id, overrides, own)
    await forget_units(work, subscription.id)
    await work.execute(
        update(subscriptions)
        .where(subscriptions.c.organization_id == work.organization.id, subscriptions.c.id == subscription.id)
        .values(plan_id=child.id, updated_at=work.now)
    )
    await instruct(work, subscription, child.units)
    return child.id


async def _own_charge(work: Work, subscription: Row[Any], found: Row[Any]) -> Row[Any]:
    """The charge of the subscription's copy of its plan, which is made if there is none."""
    if subscription.plan_parent_id is not None:
        return found
    named = ChargeInput(id=str(found.id))
    child_id = await _make_child(work, subscription, PlanOverridesInput(charges=[named]))
    return await charge(work, child_id, found.code)


async def _change_child(work: Work, subscription: Row[Any], overrides: PlanOverridesInput) -> None:
    """Change a child by the rules of any plan that has subscriptions, but fixed charges that are not named stay."""
    await _hold_plan(work, subscription)
    child = await _lock_plan(work, subscription.plan_id)
    fixed = overrides.fixed_charges or ()
    if fixed:
        await _change_fixed_charges(work, child, fixed)
    fields = {name: value for name, value in given(overrides).items() if name in PlanOverrideFields.__struct_fields__}
    commitment = overrides.minimum_commitment
    changes = Changes(
        data=PlanFields(**fields),
        charges=_entries(overrides.charges),
        fixed_charges=None,
        thresholds=_entries(overrides.usage_thresholds),
        commitment=None if commitment is UNSET else commitment,
    )
    await change_plan(work, child, changes)


async def _change_fixed_charges(work: Work, child: Row[Any], given_fixed: Sequence[FixedChargeInput]) -> None:
    existing = {str(row.id): row for row in await work.rows(fixed_charges_of(work, child.id))}
    named = by_id(given_fixed)
    if not named.keys() <= existing.keys() or not all(each.id for each in given_fixed):
        raise NotFound("fixed_charge")
    references = await find_references(work, fixed_charges=given_fixed)
    changes = FixedChargeChanges(child.id)
    for key, data in named.items():
        override_fixed_charge(changes, existing[key], data, Problems(), references)
    await changes.write(work)


def _entries(given_entries: Any) -> list[Entry[Any]] | None:
    if given_entries is UNSET or given_entries is None:
        return None
    return [Entry(each, Problems()) for each in given_entries]


def _units_in(entries: Sequence[FixedChargeInput]) -> list[UnitsGiven]:
    return [
        UnitsGiven(UUID(str(each.id)), each.units, each.apply_units_immediately is True)
        for each in entries
        if isinstance(each.units, Decimal)
    ]


def _twin(found: Row[Any], values: Mapping[str, Sequence[str]]) -> Any | None:
    """The charge's filter with equal values, the oldest of several."""
    return next((one for one in filters_in(found) if canonical(one.values) == canonical(values)), None)


async def _metric(work: Work, found: Row[Any]) -> Metric:
    references: References = await find_references(work, metric_ids=[found.billable_metric_id])
    return references.metrics[found.billable_metric_id]
