"""The usage thresholds of a plan, replaced as a list (chapter 52 §4)."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import bindparam, select, update

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


async def replace_thresholds(work: Work, plan_id: UUID, wanted: Sequence[UsageThresholdInput]) -> None:
    """Make the thresholds of a plan, which is locked, those that are wanted; equal ones keep their id."""
    table = usage_thresholds
    of_plan = (table.c.organization_id == work.organization.id, table.c.plan_id == plan_id)
    existing = {
        (row.amount_cents, row.recurring): row
        for row in await work.rows(select(table).where(*of_plan, table.c.deleted_at.is_(None)))
    }
    given = {(each.amount_cents, each.recurring is True): each for each in wanted}
    gone = [row.id for key, row in existing.items() if key not in given]
    if gone:
        await work.execute(update(table).where(*of_plan, table.c.id.in_(gone)).values(deleted_at=work.now))
    renamed = [
        {"threshold_id": row.id, "new_name": given[key].threshold_display_name or None}
        for key, row in existing.items()
        if key in given and row.threshold_display_name != (given[key].threshold_display_name or None)
    ]
    if renamed:
        await work.execute(
            update(table)
            .where(*of_plan, table.c.id == bindparam("threshold_id"))
            .values(threshold_display_name=bindparam("new_name"), updated_at=work.now),
            renamed,
        )
    rows = [
        {
            "organization_id": work.organization.id,
            "id": new_id(),
            "plan_id": plan_id,
            "amount_cents": each.amount_cents,
            "threshold_display_name": each.threshold_display_name or None,
            "recurring": recurring,
            "deleted_at": None,
            "created_at": work.now,
            "updated_at": work.now,
        }
        for (amount, recurring), each in given.items()
        if (amount, recurring) not in existing
    ]
    await insert_rows(work.connection, table, rows)
