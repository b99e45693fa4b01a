"""The connection to the database fails at any statement of a renewal: afterwards it is billed once, and rightly."""

from contextlib import suppress
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.exc import DBAPIError
from structlog.testing import capture_logs

from conto import agenda
from conto.agenda import Lane, Outcome
from conto.clock import system_now
from conto.db.engine import create_engine
from conto.work import Works
from tests.books import counted, mismatches, run
from tests.company import Company, open_company
from tests.databases import Databases
from tests.invoices.test_faults import difference, proxy, server_folder
from tests.metering.usage import charge, happened
from tests.proxy import Proxy
from tests.subscriptions.story import alike, epoch, goes_live

__all__ = ["proxy"]

MOST_STATEMENTS = 32


@pytest.fixture(autouse=True)
def _logged():
    """The tracebacks of so many failures would take longer to write than all the rest."""
    with capture_logs() as logs:
        yield logs


@pytest.fixture
async def company(works: Works, databases: Databases, proxy: Proxy):
    """A company whose application reaches the database through the proxy, on one connection."""
    url = databases.url().replace(server_folder(databases), str(proxy.folder))
    engine = create_engine(url, pool_size=1)
    through = Works(engine, works.secrets, works.files, works.public_url)
    async with open_company(through, "2024-03-05T12:00:00Z") as opened:
        yield opened
        proxy.cut(None)
        await opened.leave()
    await engine.dispose()


async def customers_due(company: Company, databases: Databases) -> list[dict[str, Any]]:
    """Customers alike whose first renewal was missed, each with usage in arrears and a plan in advance."""
    tax, metric = await company.tax(), await company.metric()
    taxed = {"tax_codes": [tax["code"]]}
    usage = await company.plan(name="Usage", charges=[charge(metric)], **taxed)
    advance = await company.plan(name="Advance", pay_in_advance=True, **taxed)
    # It started in the past, so that its first fee is the renewal's.
    paid = {"subscription_at": "2024-03-04T00:00:00Z"}
    customers = []
    for number in range(MOST_STATEMENTS):
        customer = await company.customer()
        used = await company.subscribe(customer, usage, external_id=f"used {number}")
        await company.subscribe(customer, advance, external_id=f"paid {number}", **paid)
        await happened(company, used, metric, {"timestamp": epoch("2024-03-12T00:00:00Z")})
        customers.append(customer)
    await goes_live(databases, company)
    return customers


async def renewed(company: Company, customer: dict[str, Any]) -> Outcome:
    """Have the customer's next entry handled, which is its renewal."""
    until = system_now()
    return await agenda.run_next(company.works, company.id, UUID(customer["lago_id"]), Lane.CUSTOMER, until)


HOLD_NO_MORE = "update agenda set try_at = null where organization_id = :id"


def comparable(invoices: list[dict[str, Any]]) -> Any:
    """The invoices without what tells one customer from another."""
    for invoice in invoices:
        del invoice["customer"], invoice["number"]
        for each in (*invoice["fees"], *invoice["billing_periods"], *invoice["subscriptions"]):
            each.pop("external_subscription_id", None)
            each.pop("external_customer_id", None)
            each.pop("external_id", None)
    return alike(invoices)


@pytest.mark.parametrize("answered", [False, True], ids=["statement_lost", "answer_lost"])
async def test_a_renewal_that_is_broken_off_anywhere_is_done_once(company, databases, proxy, answered):
    first, *others = await customers_due(company, databases)
    before = await counted(databases, company)
    assert await renewed(company, first) in (Outcome.DONE, Outcome.LAST)
    now = await counted(databases, company)
    whole = difference(before, now)
    assert (whole["invoices"], whole["fees"], whole["invoice_subscriptions"]) == (1, 3, 2)
    expected = comparable(await company.invoices(first))

    written, failed = [], True
    for number, customer in enumerate(others, 1):
        before = now
        proxy.cut(number, answered=answered)
        with suppress(DBAPIError, OSError):
            await renewed(company, customer)
        failed = proxy.statements >= number
        proxy.cut(None)
        now = await counted(databases, company)
        assert difference(before, now) in ({}, whole), f"at statement {number}"
        if not failed:
            break
        written.append(now != before)
        await run(databases, HOLD_NO_MORE, id=company.id)
        if now == before:
            assert await renewed(company, customer) in (Outcome.DONE, Outcome.LAST)
            now = await counted(databases, company)
            assert difference(before, now) == whole, f"after statement {number}"
        assert comparable(await company.invoices(customer)) == expected, f"after statement {number}"

    assert not failed, "there are more statements than customers"
    # Only one statement, the commit, makes it so, and only where it reached the server.
    assert len(written) > 12
    assert sum(written) == answered
    assert await mismatches(company) == []
