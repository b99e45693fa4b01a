"""What a subscription has beside its plan: thresholds, payment method, custom sections, activation rules (chapter 50).

Each part is checked when the other fields are, and stored once the subscription is.
"""

from collections.abc import Sequence
from typing import Any, cast
from uuid import UUID

from msgspec import UNSET, UnsetType
from sqlalchemy import Row, select, update

from conto.catalog.plans.entries import Entry
from conto.catalog.plans.thresholds import refuse_wrong_thresholds, replace_thresholds
from conto.catalog.selected_sections import select_sections
from conto.db.tables import customers, subscriptions, subscriptions_custom_sections
from conto.payments.methods import refuse_wrong_method
from conto.schemas.custom_sections import InvoiceCustomSectionInput
from conto.schemas.payment_methods import PaymentMethodInput
from conto.schemas.plans import PlanOverridesInput, UsageThresholdInput
from conto.schemas.reader import Problems
from conto.schemas.subscriptions import SubscriptionInput
from conto.work import Work

Thresholds = Sequence[UsageThresholdInput] | None | UnsetType


async def refuse_wrong_parts(work: Work, data: SubscriptionInput, problems: Problems) -> None:
    """Gather what is wrong with the parts that come with a new subscription."""
    refuse_wrong_method(data.payment_method, problems)
    refuse_wrong_own_thresholds(data.usage_thresholds, data.plan_overrides, problems)
    refuse_wrong_rules(data.activation_rules, problems)
    if data.activation_rules and "activation_rules" not in problems:
        customer = await work.first(
            select(customers.c.payment_provider).where(
                customers.c.organization_id == work.organization.id,
                customers.c.external_id == (data.external_customer_id or ""),
                customers.c.deleted_at.is_(None),
            )
        )
        refuse_payment_rule(data.payment_method, customer, problems)


async def store_parts(work: Work, subscription_id: UUID, plan: Row[Any], data: SubscriptionInput) -> None:
    """Store the thresholds and the choice of sections that were sent with a subscription to the plan."""
    await store_own_thresholds(work, subscription_id, plan, data.usage_thresholds)
    await store_sections(work, subscription_id, data.invoice_custom_section)


def payment_method_type(data: PaymentMethodInput | None | UnsetType) -> str | None:
    """The type that is stored, None for the customer's default."""
    return str(data.payment_method_type) if data and data.payment_method_type else None


def refuse_wrong_own_thresholds(
    thresholds: Thresholds, overrides: PlanOverridesInput | None | UnsetType, problems: Problems
) -> None:
    """The thresholds are as those of a plan must be, and stand in one place."""
    if thresholds:
        refuse_wrong_thresholds([Entry(each, Problems()) for each in thresholds], problems)
    if thresholds and overrides and overrides.usage_thresholds:
        for field in ("plan_overrides.usage_thresholds", "usage_thresholds"):
            problems.add(field, "incompatible_params")


def refuse_wrong_rules(raw: object, problems: Problems) -> None:
    """Activation rules are a list of different types, of which there is one (chapter 50 §7)."""
    if raw is UNSET or raw is None:
        return
    if not isinstance(raw, list) or not all(isinstance(rule, dict) for rule in cast("list[object]", raw)):
        problems.add("activation_rules", "invalid_format")
        return
    rules = cast("list[dict[str, object]]", raw)
    if any(rule.get("type") != "payment" for rule in rules):
        problems.add("activation_rules", "invalid_type")
    elif len(rules) > 1:
        problems.add("activation_rules", "duplicated_type")
    hours = [rule.get("timeout_hours") or 0 for rule in rules]
    if any(isinstance(each, bool) or not isinstance(each, int) or each < 0 for each in hours):
        problems.add("timeout_hours", "value_must_be_positive_or_zero")


def refuse_payment_rule(
    method: PaymentMethodInput | None | UnsetType, customer: Row[Any] | None, problems: Problems
) -> None:
    """A payment rule needs a payment method of a provider that the customer, whose row this is, is linked to.

    No payment provider makes methods yet, so there is none that would do.
    """
    kind = payment_method_type(method)
    if kind == "manual":
        code = "manual_payment_method_invalid_for_payment_activation_rules"
    elif kind is None and (customer is None or customer.payment_provider is None):
        code = "no_linked_payment_provider"
    else:
        code = "no_default_payment_method"
    problems.add("customer", code)


async def store_own_thresholds(work: Work, subscription_id: UUID, plan: Row[Any], thresholds: Thresholds) -> None:
    """Make the subscription's own thresholds those that were sent, if any were; those of its copy of the plan go.

    `plan` is the plan that it is on: its `id` and `parent_id` are looked at.
    """
    if thresholds is UNSET or thresholds is None:
        return
    await replace_thresholds(work, subscription_id, thresholds, owner_column="subscription_id")
    if thresholds and plan.parent_id is not None:
        await replace_thresholds(work, plan.id, ())


async def store_sections(work: Work, subscription_id: UUID, data: InvoiceCustomSectionInput | None | UnsetType) -> None:
    """Make the subscription's choice of custom sections the one that was sent, if any was."""
    if not data:
        return
    skips = data.skip_invoice_custom_sections is True
    if data.skip_invoice_custom_sections is not UNSET:
        await work.execute(
            update(subscriptions)
            .where(subscriptions.c.organization_id == work.organization.id, subscriptions.c.id == subscription_id)
            .values(skip_invoice_custom_sections=skips)
        )
    codes = () if skips else data.invoice_custom_section_codes
    if codes is not UNSET:
        await select_sections(work, subscriptions_custom_sections, "subscription_id", subscription_id, codes or ())
