"""Charges and fixed charges with prices of a subscription's own: only the keys that are given differ (52 §7, 53 §6)."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from msgspec import UNSET

from conto.catalog.plans import fixed_charges
from conto.catalog.plans.charge_filters import Filter
from conto.catalog.plans.charges import ChargeChanges, checked, ignore_problems, kept_of
from conto.catalog.plans.fixed_charges import FixedChargeChanges
from conto.catalog.plans.queries import filters_in
from conto.catalog.plans.references import References
from conto.errors import Forbidden, NotFound
from conto.ids import new_id
from conto.schemas.charges import ChargeInput, FixedChargeInput
from conto.schemas.reader import Problems
from conto.subscriptions.fixed_charge_units import UnitsGiven
from conto.work import Work


def with_overrides(
    found: Any, data: ChargeInput, problems: Problems, references: References
) -> tuple[dict[str, Any], list[Filter] | None]:
    """The charge's columns with what is given of it, and its filters where the complete list is given.

    Raises:
        Invalid: what is given is not as it must be.
        NotFound: the metric is no more.
    """
    minimum_problems = problems.details.get("min_amount_cents")
    ignore_problems(problems)
    if minimum_problems:
        problems.add("min_amount_cents", *minimum_problems)
    metric = references.metric(found.billable_metric_id)
    if metric is None:
        raise NotFound("billable_metric")
    values = kept_of(found)
    if data.invoice_display_name is not UNSET:
        values["invoice_display_name"] = data.invoice_display_name or None
    if isinstance(data.min_amount_cents, int):
        values["min_amount_cents"] = data.min_amount_cents
    unit = data.applied_pricing_unit
    if unit and unit.conversion_rate and found.pricing_unit_id is not None:
        values["conversion_rate"] = unit.conversion_rate
    raw = found.properties if data.properties is UNSET or data.properties is None else data.properties
    listed = data.filters is not UNSET and data.filters is not None
    stored, filters = checked(values, metric, raw, data.filters or (), problems)
    problems.raise_if_any()
    return values | {"properties": stored}, filters if listed else None


def override_charge(
    changes: ChargeChanges, work: Work, found: Any, data: ChargeInput, problems: Problems, references: References
) -> None:
    """Change what is given of a charge of a child plan.

    Raises:
        Invalid: what is given is not as it must be.
        NotFound: a tax code names no tax.
    """
    values, filters = with_overrides(found, data, problems, references)
    changes.changed[found.id] = values
    if filters is not None:
        changes.filters.replace(work, found.id, filters_in(found), filters)
    if data.tax_codes is not UNSET:
        changes.taxes[found.id] = references.tax_ids(data.tax_codes or ())


def copy_charge(
    changes: ChargeChanges, work: Work, plan_id: UUID, found: Any, data: ChargeInput | None, references: References
) -> None:
    """Add a copy of a parent's charge to a child plan, with what is given of it; taxes are not inherited.

    Raises:
        Invalid: what is given is not as it must be.
        NotFound: a tax code names no tax.
    """
    values, filters = kept_of(found), None
    if data is not None:
        values, filters = with_overrides(found, data, Problems(), references)
    charge_id = changes.copy(work, plan_id, found, values)
    if filters is None:
        for one in filters_in(found):
            changes.filters.create(work, charge_id, one, one.position)
    else:
        changes.filters.replace(work, charge_id, (), filters)
    if data is not None and data.tax_codes:
        changes.taxes[charge_id] = references.tax_ids(data.tax_codes)


def with_fixed_overrides(found: Any, data: FixedChargeInput, problems: Problems) -> dict[str, Any]:
    """The fixed charge's columns with what is given of it.

    Raises:
        Forbidden: another charge model is given.
        Invalid: what is given is not as it must be.
    """
    for name in ("add_on_id", "add_on_code", "pay_in_advance", "prorated", "id", "code", "charge_model"):
        problems.details.pop(name, None)
    if data.charge_model and data.charge_model not in fixed_charges.MODELS:
        problems.add("charge_model", "value_is_invalid")
    elif data.charge_model and data.charge_model != found.charge_model:
        raise Forbidden("cannot_override_charge_model")
    values = {name: getattr(found, name) for name in (*fixed_charges.CHANGEABLE, "pay_in_advance", "prorated")}
    if data.invoice_display_name is not UNSET:
        values["invoice_display_name"] = data.invoice_display_name or None
    if isinstance(data.units, Decimal):
        values["units"] = data.units
    raw = found.properties if data.properties is UNSET or data.properties is None else data.properties
    stored = fixed_charges.checked(values, raw, problems)
    problems.raise_if_any()
    return values | {"properties": stored}


def override_fixed_charge(
    changes: FixedChargeChanges, found: Any, data: FixedChargeInput, problems: Problems, references: References
) -> None:
    """Change what is given of a fixed charge of a child plan; units that are given are an instruction, equal ones too.

    Raises:
        Forbidden: another charge model is given.
        Invalid: what is given is not as it must be.
        NotFound: a tax code names no tax.
    """
    values = with_fixed_overrides(found, data, problems)
    changes.changed[found.id] = values
    if data.tax_codes is not UNSET:
        changes.taxes[found.id] = references.tax_ids(data.tax_codes or ())
    if isinstance(data.units, Decimal):
        changes.instruct(found.plan_id, UnitsGiven(found.id, data.units, data.apply_units_immediately is True))


def copy_fixed_charge(
    changes: FixedChargeChanges, work: Work, found: Any, data: FixedChargeInput | None, references: References
) -> UnitsGiven:
    """Add a copy of a parent's fixed charge to the child plan, with what is given of it; taxes are not inherited.

    Answers with the units that the copy has.

    Raises:
        Forbidden: another charge model is given.
        Invalid: what is given is not as it must be.
        NotFound: a tax code names no tax.
    """
    given = data or FixedChargeInput()
    values = with_fixed_overrides(found, given, Problems())
    charge_id = new_id()
    changes.add(work, changes.plan_id, charge_id, found, values)
    if given.tax_codes:
        changes.taxes[charge_id] = references.tax_ids(given.tax_codes)
    return UnitsGiven(charge_id, values["units"], given.apply_units_immediately is True)


def by_id(given: Sequence[Any]) -> dict[str, Any]:
    """The entries by the ids that they name; of several with one id the last."""
    return {str(each.id).lower(): each for each in given if each.id}
