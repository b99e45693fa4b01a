"""The connection to the database fails at any statement of what is billed: afterwards it is billed once, and rightly.

Each test has three customers alike. What is done to the first is what must come out for the others, for whom it is
broken off before it succeeds: one time each statement is lost, the other time the answers to the last ones,
the commit's among them.
"""

import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from conto import agenda
from conto.agenda import Lane, Outcome
from conto.clock import system_now
from conto.db.faults import LOST
from conto.work import Works
from tests.books import counted, listens, mismatches, run
from tests.company import Company
from tests.databases import Databases
from tests.faults import broken_off, company_behind, difference, proxy_before
from tests.metering.usage import charge, happened
from tests.proxy import Proxy
from tests.subscriptions.story import alike, epoch, goes_live

START = "2024-03-05T12:00:00Z"

LAST = 3
"""So many statements before the last one answers are lost, too."""

Act = Callable[[dict[str, Any]], Awaitable[bool]]
"""Tries once to do something to a customer, and says whether it succeeded."""


@pytest.fixture(autouse=True)
def _logged():
    """The tracebacks of so many failures would take longer to write than all the rest."""
    with capture_logs() as logs:
        yield logs


@pytest.fixture
async def proxy(databases: Databases):
    """A proxy before the server of the run."""
    async with proxy_before(databases) as opened:
        yield opened


@pytest.fixture
async def company(works: Works, databases: Databases, proxy: Proxy):
    """A company whose application has one connection to the database, through the proxy."""
    async with company_behind(proxy, works, databases, START) as opened:
        yield opened


async def customers(company: Company, *, grace: int = 0, **fields: Any) -> list[dict[str, Any]]:
    """Three customers alike, each with a plan in arrears, one in advance, usage of both, and something in credit.

    `fields` are those of both subscriptions. What each has bought, and its credit note, was issued and paid.
    """
    tax, metric, add_on = await company.tax(), await company.metric(), await company.add_on()
    taxed = {"tax_codes": [tax["code"]]}
    usage = await company.plan(name="Usage", charges=[charge(metric)], **taxed)
    paid = {"name": "Advance", "pay_in_advance": True, "amount_cents": 3100, "code": "advance"}
    advance = await company.plan(charges=[charge(metric)], **paid, **taxed)
    await company.plan(name="Dearer", pay_in_advance=True, amount_cents=6200, code="dearer", **taxed)
    made = []
    for _ in range(3):
        customer = await company.customer(billing_configuration={"invoice_grace_period": grace})
        bought = await company.invoice(customer, {"add_on_code": add_on["code"]})
        await company.paid(bought, bought["total_amount_cents"])
        await company.credit_note(bought, 9000, credit_amount_cents=9000)
        for name, plan in (("used", usage), ("paid", advance)):
            subscription = await company.subscribe(
                customer, plan, external_id=f"{name} by {customer['external_id']}", **fields
            )
            days = [{"timestamp": epoch(f"2024-03-{day}T00:00:00Z")} for day in ("07", "12")]
            await happened(company, subscription, metric, *days)
        made.append(customer)
    return made


HOLD_NO_MORE = "update agenda set attempts = 0, try_at = null, error = null where organization_id = :id"


def by_the_agenda(company: Company, databases: Databases) -> Act:
    """Have the next entry of a customer's lane handled."""

    async def act(customer: dict[str, Any]) -> bool:
        outcome = None
        with suppress(*LOST):
            outcome = await agenda.run_next(
                company.works, company.id, UUID(customer["lago_id"]), Lane.CUSTOMER, system_now()
            )
        await run(databases, HOLD_NO_MORE, id=company.id)
        assert outcome is not Outcome.NOTHING
        return outcome in (Outcome.DONE, Outcome.LAST)

    return act


def by_a_call(company: Company, method: str, calls: dict[str, tuple[str, Any]]) -> Act:
    """Make the call of a customer, given with path and body by its id."""

    async def act(customer: dict[str, Any]) -> bool:
        path, body = calls[customer["lago_id"]]
        answer = await company.client.request(method, f"/api/v1{path}", json=body)
        assert answer.status_code in (200, 500), answer.text
        return answer.status_code == 200

    return act


async def books(company: Company, customer: dict[str, Any]) -> Any:
    """What a customer has, without what tells one customer from another."""
    of_customer = f"external_customer_id={customer['external_id']}"
    anywhere = "".join(f"&status[]={status}" for status in ("active", "terminated", "pending", "canceled"))
    found = {
        "invoices": await company.invoices(customer),
        "credit_notes": (await company.get(f"/credit_notes?{of_customer}"))["credit_notes"],
        "subscriptions": (await company.get(f"/subscriptions?{of_customer}{anywhere}"))["subscriptions"],
    }
    found["credit_notes"].sort(key=lambda note: note["sequential_id"])
    found["subscriptions"].sort(key=lambda subscription: (subscription["created_at"], subscription["plan_code"]))
    text = json.dumps(alike(found)).replace(customer["slug"], "SLUG").replace(customer["external_id"], "CUSTOMER")
    told = json.loads(text)
    for each in (*told["invoices"], *told["credit_notes"]):
        del each["customer"]["sequential_id"]
    return told


async def holds(
    company: Company, databases: Databases, proxy: Proxy, act: Act, three: list[dict[str, Any]]
) -> dict[str, list[dict[str, Any]]]:
    """Do it to the first customer, and break it off everywhere for the others: the same comes out; what."""
    await listens(company)
    before = await counted(databases, company)
    assert await act(three[0])
    after = await counted(databases, company)
    whole, expected = difference(before, after), await books(company, three[0])
    lost = 1
    for customer, answered in zip(three[1:], (False, True), strict=True):
        before = after
        # A lost answer is known by the next statement, which was lost before; the commit has none.
        begins = lost - LAST if answered else 1
        lost = await broken_off(company, databases, proxy, partial(act, customer), answered=answered, after=begins)
        assert lost > 12
        after = await counted(databases, company)
        assert difference(before, after) == whole
        assert await books(company, customer) == expected
    assert await mismatches(company) == []
    return expected


async def test_a_renewal_that_is_broken_off_anywhere_is_done_once(company, databases, proxy):
    three = await customers(company)
    await company.advance("2024-03-31T12:00:00Z")
    await goes_live(databases, company)
    told = await holds(company, databases, proxy, by_the_agenda(company, databases), three)
    (renewal,) = [each for each in told["invoices"] if len(each["subscriptions"]) == 2]
    assert len(renewal["fees"]) == 4
    assert renewal["credit_notes_amount_cents"] > 0


async def test_an_end_in_time_that_is_broken_off_anywhere_is_done_once(company, databases, proxy):
    three = await customers(company, ending_at="2024-03-15T00:00:00Z")
    await company.advance("2024-03-14T12:00:00Z")
    await goes_live(databases, company)
    told = await holds(company, databases, proxy, by_the_agenda(company, databases), three)
    assert sorted(each["status"] for each in told["subscriptions"]) == ["active", "terminated"]


def deletions(three: list[dict[str, Any]]) -> dict[str, tuple[str, Any]]:
    """The calls that end what each customer has paid in advance."""
    return {each["lago_id"]: (f"/subscriptions/paid by {each['external_id']}", None) for each in three}


async def test_an_end_by_a_call_that_is_broken_off_anywhere_is_done_once(company, databases, proxy):
    three = await customers(company)
    await company.advance("2024-03-14T12:00:00Z")
    act = by_a_call(company, "DELETE", deletions(three))
    told = await holds(company, databases, proxy, act, three)
    assert len(told["credit_notes"]) == 2
    assert sorted(each["status"] for each in told["subscriptions"]) == ["active", "terminated"]


async def drafts(company: Company, three: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Of each customer the draft over what it pays in advance; a credit note waits on it."""
    found = []
    for customer in three:
        await company.delete(f"/subscriptions/paid by {customer['external_id']}")
        of_customer = f"/customers/{customer['external_id']}/invoices?status=draft"
        starting, _ = sorted((await company.get(of_customer))["invoices"], key=lambda each: each["created_at"])
        found.append(starting)
    return found


async def test_an_issue_in_time_that_is_broken_off_anywhere_is_done_once(company, databases, proxy):
    three = await customers(company, grace=4)
    await company.advance("2024-03-07T12:00:00Z")
    await drafts(company, three)
    await company.advance("2024-03-08T12:00:00Z")
    await goes_live(databases, company)
    told = await holds(company, databases, proxy, by_the_agenda(company, databases), three)
    assert sorted(each["status"] for each in told["invoices"]) == ["draft", "finalized", "finalized"]
    assert [each["credit_status"] for each in told["credit_notes"]].count("draft") == 0


async def test_an_issue_by_a_call_that_is_broken_off_anywhere_is_done_once(company, databases, proxy):
    three = await customers(company, grace=4)
    await company.advance("2024-03-07T12:00:00Z")
    paths = [f"/invoices/{each['lago_id']}/finalize" for each in await drafts(company, three)]
    act = by_a_call(company, "PUT", {each["lago_id"]: (path, None) for each, path in zip(three, paths, strict=True)})
    told = await holds(company, databases, proxy, act, three)
    assert sorted(each["status"] for each in told["invoices"]) == ["draft", "finalized", "finalized"]


async def test_an_upgrade_that_is_broken_off_anywhere_is_done_once(company, databases, proxy):
    three = await customers(company)
    await company.advance("2024-03-14T12:00:00Z")
    calls = {
        each["lago_id"]: (
            "/subscriptions",
            {
                "subscription": {
                    "external_customer_id": each["external_id"],
                    "plan_code": "dearer",
                    "external_id": f"paid by {each['external_id']}",
                }
            },
        )
        for each in three
    }
    told = await holds(company, databases, proxy, by_a_call(company, "POST", calls), three)
    assert len(told["credit_notes"]) == 2
    assert sorted(each["plan_code"] for each in told["subscriptions"] if each["status"] == "active")[0] == "dearer"
