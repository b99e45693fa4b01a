"""Payments made outside are recorded, and add up to what an invoice is owed (chapter 70 §2)."""

import asyncio
from typing import Any

import pytest

from conto import verification
from tests.company import Company


async def issued(company: Company, cents: int = 10000, **customer: object) -> dict[str, Any]:
    add_on = await company.add_on()
    fee = {"add_on_code": add_on["code"], "unit_amount_cents": cents}
    return await company.invoice(await company.customer(**customer), fee)


async def pay(company: Company, invoice: dict[str, Any], cents: int, status: int = 200, **fields: Any) -> Any:
    body = {"invoice_id": invoice["lago_id"], "amount_cents": cents, "reference": "transfer 7"} | fields
    answer = await company.post("/payments", {"payment": body}, status)
    return answer["payment"] if status == 200 else answer


async def state(company: Company, invoice: dict[str, Any]) -> tuple[str, int, int]:
    found = (await company.get(f"/invoices/{invoice['lago_id']}"))["invoice"]
    return found["payment_status"], found["total_paid_amount_cents"], found["total_due_amount_cents"]


async def balanced(company: Company) -> bool:
    async with company.works.enter(company.id) as work:
        return not await verification.mismatches(work)


async def test_parts_leave_the_rest_due_until_the_last_one_pays_it(company: Company):
    invoice = await issued(company)
    paid = await pay(company, invoice, 2000)
    assert (paid["type"], paid["status"], paid["payment_status"]) == ("manual", "succeeded", "succeeded")
    assert (paid["invoice_ids"], paid["invoice_numbers"]) == ([invoice["lago_id"]], [invoice["number"]])
    assert await state(company, invoice) == ("pending", 2000, 8000)
    refused = await pay(company, invoice, 8001, 422)
    assert refused["error_details"] == {"amount_cents": ["value_is_out_of_range"]}
    await pay(company, invoice, 8000)
    assert await state(company, invoice) == ("succeeded", 10000, 0)
    assert await balanced(company)


async def test_the_day_of_payment_may_be_a_plain_date(rehearsal: Company):
    invoice = await issued(rehearsal)
    assert (await pay(rehearsal, invoice, 1, paid_at="2024-01-20"))["created_at"] == "2024-01-20T00:00:00Z"
    assert (await pay(rehearsal, invoice, 1))["created_at"] == "2024-03-05T12:00:00Z"


async def test_what_is_paid_in_full_is_no_longer_overdue(rehearsal: Company):
    invoice = await issued(rehearsal)
    await rehearsal.advance("2024-03-06T00:00:00Z")
    await pay(rehearsal, invoice, 10000)
    assert (await rehearsal.get(f"/invoices/{invoice['lago_id']}"))["invoice"]["payment_overdue"] is False


@pytest.mark.parametrize(
    ("fields", "status", "told"),
    [
        ({"invoice_id": " ", "amount_cents": 0}, 422, {"invoice_id": ["value_is_mandatory"]}),
        ({"amount_cents": None}, 422, {"amount_cents": ["invalid_value"]}),
        ({"amount_cents": "100"}, 422, {"amount_cents": ["invalid_value"]}),
        ({"amount_cents": 1.5}, 422, {"amount_cents": ["invalid_value"]}),
        ({"amount_cents": True}, 422, {"amount_cents": ["invalid_value"]}),
        ({"amount_cents": 0, "invoice_id": "none"}, 422, {"amount_cents": ["invalid_value"]}),
        ({"amount_cents": -5}, 422, {"amount_cents": ["invalid_value"]}),
        ({"invoice_id": "none"}, 404, "invoice_not_found"),
        ({"paid_at": "soon", "reference": ""}, 422, {"paid_at": ["invalid_date"]}),
        (
            {"reference": "", "amount_cents": 10**40},
            422,
            {"reference": ["value_is_mandatory"], "amount_cents": ["value_is_out_of_range"]},
        ),
        ({"reference": "x" * 41}, 422, {"reference": ["value_is_too_long"]}),
    ],
)
async def test_a_wrong_payment_is_refused_and_nothing_is_paid(company: Company, fields: Any, status: int, told: Any):
    invoice = await issued(company)
    refused = await pay(company, invoice, 100, status, **fields)
    assert (refused.get("error_details") or refused["code"]) == told
    assert await state(company, invoice) == ("pending", 0, 10000)


async def test_a_voided_invoice_is_not_paid(company: Company):
    invoice = await issued(company)
    await pay(company, invoice, 4000)
    await company.post(f"/invoices/{invoice['lago_id']}/void")
    assert (await pay(company, invoice, 1, 403))["code"] == "feature_unavailable"
    assert await state(company, invoice) == ("pending", 4000, 0)
    assert await balanced(company)


async def test_payments_at_once_never_come_to_more_than_the_total(company: Company):
    invoice = await issued(company)

    async def attempt() -> int:
        body = {"invoice_id": invoice["lago_id"], "amount_cents": 3000, "reference": "r"}
        return (await company.client.post("/api/v1/payments", json={"payment": body})).status_code

    assert sorted(await asyncio.gather(*(attempt() for _ in range(8)))) == [200] * 3 + [422] * 5
    assert await state(company, invoice) == ("pending", 9000, 1000)
    assert await balanced(company)


async def test_payments_are_listed_by_customer_and_by_invoice(company: Company):
    first, second = await issued(company, external_id="hooli"), await issued(company)
    mine, other = await pay(company, first, 100), await pay(company, second, 200)

    async def listed(path: str) -> list[str]:
        return [payment["lago_id"] for payment in (await company.get(path))["payments"]]

    assert set(await listed("/payments")) == {mine["lago_id"], other["lago_id"]}
    assert await listed("/payments?external_customer_id=hooli") == [mine["lago_id"]]
    assert await listed("/customers/hooli/payments") == [mine["lago_id"]]
    assert await listed(f"/payments?invoice_id={second['lago_id']}") == [other["lago_id"]]
    assert (await company.get(f"/payments/{mine['lago_id']}"))["payment"] == mine
    refused = await company.get("/payments?invoice_id=none", status=422)
    assert refused["error_details"] == {"invoice_id": ["is in invalid format"]}
    assert (await company.get("/payments/none", status=404))["code"] == "payment_not_found"
    assert (await company.get("/customers/nobody/payments", status=404))["code"] == "customer_not_found"
