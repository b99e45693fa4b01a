"""An invoice's payment status and metadata are changed by hand; what is fixed is refused (chapter 20 §§7.3, 7.8)."""

import pytest

from tests.books import listens
from tests.company import Company


async def issued(company: Company, **customer: object) -> str:
    add_on = await company.add_on()
    invoice = await company.invoice(await company.customer(**customer), {"add_on_code": add_on["code"]})
    return f"/invoices/{invoice['lago_id']}"


async def change(company: Company, path: str, status: int = 200, **fields: object) -> dict:
    answer = await company.put(path, {"invoice": fields}, status)
    return answer["invoice"] if status == 200 else answer


async def test_the_payment_status_is_set_and_the_fees_follow(company: Company):
    path = await issued(company)
    paid = await change(company, path, payment_status="succeeded")
    assert paid["payment_status"] == "succeeded"
    assert paid["total_paid_amount_cents"] == 0
    assert (paid["fees"][0]["payment_status"], paid["fees"][0]["succeeded_at"]) == ("succeeded", None)
    failed = await change(company, path, payment_status="failed")
    assert (failed["fees"][0]["payment_status"], failed["fees"][0]["failed_at"]) == ("failed", None)


async def test_only_a_change_of_the_payment_status_is_told(company: Company):
    await listens(company)
    path = await issued(company)
    for status in ("failed", "failed", "succeeded"):
        await change(company, path, payment_status=status)
    async with company.works.enter(company.id) as work:
        from sqlalchemy import select

        from conto.db.tables import webhooks

        told = await work.rows(select(webhooks.c.webhook_type).where(webhooks.c.organization_id == company.id))
    assert [row.webhook_type for row in told].count("invoice.payment_status_updated") == 2


async def test_what_is_paid_is_not_overdue_and_what_is_no_longer_paid_becomes_it_again(rehearsal: Company):
    path = await issued(rehearsal)
    await rehearsal.advance("2024-03-06T00:00:00Z")
    assert (await rehearsal.get(path))["invoice"]["payment_overdue"] is True
    assert (await change(rehearsal, path, payment_status="succeeded"))["payment_overdue"] is False
    await change(rehearsal, path, payment_status="pending")
    await rehearsal.advance("2024-03-06T00:00:00Z")
    assert (await rehearsal.get(path))["invoice"]["payment_overdue"] is True


async def test_an_unknown_payment_status_is_refused(company: Company):
    path = await issued(company)
    refused = await change(company, path, 422, payment_status="paid")
    assert refused["error_details"] == {"payment_status": ["value_is_invalid"]}


async def test_metadata_is_replaced_as_a_list(company: Company):
    path = await issued(company)
    first = await change(company, path, metadata=[{"key": "a", "value": "1"}, {"key": "b", "value": "2"}])
    kept = first["metadata"][0]
    entries = [{"id": kept["lago_id"], "key": "c", "value": "3"}, {"key": "d", "value": "4"}]
    second = await change(company, path, metadata=entries)
    assert [(entry["key"], entry["value"]) for entry in second["metadata"]] == [("c", "3"), ("d", "4")]
    assert second["metadata"][0]["lago_id"] == kept["lago_id"]
    (listed,) = (await company.get("/invoices"))["invoices"]
    assert listed["metadata"] == second["metadata"]
    assert (await change(company, path, payment_status="failed"))["metadata"] == second["metadata"]
    assert (await change(company, path, metadata=[]))["metadata"] == []


@pytest.mark.parametrize(
    ("entries", "details"),
    [
        ([{"key": "k", "value": "v"}] * 2, {"key": ["value_already_exist"]}),
        ([{"key": f"k{n}", "value": "v"} for n in range(6)], {"metadata": ["invalid_count"]}),
        ([{"key": "k" * 21, "value": "v"}], {"key": ["value_is_too_long"]}),
        ([{"key": "k", "value": "v" * 141}], {"value": ["value_is_too_long"]}),
        ([{"key": "k"}], {"value": ["value_is_mandatory"]}),
    ],
)
async def test_wrong_metadata_is_refused(company: Company, entries: list, details: dict):
    path = await issued(company)
    assert (await change(company, path, 422, metadata=entries))["error_details"] == details
    assert (await company.get(path))["invoice"]["metadata"] == []


async def test_a_voided_invoice_is_not_updated(company: Company):
    path = await issued(company)
    await company.post(f"{path}/void")
    refused = await change(company, path, 405, payment_status="succeeded")
    assert refused["code"] == "update_on_voided_invoice"
    assert (await change(company, path, 405, payment_status="paid"))["code"] == "update_on_voided_invoice"
    assert (await company.get(path))["invoice"]["payment_status"] == "pending"


@pytest.mark.parametrize("method", ["POST", "PUT"])
async def test_a_lost_dispute_is_recorded_once_and_ends_being_overdue(rehearsal: Company, method: str):
    path = await issued(rehearsal)
    await rehearsal.advance("2024-03-06T00:00:00Z")
    lost = (await rehearsal.call(method, f"{path}/lose_dispute"))["invoice"]
    assert lost["payment_dispute_lost_at"] == "2024-03-06T00:00:00.000Z"
    assert lost["payment_overdue"] is False
    await rehearsal.advance("2024-03-07T00:00:00Z")
    again = (await rehearsal.call(method, f"{path}/lose_dispute"))["invoice"]
    assert again["payment_dispute_lost_at"] == "2024-03-06T00:00:00.000Z"
    await rehearsal.post(f"{path}/void")
    assert (await rehearsal.call(method, f"{path}/lose_dispute"))["invoice"]["status"] == "voided"


async def test_a_dispute_about_an_unknown_invoice_is_not_found(company: Company):
    assert (await company.post("/invoices/none/lose_dispute", status=404))["code"] == "invoice_not_found"
