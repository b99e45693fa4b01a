create table billable_metrics (
    organization_id uuid not null,
    id uuid not null,
    code text not null,
    name text not null,
    description text,
    aggregation_type text not null,
    field_name text,
    recurring boolean not null,
    weighted_interval text,
    expression text,
    rounding_function text,
    rounding_precision integer,
    deleted_at timestamp with time zone,
    created_at timestamp with time zone not null,
    updated_at timestamp with time zone not null,
    constraint pk_billable_metrics primary key (organization_id, id),
    constraint ck_billable_metrics__aggregation_type check (aggregation_type in ('count_agg', 'sum_agg', 'max_agg', 'unique_count_agg', 'weighted_sum_agg', 'latest_agg', 'custom_agg')),
    constraint ck_billable_metrics__rounding_function check (rounding_function in ('round', 'ceil', 'floor')),
    constraint ck_billable_metrics__field_name check (field_name is not null or aggregation_type in ('count_agg', 'custom_agg')),
    constraint ck_billable_metrics__recurring check (not recurring or aggregation_type not in ('count_agg', 'max_agg', 'latest_agg')),
    constraint fk_billable_metrics__organization_id foreign key(organization_id) references organizations (id)
);
create index ix_billable_metrics__newest on billable_metrics (organization_id, created_at, id);
create unique index uq_billable_metrics__code on billable_metrics (organization_id, code) where deleted_at is null;

create table billable_metric_filters (
    organization_id uuid not null,
    id uuid not null,
    billable_metric_id uuid not null,
    key text not null,
    values text[] not null,
    created_at timestamp with time zone not null,
    updated_at timestamp with time zone not null,
    constraint pk_billable_metric_filters primary key (organization_id, id),
    constraint fk_billable_metric_filters__organization_id_billable_metric_id foreign key(organization_id, billable_metric_id) references billable_metrics (organization_id, id),
    constraint ck_billable_metric_filters__values check (cardinality(values) > 0),
    constraint fk_billable_metric_filters__organization_id foreign key(organization_id) references organizations (id)
);
create unique index uq_billable_metric_filters__key on billable_metric_filters (organization_id, billable_metric_id, key);

create table pricing_units (
    organization_id uuid not null,
    id uuid not null,
    code text not null,
    name text not null,
    short_name text not null,
    description text,
    created_at timestamp with time zone not null,
    updated_at timestamp with time zone not null,
    constraint pk_pricing_units primary key (organization_id, id),
    constraint fk_pricing_units__organization_id foreign key(organization_id) references organizations (id)
);
create index ix_pricing_units__newest on pricing_units (organization_id, created_at, id);
create unique index uq_pricing_units__code on pricing_units (organization_id, code);

create table plans (
    organization_id uuid not null,
    id uuid not null,
    parent_id uuid,
    code text not null,
    name text not null,
    invoice_display_name text,
    description text,
    interval text not null,
    amount_cents bigint not null,
    amount_currency text not null,
    pay_in_advance boolean not null,
    trial_period numeric,
    bill_charges_monthly boolean,
    bill_fixed_charges_monthly boolean,
    metadata jsonb,
    pending_deletion boolean not null,
    deleted_at timestamp with time zone,
    created_at timestamp with time zone not null,
    updated_at timestamp with time zone not null,
    constraint pk_plans primary key (organization_id, id),
    constraint fk_plans__organization_id_parent_id foreign key(organization_id, parent_id) references plans (organization_id, id),
    constraint ck_plans__interval check (interval in ('weekly', 'monthly', 'quarterly', 'semiannual', 'yearly')),
    constraint ck_plans__amount check (amount_cents >= 0),
    constraint ck_plans__trial_period check (trial_period >= 0),
    constraint ck_plans__monthly_split check (interval in ('semiannual', 'yearly') or (bill_charges_monthly is null and bill_fixed_charges_monthly is null)),
    constraint fk_plans__organization_id foreign key(organization_id) references organizations (id)
);
create index ix_plans__newest on plans (organization_id, created_at, id);
create index ix_plans__parent on plans (organization_id, parent_id);
create unique index uq_plans__code on plans (organization_id, code) where deleted_at is null and parent_id is null;

create table plans_taxes (
    organization_id uuid not null,
    id uuid not null,
    plan_id uuid not null,
    tax_id uuid not null,
    created_at timestamp with time zone not null,
    constraint pk_plans_taxes primary key (organization_id, id),
    constraint fk_plans_taxes__organization_id_plan_id foreign key(organization_id, plan_id) references plans (organization_id, id),
    constraint fk_plans_taxes__organization_id_tax_id foreign key(organization_id, tax_id) references taxes (organization_id, id),
    constraint fk_plans_taxes__organization_id foreign key(organization_id) references organizations (id)
);
create unique index uq_plans_taxes__tax_codes on plans_taxes (organization_id, plan_id, tax_id);

create table charges (
    organization_id uuid not null,
    id uuid not null,
    plan_id uuid not null,
    billable_metric_id uuid not null,
    parent_id uuid,
    code text not null,
    invoice_display_name text,
    charge_model text not null,
    properties jsonb not null,
    pay_in_advance boolean not null,
    prorated boolean not null,
    invoiceable boolean not null,
    regroup_paid_fees text,
    min_amount_cents bigint not null,
    accepts_target_wallet boolean not null,
    pricing_unit_id uuid,
    conversion_rate numeric,
    position integer not null,
    deleted_at timestamp with time zone,
    created_at timestamp with time zone not null,
    updated_at timestamp with time zone not null,
    constraint pk_charges primary key (organization_id, id),
    constraint fk_charges__organization_id_plan_id foreign key(organization_id, plan_id) references plans (organization_id, id),
    constraint fk_charges__organization_id_billable_metric_id foreign key(organization_id, billable_metric_id) references billable_metrics (organization_id, id),
    constraint fk_charges__organization_id_parent_id foreign key(organization_id, parent_id) references charges (organization_id, id),
    constraint fk_charges__organization_id_pricing_unit_id foreign key(organization_id, pricing_unit_id) references pricing_units (organization_id, id),
    constraint ck_charges__charge_model check (charge_model in ('standard', 'graduated', 'package', 'percentage', 'volume', 'graduated_percentage', 'dynamic', 'custom')),
    constraint ck_charges__min_amount check (min_amount_cents >= 0),
    constraint ck_charges__invoiceable check (invoiceable or pay_in_advance),
    constraint ck_charges__regroup_paid_fees check (regroup_paid_fees = 'invoice'),
    constraint ck_charges__pricing_unit check ((pricing_unit_id is null) = (conversion_rate is null)),
    constraint ck_charges__conversion_rate check (conversion_rate > 0),
    constraint fk_charges__organization_id foreign key(organization_id) references organizations (id)
);
create index ix_charges__metric on charges (organization_id, billable_metric_id);
create index ix_charges__parent on charges (organization_id, parent_id);
create unique index uq_charges__code on charges (organization_id, plan_id, code) where deleted_at is null;

create table charges_taxes (
    organization_id uuid not null,
    id uuid not null,
    charge_id uuid not null,
    tax_id uuid not null,
    created_at timestamp with time zone not null,
    constraint pk_charges_taxes primary key (organization_id, id),
    constraint fk_charges_taxes__organization_id_charge_id foreign key(organization_id, charge_id) references charges (organization_id, id),
    constraint fk_charges_taxes__organization_id_tax_id foreign key(organization_id, tax_id) references taxes (organization_id, id),
    constraint fk_charges_taxes__organization_id foreign key(organization_id) references organizations (id)
);
create unique index uq_charges_taxes__tax_codes on charges_taxes (organization_id, charge_id, tax_id);

create table charge_filters (
    organization_id uuid not null,
    id uuid not null,
    charge_id uuid not null,
    invoice_display_name text,
    values jsonb not null,
    properties jsonb not null,
    position integer not null,
    deleted_at timestamp with time zone,
    created_at timestamp with time zone not null,
    updated_at timestamp with time zone not null,
    constraint pk_charge_filters primary key (organization_id, id),
    constraint fk_charge_filters__organization_id_charge_id foreign key(organization_id, charge_id) references charges (organization_id, id),
    constraint fk_charge_filters__organization_id foreign key(organization_id) references organizations (id)
);
create index ix_charge_filters__charge on charge_filters (organization_id, charge_id, position);

create table fixed_charges (
    organization_id uuid not null,
    id uuid not null,
    plan_id uuid not null,
    add_on_id uuid not null,
    parent_id uuid,
    code text not null,
    invoice_display_name text,
    charge_model text not null,
    properties jsonb not null,
    units numeric not null,
    pay_in_advance boolean not null,
    prorated boolean not null,
    position integer not null,
    deleted_at timestamp with time zone,
    created_at timestamp with time zone not null,
    updated_at timestamp with time zone not null,
    constraint pk_fixed_charges primary key (organization_id, id),
    constraint fk_fixed_charges__organization_id_plan_id foreign key(organization_id, plan_id) references plans (organization_id, id),
    constraint fk_fixed_charges__organization_id_add_on_id foreign key(organization_id, add_on_id) references add_ons (organization_id, id),
    constraint fk_fixed_charges__organization_id_parent_id foreign key(organization_id, parent_id) references fixed_charges (organization_id, id),
    constraint ck_fixed_charges__charge_model check (charge_model in ('standard', 'graduated', 'volume')),
    constraint ck_fixed_charges__units check (units >= 0),
    constraint fk_fixed_charges__organization_id foreign key(organization_id) references organizations (id)
);
create index ix_fixed_charges__add_on on fixed_charges (organization_id, add_on_id);
create index ix_fixed_charges__parent on fixed_charges (organization_id, parent_id);
create unique index uq_fixed_charges__code on fixed_charges (organization_id, plan_id, code) where deleted_at is null;

create table fixed_charges_taxes (
    organization_id uuid not null,
    id uuid not null,
    fixed_charge_id uuid not null,
    tax_id uuid not null,
    created_at timestamp with time zone not null,
    constraint pk_fixed_charges_taxes primary key (organization_id, id),
    constraint fk_fixed_charges_taxes__organization_id_fixed_charge_id foreign key(organization_id, fixed_charge_id) references fixed_charges (organization_id, id),
    constraint fk_fixed_charges_taxes__organization_id_tax_id foreign key(organization_id, tax_id) references taxes (organization_id, id),
    constraint fk_fixed_charges_taxes__organization_id foreign key(organization_id) references organizations (id)
);
create unique index uq_fixed_charges_taxes__tax_codes on fixed_charges_taxes (organization_id, fixed_charge_id, tax_id);

create table minimum_commitments (
    organization_id uuid not null,
    id uuid not null,
    plan_id uuid not null,
    amount_cents bigint not null,
    invoice_display_name text,
    created_at timestamp with time zone not null,
    updated_at timestamp with time zone not null,
    constraint pk_minimum_commitments primary key (organization_id, id),
    constraint fk_minimum_commitments__organization_id_plan_id foreign key(organization_id, plan_id) references plans (organization_id, id),
    constraint ck_minimum_commitments__amount check (amount_cents > 0),
    constraint fk_minimum_commitments__organization_id foreign key(organization_id) references organizations (id)
);
create unique index uq_minimum_commitments__plan_id on minimum_commitments (organization_id, plan_id);

create table minimum_commitments_taxes (
    organization_id uuid not null,
    id uuid not null,
    minimum_commitment_id uuid not null,
    tax_id uuid not null,
    created_at timestamp with time zone not null,
    constraint pk_minimum_commitments_taxes primary key (organization_id, id),
    constraint fk_minimum_commitments_taxes__organization_id_minimum_c_a94d foreign key(organization_id, minimum_commitment_id) references minimum_commitments (organization_id, id) on delete cascade,
    constraint fk_minimum_commitments_taxes__organization_id_tax_id foreign key(organization_id, tax_id) references taxes (organization_id, id),
    constraint fk_minimum_commitments_taxes__organization_id foreign key(organization_id) references organizations (id)
);
create unique index uq_minimum_commitments_taxes__tax_codes on minimum_commitments_taxes (organization_id, minimum_commitment_id, tax_id);

create table subscriptions (
    organization_id uuid not null,
    id uuid not null,
    customer_id uuid not null,
    plan_id uuid not null,
    billing_entity_id uuid,
    previous_subscription_id uuid,
    external_id text not null,
    name text,
    status text not null,
    billing_time text not null,
    subscription_at timestamp with time zone not null,
    started_at timestamp with time zone,
    activated_at timestamp with time zone,
    ending_at timestamp with time zone,
    trial_ended_at timestamp with time zone,
    terminated_at timestamp with time zone,
    canceled_at timestamp with time zone,
    cancellation_reason text,
    on_termination_credit_note text,
    on_termination_invoice text not null,
    purchase_order_number text,
    payment_method_type text,
    consolidate_invoice boolean not null,
    progressive_billing_disabled boolean not null,
    created_at timestamp with time zone not null,
    updated_at timestamp with time zone not null,
    constraint pk_subscriptions primary key (organization_id, id),
    constraint fk_subscriptions__organization_id_customer_id foreign key(organization_id, customer_id) references customers (organization_id, id),
    constraint fk_subscriptions__organization_id_plan_id foreign key(organization_id, plan_id) references plans (organization_id, id),
    constraint fk_subscriptions__organization_id_billing_entity_id foreign key(organization_id, billing_entity_id) references billing_entities (organization_id, id),
    constraint fk_subscriptions__organization_id_previous_subscription_id foreign key(organization_id, previous_subscription_id) references subscriptions (organization_id, id),
    constraint ck_subscriptions__status check (status in ('pending', 'incomplete', 'active', 'terminated', 'canceled')),
    constraint ck_subscriptions__billing_time check (billing_time in ('calendar', 'anniversary')),
    constraint ck_subscriptions__credit_note check (on_termination_credit_note in ('credit', 'skip', 'refund', 'offset')),
    constraint ck_subscriptions__invoice check (on_termination_invoice in ('generate', 'skip')),
    constraint ck_subscriptions__started check ((status in ('active', 'terminated', 'incomplete')) <= (started_at is not null)),
    constraint ck_subscriptions__terminated check ((status = 'terminated') = (terminated_at is not null)),
    constraint ck_subscriptions__canceled check ((status = 'canceled') = (canceled_at is not null)),
    constraint ck_subscriptions__lifetime check (terminated_at >= started_at),
    constraint fk_subscriptions__organization_id foreign key(organization_id) references organizations (id)
);
create index ix_subscriptions__customer on subscriptions (organization_id, customer_id);
create index ix_subscriptions__external_id on subscriptions (organization_id, external_id);
create index ix_subscriptions__listed on subscriptions (organization_id, subscription_at, created_at, id);
create index ix_subscriptions__plan on subscriptions (organization_id, plan_id);
create index ix_subscriptions__previous on subscriptions (organization_id, previous_subscription_id);
create unique index uq_subscriptions__external_id on subscriptions (organization_id, external_id) where status = 'active';

create table usage_thresholds (
    organization_id uuid not null,
    id uuid not null,
    plan_id uuid,
    subscription_id uuid,
    amount_cents bigint not null,
    threshold_display_name text,
    recurring boolean not null,
    deleted_at timestamp with time zone,
    created_at timestamp with time zone not null,
    updated_at timestamp with time zone not null,
    constraint pk_usage_thresholds primary key (organization_id, id),
    constraint fk_usage_thresholds__organization_id_plan_id foreign key(organization_id, plan_id) references plans (organization_id, id),
    constraint fk_usage_thresholds__organization_id_subscription_id foreign key(organization_id, subscription_id) references subscriptions (organization_id, id),
    constraint ck_usage_thresholds__amount check (amount_cents > 0),
    constraint ck_usage_thresholds__owner check ((plan_id is null) <> (subscription_id is null)),
    constraint fk_usage_thresholds__organization_id foreign key(organization_id) references organizations (id)
);
create index ix_usage_thresholds__plan on usage_thresholds (organization_id, plan_id);
create index ix_usage_thresholds__subscription on usage_thresholds (organization_id, subscription_id);

create table fixed_charge_units (
    organization_id uuid not null,
    id uuid not null,
    subscription_id uuid not null,
    fixed_charge_id uuid not null,
    units numeric not null,
    effective_at timestamp with time zone not null,
    given_at timestamp with time zone not null,
    constraint pk_fixed_charge_units primary key (organization_id, id),
    constraint fk_fixed_charge_units__organization_id_subscription_id foreign key(organization_id, subscription_id) references subscriptions (organization_id, id),
    constraint fk_fixed_charge_units__organization_id_fixed_charge_id foreign key(organization_id, fixed_charge_id) references fixed_charges (organization_id, id),
    constraint ck_fixed_charge_units__units check (units >= 0),
    constraint fk_fixed_charge_units__organization_id foreign key(organization_id) references organizations (id)
);
create index ix_fixed_charge_units__subscription on fixed_charge_units (organization_id, subscription_id, fixed_charge_id, given_at);

create table fixed_charge_overrides (
    organization_id uuid not null,
    id uuid not null,
    subscription_id uuid not null,
    fixed_charge_id uuid not null,
    units numeric not null,
    created_at timestamp with time zone not null,
    updated_at timestamp with time zone not null,
    constraint pk_fixed_charge_overrides primary key (organization_id, id),
    constraint fk_fixed_charge_overrides__organization_id_subscription_id foreign key(organization_id, subscription_id) references subscriptions (organization_id, id),
    constraint fk_fixed_charge_overrides__organization_id_fixed_charge_id foreign key(organization_id, fixed_charge_id) references fixed_charges (organization_id, id),
    constraint ck_fixed_charge_overrides__units check (units >= 0),
    constraint fk_fixed_charge_overrides__organization_id foreign key(organization_id) references organizations (id)
);
create unique index uq_fixed_charge_overrides__fixed_charge_id on fixed_charge_overrides (organization_id, subscription_id, fixed_charge_id);

create table events (
    organization_id uuid not null,
    id bigint generated always as identity,
    event_id uuid default gen_random_uuid() not null,
    external_subscription_id text,
    transaction_id text not null,
    code text not null,
    timestamp timestamp with time zone not null,
    properties jsonb not null,
    value numeric,
    value_field text,
    precise_total_amount_cents numeric,
    created_at timestamp with time zone not null,
    xid xid8 default pg_current_xact_id() not null
)
 partition by hash (external_subscription_id);
create index ix_events__aggregated on events (organization_id, external_subscription_id, code, timestamp);
create index ix_events__followed on events (xid, id);
create index ix_events__listed on events (organization_id, timestamp desc, transaction_id);
create unique index uq_events__transaction_id on events (organization_id, transaction_id, external_subscription_id);
-- In a schema of their own, which the application's role cannot enter: its rows are reached through the table alone.
create schema partitions;
do $$
begin
    for number in 0..7 loop
        execute format(
            'create table partitions.events_%s partition of events for values with (modulus 8, remainder %s)', number, number
        );
    end loop;
end
$$;

