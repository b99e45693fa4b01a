"""What falls due, and how far the follower of each stream of rows has come."""

from sqlalchemy import BigInteger, Boolean, Column, Identity, Index, Integer, SmallInteger, Table, Text, Uuid, text

from conto.db.tables.base import instant, metadata, owned_table, string, unique

agenda = owned_table(
    "agenda",
    Column("sequence", BigInteger, Identity(always=True), nullable=False),
    Column("lane", Uuid, nullable=False),
    string("lane_kind", nullable=False),
    Column("live", Boolean, nullable=False),
    instant("due_at"),
    Column("rank", SmallInteger, nullable=False),
    string("kind", nullable=False),
    Column("subject_id", Uuid, nullable=False),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    instant("try_at", nullable=True),
    string("error"),
    unique("agenda", "kind", "subject_id", field="subject_id"),
    Index("ix_agenda__due", "due_at", "rank", "sequence", postgresql_where=text("live")),
    Index("ix_agenda__lane", "organization_id", "lane", "due_at", "rank", "sequence"),
    Index("ix_agenda__organization", "organization_id", "due_at", "rank", "sequence"),
    Index("ix_agenda__held", "organization_id", "lane", postgresql_where=text("try_at is not null")),
)

follower_positions = Table(
    "follower_positions",
    metadata,
    Column("follower", Text, primary_key=True),
    Column("xid", BigInteger, nullable=False),
    Column("row_id", BigInteger, nullable=False),
)
