"""What a key may be permitted: modes on resources (chapter 01 §2.3)."""

from collections.abc import Mapping, Sequence

MODES = ("read", "write")

RESOURCES = (
    "activity_log",
    "add_on",
    "alert",
    "analytic",
    "api_key",
    "api_log",
    "applied_coupon",
    "billable_metric",
    "billing_entity",
    "coupon",
    "credit_note",
    "customer",
    "customer_usage",
    "event",
    "feature",
    "fee",
    "invoice",
    "invoice_custom_section",
    "lifetime_usage",
    "order",
    "order_form",
    "organization",
    "payment",
    "payment_method",
    "payment_receipt",
    "payment_request",
    "plan",
    "plan_rate_card",
    "product",
    "product_category",
    "quote",
    "rate_card",
    "security_log",
    "subscription",
    "tax",
    "wallet",
    "wallet_transaction",
    "webhook_endpoint",
    "webhook_jwt_public_key",
)

Permissions = Mapping[str, Sequence[str]]
"""The modes that a key has, by resource; a resource that is not named has none."""

FULL: dict[str, list[str]] = {resource: list(MODES) for resource in RESOURCES}
"""Both modes on all resources."""


def put_in_order(permissions: Permissions) -> dict[str, list[str]] | None:
    """The permissions with each mode once, and resources without a mode left out; None where they are full.

    Full permissions are kept as such, so that a key that has them has those of later versions too.
    """
    found = {
        resource: [mode for mode in MODES if mode in permissions[resource]]
        for resource in RESOURCES
        if permissions.get(resource)
    }
    return None if found == FULL else found


def listed(permissions: Permissions | None) -> list[str]:
    """The permissions as texts `resource:mode`; None stands for full ones."""
    held = FULL if permissions is None else permissions
    return [f"{resource}:{mode}" for resource, modes in held.items() for mode in modes]
