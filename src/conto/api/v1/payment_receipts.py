"""Payment receipts (chapter 70 §8); their permission is the one of invoices (chapter 01 §2.3)."""

from msgspec import Struct

from conto.api.endpoint import get, post
from conto.api.envelope import Body
from conto.api.pagination import Page, PaginationMeta, meta
from conto.api.query import Query
from conto.ids import as_id
from conto.payments.receipts import mail
from conto.payments.receipts.queries import list_payment_receipts, payment_receipt, shown
from conto.schemas.mails import ResendEmailInput
from conto.schemas.payment_receipts import PaymentReceiptFilters, PaymentReceiptObject
from conto.schemas.reader import Problems
from conto.work import Work


class PaymentReceiptAnswer(Struct, kw_only=True, frozen=True):
    """One payment receipt."""

    payment_receipt: PaymentReceiptObject


class PaymentReceiptsAnswer(Struct, kw_only=True, frozen=True):
    """A page of payment receipts."""

    payment_receipts: list[PaymentReceiptObject]
    meta: PaginationMeta


@get("/payment_receipts", resource="invoice")
async def find_all_payment_receipts(
    work: Work, query: Query[PaymentReceiptFilters], page: Page
) -> PaymentReceiptsAnswer:
    """List payment receipts, newest first."""
    found = await list_payment_receipts(work, query.read(), offset=page.offset, limit=page.limit)
    return PaymentReceiptsAnswer(payment_receipts=await shown(work, found.rows), meta=meta(page, found.total))


@get("/payment_receipts/{lago_id}", resource="invoice")
async def find_payment_receipt(work: Work, lago_id: str) -> PaymentReceiptAnswer:
    """Retrieve a payment receipt."""
    found = await payment_receipt(work, as_id(lago_id, "invoice"))
    return PaymentReceiptAnswer(payment_receipt=(await shown(work, [found]))[0])


@post("/payment_receipts/{lago_id}/resend_email", resource="invoice")
async def resend_payment_receipt_email(work: Work, lago_id: str, body: Body[ResendEmailInput]) -> None:
    """Mail a payment receipt again."""
    problems = Problems()
    await mail.resend(work, as_id(lago_id, "invoice"), body.read(problems), problems)
