"""Checks of VAT numbers at VIES, which is another server here (chapter 10 §5.3)."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from conto import jobs
from conto.clock import system_now
from conto.customers.check_vat import pause_after
from tests.books import listens, run, webhook_types
from tests.company import Company, open_company
from tests.vies import Vies, vies

ITALIAN = "IT00743110157"
OTHER_ITALIAN = "IT01114601006"
FRENCH = "FR40303265045"
GREEK = "EL094259216"

STANDARD = ["lago_eu_fr_standard"]


@asynccontextmanager
async def seller(works, service: Vies | None, **options) -> AsyncIterator[Company]:
    """A seller in France that manages EU taxes and asks this VIES, with an endpoint that wants every event."""
    url = service.url if service else None
    async with open_company(replace(works, vies_url=url), **options) as company:
        await company.sells_in_europe("FR")
        await listens(company)
        yield company


async def upserted(company, **fields):
    return (await company.post("/customers", {"customer": {"external_id": "c"} | fields}))["customer"]


async def codes(company):
    return [tax["code"] for tax in (await company.get("/customers/c"))["customer"]["taxes"]]


async def told(databases, company):
    """What each webhook of a check says, in order."""
    rows = await run(
        databases,
        "select payload from webhooks where organization_id = :id and webhook_type = 'customer.vies_check'"
        " order by created_at",
        id=company.id,
    )
    return [json.loads(row.payload)["customer"]["vies_check"] for row in rows]


async def waits(databases, company):
    """How long each waiting check is put off, in whole minutes."""
    rows = await run(
        databases,
        "select entrypoint, execute_after from queue.pgqueuer"
        " where headers->>'organization_id' = cast(:id as text) and entrypoint like '%vies_check' order by id",
        id=str(company.id),
    )
    return [round((row.execute_after - system_now()).total_seconds() / 60) for row in rows]


async def test_until_vies_has_answered_nothing_changes(works):
    async with vies(ITALIAN) as service, seller(works, service) as company:
        assert (await upserted(company, country="FR"))["taxes"][0]["code"] == "lago_eu_fr_standard"
        await upserted(company, country="IT", tax_identification_number=ITALIAN)
        assert await codes(company) == STANDARD
        await upserted(company, name="x")
        assert await codes(company) == STANDARD
        assert service.asked == []


@pytest.mark.parametrize(
    ("fields", "known", "asked", "code"),
    [
        ({"country": "IT", "tax_identification_number": "it 0074311-0157"}, True, ITALIAN, "lago_eu_reverse_charge"),
        ({"country": "IT", "tax_identification_number": ITALIAN}, False, ITALIAN, "lago_eu_it_standard"),
        ({"country": "FR", "tax_identification_number": FRENCH}, True, FRENCH, "lago_eu_fr_standard"),
        ({"zipcode": "97200", "tax_identification_number": FRENCH}, True, FRENCH, "lago_eu_fr_exception_martinique"),
        ({"country": "GR", "tax_identification_number": "GR094259216"}, True, GREEK, "lago_eu_reverse_charge"),
        ({"country": "US", "tax_identification_number": ITALIAN}, False, ITALIAN, "lago_eu_tax_exempt"),
        ({"tax_identification_number": ITALIAN}, False, ITALIAN, "lago_eu_fr_standard"),
    ],
)
async def test_the_answer_decides_the_customers_only_tax(works, fields, known, asked, code):
    async with vies(*([asked] if known else [])) as service, seller(works, service) as company:
        await company.tax(code="own")
        await upserted(company, tax_codes=["own"], **fields)
        assert await codes(company) == ["own"]
        await company.run_jobs()
        assert service.asked == [asked]
        assert await codes(company) == [code]


async def test_the_answer_is_told_with_the_customer(works, databases):
    async with vies(ITALIAN) as service, seller(works, service) as company:
        for number in (ITALIAN, OTHER_ITALIAN, "IT123"):
            await upserted(company, country="IT", tax_identification_number=number)
            await company.run_jobs()
        assert await told(databases, company) == [
            {
                "valid": True,
                "country_code": "IT",
                "vat_number": "00743110157",
                "request_date": "2024-03-05T12:00:00.000Z",
                "name": "HOOLI SPA",
                "address": "VIA MARCONI 1\n00146 ROMA",
            },
            {"valid": False, "valid_format": True},
            {"valid": False, "valid_format": False},
        ]
        assert await codes(company) == ["lago_eu_it_standard"]


async def test_a_number_that_vies_cannot_read_is_not_valid(works, databases):
    async with vies() as service, seller(works, service) as company:
        service.error, service.status = "INVALID_INPUT", 400
        await upserted(company, country="IT", tax_identification_number=ITALIAN)
        await company.run_jobs()
        assert await codes(company) == ["lago_eu_it_standard"]
        assert await told(databases, company) == [{"valid": False, "valid_format": True}]


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [("MS_UNAVAILABLE", 200, "MS_UNAVAILABLE"), ("MS_MAX_CONCURRENT_REQ", 500, "MS_MAX_CONCURRENT_REQ")],
)
async def test_an_unavailable_vies_leaves_the_taxes_and_is_asked_again(works, databases, error, status, message):
    async with vies(ITALIAN) as service, seller(works, service) as company:
        await upserted(company, country="FR")
        service.error, service.status = error, status
        await upserted(company, country="IT", tax_identification_number=ITALIAN)
        await company.run_jobs()
        assert await codes(company) == STANDARD
        (check,) = await told(databases, company)
        assert check == {"valid": False, "valid_format": True, "error": message}
        assert await waits(databases, company) == [5]

        service.error, service.status = None, 200
        await company.run_jobs(within=timedelta(minutes=5))
        assert service.asked == [ITALIAN, ITALIAN]
        assert await codes(company) == ["lago_eu_reverse_charge"]
        assert [check["valid"] for check in await told(databases, company)] == [False, True]
        assert await waits(databases, company) == []


async def test_a_vies_that_cannot_be_reached_or_understood_is_unavailable(works, databases):
    async with vies(ITALIAN) as service:
        answers = [
            b"<html>503</html>",
            b"",
            None,
            [],
            {"valid": "yes"},
            {"valid": True, "userError": "TIMEOUT"},
            {"errorWrappers": ["x"]},
        ]
        for answer in answers:
            async with seller(works, service) as company:
                service.answer = lambda _, answer=answer: answer
                await upserted(company, country="IT", tax_identification_number=ITALIAN)
                await company.run_jobs()
                (check,) = await told(databases, company)
                assert (check["valid"], bool(check["error"])) == (False, True)
                assert await waits(databases, company) == [5]
        url = service.url
    async with open_company(replace(works, vies_url=url)) as company:
        await company.sells_in_europe("FR")
        await upserted(company, country="IT", tax_identification_number=ITALIAN)
        await company.run_jobs()
        assert await waits(databases, company) == [5]


async def test_pauses_between_attempts_grow_to_an_hour():
    assert [pause_after(attempt) // timedelta(minutes=1) for attempt in range(1, 9)] == [5, 5, 10, 20, 40, 60, 60, 60]


async def test_each_attempt_that_fails_waits_as_long_as_its_number_says(works, databases):
    async with vies() as service, seller(works, service) as company:
        service.error = "SERVICE_UNAVAILABLE"
        await upserted(company, country="IT", tax_identification_number=ITALIAN)
        seen = [0]
        for _ in range(6):
            await company.run_jobs(within=timedelta(minutes=seen[-1]))
            seen += await waits(databases, company)
        assert seen == [0, 5, 5, 10, 20, 40, 60]
        assert len(service.asked) == 6


async def delayed(databases, company):
    return await run(
        databases,
        "select id, entrypoint, payload from queue.pgqueuer"
        " where headers->>'organization_id' = cast(:id as text) and entrypoint like '%vies_check'",
        id=str(company.id),
    )


async def test_while_vies_is_unavailable_the_customer_says_so_until_its_address_changes(works):
    async with vies(ITALIAN) as service, seller(works, service) as company:
        service.error = "MS_UNAVAILABLE"
        await upserted(company, country="IT", tax_identification_number=ITALIAN)
        assert (await company.get("/customers/c"))["customer"]["error_details"] == []
        await company.run_jobs()
        (error,) = (await upserted(company, name="x", country="IT"))["error_details"]
        assert error["error_code"] == "tax_error"
        assert error["details"] == {"tax_error": "vies_unavailable", "tax_error_message": "MS_UNAVAILABLE"}
        assert (await upserted(company, city="Roma"))["error_details"] == []

        await company.run_jobs(within=timedelta(minutes=5))
        assert len((await company.get("/customers/c"))["customer"]["error_details"]) == 1
        service.error = None
        await company.run_jobs(within=timedelta(minutes=5))
        assert (await company.get("/customers/c"))["customer"]["error_details"] == []
        assert await codes(company) == ["lago_eu_reverse_charge"]


async def test_an_answer_about_a_number_that_was_changed_meanwhile_changes_nothing(works, databases):
    async with vies(ITALIAN) as service, seller(works, service) as company:
        await upserted(company, country="IT", tax_identification_number=ITALIAN)
        service.open.clear()
        asking = asyncio.create_task(company.run_jobs())
        await asyncio.wait_for(service.arrived.wait(), 20)
        await upserted(company, tax_identification_number=OTHER_ITALIAN)
        service.open.set()
        await asking
        assert service.asked == [ITALIAN, OTHER_ITALIAN]
        assert await codes(company) == ["lago_eu_it_standard"]
        assert await told(databases, company) == [{"valid": False, "valid_format": True}]


async def test_an_answer_about_a_number_that_was_removed_meanwhile_changes_nothing(works):
    async with vies(ITALIAN) as service, seller(works, service) as company:
        await upserted(company, country="IT", tax_identification_number=ITALIAN)
        service.open.clear()
        asking = asyncio.create_task(company.run_jobs())
        await asyncio.wait_for(service.arrived.wait(), 20)
        assert (await upserted(company, tax_identification_number=None))["taxes"][0]["code"] == "lago_eu_it_standard"
        service.open.set()
        await asking
        assert await codes(company) == ["lago_eu_it_standard"]
        assert "customer.vies_check" not in await webhook_types(company)


@pytest.mark.parametrize("error", [None, "MS_UNAVAILABLE"])
async def test_two_workers_on_one_check_count_it_once(works, databases, error):
    async with vies(ITALIAN) as service, seller(works, service) as company:
        service.error = error
        await upserted(company, country="IT", tax_identification_number=ITALIAN)
        (job,) = await delayed(databases, company)
        await asyncio.gather(*(jobs.run(company.works, job.entrypoint, job.payload) for _ in range(3)))
        await run(databases, "delete from queue.pgqueuer where id = :id", id=job.id)
        assert (await webhook_types(company)).count("customer.vies_check") == 1
        assert await waits(databases, company) == ([5] if error else [])


async def test_where_numbers_are_not_checked_addresses_decide(works, databases):
    async with seller(works, None) as company:
        await upserted(company, country="IT", tax_identification_number=ITALIAN)
        await company.run_jobs()
        assert await codes(company) == ["lago_eu_it_standard"]
        assert await told(databases, company) == [
            {"valid": False, "valid_format": True, "error": "VAT numbers are not checked here"}
        ]


async def test_switching_management_off_ends_the_checks(works, databases):
    async with vies(ITALIAN) as service, seller(works, service) as company:
        service.error = "MS_UNAVAILABLE"
        await upserted(company, country="IT", tax_identification_number=ITALIAN)
        await company.run_jobs()
        entity = f"/billing_entities/{company.organization.default_billing_entity_code}"
        await company.put(entity, {"billing_entity": {"eu_tax_management": False}})
        await company.run_jobs()
        assert service.asked == [ITALIAN]
        assert await statuses(databases, company) == ["dropped"]
        await company.put(entity, {"billing_entity": {"eu_tax_management": True}})
        service.error = None
        await upserted(company, name="x")
        await company.run_jobs()
        assert await codes(company) == ["lago_eu_reverse_charge"]


async def statuses(databases, company):
    query = "select status from vies_checks where organization_id = :id order by sequence"
    return [row.status for row in await run(databases, query, id=company.id)]


async def test_a_deleted_customer_is_asked_about_no_more(works, databases):
    async with vies(ITALIAN) as service, seller(works, service) as company:
        await upserted(company, country="IT", tax_identification_number=ITALIAN)
        await company.delete("/customers/c")
        await company.run_jobs()
        assert service.asked == []
        assert await statuses(databases, company) == ["dropped"]


async def test_in_a_rehearsal_the_first_attempt_is_made_with_the_clock_and_others_in_real_time(works, databases):
    async with vies(ITALIAN) as service, seller(works, service, frozen_time="2024-03-05T12:00:00Z") as company:
        service.error = "MS_UNAVAILABLE"
        await upserted(company, country="IT", tax_identification_number=ITALIAN)
        await company.advance("2024-03-05T12:00:00Z")
        await company.advance("2025-03-05T12:00:00Z")
        assert service.asked == [ITALIAN]
        (job,) = await delayed(databases, company)
        assert job.entrypoint == "vies_check"
        service.error = None
        await company.run_jobs(within=timedelta(minutes=5))
        assert await codes(company) == ["lago_eu_reverse_charge"]


async def test_a_customer_has_one_check_pending_at_a_time(works, databases):
    async with vies() as service, seller(works, service) as company:
        await upserted(company, country="IT")
        numbers = [ITALIAN, OTHER_ITALIAN, FRENCH, GREEK]
        await asyncio.gather(*(upserted(company, tax_identification_number=number) for number in numbers))
        assert (await statuses(databases, company)).count("pending") == 1
        async with company.works.enter(company.id) as work:
            rows = await work.rows(
                text(
                    "select c.tax_identification_number as has, v.tax_identification_number as checked"
                    " from customers c join vies_checks v on v.customer_id = c.id and v.status = 'pending'"
                )
            )
        assert [row.has == row.checked for row in rows] == [True]
