"""Overdue invoices (chapter 20 §2.2): marked by the agenda, on the UTC day after the due date."""

from tests.books import listens, webhook_types
from tests.company import open_company


async def overdue(company, invoice):
    return (await company.get(f"/invoices/{invoice['lago_id']}"))["invoice"]["payment_overdue"]


async def test_an_invoice_is_overdue_on_the_day_after_its_due_date(rehearsal):
    customer, add_on = await rehearsal.customer(net_payment_term=10), await rehearsal.add_on()
    invoice = await rehearsal.invoice(customer, {"add_on_code": add_on["code"]})
    assert invoice["payment_due_date"] == "2024-03-15"
    await listens(rehearsal)
    await rehearsal.advance("2024-03-15T23:59:59Z")
    assert await overdue(rehearsal, invoice) is False
    await rehearsal.advance("2024-03-16T00:00:00Z")
    assert await overdue(rehearsal, invoice) is True
    assert (await webhook_types(rehearsal)).count("invoice.payment_overdue") == 1
    await rehearsal.advance("2024-06-01T00:00:00Z")
    assert (await webhook_types(rehearsal)).count("invoice.payment_overdue") == 1


async def test_what_fell_due_on_the_way_carries_its_own_instant(rehearsal):
    customer, add_on = await rehearsal.customer(), await rehearsal.add_on()
    invoice = await rehearsal.invoice(customer, {"add_on_code": add_on["code"]})
    await rehearsal.advance("2024-12-31T00:00:00Z")
    shown = (await rehearsal.get(f"/invoices/{invoice['lago_id']}"))["invoice"]
    assert (shown["payment_overdue"], shown["updated_at"]) == (True, "2024-03-06T00:00:00Z")


async def test_the_day_is_that_of_utc_whatever_the_customers_zone(works):
    async with open_company(works, frozen_time="2022-11-24T12:00:00Z") as company:
        customer, add_on = await company.customer(timezone="Pacific/Honolulu"), await company.add_on()
        invoice = await company.invoice(customer, {"add_on_code": add_on["code"]})
        assert invoice["payment_due_date"] == "2022-11-24"
        await company.advance("2022-11-24T23:59:59Z")
        assert await overdue(company, invoice) is False
        await company.advance("2022-11-25T00:00:00Z")
        assert await overdue(company, invoice) is True


async def test_an_invoice_due_before_today_is_overdue_at_once(works):
    async with open_company(works, frozen_time="2022-11-25T01:00:00Z") as company:
        customer, add_on = await company.customer(timezone="America/Los_Angeles"), await company.add_on()
        invoice = await company.invoice(customer, {"add_on_code": add_on["code"]})
        await company.advance("2022-11-25T01:00:00Z")
        assert await overdue(company, invoice) is True


async def test_an_invoice_over_nothing_is_never_overdue(rehearsal):
    customer, add_on = await rehearsal.customer(), await rehearsal.add_on()
    invoice = await rehearsal.invoice(customer, {"add_on_code": add_on["code"], "units": 0})
    await rehearsal.advance("2024-06-01T00:00:00Z")
    assert await overdue(rehearsal, invoice) is False


async def test_a_voided_invoice_is_no_longer_overdue_and_does_not_become_so(rehearsal):
    customer, add_on = await rehearsal.customer(), await rehearsal.add_on()
    early, late = [await rehearsal.invoice(customer, {"add_on_code": add_on["code"]}) for _ in range(2)]
    await rehearsal.post(f"/invoices/{early['lago_id']}/void")
    await rehearsal.advance("2024-06-01T00:00:00Z")
    assert [await overdue(rehearsal, invoice) for invoice in (early, late)] == [False, True]
    await rehearsal.post(f"/invoices/{late['lago_id']}/void")
    assert await overdue(rehearsal, late) is False


async def test_overdue_invoices_can_be_listed(rehearsal):
    add_on = await rehearsal.add_on()
    soon = await rehearsal.invoice(await rehearsal.customer(), {"add_on_code": add_on["code"]})
    later = await rehearsal.invoice(await rehearsal.customer(net_payment_term=90), {"add_on_code": add_on["code"]})
    await rehearsal.advance("2024-04-01T00:00:00Z")
    for value, found in (("true", soon), ("false", later)):
        listed = (await rehearsal.get(f"/invoices?payment_overdue={value}"))["invoices"]
        assert [invoice["lago_id"] for invoice in listed] == [found["lago_id"]]
