-- The application acts as a role without superuser rights, for which every row belongs to the
-- organization of its transaction. With none set there are no rows.

do $$
begin
    if not exists (select from pg_roles where rolname = 'conto_app') then
        create role conto_app login;
    end if;
    -- Said even where the role was made by this one: from PostgreSQL 16 on, that alone does not let it act as it.
    if current_user <> 'conto_app' then
        execute format('grant conto_app to %I', current_user);
    end if;
end
$$;

grant usage on schema public, queue to conto_app;
grant select, insert, update, delete on all tables in schema public, queue to conto_app;
grant usage, select on all sequences in schema public, queue to conto_app;
alter default privileges in schema public, queue grant select, insert, update, delete on tables to conto_app;
alter default privileges in schema public, queue grant usage, select on sequences to conto_app;
revoke insert, update, delete on alembic_version from conto_app;

do $$
declare
    owned record;
begin
    for owned in
        select table_name, case table_name when 'organizations' then 'id' else 'organization_id' end as key
        from information_schema.columns
        where table_schema = 'public'
          and (column_name = 'organization_id' or (table_name = 'organizations' and column_name = 'id'))
    loop
        execute format('alter table %I enable row level security', owned.table_name);
        execute format('alter table %I force row level security', owned.table_name);
        execute format(
            'create policy tenant on %I using (%I = nullif(current_setting(''conto.organization'', true), '''')::uuid)',
            owned.table_name, owned.key
        );
    end loop;
end
$$;

-- Three tables are also read across organizations: to find whose key a request bears, what falls due
-- next and for whom, and which organizations there are. Reading is all that this allows.
create policy across on organizations for select using (current_setting('conto.across', true) = 'on');
create policy across on api_keys for select using (current_setting('conto.across', true) = 'on');
create policy across on agenda for select using (current_setting('conto.across', true) = 'on');

-- Enter the transaction of an organization by its id.
create function conto_enter(organization uuid)
returns table (id uuid, name text, frozen_time timestamptz)
language plpgsql as $$
begin
    perform set_config('conto.organization', organization::text, true);
    return query select o.id, o.name, o.frozen_time from organizations o where o.id = organization;
end
$$;

-- Enter the transaction of the organization that a key belongs to, in the one round trip of a request.
create function conto_open(hash text)
returns table (
    id uuid, name text, frozen_time timestamptz, api_key_id uuid, permissions jsonb, expires_at timestamptz
)
language plpgsql as $$
declare
    found_key record;
begin
    perform set_config('conto.across', 'on', true);
    select k.id, k.organization_id, k.permissions, k.expires_at into found_key from api_keys k where k.key_hash = hash;
    perform set_config('conto.across', '', true);
    if found_key.id is null then
        return;
    end if;
    perform set_config('conto.organization', found_key.organization_id::text, true);
    return query
        select o.id, o.name, o.frozen_time, found_key.id, found_key.permissions, found_key.expires_at
        from organizations o where o.id = found_key.organization_id;
end
$$;

-- Wait until no advance of the organization's test clock runs, hold the next one off until the end of
-- the transaction, and say what the clock shows.
create function conto_hold_clock(organization uuid) returns timestamptz
language plpgsql set lock_timeout = '120s' as $$
begin
    perform pg_advisory_xact_lock_shared(hashtextextended('conto.clock ' || organization, 0));
    return (select o.frozen_time from organizations o where o.id = organization);
end
$$;
