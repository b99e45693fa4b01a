"""The lane of an entry is locked and the entry taken off the agenda in one round trip."""

from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.execute(
        """
        create function conto_take_entry(
            its_lane uuid, its_kind text, until timestamptz, retry_until timestamptz, waits boolean
        )
        returns setof agenda language plpgsql as $$
        declare
            own uuid := current_setting('conto.organization')::uuid;
        begin
            if its_kind = 'customer' then
                if waits then
                    perform from customers c where c.organization_id = own and c.id = its_lane for no key update;
                else
                    perform from customers c where c.organization_id = own and c.id = its_lane
                        for no key update skip locked;
                end if;
            elsif waits then
                perform from organizations o where o.id = its_lane for no key update;
            else
                perform from organizations o where o.id = its_lane for no key update skip locked;
            end if;
            if not found then
                return;
            end if;
            -- A statement of its own sees what the transaction that held the lane has done.
            return query
                delete from agenda a
                where a.organization_id = own and a.due_at <= until
                    and (a.try_at is null or a.try_at <= retry_until)
                    and a.id = (
                        select head.id from agenda head
                        where head.organization_id = own and head.lane = its_lane
                        order by head.due_at, head.rank, head.sequence limit 1
                    )
                returning a.*;
        end
        $$
        """
    )


def downgrade() -> None:
    op.execute("drop function conto_take_entry(uuid, text, timestamptz, timestamptz, boolean)")
