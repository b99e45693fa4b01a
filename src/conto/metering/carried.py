"""What weighted sums of recurring metrics start from: the totals of the last billed period (chapter 30 §4.5)."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from conto.metering.store import Aggregate, Question
from conto.work import Work


@dataclass(frozen=True, slots=True)
class Asked:
    """A question about one charge of one subscription."""

    question: Question
    subscription_id: UUID
    charge_id: UUID


async def carry(work: Work, asked: Sequence[Asked]) -> list[Question]:
    """The questions, in their order, each told what its weighted sums start from; others stay as they are."""
    raise NotImplementedError


async def keep(work: Work, answered: Sequence[tuple[Asked, Sequence[Aggregate]]]) -> None:
    """Keep the totals at the end of periods that are invoiced; what was kept of one before stays."""
    raise NotImplementedError
