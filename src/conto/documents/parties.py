"""The two sides of a document: names, numbers and addresses in the form usual in their country (chapter 72 §8.1)."""

from collections.abc import Mapping
from typing import Any

from conto.documents import formats
from conto.documents.wording import Wording

# A form is the lines after the street; a line is pairs of a separator and the field after it.
Form = tuple[tuple[tuple[str, str], ...], ...]

ZIP_CITY: Form = ((("", "zipcode"), (" ", "city")), (("", "state"),))
ZIP_CITY_STATE: Form = ((("", "zipcode"), (" ", "city"), (" ", "state")),)
CITY_STATE_ZIP: Form = ((("", "city"), (" ", "state"), (" ", "zipcode")),)
CITY_COMMA_STATE_ZIP: Form = ((("", "city"), (", ", "state"), (" ", "zipcode")),)
CITY_ZIP: Form = ((("", "city"), (" ", "zipcode")), (("", "state"),))
CITY_AND_ZIP: Form = ((("", "city"),), (("", "state"),), (("", "zipcode"),))

FORMS: Mapping[str, Form] = (
    dict.fromkeys(("US", "PR", "PH", "BR"), CITY_COMMA_STATE_ZIP)
    | dict.fromkeys(("AU", "CA", "JP", "KR", "CN", "TW"), CITY_STATE_ZIP)
    | dict.fromkeys(("ID", "IN", "NZ", "PK", "SA", "SG", "TH"), CITY_ZIP)
    | dict.fromkeys(("GB", "GG", "IE", "IM", "JE", "KE", "ZA"), CITY_AND_ZIP)
    | {"IT": ZIP_CITY_STATE}
)


def address(party: Mapping[str, Any], wording: Wording) -> list[str]:
    """The address's lines, the country's name last; absent fields leave no trace."""
    code = party.get("country") or ""
    streets = [party.get("address_line1"), party.get("address_line2")]
    places = [_joined(line, party) for line in FORMS.get(code, ZIP_CITY)]
    land = formats.country(code, wording.locale) if code else None
    return [line for line in [*streets, *places, land] if line]


def _joined(line: tuple[tuple[str, str], ...], party: Mapping[str, Any]) -> str:
    text = ""
    for separator, field in line:
        if value := party.get(field):
            text += (separator if text else "") + value
    return text


def entity_name(entity: Mapping[str, Any]) -> str:
    """The billing entity's legal name, else its name."""
    return entity.get("legal_name") or entity["name"]


def customer_names(customer: Mapping[str, Any]) -> list[str]:
    """The company's name and the person's, those there are; else the external id."""
    company = customer.get("legal_name") or customer.get("name")
    person = " ".join(part for part in (customer.get("firstname"), customer.get("lastname")) if part)
    return [name for name in (company, person) if name] or [customer["external_id"]]


def party(label: str, names: list[str], source: Mapping[str, Any], wording: Wording) -> dict[str, Any]:
    """One side, ready to print: its label, its name, and the lines below."""
    return {
        "label": wording.say(label),
        "name": names[0],
        "lines": [*names[1:], *_contact(source, wording)],
    }


def _contact(source: Mapping[str, Any], wording: Wording) -> list[str]:
    lines = address(source, wording)
    if number := source.get("legal_number"):
        lines.insert(0, wording.say("legal_number", number=number))
    if email := source.get("email"):
        lines.append(email)
    if number := source.get("tax_identification_number"):
        lines.append(wording.say("tax_number", number=number))
    return lines


def both(invoice: Mapping[str, Any], seller: Mapping[str, Any], wording: Wording) -> list[dict[str, Any]]:
    """From and bill to. On self-billing invoices the customer is who delivers, so the two are swapped."""
    customer = invoice["customer"]
    sides = [([entity_name(seller)], seller), (customer_names(customer), customer)]
    if invoice.get("self_billed"):
        sides.reverse()
    labels = ("from", "bill_to")
    return [party(label, names, source, wording) for label, (names, source) in zip(labels, sides, strict=True)]
