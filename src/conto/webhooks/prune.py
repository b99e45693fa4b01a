"""Records of deliveries are kept for 90 days after their last change (chapter 71 §2.4)."""

from datetime import timedelta

from conto import pruning
from conto.db.tables import webhooks

KEPT = timedelta(days=90)

see_to_it = pruning.register("webhooks.prune", webhooks.c.updated_at, lambda work: KEPT).see_to_it
"""Has the organization's old records deleted when their time comes."""
