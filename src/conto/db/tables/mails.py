"""Mails to send and sent (chapter 72 §5). One is sent once for each key."""

from sqlalchemy import CheckConstraint, Column, Index, Integer, Text, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY

from conto.db.tables.base import instant, owned_table, string, unique

mails = owned_table(
    "mails",
    string("kind", nullable=False),
    string("key", nullable=False),
    Column("subject_id", Uuid, nullable=False),
    Column("to_addresses", ARRAY(Text), nullable=False),
    Column("cc_addresses", ARRAY(Text), nullable=False),
    Column("bcc_addresses", ARRAY(Text), nullable=False),
    Column("delivered_to", ARRAY(Text), nullable=False),
    string("status", nullable=False),
    Column("attempts", Integer, nullable=False),
    string("error"),
    instant("claimed_at", nullable=True),
    instant("sent_at", nullable=True),
    instant("created_at"),
    instant("updated_at"),
    CheckConstraint("status in ('pending', 'sent', 'failed')", name="status"),
    CheckConstraint("(status = 'sent') = (sent_at is not null)", name="sent"),
    CheckConstraint("cardinality(to_addresses) > 0", name="recipient"),
    unique("mails", "key", field="key"),
    Index("ix_mails__subject", "organization_id", "subject_id"),
    Index("ix_mails__failed", "organization_id", "updated_at", postgresql_where=text("status = 'failed'")),
)
