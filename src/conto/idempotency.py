"""`Idempotency-Key`: a call that creates money may be sent again, and happens once (an addition to chapter 01 §5).

The key is taken in the transaction of the call, so it is kept exactly when the call happened. Of two
calls at once with one key the second waits for the first, and then gives its answer. A call that
failed leaves no key behind, and may be sent again.
"""

from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from conto import agenda
from conto.agenda import Lane, Rank
from conto.db.tables import idempotency_keys as keys
from conto.errors import Invalid
from conto.ids import new_id
from conto.work import Work

KEPT = timedelta(hours=24)
LONGEST = 255
FORGET = "idempotency.forget"


def fingerprint(method: str, path: str, content: bytes) -> str:
    """What tells one call from another under the same key."""
    return sha256(b"\n".join((method.encode(), path.encode(), content))).hexdigest()


async def take(work: Work, key: str, mark: str) -> bytes | None:
    """Take the key for this call; the answer that was kept where the call has happened already.

    Raises:
        Invalid: the key is too long, or stands for another call.
    """
    if len(key) > LONGEST:
        raise Invalid({"idempotency_key": ["value_is_too_long"]})
    await work.execute(
        delete(keys).where(
            keys.c.organization_id == work.organization.id, keys.c.key == key, keys.c.created_at <= work.now - KEPT
        )
    )
    row = {
        "organization_id": work.organization.id,
        "id": new_id(),
        "key": key,
        "fingerprint": mark,
        "created_at": work.now,
    }
    taken = await work.first(insert(keys).values(row).on_conflict_do_nothing().returning(keys.c.id))
    if taken is not None:
        return None
    kept = await work.one(
        select(keys.c.fingerprint, keys.c.answer).where(
            keys.c.organization_id == work.organization.id, keys.c.key == key
        )
    )
    if kept.fingerprint != mark:
        raise Invalid({"idempotency_key": ["value_already_exist"]})
    assert kept.answer is not None
    return kept.answer


async def keep(work: Work, key: str, answer: bytes) -> None:
    """Keep the call's answer under its key, for a day."""
    await work.execute(
        update(keys).where(keys.c.organization_id == work.organization.id, keys.c.key == key).values(answer=answer)
    )
    if await agenda.waiting(work, FORGET, work.organization.id) is None:
        await _come_at(work, work.now + KEPT)


async def _come_at(work: Work, due_at: datetime) -> None:
    await agenda.put(work, FORGET, work.organization.id, lane=work.organization.id, due_at=due_at)


@agenda.handles(FORGET, lane=Lane.ORGANIZATION, rank=Rank.HOUSEKEEPING)
async def forget(work: Work, organization_id: UUID) -> None:
    """Forget the keys that are a day old, and come again for the oldest of the others."""
    of_organization = keys.c.organization_id == organization_id
    await work.execute(delete(keys).where(of_organization, keys.c.created_at <= work.now - KEPT))
    oldest = (await work.one(select(func.min(keys.c.created_at)).where(of_organization)))[0]
    if oldest is not None:
        await _come_at(work, oldest + KEPT)
