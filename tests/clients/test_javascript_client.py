"""The published JavaScript client does the whole job, unchanged, on a real Node and against a real server."""

import json
from typing import Any

import pytest

from tests.clients.node import node
from tests.servers import RunningServer

pytestmark = pytest.mark.clients


@pytest.fixture(scope="module")
def facts(server: RunningServer, packages: None) -> Any:
    """What the job found out, in an organization of its own."""
    body = {"organization": {"name": "JavaScript"}}
    made = server.call("POST", "/admin/organizations", body, key=server.admin_key).json()["organization"]
    printed = node(
        "job.mjs",
        environment={
            **server.place.environment,
            "CONTO_URL": server.url,
            "CONTO_KEY": made["api_key"],
            "CONTO_HMAC_KEY": server.conto("keys", "hmac", "--organization", made["lago_id"]).stdout.strip(),
        },
    )
    return json.loads(printed.splitlines()[-1])


def test_customers_are_made_changed_found_listed_and_deleted(facts: Any) -> None:
    assert facts["customers"] == {
        "same": True,
        "name": "Acme Europe",
        "timezone": "Europe/Paris",
        "listed": ["acme.eu"],
        "meta": {"current_page": 2, "next_page": None, "prev_page": 1, "total_pages": 2, "total_count": 2},
        "deleted": "other",
    }


def test_taxes_are_made_changed_found_listed_and_deleted(facts: Any) -> None:
    assert facts["taxes"] == {"changed": 20, "found": 20, "listed": ["old", "eu/fr.standard"], "deleted": "old"}


def test_add_ons_are_made_changed_found_listed_and_deleted(facts: Any) -> None:
    assert facts["add_ons"] == {
        "changed": "Set-up",
        "taxes": ["eu/fr.standard"],
        "listed": ["old", "set/up.v2"],
        "deleted": "old",
    }


def test_the_organization_and_its_billing_entities_are_changed(facts: Any) -> None:
    assert facts["organization"] == {
        "timezone": "Europe/Paris",
        "entity": ["Europe/Rome", "Italia"],
        "defaults": [True, False],
    }


def test_webhook_endpoints_are_made_changed_found_listed_and_deleted(facts: Any) -> None:
    assert facts["webhook_endpoints"] == {
        "found": {
            "webhook_url": "https://example.com/b",
            "signature_algo": "hmac",
            "event_types": ["invoice.voided"],
        },
        "listed": 1,
        "deleted": True,
    }


def test_a_one_off_invoice_is_issued_found_downloaded_and_voided(facts: Any) -> None:
    assert facts["invoice"] == {
        "status": "finalized",
        "fees_amount_cents": 15100,
        "taxes_amount_cents": 3020,
        "total_amount_cents": 18120,
        "found": True,
        "listed": [True],
        "of_customer": 1,
        "fees": [10000, 5100],
        "document": "%PDF",
        "voided": "voided",
        "again": refused(405, {"error": "Method Not Allowed", "code": "not_voidable"}),
    }


def test_webhooks_are_verified_with_the_public_key_and_with_the_shared_one(facts: Any) -> None:
    assert facts["webhooks"] == {
        "event": "invoice.one_off_created",
        "invoice": True,
        "public_keys_agree": True,
        "jwt": True,
        "hmac": True,
    }


def test_errors_arrive_with_their_status_and_body(facts: Any) -> None:
    details = {"code": ["value_is_mandatory"], "rate": ["value_is_mandatory"]}
    invalid = {"error": "Unprocessable Entity", "code": "validation_errors", "error_details": details}
    assert facts["errors"] == {
        "missing": refused(404, {"error": "Not Found", "code": "tax_not_found"}),
        "invalid": refused(422, invalid),
        "stranger": refused(401, {"error": "Unauthorized"}),
    }


def refused(status: int, body: dict[str, Any]) -> dict[str, Any]:
    """A refusal as the client tells it: the status stands in the body, too."""
    return {"status": status, "body": {"status": status, **body}}
