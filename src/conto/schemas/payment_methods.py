"""Payment methods as JSON: a customer's cards and mandates at its payment provider (chapter 70 §5.3)."""

from uuid import UUID

from msgspec import UNSET, Struct, UnsetType

from conto.schemas.customers import PaymentProvider
from conto.schemas.fields import Text


class PaymentMethodObject(Struct, kw_only=True, frozen=True):
    """A payment method."""

    lago_id: UUID
    is_default: bool
    payment_provider_code: str | None
    payment_provider_name: str | None
    payment_provider_type: PaymentProvider
    provider_method_id: str
    created_at: str


class PaymentMethodInput(Struct, kw_only=True, frozen=True):
    """How the invoice is to be paid."""

    payment_method_type: Text | None | UnsetType = UNSET
    payment_method_id: Text | None | UnsetType = UNSET
