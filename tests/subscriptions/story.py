"""What stories of subscriptions share: companies whose clock starts at an instant, and what an invoice comes to."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from typing import Any

from conto.work import Works
from tests.books import mismatches
from tests.company import Company, open_company

Range = tuple[str | None, str | None]


@asynccontextmanager
async def story(works: Works, start: str) -> AsyncIterator[Company]:
    """A company whose clock starts at the instant; in the end its books agree."""
    async with open_company(works, frozen_time=start) as opened:
        yield opened
        assert await mismatches(opened) == []
        await opened.leave()


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
