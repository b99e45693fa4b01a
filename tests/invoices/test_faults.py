"""The connection to the database fails at any statement of issuing an invoice: all is written, or nothing."""

import json
from collections.abc import AsyncIterator
from contextlib import suppress
from uuid import UUID

import pytest
from sqlalchemy.exc import DBAPIError
from structlog.testing import capture_logs

from conto.invoices.document import make
from conto.work import Works
from tests.books import counted, listens, mismatches, run, webhook_types
from tests.company import Company
from tests.databases import Databases
from tests.faults import company_behind, difference, proxy_before
from tests.proxy import Proxy

UNEXPECTED = {"status": 500, "error": "Internal Server Error"}


@pytest.fixture(autouse=True)
def _logged():
    """The tracebacks of so many failures would take longer to write than all the rest."""
    with capture_logs() as logs:
        yield logs


@pytest.fixture
async def proxy(databases: Databases) -> AsyncIterator[Proxy]:
    """A proxy before the server of the run."""
    async with proxy_before(databases) as opened:
        yield opened


@pytest.fixture
async def company(works: Works, databases: Databases, proxy: Proxy) -> AsyncIterator[Company]:
    """A company whose application reaches the database through the proxy, on one connection."""
    async with company_behind(proxy, works, databases) as opened:
        yield opened


@pytest.fixture
async def body(company: Company):
    """An invoice to issue; one has been issued before it, and an endpoint wants to hear of all."""
    await company.put("/organizations", {"organization": {"document_numbering": "per_organization"}})
    await company.tax(code="vat")
    await listens(company)
    customer, add_on = await company.customer(tax_codes=["vat"]), await company.add_on()
    fees = [{"add_on_code": add_on["code"]}, {"add_on_code": add_on["code"], "units": 2}]
    found = {"invoice": {"external_customer_id": customer["external_id"], "fees": fees}}
    await company.post("/invoices", found)
    return found


@pytest.mark.parametrize("answered", [False, True], ids=["statement_lost", "answer_lost"])
async def test_an_invoice_is_issued_wholly_or_not_at_all(company, databases, proxy, body, answered):
    before = await counted(databases, company)
    await company.post("/invoices", body)
    now = await counted(databases, company)
    whole = difference(before, now)
    assert whole == WHOLE

    written = []
    while True:
        before, number = now, len(written) + 1
        proxy.cut(number, answered=answered)
        answer = await company.client.post("/api/v1/invoices", json=body)
        now = await counted(databases, company)
        assert difference(before, now) in ({}, whole), f"at statement {number}"
        if proxy.statements < number:
            break
        assert (answer.status_code, answer.json()) == (500, UNEXPECTED)
        written.append(now != before)

    proxy.cut(None)
    # Only the last statement, the commit, makes it so, and only where it reached the server.
    assert written == [False] * (len(written) - 1) + [answered]
    assert answer.status_code == 200
    numbers = [row.number for row in await run(databases, NUMBERS, id=company.id)]
    assert numbers == list(range(1, 4 + answered))
    assert await mismatches(company) == []


async def test_a_call_that_failed_is_logged_once_the_database_can_be_reached(company, databases, proxy, body):
    await company.write_api_logs()
    proxy.cut(6)
    answer = await company.client.post("/api/v1/invoices", json=body)
    assert answer.status_code == 500
    proxy.cut(1)
    assert not await company.server.calls.flush()
    proxy.cut(None)
    await company.write_api_logs()
    (logged,) = (await company.get("/api_logs?http_statuses[]=500"))["api_logs"]
    assert logged["request_id"] == answer.headers["x-request-id"]
    assert json.loads(logged["request_response"]) == UNEXPECTED


WHOLE = {
    "invoices": 1,
    "fees": 2,
    "fees_taxes": 2,
    "invoices_taxes": 1,
    "ledger_transfers": 2,
    "agenda": 1,
    "webhooks": 1,
    "activity_logs": 1,
    "jobs": 3,
    "counters": 2,
}
NUMBERS = (
    "select billing_entity_sequential_id as number from invoices where organization_id = :id"
    " and billing_entity_sequential_id = sequential_id order by 1"
)


@pytest.mark.parametrize("answered", [False, True], ids=["statement_lost", "answer_lost"])
async def test_a_document_is_told_of_once_wherever_its_making_is_broken_off(company, proxy, body, answered):
    entity = {"country": "FR", "einvoicing": True}
    await company.put(
        f"/billing_entities/{company.organization.default_billing_entity_code}", {"billing_entity": entity}
    )
    number, told = 0, 0
    while proxy.statements >= number:
        invoice_id = UUID((await company.post("/invoices", body))["invoice"]["lago_id"])
        number, told = number + 1, told + 1
        proxy.cut(number, answered=answered)
        with suppress(DBAPIError, OSError):
            await make(company.works, company.id, invoice_id)
        broken_off_at = proxy.statements
        proxy.cut(None)
        await make(company.works, company.id, invoice_id)
        shown = (await company.get(f"/invoices/{invoice_id}"))["invoice"]
        assert shown["file_url"], f"at statement {number}"
        assert shown["xml_url"], f"at statement {number}"
        assert (await webhook_types(company)).count("invoice.generated") == told, f"at statement {number}"
        proxy.statements = broken_off_at
    assert number > 5
