"""Everything that registers itself: importing this module makes all agenda entries, jobs and payloads known."""

from conto.customers import payload as _customer_payload
from conto.invoices import document as _document
from conto.invoices import overdue as _overdue
from conto.invoices import payload as _invoice_payload
from conto.webhooks import deliver as _deliver
from conto.webhooks import prune as _prune

__all__: list[str] = []

_registered = (_customer_payload, _document, _overdue, _invoice_payload, _deliver, _prune)
