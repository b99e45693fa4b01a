"""The usage thresholds of a plan or a subscription, replaced as a list (chapters 52 §4 and 62 §1)."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import update

from conto.catalog.plans.entries import Entry
from conto.db.engine import insert_rows
from conto.db.tables import usage_thresholds
from conto.ids import new_id
from conto.schemas.plans import UsageThresholdInput
from conto.schemas.reader import Problems
from conto.work import Work


def refuse_wrong_thresholds(found: Sequence[Entry[UsageThresholdInput]], problems: Problems) -> None:
    """Every threshold has an amount above 0, no two are the same, and one at most recurs."""
    for entry in found:
        if entry.problems:
            for name, codes in entry.problems.details.items():
                problems.add(name, *codes)
        elif entry.data.amount_cents is None or not isinstance(entry.data.amount_cents, int):
            problems.add("usage_thresholds", "missing_amount_cents")
        elif entry.data.amount_cents <= 0:
            problems.add("amount_cents", "value_is_out_of_range")
    keys = [(entry.data.amount_cents, entry.data.recurring is True) for entry in found]
    if len(set(keys)) < len(keys):
        problems.add("usage_thresholds", "duplicated_values")
    if sum(recurring for _, recurring in keys) > 1:
        problems.add("usage_thresholds", "multiple_recurring_thresholds")


async def replace_thresholds(
    work: Work, owner_id: UUID, wanted: Sequence[UsageThresholdInput], *, owner_column: str = "plan_id"
) -> None:
    """Make the thresholds of a plan or a subscription, which is locked, those that are wanted; all get new ids."""
    table = usage_thresholds
    await work.execute(
        update(table)
        .where(
            table.c.organization_id == work.organization.id,
            table.c[owner_column] == owner_id,
            table.c.deleted_at.is_(None),
        )
        .values(deleted_at=work.now)
    )
    rows = [
        {
            "organization_id": work.organization.id,
            "id": new_id(),
            owner_column: owner_id,
            "amount_cents": each.amount_cents,
            "threshold_display_name": each.threshold_display_name or None,
            "recurring": each.recurring is True,
            "deleted_at": None,
            "created_at": work.now,
            "updated_at": work.now,
        }
        for each in wanted
    ]
    await insert_rows(work.connection, table, rows)
