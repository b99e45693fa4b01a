"""Ask VIES about a customer's VAT number in the background, and do as it answers (chapter 10 §5.3).

No transaction is open while VIES is waited for. An answer about a number that the customer no longer
has, or that came to two workers, changes nothing: it finds its check ended or further on.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from conto import jobs
from conto.customers import vat_checks, vies
from conto.customers.eu_taxes import apply_answer
from conto.customers.queries import customer_by_id
from conto.customers.vat_checks import CHECK
from conto.customers.vat_numbers import VatNumber, parsed
from conto.customers.vies import Answer, Unavailable
from conto.jobs import Job
from conto.work import Work, Works

SECONDS = 30
"""Longest wait for an answer."""
REHEARSAL_SECONDS = 3
"""Longest wait in a test organization's first attempt, which the advance of its clock waits for."""

PAUSES = (5, 5, 10, 20, 40)
"""Minutes after each attempt in turn that VIES did not answer."""
LONGEST_PAUSE = 60
"""Minutes after each further one."""

SWITCHED_OFF = "VAT numbers are not checked here"


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked in one attempt at a check, counted from 1, and how long it may take."""

    check_id: UUID
    attempt: int
    number: VatNumber
    seconds: float


@jobs.handles(CHECK)
async def check(works: Works, organization_id: UUID, check_id: UUID) -> None:
    """Make the check's next attempt; nothing where it has ended.

    With no VIES to ask, the number counts as one that is not confirmed.
    """
    async with works.enter(organization_id) as work:
        question = await _prepare(work, check_id)
    if question is None:
        return
    outcome = await vies.ask(works.vies_url, question.number, question.seconds) if works.vies_url else None
    async with works.enter(organization_id) as work:
        await _record(work, question, outcome)


def pause_after(attempt: int) -> timedelta:
    """How long after the unanswered attempt of that number, counted from 1, the next one comes, by the real clock."""
    return timedelta(minutes=PAUSES[attempt - 1] if attempt <= len(PAUSES) else LONGEST_PAUSE)


async def _prepare(work: Work, check_id: UUID) -> Question | None:
    """The check's next attempt; None where it has ended, or nothing needs it any more."""
    found = await _locked(work, check_id)
    if found is None:
        return None
    check, customer = found
    number = parsed(check.tax_identification_number)
    if number is None or not await _is_needed(work, customer):
        await vat_checks.stop(work, customer)
        return None
    rehearsed = not work.organization.live and check.attempts == 0
    return Question(check.id, check.attempts + 1, number, REHEARSAL_SECONDS if rehearsed else SECONDS)


async def _record(work: Work, question: Question, outcome: Answer | Unavailable | None) -> None:
    """Write down what came of an attempt; nothing where another wrote it down, or the check has ended."""
    found = await _locked(work, question.check_id)
    if found is None:
        return
    check, customer = found
    if check.attempts != question.attempt - 1:
        return
    if not await _is_needed(work, customer):
        await vat_checks.stop(work, customer)
    elif isinstance(outcome, Unavailable):
        await vat_checks.put_off(work, check, {"valid": False, "valid_format": True, "error": outcome.error})
        work.enqueue(Job(CHECK, check.id, delay=pause_after(question.attempt), real_time=True))
    else:
        await apply_answer(work, customer, question.number, valid=outcome is not None and outcome.valid)
        await vat_checks.end(work, check, _told(outcome))


def _told(answer: Answer | None) -> dict[str, Any]:
    """What webhooks tell of an answer; None is that nobody was asked."""
    if answer is None:
        return {"valid": False, "valid_format": True, "error": SWITCHED_OFF}
    return {"valid": True, **answer.details} if answer.valid else {"valid": False, "valid_format": True}


async def _locked(work: Work, check_id: UUID) -> tuple[Row[Any], Row[Any]] | None:
    """The check, if it is still pending, and its customer, whose row is locked."""
    seen = await vat_checks.pending_check(work, check_id)
    if seen is None:
        return None
    customer = await customer_by_id(work, seen.customer_id, lock=True)
    check = await vat_checks.pending_check(work, check_id)
    return None if check is None else (check, customer)


async def _is_needed(work: Work, customer: Row[Any]) -> bool:
    """Whether the customer's entity manages EU taxes, and a customer that was deleted still has something to tax."""
    if not customer.entity_eu_tax_management:
        return False
    return customer.deleted_at is None or await vat_checks.has_pending_invoices(work, customer.id)
