"""Fees by themselves: on an invoice they are the invoice's, loose ones are paid and deleted (chapter 41 §§8-9)."""

from uuid import UUID

import pytest
from sqlalchemy import update

from conto.db.tables import fees
from tests.company import Company


async def invoiced(company: Company) -> str:
    add_on = await company.add_on()
    invoice = await company.invoice(await company.customer(), {"add_on_code": add_on["code"]})
    return invoice["fees"][0]["lago_id"]


async def loose(company: Company) -> str:
    """A fee on no invoice, as those of charges that are not invoiced."""
    fee_id = await invoiced(company)
    async with company.works.enter(company.id) as work:
        await work.execute(
            update(fees)
            .where(fees.c.organization_id == company.id, fees.c.id == UUID(fee_id))
            .values(invoice_id=None, payment_status="pending")
        )
    return fee_id


async def test_a_fee_on_an_invoice_takes_its_status_over_and_stays(company: Company):
    fee_id = await invoiced(company)
    for answer in (
        await company.put(f"/fees/{fee_id}", {"fee": {"payment_status": "nonsense"}}, 405),
        await company.delete(f"/fees/{fee_id}", 405),
    ):
        assert answer["code"] == "invoiced_fee"
    assert (await company.get(f"/fees/{fee_id}"))["fee"]["payment_status"] == "pending"


async def test_any_payment_status_may_follow_any_and_has_its_instant(rehearsal: Company):
    fee_id = await loose(rehearsal)
    for status in ("succeeded", "refunded", "failed", "pending", "failed", "succeeded"):
        fee = (await rehearsal.put(f"/fees/{fee_id}", {"fee": {"payment_status": status}}))["fee"]
        instants = {name: fee[f"{name}_at"] for name in ("succeeded", "failed", "refunded") if fee[f"{name}_at"]}
        assert fee["payment_status"] == status
        assert instants == ({status: "2024-03-05T12:00:00Z"} if status != "pending" else {})
        assert "applied_taxes" in fee


async def test_an_unknown_payment_status_is_refused_and_none_changes_nothing(company: Company):
    fee_id = await loose(company)
    refused = await company.put(f"/fees/{fee_id}", {"fee": {"payment_status": "paid"}}, 422)
    assert refused["error_details"] == {"payment_status": ["value_is_invalid"]}
    unchanged = (await company.put(f"/fees/{fee_id}", {"fee": {"other": 1}}))["fee"]
    assert unchanged["payment_status"] == "pending"


async def test_a_deleted_fee_is_answered_once_more_and_then_gone(company: Company):
    fee_id = await loose(company)
    assert (await company.delete(f"/fees/{fee_id}"))["fee"]["lago_id"] == fee_id
    for answer in (
        await company.get(f"/fees/{fee_id}", 404),
        await company.delete(f"/fees/{fee_id}", 404),
        await company.put(f"/fees/{fee_id}", {"fee": {"payment_status": "failed"}}, 404),
    ):
        assert answer["code"] == "fee_not_found"
    assert (await company.get("/fees"))["fees"] == []


async def test_fees_are_listed_on_invoices_and_off_whatever_the_invoices_state(company: Company):
    await company.put(
        "/billing_entities/" + company.organization.default_billing_entity_code,
        {"billing_entity": {"finalize_zero_amount_invoice": False}},
    )
    add_on = await company.add_on()
    customer = await company.customer()
    closed = await company.invoice(customer, {"add_on_code": add_on["code"], "units": "0"})
    fee_id = await loose(company)
    listed = [fee["lago_id"] for fee in (await company.get("/fees"))["fees"]]
    assert listed == [closed["fees"][0]["lago_id"], fee_id]


@pytest.mark.parametrize(
    ("query", "count"),
    [("currency=eur", 1), ("currency=usd", 0), ("payment_status=pending", 1), ("event_transaction_id=e1", 0)],
)
async def test_filters_of_fees(company: Company, query: str, count: int):
    await invoiced(company)
    assert len((await company.get(f"/fees?{query}"))["fees"]) == count
