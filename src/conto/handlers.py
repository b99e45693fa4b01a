"""Everything that registers itself: importing this module makes all agenda entries, jobs and payloads known."""

from conto.catalog import eu_taxes as _eu_taxes
from conto.customers import check_vat as _check_vat
from conto.customers import payload as _customer_payload
from conto.invoices import document as _document
from conto.invoices import overdue as _overdue
from conto.invoices import payload as _invoice_payload
from conto.invoices import pending as _pending
from conto.logs import activities as _activities
from conto.logs import calls as _calls
from conto.organizations import payload as _billing_entity_payload
from conto.payments import payload as _payment_payload
from conto.webhooks import deliver as _deliver
from conto.webhooks import prune as _prune

__all__: list[str] = []

_registered = (
    _activities,
    _billing_entity_payload,
    _calls,
    _eu_taxes,
    _check_vat,
    _customer_payload,
    _document,
    _overdue,
    _invoice_payload,
    _payment_payload,
    _pending,
    _deliver,
    _prune,
)
