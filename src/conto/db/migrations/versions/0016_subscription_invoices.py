"""Subscription invoices: fees of subscriptions, charges and fixed charges, the periods billed, the next renewal."""

from alembic import op

from conto.db.migrations.tenancy import hold_to_its_organization

revision = "0016"
down_revision = "0015"

REFERENCES = {
    "subscription_id": "subscriptions",
    "billable_metric_id": "billable_metrics",
    "charge_id": "charges",
    "charge_filter_id": "charge_filters",
    "fixed_charge_id": "fixed_charges",
    "true_up_parent_fee_id": "fees",
}


def upgrade() -> None:
    _fees()
    op.execute("alter table subscriptions add column renewed_on date, add column renewal_at timestamp with time zone")
    op.execute(
        "alter table subscriptions add constraint ck_subscriptions__renewal"
        " check (renewal_at is null or status = 'active')"
    )
    op.execute("drop index ix_subscriptions__customer")
    op.execute("create index ix_subscriptions__customer on subscriptions (organization_id, customer_id, renewal_at)")
    _invoice_subscriptions()


def _fees() -> None:
    for column, table in REFERENCES.items():
        op.execute(
            f"alter table fees add column {column} uuid, add constraint fk_fees__organization_id_{column}"
            f" foreign key (organization_id, {column}) references {table} (organization_id, id)"
        )
    op.execute(
        """
        alter table fees
            add column filters jsonb,
            add column filter_invoice_display_name text,
            add column grouped_by jsonb not null default '{}',
            add column pay_in_advance boolean not null default false,
            add column invoiceable boolean not null default true,
            add column event_transaction_id text,
            add column events_count bigint,
            add column total_aggregated_units numeric,
            add column amount_details jsonb not null default '{}',
            add column pricing_unit_details jsonb,
            add column presentation_breakdowns jsonb,
            add constraint ck_fees__item check (
                case fee_type
                    when 'add_on' then add_on_id is not null
                    when 'charge' then charge_id is not null
                    when 'fixed_charge' then fixed_charge_id is not null
                    else true
                end
            ),
            add constraint ck_fees__subscription check (
                fee_type not in ('charge', 'subscription', 'fixed_charge', 'commitment') or subscription_id is not null
            )
        """
    )
    for column in ("grouped_by", "pay_in_advance", "invoiceable", "amount_details"):
        op.execute(f"alter table fees alter column {column} drop default")
    op.execute("create index ix_fees__subscription on fees (organization_id, subscription_id, fee_type, created_at)")
    op.execute(
        "create unique index uq_fees__event_transaction_id"
        " on fees (organization_id, subscription_id, charge_id, event_transaction_id)"
        " where event_transaction_id is not null and deleted_at is null"
    )


def _invoice_subscriptions() -> None:
    op.execute(
        """
        create table invoice_subscriptions (
            organization_id uuid not null,
            id uuid not null,
            invoice_id uuid not null,
            subscription_id uuid not null,
            invoicing_reason text not null,
            occasion text not null,
            billed_at timestamp with time zone not null,
            billed_on date not null,
            timezone text not null,
            subscription_from_datetime timestamp with time zone not null,
            subscription_to_datetime timestamp with time zone not null,
            charges_from_datetime timestamp with time zone,
            charges_to_datetime timestamp with time zone,
            fixed_charges_from_datetime timestamp with time zone,
            fixed_charges_to_datetime timestamp with time zone,
            created_at timestamp with time zone not null,
            constraint pk_invoice_subscriptions primary key (organization_id, id),
            constraint fk_invoice_subscriptions__organization_id_invoice_id
                foreign key (organization_id, invoice_id) references invoices (organization_id, id),
            constraint fk_invoice_subscriptions__organization_id_subscription_id
                foreign key (organization_id, subscription_id) references subscriptions (organization_id, id),
            constraint ck_invoice_subscriptions__invoicing_reason
                check (invoicing_reason in (
                    'subscription_starting', 'subscription_periodic', 'subscription_terminating',
                    'in_advance_charge', 'in_advance_charge_periodic', 'progressive_billing')),
            constraint ck_invoice_subscriptions__subscription_range
                check (subscription_from_datetime <= subscription_to_datetime),
            constraint ck_invoice_subscriptions__charges_range
                check (charges_from_datetime <= charges_to_datetime),
            constraint ck_invoice_subscriptions__fixed_charges_range
                check (fixed_charges_from_datetime <= fixed_charges_to_datetime),
            constraint fk_invoice_subscriptions__organization_id
                foreign key (organization_id) references organizations (id)
        )
        """
    )
    op.execute(
        "create unique index uq_invoice_subscriptions__invoice_id"
        " on invoice_subscriptions (organization_id, invoice_id, subscription_id)"
    )
    op.execute(
        "create unique index uq_invoice_subscriptions__renewal"
        " on invoice_subscriptions (organization_id, subscription_id, billed_on)"
        " where invoicing_reason = 'subscription_periodic'"
    )
    op.execute(
        "create unique index uq_invoice_subscriptions__start_or_end"
        " on invoice_subscriptions (organization_id, subscription_id, invoicing_reason)"
        " where invoicing_reason in ('subscription_starting', 'subscription_terminating')"
    )
    hold_to_its_organization("invoice_subscriptions")


def downgrade() -> None:
    op.execute("drop table invoice_subscriptions")
    op.execute("alter table subscriptions drop column renewed_on, drop column renewal_at")
    op.execute("create index ix_subscriptions__customer on subscriptions (organization_id, customer_id)")
    for column in (
        *REFERENCES,
        "filters",
        "filter_invoice_display_name",
        "grouped_by",
        "pay_in_advance",
        "invoiceable",
        "event_transaction_id",
        "events_count",
        "total_aggregated_units",
        "amount_details",
        "pricing_unit_details",
        "presentation_breakdowns",
    ):
        op.execute(f"alter table fees drop column {column}")
