"""What the event store answers, from PostgreSQL (chapter 30 §§4 to 6)."""

from collections.abc import Sequence

from conto.metering.store import Aggregate, Question
from conto.work import Work


async def aggregate(work: Work, questions: Sequence[Question]) -> list[list[Aggregate]]:
    """What the events of each question come to: its buckets in their order, each one's groups sorted.

    A bucket with group keys and no events yields one aggregate whose keys are all null; one without yields one always.
    """
    raise NotImplementedError
