"""The fee for a plan itself on a subscription invoice (chapters 41 §§1-2 and 51 §5)."""

from decimal import Decimal

from conto.core.money import precise, to_cents
from conto.core.subscription_fee import fee
from conto.invoices.billed import Billed
from conto.invoices.build import FeeDraft
from conto.invoices.fee_taxes import TaxLevels

ONE = Decimal(1)


def subscription_fees(one: Billed, levels: TaxLevels) -> list[FeeDraft]:
    """The subscription fee where one is due, be it of 0: a list of one, or none."""
    if not one.has_subscription_fee:
        return []
    period = one.periods.subscription
    exact = fee(one.plan.amount_cents, one.schedule, one.standing, period)
    amount_cents = to_cents(exact)
    return [
        FeeDraft(
            fee_type="subscription",
            subscription_id=one.subscription.id,
            item_code=one.plan.code,
            item_name=one.plan.name,
            item_description=one.plan.description,
            invoice_display_name=one.display_name,
            pay_in_advance=one.plan.pay_in_advance,
            units=ONE,
            precise_unit_amount_cents=Decimal(amount_cents),
            precise_amount_cents=precise(exact),
            amount_cents=amount_cents,
            amount_details={"plan_amount_cents": one.plan.amount_cents},
            from_at=period.from_datetime,
            to_at=period.to_datetime,
            taxes=levels.of_plan(one.plan.id),
        )
    ]
