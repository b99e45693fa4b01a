"""What stories of subscriptions share: companies whose clock starts at an instant, and what an invoice comes to."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

from conto.work import Works
from tests.books import mismatches, run
from tests.company import Company, open_company
from tests.databases import Databases

Range = tuple[str | None, str | None]


@asynccontextmanager
async def story(works: Works, start: str) -> AsyncIterator[Company]:
    """A company whose clock starts at the instant; in the end its books agree."""
    async with open_company(works, frozen_time=start) as opened:
        yield opened
        assert await mismatches(opened) == []
        await opened.leave()


def epoch(instant: str) -> float:
    """The instant as events tell it."""
    return datetime.fromisoformat(instant).timestamp()


def amounts(invoices: Iterable[dict[str, Any]], fee_type: str = "subscription") -> list[list[int]]:
    """Of each invoice the amounts of its fees of the type."""
    return [[fee["amount_cents"] for fee in invoice["fees"] if fee["item"]["type"] == fee_type] for invoice in invoices]


def reasons(invoice: dict[str, Any]) -> list[str]:
    """Why each subscription is on the invoice."""
    return [period["invoicing_reason"] for period in invoice["billing_periods"]]


def ranges(invoice: dict[str, Any]) -> list[Range]:
    """The three ranges of the only subscription on the invoice: of its plan, its charges, its fixed charges."""
    (period,) = invoice["billing_periods"]
    return [
        (period[f"{kind}_from_datetime"], period[f"{kind}_to_datetime"])
        for kind in ("subscription", "charges", "fixed_charges")
    ]


async def goes_live(databases: Databases, company: Company) -> None:
    """Have the company live by the system's clock: all that has fallen due since its own clock's instant was missed."""
    await run(databases, "update organizations set frozen_time = null where id = :id", id=company.id)
    await run(databases, "update agenda set live = true where organization_id = :id", id=company.id)


async def due_entries(databases: Databases, company: Company) -> list[Any]:
    """What is on the company's agenda and due by the system's clock, or held after a failure."""
    asked = "select kind, subject_id, error from agenda where organization_id = :id and due_at <= now()"
    return await run(databases, asked, id=company.id)


OWN = frozenset({"billing_entity_code", "created_at", "updated_at", "file_url", "xml_url", "web_url"})


def alike(shown: Any) -> Any:
    """An answer without ids of ours and the instants at which rows were written."""
    if isinstance(shown, list):
        return [alike(each) for each in shown]
    if isinstance(shown, dict):
        return {key: alike(value) for key, value in shown.items() if key not in OWN and not key.startswith("lago_")}
    return shown
