"""Credit notes with their items and taxes, and what invoices used of their balances (chapter 61)."""

from sqlalchemy import BigInteger, Boolean, CheckConstraint, Column, Date, Index, Integer, Numeric
from sqlalchemy.dialects.postgresql import JSONB

from conto.db.tables.base import instant, owned_table, reference, string, unique
from conto.db.tables.invoices import applied_tax_columns

_PARTS = ("credit_amount_cents", "refund_amount_cents", "offset_amount_cents")
_SUMS = (
    "total_amount_cents",
    "balance_amount_cents",
    "taxes_amount_cents",
    "sub_total_excluding_taxes_amount_cents",
    "coupons_adjustment_amount_cents",
)
_PRECISE = ("precise_total_amount_cents", "precise_taxes_amount_cents", "precise_coupons_adjustment_amount_cents")

credit_notes = owned_table(
    "credit_notes",
    *reference("customer_id", "customers"),
    *reference("invoice_id", "invoices"),
    Column("sequential_id", BigInteger, nullable=False),
    string("number", nullable=False),
    Column("issuing_date", Date, nullable=False),
    string("status", nullable=False),
    string("credit_status", nullable=False),
    string("refund_status"),
    string("reason", nullable=False),
    string("description"),
    string("currency", nullable=False),
    *(Column(name, BigInteger, nullable=False) for name in (*_PARTS, *_SUMS)),
    *(Column(name, Numeric, nullable=False) for name in _PRECISE),
    Column("taxes_rate", Numeric, nullable=False),
    Column("metadata", JSONB(none_as_null=True)),
    string("file_path"),
    string("xml_path"),
    instant("voided_at", nullable=True),
    instant("created_at"),
    instant("updated_at"),
    CheckConstraint("status in ('draft', 'finalized', 'deleted')", name="status"),
    CheckConstraint("credit_status in ('available', 'consumed', 'voided')", name="credit_status"),
    CheckConstraint("refund_status in ('pending', 'succeeded', 'failed')", name="refund_status"),
    CheckConstraint(
        "reason in ('duplicated_charge', 'product_unsatisfactory', 'order_change', 'order_cancellation',"
        " 'fraudulent_charge', 'other')",
        name="reason",
    ),
    CheckConstraint(" and ".join(f"{name} >= 0" for name in (*_PARTS, *_SUMS, *_PRECISE)), name="not_negative"),
    CheckConstraint(f"total_amount_cents = {' + '.join(_PARTS)}", name="total"),
    CheckConstraint("balance_amount_cents <= credit_amount_cents", name="balance"),
    CheckConstraint("credit_status = 'available' or balance_amount_cents = 0", name="spent"),
    CheckConstraint("(credit_status = 'voided') = (voided_at is not null)", name="voided"),
    unique("credit_notes", "invoice_id", "sequential_id", field="sequential_id"),
    Index("ix_credit_notes__newest", "organization_id", "created_at", "id"),
    Index("ix_credit_notes__customer", "organization_id", "customer_id", "created_at", "id"),
)

credit_note_items = owned_table(
    "credit_note_items",
    *reference("credit_note_id", "credit_notes"),
    *reference("fee_id", "fees"),
    Column("position", Integer, nullable=False),
    Column("amount_cents", BigInteger, nullable=False),
    Column("precise_amount_cents", Numeric, nullable=False),
    string("currency", nullable=False),
    instant("created_at"),
    CheckConstraint("amount_cents >= 0 and precise_amount_cents >= 0", name="not_negative"),
    Index("ix_credit_note_items__credit_note", "organization_id", "credit_note_id", "position"),
    Index("ix_credit_note_items__fee", "organization_id", "fee_id"),
)

credit_notes_taxes = owned_table(
    "credit_notes_taxes",
    *reference("credit_note_id", "credit_notes"),
    *applied_tax_columns(),
    Column("base_amount_cents", BigInteger, nullable=False),
    unique("credit_notes_taxes", "credit_note_id", "tax_id", field="tax_id"),
)

credits = owned_table(
    "credits",
    *reference("invoice_id", "invoices"),
    *reference("credit_note_id", "credit_notes"),
    Column("position", Integer, nullable=False),
    Column("amount_cents", BigInteger, nullable=False),
    string("currency", nullable=False),
    Column("before_taxes", Boolean, nullable=False),
    instant("given_back_at", nullable=True),
    instant("created_at"),
    CheckConstraint("amount_cents > 0", name="amount"),
    unique("credits", "invoice_id", "credit_note_id", field="credit_note_id"),
    Index("ix_credits__credit_note", "organization_id", "credit_note_id"),
)
