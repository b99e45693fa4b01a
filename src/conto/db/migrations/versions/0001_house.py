"""The house: organizations, customers, catalogue, one-off invoices, ledger, agenda, webhooks and the queue."""

from pathlib import Path

from alembic import op
from pgqueuer.adapters.persistence.qb import QueryBuilderEnvironment
from pgqueuer.domain.settings import DBSettings

from conto.db.migrations.script import run_script
from conto.db.queue import queue_settings

revision = "0001"
down_revision = None


def upgrade() -> None:
    connection = op.get_bind()
    settings: DBSettings = queue_settings()
    run_script(connection, Path(__file__).with_suffix(".sql").read_text())
    run_script(connection, QueryBuilderEnvironment(settings).build_install_query())
    run_script(connection, Path(__file__).with_name("0001_security.sql").read_text())


def downgrade() -> None:
    raise RuntimeError("the first migration has nothing before it")
