"""The filters of a metric: replaced as a list, with their reach into the filters of charges (chapter 30 §1.4)."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from msgspec import UNSET
from sqlalchemy import bindparam, delete, select, update

from conto.core.charges.filters import ALL_VALUES
from conto.db.engine import insert_rows
from conto.db.tables import billable_metric_filters, charge_filters, charges
from conto.ids import new_id
from conto.schemas.metrics import MetricFilterInput
from conto.schemas.reader import Problems
from conto.work import Work

Listed = Mapping[str, Sequence[str]]
"""The values that each key may take."""


def listed_in(filters: Sequence[MetricFilterInput], problems: Problems) -> dict[str, list[str]]:
    """The values given for each key, each once; a key that is given twice has those given last."""
    found: dict[str, list[str]] = {}
    for one in filters:
        if one.key is UNSET or one.values is UNSET or not one.values:
            if "values" not in problems and "key" not in problems:
                problems.add("values", "value_is_mandatory")
            continue
        found[one.key] = list(dict.fromkeys(one.values))
    return found


async def replace_filters(work: Work, metric_id: UUID, wanted: Listed) -> dict[str, list[Any]]:
    """Make the filters of a metric, which is locked, those that are wanted; what changed of them.

    Values and keys that are taken away leave the charge filters that use them, too.
    """
    own = billable_metric_filters
    of_metric = (own.c.organization_id == work.organization.id, own.c.billable_metric_id == metric_id)
    before = {row.key: list(row.values) for row in await work.rows(select(own).where(*of_metric))}
    if {key: sorted(values) for key, values in before.items()} == {key: sorted(wanted[key]) for key in wanted}:
        return {}
    changed = [key for key in before if before[key] != wanted.get(key)]
    if changed:
        await work.execute(delete(own).where(*of_metric, own.c.key.in_(changed)))
    rows = [
        {
            "organization_id": work.organization.id,
            "id": new_id(),
            "billable_metric_id": metric_id,
            "key": key,
            "values": values,
            "created_at": work.now,
            "updated_at": work.now,
        }
        for key, values in wanted.items()
        if before.get(key) != values
    ]
    await insert_rows(work.connection, own, rows)
    if any(set(values) - set(wanted.get(key, ())) for key, values in before.items()):
        await _trim_charge_filters(work, metric_id, wanted)
    return {"filters": [before, dict(wanted)]}


async def _trim_charge_filters(work: Work, metric_id: UUID, listed: Listed) -> None:
    """Take what the metric no longer lists out of all charge filters on it."""
    found = await work.rows(
        select(charge_filters.c.id, charge_filters.c["values"].label("listed"))
        .join(
            charges,
            (charges.c.organization_id == charge_filters.c.organization_id)
            & (charges.c.id == charge_filters.c.charge_id),
        )
        .where(
            charge_filters.c.organization_id == work.organization.id,
            charges.c.billable_metric_id == metric_id,
            charge_filters.c.deleted_at.is_(None),
        )
        .order_by(charge_filters.c.id)
        .with_for_update(of=charge_filters)
    )
    left = {row.id: trimmed(row.listed, listed) for row in found}
    gone = [key for key, values in left.items() if not values]
    if gone:
        await work.execute(
            update(charge_filters)
            .where(charge_filters.c.organization_id == work.organization.id, charge_filters.c.id.in_(gone))
            .values(deleted_at=work.now)
        )
    kept = [{"filter_id": row.id, "kept": left[row.id]} for row in found if left[row.id] and left[row.id] != row.listed]
    if kept:
        await work.execute(
            update(charge_filters)
            .where(
                charge_filters.c.organization_id == work.organization.id,
                charge_filters.c.id == bindparam("filter_id"),
            )
            .values({"values": bindparam("kept"), "updated_at": work.now}),
            kept,
        )


def trimmed(values: Listed, listed: Listed) -> dict[str, list[str]]:
    """What is left of a charge filter's values; one that takes all values of a key keeps it while there is the key."""
    left = {
        key: list(given) if list(given) == [ALL_VALUES] else [value for value in given if value in listed[key]]
        for key, given in values.items()
        if key in listed
    }
    return {key: kept for key, kept in left.items() if kept}
