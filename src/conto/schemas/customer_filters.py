"""The filters of the list of customers (chapter 10 §4.4)."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, get_args

from msgspec import UNSET, Struct, UnsetType

from conto.errors import Invalid
from conto.schemas.fields import CountryCode, ExactCurrencyCode, Flag, Text, items

AccountType = Literal["customer", "partner"]
ACCOUNT_TYPES = get_args(AccountType)


class CustomerFilters(Struct, kw_only=True, frozen=True):
    """Filters of customers; all that are given must match."""

    external_id: Text | UnsetType = UNSET
    search_term: Text | UnsetType = UNSET
    account_type: list[AccountType] | UnsetType = UNSET
    billing_entity_codes: list[Text] | UnsetType = UNSET
    countries: list[CountryCode] | UnsetType = UNSET
    states: list[Text] | UnsetType = UNSET
    zipcodes: list[Text] | UnsetType = UNSET
    currencies: list[ExactCurrencyCode] | UnsetType = UNSET
    has_tax_identification_number: Flag | UnsetType = UNSET
    customer_type: Literal["company", "individual"] | UnsetType = UNSET
    has_customer_type: Flag | UnsetType = UNSET
    metadata: Annotated[dict[str, Text], items(20)] | UnsetType = UNSET


def refuse_wrong_forms(raw: Mapping[str, Any]) -> None:
    """Refuse filters whose form is wrong, in the words that this list has for them (chapter 01 §4.5).

    Raises:
        Invalid: states or postcodes that are no list, or an unknown account type, told by its place.
    """
    wrong: dict[str, Any] = {
        name: ["must be an array"]
        for name in ("states", "zipcodes")
        if raw.get(name) and not isinstance(raw[name], list)
    }
    given = raw.get("account_type") or []
    types = given if isinstance(given, list) else [given]
    unknown = {
        str(place): ["must be one of: customer, partner"] for place, one in enumerate(types) if one not in ACCOUNT_TYPES
    }
    if unknown:
        wrong["account_type"] = unknown
    if wrong:
        raise Invalid(wrong)
