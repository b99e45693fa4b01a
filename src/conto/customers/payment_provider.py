"""The payment provider that a customer is to be collected by (chapter 70 §5.1). None can be set up yet."""

from typing import Any, get_args

from msgspec import UNSET
from sqlalchemy import Row

from conto.errors import Invalid
from conto.schemas.customers import CustomerInput, PaymentProvider

PROVIDERS = frozenset(get_args(PaymentProvider))
STRIPE_METHODS = frozenset(
    {"card", "sepa_debit", "us_bank_account", "bacs_debit", "link", "boleto", "crypto", "customer_balance"}
)


def refuse_unknown_provider(data: CustomerInput, found: Row[Any] | None) -> None:
    """Linking to a payment provider needs one that is set up.

    Raises:
        Invalid: a link is asked for, or Stripe's payment methods are none that go together.
    """
    asked = data.billing_configuration
    if not asked:
        return
    if asked.sync_with_provider or asked.provider_customer_id:
        raise Invalid({"base": ["payment_provider_not_found"]})
    known = found.payment_provider if found is not None else None
    provider = asked.payment_provider or known
    if provider == "stripe" and asked.provider_payment_methods:
        _refuse_wrong_methods(asked.provider_payment_methods)


def _refuse_wrong_methods(methods: list[str]) -> None:
    """`link` goes with cards only, `customer_balance` with nothing else."""
    wanted = set(methods)
    if not wanted <= STRIPE_METHODS or ("link" in wanted and "card" not in wanted):
        raise Invalid({"provider_payment_methods": ["value_is_invalid"]})
    if "customer_balance" in wanted and len(wanted) > 1:
        code = "customer_balance cannot be combined with other payment methods"
        raise Invalid({"provider_payment_methods": [code]})


def provider_columns(data: CustomerInput, found: Row[Any]) -> dict[str, Any]:
    """What a change of a customer sets of its provider.

    The code stays with the provider until another is given; without a known provider there is none.
    """
    asked = data.billing_configuration
    if not asked:
        return {}
    provider = found.payment_provider
    if asked.payment_provider is not UNSET:
        provider = asked.payment_provider if asked.payment_provider in PROVIDERS else None
    if provider is None:
        return {"payment_provider": None, "payment_provider_code": None}
    code = found.payment_provider_code if asked.payment_provider_code is UNSET else asked.payment_provider_code or None
    return {"payment_provider": provider, "payment_provider_code": code}
