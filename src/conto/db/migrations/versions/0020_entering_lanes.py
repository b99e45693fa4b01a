"""An organization's transaction is entered and a lane's first entry taken in one round trip."""

from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.execute(
        """
        create function conto_enter_lane(
            organization uuid, its_lane uuid, its_kind text, until timestamptz, retry_until timestamptz, waits boolean
        )
        returns table (
            id uuid, name text, frozen_time timestamptz,
            entry_id uuid, kind text, subject_id uuid, due_at timestamptz, attempts integer, more boolean
        )
        language plpgsql as $$
        begin
            perform set_config('conto.organization', organization::text, true);
            return query
                select o.id, o.name, o.frozen_time, e.id, e.kind, e.subject_id, e.due_at, e.attempts::integer, exists (
                    select from agenda a
                    where a.organization_id = organization and a.lane = its_lane and a.due_at <= until
                        and (a.try_at is null or a.try_at <= retry_until) and a.id <> e.id
                )
                from organizations o
                left join lateral conto_take_entry(its_lane, its_kind, until, retry_until, waits) e on true
                where o.id = organization;
        end
        $$
        """
    )


def downgrade() -> None:
    op.execute("drop function conto_enter_lane(uuid, uuid, text, timestamptz, timestamptz, boolean)")
