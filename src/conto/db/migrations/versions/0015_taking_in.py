"""Events are taken in by one statement, which is a transaction by itself."""

from alembic import op

revision = "0015"
down_revision = "0014"

# The caller says what it takes the key and the metrics of its events for; where that is not so (any more), nothing
# is stored and it is told what is. Lists come as the text of an array, which is quicker to write than its bytes.
TAKE_IN = """
    create function conto_take_in(
        hash text, event_codes text[], known text[], received timestamptz, expected integer, event_ids text,
        subscriptions text, transaction_ids text, codes text, timestamps text, properties text, numbers text,
        fields text, amounts text
    )
    returns text[] language plpgsql as $$
    declare
        found_key record;
        current text[];
        taken integer;
    begin
        perform set_config('conto.across', 'on', true);
        select k.organization_id, k.permissions, k.expires_at into found_key from api_keys k where k.key_hash = hash;
        perform set_config('conto.across', '', true);
        if found_key.organization_id is null then
            return null;
        end if;
        perform set_config('conto.organization', found_key.organization_id::text, true);

        select array_agg(about.text order by about.place) into current
        from (
            select 0 as place, json_build_object(
                'organization_id', o.id, 'live', o.frozen_time is null,
                'permissions', found_key.permissions, 'expires_at', found_key.expires_at
            )::text as text
            from organizations o where o.id = found_key.organization_id
            union all
            select code.place,
                   case when m.id is null then '' else json_build_array(m.field_name, m.expression)::text end
            from unnest(event_codes) with ordinality as code (text, place)
            left join billable_metrics m
                on m.organization_id = found_key.organization_id and m.code = code.text
                and m.deleted_at is null and m.field_name is not null
        ) as about;
        if current is distinct from known then
            return current;
        end if;

        insert into events (
            organization_id, id, event_id, external_subscription_id, transaction_id, code, timestamp, properties,
            value, value_field, precise_total_amount_cents, created_at
        )
        overriding system value
        select found_key.organization_id, id, sent.event_id, nullif(sent.external_subscription_id, ''),
               sent.transaction_id, sent.code, coalesce(sent.timestamp, received), sent.properties,
               sent.value, nullif(sent.value_field, ''), sent.precise_total_amount_cents, received
        from (
            select nextval('events_id_seq') as id, one.*
            from rows from (
                unnest(
                    event_ids::uuid[], subscriptions::text[], transaction_ids::text[], codes::text[],
                    timestamps::timestamptz[], numbers::numeric[], fields::text[], amounts::numeric[]
                ),
                jsonb_array_elements(properties::jsonb)
            ) as one (
                event_id, external_subscription_id, transaction_id, code, timestamp, value, value_field,
                precise_total_amount_cents, properties
            )
        ) as sent
        order by sent.transaction_id collate "C", sent.external_subscription_id collate "C"
        on conflict do nothing;
        get diagnostics taken = row_count;
        if taken <> expected then
            raise unique_violation using message = 'some events are there already';
        end if;
        return '{}';
    end
    $$
"""


def upgrade() -> None:
    op.execute(TAKE_IN)


def downgrade() -> None:
    op.execute("drop function conto_take_in")
