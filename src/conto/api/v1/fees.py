"""Fees (chapter 41)."""

from typing import Any

from msgspec import Struct
from sqlalchemy import Row

from conto.api.endpoint import delete, get, put
from conto.api.envelope import Body
from conto.api.pagination import Page, PaginationMeta, meta
from conto.api.query import Query
from conto.ids import as_id
from conto.invoices.fees import delete_fee, fee, update_fee
from conto.invoices.listing import list_fees
from conto.invoices.queries import fees_with_taxes
from conto.schemas.fees import FeeObject, FeeUpdateInput
from conto.schemas.invoice_filters import FeeFilters
from conto.schemas.reader import Problems
from conto.work import Work


class FeeAnswer(Struct, kw_only=True, frozen=True):
    """One fee."""

    fee: FeeObject


class FeesAnswer(Struct, kw_only=True, frozen=True):
    """A page of fees."""

    fees: list[FeeObject]
    meta: PaginationMeta


async def fee_answer(work: Work, row: Row[Any]) -> FeeAnswer:
    """One fee, with the taxes on it."""
    return FeeAnswer(fee=(await fees_with_taxes(work, [row]))[0])


@get("/fees", resource="fee")
async def find_all_fees(work: Work, query: Query[FeeFilters], page: Page) -> FeesAnswer:
    """List fees, oldest first."""
    found = await list_fees(work, query.read(), offset=page.offset, limit=page.limit)
    return FeesAnswer(fees=await fees_with_taxes(work, found.rows), meta=meta(page, found.total))


@get("/fees/{lago_id}", resource="fee")
async def find_fee(work: Work, lago_id: str) -> FeeAnswer:
    """Retrieve a fee."""
    return await fee_answer(work, await fee(work, as_id(lago_id, "fee")))


@put("/fees/{lago_id}", resource="fee", envelope="fee")
async def change_fee(work: Work, lago_id: str, body: Body[FeeUpdateInput]) -> FeeAnswer:
    """Set the payment status of a fee that is on no invoice."""
    fee_id, problems = as_id(lago_id, "fee"), Problems()
    await update_fee(work, fee_id, body.read(problems), problems)
    return await fee_answer(work, await fee(work, fee_id))


@delete("/fees/{lago_id}", resource="fee")
async def destroy_fee(work: Work, lago_id: str) -> FeeAnswer:
    """Delete a fee that is on no invoice."""
    fee_id = as_id(lago_id, "fee")
    answer = await fee_answer(work, await fee(work, fee_id))
    await delete_fee(work, fee_id)
    return answer
