"""Fixed charges of a plan: made, changed and deleted, in its list or one by one (chapter 53 §§2 and 7)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from typing import Any, cast
from uuid import UUID

from msgspec import UNSET

from conto.catalog.plans.entries import Entry, generated_code, tell
from conto.catalog.plans.references import References
from conto.catalog.plans.rows import make_list, mark_deleted, new_row, refuse_code, update_rows
from conto.catalog.plans.taxes import replace_all
from conto.core.charges import properties
from conto.db.engine import insert_rows
from conto.db.tables import fixed_charges, fixed_charges_taxes
from conto.errors import NotFound
from conto.ids import new_id
from conto.schemas.charges import FixedChargeInput
from conto.schemas.reader import Problems
from conto.subscriptions.fixed_charge_units import UnitsGiven, record_units
from conto.work import Work

CHANGEABLE = ("code", "invoice_display_name", "charge_model", "properties", "units")
MODELS = ("standard", "graduated", "volume")
GROUP_KEYS = ("grouped_by", "pricing_group_keys", "presentation_group_keys")


@dataclass(slots=True)
class FixedChargeChanges:
    """Fixed charges to be written with their taxes, of one plan."""

    plan_id: UUID
    created: list[dict[str, Any]] = field(default_factory=list)
    changed: dict[UUID, dict[str, Any]] = field(default_factory=dict)
    deleted: list[UUID] = field(default_factory=list)
    taxes: dict[UUID, Sequence[UUID]] = field(default_factory=dict)
    units: dict[UUID, list[UnitsGiven]] = field(default_factory=dict)
    """What the subscriptions of each plan are instructed."""
    models: dict[UUID, str] = field(default_factory=dict)
    """The charge model that the request named for each fixed charge that is changed."""

    async def write(self, work: Work) -> None:
        """Write them all, in a statement of each kind, and tell the plan's subscriptions of their units."""
        await mark_deleted(work, fixed_charges.c.id, self.deleted)
        await update_rows(work, fixed_charges, CHANGEABLE, self.changed)
        await insert_rows(work.connection, fixed_charges, self.created)
        await replace_all(work, fixed_charges_taxes, "fixed_charge_id", self.taxes)
        await record_units(work, self.units)

    def instruct(self, plan_id: UUID, given: UnitsGiven) -> None:
        """Have the plan's running subscriptions take these units."""
        self.units.setdefault(plan_id, []).append(given)

    def add(self, work: Work, plan_id: UUID, charge_id: UUID, found: Any, values: Mapping[str, Any]) -> None:
        """Add a copy of a parent's fixed charge, with these columns, to a child plan. Taxes and units are apart."""
        self.created.append(
            {name: values[name] for name in CHANGEABLE}
            | {name: getattr(found, name) for name in ("add_on_id", "pay_in_advance", "prorated")}
            | new_row(work, charge_id, plan_id, parent_id=found.id, position=found.position)
        )

    def create(
        self,
        work: Work,
        data: FixedChargeInput,
        problems: Problems,
        references: References,
        *,
        taken: Collection[str],
        position: int,
        generate_code: bool,
        parent_id: UUID | None = None,
    ) -> UUID:
        """Add a fixed charge to the plan; its id.

        Raises:
            Invalid: its fields are not as they must be.
            NotFound: a tax code names no tax.
        """
        add_on = references.add_on(data)
        assert add_on is not None
        code = data.code or (generated_code(add_on.code, taken) if generate_code and "code" not in problems else None)
        refuse_code(code, taken, problems)
        values = {
            "add_on_id": add_on.id,
            "code": code,
            "invoice_display_name": data.invoice_display_name or None,
            "charge_model": data.charge_model or None,
            "units": data.units or Decimal(0),
            "pay_in_advance": data.pay_in_advance is True,
            "prorated": data.prorated is True,
        }
        stored = checked(values, data.properties, problems)
        problems.raise_if_any()
        charge_id = new_id()
        self.created.append(
            values
            | {"properties": stored}
            | new_row(work, charge_id, self.plan_id, parent_id=parent_id, position=position)
        )
        if data.tax_codes:
            self.taxes[charge_id] = references.tax_ids(data.tax_codes)
        self.instruct(self.plan_id, UnitsGiven(charge_id, values["units"], data.apply_units_immediately is True))
        return charge_id

    def change(
        self,
        found: Any,
        data: FixedChargeInput,
        problems: Problems,
        references: References,
        *,
        attached: bool,
        taken: Collection[str],
    ) -> None:
        """Change a fixed charge; its add-on, proration and time of payment never change.

        Raises:
            Invalid: its fields are not as they must be.
            NotFound: a tax code names no tax.
        """
        for name in ("add_on_id", "add_on_code", "pay_in_advance", "prorated", "id"):
            problems.details.pop(name, None)
        values = {name: getattr(found, name) for name in (*CHANGEABLE, "pay_in_advance", "prorated")}
        values["invoice_display_name"] = data.invoice_display_name or None
        if isinstance(data.units, Decimal):
            values["units"] = data.units
        raw: object = data.properties
        if attached:
            for name in ("code", "charge_model"):
                problems.details.pop(name, None)
            if not raw and not data.charge_model:
                raw = found.properties
        else:
            values["charge_model"] = data.charge_model or None
            if data.code and "code" not in problems:
                values["code"] = data.code
                refuse_code(data.code, taken, problems)
        stored = checked(values, raw, problems)
        problems.raise_if_any()
        self.changed[found.id] = values | {"properties": stored}
        if data.tax_codes is not UNSET:
            self.taxes[found.id] = references.tax_ids(data.tax_codes or ())
        if data.charge_model:
            self.models[found.id] = data.charge_model
        if values["units"] != found.units:
            self.instruct(self.plan_id, UnitsGiven(found.id, values["units"], data.apply_units_immediately is True))


def checked(values: Mapping[str, Any], raw: object, problems: Problems) -> dict[str, Any]:
    """The properties as they are stored; the problems have all that does not go together."""
    model = values["charge_model"]
    if model not in MODELS:
        if "charge_model" not in problems:
            problems.add("charge_model", "value_is_invalid" if model else "value_is_mandatory")
        return {}
    if model == "volume" and values["pay_in_advance"]:
        problems.add("pay_in_advance", "invalid_charge_model")
    if model == "graduated" and values["pay_in_advance"] and values["prorated"]:
        problems.add("prorated", "invalid_charge_model")
    given: object = None if raw is UNSET else raw
    if isinstance(given, Mapping):
        priced = cast("Mapping[str, object]", given)
        given = {name: value for name, value in priced.items() if name not in GROUP_KEYS}
        if not given and priced:
            given = None
    reading = properties.read(model, given)
    tell(problems, "properties", reading.codes)
    return dict(reading.stored)


def refuse_unknown_add_ons(
    given: Sequence[Entry[FixedChargeInput]], existing: Collection[UUID], references: References
) -> None:
    """Every entry names an add-on; one that changes a fixed charge need not.

    Raises:
        NotFound: one does not.
    """
    for entry in given:
        changes = entry.data.id and any(str(entry.data.id) == str(each) for each in existing)
        if not changes and references.add_on(entry.data) is None:
            raise NotFound("add_ons")


def replace_list(
    work: Work,
    plan_id: UUID,
    existing: Sequence[Any],
    given: Sequence[Entry[FixedChargeInput]],
    references: References,
    *,
    attached: bool,
) -> FixedChargeChanges:
    """What makes the plan's fixed charges those that are given: named ones change, others are new, the rest goes.

    Raises:
        Invalid: the fields of one are not as they must be.
        NotFound: a tax code names no tax.
    """
    changes = FixedChargeChanges(plan_id)
    create, change = partial(changes.create, work), partial(changes.change, attached=attached)
    make_list(changes, existing, given, references, create=create, change=change)
    return changes
