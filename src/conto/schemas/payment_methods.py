"""Payment methods as JSON: a customer's cards and mandates at its payment provider (chapter 70 §5.3)."""

from uuid import UUID

from msgspec import Struct

from conto.schemas.customers import PaymentProvider


class PaymentMethodObject(Struct, kw_only=True, frozen=True):
    """A payment method."""

    lago_id: UUID
    is_default: bool
    payment_provider_code: str | None
    payment_provider_name: str | None
    payment_provider_type: PaymentProvider
    provider_method_id: str
    created_at: str
