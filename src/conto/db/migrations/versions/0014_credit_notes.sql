CREATE TABLE credit_notes (
    organization_id UUID NOT NULL,
    id UUID NOT NULL,
    customer_id UUID NOT NULL,
    invoice_id UUID NOT NULL,
    sequential_id BIGINT NOT NULL,
    number TEXT NOT NULL,
    issuing_date DATE NOT NULL,
    status TEXT NOT NULL,
    credit_status TEXT NOT NULL,
    refund_status TEXT,
    reason TEXT NOT NULL,
    description TEXT,
    currency TEXT NOT NULL,
    credit_amount_cents BIGINT NOT NULL,
    refund_amount_cents BIGINT NOT NULL,
    offset_amount_cents BIGINT NOT NULL,
    total_amount_cents BIGINT NOT NULL,
    balance_amount_cents BIGINT NOT NULL,
    taxes_amount_cents BIGINT NOT NULL,
    sub_total_excluding_taxes_amount_cents BIGINT NOT NULL,
    coupons_adjustment_amount_cents BIGINT NOT NULL,
    precise_total_amount_cents NUMERIC NOT NULL,
    precise_taxes_amount_cents NUMERIC NOT NULL,
    precise_coupons_adjustment_amount_cents NUMERIC NOT NULL,
    taxes_rate NUMERIC NOT NULL,
    metadata JSONB,
    file_path TEXT,
    xml_path TEXT,
    voided_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_credit_notes PRIMARY KEY (organization_id, id),
    CONSTRAINT fk_credit_notes__organization_id_customer_id FOREIGN KEY(organization_id, customer_id) REFERENCES customers (organization_id, id),
    CONSTRAINT fk_credit_notes__organization_id_invoice_id FOREIGN KEY(organization_id, invoice_id) REFERENCES invoices (organization_id, id),
    CONSTRAINT ck_credit_notes__status CHECK (status in ('draft', 'finalized', 'deleted')),
    CONSTRAINT ck_credit_notes__credit_status CHECK (credit_status in ('available', 'consumed', 'voided')),
    CONSTRAINT ck_credit_notes__refund_status CHECK (refund_status in ('pending', 'succeeded', 'failed')),
    CONSTRAINT ck_credit_notes__reason CHECK (reason in ('duplicated_charge', 'product_unsatisfactory', 'order_change', 'order_cancellation', 'fraudulent_charge', 'other')),
    CONSTRAINT ck_credit_notes__not_negative CHECK (credit_amount_cents >= 0 and refund_amount_cents >= 0 and offset_amount_cents >= 0 and total_amount_cents >= 0 and balance_amount_cents >= 0 and taxes_amount_cents >= 0 and sub_total_excluding_taxes_amount_cents >= 0 and coupons_adjustment_amount_cents >= 0 and precise_total_amount_cents >= 0 and precise_taxes_amount_cents >= 0 and precise_coupons_adjustment_amount_cents >= 0),
    CONSTRAINT ck_credit_notes__total CHECK (total_amount_cents = credit_amount_cents + refund_amount_cents + offset_amount_cents),
    CONSTRAINT ck_credit_notes__balance CHECK (balance_amount_cents <= credit_amount_cents),
    CONSTRAINT ck_credit_notes__spent CHECK (credit_status = 'available' or balance_amount_cents = 0),
    CONSTRAINT ck_credit_notes__voided CHECK ((credit_status = 'voided') = (voided_at is not null)),
    CONSTRAINT fk_credit_notes__organization_id FOREIGN KEY(organization_id) REFERENCES organizations (id)
);

CREATE INDEX ix_credit_notes__customer ON credit_notes (organization_id, customer_id, created_at, id);

CREATE INDEX ix_credit_notes__newest ON credit_notes (organization_id, created_at, id);

CREATE UNIQUE INDEX uq_credit_notes__sequential_id ON credit_notes (organization_id, invoice_id, sequential_id);

CREATE TABLE credit_note_items (
    organization_id UUID NOT NULL,
    id UUID NOT NULL,
    credit_note_id UUID NOT NULL,
    fee_id UUID NOT NULL,
    position INTEGER NOT NULL,
    amount_cents BIGINT NOT NULL,
    precise_amount_cents NUMERIC NOT NULL,
    currency TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_credit_note_items PRIMARY KEY (organization_id, id),
    CONSTRAINT fk_credit_note_items__organization_id_credit_note_id FOREIGN KEY(organization_id, credit_note_id) REFERENCES credit_notes (organization_id, id),
    CONSTRAINT fk_credit_note_items__organization_id_fee_id FOREIGN KEY(organization_id, fee_id) REFERENCES fees (organization_id, id),
    CONSTRAINT ck_credit_note_items__not_negative CHECK (amount_cents >= 0 and precise_amount_cents >= 0),
    CONSTRAINT fk_credit_note_items__organization_id FOREIGN KEY(organization_id) REFERENCES organizations (id)
);

CREATE INDEX ix_credit_note_items__credit_note ON credit_note_items (organization_id, credit_note_id, position);

CREATE INDEX ix_credit_note_items__fee ON credit_note_items (organization_id, fee_id);

CREATE TABLE credit_notes_taxes (
    organization_id UUID NOT NULL,
    id UUID NOT NULL,
    credit_note_id UUID NOT NULL,
    tax_id UUID NOT NULL,
    position INTEGER NOT NULL,
    tax_code TEXT NOT NULL,
    tax_name TEXT NOT NULL,
    tax_description TEXT,
    tax_rate NUMERIC NOT NULL,
    amount_cents BIGINT NOT NULL,
    currency TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    base_amount_cents BIGINT NOT NULL,
    CONSTRAINT pk_credit_notes_taxes PRIMARY KEY (organization_id, id),
    CONSTRAINT fk_credit_notes_taxes__organization_id_credit_note_id FOREIGN KEY(organization_id, credit_note_id) REFERENCES credit_notes (organization_id, id),
    CONSTRAINT fk_credit_notes_taxes__organization_id_tax_id FOREIGN KEY(organization_id, tax_id) REFERENCES taxes (organization_id, id),
    CONSTRAINT fk_credit_notes_taxes__organization_id FOREIGN KEY(organization_id) REFERENCES organizations (id)
);

CREATE UNIQUE INDEX uq_credit_notes_taxes__tax_id ON credit_notes_taxes (organization_id, credit_note_id, tax_id);

CREATE TABLE credits (
    organization_id UUID NOT NULL,
    id UUID NOT NULL,
    invoice_id UUID NOT NULL,
    credit_note_id UUID NOT NULL,
    position INTEGER NOT NULL,
    amount_cents BIGINT NOT NULL,
    currency TEXT NOT NULL,
    before_taxes BOOLEAN NOT NULL,
    given_back_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT pk_credits PRIMARY KEY (organization_id, id),
    CONSTRAINT fk_credits__organization_id_invoice_id FOREIGN KEY(organization_id, invoice_id) REFERENCES invoices (organization_id, id),
    CONSTRAINT fk_credits__organization_id_credit_note_id FOREIGN KEY(organization_id, credit_note_id) REFERENCES credit_notes (organization_id, id),
    CONSTRAINT ck_credits__amount CHECK (amount_cents > 0),
    CONSTRAINT fk_credits__organization_id FOREIGN KEY(organization_id) REFERENCES organizations (id)
);

CREATE INDEX ix_credits__credit_note ON credits (organization_id, credit_note_id);

CREATE UNIQUE INDEX uq_credits__credit_note_id ON credits (organization_id, invoice_id, credit_note_id);
