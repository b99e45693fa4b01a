CREATE TABLE follower_positions (
    follower TEXT NOT NULL,
    xid BIGINT NOT NULL,
    row_id BIGINT NOT NULL,
    CONSTRAINT pk_follower_positions PRIMARY KEY (follower)
);

CREATE TABLE organizations (
    id UUID NOT NULL,
    name TEXT NOT NULL,
    slug TEXT,
    document_number_prefix TEXT NOT NULL,
    hmac_key TEXT NOT NULL,
    frozen_time TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_organizations PRIMARY KEY (id)
);

CREATE UNIQUE INDEX uq_organizations__slug ON organizations (slug);

CREATE TABLE server_keys (
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_server_keys PRIMARY KEY (name)
);

CREATE TABLE add_ons (
    organization_id UUID NOT NULL,
    id UUID NOT NULL,
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    invoice_display_name TEXT,
    description TEXT,
    amount_cents BIGINT NOT NULL,
    amount_currency TEXT NOT NULL,
    deleted_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_add_ons PRIMARY KEY (organization_id, id),
    CONSTRAINT ck_add_ons__amount CHECK (amount_cents > 0),
    CONSTRAINT fk_add_ons__organization_id FOREIGN KEY(organization_id) REFERENCES organizations (id)
);

CREATE INDEX ix_add_ons__newest ON add_ons (organization_id, created_at, id);

CREATE UNIQUE INDEX uq_add_ons__code ON add_ons (organization_id, code) WHERE deleted_at is null;

CREATE TABLE agenda (
    organization_id UUID NOT NULL,
    id UUID NOT NULL,
    sequence BIGINT GENERATED ALWAYS AS IDENTITY,
    lane UUID NOT NULL,
    lane_kind TEXT NOT NULL,
    live BOOLEAN NOT NULL,
    due_at TIMESTAMP WITH TIME ZONE NOT NULL,
    rank SMALLINT NOT NULL,
    kind TEXT NOT NULL,
    subject_id UUID NOT NULL,
    attempts INTEGER DEFAULT 0 NOT NULL,
    try_at TIMESTAMP WITH TIME ZONE,
    error TEXT,
    CONSTRAINT pk_agenda PRIMARY KEY (organization_id, id),
    CONSTRAINT fk_agenda__organization_id FOREIGN KEY(organization_id) REFERENCES organizations (id)
);

CREATE INDEX ix_agenda__due ON agenda (due_at, rank, sequence) WHERE live;

CREATE INDEX ix_agenda__held ON agenda (organization_id, lane) WHERE try_at is not null;

CREATE INDEX ix_agenda__lane ON agenda (organization_id, lane, due_at, rank, sequence);

CREATE INDEX ix_agenda__organization ON agenda (organization_id, due_at, rank, sequence);

CREATE UNIQUE INDEX uq_agenda__subject_id ON agenda (organization_id, kind, subject_id);

CREATE TABLE api_keys (
    organization_id UUID NOT NULL,
    id UUID NOT NULL,
    name TEXT,
    key_hash TEXT NOT NULL,
    last_characters TEXT NOT NULL,
    permissions JSONB,
    expires_at TIMESTAMP WITH TIME ZONE,
    last_used_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_api_keys PRIMARY KEY (organization_id, id),
    CONSTRAINT fk_api_keys__organization_id FOREIGN KEY(organization_id) REFERENCES organizations (id)
);

CREATE UNIQUE INDEX uq_api_keys__key_hash ON api_keys (key_hash);

CREATE TABLE billing_entities (
    organization_id UUID NOT NULL,
    id UUID NOT NULL,
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    default_currency TEXT NOT NULL,
    document_locale TEXT NOT NULL,
    document_numbering TEXT NOT NULL,
    document_number_prefix TEXT NOT NULL,
    finalize_zero_amount_invoice BOOLEAN NOT NULL,
    invoice_footer TEXT,
    invoice_grace_period INTEGER NOT NULL,
    subscription_invoice_issuing_date_anchor TEXT NOT NULL,
    subscription_invoice_issuing_date_adjustment TEXT NOT NULL,
    net_payment_term INTEGER NOT NULL,
    address_line1 TEXT,
    address_line2 TEXT,
    city TEXT,
    state TEXT,
    zipcode TEXT,
    country TEXT,
    email TEXT,
    phone TEXT,
    legal_name TEXT,
    legal_number TEXT,
    tax_identification_number TEXT,
    timezone TEXT NOT NULL,
    email_settings TEXT[] NOT NULL,
    eu_tax_management BOOLEAN NOT NULL,
    einvoicing BOOLEAN NOT NULL,
    logo BYTEA,
    archived_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_billing_entities PRIMARY KEY (organization_id, id),
    CONSTRAINT ck_billing_entities__numbering CHECK (document_numbering in ('per_customer', 'per_billing_entity')),
    CONSTRAINT ck_billing_entities__days CHECK (invoice_grace_period >= 0 and net_payment_term >= 0),
    CONSTRAINT fk_billing_entities__organization_id FOREIGN KEY(organization_id) REFERENCES organizations (id)
);

CREATE UNIQUE INDEX uq_billing_entities__code ON billing_entities (organization_id, code) WHERE archived_at is null;

CREATE TABLE counters (
    organization_id UUID NOT NULL,
    kind TEXT NOT NULL,
    scope TEXT NOT NULL,
    value BIGINT NOT NULL,
    CONSTRAINT pk_counters PRIMARY KEY (organization_id, kind, scope),
    CONSTRAINT ck_counters__value CHECK (value >= 1),
    CONSTRAINT fk_counters__organization_id FOREIGN KEY(organization_id) REFERENCES organizations (id)
);

CREATE TABLE taxes (
    organization_id UUID NOT NULL,
    id UUID NOT NULL,
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT,
    rate NUMERIC NOT NULL,
    auto_generated BOOLEAN NOT NULL,
    deleted_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_taxes PRIMARY KEY (organization_id, id),
    CONSTRAINT ck_taxes__rate CHECK (rate >= 0),
    CONSTRAINT fk_taxes__organization_id FOREIGN KEY(organization_id) REFERENCES organizations (id)
);

CREATE UNIQUE INDEX uq_taxes__code ON taxes (organization_id, code) WHERE deleted_at is null;

CREATE TABLE webhook_endpoints (
    organization_id UUID NOT NULL,
    id UUID NOT NULL,
    webhook_url TEXT NOT NULL,
    signature_algo TEXT NOT NULL,
    name TEXT,
    event_types TEXT[],
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_webhook_endpoints PRIMARY KEY (organization_id, id),
    CONSTRAINT ck_webhook_endpoints__signature_algo CHECK (signature_algo in ('jwt', 'hmac')),
    CONSTRAINT fk_webhook_endpoints__organization_id FOREIGN KEY(organization_id) REFERENCES organizations (id)
);

CREATE UNIQUE INDEX uq_webhook_endpoints__webhook_url ON webhook_endpoints (organization_id, webhook_url);

CREATE TABLE add_ons_taxes (
    organization_id UUID NOT NULL,
    id UUID NOT NULL,
    add_on_id UUID NOT NULL,
    tax_id UUID NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_add_ons_taxes PRIMARY KEY (organization_id, id),
    CONSTRAINT fk_add_ons_taxes__organization_id_add_on_id FOREIGN KEY(organization_id, add_on_id) REFERENCES add_ons (organization_id, id),
    CONSTRAINT fk_add_ons_taxes__organization_id_tax_id FOREIGN KEY(organization_id, tax_id) REFERENCES taxes (organization_id, id),
    CONSTRAINT fk_add_ons_taxes__organization_id FOREIGN KEY(organization_id) REFERENCES organizations (id)
);

CREATE UNIQUE INDEX uq_add_ons_taxes__tax_codes ON add_ons_taxes (organization_id, add_on_id, tax_id);

CREATE TABLE billing_entities_taxes (
    organization_id UUID NOT NULL,
    id UUID NOT NULL,
    billing_entity_id UUID NOT NULL,
    tax_id UUID NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_billing_entities_taxes PRIMARY KEY (organization_id, id),
    CONSTRAINT fk_billing_entities_taxes__organization_id_billing_entity_id FOREIGN KEY(organization_id, billing_entity_id) REFERENCES billing_entities (organization_id, id),
    CONSTRAINT fk_billing_entities_taxes__organization_id_tax_id FOREIGN KEY(organization_id, tax_id) REFERENCES taxes (organization_id, id),
    CONSTRAINT fk_billing_entities_taxes__organization_id FOREIGN KEY(organization_id) REFERENCES organizations (id)
);

CREATE UNIQUE INDEX uq_billing_entities_taxes__tax_codes ON billing_entities_taxes (organization_id, billing_entity_id, tax_id);

CREATE TABLE customers (
    organization_id UUID NOT NULL,
    id UUID NOT NULL,
    billing_entity_id UUID NOT NULL,
    external_id TEXT NOT NULL,
    sequential_id BIGINT NOT NULL,
    slug TEXT NOT NULL,
    name TEXT,
    firstname TEXT,
    lastname TEXT,
    email TEXT,
    phone TEXT,
    url TEXT,
    logo_url TEXT,
    legal_name TEXT,
    legal_number TEXT,
    tax_identification_number TEXT,
    account_type TEXT NOT NULL,
    customer_type TEXT,
    currency TEXT,
    timezone TEXT,
    document_locale TEXT,
    address_line1 TEXT,
    address_line2 TEXT,
    city TEXT,
    state TEXT,
    zipcode TEXT,
    country TEXT,
    shipping_address_line1 TEXT,
    shipping_address_line2 TEXT,
    shipping_city TEXT,
    shipping_state TEXT,
    shipping_zipcode TEXT,
    shipping_country TEXT,
    net_payment_term INTEGER,
    invoice_grace_period INTEGER,
    subscription_invoice_issuing_date_anchor TEXT,
    subscription_invoice_issuing_date_adjustment TEXT,
    finalize_zero_amount_invoice TEXT NOT NULL,
    skip_invoice_custom_sections BOOLEAN NOT NULL,
    deleted_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_customers PRIMARY KEY (organization_id, id),
    CONSTRAINT fk_customers__organization_id_billing_entity_id FOREIGN KEY(organization_id, billing_entity_id) REFERENCES billing_entities (organization_id, id),
    CONSTRAINT ck_customers__account_type CHECK (account_type in ('customer', 'partner')),
    CONSTRAINT ck_customers__zero_amount CHECK (finalize_zero_amount_invoice in ('inherit', 'skip', 'finalize')),
    CONSTRAINT ck_customers__days CHECK (invoice_grace_period >= 0 and net_payment_term >= 0),
    CONSTRAINT fk_customers__organization_id FOREIGN KEY(organization_id) REFERENCES organizations (id)
);

CREATE INDEX ix_customers__newest ON customers (organization_id, created_at, id);

CREATE UNIQUE INDEX uq_customers__external_id ON customers (organization_id, external_id) WHERE deleted_at is null;

CREATE UNIQUE INDEX uq_customers__sequential_id ON customers (organization_id, sequential_id);

CREATE TABLE webhooks (
    organization_id UUID NOT NULL,
    id UUID NOT NULL,
    webhook_endpoint_id UUID NOT NULL,
    webhook_type TEXT NOT NULL,
    object_type TEXT NOT NULL,
    object_id UUID NOT NULL,
    payload TEXT,
    status TEXT NOT NULL,
    retries INTEGER NOT NULL,
    http_status INTEGER,
    response TEXT,
    last_retried_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_webhooks PRIMARY KEY (organization_id, id),
    CONSTRAINT fk_webhooks__organization_id_webhook_endpoint_id FOREIGN KEY(organization_id, webhook_endpoint_id) REFERENCES webhook_endpoints (organization_id, id) ON DELETE CASCADE,
    CONSTRAINT ck_webhooks__status CHECK (status in ('pending', 'succeeded', 'retrying', 'failed')),
    CONSTRAINT fk_webhooks__organization_id FOREIGN KEY(organization_id) REFERENCES organizations (id)
);

CREATE INDEX ix_webhooks__endpoint ON webhooks (organization_id, webhook_endpoint_id);

CREATE INDEX ix_webhooks__updated ON webhooks (organization_id, updated_at);

CREATE TABLE customer_metadata (
    organization_id UUID NOT NULL,
    id UUID NOT NULL,
    customer_id UUID NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    display_in_invoice BOOLEAN NOT NULL,
    position BIGINT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_customer_metadata PRIMARY KEY (organization_id, id),
    CONSTRAINT fk_customer_metadata__organization_id_customer_id FOREIGN KEY(organization_id, customer_id) REFERENCES customers (organization_id, id),
    CONSTRAINT fk_customer_metadata__organization_id FOREIGN KEY(organization_id) REFERENCES organizations (id)
);

CREATE UNIQUE INDEX uq_customer_metadata__key ON customer_metadata (organization_id, customer_id, key);

CREATE TABLE customers_taxes (
    organization_id UUID NOT NULL,
    id UUID NOT NULL,
    customer_id UUID NOT NULL,
    tax_id UUID NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_customers_taxes PRIMARY KEY (organization_id, id),
    CONSTRAINT fk_customers_taxes__organization_id_customer_id FOREIGN KEY(organization_id, customer_id) REFERENCES customers (organization_id, id),
    CONSTRAINT fk_customers_taxes__organization_id_tax_id FOREIGN KEY(organization_id, tax_id) REFERENCES taxes (organization_id, id),
    CONSTRAINT fk_customers_taxes__organization_id FOREIGN KEY(organization_id) REFERENCES organizations (id)
);

CREATE UNIQUE INDEX uq_customers_taxes__tax_codes ON customers_taxes (organization_id, customer_id, tax_id);

CREATE TABLE invoices (
    organization_id UUID NOT NULL,
    id UUID NOT NULL,
    customer_id UUID NOT NULL,
    billing_entity_id UUID NOT NULL,
    invoice_type TEXT NOT NULL,
    status TEXT NOT NULL,
    payment_status TEXT NOT NULL,
    payment_overdue BOOLEAN NOT NULL,
    number TEXT NOT NULL,
    sequential_id BIGINT,
    billing_entity_sequential_id BIGINT,
    purchase_order_number TEXT,
    currency TEXT NOT NULL,
    issuing_date DATE NOT NULL,
    payment_due_date DATE NOT NULL,
    net_payment_term INTEGER NOT NULL,
    fees_amount_cents BIGINT NOT NULL,
    progressive_billing_credit_amount_cents BIGINT NOT NULL,
    coupons_amount_cents BIGINT NOT NULL,
    sub_total_excluding_taxes_amount_cents BIGINT NOT NULL,
    taxes_amount_cents BIGINT NOT NULL,
    sub_total_including_taxes_amount_cents BIGINT NOT NULL,
    credit_notes_amount_cents BIGINT NOT NULL,
    prepaid_credit_amount_cents BIGINT NOT NULL,
    total_amount_cents BIGINT NOT NULL,
    total_paid_amount_cents BIGINT NOT NULL,
    taxes_rate NUMERIC NOT NULL,
    version_number INTEGER NOT NULL,
    self_billed BOOLEAN NOT NULL,
    skip_psp BOOLEAN NOT NULL,
    file_path TEXT,
    finalized_at TIMESTAMP WITH TIME ZONE,
    voided_at TIMESTAMP WITH TIME ZONE,
    payment_dispute_lost_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_invoices PRIMARY KEY (organization_id, id),
    CONSTRAINT fk_invoices__organization_id_customer_id FOREIGN KEY(organization_id, customer_id) REFERENCES customers (organization_id, id),
    CONSTRAINT fk_invoices__organization_id_billing_entity_id FOREIGN KEY(organization_id, billing_entity_id) REFERENCES billing_entities (organization_id, id),
    CONSTRAINT ck_invoices__status CHECK (status in ('generating', 'draft', 'open', 'pending', 'finalized', 'voided', 'failed', 'closed', 'deleted')),
    CONSTRAINT ck_invoices__payment_status CHECK (payment_status in ('pending', 'succeeded', 'failed')),
    CONSTRAINT ck_invoices__not_negative CHECK (fees_amount_cents >= 0 and progressive_billing_credit_amount_cents >= 0 and coupons_amount_cents >= 0 and sub_total_excluding_taxes_amount_cents >= 0 and taxes_amount_cents >= 0 and sub_total_including_taxes_amount_cents >= 0 and credit_notes_amount_cents >= 0 and prepaid_credit_amount_cents >= 0 and total_amount_cents >= 0 and total_paid_amount_cents >= 0),
    CONSTRAINT ck_invoices__sub_total_excluding_taxes CHECK (sub_total_excluding_taxes_amount_cents = fees_amount_cents - progressive_billing_credit_amount_cents - coupons_amount_cents),
    CONSTRAINT ck_invoices__sub_total_including_taxes CHECK (sub_total_including_taxes_amount_cents = sub_total_excluding_taxes_amount_cents + taxes_amount_cents),
    CONSTRAINT ck_invoices__total CHECK (total_amount_cents = sub_total_including_taxes_amount_cents - credit_notes_amount_cents - prepaid_credit_amount_cents),
    CONSTRAINT ck_invoices__paid CHECK (total_paid_amount_cents <= total_amount_cents),
    CONSTRAINT ck_invoices__numbered CHECK (status not in ('finalized', 'voided') or (sequential_id is not null and finalized_at is not null)),
    CONSTRAINT ck_invoices__voided CHECK ((status = 'voided') = (voided_at is not null)),
    CONSTRAINT fk_invoices__organization_id FOREIGN KEY(organization_id) REFERENCES organizations (id)
);

CREATE INDEX ix_invoices__customer ON invoices (organization_id, customer_id, issuing_date, created_at, id);

CREATE INDEX ix_invoices__listed ON invoices (organization_id, issuing_date, created_at, id);

CREATE UNIQUE INDEX uq_invoices__billing_entity_sequential_id ON invoices (organization_id, billing_entity_id, billing_entity_sequential_id);

CREATE UNIQUE INDEX uq_invoices__sequential_id ON invoices (organization_id, billing_entity_id, customer_id, sequential_id);

CREATE TABLE webhook_attempts (
    organization_id UUID NOT NULL,
    id UUID NOT NULL,
    webhook_id UUID NOT NULL,
    number INTEGER NOT NULL,
    http_status INTEGER,
    response TEXT,
    error TEXT,
    attempted_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_webhook_attempts PRIMARY KEY (organization_id, id),
    CONSTRAINT fk_webhook_attempts__organization_id_webhook_id FOREIGN KEY(organization_id, webhook_id) REFERENCES webhooks (organization_id, id) ON DELETE CASCADE,
    CONSTRAINT fk_webhook_attempts__organization_id FOREIGN KEY(organization_id) REFERENCES organizations (id)
);

CREATE UNIQUE INDEX uq_webhook_attempts__number ON webhook_attempts (organization_id, webhook_id, number);

CREATE TABLE fees (
    organization_id UUID NOT NULL,
    id UUID NOT NULL,
    invoice_id UUID,
    customer_id UUID NOT NULL,
    billing_entity_id UUID NOT NULL,
    add_on_id UUID,
    fee_type TEXT NOT NULL,
    position INTEGER NOT NULL,
    item_code TEXT NOT NULL,
    item_name TEXT NOT NULL,
    item_description TEXT,
    invoice_display_name TEXT NOT NULL,
    description TEXT,
    units NUMERIC NOT NULL,
    precise_unit_amount_cents NUMERIC NOT NULL,
    amount_cents BIGINT NOT NULL,
    precise_amount_cents NUMERIC NOT NULL,
    currency TEXT NOT NULL,
    precise_coupons_amount_cents NUMERIC NOT NULL,
    taxes_rate NUMERIC NOT NULL,
    taxes_amount_cents BIGINT NOT NULL,
    taxes_precise_amount_cents NUMERIC NOT NULL,
    payment_status TEXT NOT NULL,
    succeeded_at TIMESTAMP WITH TIME ZONE,
    failed_at TIMESTAMP WITH TIME ZONE,
    refunded_at TIMESTAMP WITH TIME ZONE,
    from_at TIMESTAMP WITH TIME ZONE NOT NULL,
    to_at TIMESTAMP WITH TIME ZONE NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_fees PRIMARY KEY (organization_id, id),
    CONSTRAINT fk_fees__organization_id_invoice_id FOREIGN KEY(organization_id, invoice_id) REFERENCES invoices (organization_id, id),
    CONSTRAINT fk_fees__organization_id_customer_id FOREIGN KEY(organization_id, customer_id) REFERENCES customers (organization_id, id),
    CONSTRAINT fk_fees__organization_id_billing_entity_id FOREIGN KEY(organization_id, billing_entity_id) REFERENCES billing_entities (organization_id, id),
    CONSTRAINT fk_fees__organization_id_add_on_id FOREIGN KEY(organization_id, add_on_id) REFERENCES add_ons (organization_id, id),
    CONSTRAINT ck_fees__not_negative CHECK (amount_cents >= 0 and taxes_amount_cents >= 0),
    CONSTRAINT ck_fees__coupons CHECK (precise_coupons_amount_cents between 0 and amount_cents),
    CONSTRAINT ck_fees__boundaries CHECK (from_at <= to_at),
    CONSTRAINT ck_fees__payment_status CHECK (payment_status in ('pending', 'succeeded', 'failed', 'refunded')),
    CONSTRAINT fk_fees__organization_id FOREIGN KEY(organization_id) REFERENCES organizations (id)
);

CREATE INDEX ix_fees__invoice ON fees (organization_id, invoice_id, position);

CREATE INDEX ix_fees__oldest ON fees (organization_id, created_at, id);

CREATE TABLE invoices_taxes (
    organization_id UUID NOT NULL,
    id UUID NOT NULL,
    invoice_id UUID NOT NULL,
    tax_id UUID NOT NULL,
    position INTEGER NOT NULL,
    tax_code TEXT NOT NULL,
    tax_name TEXT NOT NULL,
    tax_description TEXT,
    tax_rate NUMERIC NOT NULL,
    amount_cents BIGINT NOT NULL,
    currency TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    fees_amount_cents BIGINT NOT NULL,
    CONSTRAINT pk_invoices_taxes PRIMARY KEY (organization_id, id),
    CONSTRAINT fk_invoices_taxes__organization_id_invoice_id FOREIGN KEY(organization_id, invoice_id) REFERENCES invoices (organization_id, id),
    CONSTRAINT fk_invoices_taxes__organization_id_tax_id FOREIGN KEY(organization_id, tax_id) REFERENCES taxes (organization_id, id),
    CONSTRAINT fk_invoices_taxes__organization_id FOREIGN KEY(organization_id) REFERENCES organizations (id)
);

CREATE UNIQUE INDEX uq_invoices_taxes__tax_id ON invoices_taxes (organization_id, invoice_id, tax_id);

CREATE TABLE ledger_transfers (
    organization_id UUID NOT NULL,
    id UUID NOT NULL,
    customer_id UUID NOT NULL,
    invoice_id UUID,
    kind TEXT NOT NULL,
    debit_account TEXT NOT NULL,
    debit_subject_id UUID,
    credit_account TEXT NOT NULL,
    credit_subject_id UUID,
    currency TEXT NOT NULL,
    amount_cents BIGINT NOT NULL,
    posted_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_ledger_transfers PRIMARY KEY (organization_id, id),
    CONSTRAINT fk_ledger_transfers__organization_id_customer_id FOREIGN KEY(organization_id, customer_id) REFERENCES customers (organization_id, id),
    CONSTRAINT fk_ledger_transfers__organization_id_invoice_id FOREIGN KEY(organization_id, invoice_id) REFERENCES invoices (organization_id, id),
    CONSTRAINT ck_ledger_transfers__amount CHECK (amount_cents > 0),
    CONSTRAINT ck_ledger_transfers__two_accounts CHECK ((debit_account, debit_subject_id) is distinct from (credit_account, credit_subject_id)),
    CONSTRAINT fk_ledger_transfers__organization_id FOREIGN KEY(organization_id) REFERENCES organizations (id)
);

CREATE INDEX ix_ledger_transfers__credit ON ledger_transfers (organization_id, credit_account, credit_subject_id);

CREATE INDEX ix_ledger_transfers__debit ON ledger_transfers (organization_id, debit_account, debit_subject_id);

CREATE TABLE fees_taxes (
    organization_id UUID NOT NULL,
    id UUID NOT NULL,
    fee_id UUID NOT NULL,
    tax_id UUID NOT NULL,
    position INTEGER NOT NULL,
    tax_code TEXT NOT NULL,
    tax_name TEXT NOT NULL,
    tax_description TEXT,
    tax_rate NUMERIC NOT NULL,
    amount_cents BIGINT NOT NULL,
    currency TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    precise_amount_cents NUMERIC NOT NULL,
    CONSTRAINT pk_fees_taxes PRIMARY KEY (organization_id, id),
    CONSTRAINT fk_fees_taxes__organization_id_fee_id FOREIGN KEY(organization_id, fee_id) REFERENCES fees (organization_id, id),
    CONSTRAINT fk_fees_taxes__organization_id_tax_id FOREIGN KEY(organization_id, tax_id) REFERENCES taxes (organization_id, id),
    CONSTRAINT fk_fees_taxes__organization_id FOREIGN KEY(organization_id) REFERENCES organizations (id)
);

CREATE UNIQUE INDEX uq_fees_taxes__tax_id ON fees_taxes (organization_id, fee_id, tax_id);
