"""Usage events as they were taken in (chapter 30 §3), and what weighted sums carry on (§4.11).

The table is partitioned by the hash of the subscription's external id, so that the unique key holds over the
whole of it. `id` is the order of reception. `value` is the number that the aggregated property was when the
event was taken in, and `value_field` the property that it was read from: an aggregation over another property,
or over events that were there before their metric, reads `properties` instead.

A row of `carried_totals` holds all totals of one charge of a subscription at the end of a billed period, by filter
and group: so they are kept all together, and once.

A row of `unpriced_events` is an event that charges in advance are yet to price; `received` is the event's `id`.
"""

from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, Identity, Index, Numeric, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import UserDefinedType

from conto.db.tables.base import instant, metadata, owned_table, reference, string, unique


class Xid8(UserDefinedType[int]):
    """PostgreSQL's 64-bit transaction id."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        """Its name in SQL."""
        return "xid8"


events = Table(
    "events",
    metadata,
    Column("organization_id", Uuid, nullable=False),
    Column("id", BigInteger, Identity(always=True), nullable=False),
    Column("event_id", Uuid, nullable=False, server_default=text("gen_random_uuid()")),
    Column("external_subscription_id", Text),
    Column("transaction_id", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("timestamp", DateTime(timezone=True), nullable=False),
    Column("properties", JSONB, nullable=False),
    Column("value", Numeric),
    Column("value_field", Text),
    Column("precise_total_amount_cents", Numeric),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("xid", Xid8, nullable=False, server_default=text("pg_current_xact_id()")),
    Index("uq_events__transaction_id", "organization_id", "transaction_id", "external_subscription_id", unique=True),
    Index("ix_events__aggregated", "organization_id", "external_subscription_id", "code", "timestamp"),
    Index("ix_events__listed", "organization_id", text("timestamp desc"), "transaction_id"),
    Index("ix_events__followed", "xid", "id"),
    postgresql_partition_by="HASH (external_subscription_id)",
)

carried_totals = owned_table(
    "carried_totals",
    *reference("subscription_id", "subscriptions"),
    *reference("charge_id", "charges"),
    instant("to_datetime"),
    Column("totals", JSONB, nullable=False),
    instant("created_at"),
    unique("carried_totals", "subscription_id", "charge_id", "to_datetime", field="to_datetime"),
)

unpriced_events = owned_table(
    "unpriced_events",
    *reference("subscription_id", "subscriptions"),
    string("transaction_id", nullable=False),
    Column("received", BigInteger, nullable=False),
    instant("created_at"),
    Index("ix_unpriced_events__subscription", "organization_id", "subscription_id", "received"),
)
