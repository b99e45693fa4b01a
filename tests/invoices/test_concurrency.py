"""Many at once: numbers without gaps, one customer for one external id, one void."""

import asyncio
from collections import Counter

from tests.books import counted, mismatches, transfers
from tests.company import Company


async def answers(company: Company, path: str, bodies):
    """The answers to calls that are made at the same time."""
    return await asyncio.gather(*(company.client.post(f"/api/v1{path}", json=body) for body in bodies))


def over(customer, add_on):
    return {
        "invoice": {"external_customer_id": customer["external_id"], "fees": [{"add_on_code": add_on["code"]}]},
    }


async def test_twenty_invoices_at_once_for_one_customer_are_numbered_without_gaps(company):
    customer, add_on = await company.customer(), await company.add_on()
    found = await answers(company, "/invoices", [over(customer, add_on)] * 20)
    assert Counter(answer.status_code for answer in found) == {200: 20}
    numbers = sorted(answer.json()["invoice"]["number"][-7:] for answer in found)
    assert numbers == [f"001-{number:03d}" for number in range(1, 21)]
    assert await mismatches(company) == []


async def test_twenty_invoices_at_once_of_an_entity_that_numbers_itself_leave_no_gap(company):
    await company.put("/organizations", {"organization": {"document_numbering": "per_organization"}})
    customers = [await company.customer() for _ in range(5)]
    add_on = await company.add_on()
    found = await answers(company, "/invoices", [over(customer, add_on) for customer in customers] * 4)
    assert Counter(answer.status_code for answer in found) == {200: 20}
    invoices = [answer.json()["invoice"] for answer in found]
    assert sorted(int(invoice["number"].rpartition("-")[2]) for invoice in invoices) == list(range(1, 21))
    assert Counter(invoice["sequential_id"] for invoice in invoices) == {1: 5, 2: 5, 3: 5, 4: 5}


async def test_refused_invoices_among_others_leave_no_gap(company):
    customer, add_on = await company.customer(), await company.add_on()
    good, bad = over(customer, add_on), over(customer, {"code": "nothing"})
    found = await answers(company, "/invoices", [good, bad] * 8)
    assert Counter(answer.status_code for answer in found) == {200: 8, 404: 8}
    numbers = sorted(answer.json()["invoice"]["sequential_id"] for answer in found if answer.status_code == 200)
    assert numbers == list(range(1, 9))


async def test_one_customer_upserted_eight_times_at_once_is_one_customer(company, databases):
    body = {"customer": {"external_id": "hooli", "name": "Hooli", "metadata": [{"key": "a", "value": "1"}]}}
    before = await counted(databases, company)
    found = await answers(company, "/customers", [body] * 8)
    for answer in found:
        if answer.status_code != 200:
            assert answer.status_code == 422
            (codes,) = answer.json()["error_details"].values()
            assert codes == ["value_already_exist"]
    after = await counted(databases, company)
    assert after["customers"] - before["customers"] == after["counters"] - before["counters"] == 1
    assert (await company.customer())["sequential_id"] == 2


async def test_different_customers_upserted_at_once_are_numbered_without_gaps(company):
    found = await answers(company, "/customers", [{"customer": {"external_id": f"c{n}"}} for n in range(12)])
    assert sorted(answer.json()["customer"]["sequential_id"] for answer in found) == list(range(1, 13))


async def test_an_invoice_is_voided_once_however_many_ask(company):
    customer, add_on = await company.customer(), await company.add_on()
    invoice = await company.invoice(customer, {"add_on_code": add_on["code"]})
    found = await answers(company, f"/invoices/{invoice['lago_id']}/void", [None] * 4)
    assert sorted(answer.status_code for answer in found) == [200, 405, 405, 405]
    assert {answer.json()["code"] for answer in found if answer.status_code == 405} == {"not_voidable"}
    assert [kind for kind, *_ in await transfers(company)] == ["invoice_issued", "invoice_voided"]
    assert await mismatches(company) == []


async def test_voids_and_new_invoices_of_one_customer_do_not_block_each_other_for_good(company):
    customer, add_on = await company.customer(), await company.add_on()
    body = over(customer, add_on)
    old = [answer.json()["invoice"]["lago_id"] for answer in await answers(company, "/invoices", [body] * 5)]
    new, *voids = await asyncio.gather(
        answers(company, "/invoices", [body] * 5), *(answers(company, f"/invoices/{one}/void", [None]) for one in old)
    )
    assert {answer.status_code for found in (new, *voids) for answer in found} == {200}
    assert sorted(answer.json()["invoice"]["sequential_id"] for answer in new) == list(range(6, 11))


async def test_a_switch_of_numbering_among_new_invoices_repeats_no_number(company):
    customers, add_on = [await company.customer() for _ in range(3)], await company.add_on()
    issuing = [company.client.post("/api/v1/invoices", json=over(customer, add_on)) for customer in customers * 4]
    modes = [
        company.client.put("/api/v1/organizations", json={"organization": {"document_numbering": mode}})
        for mode in ("per_organization", "per_customer", "per_organization")
    ]
    found = await asyncio.gather(*issuing[:6], modes[0], *issuing[6:9], modes[1], *issuing[9:], modes[2])
    assert {answer.status_code for answer in found} == {200}
    numbers = [answer.json()["invoice"]["number"] for answer in found if "invoice" in answer.json()]
    assert len(set(numbers)) == 12
