"""Without a payment provider nothing can be collected, and whoever asks is told (chapter 70 §§4.4-4.5)."""

from sqlalchemy import select

from conto.db.tables import webhooks
from conto.webhooks import payloads
from tests.books import listens
from tests.company import Company


async def issued(company: Company, **fee: object) -> str:
    add_on = await company.add_on()
    invoice = await company.invoice(await company.customer(), {"add_on_code": add_on["code"]} | fee)
    return f"/invoices/{invoice['lago_id']}"


async def test_a_retry_without_a_provider_is_told_as_a_failure(company: Company):
    await listens(company)
    path = await issued(company)
    assert await company.post(f"{path}/retry_payment") is None
    async with company.works.enter(company.id) as work:
        delivery = await work.one(
            select(webhooks).where(
                webhooks.c.organization_id == company.id, webhooks.c.webhook_type == "invoice.payment_failure"
            )
        )
        text = await payloads.body(work, delivery)
    assert '"payment_provider_invoice_payment_error":{"lago_invoice_id":"' in text
    assert '"error_details":{"code":"customer_must_have_payment_provider"}' in text


async def test_what_is_paid_or_voided_is_not_collected(company: Company):
    free = await issued(company, unit_amount_cents=0)
    assert (await company.post(f"{free}/retry_payment", {}, 405))["code"] == "invalid_status"
    voided = await issued(company)
    await company.post(f"{voided}/void")
    assert (await company.post(f"{voided}/retry_payment", {}, 405))["code"] == "invalid_status"
    assert (await company.post("/invoices/none/retry_payment", {}, 404))["code"] == "invoice_not_found"


async def test_there_is_no_page_to_pay_on_without_a_provider(company: Company):
    path = await issued(company)
    refused = await company.post(f"{path}/payment_url", status=422)
    assert refused["error_details"] == {"base": ["no_linked_payment_provider"]}
    assert (await company.post("/invoices/none/payment_url", status=404))["code"] == "invoice_not_found"
