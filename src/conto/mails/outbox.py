"""The outbox: each mail is a row with a key of its own, put there in the transaction of what causes it.

A mail that has the key of another is not put there, so an action that is repeated mails nothing again.
SMTP knows no such thing: a process that ends between the server's word and its record leaves a mail that
is sent again, under the same Message-ID.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from conto.db.tables import mails
from conto.ids import new_id
from conto.jobs import Job
from conto.smtp import WHOLE_SECONDS, Refusal
from conto.work import Work

MAIL = "mail"
"""The kind of job that sends a mail."""

LOGGED_ON = {"credit_note": "CreditNote", "invoice": "Invoice", "payment_receipt": "PaymentReceipt"}
"""What a mail that carries a document is logged on, by its kind."""

LEASE = timedelta(seconds=2 * WHOLE_SECONDS)
"""How long a mail is left to who began to send it: longer than sending can take."""


class Taken(Exception):
    """Another process is sending the mail, or ended while it did."""


@dataclass(frozen=True, slots=True)
class Recipients:
    """Who gets a mail; those of `bcc` stand on no copy."""

    to: Sequence[str]
    cc: Sequence[str] = ()
    bcc: Sequence[str] = ()


async def put(work: Work, kind: str, subject_id: UUID, recipients: Recipients, *, key: str) -> None:
    """Have a mail about a subject sent after the commit; nothing where one with this key was put before."""
    mail_id = new_id()
    added = await work.first(
        insert(mails)
        .values(
            organization_id=work.organization.id,
            id=mail_id,
            kind=kind,
            key=key,
            subject_id=subject_id,
            to_addresses=list(recipients.to),
            cc_addresses=list(recipients.cc),
            bcc_addresses=list(recipients.bcc),
            delivered_to=[],
            status="pending",
            attempts=0,
            created_at=work.now,
            updated_at=work.now,
        )
        .on_conflict_do_nothing(index_elements=[mails.c.organization_id, mails.c.key])
        .returning(mails.c.id)
    )
    if added is not None:
        work.enqueue(Job(MAIL, mail_id))


def addresses(mail: Row[Any]) -> list[str]:
    """All that the mail is for, each once."""
    return list(dict.fromkeys([*mail.to_addresses, *mail.cc_addresses, *mail.bcc_addresses]))


async def claim(work: Work, mail_id: UUID, at: datetime) -> Row[Any] | None:
    """The mail, now this process's to send; None where it is sent. `at` is an instant of the machine's clock.

    Raises:
        Taken: it is another process's.
    """
    own = (mails.c.organization_id == work.organization.id, mails.c.id == mail_id)
    claimed = await work.first(
        update(mails)
        .where(*own, mails.c.status != "sent", or_(mails.c.claimed_at.is_(None), mails.c.claimed_at < at - LEASE))
        .values(claimed_at=at, attempts=mails.c.attempts + 1, updated_at=work.now)
        .returning(mails)
    )
    if claimed is not None:
        return claimed
    status = await work.first(select(mails.c.status).where(*own))
    if status is not None and status.status != "sent":
        raise Taken(f"mail {mail_id} is being sent")
    return None


async def record(work: Work, mail: Row[Any], refused: Mapping[str, Refusal]) -> None:
    """Write down what came of an attempt, in which the recipients in `refused` did not get the mail."""
    delivered = [one for one in addresses(mail) if one not in refused]
    if not refused:
        await _sent(work, mail, delivered)
        return
    hopeless = all(refusal.permanent for refusal in refused.values())
    await _change(
        work,
        mail,
        status="failed" if hopeless else "pending",
        delivered_to=delivered,
        error=told(refused),
    )


async def give_up(work: Work, mail: Row[Any], reason: str) -> None:
    """Write down that the mail cannot be made."""
    await _change(work, mail, status="failed", error=reason)


async def leave(work: Work, mail: Row[Any], reason: str) -> None:
    """Write down that an attempt came to nothing; the next one need not wait."""
    await _change(work, mail, error=reason)


async def _sent(work: Work, mail: Row[Any], delivered: Sequence[str]) -> None:
    """The one place where a mail becomes a sent one; all of them pass here, once each.

    `mail.kind` says what it is, `mail.subject_id` what it is about: an invoice, a receipt, an API key.
    """
    await _change(work, mail, status="sent", delivered_to=list(delivered), error=None, sent_at=work.now)


async def _change(work: Work, mail: Row[Any], **values: Any) -> None:
    await work.execute(
        update(mails)
        .where(mails.c.organization_id == work.organization.id, mails.c.id == mail.id, mails.c.status != "sent")
        .values(values | {"claimed_at": None, "updated_at": work.now})
    )


def told(refused: Mapping[str, Refusal]) -> str:
    """Why recipients did not get a mail, as people read it; what was said of several is said once."""
    by_reason: dict[str, list[str]] = {}
    for address, refusal in refused.items():
        by_reason.setdefault(refusal.said, []).append(address)
    return "; ".join(f"{', '.join(those)}: {reason}" for reason, those in by_reason.items())
