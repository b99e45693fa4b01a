"""One filter of a charge, made, changed and deleted by itself (chapter 52 §5)."""

from typing import Any

from msgspec import UNSET
from sqlalchemy import Row

from conto.catalog.plans.cascade import cascade_charges
from conto.catalog.plans.charge_filters import Filter, FilterChanges, read_filter, read_properties
from conto.catalog.plans.charges import ChargeChanges
from conto.catalog.plans.queries import filters_in
from conto.catalog.plans.references import Metric, find_references
from conto.schemas.charges import ChargeFilterInput
from conto.schemas.reader import Problems
from conto.work import Work


async def create_filter(work: Work, charge: Row[Any], data: ChargeFilterInput, problems: Problems) -> str:
    """Add a filter to a charge, whose plan is locked; its id. One with equal values may be there already.

    Raises:
        Invalid: its values or properties are not as they must be.
    """
    found = read_filter(data, charge.charge_model, await _metric(work, charge), problems)
    problems.raise_if_any()
    assert found
    changes = FilterChanges()
    position = max((one.position for one in filters_in(charge)), default=-1) + 1
    filter_id = changes.create(work, charge.id, found, position)
    await _write(work, charge, changes, cascade=data.cascade_updates is True)
    return str(filter_id)


async def update_filter(work: Work, charge: Row[Any], found: Any, data: ChargeFilterInput, problems: Problems) -> None:
    """Change the properties or the display name of a filter, where they are given; its values never change.

    Raises:
        Invalid: the properties are not as they must be.
    """
    problems.details.pop("values", None)
    stored: dict[str, Any] | None = found.properties
    if data.properties is not UNSET:
        stored = read_properties(data.properties, charge.charge_model, await _metric(work, charge), problems)
    name = found.invoice_display_name if data.invoice_display_name is UNSET else data.invoice_display_name
    problems.raise_if_any()
    assert stored is not None
    changes = FilterChanges()
    changes.change(found.id, Filter(found.values, stored, name or None), found.position)
    await _write(work, charge, changes, cascade=data.cascade_updates is True)


async def delete_filter(work: Work, charge: Row[Any], found: Any, *, cascade: bool) -> None:
    """Delete a filter of a charge, whose plan is locked; with `cascade` also those with its values in copies."""
    await _write(work, charge, FilterChanges(deleted=[found.id]), cascade=cascade)


async def _write(work: Work, charge: Row[Any], changes: FilterChanges, *, cascade: bool) -> None:
    await changes.write(work)
    if cascade:
        await cascade_charges(work, charge.plan_id, [charge], ChargeChanges(filters=changes))


async def _metric(work: Work, charge: Row[Any]) -> Metric:
    references = await find_references(work, metric_ids=[charge.billable_metric_id])
    return references.metrics[charge.billable_metric_id]
