"""EU taxes: checks of VAT numbers, and invoices that wait for them; customers' payment providers."""

from alembic import op

from conto.db.migrations.tenancy import hold_to_its_organization

revision = "0006"
down_revision = "0005"

SUBTOTAL = "sub_total_excluding_taxes_amount_cents + taxes_amount_cents"
FLAGS = ("eu_tax_decided", "vies_check_pending")


def upgrade() -> None:
    op.execute("alter table customers add column payment_provider text, add column payment_provider_code text")
    for flag in FLAGS:
        op.execute(f"alter table customers add column {flag} boolean not null default false")
        op.execute(f"alter table customers alter column {flag} drop default")
    op.execute("alter table fees add column tax_codes text[]")
    op.execute("alter table invoices drop constraint ck_invoices__sub_total_including_taxes")
    op.execute(
        "alter table invoices add constraint ck_invoices__sub_total_including_taxes check"
        " (sub_total_including_taxes_amount_cents = case"
        " when status in ('generating', 'pending', 'failed') and sub_total_including_taxes_amount_cents = 0 then 0"
        f" else {SUBTOTAL} end)"
    )
    op.execute(
        """
        create table customer_error_details (
            organization_id uuid not null,
            id uuid not null,
            customer_id uuid not null,
            error_code text not null,
            details jsonb not null,
            created_at timestamp with time zone not null,
            constraint pk_customer_error_details primary key (organization_id, id),
            constraint fk_customer_error_details__organization_id_customer_id
            foreign key (organization_id, customer_id) references customers (organization_id, id),
            constraint fk_customer_error_details__organization_id
            foreign key (organization_id) references organizations (id)
        )
        """
    )
    op.execute(
        "create unique index uq_customer_error_details__error_code"
        " on customer_error_details (organization_id, customer_id, error_code)"
    )
    op.execute(
        """
        create table vies_checks (
            organization_id uuid not null,
            id uuid not null,
            sequence bigint generated always as identity not null,
            customer_id uuid not null,
            tax_identification_number text not null,
            status text not null,
            attempts integer not null,
            answer jsonb,
            told_at timestamp with time zone,
            created_at timestamp with time zone not null,
            updated_at timestamp with time zone not null,
            constraint pk_vies_checks primary key (organization_id, id),
            constraint fk_vies_checks__organization_id_customer_id
            foreign key (organization_id, customer_id) references customers (organization_id, id),
            constraint ck_vies_checks__status check (status in ('pending', 'ended', 'dropped')),
            constraint fk_vies_checks__organization_id foreign key (organization_id) references organizations (id)
        )
        """
    )
    op.execute(
        "create unique index uq_vies_checks__pending on vies_checks (organization_id, customer_id)"
        " where status = 'pending'"
    )
    op.execute("create index ix_vies_checks__told on vies_checks (organization_id, customer_id, told_at, sequence)")
    hold_to_its_organization("customer_error_details")
    hold_to_its_organization("vies_checks")


def downgrade() -> None:
    op.execute("drop table vies_checks")
    op.execute("drop table customer_error_details")
    op.execute("alter table invoices drop constraint ck_invoices__sub_total_including_taxes")
    op.execute(
        "alter table invoices add constraint ck_invoices__sub_total_including_taxes"
        f" check (sub_total_including_taxes_amount_cents = {SUBTOTAL})"
    )
    op.execute("alter table fees drop column tax_codes")
    for column in ("payment_provider", "payment_provider_code", *FLAGS):
        op.execute(f"alter table customers drop column {column}")
