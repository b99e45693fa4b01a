"""The activities that are logged, what each is logged on and the object it shows (chapter 72 §3.1).

An activity whose type stands here is logged wherever `Work.emit` names it, whether or not webhooks tell of it too.
What shows its object is the loader of that object type (`conto.webhooks.payloads`).
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Activity:
    """A type of activity.

    `resource_type` is None where the emission says what it is logged on, `object_type` where the object shown is that
    resource itself.
    """

    name: str
    resource_type: str | None
    object_type: str | None

    @property
    def of_part(self) -> bool:
        """Whether it is about a part of what it is logged on, so that the emission must say which that is."""
        return self.resource_type is None or SHOWN_AS[self.resource_type] != self.object_type


SHOWN_AS = {
    "BillableMetric": "billable_metric",
    "BillingEntity": "billing_entity",
    "Coupon": "coupon",
    "CreditNote": "credit_note",
    "Customer": "customer",
    "Entitlement::Feature": "feature",
    "Invoice": "invoice",
    "Order": "order",
    "OrderForm": "order_form",
    "PaymentReceipt": "payment_receipt",
    "PaymentRequest": "payment_request",
    "Plan": "plan",
    "Product": "product",
    "ProductCategory": "product_category",
    "ProductFilter": "product_filter",
    "Quote": "quote",
    "RateCard": "rate_card",
    "Subscription": "subscription",
    "Wallet": "wallet",
}
"""The object type of each resource that activities are logged on."""

_WRITES = "created updated deleted"
_OF_RESOURCE = (
    ("BillableMetric", "billable_metric", _WRITES),
    ("Plan", "plan", _WRITES),
    ("Customer", "customer", _WRITES),
    ("Coupon", "coupon", _WRITES),
    ("Entitlement::Feature", "feature", _WRITES),
    ("BillingEntity", "billing_entities", _WRITES),
    ("Subscription", "subscription", "started incomplete canceled updated terminated"),
    (
        "Invoice",
        "invoice",
        "drafted ready_to_finalize failed created one_off_created paid_credit_added generated payment_status_updated"
        " payment_overdue payment_failure voided deleted regenerated",
    ),
    ("CreditNote", "credit_note", "created generated refund_failure"),
    ("Wallet", "wallet", "created updated"),
    ("PaymentReceipt", "payment_receipt", "created generated"),
    ("PaymentRequest", "payment_request", "created"),
    ("Quote", "quote", "created updated approved voided"),
    ("OrderForm", "order_form", "created signed file_uploaded expired voided"),
    ("Order", "order", "created executed"),
    ("ProductCategory", "product_category", _WRITES),
    ("Product", "product", _WRITES),
    ("ProductFilter", "product_filter", _WRITES),
    ("RateCard", "rate_card", _WRITES),
)
_OF_PART = (
    Activity("wallet_transaction.created", "Wallet", "wallet_transaction"),
    Activity("wallet_transaction.updated", "Wallet", "wallet_transaction"),
    Activity("wallet_transaction.payment_failure", "Wallet", "wallet_transaction"),
    Activity("applied_coupon.created", "Coupon", "applied_coupon"),
    Activity("applied_coupon.deleted", "Coupon", "applied_coupon"),
    Activity("quote.version_created", "Quote", "quote_version"),
    Activity("payment.recorded", None, "payment"),
    Activity("email.sent", None, None),
)

ACTIVITIES: dict[str, Activity] = {
    **{
        f"{prefix}.{action}": Activity(f"{prefix}.{action}", resource_type, SHOWN_AS[resource_type])
        for resource_type, prefix, actions in _OF_RESOURCE
        for action in actions.split()
    },
    **{activity.name: activity for activity in _OF_PART},
    # The one event that webhooks know by another name.
    "credit_note.provider_refund_failure": Activity("credit_note.refund_failure", "CreditNote", "credit_note"),
}
"""What is logged, by the name of the event."""
