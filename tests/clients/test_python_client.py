"""The published Python client does the whole job, unchanged, against a real server."""

import base64
import hashlib
import hmac
import time
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey
from lago_python_client import Client
from lago_python_client.exceptions import LagoApiError
from lago_python_client.models import (
    AddOn,
    BillingEntity,
    BillingEntityUpdate,
    Customer,
    InvoiceFee,
    InvoiceFeesList,
    Metadata,
    MetadataList,
    OneOffInvoice,
    Organization,
    Tax,
    WebhookEndpoint,
)

from tests.receiver import Received, receiver
from tests.servers import RunningServer, wait_until

pytestmark = pytest.mark.clients

DOCUMENT_SECONDS = 60


@pytest.fixture
def client(server: RunningServer, key: str) -> Client:
    """The client, as its users make it."""
    return Client(api_key=key, api_url=server.url)


def bill(client: Client, **fields: Any) -> Any:
    """A one-off invoice over two fees for a new customer: 100 and 2 × 25.50 EUR, 20 % tax."""
    client.customers.create(Customer(external_id="acme", name="Acme", currency="EUR"))
    client.taxes.create(Tax(name="VAT", code="vat", rate=20.0))
    client.add_ons.create(AddOn(name="Setup", code="setup", amount_cents=10000, amount_currency="EUR"))
    fees = [
        InvoiceFee(add_on_code="setup", tax_codes=["vat"]),
        InvoiceFee(add_on_code="setup", units=2, unit_amount_cents=2550, tax_codes=["vat"], description="Hours"),
    ]
    return client.invoices.create(
        OneOffInvoice(external_customer_id="acme", currency="EUR", fees=InvoiceFeesList(__root__=fees), **fields)
    )


def test_customers_are_made_changed_found_listed_and_deleted(client: Client) -> None:
    made = client.customers.create(
        Customer(
            external_id="acme.eu",
            name="Acme",
            currency="EUR",
            timezone="Europe/Paris",
            metadata=MetadataList(__root__=[Metadata(key="tier", value="gold", display_in_invoice=True)]),
        )
    )
    changed = client.customers.create(Customer(external_id="acme.eu", name="Acme Europe"))
    found = client.customers.find("acme.eu")

    assert made.applicable_timezone == "Europe/Paris"
    assert (changed.lago_id, found.name, found.currency) == (made.lago_id, "Acme Europe", "EUR")
    assert [(entry.key, entry.value) for entry in found.metadata.__root__] == [("tier", "gold")]
    client.customers.create(Customer(external_id="other"))
    listed = client.customers.find_all({"per_page": 1})
    assert [customer.external_id for customer in listed["customers"]] == ["other"]
    assert listed["meta"] == {
        "current_page": 1,
        "next_page": 2,
        "prev_page": None,
        "total_pages": 2,
        "total_count": 2,
    }
    assert client.customers.destroy("acme.eu").external_id == "acme.eu"
    assert [customer.external_id for customer in client.customers.find_all()["customers"]] == ["other"]


def test_taxes_are_made_changed_found_listed_and_deleted(client: Client) -> None:
    made = client.taxes.create(Tax(name="VAT", code="eu/fr.standard", rate=19.6, description="French"))
    changed = client.taxes.update(Tax(name="VAT", rate=20.0), "eu/fr.standard")
    found = client.taxes.find("eu/fr.standard")

    assert (made.code, made.rate) == ("eu/fr.standard", 19.6)
    assert (changed.lago_id, changed.rate, found.rate, found.description) == (made.lago_id, 20.0, 20.0, "French")
    assert [tax.code for tax in client.taxes.find_all()["taxes"]] == ["eu/fr.standard"]
    assert client.taxes.destroy("eu/fr.standard").code == "eu/fr.standard"
    assert client.taxes.find_all()["taxes"] == []


def test_add_ons_are_made_changed_found_listed_and_deleted(client: Client) -> None:
    client.taxes.create(Tax(name="VAT", code="vat", rate=20.0))
    made = client.add_ons.create(
        AddOn(name="Setup", code="set/up.v2", amount_cents=100, amount_currency="EUR", tax_codes=["vat"])
    )
    changed = client.add_ons.update(AddOn(name="Set-up", amount_cents=250), "set/up.v2")
    found = client.add_ons.find("set/up.v2")

    assert [tax.code for tax in made.taxes.__root__] == ["vat"]
    assert (changed.name, changed.amount_cents, found.amount_currency) == ("Set-up", 250, "EUR")
    assert [add_on.code for add_on in client.add_ons.find_all({"page": 1})["add_ons"]] == ["set/up.v2"]
    assert client.add_ons.destroy("set/up.v2").lago_id == made.lago_id
    assert client.add_ons.find_all()["add_ons"] == []


def test_the_organization_and_its_billing_entities_are_changed(client: Client) -> None:
    organization = client.organizations.update(
        Organization(default_currency="EUR", timezone="Europe/Paris", legal_name="Conto SAS")
    )
    made = client.billing_entities.create(BillingEntity(code="it", name="Italia", timezone="Europe/Rome"))
    changed = client.billing_entities.update(BillingEntityUpdate(name="Italia SpA"), "it")

    assert (organization.timezone, organization.legal_name) == ("Europe/Paris", "Conto SAS")
    assert (made.is_default, changed.name, client.billing_entities.find("it").timezone) == (
        False,
        "Italia SpA",
        "Europe/Rome",
    )
    entities = client.billing_entities.find_all()["billing_entities"]
    assert [(entity.is_default, entity.timezone) for entity in entities] == [
        (True, "Europe/Paris"),
        (False, "Europe/Rome"),
    ]


def test_a_one_off_invoice_is_issued_found_downloaded_and_voided(client: Client) -> None:
    invoice = bill(client, purchase_order_number="PO 7")

    assert (invoice.status, invoice.payment_status, invoice.purchase_order_number) == ("finalized", "pending", "PO 7")
    assert (invoice.fees_amount_cents, invoice.taxes_amount_cents, invoice.total_amount_cents) == (15100, 3020, 18120)
    assert [fee.amount_cents for fee in invoice.fees.__root__] == [10000, 5100]
    assert [fee.lago_id for fee in client.fees.find_all({"external_customer_id": "acme"})["fees"]] == [
        fee.lago_id for fee in invoice.fees.__root__
    ]
    assert client.fees.find(invoice.fees.__root__[1].lago_id).units == "2.0"
    assert client.invoices.find(invoice.lago_id).number == invoice.number
    assert [found.lago_id for found in client.invoices.find_all({"status": "finalized"})["invoices"]] == [
        invoice.lago_id
    ]
    assert client.invoices.find_all({"status": "voided"})["meta"]["total_count"] == 0

    document = downloaded(client, invoice.lago_id)
    assert document.startswith(b"%PDF")
    assert document.rstrip().endswith(b"%%EOF")

    voided = client.invoices.void(invoice.lago_id)
    assert (voided.status, voided.number, voided.total_due_amount_cents) == ("voided", invoice.number, 0)
    with pytest.raises(LagoApiError) as again:
        client.invoices.void(invoice.lago_id)
    assert again.value.response == {"status": 405, "error": "Method Not Allowed", "code": "not_voidable"}


def downloaded(client: Client, invoice_id: str) -> bytes:
    """The invoice's PDF, once it is there."""
    deadline = time.monotonic() + DOCUMENT_SECONDS
    while (found := client.invoices.download(invoice_id)) is None:
        assert time.monotonic() < deadline, "no PDF has been made in time"
        time.sleep(0.1)
    answer = httpx.get(found.file_url)
    assert answer.headers["content-type"] == "application/pdf"
    return answer.raise_for_status().content


def test_what_happened_is_listed_and_found(client: Client) -> None:
    made = client.customers.create(Customer(external_id="acme", name="Acme"))

    def shown() -> bool:
        return client.activity_logs.find_all()["activity_logs"][0].activity_object is not None

    wait_until(shown, DOCUMENT_SECONDS)
    (listed,) = client.activity_logs.find_all({"resource_types[]": "Customer"})["activity_logs"]
    found = client.activity_logs.find(listed.activity_id)
    assert (found.activity_type, found.resource_id) == ("customer.created", made.lago_id)
    assert found.activity_object["external_id"] == "acme"


def test_webhook_endpoints_are_made_changed_found_listed_and_deleted(client: Client) -> None:
    made = client.webhook_endpoints.create(
        WebhookEndpoint(webhook_url="https://example.com/b", signature_algo="hmac", event_types=["invoice.voided"])
    )
    client.webhook_endpoints.create(WebhookEndpoint(webhook_url="https://example.com/a"))
    changed = client.webhook_endpoints.update(WebhookEndpoint(webhook_url="https://example.com/c"), made.lago_id)
    found = client.webhook_endpoints.find(made.lago_id)

    assert (changed.webhook_url, changed.signature_algo) == ("https://example.com/c", "hmac")
    assert (found.webhook_url, found.event_types) == ("https://example.com/c", ["invoice.voided"])
    listed = client.webhook_endpoints.find_all()["webhook_endpoints"]
    assert [endpoint.webhook_url for endpoint in listed] == ["https://example.com/a", "https://example.com/c"]
    assert client.webhook_endpoints.destroy(made.lago_id).lago_id == made.lago_id
    assert client.webhook_endpoints.find_all()["meta"]["total_count"] == 1


async def test_a_webhook_is_verified_with_the_public_key_that_the_client_gives(server: RunningServer, client: Client):
    async with receiver() as target:
        client.webhook_endpoints.create(
            WebhookEndpoint(webhook_url=target.url, event_types=["invoice.one_off_created"])
        )
        invoice = bill(client)
        (hook,) = await target.has(1)

    assert hook.headers["x-lago-signature-algorithm"] == "jwt"
    signed = jwt.decode(
        hook.headers["x-lago-signature"], RSAKey.import_key(client.webhooks.public_key()), algorithms=["RS256"]
    )
    assert signed.claims == {"data": hook.body.decode(), "iss": server.url}
    assert announced(hook) == ("invoice.one_off_created", invoice.lago_id)


async def test_a_webhook_is_verified_with_the_key_shared_with_the_receiver(server: RunningServer):
    client = Client(api_key=server.api_key, api_url=server.url)
    async with receiver() as target:
        endpoint = client.webhook_endpoints.create(
            WebhookEndpoint(webhook_url=target.url, signature_algo="hmac", event_types=["invoice.one_off_created"])
        )
        invoice = bill(client)
        (hook,) = await target.has(1)
    client.webhook_endpoints.destroy(endpoint.lago_id)

    organization = invoice_organization(hook)
    shared = server.conto("keys", "hmac", "--organization", organization).stdout.strip()
    assert hook.headers["x-lago-signature-algorithm"] == "hmac"
    assert base64.b64decode(hook.headers["x-lago-signature"]) == hmac.digest(shared.encode(), hook.body, hashlib.sha256)
    assert announced(hook) == ("invoice.one_off_created", invoice.lago_id)


def announced(hook: Received) -> tuple[str, str]:
    """The event and the invoice that a webhook tells of."""
    body = httpx.Response(200, content=hook.body).json()
    return body["webhook_type"], body["invoice"]["lago_id"]


def invoice_organization(hook: Received) -> str:
    """The organization that a webhook comes from."""
    return httpx.Response(200, content=hook.body).json()["organization_id"]


def test_errors_arrive_with_their_status_and_body(server: RunningServer, client: Client) -> None:
    with pytest.raises(LagoApiError) as missing:
        client.taxes.find("no/such.tax")
    with pytest.raises(LagoApiError) as invalid:
        client.taxes.create(Tax(name="VAT"))
    with pytest.raises(LagoApiError) as stranger:
        Client(api_key="wrong", api_url=server.url).invoices.find_all()

    assert (missing.value.status_code, missing.value.response) == (
        404,
        {"status": 404, "error": "Not Found", "code": "tax_not_found"},
    )
    assert (invalid.value.status_code, invalid.value.response) == (
        422,
        {
            "status": 422,
            "error": "Unprocessable Entity",
            "code": "validation_errors",
            "error_details": {"code": ["value_is_mandatory"], "rate": ["value_is_mandatory"]},
        },
    )
    assert (stranger.value.status_code, stranger.value.response) == (401, {"status": 401, "error": "Unauthorized"})
