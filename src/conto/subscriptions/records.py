"""Rows of subscriptions as they are first written (chapter 50 §§1, 3.2)."""

from typing import Any
from uuid import UUID

from sqlalchemy import insert

from conto.db.tables import subscriptions
from conto.ids import new_id
from conto.work import Work


async def insert_subscription(work: Work, **values: Any) -> UUID:
    """Store a subscription, pending or running from its `started_at` on; what is not given has its default."""
    subscription_id = new_id()
    running = values["status"] == "active"
    defaults = {
        "on_termination_invoice": "generate",
        "consolidate_invoice": True,
        "progressive_billing_disabled": False,
        "skip_invoice_custom_sections": False,
    }
    await work.execute(
        insert(subscriptions).values(
            defaults
            | {
                "organization_id": work.organization.id,
                "id": subscription_id,
                "activated_at": work.now if running else None,
                "created_at": work.now,
                "updated_at": work.now,
            }
            | values
        )
    )
    return subscription_id
