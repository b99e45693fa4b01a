"""A company that uses Conto: an organization, a client of its API, and the few verbs that stories need."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

import httpx

from conto import jobs
from conto.api.server import Server, build
from conto.clock import system_now
from conto.organizations.create import CreatedOrganization, create_organization
from conto.work import Works

_numbers = count(1)


@dataclass(slots=True)
class Company:
    """An organization, with a client that bears its key and speaks to the application in this process."""

    works: Works
    client: httpx.AsyncClient
    organization: CreatedOrganization
    admin_key: str
    server: Server

    @property
    def id(self) -> UUID:
        """The organization's id."""
        return self.organization.id

    async def call(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        """Call the API below /api/v1 and give the decoded answer, which must have this status."""
        answer = await self.client.request(method, f"/api/v1{path}", json=body)
        assert answer.status_code == status, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    async def get(self, path: str, status: int = 200) -> Any:
        """Read."""
        return await self.call("GET", path, None, status)

    async def post(self, path: str, body: Any = None, status: int = 200) -> Any:
        """Create or act."""
        return await self.call("POST", path, body, status)

    async def put(self, path: str, body: Any, status: int = 200) -> Any:
        """Update."""
        return await self.call("PUT", path, body, status)

    async def delete(self, path: str, status: int = 200) -> Any:
        """Remove."""
        return await self.call("DELETE", path, None, status)

    async def advance(self, instant: str) -> None:
        """Move the test clock."""
        await self.post("/test_clock/advance", {"test_clock": {"frozen_time": instant}})

    async def customer(self, **fields: Any) -> dict[str, Any]:
        """A customer in EUR, or with the fields given."""
        fields = {"external_id": f"customer_{next(_numbers)}", "currency": "EUR"} | fields
        return (await self.post("/customers", {"customer": fields}))["customer"]

    async def tax(self, **fields: Any) -> dict[str, Any]:
        """A tax of 20 %, or with the fields given."""
        fields = {"name": "VAT", "code": f"tax_{next(_numbers)}", "rate": 20} | fields
        return (await self.post("/taxes", {"tax": fields}))["tax"]

    async def add_on(self, **fields: Any) -> dict[str, Any]:
        """An add-on of 100 EUR, or with the fields given."""
        defaults = {
            "name": "Setup",
            "code": f"add_on_{next(_numbers)}",
            "amount_cents": 10000,
            "amount_currency": "EUR",
        }
        return (await self.post("/add_ons", {"add_on": defaults | fields}))["add_on"]

    async def metric(self, **fields: Any) -> dict[str, Any]:
        """A metric that counts events, or one with the fields given."""
        defaults = {"name": "Calls", "code": f"metric_{next(_numbers)}", "aggregation_type": "count_agg"}
        return (await self.post("/billable_metrics", {"billable_metric": defaults | fields}))["billable_metric"]

    async def plan(self, **fields: Any) -> dict[str, Any]:
        """A plan of 10 EUR a month in arrears, or one with the fields given."""
        defaults = {
            "name": "Basic",
            "code": f"plan_{next(_numbers)}",
            "interval": "monthly",
            "amount_cents": 1000,
            "amount_currency": "EUR",
            "pay_in_advance": False,
        }
        return (await self.post("/plans", {"plan": defaults | fields}))["plan"]

    async def subscribe(
        self, customer: dict[str, Any], plan: dict[str, Any], status: int = 200, **fields: Any
    ) -> dict[str, Any]:
        """The customer's subscription to the plan from now on, or with the fields given; or the refusal."""
        fields = {"external_id": f"subscription_{next(_numbers)}"} | fields
        body = {"external_customer_id": customer["external_id"], "plan_code": plan["code"]} | fields
        answer = await self.post("/subscriptions", {"subscription": body}, status)
        return answer["subscription"] if status == 200 else answer

    async def terminate(self, subscription: dict[str, Any], **options: str) -> dict[str, Any]:
        """End the subscription now, or cancel it with `status="pending"`."""
        path = f"/subscriptions/{subscription['external_id']}"
        return (await self.call("DELETE", path, options or None))["subscription"]

    async def invoices(self, customer: dict[str, Any]) -> list[dict[str, Any]]:
        """All visible invoices of the customer with all that is on them, oldest first."""
        listed = (await self.get(f"/customers/{customer['external_id']}/invoices?per_page=100"))["invoices"]
        listed.sort(key=lambda invoice: (invoice["created_at"], invoice["sequential_id"] or 0))
        return [(await self.get(f"/invoices/{invoice['lago_id']}"))["invoice"] for invoice in listed]

    async def sells_in_europe(self, country: str = "FR") -> None:
        """Have the default billing entity stand in this country and manage EU taxes."""
        path = f"/billing_entities/{self.organization.default_billing_entity_code}"
        await self.put(path, {"billing_entity": {"country": country, "eu_tax_management": True}})

    async def section(self, **fields: Any) -> dict[str, Any]:
        """A custom section of invoices, or one with the fields given."""
        fields = {"name": "Terms", "code": f"section_{next(_numbers)}"} | fields
        return (await self.post("/invoice_custom_sections", {"invoice_custom_section": fields}))[
            "invoice_custom_section"
        ]

    async def invoice(self, customer: dict[str, Any], *fees: dict[str, Any], **fields: Any) -> dict[str, Any]:
        """A one-off invoice over the fees."""
        body = {"external_customer_id": customer["external_id"], "fees": list(fees)} | fields
        return (await self.post("/invoices", {"invoice": body}))["invoice"]

    async def credit_note(
        self, invoice: dict[str, Any], *amounts_cents: int, status: int = 200, **fields: Any
    ) -> dict[str, Any]:
        """A credit note over so much of each of the invoice's fees, in their order; the parts are among the fields."""
        pairs = zip(invoice["fees"], amounts_cents, strict=False)
        items = [{"fee_id": fee["lago_id"], "amount_cents": amount} for fee, amount in pairs]
        body = {"invoice_id": invoice["lago_id"], "items": items} | fields
        answer = await self.post("/credit_notes", {"credit_note": body}, status)
        return answer["credit_note"] if status == 200 else answer

    async def paid(self, invoice: dict[str, Any], amount_cents: int, status: int = 200) -> dict[str, Any]:
        """A payment by hand of so much of the invoice."""
        body = {"invoice_id": invoice["lago_id"], "amount_cents": amount_cents, "reference": "transfer"}
        return await self.post("/payments", {"payment": body}, status)

    async def run_jobs(self, *kinds: str, within: timedelta = timedelta(0)) -> int:
        """Do the waiting jobs of this organization, as a worker would, of these kinds or all; how many there were.

        Those that are to wait do so no longer if their turn comes `within` this time from now.
        """
        until, done = system_now() + within, 0
        while waiting := [job for job in await self._waiting(until) if not kinds or job.entrypoint in kinds]:
            for job in waiting:
                await jobs.run(self.works, job.entrypoint, job.payload)
                await self._forget(job.id)
                done += 1
        return done

    async def write_api_logs(self) -> None:
        """Log the calls made so far, as the server does a moment after each."""
        assert await self.server.calls.flush()

    async def leave(self) -> None:
        """Take what was left undone off the queue and the agenda, which the live workers of later tests look at."""
        from sqlalchemy import text

        async with self.works.engine.begin() as connection:
            await connection.execute(
                text("delete from queue.pgqueuer where headers->>'organization_id' = :id"), {"id": str(self.id)}
            )
        async with self.works.enter(self.id) as work:
            await work.execute(text("delete from agenda where organization_id = :id"), {"id": self.id})

    async def _waiting(self, until: datetime) -> list[Any]:
        from sqlalchemy import text

        async with self.works.engine.begin() as connection:
            found = await connection.execute(
                text(
                    "select id, entrypoint, payload from queue.pgqueuer"
                    " where headers->>'organization_id' = :id and status = 'queued'"
                    " and execute_after <= greatest(now(), :until) order by id"
                ),
                {"id": str(self.id), "until": until},
            )
            return list(found.all())

    async def _forget(self, job_id: int) -> None:
        from sqlalchemy import text

        async with self.works.engine.begin() as connection:
            await connection.execute(text("delete from queue.pgqueuer where id = :id"), {"id": job_id})


@asynccontextmanager
async def open_company(
    works: Works, frozen_time: str | None = None, rehearsals: Works | None = None
) -> AsyncIterator[Company]:
    """An organization and its client, on an application in this process; its clock is moved on `rehearsals`, if given.

    An advance needs more than one connection.
    """
    clock = datetime.fromisoformat(frozen_time.replace("Z", "+00:00")) if frozen_time else None
    organization = await create_organization(works, f"Company {next(_numbers)}", frozen_time=clock)
    server = Server(works, rehearsals or works, "admin-key")
    app = build(server)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(
        transport=transport,
        base_url="http://conto.test",
        headers={"Authorization": f"Bearer {organization.api_key}"},
        timeout=60,
    ) as client:
        yield Company(works, client, organization, "admin-key", server)


async def eventually(condition: Callable[[], Any], seconds: float = 60) -> Any:
    """What the condition gives once it is true; it is asked again and again, until a deadline."""
    deadline = asyncio.get_running_loop().time() + seconds
    while True:
        found = condition()
        if asyncio.iscoroutine(found):
            found = await found
        if found:
            return found
        assert asyncio.get_running_loop().time() < deadline, "it did not come true in time"
        await asyncio.sleep(0.01)
