"""The filters of the list of customers (chapter 10 §4.4)."""

from typing import Annotated, Literal

from msgspec import UNSET, Struct, UnsetType

from conto.schemas.fields import CountryCode, ExactCurrencyCode, Flag, Text, items


class CustomerFilters(Struct, kw_only=True, frozen=True):
    """Filters of customers; all that are given must match."""

    external_id: Text | UnsetType = UNSET
    search_term: Text | UnsetType = UNSET
    account_type: list[Literal["customer", "partner"]] | UnsetType = UNSET
    billing_entity_codes: list[Text] | UnsetType = UNSET
    countries: list[CountryCode] | UnsetType = UNSET
    states: list[Text] | UnsetType = UNSET
    zipcodes: list[Text] | UnsetType = UNSET
    currencies: list[ExactCurrencyCode] | UnsetType = UNSET
    has_tax_identification_number: Flag | UnsetType = UNSET
    customer_type: Literal["company", "individual"] | UnsetType = UNSET
    has_customer_type: Flag | UnsetType = UNSET
    metadata: Annotated[dict[str, Text], items(20)] | UnsetType = UNSET
