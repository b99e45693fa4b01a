"""The list of customers, with its filters (chapter 10 §4.4)."""

from msgspec import UNSET
from sqlalchemy import ColumnElement

from conto import metadata
from conto.customers.queries import with_entity
from conto.db.tables import customer_metadata, customers
from conto.errors import Invalid
from conto.listing import Found, contains, page_of
from conto.organizations.queries import billing_entity_ids
from conto.schemas.customer_filters import CustomerFilters
from conto.work import Work

SEARCHED = ("name", "firstname", "lastname", "legal_name", "external_id", "email")


async def list_customers(work: Work, filters: CustomerFilters, *, offset: int, limit: int) -> Found:
    """Customers that are not deleted, newest first.

    Raises:
        NotFound: a billing entity's code names none.
        Invalid: two filters contradict each other.
    """
    if filters.customer_type is not UNSET and filters.has_customer_type is False:
        raise Invalid({"customer_type": ["must be nil when has_customer_type is false"]})
    statement = with_entity(work).where(customers.c.deleted_at.is_(None), *_conditions(filters))
    if filters.billing_entity_codes:
        ids = await billing_entity_ids(work, filters.billing_entity_codes)
        statement = statement.where(customers.c.billing_entity_id.in_(ids))
    statement = statement.where(
        *metadata.matching(work, customer_metadata, "customer_id", customers.c.id, filters.metadata or {})
    )
    ordered = statement.order_by(customers.c.created_at.desc(), customers.c.id)
    return await page_of(work, ordered, offset=offset, limit=limit)


def _conditions(filters: CustomerFilters) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if filters.external_id:
        conditions.append(customers.c.external_id == filters.external_id)
    elif filters.search_term and filters.search_term.strip():
        conditions.append(contains(filters.search_term, *(customers.c[name] for name in SEARCHED)))
    for column, values in (
        (customers.c.account_type, filters.account_type),
        (customers.c.country, filters.countries),
        (customers.c.state, filters.states),
        (customers.c.zipcode, filters.zipcodes),
        (customers.c.currency, filters.currencies),
    ):
        if values:
            conditions.append(column.in_(values))
    for column, wanted in (
        (customers.c.tax_identification_number, filters.has_tax_identification_number),
        (customers.c.customer_type, filters.has_customer_type),
    ):
        if wanted is not UNSET:
            conditions.append(column.is_not(None) if wanted else column.is_(None))
    if filters.customer_type is not UNSET:
        conditions.append(customers.c.customer_type == filters.customer_type)
    return conditions
