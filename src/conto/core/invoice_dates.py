"""The days of an invoice: issued, due, finalized; all in the customer's time zone (chapter 20 §4)."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum


class Anchor(StrEnum):
    """Which day a renewal's invoice is dated by."""

    NEXT_PERIOD_START = "next_period_start"
    CURRENT_PERIOD_END = "current_period_end"


class Adjustment(StrEnum):
    """Whether a renewal's invoice takes the day of its finalization, or keeps its anchor's."""

    ALIGN_WITH_FINALIZATION_DATE = "align_with_finalization_date"
    KEEP_ANCHOR = "keep_anchor"


@dataclass(frozen=True, slots=True)
class Dating:
    """A customer's settings for subscription invoices, each its own or its billing entity's; the grace is in days."""

    grace_period: int = 0
    anchor: Anchor = Anchor.NEXT_PERIOD_START
    adjustment: Adjustment = Adjustment.ALIGN_WITH_FINALIZATION_DATE

    def __post_init__(self) -> None:
        assert self.grace_period >= 0


def issuing_date(billing_day: date, dating: Dating, *, periodic: bool) -> date:
    """The day on which a subscription invoice made on `billing_day` is issued, as far as is known then.

    `periodic`: it is a renewal's. Invoices of other types, and those of charges billed in advance, are
    issued on the billing day itself.
    """
    return billing_day + timedelta(days=_offset(dating, periodic=periodic))


def finalization_date(billing_day: date, dating: Dating) -> date:
    """The day at whose start a draft made on `billing_day` is finalized by itself."""
    return billing_day + timedelta(days=dating.grace_period)


def issuing_date_when_finalized(issuing: date, today: date, dating: Dating, *, periodic: bool) -> date:
    """The issuing date of a draft that is finalized on the local day `today`; `issuing` is the one it had."""
    return issuing if periodic and dating.adjustment is Adjustment.KEEP_ANCHOR else today


def payment_due_date(issuing: date, net_payment_term: int) -> date:
    """The day up to which an invoice may be paid; the term is in days."""
    return issuing + timedelta(days=net_payment_term)


def _offset(dating: Dating, *, periodic: bool) -> int:
    """Days from the billing day to the issuing date."""
    if not periodic:
        return dating.grace_period
    ends = dating.anchor is Anchor.CURRENT_PERIOD_END
    if dating.adjustment is Adjustment.KEEP_ANCHOR:
        return -1 if ends else 0
    return -1 if ends and dating.grace_period == 0 else dating.grace_period
