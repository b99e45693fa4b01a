"""Every row belongs to an organization, and no other sees, changes or refers to it."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from conto.api.server import all_endpoints
from conto.db.faults import sqlstate
from conto.db.tables import metadata
from tests.company import Company
from tests.things import Names, one_of_everything

OF_THE_SERVER = {"alembic_version", "follower_positions", "server_keys"}
"""Tables that belong to no organization: they hold nothing of anybody's."""

UNIQUE_OVER_ALL = {"uq_api_keys__key_hash", "uq_organizations__slug", "pk_organizations"}
"""What must be unique over all organizations: a key tells whose it is, a slug stands in addresses."""

READ_ACROSS = {"organizations", "api_keys", "agenda", "events"}
OWNED = [table for table in metadata.sorted_tables if "organization_id" in table.c]

INSUFFICIENT_PRIVILEGE = "42501"
FOREIGN_KEY_VIOLATION = "23503"


async def connected(url: str) -> AsyncIterator[AsyncConnection]:
    engine = create_async_engine(url, poolclass=NullPool)
    async with engine.connect() as connection:
        yield connection
    await engine.dispose()


@pytest.fixture
async def superuser(databases) -> AsyncIterator[AsyncConnection]:
    """A connection that row-level security does not hold for."""
    async for connection in connected(databases.url(role="postgres")):
        yield connection


@pytest.fixture
async def application(databases) -> AsyncIterator[AsyncConnection]:
    """A connection as the application's role."""
    async for connection in connected(databases.url()):
        yield connection


@pytest.fixture
async def populated(company: Company) -> Names:
    """The company with rows in every table that an organization owns."""
    names = await one_of_everything(company)
    await company.run_jobs()
    return names


@pytest.fixture
async def other(other_company: Company) -> Names:
    """Another company with rows in every table."""
    names = await one_of_everything(other_company)
    await other_company.run_jobs()
    return names


async def become(connection: AsyncConnection, company: Company) -> None:
    await connection.execute(
        text("select set_config('conto.organization', :id, true)"), {"id": str(company.organization.id)}
    )


async def refused(connection: AsyncConnection, statement: str, **values: Any) -> str | None:
    """The SQLSTATE by which the database refuses the statement, None if it does not; the rest goes on."""
    savepoint = await connection.begin_nested()
    try:
        await connection.execute(text(statement), values)
    except DBAPIError as error:
        return sqlstate(error)
    finally:
        await savepoint.rollback()
    return None


async def names_of(connection: AsyncConnection, query: str) -> set[str]:
    return {row[0] for row in await connection.execute(text(query))}


async def test_every_table_but_the_servers_own_has_an_organization(superuser):
    tables = await names_of(superuser, "select tablename from pg_tables where schemaname = 'public'")
    owned = await names_of(
        superuser,
        "select table_name from information_schema.columns where table_schema = 'public'"
        " and column_name = 'organization_id' and is_nullable = 'NO'",
    )
    assert tables - owned == OF_THE_SERVER | {"organizations"}
    assert owned == {table.name for table in OWNED}


async def test_row_level_security_is_forced_on_every_table_that_is_owned(superuser):
    forced = await names_of(
        superuser,
        "select relname from pg_class where relnamespace = 'public'::regnamespace"
        " and relrowsecurity and relforcerowsecurity",
    )
    assert forced == {table.name for table in OWNED} | {"organizations"}
    policies = await names_of(
        superuser,
        "select tablename from pg_policies where policyname = 'tenant' and cmd = 'ALL' and permissive = 'PERMISSIVE'",
    )
    assert policies == forced
    others = await names_of(superuser, "select tablename || ' ' || cmd from pg_policies where policyname <> 'tenant'")
    assert others == {f"{table} SELECT" for table in READ_ACROSS}


async def test_every_unique_index_starts_with_the_organization(superuser):
    rows = await superuser.execute(
        text(
            "select c.relname, a.attname from pg_index i"
            " join pg_class c on c.oid = i.indexrelid join pg_class t on t.oid = i.indrelid"
            " left join pg_attribute a on a.attrelid = t.oid and a.attnum = i.indkey[0]"
            " where i.indisunique and t.relnamespace = 'public'::regnamespace and not t.relname = any(:servers)"
        ),
        {"servers": list(OF_THE_SERVER)},
    )
    assert {name for name, column in rows if column != "organization_id"} == UNIQUE_OVER_ALL


async def test_every_reference_carries_the_organization(superuser):
    rows = await superuser.execute(
        text("select conname, pg_get_constraintdef(oid) from pg_constraint where contype = 'f'")
    )
    for name, definition in rows:
        columns, _, target = definition.partition(" REFERENCES ")
        if target.startswith("organizations("):
            assert columns == "FOREIGN KEY (organization_id)", name
        else:
            assert columns.startswith("FOREIGN KEY (organization_id, "), name
            assert "(organization_id, id)" in target, name


async def test_the_applications_role_cannot_pass_by_the_policies(application):
    row = (
        await application.execute(
            text("select rolsuper, rolbypassrls, rolcreaterole from pg_roles where rolname = current_user")
        )
    ).one()
    assert tuple(row) == (False, False, False)
    owners = await names_of(application, "select tableowner from pg_tables where schemaname in ('public', 'queue')")
    assert "conto_app" not in owners
    assert await refused(application, "set row_security = off; select * from customers") is not None
    assert await refused(application, "alter table customers disable row level security") == INSUFFICIENT_PRIVILEGE
    assert await refused(application, "delete from alembic_version") == INSUFFICIENT_PRIVILEGE
    defined = await names_of(
        application,
        "select proname from pg_proc where pronamespace = 'public'::regnamespace and prosecdef",
    )
    assert defined == set()


@pytest.mark.usefixtures("populated")
async def test_with_no_organization_set_there_are_no_rows(application, superuser):
    for table in metadata.sorted_tables:
        if table.name in OF_THE_SERVER:
            continue
        count = text(f"select count(*) from {table.name}")
        assert (await superuser.execute(count)).scalar_one() > 0, f"no test makes rows of {table.name}"
        assert (await application.execute(count)).scalar_one() == 0, table.name


@pytest.mark.usefixtures("populated", "other")
async def test_an_organization_sees_its_own_rows_alone(application, company):
    await become(application, company)
    for table in OWNED:
        rows = await application.execute(text(f"select distinct organization_id from {table.name}"))
        assert [row.organization_id for row in rows] == [company.id], table.name
    rows = await application.execute(text("select id from organizations"))
    assert [row.id for row in rows] == [company.id]


@pytest.mark.usefixtures("populated", "other")
async def test_rows_cannot_be_written_for_another_organization(application, company, other_company):
    await become(application, company)
    for table in OWNED:
        columns = ", ".join(
            column.name for column in table.c if column.name != "organization_id" and not column.identity
        )
        copied = (
            f"insert into {table.name} (organization_id, {columns}) select :other, {columns} from {table.name} limit 1"
        )
        moved = f"update {table.name} set organization_id = :other"
        for statement in (copied, moved):
            assert await refused(application, statement, other=other_company.id) == INSUFFICIENT_PRIVILEGE, statement
    inserted = (
        "insert into organizations (id, name, document_number_prefix, hmac_key, created_at, updated_at)"
        " values (:new, 'x', 'X', 'x', now(), now())"
    )
    assert await refused(application, inserted, new=uuid4()) == INSUFFICIENT_PRIVILEGE


@pytest.mark.usefixtures("populated", "other")
async def test_a_statement_without_a_filter_reaches_the_own_rows_alone(application, superuser, company):
    await become(application, company)
    for table in OWNED:
        own = text(f"select count(*) from {table.name} where organization_id = :own")
        count = (await superuser.execute(own, {"own": company.id})).scalar_one()
        changed = await application.execute(text(f"update {table.name} set organization_id = organization_id"))
        locked = await application.execute(text(f"select 1 from {table.name} for update"))
        assert changed.rowcount == len(locked.all()) == count > 0, table.name
    await application.rollback()


@pytest.mark.usefixtures("populated", "other")
async def test_a_reference_to_another_organizations_row_is_refused(superuser, company, other_company):
    references = [
        (table.name, constraint.columns[1].name, constraint.referred_table.name)
        for table in OWNED
        for constraint in table.foreign_key_constraints
        if len(constraint.columns) == 2
    ]
    assert len(references) > 15
    for table, column, target in references:
        # A row that refers already, where there is one: some have one reference or another.
        statement = (
            f"update {table} set {column} = (select id from {target} where organization_id = :other limit 1)"
            f" where organization_id = :own and id ="
            f" (select id from {table} where organization_id = :own order by {column} is null limit 1)"
        )
        found = await refused(superuser, statement, own=company.id, other=other_company.id)
        assert found == FOREIGN_KEY_VIOLATION, (table, column)


@pytest.mark.usefixtures("populated")
async def test_reading_across_organizations_reads_the_tables_meant_for_it_and_writes_none(works, company):
    async with works.across() as connection:
        for table in metadata.sorted_tables:
            if table.name in OF_THE_SERVER:
                continue
            count = (await connection.execute(text(f"select count(*) from {table.name}"))).scalar_one()
            assert (count > 0) == (table.name in READ_ACROSS), table.name
        for table in READ_ACROSS:
            column = "id" if table == "organizations" else "organization_id"
            for statement in (f"update {table} set {column} = {column}", f"delete from {table}"):
                changed = await connection.execute(text(statement))
                assert changed.rowcount == 0, statement
            locked = await connection.execute(text(f"select 1 from {table} for update"))
            assert locked.all() == []
    async with works.enter(company.id) as work:
        assert (await work.rows(text("select id from api_keys"))) != []


@pytest.mark.usefixtures("populated")
async def test_a_transaction_that_entered_an_organization_leaves_it_with_its_end(works, company):
    async with works.engine.connect() as connection:
        async with works.enter(company.id, connection=connection) as work:
            assert await work.rows(text("select id from customers")) != []
        async with connection.begin():
            assert (await connection.execute(text("select id from customers"))).all() == []


async def test_no_list_shows_another_organizations_data(company, other, other_company):
    secrets = [*other.values(), str(other_company.id), other_company.organization.name]
    for endpoint in all_endpoints():
        if endpoint.public or endpoint.parameters or endpoint.method != "GET":
            continue
        # The security log asks for a last day; other lists ignore it.
        answer = await company.client.get(f"{endpoint.path}?to_date=2999-01-01")
        assert answer.status_code == 200
        assert not [secret for secret in secrets if secret in answer.text], endpoint.path


async def test_names_in_bodies_and_filters_are_looked_up_in_the_own_organization(company, other, populated):
    def fees(**fields: Any) -> dict[str, Any]:
        return {"add_on_code": populated["add_ons"]} | fields

    def invoice(**fields: Any) -> dict[str, Any]:
        return {"invoice": {"external_customer_id": populated["customers"], "fees": [fees()]} | fields}

    own = populated["taxes"]
    refusals = [
        ("POST", "/invoices", invoice(external_customer_id=other["customers"]), "customer_not_found"),
        ("POST", "/invoices", invoice(fees=[fees(add_on_code=other["add_ons"])]), "add_on_not_found"),
        ("POST", "/invoices", invoice(billing_entity_code=other["billing_entities"]), "billing_entity_not_found"),
        ("POST", "/customers", {"customer": {"external_id": "c", "tax_codes": [other["taxes"]]}}, "tax_not_found"),
        (
            "POST",
            "/customers",
            {"customer": {"external_id": "c", "billing_entity_code": other["billing_entities"]}},
            "billing_entity_not_found",
        ),
        ("PUT", f"/add_ons/{populated['add_ons']}", {"add_on": {"tax_codes": [own, other["taxes"]]}}, "tax_not_found"),
        (
            "PUT",
            f"/billing_entities/{populated['billing_entities']}",
            {"billing_entity": {"tax_codes": [other["taxes"]]}},
            "tax_not_found",
        ),
        ("GET", f"/invoices?billing_entity_codes[]={other['billing_entities']}", None, "billing_entity_not_found"),
        ("GET", f"/customers?billing_entity_codes[]={other['billing_entities']}", None, "billing_entity_not_found"),
    ]
    for method, path, body, code in refusals:
        assert (await company.call(method, path, body, 404))["code"] == code, (method, path, body)
    for path in ("/invoices", "/fees"):
        listed = await company.get(f"{path}?external_customer_id={other['customers']}")
        assert listed["meta"]["total_count"] == 0
    untaxed = await company.post("/invoices", invoice(fees=[fees(tax_codes=[other["taxes"]])]))
    assert [tax["tax_code"] for tax in untaxed["invoice"]["applied_taxes"]] == [own]


async def test_two_organizations_may_use_the_same_codes(company, other_company):
    for one in (company, other_company):
        await one.tax(code="vat", rate=20 if one is company else 7)
        await one.add_on(code="setup")
        await one.customer(external_id="hooli", tax_codes=["vat"])
    invoice = await company.invoice({"external_id": "hooli"}, {"add_on_code": "setup"})
    assert invoice["taxes_amount_cents"] == 2000
    await company.delete("/taxes/vat")
    assert (await other_company.get("/customers/hooli"))["customer"]["taxes"][0]["rate"] == 7
