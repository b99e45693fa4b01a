"""The totals of an invoice, in the one order in which they are taken (chapter 20 §5.1)."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Totals:
    """The sums of an invoice, in minor units. They hold together, and the total is never negative."""

    fees_amount_cents: int
    progressive_billing_credit_amount_cents: int
    coupons_amount_cents: int
    taxes_amount_cents: int
    credit_notes_amount_cents: int
    prepaid_credit_amount_cents: int

    def __post_init__(self) -> None:
        assert self.fees_amount_cents >= 0
        assert self.progressive_billing_credit_amount_cents >= 0
        assert self.coupons_amount_cents >= 0
        assert self.taxes_amount_cents >= 0
        assert self.credit_notes_amount_cents >= 0
        assert self.prepaid_credit_amount_cents >= 0
        assert self.sub_total_excluding_taxes_amount_cents >= 0
        assert self.total_amount_cents >= 0

    @property
    def sub_total_excluding_taxes_amount_cents(self) -> int:
        """Fees less what was already billed and less coupons."""
        return self.fees_amount_cents - self.progressive_billing_credit_amount_cents - self.coupons_amount_cents

    @property
    def sub_total_including_taxes_amount_cents(self) -> int:
        """What is owed before credit notes and prepaid credits are used."""
        return self.sub_total_excluding_taxes_amount_cents + self.taxes_amount_cents

    @property
    def total_amount_cents(self) -> int:
        """What is to be paid."""
        return (
            self.sub_total_including_taxes_amount_cents
            - self.credit_notes_amount_cents
            - self.prepaid_credit_amount_cents
        )


def totals(
    fee_amounts_cents: Sequence[int],
    taxes_amount_cents: int,
    *,
    progressive_billing_credit_amount_cents: int = 0,
    coupons_amount_cents: int = 0,
    credit_notes_amount_cents: int = 0,
    prepaid_credit_amount_cents: int = 0,
) -> Totals:
    """The totals over the fees' amounts, with taxes as computed on fees less credits."""
    return Totals(
        fees_amount_cents=sum(fee_amounts_cents),
        progressive_billing_credit_amount_cents=progressive_billing_credit_amount_cents,
        coupons_amount_cents=coupons_amount_cents,
        taxes_amount_cents=taxes_amount_cents,
        credit_notes_amount_cents=credit_notes_amount_cents,
        prepaid_credit_amount_cents=prepaid_credit_amount_cents,
    )
