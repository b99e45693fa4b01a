"""Our own capability file beside a real server: each operation and each tool does what the API's call does."""

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from mcp import Client

from tests.servers import RunningServer, free_port, new_place, started, wait_until

OURS = Path(__file__).parents[2] / "capabilities" / "conto-invoices.yaml"
SECONDS = 60
ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(slots=True)
class Capabilities:
    """A server, and the surfaces of our file beside it."""

    server: RunningServer
    rest: str
    tools: Client
    operations_called: set[tuple[str, str]] = field(default_factory=set)
    tools_called: set[str] = field(default_factory=set)

    def call(self, method: str, path: str, body: Any = None) -> httpx.Response:
        """An exposed operation's answer."""
        self.operations_called.add((method, ID.sub("{lago-id}", path.partition("?")[0])))
        return httpx.request(method, self.rest + path, json=body, timeout=SECONDS)

    async def tool(self, name: str, **arguments: Any) -> Any:
        """What a tool answers: its structured content, or what its error holds."""
        self.tools_called.add(name)
        return (await self.tools.call_tool(name, arguments)).structured_content

    def direct(self, method: str, path: str, body: Any = None) -> httpx.Response:
        """The API's own answer."""
        return self.server.call(method, f"/api/v1{path}", body)


@asynccontextmanager
async def capabilities() -> AsyncIterator[Capabilities]:
    """`conto up --capabilities`, with our file on free ports."""
    with new_place() as place:
        rest, mcp = free_port(), free_port()
        file = place.folder / "ours.yaml"
        file.write_text(OURS.read_text().replace("port: 8080", f"port: {rest}").replace("port: 9090", f"port: {mcp}"))
        with started(place, "--capabilities", CONTO_CAPABILITIES=str(file)) as server:
            wait_until(lambda: f"http://127.0.0.1:{mcp}/mcp (12 tools)" in server.output.read_text(), SECONDS)
            async with Client(f"http://127.0.0.1:{mcp}/mcp") as client:
                yield Capabilities(server, f"http://127.0.0.1:{rest}/v1/invoices", client)


async def test_the_operations_and_tools_of_our_file_do_what_the_api_does() -> None:
    async with capabilities() as ours:
        prepare(ours)
        names = {tool.name for tool in (await ours.tools.list_tools()).tools}
        assert len(names) == 12
        one, other = issued(ours), await issued_by_a_tool(ours)
        await found_and_listed(ours, one, other)
        await updated(ours, one, other)
        await downloaded(ours, one, other)
        await disputed(ours, one, other)
        await asked_to_be_paid(ours)
        await drafts_refreshed_and_finalized(ours)
        await voided(ours)
        await refused_as_the_api_refuses(ours)
        assert ours.tools_called == names
        assert ours.operations_called >= operations_offered(ours)


def operations_offered(ours: Capabilities) -> set[tuple[str, str]]:
    """Methods and paths, below that of the invoices, that the surface lists; there are 12."""
    listed = httpx.get(ours.rest.removesuffix("/v1/invoices") + "/").json()["operations"]
    assert len(listed) == 12
    return {(operation["method"], operation["path"].removeprefix("/v1/invoices")) for operation in listed}


def prepare(ours: Capabilities) -> None:
    """A customer whose subscriptions wait as drafts, and something to sell."""
    customer = {"external_id": "acme", "name": "ACME", "currency": "EUR", "billing_configuration": {}}
    assert ours.direct("POST", "/customers", {"customer": {**customer, "invoice_grace_period": 3}}).is_success
    add_on = {"code": "setup", "name": "Set-up", "amount_cents": 10000, "amount_currency": "EUR"}
    assert ours.direct("POST", "/add_ons", {"add_on": add_on}).is_success
    plan = {"code": "basic", "name": "Basic", "interval": "monthly", "amount_cents": 500, "amount_currency": "EUR"}
    assert ours.direct("POST", "/plans", {"plan": {**plan, "pay_in_advance": True}}).is_success


ONE_OFF = {"invoice": {"external_customer_id": "acme", "currency": "EUR", "fees": [{"add_on_code": "setup"}]}}


def issued(ours: Capabilities) -> str:
    """An invoice that the REST surface has issued."""
    answer = ours.call("POST", "", ONE_OFF)
    assert answer.status_code == 200
    assert answer.json()["invoice"]["total_amount_cents"] == 10000
    return answer.json()["invoice"]["lago_id"]


async def issued_by_a_tool(ours: Capabilities) -> str:
    """An invoice that a tool has issued."""
    invoice = (await ours.tool("create-invoice", body=ONE_OFF))["invoice"]
    assert (invoice["status"], invoice["total_amount_cents"]) == ("finalized", 10000)
    return invoice["lago_id"]


async def found_and_listed(ours: Capabilities, one: str, other: str) -> None:
    """Both are found, and the filters of the list are passed on."""
    direct = ours.direct("GET", f"/invoices/{one}")
    found = ours.call("GET", f"/{one}")
    assert (found.status_code, found.content) == (200, direct.content)
    assert await ours.tool("get-invoice", lago_id=one) == direct.json()
    assert {row["lago_id"] for row in ours.call("GET", "").json()["invoices"]} == {one, other}
    assert ours.call("GET", "?status=draft&payment_overdue=false").json()["invoices"] == []
    page = await ours.tool("list-invoices", per_page=1, page=2, payment_overdue=False)
    assert (len(page["invoices"]), page["meta"]["total_count"]) == (1, 2)


async def updated(ours: Capabilities, one: str, other: str) -> None:
    """What is changed is changed."""
    change = {"invoice": {"metadata": [{"key": "order", "value": "17"}]}}
    assert ours.call("PUT", f"/{one}", change).json()["invoice"]["metadata"][0]["value"] == "17"
    done = await ours.tool("update-invoice", lago_id=other, body=change)
    assert done["invoice"]["metadata"][0]["key"] == "order"


async def downloaded(ours: Capabilities, one: str, other: str) -> None:
    """The address of the PDF comes once it is made."""

    def made() -> bool:
        answer = ours.call("POST", f"/{one}/download")
        assert answer.status_code == 200
        return bool(answer.content and answer.json().get("invoice", {}).get("file_url"))

    wait_until(made, SECONDS)
    wait_until(lambda: bool(ours.direct("POST", f"/invoices/{other}/download").content), SECONDS)
    answer = await ours.tool("download-invoice", lago_id=other)
    assert answer["invoice"]["file_url"].endswith(".pdf") or ".pdf?" in answer["invoice"]["file_url"]


async def disputed(ours: Capabilities, one: str, other: str) -> None:
    """A lost dispute is noted."""
    answer = ours.call("POST", f"/{one}/lose-dispute")
    assert (answer.status_code, answer.json()["invoice"]["payment_dispute_lost_at"] is None) == (200, False)
    done = await ours.tool("lose-invoice-dispute", lago_id=other)
    assert done["invoice"]["payment_dispute_lost_at"]


async def asked_to_be_paid(ours: Capabilities) -> None:
    """Without a payment provider the API says so, and the surfaces say what it says."""
    one = issued(ours)
    for ending, tool in (
        ("payment-url", "get-invoice-payment-url"),
        ("retry-payment", "retry-invoice-payment"),
        ("retry", "retry-invoice"),
    ):
        direct = ours.direct("POST", f"/invoices/{one}/{ending.replace('-', '_')}")
        answer = ours.call("POST", f"/{one}/{ending}")
        assert (answer.status_code, answer.content) == (direct.status_code, direct.content)
        assert await ours.tool(tool, lago_id=one) == as_tool(direct)


def as_tool(answer: httpx.Response) -> Mapping[str, Any]:
    """What a tool makes of an answer of the API."""
    if answer.is_success:
        return answer.json() if answer.content else {"result": None}
    return {"status": answer.status_code, "body": answer.json()}


async def drafts_refreshed_and_finalized(ours: Capabilities) -> None:
    """A draft is built anew and gets its number."""
    one, other = draft(ours, "s-1"), draft(ours, "s-2")
    assert ours.call("PUT", f"/{one}/refresh").json()["invoice"]["status"] == "draft"
    assert ours.call("PUT", f"/{one}/finalize").json()["invoice"]["status"] == "finalized"
    assert (await ours.tool("refresh-invoice", lago_id=other))["invoice"]["status"] == "draft"
    assert (await ours.tool("finalize-invoice", lago_id=other))["invoice"]["status"] == "finalized"


def draft(ours: Capabilities, subscription: str) -> str:
    """The draft of a new subscription."""
    wanted = {"external_customer_id": "acme", "plan_code": "basic", "external_id": subscription}
    assert ours.direct("POST", "/subscriptions", {"subscription": wanted}).is_success
    found: list[str] = []

    def there() -> bool:
        found[:] = [row["lago_id"] for row in ours.direct("GET", "/invoices?status=draft").json()["invoices"]]
        return bool(found)

    wait_until(there, SECONDS)
    return found[0]


async def voided(ours: Capabilities) -> None:
    """A voided invoice is void, with or without a body."""
    one, other = issued(ours), issued(ours)
    assert ours.call("POST", f"/{one}/void").json()["invoice"]["status"] == "voided"
    assert (await ours.tool("void-invoice", lago_id=other))["invoice"]["status"] == "voided"


async def refused_as_the_api_refuses(ours: Capabilities) -> None:
    """Errors are the API's own, in status and body."""
    direct = ours.direct("GET", "/invoices/none")
    answer = ours.call("GET", "/none")
    assert (answer.status_code, answer.json()) == (404, direct.json())
    result = await ours.tools.call_tool("get-invoice", {"lago_id": "none"})
    assert (result.is_error, result.structured_content) == (True, {"status": 404, "body": direct.json()})
    direct = ours.direct("POST", "/invoices", {"invoice": {"fees": []}})
    answer = ours.call("POST", "", {"invoice": {"fees": []}})
    assert (answer.status_code, answer.json()) == (direct.status_code, direct.json())
