"""Custom sections of invoices, logos, the security log, and when keys were last used."""

from alembic import op

from conto.db.migrations.tenancy import hold_to_its_organization

revision = "0007"
down_revision = "0006"

SECTIONS = """
    create table invoice_custom_sections (
        organization_id uuid not null,
        id uuid not null,
        code text not null,
        name text not null,
        description text,
        display_name text,
        details text,
        deleted_at timestamp with time zone,
        created_at timestamp with time zone not null,
        updated_at timestamp with time zone not null,
        constraint pk_invoice_custom_sections primary key (organization_id, id),
        constraint fk_invoice_custom_sections__organization_id
        foreign key (organization_id) references organizations (id)
    )
"""
SELECTION = """
    create table {owners}_custom_sections (
        organization_id uuid not null,
        id uuid not null,
        {owner}_id uuid not null,
        invoice_custom_section_id uuid not null,
        position integer not null,
        created_at timestamp with time zone not null,
        constraint pk_{owners}_custom_sections primary key (organization_id, id),
        constraint fk_{owners}_custom_sections__organization_id_{owner}_id
        foreign key (organization_id, {owner}_id) references {owners} (organization_id, id),
        constraint fk_{owners}_custom_sections__section
        foreign key (organization_id, invoice_custom_section_id)
        references invoice_custom_sections (organization_id, id),
        constraint fk_{owners}_custom_sections__organization_id
        foreign key (organization_id) references organizations (id)
    )
"""
APPLIED = """
    create table applied_invoice_custom_sections (
        organization_id uuid not null,
        id uuid not null,
        invoice_id uuid not null,
        position integer not null,
        code text not null,
        name text not null,
        display_name text,
        details text,
        created_at timestamp with time zone not null,
        constraint pk_applied_invoice_custom_sections primary key (organization_id, id),
        constraint fk_applied_invoice_custom_sections__organization_id_invoice_id
        foreign key (organization_id, invoice_id) references invoices (organization_id, id),
        constraint fk_applied_invoice_custom_sections__organization_id
        foreign key (organization_id) references organizations (id)
    )
"""
LOGOS = """
    create table logos (
        organization_id uuid not null,
        id uuid not null,
        billing_entity_id uuid not null,
        content bytea not null,
        created_at timestamp with time zone not null,
        constraint pk_logos primary key (organization_id, id),
        constraint fk_logos__organization_id_billing_entity_id
        foreign key (organization_id, billing_entity_id) references billing_entities (organization_id, id),
        constraint fk_logos__organization_id foreign key (organization_id) references organizations (id)
    )
"""
SECURITY_LOGS = """
    create table security_logs (
        organization_id uuid not null,
        id uuid not null,
        sequence bigint generated always as identity not null,
        log_type text not null,
        log_event text not null,
        api_key_id uuid,
        resources jsonb not null,
        logged_at timestamp with time zone not null,
        created_at timestamp with time zone not null,
        constraint pk_security_logs primary key (organization_id, id),
        constraint fk_security_logs__organization_id_api_key_id
        foreign key (organization_id, api_key_id) references api_keys (organization_id, id),
        constraint fk_security_logs__organization_id foreign key (organization_id) references organizations (id)
    )
"""
INDEXES = (
    "create unique index uq_invoice_custom_sections__code on invoice_custom_sections (organization_id, code)"
    " where deleted_at is null",
    "create index ix_invoice_custom_sections__newest on invoice_custom_sections (organization_id, created_at, id)",
    "create unique index uq_applied_invoice_custom_sections__position"
    " on applied_invoice_custom_sections (organization_id, invoice_id, position)",
    "create unique index uq_logos__logo on logos (organization_id, billing_entity_id)",
    "create index ix_security_logs__latest on security_logs (organization_id, logged_at, sequence)",
    "create index ix_api_keys__newest on api_keys (organization_id, created_at, id)",
)
SELECTION_INDEX = (
    "create unique index uq_{owners}_custom_sections__sections"
    " on {owners}_custom_sections (organization_id, {owner}_id, invoice_custom_section_id)"
)
OWNERS = (("billing_entities", "billing_entity"), ("customers", "customer"))

# The uses of keys come from all organizations together, and each row is seen in its own alone. Keys are
# taken in one order, so that processes that note at the same time wait for each other in one direction.
NOTE_KEY_USE = """
    create function conto_note_key_use(organizations uuid[], keys uuid[], instants timestamptz[]) returns void
    language plpgsql as $$
    declare
        used record;
    begin
        for used in
            select u.organization, u.key, u.instant
            from unnest(organizations, keys, instants) as u (organization, key, instant)
            order by u.organization, u.key
        loop
            perform set_config('conto.organization', used.organization::text, true);
            update api_keys k set last_used_at = used.instant
            where k.organization_id = used.organization and k.id = used.key
              and (k.last_used_at is null or k.last_used_at < used.instant);
        end loop;
        perform set_config('conto.organization', '', true);
    end
    $$
"""


def upgrade() -> None:
    for statement in (SECTIONS, *(SELECTION.format(owners=many, owner=one) for many, one in OWNERS)):
        op.execute(statement)
    for statement in (APPLIED, LOGOS, SECURITY_LOGS, *INDEXES, NOTE_KEY_USE):
        op.execute(statement)
    for many, one in OWNERS:
        op.execute(SELECTION_INDEX.format(owners=many, owner=one))
        hold_to_its_organization(f"{many}_custom_sections")
    for table in ("invoice_custom_sections", "applied_invoice_custom_sections", "logos", "security_logs"):
        hold_to_its_organization(table)
    op.execute("alter table billing_entities drop column logo")
    op.execute("alter table billing_entities add column logo_name text")


def downgrade() -> None:
    op.execute("drop function conto_note_key_use(uuid[], uuid[], timestamptz[])")
    for table in ("security_logs", "logos", "applied_invoice_custom_sections"):
        op.execute(f"drop table {table}")
    for many, _ in OWNERS:
        op.execute(f"drop table {many}_custom_sections")
    op.execute("drop table invoice_custom_sections")
    op.execute("drop index ix_api_keys__newest")
    op.execute("alter table billing_entities drop column logo_name")
    op.execute("alter table billing_entities add column logo bytea")
