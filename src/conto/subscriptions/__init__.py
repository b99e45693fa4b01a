"""Subscriptions: one customer on one plan for a stretch of time (chapters 50 and 51)."""
