"""Outgoing webhooks: endpoints, deliveries, signatures (chapter 71)."""
