"""The raw limit of creating invoices: the rows of one, inserted again by a bare script on the driver."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any
from uuid import UUID, uuid4

ROWS_OF_INVOICE = {
    "invoices": "id = $1",
    "fees": "invoice_id = $1",
    "fees_taxes": "fee_id in (select id from fees where invoice_id = $1)",
    "invoices_taxes": "invoice_id = $1",
    "invoice_subscriptions": "invoice_id = $1",
    "ledger_transfers": "invoice_id = $1",
    "agenda": "subject_id = $1",
    "webhooks": "object_id = $1",
    "activity_logs": "object_id = $1",
    "queue.pgqueuer": (
        "convert_from(payload, 'UTF8')::jsonb->>'subject_id' in"
        " (select $1::uuid::text union all select id::text from webhooks where object_id = $1::uuid"
        " union all select batch_id::text from activity_logs where object_id = $1::uuid)"
    ),
}
GENERATED = {"agenda": {"sequence"}, "activity_logs": {"sequence"}, "queue.pgqueuer": {"id"}}
QUEUE = "queue.pgqueuer"
QUEUE_LOG = "queue.pgqueuer_log"

COUNTER = (
    "insert into counters (organization_id, kind, scope, value) values ($1, 'invoices', $2, 1)"
    " on conflict (organization_id, kind, scope) do update set value = counters.value + 1 returning value"
)


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of one table, and the statement that inserts them."""

    table: str
    columns: Sequence[str]
    values: Sequence[Any]
    statement: str


@dataclass(frozen=True, slots=True)
class Pattern:
    """All rows of one invoice."""

    organization_id: UUID
    billing_entity_id: UUID
    customer_id: UUID
    tables: Sequence[Rows]
    ids: Sequence[UUID]
    """What is new in each copy."""


async def pattern_of(owner: Any, invoice_id: UUID) -> Pattern:
    """The rows of an invoice that the API has made, read with the rights of the owner."""
    tables: list[Rows] = []
    ids: list[UUID] = []
    for table, condition in ROWS_OF_INVOICE.items():
        found = await owner.fetch(f"select * from {table} where {condition}", invoice_id)
        if not found:
            continue
        columns = [name for name in list(found[0].keys()) if name not in GENERATED.get(table, ())]
        ids += [row["id"] for row in found if "id" in columns]
        values = [row[name] for row in found for name in columns]
        tables.append(Rows(table, columns, values, insertion(table, columns, len(found))))
    invoice = await owner.fetchrow("select * from invoices where id = $1", invoice_id)
    assert invoice["billing_entity_sequential_id"] is None
    return Pattern(
        invoice["organization_id"], invoice["billing_entity_id"], invoice["customer_id"], tuple(tables), tuple(ids)
    )


def insertion(table: str, columns: Sequence[str], count: int) -> str:
    """The statement that inserts so many rows; jobs are also noted in the queue's log, as the queue does."""
    width = len(columns)
    places = ", ".join(
        "(" + ", ".join(f"${row * width + place + 1}" for place in range(width)) + ")" for row in range(count)
    )
    statement = f"insert into {table} ({', '.join(columns)}) values {places}"
    if table != QUEUE:
        return statement
    return (
        f"with made as ({statement} returning id, entrypoint, priority) insert into {QUEUE_LOG}"
        " (job_id, status, entrypoint, priority) select id, 'queued', entrypoint, priority from made"
    )


async def copy(
    connection: Any, pattern: Pattern, customer_id: UUID, others: Mapping[UUID, UUID] = MappingProxyType({})
) -> None:
    """Insert the rows again, for another customer and `others`, in one transaction under row-level security."""
    renamed: dict[Any, Any] = {old: uuid4() for old in pattern.ids}
    texts = [(str(old), str(new)) for old, new in renamed.items()]
    renamed |= others
    renamed[pattern.customer_id] = customer_id
    async with connection.transaction():
        await connection.fetchval("select set_config('conto.organization', $1, true)", str(pattern.organization_id))
        scope = f"{pattern.billing_entity_id}:{customer_id}"
        number = await connection.fetchval(COUNTER, pattern.organization_id, scope)
        for rows in pattern.tables:
            values = [value_in_copy(value, renamed, texts) for value in rows.values]
            if rows.table == "invoices":
                values[rows.columns.index("sequential_id")] = number
            await connection.execute(rows.statement, *values)


def value_in_copy(value: Any, renamed: dict[Any, Any], texts: Sequence[tuple[str, str]]) -> Any:
    """A value with the copy's ids in it."""
    if isinstance(value, UUID):
        return renamed.get(value, value)
    if isinstance(value, str) and ":" in value:
        for old, new in texts:
            value = value.replace(old, new)
    if isinstance(value, bytes):
        for old, new in texts:
            value = value.replace(old.encode(), new.encode())
    return value


COUNTED = (*ROWS_OF_INVOICE, QUEUE_LOG)


async def row_counts(owner: Any) -> dict[str, int]:
    """How many rows each table has."""
    return {table: await owner.fetchval(f"select count(*) from {table}") for table in COUNTED}
