"""The company of the demo's year: Havenshop of Rotterdam runs online shops for others, from 2025 to early 2026.

Its prices are in euros; a customer with another currency has them times a round factor.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from conto.core.money import exponent

OPENS = datetime(2025, 1, 1, tzinfo=UTC)
CLOSES = datetime(2026, 1, 20, 12, tzinfo=UTC)

ORGANIZATION: dict[str, Any] = {
    "legal_name": "Havenshop B.V.",
    "email": "billing@havenshop.example",
    "address_line1": "Wijnhaven 210",
    "zipcode": "3011 WS",
    "city": "Rotterdam",
    "country": "NL",
    "timezone": "Europe/Amsterdam",
    "default_currency": "EUR",
    "document_number_prefix": "HAVEN",
    "net_payment_term": 14,
    "billing_configuration": {
        "invoice_grace_period": 3,
        "invoice_footer": "Havenshop B.V. · questions about this document: billing@havenshop.example",
    },
}

DUTCH = "btw"
TAXES: list[dict[str, Any]] = [
    {"code": DUTCH, "name": "BTW", "rate": "21", "applied_to_organization": True},
    {"code": "iva", "name": "IVA", "rate": "22"},
    {"code": "mva", "name": "MVA", "rate": "25"},
    {"code": "reverse-charge", "name": "VAT reverse charge", "rate": "0"},
    {"code": "export", "name": "Not subject to VAT", "rate": "0"},
]

FACTORS = {"EUR": Decimal(1), "USD": Decimal("1.1"), "GBP": Decimal("0.9"), "NOK": Decimal(12), "JPY": Decimal(170)}
"""What one euro of the price list is in other currencies."""

IMPORT: dict[str, Any] = {
    "code": "import",
    "name": "Import of a catalogue",
    "amount_cents": 45_000,
    "amount_currency": "EUR",
}
ADD_ONS: list[dict[str, Any]] = [
    {"code": "domain", "name": "Domain", "amount_cents": 300, "amount_currency": "EUR"},
    {"code": "support", "name": "Support hours", "amount_cents": 2000, "amount_currency": "EUR"},
    IMPORT,
]

METRICS: list[dict[str, Any]] = [
    {"code": "orders", "name": "Orders", "aggregation_type": "sum_agg", "field_name": "value"},
    {
        "code": "emails",
        "name": "E-mails",
        "aggregation_type": "sum_agg",
        "field_name": "sent",
        "filters": [{"key": "kind", "values": ["receipt", "newsletter"]}],
    },
    {"code": "storage", "name": "Storage (GB)", "aggregation_type": "max_agg", "field_name": "gigabytes"},
    {
        "code": "staff",
        "name": "Staff accounts",
        "aggregation_type": "unique_count_agg",
        "field_name": "account",
        "recurring": True,
    },
    {"code": "requests", "name": "API requests", "aggregation_type": "sum_agg", "field_name": "count"},
]


def tier(start: int, end: int | None, unit: str, flat: str = "0") -> dict[str, Any]:
    """A range of a graduated or volume price."""
    return {"from_value": start, "to_value": end, "per_unit_amount": unit, "flat_amount": flat}


STORAGE = {"volume_ranges": [tier(0, 50, "0.10"), tier(51, None, "0.08", "2")]}
RECEIPTS = {"graduated_ranges": [tier(0, 500, "0.002"), tier(501, None, "0.0015")]}
NEWSLETTERS = {"graduated_ranges": [tier(0, 1000, "0.004"), tier(1001, None, "0.0025", "3")]}
VALUE_TIERS = [
    {"from_value": 0, "to_value": 20_000, "rate": "0.5", "flat_amount": "0"},
    {"from_value": 20_001, "to_value": None, "rate": "0.3", "flat_amount": "10"},
]

STARTER: dict[str, Any] = {
    "code": "starter",
    "name": "Starter",
    "interval": "monthly",
    "amount_cents": 1900,
    "pay_in_advance": True,
    "trial_period": 14,
    "charges": [{"metric": "orders", "charge_model": "percentage", "properties": {"rate": "1.5"}}],
    "fixed_charges": [
        {
            "add_on_code": "domain",
            "charge_model": "standard",
            "units": "2",
            "pay_in_advance": True,
            "prorated": True,
            "properties": {"amount": "3"},
        },
        {
            "add_on_code": "support",
            "charge_model": "standard",
            "units": "1.5",
            "prorated": True,
            "properties": {"amount": "20"},
        },
    ],
}

SHOP: dict[str, Any] = {
    "code": "shop",
    "name": "Shop",
    "interval": "monthly",
    "amount_cents": 5900,
    "pay_in_advance": True,
    "charges": [
        {
            "metric": "orders",
            "charge_model": "percentage",
            "properties": {"rate": "0.9", "fixed_amount": "0.15", "free_units_per_events": 3},
        },
        {
            "metric": "emails",
            "charge_model": "graduated",
            "properties": RECEIPTS,
            "filters": [
                {
                    "invoice_display_name": "Newsletters",
                    "values": {"kind": ["newsletter"]},
                    "properties": NEWSLETTERS,
                }
            ],
        },
        {"metric": "storage", "charge_model": "volume", "properties": STORAGE},
        {"metric": "staff", "charge_model": "standard", "prorated": True, "properties": {"amount": "6"}},
    ],
}

CHAIN: dict[str, Any] = {
    "code": "chain",
    "name": "Chain of shops",
    "interval": "yearly",
    "amount_cents": 960_000,
    "pay_in_advance": True,
    "bill_charges_monthly": True,
    "minimum_commitment": {"amount_cents": 1_200_000, "invoice_display_name": "Minimum of the year"},
    "charges": [
        {
            "metric": "orders",
            "charge_model": "graduated_percentage",
            "properties": {"graduated_percentage_ranges": VALUE_TIERS},
        },
        {
            "metric": "requests",
            "charge_model": "package",
            "properties": {"amount": "1.50", "package_size": 10_000, "free_units": 20_000},
        },
        {"metric": "storage", "charge_model": "volume", "properties": STORAGE},
    ],
}

PLANS = (STARTER, SHOP, CHAIN)

AMOUNTS = ("amount", "per_unit_amount", "flat_amount", "fixed_amount")


def abroad(properties: Any, currency: str) -> Any:
    """A charge's properties with all their amounts in the currency."""
    if isinstance(properties, list):
        return [abroad(entry, currency) for entry in properties]
    if not isinstance(properties, Mapping):
        return properties
    return {
        key: str(Decimal(value) * FACTORS[currency]) if key in AMOUNTS else abroad(value, currency)
        for key, value in properties.items()
    }


def cents_abroad(cents: int, currency: str) -> int:
    """An amount of euro cents in minor units of the currency."""
    return int(Decimal(cents).scaleb(exponent(currency) - 2) * FACTORS[currency])


@dataclass(frozen=True, slots=True)
class Customer:
    """One of the company's customers.

    `size` scales its usage. `pays` says when: `soon`, `late`, `half` of each invoice, or `never`.
    """

    code: str
    name: str
    street: str
    zipcode: str
    city: str
    country: str
    timezone: str
    plan: str
    since: datetime
    size: int
    locale: str = "en"
    currency: str = "EUR"
    tax: str = "reverse-charge"
    billing_time: str = "calendar"
    pays: str = "soon"


def at(month: int, day: int, hour: int = 9, minute: int = 0) -> datetime:
    """An instant of 2025, UTC."""
    return datetime(2025, month, day, hour, minute, tzinfo=UTC)


CUSTOMERS = (
    Customer("fietsenhuis", "Fietsenhuis Noord", "Schiekade 17", "3032 AJ", "Rotterdam", "NL", "Europe/Amsterdam",
             "shop", at(1, 6), 3, tax=DUTCH),
    Customer("canal", "Librairie du Canal", "41 quai de Valmy", "75010", "Paris", "FR", "Europe/Paris",
             "shop", at(1, 9, 14), 2, "fr"),
    Customer("torri", "Pasticceria Due Torri", "Via Zamboni 8", "40126", "Bologna", "IT", "Europe/Rome",
             "shop", at(1, 13), 4, "it", tax="iva"),
    Customer("fjordull", "Fjordull Strikkeri AS", "Strandgaten 52", "5013", "Bergen", "NO", "Europe/Copenhagen",
             "shop", at(1, 15), 5, "nb", "NOK", "mva"),
    Customer("glas", "Skärgårdsglas AB", "Tredje Långgatan 9", "413 03", "Göteborg", "SE", "Europe/Stockholm",
             "starter", at(1, 20), 1, "sv"),
    Customer("vogel", "Buchbinderei Vogel GmbH", "Karl-Heine-Straße 63", "04229", "Leipzig", "DE", "Europe/Berlin",
             "shop", at(2, 6), 2, "de", billing_time="anniversary"),
    Customer("triana", "Azulejos Triana S.L.", "Calle Alfarería 30", "41010", "Sevilla", "ES", "Europe/Madrid",
             "starter", at(2, 10), 2, "es", pays="late"),
    Customer("cedar", "Cedar & Salt LLC", "1820 SE Division St", "97202", "Portland", "US", "America/Los_Angeles",
             "shop", at(2, 17, 3), 6, currency="USD", tax="export"),
    Customer("harlem", "Harlem Record Exchange Inc.", "211 W 125th St", "10027", "New York", "US",
             "America/New_York", "chain", at(1, 7, 15), 90, currency="USD", tax="export", billing_time="anniversary"),
    Customer("serra", "Café Serra Azul Ltda", "Rua Augusta 1402", "01304-001", "São Paulo", "BR",
             "America/Sao_Paulo", "shop", at(3, 1), 3, "pt-BR", "USD", "export", pays="late"),
    Customer("shancha", "山海茶行", "永康街 14 號", "106", "台北市", "TW", "Asia/Taipei",
             "starter", at(3, 5, 2), 2, "zh-TW", "USD", "export"),
    Customer("kamo", "Kamo Paper Works", "Teramachi-dori 507", "604-0091", "Kyoto", "JP", "Asia/Tokyo",
             "shop", at(3, 10, 20), 4, currency="JPY", tax="export"),
    Customer("aire", "Aire Valley Cycles Ltd", "12 Kirkgate", "LS1 6BY", "Leeds", "GB", "Europe/London",
             "shop", at(3, 17), 2, currency="GBP", tax="export", pays="half"),
    Customer("claddagh", "Claddagh Knits Ltd", "5 Quay Lane", "H91 K8YP", "Galway", "IE", "Europe/Dublin",
             "starter", at(4, 2), 3),
    Customer("ribeira", "Ribeira Cortiça Lda", "Cais da Estiva 21", "4050-243", "Porto", "PT", "Europe/Lisbon",
             "shop", at(1, 27), 2),
    Customer("bursztyn", "Bursztyn Bałtyk sp. z o.o.", "ul. Mariacka 44", "80-833", "Gdańsk", "PL",
             "Europe/Warsaw", "shop", at(4, 14), 1),
    Customer("kernoel", "Kernöl Manufaktur Graz KG", "Sporgasse 11", "8010", "Graz", "AT", "Europe/Vienna",
             "chain", at(1, 8), 40, "de", billing_time="anniversary"),
    Customer("deccan", "Deccan Spice House Pvt Ltd", "MG Road 88", "411001", "Pune", "IN", "Asia/Kolkata",
             "shop", at(6, 30, 20), 3, currency="USD", tax="export"),
    Customer("derwent", "Derwent Surf Co Pty Ltd", "73 Salamanca Pl", "7004", "Hobart", "AU", "Australia/Hobart",
             "shop", at(5, 5), 2, currency="USD", tax="export", pays="never"),
    Customer("erable", "Érablière du Mont inc.", "2300 rue Sainte-Catherine", "H2K 2J4", "Montréal", "CA",
             "America/New_York", "chain", at(3, 31, 16), 70, "fr", "USD", "export", billing_time="anniversary"),
)  # fmt: skip
