"""What every migration does for a table that it makes."""

from alembic import op


def hold_to_its_organization(table: str) -> None:
    """Let the table's rows be seen and written by their organization alone, whoever asks."""
    op.execute(f"alter table {table} enable row level security")
    op.execute(f"alter table {table} force row level security")
    op.execute(
        f"create policy tenant on {table}"
        " using (organization_id = nullif(current_setting('conto.organization', true), '')::uuid)"
    )
