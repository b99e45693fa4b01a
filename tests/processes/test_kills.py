"""Servers and workers are killed while money moves: afterwards all of it is there, once, and the books agree."""

import asyncio
import signal
from collections import Counter
from dataclasses import dataclass
from typing import Any

import httpx

from tests.books import run_on
from tests.company import eventually
from tests.nodes import ADD_ON, CUSTOMER, ORDER, Node, Nodes
from tests.receiver import Receiver, receiver

ORDERS = 50
AT_ONCE = 6
RETRY_SECONDS = 0.1
TYPES = ("invoice.one_off_created", "invoice.payment_status_updated", "invoice.generated")

# The one worker has just been killed: what it had in hand is nobody's now, which would be noticed in half a minute.
_ABANDONED = "update queue.pgqueuer set heartbeat = heartbeat - interval '1 hour' where status = 'picked'"
_UNDONE = "select (select count(*) from queue.pgqueuer) + (select count(*) from webhooks where status <> 'succeeded')"
_WEBHOOKS = "select id::text, webhook_type, object_id::text from webhooks where object_type = 'invoice'"
_TAMPER = "update invoices set total_paid_amount_cents = total_paid_amount_cents - 7 where id = :id"


@dataclass
class Client:
    """Sends a call again under its key until it is answered, as a careful client does."""

    http: httpx.AsyncClient
    server: Node
    lost: int = 0

    async def post(self, path: str, body: Any, key: str) -> Any:
        """The decoded answer."""
        while True:
            try:
                answer = await self.http.post(
                    f"{self.server.url}/api/v1{path}", json=body, headers={"Idempotency-Key": key}
                )
            except httpx.HTTPError:
                self.lost += 1
                await asyncio.sleep(RETRY_SECONDS)
                continue
            if answer.status_code < 500:
                assert answer.status_code == 200, answer.text
                return answer.json()
            self.lost += 1

    async def order(self, number: int) -> Any:
        """Issue an invoice and pay it; the invoice as it was issued."""
        invoice = (await self.post("/invoices", ORDER, f"order {number}"))["invoice"]
        paid = {"invoice_id": invoice["lago_id"], "amount_cents": invoice["total_amount_cents"], "reference": "r"}
        await self.post("/payments", {"payment": paid}, f"payment {number}")
        return invoice


async def kill(nodes: Nodes, node: Node) -> None:
    """SIGKILL, and a new process in its place."""
    node.tell(signal.SIGKILL)
    await asyncio.to_thread(node.wait)
    if node.name == "worker":
        await run_on(nodes.database_url, _ABANDONED)
    node.start()


async def test_what_is_made_and_paid_while_processes_are_killed_is_all_there_once(nodes: Nodes):
    key = nodes.conto("organizations", "create", "Acme").stdout.split()[-1]
    server, worker = nodes.new("serve"), nodes.new("worker")
    for node in (server, worker):
        node.start()
    await asyncio.to_thread(server.wait_until_ready)
    http = httpx.AsyncClient(headers={"Authorization": f"Bearer {key}"}, timeout=60)
    async with receiver() as hook, http:
        client = Client(http, server)
        await client.post("/customers", CUSTOMER, "")
        await client.post("/add_ons", ADD_ON, "")
        await client.post("/webhook_endpoints", {"webhook_endpoint": {"webhook_url": hook.url}}, "")

        await twenty_at_once(nodes, server)
        invoices = await ordered(nodes, client, server, worker)
        await eventually(lambda: is_done(nodes))
        assert client.lost > 0
        assert sorted(invoice["sequential_id"] for invoice in invoices) == list(range(1, ORDERS + 1))
        assert len({invoice["number"] for invoice in invoices}) == ORDERS
        await every_invoice_is_paid_and_has_its_document(client, invoices)
        await every_webhook_came(nodes, hook, invoices)

    agreed = await asyncio.to_thread(nodes.conto, "ledger", "verify")
    assert (agreed.returncode, agreed.stderr) == (0, "")
    await run_on(nodes.database_url, _TAMPER, id=invoices[7]["lago_id"])
    told = await asyncio.to_thread(nodes.conto, "ledger", "verify")
    assert told.returncode == 1
    lines = [line.split("\t") for line in told.stdout.splitlines()]
    assert [line[1:] for line in lines] == [
        [
            invoices[7]["number"],
            invoices[7]["lago_id"],
            "total_paid_amount_cents",
            "payments",
            "EUR",
            "993",
            "1000",
            "-7",
        ],
        [invoices[7]["number"], invoices[7]["lago_id"], "total_due_amount_cents", "transfers", "EUR", "7", "0", "+7"],
    ]


async def twenty_at_once(nodes: Nodes, server: Node) -> None:
    """One order that is sent twenty times at once: twenty invoices without a key, one invoice under one key."""
    key = (await asyncio.to_thread(nodes.conto, "organizations", "create", "Twenty")).stdout.split()[-1]
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(base_url=f"{server.url}/api/v1", headers=headers, timeout=60) as http:
        await http.post("/customers", json=CUSTOMER)
        await http.post("/add_ons", json=ADD_ON)
        for headers, numbers in (({}, list(range(1, 21))), ({"Idempotency-Key": "order"}, [21] * 20)):
            answers = await asyncio.gather(*(http.post("/invoices", json=ORDER, headers=headers) for _ in range(20)))
            assert {answer.status_code for answer in answers} == {200}
            assert sorted(answer.json()["invoice"]["sequential_id"] for answer in answers) == numbers
            assert len({answer.content for answer in answers}) == len(set(numbers))
        assert (await http.get("/invoices")).json()["meta"]["total_count"] == 21


async def ordered(nodes: Nodes, client: Client, server: Node, worker: Node) -> list[Any]:
    """The invoices of all orders; processes are killed on the way."""
    invoices: list[Any] = []
    numbers = iter(range(ORDERS))

    async def go_on() -> None:
        for number in numbers:
            invoices.append(await client.order(number))

    async def kill_on_the_way() -> None:
        for count, node in ((8, worker), (14, server), (26, worker), (32, server)):
            await eventually(lambda count=count: len(invoices) >= count)
            await kill(nodes, node)

    await asyncio.gather(kill_on_the_way(), *(go_on() for _ in range(AT_ONCE)))
    return sorted(invoices, key=lambda invoice: invoice["sequential_id"])


async def is_done(nodes: Nodes) -> bool:
    """Whether no job waits, and every webhook has been taken."""
    return (await run_on(nodes.database_url, _UNDONE))[0][0] == 0


async def every_invoice_is_paid_and_has_its_document(client: Client, invoices: list[Any]) -> None:
    listed = (await client.http.get(f"{client.server.url}/api/v1/invoices?per_page=1000")).json()["invoices"]
    assert {invoice["lago_id"] for invoice in listed} == {invoice["lago_id"] for invoice in invoices}
    for invoice in listed:
        assert (invoice["payment_status"], invoice["total_paid_amount_cents"]) == ("succeeded", 1000)
        link = invoice["file_url"].replace("http://conto.test", client.server.url)
        assert (await client.http.get(link)).content.startswith(b"%PDF-")


async def every_webhook_came(nodes: Nodes, hook: Receiver, invoices: list[Any]) -> None:
    """Each kind once for each invoice; one that was sent twice bears one key."""
    rows = await run_on(nodes.database_url, _WEBHOOKS)
    counted = Counter((row.webhook_type, row.object_id) for row in rows)
    assert counted == Counter((name, invoice["lago_id"]) for name in TYPES for invoice in invoices)
    assert {row.id for row in rows} == {request.headers["x-lago-unique-key"] for request in hook.received}
    assert len({(request.headers["x-lago-unique-key"], request.body) for request in hook.received}) == len(rows)
