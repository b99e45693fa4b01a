"""A unit of work happens wholly or not at all, with all that it causes."""

import asyncio

import pytest
from sqlalchemy import func, select, text

from conto import jobs
from conto.db.engine import create_engine, driver
from conto.db.tables import taxes
from conto.errors import Locked, NotFound
from conto.ids import new_id
from conto.jobs import Job
from conto.work import Works
from tests.company import Company

KIND = "tests.work"


@jobs.handles(KIND)
async def do_nothing(works: Works, organization_id: object, subject_id: object) -> None:
    """A job of these tests alone."""


async def waiting(company: Company) -> int:
    async with company.works.engine.connect() as connection:
        counted = await connection.execute(
            text(
                "select count(*) from queue.pgqueuer"
                " where headers->>'organization_id' = :id and entrypoint like '%' || :kind"
            ),
            {"id": str(company.id), "kind": KIND},
        )
        return counted.scalar_one()


async def test_a_job_is_there_when_its_action_has_happened(company: Company):
    async with company.works.enter(company.id) as work:
        work.enqueue(Job(KIND, new_id()))
    assert await waiting(company) == 1


async def test_a_job_is_not_there_when_its_action_has_failed(company: Company):
    with pytest.raises(ZeroDivisionError):
        async with company.works.enter(company.id) as work:
            work.enqueue(Job(KIND, new_id()))
            await work.send()
            raise ZeroDivisionError
    assert await waiting(company) == 0


async def test_a_job_that_is_wanted_once_is_not_queued_twice(company: Company):
    subject = new_id()
    for _ in range(3):
        async with company.works.enter(company.id) as work:
            work.enqueue(Job(KIND, subject, once=True))
    assert await waiting(company) == 1


async def test_the_driver_is_not_used_outside_the_transaction(company: Company):
    async with company.works.engine.connect() as connection:
        with pytest.raises(AssertionError):
            driver(connection)


async def test_a_live_organization_has_the_systems_time_and_a_rehearsal_its_own(company: Company, rehearsal: Company):
    async with company.works.enter(company.id) as live, rehearsal.works.enter(rehearsal.id) as frozen:
        assert live.organization.live
        assert live.now.year > 2025
        assert not frozen.organization.live
        assert frozen.now.isoformat() == "2024-03-05T12:00:00+00:00"


async def test_an_unknown_organization_is_not_entered(works: Works):
    with pytest.raises(NotFound):
        async with works.enter(new_id()):
            raise AssertionError("it was entered")


async def test_two_transactions_that_wait_for_each_other_end_as_one_success_and_one_second_try(company: Company):
    first, second = await company.tax(code="first"), await company.tax(code="second")
    locked = [asyncio.Event(), asyncio.Event()]

    async def lock_both(mine: int) -> None:
        ids = [first["lago_id"], second["lago_id"]]
        order = ids if mine == 0 else ids[::-1]
        async with company.works.enter(company.id) as work:
            for place, tax_id in enumerate(order):
                await work.execute(select(taxes.c.id).where(taxes.c.id == tax_id).with_for_update())
                if place == 0:
                    locked[mine].set()
                    await locked[1 - mine].wait()

    outcomes = await asyncio.gather(lock_both(0), lock_both(1), return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Deadlock", "NoneType"]


async def test_each_statement_stays_within_its_organization(company: Company, other_company: Company):
    await other_company.tax()
    async with company.works.enter(company.id) as work:
        assert (await work.one(select(func.count()).select_from(taxes)))[0] == 0


async def test_a_call_that_finds_no_connection_in_time_may_be_sent_again(databases, works: Works, company: Company):
    engine = create_engine(databases.url(), pool_size=1, pool_timeout=0.01)
    narrow = Works(engine, works.secrets, works.files, works.public_url)
    async with narrow.enter(company.id):
        with pytest.raises(Locked):
            async with narrow.open(company.organization.api_key, writes=False):
                raise AssertionError("there was a connection")
    await engine.dispose()
