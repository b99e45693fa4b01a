"""Charges, their filters and fixed charges as JSON (chapters 40, 52 §§3-5 and 53 §2)."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import UNSET, Struct, UnsetType

from conto.core.charges.properties import shown as shown_properties
from conto.core.numerals import decimal_text
from conto.schemas import rules
from conto.schemas.encoding import as_number, instant
from conto.schemas.fields import (
    NEEDED,
    Cents,
    Flag,
    Identifier,
    NonNegativeNumber,
    Rate,
    Raw,
    Text,
    TextOrNull,
    items,
    number,
    ruled,
)
from conto.schemas.rules import Rule
from conto.schemas.taxes import TaxCodes, TaxObject

ChargeModel = Literal[
    "standard", "graduated", "package", "percentage", "volume", "graduated_percentage", "dynamic", "custom"
]
FixedChargeModel = Literal["standard", "graduated", "volume"]


def word(*words: str) -> Any:
    """A text that a use case holds against a list of words, which the schema shows."""
    return ruled(Rule(lambda value: rules.bounded_text(value, 255, trim=False)), {"enum": list(words)})


ChargeModelText = Annotated[
    str,
    word("standard", "graduated", "package", "percentage", "volume", "graduated_percentage", "dynamic", "custom"),
]
FixedChargeModelText = Annotated[str, word("standard", "graduated", "volume")]
RegroupText = Annotated[str, word("invoice")]
ConversionRate = Annotated[Decimal, number(gt=0)]


class ChargeFilterInput(Struct, kw_only=True, frozen=True):
    """A filter of a charge: `values` by metric filter key, and their own prices."""

    values: Annotated[Raw, NEEDED] | UnsetType = UNSET
    properties: Raw | UnsetType = UNSET
    invoice_display_name: TextOrNull | None | UnsetType = UNSET
    cascade_updates: Flag | None | UnsetType = UNSET


class AppliedPricingUnitInput(Struct, kw_only=True, frozen=True):
    """The pricing unit of a charge, and what one unit is in the plan's currency."""

    code: Identifier | None | UnsetType = UNSET
    conversion_rate: ConversionRate | None | UnsetType = UNSET


class ChargeInput(Struct, kw_only=True, frozen=True):
    """A charge to make or to change; in a plan's list the `id` names the one that is changed."""

    id: Text | None | UnsetType = UNSET
    billable_metric_id: Annotated[Text, NEEDED] | None | UnsetType = UNSET
    code: Identifier | None | UnsetType = UNSET
    charge_model: Annotated[ChargeModelText, NEEDED] | None | UnsetType = UNSET
    invoice_display_name: TextOrNull | None | UnsetType = UNSET
    properties: Raw | UnsetType = UNSET
    pay_in_advance: Flag | None | UnsetType = UNSET
    prorated: Flag | None | UnsetType = UNSET
    invoiceable: Flag | None | UnsetType = UNSET
    regroup_paid_fees: RegroupText | None | UnsetType = UNSET
    min_amount_cents: Cents | None | UnsetType = UNSET
    accepts_target_wallet: Flag | None | UnsetType = UNSET
    filters: Annotated[list[ChargeFilterInput], items(500)] | None | UnsetType = UNSET
    tax_codes: TaxCodes | None | UnsetType = UNSET
    applied_pricing_unit: AppliedPricingUnitInput | None | UnsetType = UNSET
    cascade_updates: Flag | None | UnsetType = UNSET


class FixedChargeInput(Struct, kw_only=True, frozen=True):
    """A fixed charge to make or to change; in a plan's list the `id` names the one that is changed."""

    id: Text | None | UnsetType = UNSET
    add_on_id: Text | None | UnsetType = UNSET
    add_on_code: Identifier | None | UnsetType = UNSET
    code: Identifier | None | UnsetType = UNSET
    charge_model: Annotated[FixedChargeModelText, NEEDED] | None | UnsetType = UNSET
    invoice_display_name: TextOrNull | None | UnsetType = UNSET
    properties: Raw | UnsetType = UNSET
    units: NonNegativeNumber | None | UnsetType = UNSET
    apply_units_immediately: Flag | None | UnsetType = UNSET
    pay_in_advance: Flag | None | UnsetType = UNSET
    prorated: Flag | None | UnsetType = UNSET
    tax_codes: TaxCodes | None | UnsetType = UNSET
    cascade_updates: Flag | None | UnsetType = UNSET


class CascadeInput(Struct, kw_only=True, frozen=True):
    """Whether a deletion reaches the private copies of the plan too."""

    cascade_updates: Flag | None | UnsetType = UNSET


class ChargeFilterObject(Struct, kw_only=True, frozen=True):
    """A filter of a charge."""

    lago_id: UUID
    charge_code: str
    invoice_display_name: str | None
    properties: dict[str, Any]
    values: dict[str, list[str]]


class AppliedPricingUnitObject(Struct, kw_only=True, frozen=True):
    """The pricing unit of a charge."""

    code: str
    conversion_rate: str


class ChargeObject(Struct, kw_only=True, frozen=True):
    """A charge of a plan."""

    lago_id: UUID
    lago_billable_metric_id: UUID
    lago_parent_id: UUID | None
    code: str
    billable_metric_code: str
    invoice_display_name: str | None
    created_at: str
    charge_model: ChargeModel
    pay_in_advance: bool
    invoiceable: bool
    regroup_paid_fees: Literal["invoice"] | None
    prorated: bool
    min_amount_cents: int
    accepts_target_wallet: bool
    properties: dict[str, Any]
    applied_pricing_unit: AppliedPricingUnitObject | None
    filters: list[ChargeFilterObject]
    taxes: list[TaxObject]


class FixedChargeObject(Struct, kw_only=True, frozen=True):
    """A fixed charge of a plan."""

    lago_id: UUID
    lago_add_on_id: UUID
    lago_parent_id: UUID | None
    code: str
    add_on_code: str
    invoice_display_name: str | None
    created_at: str
    charge_model: FixedChargeModel
    pay_in_advance: bool
    prorated: bool
    properties: dict[str, Any]
    units: Rate
    taxes: list[TaxObject]


def show_filter(found: Any, charge_code: str) -> ChargeFilterObject:
    """A filter of the charge that has this code."""
    return ChargeFilterObject(
        lago_id=found.id,
        charge_code=charge_code,
        invoice_display_name=found.invoice_display_name,
        properties=shown_properties(found.properties),
        values=found.values,
    )


def show_charge(charge: Any, filters: Sequence[Any], taxes: Sequence[TaxObject]) -> ChargeObject:
    """A charge, with the codes of its metric and pricing unit in its row."""
    same = (
        "code billable_metric_code invoice_display_name charge_model pay_in_advance invoiceable regroup_paid_fees"
        " prorated min_amount_cents accepts_target_wallet"
    ).split()
    unit = None
    if charge.pricing_unit_code is not None:
        unit = AppliedPricingUnitObject(
            code=charge.pricing_unit_code, conversion_rate=decimal_text(charge.conversion_rate)
        )
    return ChargeObject(
        **{name: getattr(charge, name) for name in same},
        lago_id=charge.id,
        lago_billable_metric_id=charge.billable_metric_id,
        lago_parent_id=charge.parent_id,
        created_at=instant(charge.created_at),
        properties=shown_properties(charge.properties),
        applied_pricing_unit=unit,
        filters=[show_filter(one, charge.code) for one in filters],
        taxes=list(taxes),
    )


def show_fixed_charge(charge: Any, taxes: Sequence[TaxObject]) -> FixedChargeObject:
    """A fixed charge, with the code of its add-on in its row."""
    same = "code add_on_code invoice_display_name charge_model pay_in_advance prorated".split()
    return FixedChargeObject(
        **{name: getattr(charge, name) for name in same},
        lago_id=charge.id,
        lago_add_on_id=charge.add_on_id,
        lago_parent_id=charge.parent_id,
        created_at=instant(charge.created_at),
        properties=dict(charge.properties),
        units=as_number(charge.units),
        taxes=list(taxes),
    )


def canonical(values: Mapping[str, Sequence[str]]) -> frozenset[tuple[str, frozenset[str]]]:
    """A filter's values in the form in which two filters are the same."""
    return frozenset((key, frozenset(given)) for key, given in values.items())
