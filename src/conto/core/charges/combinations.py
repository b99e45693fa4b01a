"""What may be combined on one charge (chapter 40 §1.1)."""

from dataclasses import dataclass

from conto.core.charges.models import NAMES

IN_ADVANCE_AGGREGATIONS = frozenset({"count_agg", "sum_agg", "unique_count_agg", "custom_agg"})
PRORATED_MODELS = frozenset({"standard", "volume", "graduated"})
PERCENTAGES = frozenset({"percentage", "graduated_percentage"})
WRONG_FOR_METRIC = "invalid_aggregation_type_or_charge_model"


@dataclass(frozen=True, slots=True)
class Combination:
    """What of a charge and its metric goes together or not."""

    charge_model: str | None
    aggregation_type: str
    recurring: bool = False
    pay_in_advance: bool = False
    prorated: bool = False
    invoiceable: bool = True
    regroup_paid_fees: str | None = None
    min_amount_cents: int = 0


def problems(charge: Combination) -> dict[str, list[str]]:
    """The codes of all that does not go together, by field; nothing if all does."""
    found = {
        "pay_in_advance": pay_in_advance(charge),
        "charge_model": charge_model(charge),
        "properties": properties(charge),
        "prorated": prorated(charge),
        "invoiceable": invoiceable(charge),
        "regroup_paid_fees": regroup_paid_fees(charge),
        "min_amount_cents": min_amount_cents(charge),
    }
    return {field: codes for field, codes in found.items() if codes}


def pay_in_advance(charge: Combination) -> list[str]:
    """Volume cannot be priced event by event, and some aggregates cannot."""
    possible = charge.charge_model != "volume" and charge.aggregation_type in IN_ADVANCE_AGGREGATIONS
    return [WRONG_FOR_METRIC] if charge.pay_in_advance and not possible else []


def charge_model(charge: Combination) -> list[str]:
    """The model is known and fits the aggregation."""
    if charge.charge_model is None:
        return ["value_is_mandatory", "value_is_invalid"]
    if charge.charge_model not in NAMES:
        return ["value_is_invalid"]
    needed = {"dynamic": "sum_agg", "custom": "custom_agg"}.get(charge.charge_model, charge.aggregation_type)
    return [] if needed == charge.aggregation_type else [WRONG_FOR_METRIC]


def properties(charge: Combination) -> list[str]:
    """The latest value cannot be taken a percentage of."""
    return ["invalid_value"] if charge.charge_model in PERCENTAGES and charge.aggregation_type == "latest_agg" else []


def prorated(charge: Combination) -> list[str]:
    """Only recurring metrics can be prorated, and not under every model."""
    models = frozenset({"standard"}) if charge.pay_in_advance else PRORATED_MODELS
    possible = charge.recurring and charge.aggregation_type != "weighted_sum_agg" and charge.charge_model in models
    return ["invalid_billable_metric_or_charge_model"] if charge.prorated and not possible else []


def invoiceable(charge: Combination) -> list[str]:
    """Only fees in advance can do without an invoice."""
    return [] if charge.invoiceable or charge.pay_in_advance else ["must_be_true_unless_pay_in_advance"]


def regroup_paid_fees(charge: Combination) -> list[str]:
    """Only fees without an invoice can be regrouped on one."""
    if charge.regroup_paid_fees is None:
        return []
    if charge.regroup_paid_fees != "invoice":
        return ["value_is_invalid"]
    possible = charge.pay_in_advance and not charge.invoiceable
    return [] if possible else ["only_compatible_with_pay_in_advance_and_non_invoiceable"]


def min_amount_cents(charge: Combination) -> list[str]:
    """A minimum is not negative, and for charges in arrears."""
    if charge.min_amount_cents < 0:
        return ["value_is_out_of_range"]
    return ["not_compatible_with_pay_in_advance"] if charge.min_amount_cents > 0 and charge.pay_in_advance else []
