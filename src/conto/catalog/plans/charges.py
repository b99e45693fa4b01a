"""Charges of a plan: made, changed and deleted, in its list or one by one (chapters 40 §1 and 52 §§3-5)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID

from msgspec import UNSET

from conto.catalog.plans.charge_filters import Filter, FilterChanges, read_filter, read_properties
from conto.catalog.plans.entries import Entry, generated_code
from conto.catalog.plans.queries import filters_in
from conto.catalog.plans.references import Metric, References
from conto.catalog.plans.rows import make_list, mark_deleted, new_row, refuse_code, update_rows
from conto.catalog.plans.taxes import replace_all
from conto.core.charges import combinations
from conto.core.charges.combinations import Combination
from conto.db.engine import insert_rows
from conto.db.tables import charge_filters, charges, charges_taxes
from conto.errors import NotFound
from conto.ids import new_id
from conto.schemas.charges import ChargeFilterInput, ChargeInput
from conto.schemas.reader import Problems
from conto.work import Work

CHANGEABLE = (
    "billable_metric_id code invoice_display_name charge_model properties pay_in_advance prorated invoiceable"
    " regroup_paid_fees min_amount_cents accepts_target_wallet conversion_rate"
).split()
"""The columns that an update may set."""


@dataclass(slots=True)
class ChargeChanges:
    """Charges to be written with their filters and taxes, of one plan."""

    created: list[dict[str, Any]] = field(default_factory=list)
    changed: dict[UUID, dict[str, Any]] = field(default_factory=dict)
    deleted: list[UUID] = field(default_factory=list)
    filters: FilterChanges = field(default_factory=FilterChanges)
    taxes: dict[UUID, Sequence[UUID]] = field(default_factory=dict)
    models: dict[UUID, str] = field(default_factory=dict)
    """The charge model that the request named for each charge that is changed."""

    async def write(self, work: Work) -> None:
        """Write them all, in a statement of each kind."""
        await mark_deleted(work, charge_filters.c.charge_id, self.deleted)
        await mark_deleted(work, charges.c.id, self.deleted)
        await update_rows(work, charges, CHANGEABLE, self.changed)
        await insert_rows(work.connection, charges, self.created)
        await self.filters.write(work)
        await replace_all(work, charges_taxes, "charge_id", self.taxes)

    def create(
        self,
        work: Work,
        plan_id: UUID,
        data: ChargeInput,
        problems: Problems,
        references: References,
        *,
        taken: Collection[str],
        position: int,
        generate_code: bool,
        parent_id: UUID | None = None,
    ) -> UUID:
        """Add a charge to the plan; its id.

        Raises:
            Invalid: its fields are not as they must be.
            NotFound: a tax code names no tax.
        """
        metric = references.metric(data.billable_metric_id)
        assert metric
        code = data.code or (generated_code(metric.code, taken) if generate_code and "code" not in problems else None)
        values = {
            "billable_metric_id": metric.id,
            "code": code,
            "invoice_display_name": data.invoice_display_name or None,
            "charge_model": data.charge_model or None,
            "pay_in_advance": data.pay_in_advance is True,
            "prorated": data.prorated is True,
            "invoiceable": data.invoiceable is not False,
            "regroup_paid_fees": data.regroup_paid_fees or None,
            "min_amount_cents": data.min_amount_cents or 0,
            "accepts_target_wallet": data.accepts_target_wallet is True,
        }
        refuse_code(code, taken, problems)
        values |= pricing_unit_of(data, references, problems)
        stored, filters = checked(values, metric, data.properties, data.filters or (), problems)
        problems.raise_if_any()
        charge_id = new_id()
        self.created.append(
            values | {"properties": stored} | new_row(work, charge_id, plan_id, parent_id=parent_id, position=position)
        )
        self.filters.replace(work, charge_id, (), filters)
        if data.tax_codes:
            self.taxes[charge_id] = references.tax_ids(data.tax_codes)
        return charge_id

    def change(
        self,
        work: Work,
        found: Any,
        data: ChargeInput,
        problems: Problems,
        references: References,
        *,
        attached: bool,
        taken: Collection[str],
    ) -> None:
        """Change a charge, a row of `queries.CHARGES`; while subscriptions are on its plan, little of it changes.

        Raises:
            Invalid: its fields are not as they must be.
            NotFound: a tax code names no tax, or the metric's id no metric.
        """
        values = kept_of(found) | always_changed(found, data)
        if attached:
            ignore_problems(problems)
        else:
            values |= changed_unattached(data)
            if data.code and "code" not in problems:
                values["code"] = data.code
                refuse_code(data.code, taken, problems)
        metric = references.metric(values["billable_metric_id"])
        if metric is None:
            raise NotFound("billable_metric")
        values["billable_metric_id"] = metric.id
        raw: object = data.properties
        if attached and not raw and not data.charge_model:
            raw = found.properties
        given = filters_given(found, data, values)
        stored, filters = checked(values, metric, raw, given or (), problems)
        problems.raise_if_any()
        self.changed[found.id] = values | {"properties": stored}
        if data.charge_model:
            self.models[found.id] = data.charge_model
        if given is not None:
            self.filters.replace(work, found.id, filters_in(found), filters)
        if data.tax_codes is not UNSET:
            self.taxes[found.id] = references.tax_ids(data.tax_codes or ())

    def copy(self, work: Work, plan_id: UUID, found: Any, values: Mapping[str, Any]) -> UUID:
        """Add a copy of a parent's charge, with these columns, to a child plan; its id. Filters and taxes are apart."""
        charge_id = new_id()
        self.created.append(
            {name: values[name] for name in CHANGEABLE}
            | {"pricing_unit_id": found.pricing_unit_id}
            | new_row(work, charge_id, plan_id, parent_id=found.id, position=found.position)
        )
        return charge_id


def kept_of(found: Any) -> dict[str, Any]:
    """The columns of a charge as they are."""
    return {name: getattr(found, name) for name in CHANGEABLE}


def always_changed(found: Any, data: ChargeInput) -> dict[str, Any]:
    """What an update sets whether or not subscriptions are on the plan; a missing display name is none."""
    values: dict[str, Any] = {"invoice_display_name": data.invoice_display_name or None}
    if isinstance(data.accepts_target_wallet, bool):
        values["accepts_target_wallet"] = data.accepts_target_wallet
    unit = data.applied_pricing_unit
    if unit and unit.conversion_rate and found.pricing_unit_id is not None:
        values["conversion_rate"] = unit.conversion_rate
    return values


def changed_unattached(data: ChargeInput) -> dict[str, Any]:
    """What an update sets while no subscription is on the plan; a missing minimum is 0."""
    values: dict[str, Any] = {
        "charge_model": data.charge_model or None,
        "min_amount_cents": data.min_amount_cents or 0,
    }
    for name in ("pay_in_advance", "prorated", "invoiceable"):
        if isinstance(getattr(data, name), bool):
            values[name] = getattr(data, name)
    if data.regroup_paid_fees is not UNSET:
        values["regroup_paid_fees"] = data.regroup_paid_fees or None
    if data.billable_metric_id:
        values["billable_metric_id"] = data.billable_metric_id
    return values


IGNORED_ATTACHED = (
    "billable_metric_id charge_model code min_amount_cents invoiceable pay_in_advance prorated regroup_paid_fees id"
).split()


def ignore_problems(problems: Problems) -> None:
    """Forget what was wrong with fields that are not looked at."""
    for name in IGNORED_ATTACHED:
        problems.details.pop(name, None)


def filters_given(found: Any, data: ChargeInput, values: Mapping[str, Any]) -> Sequence[ChargeFilterInput] | None:
    """The filters to hold against model and metric: those sent; those there are where model or metric changes."""
    if data.filters is not UNSET and data.filters is not None:
        return data.filters
    same = values["charge_model"] == found.charge_model and str(values["billable_metric_id"]) == str(
        found.billable_metric_id
    )
    if same:
        return None
    return [
        ChargeFilterInput(values=one.values, properties=one.properties, invoice_display_name=one.invoice_display_name)
        for one in filters_in(found)
    ]


def pricing_unit_of(data: ChargeInput, references: References, problems: Problems) -> dict[str, Any]:
    """The pricing unit of a new charge and its rate."""
    given = data.applied_pricing_unit
    if not given:
        return {"pricing_unit_id": None, "conversion_rate": None}
    unit = references.pricing_units.get(given.code) if isinstance(given.code, str) else None
    if unit is None:
        problems.add("pricing_unit", "relation_must_exist")
    if not given.conversion_rate and "conversion_rate" not in problems:
        problems.add("conversion_rate", "value_is_mandatory")
    return {"pricing_unit_id": unit.id if unit else None, "conversion_rate": given.conversion_rate}


def checked(
    values: Mapping[str, Any],
    metric: Metric,
    raw_properties: object,
    filters: Sequence[ChargeFilterInput],
    problems: Problems,
) -> tuple[dict[str, Any], list[Filter]]:
    """The properties and filters as they are stored; the problems have all that does not go together."""
    combination = Combination(
        charge_model=values["charge_model"],
        aggregation_type=metric.aggregation_type,
        recurring=metric.recurring,
        pay_in_advance=values["pay_in_advance"],
        prorated=values["prorated"],
        invoiceable=values["invoiceable"],
        regroup_paid_fees=values["regroup_paid_fees"],
        min_amount_cents=values["min_amount_cents"],
    )
    known = set(problems.details)
    for name, codes in combinations.problems(combination).items():
        if name not in known:
            problems.add(name, *codes)
    model = values["charge_model"] or ""
    stored = read_properties(raw_properties, model, metric, problems, of_filter=False) or {}
    found: list[Filter] = []
    for one in filters:
        filter_problems = Problems()
        read = read_filter(one, model, metric, filter_problems)
        if filter_problems:
            for name, codes in filter_problems.details.items():
                problems.details.setdefault(name, []).extend(
                    code for code in codes if name == "properties" or code not in problems.details.get(name, ())
                )
        elif read is not None:
            found.append(read)
    return stored, found


def refuse_unknown_metrics(
    given: Sequence[Entry[ChargeInput]], existing: Collection[UUID], references: References
) -> None:
    """Every entry names a metric; one that changes a charge need not name any.

    Raises:
        NotFound: one does not.
    """
    for entry in given:
        changes = entry.data.id and any(str(entry.data.id) == str(each) for each in existing)
        if not (changes and not entry.data.billable_metric_id) and not references.metric(entry.data.billable_metric_id):
            raise NotFound("billable_metrics")


def replace_list(
    work: Work,
    plan_id: UUID,
    existing: Sequence[Any],
    given: Sequence[Entry[ChargeInput]],
    references: References,
    *,
    attached: bool,
) -> ChargeChanges:
    """What makes the plan's charges those that are given: named ones change, others are new, the rest goes.

    Raises:
        Invalid: the fields of one are not as they must be.
        NotFound: a tax code names no tax.
    """
    changes = ChargeChanges()
    create, change = partial(changes.create, work, plan_id), partial(changes.change, work, attached=attached)
    make_list(changes, existing, given, references, create=create, change=change)
    return changes
