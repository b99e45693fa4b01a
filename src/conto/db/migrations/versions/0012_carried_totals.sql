create table carried_totals (
    organization_id uuid not null,
    id uuid not null,
    subscription_id uuid not null,
    charge_id uuid not null,
    to_datetime timestamp with time zone not null,
    totals jsonb not null,
    created_at timestamp with time zone not null,
    constraint pk_carried_totals primary key (organization_id, id),
    constraint fk_carried_totals__organization_id_subscription_id foreign key(organization_id, subscription_id) references subscriptions (organization_id, id),
    constraint fk_carried_totals__organization_id_charge_id foreign key(organization_id, charge_id) references charges (organization_id, id),
    constraint fk_carried_totals__organization_id foreign key(organization_id) references organizations (id)
);
create unique index uq_carried_totals__to_datetime on carried_totals (organization_id, subscription_id, charge_id, to_datetime);
