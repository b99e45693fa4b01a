"""Deliveries: what receivers see, and what is recorded (chapter 71 §2)."""

import asyncio
import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey
from sqlalchemy import Row, select, text, update

from conto import pruning, queues, test_clock
from conto.db.tables import agenda as entries
from conto.db.tables import webhook_attempts, webhook_endpoints, webhooks
from conto.errors import NotAllowed, NotFound
from conto.ids import new_id
from conto.organizations.create import create_organization
from conto.schemas.reader import Problems
from conto.schemas.webhook_endpoints import WebhookEndpointCreateInput
from conto.webhooks import deliver, endpoints, keys, payloads, prune
from conto.work import Work, Works
from tests.company import eventually
from tests.receiver import receiver
from tests.workers import working

START = datetime(2024, 1, 1, tzinfo=UTC)
UNREACHABLE = "http://127.0.0.1:1/hook"


@pytest.fixture(autouse=True)
def shown(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What features are shown as, in place of what the house shows; a test may change it."""
    content: dict[str, Any] = {"code": "séats", "name": "Zoë’s \u0000 <b>"}

    async def load(work: Work, object_id: UUID, webhook_type: str) -> object:
        if content.get("gone"):
            raise NotFound("feature")
        return {"lago_id": object_id, **content}

    monkeypatch.setitem(payloads.LOADERS, "feature", load)
    return content


@pytest.fixture
async def organization_id(works: Works) -> UUID:
    return (await create_organization(works, "Hooli")).id


@pytest.fixture
async def rehearsal_id(works: Works) -> UUID:
    return (await create_organization(works, "Pied Piper", frozen_time=START)).id


async def endpoint(works: Works, organization_id: UUID, url: str, **values: Any) -> Row[Any]:
    async with works.enter(organization_id) as work:
        data = WebhookEndpointCreateInput(webhook_url=url, **values)
        return await endpoints.create_webhook_endpoint(work, data, Problems())


async def tell(works: Works, organization_id: UUID, event_type: str = "feature.created") -> None:
    async with works.enter(organization_id) as work:
        work.emit(event_type, new_id())


async def deliveries(works: Works, organization_id: UUID) -> list[Row[Any]]:
    async with works.enter(organization_id) as work:
        mine = select(webhooks).where(webhooks.c.organization_id == organization_id)
        return list(await work.rows(mine.order_by(webhooks.c.created_at, webhooks.c.id)))


async def the_delivery(works: Works, organization_id: UUID) -> Row[Any]:
    (found,) = await deliveries(works, organization_id)
    return found


async def attempts(works: Works, organization_id: UUID) -> list[Row[Any]]:
    async with works.enter(organization_id) as work:
        mine = select(webhook_attempts).where(webhook_attempts.c.organization_id == organization_id)
        return list(await work.rows(mine.order_by(webhook_attempts.c.number)))


async def waiting_jobs(works: Works, organization_id: UUID) -> list[Row[Any]]:
    async with works.engine.begin() as connection:
        found = await connection.execute(
            text(
                "select entrypoint, execute_after - created as delay from queue.pgqueuer"
                " where headers->>'organization_id' = :organization and status = 'queued'"
                " and entrypoint <> 'activity' order by id"
            ),
            {"organization": str(organization_id)},
        )
        return list(found.all())


async def hasten(works: Works, organization_id: UUID) -> None:
    """Have the organization's waiting jobs run now instead of after their pause."""
    async with works.engine.begin() as connection:
        await connection.execute(
            text(
                "update queue.pgqueuer set execute_after = now()"
                " where headers->>'organization_id' = :organization and status = 'queued'"
            ),
            {"organization": str(organization_id)},
        )


async def public_key(works: Works, organization_id: UUID) -> bytes:
    """The public key as the published Python client reads it from the answer."""
    async with works.enter(organization_id) as work:
        return base64.b64decode(await keys.public_key_base64(work))


async def test_a_live_worker_delivers_and_the_jwt_is_verified(works, databases, organization_id):
    async with receiver() as hook, working(works, databases):
        await endpoint(works, organization_id, hook.url)
        await tell(works, organization_id)
        (request,) = await hook.has(1)
    delivery = await the_delivery(works, organization_id)

    assert json.loads(request.body) == {
        "webhook_type": "feature.created",
        "object_type": "feature",
        "organization_id": str(organization_id),
        "feature": {"lago_id": str(delivery.object_id), "code": "séats", "name": "Zoë’s \u0000 <b>"},
    }
    assert request.headers["content-type"] == "application/json"
    assert request.headers["x-lago-unique-key"] == str(delivery.id)
    assert request.headers["x-lago-signature-algorithm"] == "jwt"
    key = RSAKey.import_key(await public_key(works, organization_id))
    token = jwt.decode(request.headers["x-lago-signature"], key, algorithms=["RS256"])
    assert token.claims == {"data": request.body.decode(), "iss": works.public_url}

    assert (delivery.status, delivery.http_status, delivery.response, delivery.retries, delivery.last_retried_at) == (
        "succeeded",
        200,
        "thanks",
        0,
        None,
    )
    assert delivery.payload == request.body.decode()


async def test_the_hmac_is_over_the_exact_bytes(works, organization_id):
    async with receiver() as hook:
        await endpoint(works, organization_id, hook.url, signature_algo="hmac")
        await tell(works, organization_id)
        await deliver.deliver(works, organization_id, (await the_delivery(works, organization_id)).id)
        (request,) = await hook.has(1)
    async with works.enter(organization_id) as work:
        key = await keys.hmac_key(work)
    digest = hmac.new(key.encode(), request.body, hashlib.sha256).digest()
    assert request.headers["x-lago-signature"] == base64.b64encode(digest).decode()
    assert request.headers["x-lago-signature-algorithm"] == "hmac"


async def test_failures_are_tried_again_with_the_same_key_and_bytes(
    works, databases, organization_id, shown, monkeypatch
):
    monkeypatch.setattr(queues, "LOOK", timedelta(milliseconds=50))
    async with receiver(500, 302) as hook, working(works, databases):
        await endpoint(works, organization_id, hook.url)
        await tell(works, organization_id)
        for count in (1, 2):
            await hook.has(count)
            shown["name"] = f"changed {count}"
            await eventually(lambda: waiting_jobs(works, organization_id))
            await hasten(works, organization_id)
        requests = await hook.has(3)
        delivery = await the_delivery(works, organization_id)
        await eventually(lambda: has_status(works, organization_id, "succeeded"))

    assert len(requests) == 3
    assert {request.body for request in requests} == {requests[0].body}
    assert {request.headers["x-lago-unique-key"] for request in requests} == {str(delivery.id)}
    assert [(row.number, row.http_status) for row in await attempts(works, organization_id)] == [
        (1, 500),
        (2, 302),
        (3, 200),
    ]
    delivery = await the_delivery(works, organization_id)
    assert (delivery.status, delivery.http_status, delivery.retries) == ("succeeded", 200, 2)
    assert delivery.last_retried_at is not None


async def has_status(works: Works, organization_id: UUID, status: str) -> bool:
    return (await the_delivery(works, organization_id)).status == status


async def test_the_third_failure_is_the_last(works, organization_id):
    await endpoint(works, organization_id, UNREACHABLE)
    await tell(works, organization_id)
    delivery = await the_delivery(works, organization_id)
    for status in ("retrying", "retrying", "failed", "failed"):
        await deliver.deliver(works, organization_id, delivery.id)
        assert (await the_delivery(works, organization_id)).status == status

    found = await attempts(works, organization_id)
    assert [(row.number, row.http_status, row.response) for row in found] == [(n, None, None) for n in (1, 2, 3)]
    assert all("ConnectError" in row.error for row in found)
    delivery = await the_delivery(works, organization_id)
    assert (delivery.http_status, delivery.retries) == (None, 2)
    pauses = [job.delay.total_seconds() for job in await waiting_jobs(works, organization_id)]
    assert pauses[0] == 0
    assert 3 <= pauses[1] <= 3.15
    assert 18 <= pauses[2] <= 20.4
    assert len(pauses) == 3


@pytest.mark.parametrize("number", [1, 2, 3])
def test_pauses_grow_with_the_fourth_power_of_the_attempt(number):
    pauses = [deliver.pause_after(number).total_seconds() for _ in range(200)]
    assert min(pauses) >= number**4 + 2
    assert max(pauses) <= 1.15 * number**4 + 2
    assert len(set(pauses)) > 100


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (status, "succeeded" if status in (200, 201, 202, 204) else "retrying")
        for status in (200, 201, 202, 203, 204, 301, 307, 400, 410, 503)
    ],
)
async def test_four_statuses_are_a_success(works, organization_id, status, outcome):
    async with receiver(status) as hook:
        hook.body = b""
        await endpoint(works, organization_id, hook.url)
        await tell(works, organization_id)
        await deliver.deliver(works, organization_id, (await the_delivery(works, organization_id)).id)
        assert len(hook.received) == 1
    delivery = await the_delivery(works, organization_id)
    assert (delivery.status, delivery.http_status) == (outcome, status)


async def test_a_long_or_odd_answer_is_stored_as_far_as_it_can_be(works, organization_id):
    async with receiver() as hook:
        hook.body = b"a\x00b\xff" + "é".encode() * 1_000_000
        await endpoint(works, organization_id, hook.url)
        await tell(works, organization_id)
        await deliver.deliver(works, organization_id, (await the_delivery(works, organization_id)).id)
    delivery = await the_delivery(works, organization_id)
    assert delivery.status == "succeeded"
    assert delivery.response == "ab\ufffd" + "é" * 9_997


async def test_a_receiver_that_does_not_answer_in_time_has_no_status(works, organization_id, monkeypatch):
    monkeypatch.setattr(deliver, "WHOLE_SECONDS", 0.05)
    async with receiver() as hook:
        hook.open.clear()
        await endpoint(works, organization_id, hook.url)
        await tell(works, organization_id)
        await deliver.deliver(works, organization_id, (await the_delivery(works, organization_id)).id)
    (attempt,) = await attempts(works, organization_id)
    assert (attempt.http_status, attempt.error) == (None, "TimeoutError: ")
    assert (await the_delivery(works, organization_id)).status == "retrying"


async def test_endpoints_get_only_what_they_ask_for(works, organization_id):
    every = await endpoint(works, organization_id, "https://every.example/")
    some = await endpoint(works, organization_id, "https://some.example/", event_types=["feature.created"])
    await endpoint(works, organization_id, "https://none.example/", event_types=[])
    async with works.enter(organization_id) as work:
        work.emit("feature.created", new_id())
        work.emit("feature.deleted", new_id())
    found = [(row.webhook_endpoint_id, row.webhook_type) for row in await deliveries(works, organization_id)]
    assert sorted(found) == sorted(
        [(every.id, "feature.created"), (every.id, "feature.deleted"), (some.id, "feature.created")]
    )


async def test_without_endpoints_nothing_is_recorded(works, organization_id):
    await tell(works, organization_id)
    assert await deliveries(works, organization_id) == []


async def test_the_address_and_algorithm_are_read_at_each_attempt(works, organization_id):
    async with receiver() as hook:
        made = await endpoint(works, organization_id, UNREACHABLE)
        await tell(works, organization_id)
        delivery = await the_delivery(works, organization_id)
        await deliver.deliver(works, organization_id, delivery.id)
        async with works.enter(organization_id) as work:
            change = update(webhook_endpoints).where(webhook_endpoints.c.organization_id == organization_id)
            await work.execute(
                change.where(webhook_endpoints.c.id == made.id).values(webhook_url=hook.url, signature_algo="hmac")
            )
        await deliver.deliver(works, organization_id, delivery.id)
        (request,) = await hook.has(1)
    assert request.headers["x-lago-signature-algorithm"] == "hmac"
    assert (await the_delivery(works, organization_id)).status == "succeeded"


async def test_an_object_that_is_gone_fails_its_delivery_for_good(works, organization_id, shown):
    async with receiver() as hook:
        await endpoint(works, organization_id, hook.url)
        await tell(works, organization_id)
        delivery = await the_delivery(works, organization_id)
        shown["gone"] = True
        await deliver.deliver(works, organization_id, delivery.id)
        await deliver.deliver(works, organization_id, delivery.id)
        assert hook.received == []
    assert (await the_delivery(works, organization_id)).status == "failed"


async def test_an_endpoint_deleted_before_or_during_the_attempt_harms_nothing(works, organization_id):
    async with receiver() as hook:
        made = await endpoint(works, organization_id, hook.url)
        await tell(works, organization_id)
        delivery = await the_delivery(works, organization_id)
        hook.open.clear()
        during = asyncio.create_task(deliver.deliver(works, organization_id, delivery.id))
        await hook.has(1)
        async with works.enter(organization_id) as work:
            await endpoints.delete_webhook_endpoint(work, made)
        hook.open.set()
        await during
        await deliver.deliver(works, organization_id, delivery.id)
        assert len(hook.received) == 1
    assert await attempts(works, organization_id) == []


async def test_one_job_run_by_two_workers_at_once_is_one_attempt(works, organization_id):
    async with receiver(500, 500) as hook:
        await endpoint(works, organization_id, hook.url)
        await tell(works, organization_id)
        delivery = await the_delivery(works, organization_id)
        hook.open.clear()
        both = [asyncio.create_task(deliver.deliver(works, organization_id, delivery.id)) for _ in range(2)]
        requests = await hook.has(2)
        hook.open.set()
        await asyncio.gather(*both)
    assert requests[0].body == requests[1].body
    assert requests[0].headers["x-lago-unique-key"] == requests[1].headers["x-lago-unique-key"]
    assert [row.number for row in await attempts(works, organization_id)] == [1]
    first, again = await waiting_jobs(works, organization_id)
    assert (first.delay.total_seconds(), again.entrypoint) == (0, "webhook")
    assert again.delay.total_seconds() >= 3


async def test_a_failed_delivery_is_sent_again_by_hand(works, organization_id):
    async with receiver(500, 500, 500, 500, 200) as hook:
        await endpoint(works, organization_id, hook.url)
        await tell(works, organization_id)
        delivery = await the_delivery(works, organization_id)
        for _ in range(3):
            await deliver.deliver(works, organization_id, delivery.id)
        for status in ("failed", "succeeded"):
            async with works.enter(organization_id) as work:
                assert (await deliver.retry(work, delivery.id)).status == "retrying"
            await deliver.deliver(works, organization_id, delivery.id)
            assert (await the_delivery(works, organization_id)).status == status
        requests = await hook.has(5)
    assert {request.headers["x-lago-unique-key"] for request in requests} == {str(delivery.id)}
    assert [row.number for row in await attempts(works, organization_id)] == [1, 2, 3, 4, 5]
    with pytest.raises(NotAllowed) as refused:
        async with works.enter(organization_id) as work:
            await deliver.retry(work, delivery.id)
    assert refused.value.code == "is_succeeded"
    with pytest.raises(NotFound):
        async with works.enter(organization_id) as work:
            await deliver.retry(work, new_id())


async def test_a_rolled_back_action_tells_nothing(works, organization_id):
    await endpoint(works, organization_id, UNREACHABLE)

    async def tell_and_fail() -> None:
        async with works.enter(organization_id) as work:
            work.emit("feature.created", new_id())
            await work.send()
            raise NotFound("feature")

    with pytest.raises(NotFound):
        await tell_and_fail()
    assert await deliveries(works, organization_id) == []
    assert await waiting_jobs(works, organization_id) == []


async def test_an_advance_delivers_once_and_live_workers_try_again(works, databases, rehearsal_id, monkeypatch):
    monkeypatch.setattr(queues, "LOOK", timedelta(milliseconds=50))
    async with receiver(500) as hook, working(works, databases):
        await endpoint(works, rehearsal_id, hook.url)
        await tell(works, rehearsal_id)
        (job,) = await waiting_jobs(works, rehearsal_id)
        assert job.entrypoint == "rehearsal.webhook"
        await test_clock.advance(works, rehearsal_id, START)
        assert len(hook.received) == 1
        (job,) = await waiting_jobs(works, rehearsal_id)
        assert (job.entrypoint, job.delay.total_seconds() >= 3) == ("webhook", True)
        await hasten(works, rehearsal_id)
        await hook.has(2)
        await eventually(lambda: has_status(works, rehearsal_id, "succeeded"))
    assert [row.attempted_at for row in await attempts(works, rehearsal_id)] == [START, START]


async def test_an_advance_waits_for_a_receiver_a_short_time_only(works, rehearsal_id, monkeypatch):
    monkeypatch.setattr(deliver, "REHEARSAL_SECONDS", 0.05)
    async with receiver() as hook:
        hook.open.clear()
        await endpoint(works, rehearsal_id, hook.url)
        await tell(works, rehearsal_id)
        await test_clock.advance(works, rehearsal_id, START)
    assert (await the_delivery(works, rehearsal_id)).status == "retrying"


@pytest.mark.parametrize(
    ("updated_at", "due_at"),
    [
        (datetime(2024, 1, 1, 0, 59, 59, tzinfo=UTC), datetime(2024, 3, 31, 1, tzinfo=UTC)),
        (datetime(2024, 1, 1, 1, tzinfo=UTC), datetime(2024, 3, 31, 1, tzinfo=UTC)),
        (datetime(2024, 1, 1, 1, 0, 0, 1, tzinfo=UTC), datetime(2024, 4, 1, 1, tzinfo=UTC)),
        (datetime(2024, 1, 1, 3, tzinfo=UTC).astimezone(), datetime(2024, 4, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_record_is_deleted_at_one_o_clock_after_ninety_days(updated_at, due_at):
    assert pruning.night_after(updated_at + prune.KEPT) == due_at


async def test_records_are_deleted_ninety_days_after_their_last_change(works, rehearsal_id):
    async with receiver() as hook:
        await endpoint(works, rehearsal_id, hook.url)
        await tell(works, rehearsal_id)
        await test_clock.advance(works, rehearsal_id, START + timedelta(days=10))
        await tell(works, rehearsal_id)
        await test_clock.advance(works, rehearsal_id, START + timedelta(days=90))
        assert len(await deliveries(works, rehearsal_id)) == 2

        await test_clock.advance(works, rehearsal_id, START + timedelta(days=90, hours=1))
        (left,) = await deliveries(works, rehearsal_id)
        assert left.updated_at == START + timedelta(days=10)
        assert await prunings(works, rehearsal_id) == [START + timedelta(days=100, hours=1)]

        await test_clock.advance(works, rehearsal_id, START + timedelta(days=101))
        assert await deliveries(works, rehearsal_id) == []
        assert await attempts(works, rehearsal_id) == []
        assert await prunings(works, rehearsal_id) == []


async def test_many_old_records_are_deleted_in_small_transactions(works, rehearsal_id, monkeypatch):
    monkeypatch.setattr(pruning, "AT_ONCE", 2)
    async with receiver() as hook:
        await endpoint(works, rehearsal_id, hook.url)
        for _ in range(5):
            await tell(works, rehearsal_id)
        await test_clock.advance(works, rehearsal_id, START + timedelta(days=91))
    assert await deliveries(works, rehearsal_id) == []


async def prunings(works: Works, organization_id: UUID) -> list[datetime]:
    async with works.enter(organization_id) as work:
        rows = await work.rows(
            select(entries.c.due_at).where(
                entries.c.organization_id == organization_id, entries.c.kind == "webhooks.prune"
            )
        )
    return [row.due_at for row in rows]
