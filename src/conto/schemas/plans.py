"""Plans as JSON (chapter 52)."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import UNSET, Struct, UnsetType

from conto.schemas.charges import ChargeInput, ChargeObject, FixedChargeInput, FixedChargeObject
from conto.schemas.encoding import as_number, instant
from conto.schemas.fields import (
    NEEDED,
    Cents,
    Code,
    Currency,
    ExactCurrencyCode,
    Flag,
    LongText,
    Mandatory,
    NonNegativeCents,
    Rate,
    Raw,
    TextOrNull,
    items,
    number,
)
from conto.schemas.taxes import TaxCodes, TaxObject

Interval = Literal["weekly", "monthly", "quarterly", "semiannual", "yearly"]

LONGEST_TRIAL = 36_500
TrialPeriod = Annotated[Decimal, number(ge=0, le=LONGEST_TRIAL)]


class CommitmentInput(Struct, kw_only=True, frozen=True):
    """A minimum commitment; an empty object removes it."""

    amount_cents: Annotated[Cents, NEEDED] | None | UnsetType = UNSET
    invoice_display_name: TextOrNull | None | UnsetType = UNSET
    tax_codes: TaxCodes | None | UnsetType = UNSET


class UsageThresholdInput(Struct, kw_only=True, frozen=True):
    """An amount of usage that is invoiced once it is reached."""

    amount_cents: Annotated[Cents, NEEDED] | None | UnsetType = UNSET
    threshold_display_name: TextOrNull | None | UnsetType = UNSET
    recurring: Flag | None | UnsetType = UNSET


class PlanFields(Struct, kw_only=True, frozen=True):
    """What a plan has of its own, without its parts."""

    name: Mandatory | UnsetType = UNSET
    code: Code | UnsetType = UNSET
    interval: Interval | UnsetType = UNSET
    amount_cents: NonNegativeCents | UnsetType = UNSET
    amount_currency: ExactCurrencyCode | UnsetType = UNSET
    pay_in_advance: Flag | UnsetType = UNSET
    invoice_display_name: TextOrNull | None | UnsetType = UNSET
    description: LongText | None | UnsetType = UNSET
    trial_period: TrialPeriod | None | UnsetType = UNSET
    bill_charges_monthly: Flag | None | UnsetType = UNSET
    bill_fixed_charges_monthly: Flag | None | UnsetType = UNSET
    tax_codes: TaxCodes | None | UnsetType = UNSET


class PlanInput(PlanFields, kw_only=True, frozen=True):
    """A plan to make, or the keys of one to change. Lists of charges are complete lists."""

    charges: Annotated[list[ChargeInput], items(500)] | None | UnsetType = UNSET
    fixed_charges: Annotated[list[FixedChargeInput], items(500)] | None | UnsetType = UNSET
    usage_thresholds: Annotated[list[UsageThresholdInput], items(100)] | None | UnsetType = UNSET
    minimum_commitment: CommitmentInput | None | UnsetType = UNSET
    metadata: dict[str, Any] | None | UnsetType = UNSET
    cascade_updates: Flag | None | UnsetType = UNSET


class PlanCreateInput(PlanInput, kw_only=True, frozen=True):
    """A new plan."""

    name: Annotated[Mandatory, NEEDED] | UnsetType = UNSET
    code: Annotated[Code, NEEDED] | UnsetType = UNSET
    interval: Annotated[Interval, NEEDED] | UnsetType = UNSET
    amount_cents: Annotated[NonNegativeCents, NEEDED] | UnsetType = UNSET
    amount_currency: Annotated[ExactCurrencyCode, NEEDED] | UnsetType = UNSET
    pay_in_advance: Annotated[Flag, NEEDED] | UnsetType = UNSET


class PlanOverrideFields(Struct, kw_only=True, frozen=True):
    """What a subscription's private copy of a plan has of its own, without its parts."""

    name: Mandatory | UnsetType = UNSET
    amount_cents: NonNegativeCents | UnsetType = UNSET
    amount_currency: ExactCurrencyCode | UnsetType = UNSET
    invoice_display_name: TextOrNull | None | UnsetType = UNSET
    description: LongText | None | UnsetType = UNSET
    trial_period: TrialPeriod | None | UnsetType = UNSET
    tax_codes: TaxCodes | None | UnsetType = UNSET


class PlanOverridesInput(PlanOverrideFields, kw_only=True, frozen=True):
    """A subscription's own prices. Charges and fixed charges are named by their ids; those not named stay as they are.

    Once the subscription has a copy of the plan, `charges` is the complete list of its charges.
    """

    charges: Annotated[list[ChargeInput], items(500)] | None | UnsetType = UNSET
    fixed_charges: Annotated[list[FixedChargeInput], items(500)] | None | UnsetType = UNSET
    usage_thresholds: Annotated[list[UsageThresholdInput], items(100)] | None | UnsetType = UNSET
    minimum_commitment: CommitmentInput | None | UnsetType = UNSET


class PlanMetadataInput(Struct, kw_only=True, frozen=True):
    """Metadata to set or to merge."""

    metadata: Raw | UnsetType = UNSET


class MinimumCommitmentObject(Struct, kw_only=True, frozen=True):
    """The minimum that a customer is to spend in a plan's interval, in minor units of its currency."""

    lago_id: UUID
    plan_code: str
    amount_cents: int
    invoice_display_name: str | None
    interval: Interval
    created_at: str
    updated_at: str
    taxes: list[TaxObject]


class UsageThresholdObject(Struct, kw_only=True, frozen=True):
    """An amount of usage that is invoiced once it is reached, in minor units."""

    lago_id: UUID
    threshold_display_name: str | None
    amount_cents: int
    recurring: bool
    created_at: str
    updated_at: str


class ApplicableUsageThreshold(Struct, kw_only=True, frozen=True):
    """A threshold that holds for the plan, its own or its parent's."""

    amount_cents: int
    threshold_display_name: str | None
    recurring: bool


class PlanObject(Struct, kw_only=True, frozen=True):
    """A plan with all that is on it. The counters are always 0; they are kept for clients that read them."""

    lago_id: UUID
    name: str
    invoice_display_name: str | None
    created_at: str
    code: str
    interval: Interval
    description: str | None
    amount_cents: int
    amount_currency: Currency
    trial_period: Rate | None
    pay_in_advance: bool
    bill_charges_monthly: bool | None
    bill_fixed_charges_monthly: bool | None
    parent_id: UUID | None
    pending_deletion: bool
    charges: list[ChargeObject]
    taxes: list[TaxObject]
    usage_thresholds: list[UsageThresholdObject]
    applicable_usage_thresholds: list[ApplicableUsageThreshold]
    entitlements: list[Any] | UnsetType = UNSET
    fixed_charges: list[FixedChargeObject] | UnsetType = UNSET
    minimum_commitment: MinimumCommitmentObject | UnsetType = UNSET
    metadata: dict[str, Any] | UnsetType = UNSET
    customers_count: int = 0
    active_subscriptions_count: int = 0
    draft_invoices_count: int = 0


def show_threshold(threshold: Any) -> UsageThresholdObject:
    """A threshold of a plan."""
    return UsageThresholdObject(
        lago_id=threshold.id,
        threshold_display_name=threshold.threshold_display_name,
        amount_cents=threshold.amount_cents,
        recurring=threshold.recurring,
        created_at=instant(threshold.created_at),
        updated_at=instant(threshold.updated_at),
    )


def show_applicable(threshold: Any) -> ApplicableUsageThreshold:
    """A threshold that holds for a plan."""
    return ApplicableUsageThreshold(
        amount_cents=threshold.amount_cents,
        threshold_display_name=threshold.threshold_display_name,
        recurring=threshold.recurring,
    )


def show_commitment(plan: Any, commitment: Any, taxes: Sequence[TaxObject]) -> MinimumCommitmentObject:
    """The minimum commitment of a plan."""
    return MinimumCommitmentObject(
        lago_id=commitment.id,
        plan_code=plan.code,
        amount_cents=commitment.amount_cents,
        invoice_display_name=commitment.invoice_display_name,
        interval=plan.interval,
        created_at=instant(commitment.created_at),
        updated_at=instant(commitment.updated_at),
        taxes=list(taxes),
    )


def show_plan(plan: Any, **parts: Any) -> PlanObject:
    """A plan with its parts, which are shown already."""
    same = (
        "name invoice_display_name code interval description amount_cents amount_currency pay_in_advance"
        " bill_charges_monthly bill_fixed_charges_monthly parent_id pending_deletion"
    ).split()
    return PlanObject(
        **{name: getattr(plan, name) for name in same},
        lago_id=plan.id,
        created_at=instant(plan.created_at),
        trial_period=None if plan.trial_period is None else as_number(plan.trial_period),
        metadata=UNSET if plan.metadata is None else plan.metadata,
        entitlements=[],
        **parts,
    )
