"""The activity log and the log of calls of the API."""

from alembic import op

from conto.db.migrations.tenancy import hold_to_its_organization

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.execute(
        """
        create table activity_logs (
            organization_id uuid not null,
            id uuid not null,
            sequence bigint generated always as identity,
            batch_id uuid not null,
            activity_type text not null,
            activity_source text not null,
            object_type text not null,
            object_id uuid not null,
            activity_object json,
            activity_object_changes json not null,
            resource_type text not null,
            resource_id uuid not null,
            external_customer_id text,
            external_subscription_id text,
            user_email text,
            logged_at timestamp with time zone not null,
            constraint pk_activity_logs primary key (organization_id, id),
            constraint ck_activity_logs__activity_source check (activity_source in ('api', 'front', 'system')),
            constraint fk_activity_logs__organization_id foreign key (organization_id) references organizations (id)
        )
        """
    )
    op.execute("create index ix_activity_logs__latest on activity_logs (organization_id, logged_at, sequence)")
    op.execute("create index ix_activity_logs__resource on activity_logs (organization_id, resource_id, logged_at)")
    op.execute(
        "create index ix_activity_logs__customer on activity_logs (organization_id, external_customer_id, logged_at)"
    )
    op.execute(
        "create index ix_activity_logs__not_shown on activity_logs (organization_id, batch_id)"
        " where activity_object is null"
    )
    op.execute(
        """
        create table api_logs (
            organization_id uuid not null,
            id uuid not null,
            sequence bigint generated always as identity,
            request_id text not null,
            client text not null,
            http_method text not null,
            http_status integer not null,
            request_origin text not null,
            request_path text not null,
            request_body text not null,
            request_response text not null,
            api_version text not null,
            logged_at timestamp with time zone not null,
            constraint pk_api_logs primary key (organization_id, id),
            constraint ck_api_logs__http_method check (http_method in ('post', 'put', 'patch', 'delete')),
            constraint fk_api_logs__organization_id foreign key (organization_id) references organizations (id)
        )
        """
    )
    op.execute("create index ix_api_logs__latest on api_logs (organization_id, logged_at, sequence)")
    op.execute("create index ix_api_logs__request on api_logs (organization_id, request_id)")
    for table in ("activity_logs", "api_logs"):
        hold_to_its_organization(table)


def downgrade() -> None:
    op.execute("drop table api_logs")
    op.execute("drop table activity_logs")
