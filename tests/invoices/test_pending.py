"""Invoices whose customer's VAT number is being checked wait for their taxes (chapters 10 §5.3 and 20 §2.1)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from conto.customers.queries import customer_by_id
from conto.errors import Forbidden
from conto.invoices.pending import refuse_while_taxes_pending
from tests.books import jobs_waiting, listens, mismatches, run, transfers, webhook_types
from tests.company import Company, eventually, open_company
from tests.vies import Vies, vies
from tests.workers import working

ITALIAN = "IT00743110157"
NOON = "2024-03-05T12:00:00Z"


@asynccontextmanager
async def seller(works, service: Vies, frozen_time: str | None = NOON) -> AsyncIterator[Company]:
    """A seller in France, with a customer in Italy whose number is being checked while VIES is down."""
    async with open_company(replace(works, vies_url=service.url), frozen_time=frozen_time) as company:
        await company.sells_in_europe("FR")
        await listens(company)
        service.error = "MS_UNAVAILABLE"
        await company.customer(external_id="c", country="IT", tax_identification_number=ITALIAN)
        if frozen_time:
            await company.advance(frozen_time)
        yield company


async def one_off(company, *fees, **fields):
    body = {"external_customer_id": "c", "fees": list(fees)} | fields
    return (await company.post("/invoices", {"invoice": body}))["invoice"]


async def shown(company, invoice):
    return (await company.get(f"/invoices/{invoice['lago_id']}"))["invoice"]


async def answered(company, service, instant=NOON):
    """VIES answers when it is asked the next time."""
    service.error = None
    await company.run_jobs(within=timedelta(hours=1))
    await company.advance(instant)


async def test_a_pending_invoice_has_fees_but_neither_taxes_nor_totals_and_nothing_is_issued(works, databases):
    async with vies(ITALIAN) as service, seller(works, service) as company:
        add_on = await company.add_on()
        invoice = await one_off(company, {"add_on_code": add_on["code"], "units": 2})
        assert (invoice["status"], invoice["payment_status"], invoice["sequential_id"]) == ("pending", "pending", None)
        assert invoice["number"].endswith("-DRAFT")
        assert (invoice["fees_amount_cents"], invoice["sub_total_excluding_taxes_amount_cents"]) == (20000, 20000)
        for name in ("taxes", "sub_total_including_taxes", "total", "total_due"):
            assert invoice[f"{name}_amount_cents"] == 0, name
        assert invoice["applied_taxes"] == []
        assert [(fee["amount_cents"], fee["taxes_amount_cents"]) for fee in invoice["fees"]] == [(20000, 0)]
        assert await shown(company, invoice) == invoice
        assert [one["status"] for one in (await company.get("/invoices?status=pending"))["invoices"]] == ["pending"]
        assert await transfers(company) == []
        assert not {"document", "rehearsal.document"} & set(await jobs_waiting(databases, company))
        assert "invoice.one_off_created" not in await webhook_types(company)


async def test_what_concerns_issued_invoices_is_refused(works):
    async with vies(ITALIAN) as service, seller(works, service) as company:
        invoice = await one_off(company, {"add_on_code": (await company.add_on())["code"]})
        path = f"/invoices/{invoice['lago_id']}"
        refusals = {
            "POST /void": (405, "not_voidable"),
            "POST /lose_dispute": (405, "not_disputable"),
            "POST /retry_payment": (405, "invalid_status"),
            "POST /retry": (405, "invalid_status"),
            "POST /download": (404, "invoice_not_found"),
            "PUT /finalize": (404, "invoice_not_found"),
        }
        for call, (status, code) in refusals.items():
            method, rest = call.split()
            assert (await company.call(method, path + rest, status=status))["code"] == code, call
        payment = {"invoice_id": invoice["lago_id"], "amount_cents": 1, "reference": "x"}
        assert (await company.post("/payments", {"payment": payment}, 403))["code"] == "feature_unavailable"
        assert await shown(company, invoice) == invoice


async def test_once_vies_has_answered_the_invoice_is_taxed_and_issued_on_that_day(works, databases):
    async with vies(ITALIAN) as service, seller(works, service) as company:
        entity = f"/billing_entities/{company.organization.default_billing_entity_code}"
        invoice = await one_off(company, {"add_on_code": (await company.add_on())["code"]})
        await company.put(entity, {"billing_entity": {"net_payment_term": 30, "timezone": "Asia/Tokyo"}})
        await company.advance("2024-03-09T20:00:00Z")
        assert (await shown(company, invoice))["status"] == "pending"

        await answered(company, service, "2024-03-09T20:00:00Z")
        issued = await shown(company, invoice)
        assert (issued["status"], issued["sequential_id"]) == ("finalized", 1)
        assert issued["number"].endswith("-001-001")
        assert (issued["issuing_date"], issued["payment_due_date"]) == ("2024-03-10", "2024-04-09")
        assert issued["created_at"] == invoice["created_at"]
        (tax,) = issued["applied_taxes"]
        assert (tax["tax_code"], tax["fees_amount_cents"], tax["amount_cents"]) == ("lago_eu_reverse_charge", 10000, 0)
        assert (issued["total_amount_cents"], issued["payment_status"]) == (10000, "pending")
        assert (await webhook_types(company)).count("invoice.one_off_created") == 1
        assert issued["file_url"] is not None
        assert await transfers(company) == [("invoice_issued", "invoice", "revenue", 10000)]
        assert await mismatches(company) == []

        await company.advance("2024-04-10T00:00:00Z")
        assert (await shown(company, invoice))["payment_overdue"] is True


async def test_a_number_that_is_not_valid_is_an_answer_too(works):
    async with vies() as service, seller(works, service) as company:
        invoice = await one_off(company, {"add_on_code": (await company.add_on())["code"]})
        await answered(company, service)
        issued = await shown(company, invoice)
        assert [tax["tax_code"] for tax in issued["applied_taxes"]] == ["lago_eu_it_standard"]
        assert (issued["taxes_amount_cents"], issued["total_amount_cents"]) == (2200, 12200)
        assert await transfers(company) == [
            ("invoice_issued", "invoice", "revenue", 10000),
            ("invoice_issued", "invoice", "taxes", 2200),
        ]


async def test_taxes_are_chosen_level_by_level_as_if_the_invoice_were_made_now(works):
    async with vies(ITALIAN) as service, seller(works, service) as company:
        for code, rate in (("named", 5), ("late", 7), ("of_add_on", 10)):
            await company.tax(code=code, name=code, rate=rate)
        plain, taxed = await company.add_on(), await company.add_on(tax_codes=["of_add_on"])
        invoice = await one_off(
            company,
            {"add_on_code": plain["code"], "tax_codes": ["named", "unknown"]},
            {"add_on_code": taxed["code"]},
            {"add_on_code": taxed["code"], "tax_codes": ["late"]},
            {"add_on_code": plain["code"]},
        )
        await company.delete("/taxes/late")
        await answered(company, service)
        issued = await shown(company, invoice)
        assert [fee["taxes_rate"] for fee in issued["fees"]] == [5, 10, 10, 0]
        assert [fee["taxes_amount_cents"] for fee in issued["fees"]] == [500, 1000, 1000, 0]
        fee = (await company.get(f"/fees/{issued['fees'][0]['lago_id']}"))["fee"]
        assert [tax["tax_code"] for tax in fee["applied_taxes"]] == ["named"]
        assert issued["total_amount_cents"] == 42500


async def test_a_taxed_pending_invoice_is_what_it_would_have_been_at_once(works):
    async with vies() as service, seller(works, service) as company:
        await company.tax(code="odd", rate="12.34567")
        fees = [
            {"add_on_code": (await company.add_on())["code"], "unit_amount_cents": 333, "units": "1.7"},
            {"add_on_code": (await company.add_on())["code"], "unit_amount_cents": 1001, "tax_codes": ["odd"]},
        ]
        waited = await one_off(company, *fees)
        await answered(company, service)
        at_once, late = await one_off(company, *fees), await shown(company, waited)

        def parts(invoice):
            return [told(part) for part in (invoice, *invoice["fees"], *invoice["applied_taxes"])]

        def told(part):
            return {
                name: part[name] for name in part if name.endswith(("_cents", "_rate", "_status", "_date", "_amount"))
            }

        assert parts(late) == parts(at_once)
        assert len(parts(late)) == 1 + 2 + 2


async def test_all_that_waits_is_issued_in_the_order_in_which_it_was_made(works):
    async with vies(ITALIAN) as service, seller(works, service) as company:
        fee = {"add_on_code": (await company.add_on())["code"]}
        waiting = []
        for day in range(6, 10):
            waiting.append(await one_off(company, fee))
            await company.advance(f"2024-03-0{day}T12:00:00Z")
        await answered(company, service, "2024-03-09T12:00:00Z")
        issued = [await shown(company, invoice) for invoice in waiting]
        assert [invoice["sequential_id"] for invoice in issued] == [1, 2, 3, 4]
        assert {invoice["issuing_date"] for invoice in issued} == {"2024-03-09"}
        assert await mismatches(company) == []


async def test_an_invoice_over_nothing_is_closed_where_such_are_skipped(works, databases):
    async with vies(ITALIAN) as service, seller(works, service) as company:
        await company.customer(external_id="c", finalize_zero_amount_invoice="skip")
        invoice = await one_off(company, {"add_on_code": (await company.add_on())["code"], "units": 0})
        assert (invoice["status"], invoice["payment_status"]) == ("pending", "pending")
        await answered(company, service)
        await company.get(f"/invoices/{invoice['lago_id']}", 404)
        rows = await run(databases, "select status from invoices where organization_id = :id", id=company.id)
        assert [row.status for row in rows] == ["closed"]
        assert "invoice.one_off_created" not in await webhook_types(company)


async def test_an_invoice_over_nothing_is_paid_once_it_is_issued(works):
    async with vies(ITALIAN) as service, seller(works, service) as company:
        invoice = await one_off(company, {"add_on_code": (await company.add_on())["code"], "units": 0})
        await answered(company, service)
        issued = await shown(company, invoice)
        assert (issued["status"], issued["payment_status"]) == ("finalized", "succeeded")
        assert [fee["payment_status"] for fee in issued["fees"]] == ["succeeded"]


async def test_an_invoice_that_would_come_to_more_than_any_may_is_refused_while_it_can_be(works):
    async with vies(ITALIAN) as service, seller(works, service) as company:
        await company.tax(code="all", rate=100)
        fee = {"add_on_code": (await company.add_on())["code"], "unit_amount_cents": 9 * 10**14}
        body = {"external_customer_id": "c", "fees": [fee | {"tax_codes": ["all"]}]}
        assert "error_details" in await company.post("/invoices", {"invoice": body}, 422)
        assert (await one_off(company, fee))["status"] == "pending"


async def test_invoices_of_others_do_not_wait(works):
    async with vies(ITALIAN) as service, seller(works, service) as company:
        other = await company.customer(country="DE")
        invoice = await company.invoice(other, {"add_on_code": (await company.add_on())["code"]})
        assert (invoice["status"], invoice["taxes_amount_cents"]) == ("finalized", 1900)


async def test_while_the_next_number_is_checked_the_invoice_waits_on(works):
    async with vies(ITALIAN, "IT01114601006") as service, seller(works, service) as company:
        invoice = await one_off(company, {"add_on_code": (await company.add_on())["code"]})
        service.error = None
        await company.run_jobs(within=timedelta(hours=1))
        await company.customer(external_id="c", tax_identification_number="IT01114601006")
        service.error = "MS_UNAVAILABLE"
        await company.advance(NOON)
        assert (await shown(company, invoice))["status"] == "pending"
        await answered(company, service)
        assert (await shown(company, invoice))["status"] == "finalized"


@pytest.mark.parametrize(
    "change",
    [{"tax_identification_number": None}, {"tax_identification_number": "IT123"}, {"billing_entity_code": "plain"}],
)
async def test_where_no_check_is_needed_any_more_what_waits_goes_on(works, change):
    async with vies(ITALIAN) as service, seller(works, service) as company:
        await company.post("/billing_entities", {"billing_entity": {"code": "plain", "name": "Plain"}})
        invoice = await one_off(company, {"add_on_code": (await company.add_on())["code"]})
        await company.customer(external_id="c", **change)
        await company.advance(NOON)
        issued = await shown(company, invoice)
        expected = [] if "billing_entity_code" in change else ["lago_eu_it_standard"]
        assert (issued["status"], [tax["tax_code"] for tax in issued["applied_taxes"]]) == ("finalized", expected)


async def test_switching_management_off_issues_what_waits(works):
    async with vies(ITALIAN) as service, seller(works, service) as company:
        invoice = await one_off(company, {"add_on_code": (await company.add_on())["code"]})
        entity = f"/billing_entities/{company.organization.default_billing_entity_code}"
        await company.put(entity, {"billing_entity": {"eu_tax_management": False}})
        await company.advance(NOON)
        assert (await shown(company, invoice))["status"] == "finalized"


async def test_a_deleted_customers_invoices_are_issued_once_vies_has_answered(works):
    async with vies(ITALIAN) as service, seller(works, service) as company:
        invoice = await one_off(company, {"add_on_code": (await company.add_on())["code"]})
        await company.delete("/customers/c")
        await answered(company, service)
        issued = await shown(company, invoice)
        assert [tax["tax_code"] for tax in issued["applied_taxes"]] == ["lago_eu_reverse_charge"]


async def test_a_payment_status_set_by_hand_while_an_invoice_waits_stays(works):
    async with vies(ITALIAN) as service, seller(works, service) as company:
        invoice = await one_off(company, {"add_on_code": (await company.add_on())["code"]})
        path = f"/invoices/{invoice['lago_id']}"
        await company.put(path, {"invoice": {"payment_status": "succeeded"}})
        await answered(company, service)
        issued = await shown(company, invoice)
        assert (issued["status"], issued["payment_status"], issued["total_due_amount_cents"]) == (
            "finalized",
            "succeeded",
            10000,
        )
        await company.advance("2024-05-05T12:00:00Z")
        assert (await shown(company, invoice))["payment_overdue"] is False


async def test_live_workers_ask_vies_and_issue_what_waits(works, databases):
    async with vies(ITALIAN) as service, seller(works, service, frozen_time=None) as company:
        service.error = None
        fee = {"add_on_code": (await company.add_on())["code"]}
        waiting = [await one_off(company, fee) for _ in range(3)]

        async def issued():
            return all([(await shown(company, invoice))["status"] == "finalized" for invoice in waiting])

        async with working(company.works, databases, count=2):
            await eventually(issued)
        numbers = [(await shown(company, invoice))["sequential_id"] for invoice in waiting]
        assert numbers == [1, 2, 3]
        assert await mismatches(company) == []


async def test_no_invoice_that_is_made_while_the_answer_comes_is_forgotten(works, databases):
    async with vies(ITALIAN) as service, seller(works, service, frozen_time=None) as company:
        service.error = None
        fee = {"add_on_code": (await company.add_on())["code"]}
        making = [one_off(company, fee) for _ in range(8)]
        async with working(company.works, databases):
            made = await asyncio.gather(*making, company.customer(external_id="c", name="x"))

            async def all_issued():
                states = {(await shown(company, invoice))["status"] for invoice in made[:-1]}
                return states == {"finalized"}

            await eventually(all_issued)
        for invoice in made[:-1]:
            (tax,) = (await shown(company, invoice))["applied_taxes"]
            assert tax["tax_code"] == "lago_eu_reverse_charge"
        assert await mismatches(company) == []


async def test_a_draft_is_not_finalized_by_a_call_while_taxes_are_pending(works):
    async with vies(ITALIAN) as service, seller(works, service) as company:
        customer = (await company.get("/customers/c"))["customer"]
        async with company.works.enter(company.id) as work:
            row = await customer_by_id(work, customer["lago_id"])
            with pytest.raises(Forbidden, match="cannot_finalize_with_pending_taxes"):
                refuse_while_taxes_pending("subscription", row)
            refuse_while_taxes_pending("credit", row)
