"""Send a mail: write its letter, give it to the mail server, write down what came of it (chapter 72 §5).

No transaction is open while the server is waited for. Recipients who got the mail do not get it again when
it is tried again for others.
"""

import asyncio
from asyncio import AbstractEventLoop
from email.message import EmailMessage
from typing import Any
from uuid import UUID
from weakref import WeakKeyDictionary

from sqlalchemy import Row

from conto import jobs
from conto.clock import machine_now, system_now
from conto.emissions import Resource
from conto.jobs import Hopeless
from conto.mails import outbox
from conto.mails.letters import WRITERS, Unwritable, in_ascii, message
from conto.smtp import WHOLE_SECONDS, Mailer, Refusal
from conto.work import Works

AT_ONCE = 5
"""Mails that a process sends at one time, each on a connection of its own."""
WRITING_SECONDS = 60
"""Longest time for writing a letter, making what is attached to it included."""
REHEARSAL_SECONDS = 3
"""Longest wait for the mail server on a test organization's first attempt, which its clock's advance waits for."""

assert outbox.LEASE.total_seconds() > WRITING_SECONDS + WHOLE_SECONDS


class Undelivered(Exception):
    """The mail server did not take a mail; another try may do better."""


@jobs.handles(outbox.MAIL)
async def deliver(works: Works, organization_id: UUID, mail_id: UUID) -> None:
    """Send the mail to those who have not got it; nothing where it is sent.

    Raises:
        Undelivered: some did not get it and may yet, or mail is switched off.
        Hopeless: some never will, or the letter cannot be written.
        Taken: another process is sending it.
    """
    if works.mailer is None:
        raise Undelivered("mail is switched off: CONTO_SMTP_URL is not set")
    async with turns():
        async with works.enter(organization_id) as work:
            mail = await outbox.claim(work, mail_id, machine_now())
            rehearsed = not work.organization.live
        if mail is None:
            return
        made = await write(works, works.mailer, organization_id, mail)
        seconds = REHEARSAL_SECONDS if rehearsed and mail.attempts == 1 else WHOLE_SECONDS
        refused = await send(works.mailer, mail, made, seconds)
        async with works.enter(organization_id) as work:
            await outbox.record(work, mail, refused)
            if not refused and (logged_on := outbox.LOGGED_ON.get(mail.kind)):
                work.emit("email.sent", mail.subject_id, on=Resource(logged_on, mail.subject_id))
    if refused:
        raise_failure(refused)


async def write(works: Works, mailer: Mailer, organization_id: UUID, mail: Row[Any]) -> EmailMessage:
    """The mail's message. A failure is written down, so that the next try need not wait for this one.

    Raises:
        Hopeless: it cannot be written, now or later.
    """
    try:
        async with asyncio.timeout(WRITING_SECONDS):
            letter = await WRITERS[mail.kind](works, organization_id, mail.subject_id)
            return await asyncio.to_thread(message, letter, mail, mailer, system_now())
    except Unwritable as error:
        async with works.enter(organization_id) as work:
            await outbox.give_up(work, mail, str(error))
        raise Hopeless(str(error)) from error
    except Exception as error:
        async with works.enter(organization_id) as work:
            await outbox.leave(work, mail, f"{type(error).__name__}: {error}")
        raise


async def send(mailer: Mailer, mail: Row[Any], made: EmailMessage, seconds: float) -> dict[str, Refusal]:
    """Who of those that have not got the mail did not get it now either."""
    outstanding = {in_ascii(one): one for one in outbox.addresses(mail) if one not in mail.delivered_to}
    refused = await mailer.send(made, list(outstanding), seconds=seconds)
    return {outstanding[address]: refusal for address, refusal in refused.items()}


def raise_failure(refused: dict[str, Refusal]) -> None:
    """Raise what has the job tried again, or held where that would not help."""
    if all(refusal.permanent for refusal in refused.values()):
        raise Hopeless(outbox.told(refused))
    raise Undelivered(outbox.told(refused))


_turns_of_loops: WeakKeyDictionary[AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


def turns() -> asyncio.Semaphore:
    """The running loop's turns at sending."""
    return _turns_of_loops.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(AT_ONCE))
