"""A worker is killed while it bills: another one finishes, and all is as if nobody had been killed."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

import httpx
import pytest

from conto.organizations.create import CreatedOrganization
from tests.books import run_on
from tests.company import Company, eventually
from tests.databases import Databases
from tests.live.installation import Installation, connected, installed
from tests.live.play import ADMIN_KEY
from tests.metering.usage import charge, happened
from tests.nodes import nodes_on_a_new_database
from tests.receiver import Receiver, receiver
from tests.subscriptions.story import alike, epoch

START = "2024-03-05T12:00:00Z"
BILLED = "2024-04-01T00:00:00Z"
CUSTOMERS = 4
TYPES = ("invoice.created", "invoice.generated")

_WAITING = "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
_RENEWED = "select count(*) from invoice_subscriptions where organization_id = $1"
_NUMBERS = (
    "select billing_entity_sequential_id as number from invoices where organization_id = :id"
    " order by billing_entity_sequential_id"
)
_WEBHOOKS = "select id::text, webhook_type from webhooks where organization_id = :id and webhook_type = any(:types)"
_OF_AGENDA = "lock table agenda in share mode"
_OF_ALL = "select from counters where organization_id = $1 and kind = 'billing_entity_invoices' for update"
_OF_ONE = "select from counters where organization_id = $1 and kind = 'invoices' and scope like '%' || $2 for update"


@pytest.fixture(scope="module")
async def installation(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Installation]:
    """An API on a database of its own whose clock the tests set; its two workers are still to be started."""
    async with (
        nodes_on_a_new_database(databases, tmp_path_factory.mktemp("kills")) as nodes,
        installed(nodes, START, working=False) as opened,
    ):
        yield opened


@dataclass
class Story:
    """An organization that is to renew what its customers have, and the hook that it tells."""

    company: Company
    customers: list[dict[str, Any]]
    hook: Receiver

    async def facts(self) -> list[Any]:
        """What each customer was billed, without what depends on whose turn came first."""
        told = alike([await self.company.invoices(each) for each in self.customers])
        for invoices in told:
            for invoice in invoices:
                del invoice["number"]
        return told


@asynccontextmanager
async def story(installation: Installation) -> AsyncIterator[Story]:
    """A live organization with customers that renew on 1 April, each with usage and a plan in advance."""
    await installation.forget()
    installation.set_clock(START)
    async with httpx.AsyncClient(base_url=installation.url, timeout=120) as client, receiver() as hook:
        answer = await client.post(
            "/admin/organizations",
            json={"organization": {"name": "Kills"}},
            headers={"Authorization": f"Bearer {ADMIN_KEY}"},
        )
        made = answer.json()["organization"]
        client.headers["Authorization"] = f"Bearer {made['api_key']}"
        organization = CreatedOrganization(UUID(made["lago_id"]), "Kills", made["api_key"], "", None)
        company = Company(cast("Any", None), client, organization, ADMIN_KEY, cast("Any", None))
        yield Story(company, await customers(company, hook), hook)


async def customers(company: Company, hook: Receiver) -> list[dict[str, Any]]:
    """The customers; each has bought something before, so that there is a counter of its invoices."""
    numbering = {"document_numbering": "per_organization", "document_number_prefix": "SAME"}
    await company.put("/organizations", {"organization": numbering})
    tax, metric, add_on = (
        await company.tax(code="vat"),
        await company.metric(code="calls"),
        await company.add_on(code="setup"),
    )
    taxed = {"tax_codes": [tax["code"]]}
    usage = await company.plan(code="usage", name="Usage", charges=[charge(metric)], **taxed)
    advance = await company.plan(code="advance", name="Advance", pay_in_advance=True, **taxed)
    made = []
    for number in range(CUSTOMERS):
        customer = await company.customer(external_id=f"customer {number}")
        await company.invoice(customer, {"add_on_code": add_on["code"], "invoice_display_name": "Setup"})
        used = await company.subscribe(customer, usage, external_id=f"used {number}")
        # It started in the past, so that its first fee is the renewal's.
        started = {"subscription_at": "2024-03-04T00:00:00Z"}
        await company.subscribe(customer, advance, external_id=f"paid {number}", **started)
        await happened(company, used, metric, *[{"timestamp": epoch("2024-03-12T00:00:00Z")}] * (number + 1))
        made.append(customer)
    wanted = {"webhook_url": hook.url, "event_types": list(TYPES)}
    await company.post("/webhook_endpoints", {"webhook_endpoint": wanted})
    return made


@asynccontextmanager
async def held(installation: Installation, lock: str, *values: Any) -> AsyncIterator[None]:
    """A lock that somebody else holds."""
    connection = await connected(installation.nodes)
    try:
        async with connection.transaction():
            await connection.fetch(lock, *values)
            yield
    finally:
        await connection.close()


@asynccontextmanager
async def before_anything_is_written(installation: Installation, _: Story) -> AsyncIterator[int]:
    """The worker has seen what is due, and can take none of it off the agenda."""
    async with held(installation, _OF_AGENDA):
        yield 0


@asynccontextmanager
async def while_an_invoice_is_written(installation: Installation, story: Story) -> AsyncIterator[int]:
    """All of an invoice is written but its number, and nothing is committed yet."""
    async with held(installation, _OF_ALL, story.company.id):
        yield 0


@asynccontextmanager
async def between_the_invoices(installation: Installation, story: Story) -> AsyncIterator[int]:
    """All invoices are issued but that of one customer."""
    async with held(installation, _OF_ONE, story.company.id, story.customers[1]["lago_id"]):
        yield CUSTOMERS - 1


Point = Callable[[Installation, Story], Any]


async def billed(installation: Installation, story: Story) -> int:
    """How many customers have been billed for the month, as is committed."""
    return await installation.connection.fetchval(_RENEWED, story.company.id) // 2


async def finishes(installation: Installation) -> None:
    """Another worker does all that is left, and ends as it should."""
    other = installation.workers[1]
    other.start()
    await installation.settle(BILLED)
    other.tell(signal.SIGTERM)
    assert await asyncio.to_thread(other.wait) == 0


@pytest.fixture(scope="module")
async def undisturbed(installation: Installation) -> list[Any]:
    """What customers are billed when nobody is killed."""
    async with story(installation) as calm:
        installation.set_clock(BILLED)
        await finishes(installation)
        facts = await calm.facts()
    assert all(len(invoices) == 2 for invoices in facts)
    assert [len(invoices[1]["fees"]) for invoices in facts] == [3] * CUSTOMERS
    return facts


async def is_whole(installation: Installation, story: Story, expected: list[Any]) -> None:
    """The books are those of an undisturbed run, and whoever listens was told of all."""
    assert await story.facts() == expected
    url = installation.nodes.database_url
    numbers = [row.number for row in await run_on(url, _NUMBERS, id=story.company.id)]
    assert numbers == list(range(1, 2 * CUSTOMERS + 1))
    webhooks = await run_on(url, _WEBHOOKS, id=story.company.id, types=list(TYPES))
    assert (
        sorted(row.webhook_type for row in webhooks if row.webhook_type == "invoice.created")
        == ["invoice.created"] * CUSTOMERS
    )
    received = {(request.headers["x-lago-unique-key"], request.body) for request in story.hook.received}
    assert {key for key, _ in received} == {row.id for row in webhooks}
    assert len(received) == len(webhooks)
    verified = await asyncio.to_thread(installation.nodes.conto, "ledger", "verify")
    assert (verified.returncode, verified.stderr) == (0, ""), verified.stdout


@pytest.mark.parametrize(
    "point", [before_anything_is_written, while_an_invoice_is_written, between_the_invoices], ids=lambda it: it.__name__
)
async def test_a_worker_that_is_killed_while_it_bills_leaves_nothing_half_done(
    installation: Installation, undisturbed: list[Any], point: Point
):
    async with story(installation) as told:
        installation.set_clock(BILLED)
        async with point(installation, told) as expected_by_then:
            worker = installation.workers[0]
            worker.start()

            async def is_there() -> bool:
                waiting = await installation.connection.fetchval(_WAITING)
                return waiting > 0 and await billed(installation, told) == expected_by_then

            await eventually(is_there)
            await installation.end(signal.SIGKILL, worker)
        assert await billed(installation, told) == expected_by_then
        await finishes(installation)
        await is_whole(installation, told, undisturbed)


async def test_a_worker_that_is_killed_while_it_tells_of_invoices_has_all_told_by_another(
    installation: Installation, undisturbed: list[Any]
):
    async with story(installation) as told:
        told.hook.open.clear()
        installation.set_clock(BILLED)
        worker = installation.workers[0]
        worker.start()
        await told.hook.has(CUSTOMERS)
        await installation.end(signal.SIGKILL, worker)
        told.hook.open.set()
        assert await billed(installation, told) == CUSTOMERS
        await finishes(installation)
        await is_whole(installation, told, undisturbed)
        assert len(told.hook.received) > len({request.headers["x-lago-unique-key"] for request in told.hook.received})
