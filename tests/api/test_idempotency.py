"""A call that creates money happens once under one `Idempotency-Key`, however often and whenever it is sent."""

import asyncio
from typing import Any

from tests.company import Company


async def send(company: Company, path: str, body: Any, key: str | None) -> Any:
    headers = {"Idempotency-Key": key} if key else {}
    return await company.client.post(f"/api/v1{path}", json=body, headers=headers)


async def order(company: Company) -> dict[str, Any]:
    add_on, customer = await company.add_on(), await company.customer()
    return {"invoice": {"external_customer_id": customer["external_id"], "fees": [{"add_on_code": add_on["code"]}]}}


async def issued(company: Company) -> int:
    return (await company.get("/invoices"))["meta"]["total_count"]


async def test_twenty_calls_at_once_with_one_key_make_one_invoice_and_get_one_answer(company: Company):
    body = await order(company)
    answers = await asyncio.gather(*(send(company, "/invoices", body, "order-7") for _ in range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert await issued(company) == 1
    assert sum("idempotent-replayed" in answer.headers for answer in answers) == 19


async def test_twenty_calls_at_once_without_a_key_make_twenty_invoices(company: Company):
    body = await order(company)
    answers = await asyncio.gather(*(send(company, "/invoices", body, None) for _ in range(20)))
    numbers = sorted(answer.json()["invoice"]["sequential_id"] for answer in answers)
    assert numbers == list(range(1, 21))


async def test_a_key_stands_for_one_call(company: Company):
    body = await order(company)
    await send(company, "/invoices", body, "order-7")
    body["invoice"]["purchase_order_number"] = "PO-1"
    refused = await send(company, "/invoices", body, "order-7")
    assert refused.status_code == 422
    assert refused.json()["error_details"] == {"idempotency_key": ["value_already_exist"]}
    assert await issued(company) == 1


async def test_a_call_that_failed_may_be_sent_again_under_its_key(company: Company):
    body = await order(company)
    wrong = {"invoice": body["invoice"] | {"currency": "XXX"}}
    assert (await send(company, "/invoices", wrong, "order-7")).status_code == 422
    assert (await send(company, "/invoices", body, "order-7")).status_code == 200


async def test_a_payment_is_recorded_once_under_its_key(company: Company):
    invoice = (await send(company, "/invoices", await order(company), None)).json()["invoice"]
    body = {"payment": {"invoice_id": invoice["lago_id"], "amount_cents": 100, "reference": "r"}}
    first, second = [await send(company, "/payments", body, "pay-7") for _ in range(2)]
    assert first.json() == second.json()
    assert (await company.get(f"/invoices/{invoice['lago_id']}"))["invoice"]["total_paid_amount_cents"] == 100


async def test_a_key_is_kept_for_a_day(rehearsal: Company):
    body = await order(rehearsal)
    await send(rehearsal, "/invoices", body, "order-7")
    await rehearsal.advance("2024-03-06T11:59:59Z")
    await send(rehearsal, "/invoices", body, "order-7")
    assert await issued(rehearsal) == 1
    await rehearsal.advance("2024-03-06T12:00:00Z")
    await send(rehearsal, "/invoices", body, "order-7")
    assert await issued(rehearsal) == 2


async def test_a_key_is_bounded_and_nobody_elses(company: Company, other_company: Company):
    too_long = await send(company, "/invoices", await order(company), "k" * 256)
    assert too_long.json()["error_details"] == {"idempotency_key": ["value_is_too_long"]}
    for each in (company, other_company):
        assert (await send(each, "/invoices", await order(each), "order-7")).status_code == 200
        assert await issued(each) == 1
