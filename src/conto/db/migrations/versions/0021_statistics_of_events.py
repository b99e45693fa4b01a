"""Statistics of events are taken when they have doubled: their statements are planned each time, and they are many."""

from alembic import op

revision = "0021"
down_revision = "0020"

EACH = """
do $$
declare
    part regclass;
begin
    for part in select inhrelid::regclass from pg_inherits where inhparent = 'events'::regclass loop
        execute format('alter table %s {}', part);
    end loop;
end
$$
"""
GIVEN = (
    "set (autovacuum_analyze_scale_factor = 1, autovacuum_analyze_threshold = 10000,"
    " autovacuum_vacuum_insert_scale_factor = 1, autovacuum_vacuum_insert_threshold = 100000)"
)
TAKEN = (
    "reset (autovacuum_analyze_scale_factor, autovacuum_analyze_threshold,"
    " autovacuum_vacuum_insert_scale_factor, autovacuum_vacuum_insert_threshold)"
)


def upgrade() -> None:
    op.execute(EACH.replace("{}", GIVEN))


def downgrade() -> None:
    op.execute(EACH.replace("{}", TAKEN))
