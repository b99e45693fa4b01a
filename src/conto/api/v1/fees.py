"""Fees (chapter 41)."""

from msgspec import Struct

from conto.api.endpoint import get
from conto.api.pagination import Page, PaginationMeta, meta
from conto.api.query import Query
from conto.db.tables import fees, invoices
from conto.errors import NotFound
from conto.ids import as_id
from conto.invoices.listing import list_fees
from conto.invoices.queries import fee_rows, fees_with_taxes
from conto.schemas.fees import FeeObject
from conto.schemas.invoice_filters import FeeFilters
from conto.schemas.invoices import VISIBLE
from conto.work import Work


class FeeAnswer(Struct, kw_only=True, frozen=True):
    """One fee."""

    fee: FeeObject


class FeesAnswer(Struct, kw_only=True, frozen=True):
    """A page of fees."""

    fees: list[FeeObject]
    meta: PaginationMeta


@get("/fees", resource="fee")
async def find_all_fees(work: Work, query: Query[FeeFilters], page: Page) -> FeesAnswer:
    """List fees, oldest first."""
    found = await list_fees(work, query.read(), offset=page.offset, limit=page.limit)
    return FeesAnswer(fees=await fees_with_taxes(work, found.rows), meta=meta(page, found.total))


@get("/fees/{lago_id}", resource="fee")
async def find_fee(work: Work, lago_id: str) -> FeeAnswer:
    """Retrieve a fee."""
    fee_id = as_id(lago_id, "fee")
    row = await work.first(fee_rows(work).where(fees.c.id == fee_id, invoices.c.status.in_(VISIBLE)))
    if row is None:
        raise NotFound("fee")
    return FeeAnswer(fee=(await fees_with_taxes(work, [row]))[0])
