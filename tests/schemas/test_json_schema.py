"""What JSON schemas say of fields agrees with what is read and written."""

from decimal import Decimal
from typing import Annotated

from msgspec import UNSET, Struct, UnsetType

from conto.schemas import fields as f
from conto.schemas.json_schema import schemas


class Sample(Struct, kw_only=True):
    rate: f.Rate
    amount: Annotated[Decimal, f.number(ge=0)]
    currency: f.CurrencyCode | None
    name: f.Mandatory | UnsetType = UNSET
    tags: Annotated[list[f.Text], f.items(3)] | UnsetType = UNSET
    at: f.Instant | None | UnsetType = UNSET
    count: f.Count | None | UnsetType = UNSET


def test_schemas_of_fields():
    found, components = schemas([Sample])
    assert found == [{"$ref": "#/components/schemas/Sample"}]
    sample = components["Sample"]
    assert sample["required"] == ["rate", "amount", "currency"]
    properties = sample["properties"]
    assert properties["rate"] == {"type": "number"}
    assert properties["amount"] == {"type": ["string", "number"], "minimum": 0}
    assert properties["currency"]["anyOf"][0]["$ref"] == "#/components/schemas/Currency"
    assert properties["name"] == {"type": "string", "minLength": 1, "maxLength": 255}
    assert properties["tags"] == {"type": "array", "items": {"type": "string", "maxLength": 255}, "maxItems": 3}
    assert properties["at"]["anyOf"] == [{"type": "string", "format": "date-time"}, {"type": "null"}]
    assert properties["count"]["anyOf"][0] == {"type": "integer", "minimum": 0, "maximum": 2**31 - 1}


def test_vocabularies_are_held_once():
    _, components = schemas([Sample])
    assert {"EUR", "JPY"} <= set(components["Currency"]["enum"])
    assert len(components["Country"]["enum"]) == 249
    assert components["Timezone"]["enum"][0] == "UTC"


def test_what_a_use_case_misses_is_shown_as_required():
    class Payment(Struct, kw_only=True):
        reference: Annotated[str, f.text(40), f.NEEDED] | None | UnsetType = UNSET
        note: str | UnsetType = UNSET

    _, components = schemas([Payment])
    shown = components["Payment"]
    assert shown["required"] == ["reference"]
    assert shown["properties"]["reference"] == {"anyOf": [{"type": "string", "maxLength": 40}, {"type": "null"}]}
