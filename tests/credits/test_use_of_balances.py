"""Balances of credit notes on later invoices, notes of the system, and notes on drafts (chapter 61 §§8-9).

Invoices that use balances, and drafts, come with subscriptions; here a one-off invoice stands for them, and the use
cases that billing calls are called by themselves.
"""

import asyncio
from decimal import Decimal
from uuid import UUID

import pytest

from conto.credits.notes.apply import apply, choose, give_back
from conto.credits.notes.drafts import delete_notes, finalize_notes, follow_refresh
from conto.credits.notes.unused import credited_on, issue_for_unused
from conto.db.tables import fees
from conto.invoices.queries import fee_rows, invoice, lock
from tests.books import mismatches, run, transfers


@pytest.fixture
async def customer(company):
    """A customer whose invoices have 20 % tax."""
    await company.tax(code="vat", rate=20)
    return await company.customer(tax_codes=["vat"])


async def billed(company, customer, *amounts):
    """An invoice over these amounts, before tax."""
    add_on = await company.add_on()
    return await company.invoice(
        customer, *({"add_on_code": add_on["code"], "unit_amount_cents": amount} for amount in amounts)
    )


async def applied(company, made):
    async with company.works.enter(company.id) as work:
        return await apply(work, await lock(work, UUID(made["lago_id"])))


async def shown(company, made):
    return (await company.get(f"/invoices/{made['lago_id']}"))["invoice"]


async def note_of(company, note):
    return (await company.get(f"/credit_notes/{note['lago_id']}"))["credit_note"]


async def unused(company, made, unused_cents, used_cents="0", way="credit"):
    """The note for unused days of the invoice's first fee."""
    async with company.works.enter(company.id) as work:
        fee = await work.one(fee_rows(work).where(fees.c.id == UUID(made["fees"][0]["lago_id"])))
        note = await issue_for_unused(
            work, fee, unused_cents=Decimal(unused_cents), used_cents=Decimal(used_cents), way=way
        )
        return None if note is None else note.id


async def test_balances_are_used_oldest_first_and_shown_as_credits(company, customer):
    source = await billed(company, customer, 1000)
    first = await company.credit_note(source, 100, credit_amount_cents=120, description="Goodwill")
    second = await company.credit_note(source, 200, credit_amount_cents=240)
    later = await billed(company, customer, 200)
    assert await applied(company, later) == 240
    found = await shown(company, later)
    assert (found["credit_notes_amount_cents"], found["total_amount_cents"], found["taxes_amount_cents"]) == (
        240,
        0,
        40,
    )
    assert (found["payment_status"], {fee["payment_status"] for fee in found["fees"]}) == ("succeeded", {"succeeded"})
    assert [(credit["amount_cents"], credit["before_taxes"]) for credit in found["credits"]] == [(120, False)] * 2
    assert found["credits"][0]["item"] == {
        "lago_item_id": first["lago_id"],
        "type": "credit_note",
        "code": first["number"],
        "name": source["number"],
        "description": "Goodwill",
    }
    assert found["credits"][0]["invoice"] == {"lago_id": later["lago_id"], "payment_status": "succeeded"}
    used, left = await note_of(company, first), await note_of(company, second)
    assert (used["balance_amount_cents"], used["credit_status"]) == (0, "consumed")
    assert (left["balance_amount_cents"], left["credit_status"]) == (120, "available")
    assert await mismatches(company) == []


async def test_an_invoice_uses_balances_once(company, customer):
    source = await billed(company, customer, 1000)
    await company.credit_note(source, 100, credit_amount_cents=120)
    later = await billed(company, customer, 1000)
    assert (await applied(company, later), await applied(company, later)) == (120, 0)
    await company.credit_note(source, 100, credit_amount_cents=120)
    assert await applied(company, later) == 0
    assert (await shown(company, later))["total_amount_cents"] == 1080


async def test_what_cannot_be_used_is_passed_over(company, customer):
    source = await billed(company, customer, 1000)
    voided = await company.credit_note(source, 100, credit_amount_cents=120)
    await company.put(f"/credit_notes/{voided['lago_id']}/void", {})
    await company.credit_note(source, 100, offset_amount_cents=120)
    own = await billed(company, customer, 500)
    await company.credit_note(own, 100, credit_amount_cents=120)
    assert await applied(company, own) == 0
    async with company.works.enter(company.id) as work:
        owner = (await invoice(work, UUID(own["lago_id"]))).customer_id
        assert await choose(work, owner, "USD", 1000) == []
        assert [use.amount_cents for use in await choose(work, owner, "EUR", 1000)] == [120]


async def test_two_invoices_at_once_spend_a_balance_once(company, customer):
    source = await billed(company, customer, 1000)
    note = await company.credit_note(source, 1000, credit_amount_cents=1200)
    later = [await billed(company, customer, 800) for _ in range(2)]
    assert sorted(await asyncio.gather(*(applied(company, one) for one in later))) == [240, 960]
    assert (await note_of(company, note))["balance_amount_cents"] == 0
    assert await mismatches(company) == []


async def test_uses_are_given_back_but_not_to_voided_notes(company, customer, databases):
    source = await billed(company, customer, 1000)
    kept = await company.credit_note(source, 100, credit_amount_cents=120)
    other = await company.credit_note(source, 300, credit_amount_cents=360)
    later = await billed(company, customer, 200)
    await applied(company, later)
    await company.put(f"/credit_notes/{other['lago_id']}/void", {})
    async with company.works.enter(company.id) as work:
        await give_back(work, await lock(work, UUID(later["lago_id"])))
        await give_back(work, await lock(work, UUID(later["lago_id"])))
    found = await note_of(company, kept)
    assert (found["balance_amount_cents"], found["credit_status"]) == (120, "available")
    assert (await note_of(company, other))["balance_amount_cents"] == 0
    assert [transfer for transfer in await transfers(company) if transfer[0] == "credit_given_back"] == [
        ("credit_given_back", "invoice", "credit_note", 120)
    ]


async def test_a_voided_invoice_keeps_the_credit_that_it_used(company, customer):
    source = await billed(company, customer, 1000)
    note = await company.credit_note(source, 100, credit_amount_cents=120)
    later = await billed(company, customer, 1000)
    await applied(company, later)
    await company.post(f"/invoices/{later['lago_id']}/void")
    assert (await note_of(company, note))["balance_amount_cents"] == 0
    assert await mismatches(company) == []


async def test_a_balance_that_was_changed_behind_the_books_is_found(company, customer, databases):
    source = await billed(company, customer, 1000)
    note = await company.credit_note(source, 100, credit_amount_cents=120)
    await run(databases, "update credit_notes set balance_amount_cents = 119 where id = :id", id=note["lago_id"])
    assert await mismatches(company) == [note["number"]]


UNUSED = [
    ("credit", 0, (1920, 0, 0)),
    ("refund", 0, (1920, 0, 0)),
    ("refund", 7440, (0, 1920, 0)),
    ("refund", 5580, (930, 990, 0)),
    ("offset", 5580, (0, 990, 930)),
    ("offset", 930, (0, 0, 1920)),
]


@pytest.mark.parametrize(("way", "paid", "parts"), UNUSED)
async def test_unused_days_are_given_back_as_the_subscription_says(company, customer, way, paid, parts):
    made = await billed(company, customer, 3100, 3100)
    if paid:
        await company.paid(made, paid)
    note_id = await unused(company, made, "1600", "1500", way)
    note = (await company.get(f"/credit_notes/{note_id}"))["credit_note"]
    assert note["reason"] == "order_cancellation"
    assert (note["credit_amount_cents"], note["refund_amount_cents"], note["offset_amount_cents"]) == parts
    assert await mismatches(company) == []


async def test_the_total_for_unused_days_fits_its_subtotal_and_taxes(company):
    await company.tax(code="vat", rate=25)
    made = await billed(company, await company.customer(tax_codes=["vat"]), 20000)
    note_id = await unused(company, made, "19333.33333")
    note = (await company.get(f"/credit_notes/{note_id}"))["credit_note"]
    assert (note["total_amount_cents"], note["taxes_amount_cents"], note["credit_amount_cents"]) == (24166, 4833, 24166)
    assert note["items"][0]["precise_amount_cents"] == "19333.33333"
    async with company.works.enter(company.id) as work:
        assert await credited_on(work, UUID(made["fees"][0]["lago_id"])) == 19333


async def test_nothing_is_given_back_where_nothing_is_left_or_the_invoice_is_void(company, customer):
    made = await billed(company, customer, 3100)
    assert await unused(company, made, "0") is None
    await company.post(f"/invoices/{made['lago_id']}/void")
    assert await unused(company, made, "1600") is None


async def drafted(company, databases, customer, *amounts):
    """An invoice that stands for a draft."""
    made = await billed(company, customer, *amounts)
    await company.run_jobs()
    await run(databases, "delete from ledger_transfers where invoice_id = :id", id=made["lago_id"])
    await run(
        databases,
        "update invoices set status = 'draft', sequential_id = null, finalized_at = null, number = 'X-DRAFT'"
        " where id = :id",
        id=made["lago_id"],
    )
    return made


async def test_notes_on_drafts_are_hidden_until_the_invoice_is_final(company, customer, databases):
    made = await drafted(company, databases, customer, 1000)
    body = {
        "invoice_id": made["lago_id"],
        "items": [{"fee_id": made["fees"][0]["lago_id"], "amount_cents": 500}],
        "credit_amount_cents": 600,
    }
    draft = (await company.post("/credit_notes", {"credit_note": body}))["credit_note"]
    await company.get(f"/credit_notes/{draft['lago_id']}", 404)
    assert (await company.get("/credit_notes"))["credit_notes"] == []
    assert await applied(company, await billed(company, customer, 1000)) == 0
    await run(
        databases,
        "update invoices set status = 'finalized', sequential_id = 99, finalized_at = now(), number = 'X-099'"
        " where id = :id",
        id=made["lago_id"],
    )
    async with company.works.enter(company.id) as work:
        await finalize_notes(work, UUID(made["lago_id"]))
    note = await note_of(company, draft)
    assert (note["number"], note["credit_amount_cents"], note["balance_amount_cents"]) == ("X-099-CN001", 600, 600)
    async with company.works.enter(company.id) as work:
        await finalize_notes(work, UUID(made["lago_id"]))
    posted = [transfer for transfer in await transfers(company) if transfer[0] == "credit_note_issued"]
    assert posted == [
        ("credit_note_issued", "revenue", "credit_note", 500),
        ("credit_note_issued", "taxes", "credit_note", 100),
    ]


async def test_notes_follow_the_fees_of_a_draft_and_end_with_it(company, customer, databases):
    made = await drafted(company, databases, customer, 1000, 400)
    note = await company.credit_note(made, 500, credit_amount_cents=600)
    old, new = (UUID(fee["lago_id"]) for fee in made["fees"])
    async with company.works.enter(company.id) as work:
        await follow_refresh(work, await lock(work, UUID(made["lago_id"])), {old: new})
    columns = "credit_amount_cents, balance_amount_cents, taxes_amount_cents, status"
    (row,) = await run(databases, f"select {columns} from credit_notes where id = :id", id=note["lago_id"])
    assert tuple(row) == (240, 240, 40, "draft")
    (item,) = await run(
        databases, "select fee_id, amount_cents from credit_note_items where credit_note_id = :id", id=note["lago_id"]
    )
    assert tuple(item) == (new, 200)
    async with company.works.enter(company.id) as work:
        await delete_notes(work, UUID(made["lago_id"]))
    (row,) = await run(databases, "select status from credit_notes where id = :id", id=note["lago_id"])
    assert row.status == "deleted"
