"""A figure that is changed behind the books' back is named, with the invoice and both amounts."""

from typing import Any

import pytest

from conto.verification import Mismatch, mismatches
from tests.books import run
from tests.company import Company
from tests.databases import Databases


async def found(company: Company) -> list[Mismatch]:
    async with company.works.enter(company.id) as work:
        return await mismatches(work)


async def paid_invoice(company: Company) -> dict[str, Any]:
    """An invoice over 100.00 and 20 % of tax, of which 50.00 are paid."""
    customer, tax, add_on = await company.customer(), await company.tax(), await company.add_on()
    invoice = await company.invoice(customer, {"add_on_code": add_on["code"], "tax_codes": [tax["code"]]})
    paid = {"invoice_id": invoice["lago_id"], "amount_cents": 5000, "reference": "transfer"}
    await company.post("/payments", {"payment": paid})
    return invoice


TAMPERING = [
    (
        "update invoices set total_paid_amount_cents = total_paid_amount_cents - 1000 where id = :id",
        [("total_paid_amount_cents", "payments", 4000, 5000), ("total_due_amount_cents", "transfers", 8000, 7000)],
    ),
    (
        "update payments set amount_cents = 4999 where invoice_id = :id",
        [("total_paid_amount_cents", "payments", 5000, 4999)],
    ),
    (
        "update payments set payment_status = 'failed' where invoice_id = :id",
        [("total_paid_amount_cents", "payments", 5000, 0)],
    ),
    (
        "update fees set amount_cents = 10001 where invoice_id = :id",
        [("fees_amount_cents", "fees", 10000, 10001)],
    ),
    (
        "delete from invoices_taxes where invoice_id = :id",
        [("taxes_amount_cents", "applied_taxes", 2000, 0)],
    ),
    (
        "update ledger_transfers set credit_account = 'revenue' where invoice_id = :id and credit_account = 'taxes'",
        [
            ("sub_total_excluding_taxes_amount_cents", "transfers", 10000, 12000),
            ("taxes_amount_cents", "transfers", 2000, 0),
        ],
    ),
    (
        "update ledger_transfers set amount_cents = 1 where invoice_id = :id and debit_account = 'cash'",
        [("total_due_amount_cents", "transfers", 7000, 11999)],
    ),
]


@pytest.mark.parametrize(("tampering", "expected"), TAMPERING)
async def test_a_figure_that_was_changed_is_named(company, databases: Databases, tampering: str, expected):
    invoice = await paid_invoice(company)
    other = await paid_invoice(company)
    assert await found(company) == []
    await run(databases, tampering, id=invoice["lago_id"])

    wrong = await found(company)
    assert {(one.number, str(one.invoice_id), one.currency) for one in wrong} == {
        (invoice["number"], invoice["lago_id"], "EUR")
    }
    assert other["number"] != invoice["number"]
    assert sorted((one.figure, one.source, one.stored_cents, one.summed_cents) for one in wrong) == sorted(expected)
    assert all(one.difference_cents == one.stored_cents - one.summed_cents for one in wrong)


async def test_transfers_about_no_invoice_or_in_another_currency_are_named(company, databases: Databases):
    invoice = await paid_invoice(company)
    change = "update ledger_transfers set currency = 'USD' where invoice_id = :id and credit_account = 'taxes'"
    await run(databases, change, id=invoice["lago_id"])
    wrong = await found(company)
    assert (None, "USD", 0, 2000) in [(one.number, one.currency, one.stored_cents, one.summed_cents) for one in wrong]
    assert (invoice["number"], "EUR", 7000, 5000) in [
        (one.number, one.currency, one.stored_cents, one.summed_cents) for one in wrong
    ]


async def test_a_voided_and_paid_invoice_agrees_with_its_books(company):
    invoice = await paid_invoice(company)
    await company.post(f"/invoices/{invoice['lago_id']}/void")
    assert await found(company) == []


async def test_the_books_of_another_organization_are_another_matter(company, other_company, databases: Databases):
    invoice = await paid_invoice(other_company)
    await run(databases, TAMPERING[0][0], id=invoice["lago_id"])
    assert await found(company) == []
    assert len(await found(other_company)) == 2
