"""Deliver a webhook: build its text once, post it, record the attempt, come again (chapter 71 §2).

No transaction is open while the receiver is waited for. A delivery may be made twice at the same time,
after a crash; both bear the same unique key, and one of them is recorded.
"""

import random
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Row, func, select, update
from sqlalchemy.dialects.postgresql import insert

from conto import jobs
from conto.db.tables import webhook_attempts, webhook_endpoints, webhooks
from conto.errors import NotAllowed, NotFound
from conto.ids import new_id
from conto.jobs import Job
from conto.webhooks import payloads, prune
from conto.webhooks.keys import hmac_key, server_key
from conto.webhooks.post import STEP_SECONDS, Outcome, Post, send
from conto.webhooks.signatures import hmac_signature, jwt_signature
from conto.work import Work, Works

log = structlog.get_logger()

ATTEMPTS = 3
WHOLE_SECONDS = 3 * STEP_SECONDS
REHEARSAL_SECONDS = 3
"""Longest wait for the whole first attempt of a test organization, which the advance of its clock waits for."""


@jobs.handles("webhook")
async def deliver(works: Works, organization_id: UUID, webhook_id: UUID) -> None:
    """Make the delivery's next attempt; nothing where it has ended or its endpoint is deleted."""
    async with works.enter(organization_id) as work:
        post = await prepare(work, webhook_id)
    if post is None:
        return
    outcome = await send(post, anywhere=works.allow_private_webhooks)
    async with works.enter(organization_id) as work:
        await record(work, webhook_id, post.number, outcome)


async def retry(work: Work, webhook_id: UUID) -> Row[Any]:
    """Send a delivery again now, with the same id and text.

    Raises:
        NotFound: there is no such delivery.
        NotAllowed: it has succeeded.
    """
    found = await locked(work, webhook_id)
    if found is None:
        raise NotFound("webhook")
    if found.status == "succeeded":
        raise NotAllowed("is_succeeded")
    work.enqueue(Job("webhook", webhook_id, real_time=True))
    return await change(work, webhook_id, status="retrying")


async def prepare(work: Work, webhook_id: UUID) -> Post | None:
    """The delivery's next attempt, to where its endpoint points now; None where nothing is to be sent."""
    delivery = await locked(work, webhook_id)
    if delivery is None or delivery.status in ("succeeded", "failed"):
        return None
    if delivery.payload is None:
        try:
            text = await payloads.body(work, delivery)
        except NotFound:
            log.warning("webhook.object_gone", webhook_id=str(webhook_id), object_type=delivery.object_type)
            await change(work, webhook_id, status="failed")
            await prune.see_to_it(work)
            return None
        await change(work, webhook_id, payload=text)
    else:
        text = delivery.payload
    number = await attempts(work, webhook_id) + 1
    rehearsed = not work.organization.live and number == 1
    return Post(
        number=number,
        url=delivery.webhook_url,
        content=text.encode(),
        headers={
            "Content-Type": "application/json",
            "X-Lago-Signature": await signature(work, delivery.signature_algo, text),
            "X-Lago-Signature-Algorithm": delivery.signature_algo,
            "X-Lago-Unique-Key": str(webhook_id),
        },
        seconds=REHEARSAL_SECONDS if rehearsed else WHOLE_SECONDS,
    )


async def signature(work: Work, algorithm: str, text: str) -> str:
    """The signature of the text that the endpoint's algorithm makes."""
    if algorithm == "hmac":
        return hmac_signature(text, await hmac_key(work))
    return jwt_signature(text, work.public_url, (await server_key(work)).private)


async def record(work: Work, webhook_id: UUID, number: int, outcome: Outcome) -> None:
    """Write down an attempt and what becomes of the delivery; nothing where another wrote down this attempt."""
    delivery = await locked(work, webhook_id)
    if delivery is None or not await write_attempt(work, webhook_id, number, outcome):
        return
    if delivery.status == "succeeded":
        return
    status = "succeeded" if outcome.succeeded else "retrying" if number < ATTEMPTS else "failed"
    await change(
        work,
        webhook_id,
        status=status,
        http_status=outcome.http_status,
        response=outcome.response,
        retries=number - 1,
        last_retried_at=work.now if number > 1 else None,
    )
    if status == "retrying":
        work.enqueue(Job("webhook", webhook_id, delay=pause_after(number), real_time=True))
    await prune.see_to_it(work)


async def write_attempt(work: Work, webhook_id: UUID, number: int, outcome: Outcome) -> bool:
    """Write down an attempt; False where one of that number is written down."""
    written = await work.first(
        insert(webhook_attempts)
        .values(
            organization_id=work.organization.id,
            id=new_id(),
            webhook_id=webhook_id,
            number=number,
            http_status=outcome.http_status,
            response=outcome.response,
            error=outcome.error,
            attempted_at=work.now,
        )
        .on_conflict_do_nothing()
        .returning(webhook_attempts.c.id)
    )
    return written is not None


def pause_after(number: int) -> timedelta:
    """How long after the failed attempt of that number, counted from 1, the next one comes."""
    base = number**4
    return timedelta(seconds=base + random.uniform(0, 0.15 * base) + 2)


async def locked(work: Work, webhook_id: UUID) -> Row[Any] | None:
    """The delivery with its endpoint's URL and algorithm, locked; None where it is gone."""
    return await work.first(
        select(webhooks, webhook_endpoints.c.webhook_url, webhook_endpoints.c.signature_algo)
        .join(
            webhook_endpoints,
            (webhook_endpoints.c.organization_id == webhooks.c.organization_id)
            & (webhook_endpoints.c.id == webhooks.c.webhook_endpoint_id),
        )
        .where(webhooks.c.organization_id == work.organization.id, webhooks.c.id == webhook_id)
        .with_for_update(key_share=True, of=webhooks)
    )


async def attempts(work: Work, webhook_id: UUID) -> int:
    """How many attempts at the delivery are written down."""
    row = await work.one(
        select(func.count())
        .select_from(webhook_attempts)
        .where(webhook_attempts.c.organization_id == work.organization.id, webhook_attempts.c.webhook_id == webhook_id)
    )
    return row[0]


async def change(work: Work, webhook_id: UUID, **values: Any) -> Row[Any]:
    """Write the delivery's new values."""
    return await work.one(
        update(webhooks)
        .where(webhooks.c.organization_id == work.organization.id, webhooks.c.id == webhook_id)
        .values(values | {"updated_at": work.now})
        .returning(webhooks)
    )
