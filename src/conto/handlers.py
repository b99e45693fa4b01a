"""Everything that registers itself: importing this module makes all agenda entries, jobs and payloads known."""

from conto.catalog import eu_taxes as _eu_taxes
from conto.catalog import payload as _catalog_payload
from conto.catalog.plans import delete as _plan_deletion
from conto.credits.notes import document as _credit_note_document
from conto.credits.notes import letter as _credit_note_letter
from conto.credits.notes import payload as _credit_note_payload
from conto.customers import billing_settings as _billing_settings
from conto.customers import check_vat as _check_vat
from conto.customers import delete as _customer_deletion
from conto.customers import payload as _customer_payload
from conto.invoices import document as _document
from conto.invoices import in_advance as _in_advance
from conto.invoices import letter as _invoice_letter
from conto.invoices import overdue as _overdue
from conto.invoices import payload as _invoice_payload
from conto.invoices import pending as _pending
from conto.invoices import subscription_invoice as _subscription_invoice
from conto.invoices import unit_changes as _unit_changes
from conto.logs import activities as _activities
from conto.logs import calls as _calls
from conto.mails import deliver as _mail
from conto.metering import errors as _event_errors
from conto.organizations import notices as _notices
from conto.organizations import payload as _billing_entity_payload
from conto.payments import payload as _payment_payload
from conto.payments.receipts import document as _receipt_document
from conto.payments.receipts import letter as _receipt_letter
from conto.payments.receipts import payload as _receipt_payload
from conto.subscriptions import amount_changes as _amount_changes
from conto.subscriptions import ending as _ending
from conto.subscriptions import payload as _subscription_payload
from conto.subscriptions import renew as _renew
from conto.subscriptions import start as _start
from conto.subscriptions import terminate as _terminate
from conto.subscriptions import trials as _trials
from conto.webhooks import deliver as _deliver
from conto.webhooks import prune as _prune

__all__: list[str] = []

_registered = (
    _activities,
    _amount_changes,
    _billing_entity_payload,
    _calls,
    _eu_taxes,
    _catalog_payload,
    _billing_settings,
    _check_vat,
    _customer_deletion,
    _credit_note_document,
    _credit_note_letter,
    _credit_note_payload,
    _customer_payload,
    _document,
    _event_errors,
    _in_advance,
    _invoice_letter,
    _overdue,
    _invoice_payload,
    _payment_payload,
    _pending,
    _plan_deletion,
    _mail,
    _notices,
    _receipt_document,
    _receipt_letter,
    _receipt_payload,
    _ending,
    _renew,
    _start,
    _subscription_invoice,
    _unit_changes,
    _subscription_payload,
    _terminate,
    _trials,
    _deliver,
    _prune,
)
