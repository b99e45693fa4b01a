"""Custom sections of subscriptions, and the events that are told of as wrong."""

from alembic import op

from conto.db.migrations.tenancy import hold_to_its_organization

revision = "0013"
down_revision = "0012"

TABLES = ("subscriptions_custom_sections", "wrong_events", "event_reports")


def upgrade() -> None:
    op.execute("alter table subscriptions add column skip_invoice_custom_sections boolean not null default false")
    op.execute(
        """
        create table subscriptions_custom_sections (
            organization_id uuid not null,
            id uuid not null,
            subscription_id uuid not null,
            invoice_custom_section_id uuid not null,
            position integer not null,
            created_at timestamp with time zone not null,
            constraint pk_subscriptions_custom_sections primary key (organization_id, id),
            constraint fk_subscriptions_custom_sections__organization_id_subscription_id
                foreign key (organization_id, subscription_id) references subscriptions (organization_id, id),
            constraint fk_subscriptions_custom_sections__section
                foreign key (organization_id, invoice_custom_section_id)
                references invoice_custom_sections (organization_id, id),
            constraint fk_subscriptions_custom_sections__organization_id
                foreign key (organization_id) references organizations (id)
        )
        """
    )
    op.execute(
        "create unique index uq_subscriptions_custom_sections__sections on subscriptions_custom_sections"
        " (organization_id, subscription_id, invoice_custom_section_id)"
    )
    op.execute(
        """
        create table wrong_events (
            organization_id uuid not null,
            id uuid not null,
            event_id uuid not null,
            transaction_id text not null,
            problem text not null,
            received_at timestamp with time zone not null,
            constraint pk_wrong_events primary key (organization_id, id),
            constraint ck_wrong_events__problem check (problem in
                ('invalid_code', 'missing_aggregation_property', 'invalid_filter_values', 'target_wallet')),
            constraint fk_wrong_events__organization_id foreign key (organization_id) references organizations (id)
        )
        """
    )
    op.execute("create index ix_wrong_events__received on wrong_events (organization_id, received_at)")
    op.execute(
        """
        create table event_reports (
            organization_id uuid not null,
            id uuid not null,
            errors jsonb not null,
            created_at timestamp with time zone not null,
            constraint pk_event_reports primary key (organization_id, id),
            constraint fk_event_reports__organization_id foreign key (organization_id) references organizations (id)
        )
        """
    )
    op.execute("create index ix_event_reports__created on event_reports (organization_id, created_at)")
    for table in TABLES:
        hold_to_its_organization(table)


def downgrade() -> None:
    for table in reversed(TABLES):
        op.execute(f"drop table {table}")
    op.execute("alter table subscriptions drop column skip_invoice_custom_sections")
