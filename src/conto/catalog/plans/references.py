"""What charges and fixed charges refer to: metrics, add-ons, taxes and pricing units, found in a statement each."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, or_, select

from conto.catalog.applied_taxes import taxes_by_code
from conto.db.tables import add_ons, billable_metric_filters, billable_metrics, pricing_units
from conto.errors import NotFound
from conto.schemas.charges import ChargeInput, FixedChargeInput
from conto.work import Work


@dataclass(frozen=True, slots=True)
class Metric:
    """What a charge needs to know of its metric. `filters` are the values that each key may take."""

    id: UUID
    code: str
    aggregation_type: str
    recurring: bool
    filters: Mapping[str, Sequence[str]]

    @property
    def is_custom(self) -> bool:
        """Whether charges on it keep custom properties."""
        return self.aggregation_type == "custom_agg"


@dataclass(frozen=True, slots=True)
class References:
    """What was found, by the names that inputs use."""

    metrics: Mapping[UUID, Metric]
    add_ons: Mapping[str, Row[Any]]
    taxes: Mapping[str, Row[Any]]
    pricing_units: Mapping[str, Row[Any]]

    def metric(self, name: object) -> Metric | None:
        """The metric that a text names by its id, None where there is none."""
        found = uuid_or_none(name)
        return self.metrics.get(found) if found else None

    def add_on(self, data: FixedChargeInput) -> Row[Any] | None:
        """The add-on of a fixed charge, by its id, else its code."""
        found = uuid_or_none(data.add_on_id)
        if data.add_on_id:
            return self.add_ons.get(str(found)) if found else None
        return self.add_ons.get(data.add_on_code) if data.add_on_code else None

    def tax_ids(self, codes: Sequence[str]) -> list[UUID]:
        """The ids of the taxes that the codes name, each once.

        Raises:
            NotFound: a code names none.
        """
        if any(code not in self.taxes for code in codes):
            raise NotFound("tax")
        return [self.taxes[code].id for code in dict.fromkeys(codes)]


def uuid_or_none(name: object) -> UUID | None:
    """The UUID that a text is."""
    try:
        return UUID(str(name)) if name else None
    except ValueError:
        return None


async def find_references(
    work: Work,
    charges: Sequence[ChargeInput] = (),
    fixed_charges: Sequence[FixedChargeInput] = (),
    tax_codes: Iterable[str] = (),
    metric_ids: Iterable[UUID] = (),
) -> References:
    """All that the inputs name; metrics and add-ons are held, so that they are not deleted meanwhile."""
    wanted = {uuid_or_none(each.billable_metric_id) for each in charges} | set(metric_ids)
    codes = {code for each in (*charges, *fixed_charges) for code in each.tax_codes or ()} | set(tax_codes)
    units = {each.applied_pricing_unit.code for each in charges if each.applied_pricing_unit}
    return References(
        metrics=await _metrics(work, [each for each in wanted if each]),
        add_ons=await _add_ons(work, fixed_charges),
        taxes=await taxes_by_code(work, codes),
        pricing_units=await _pricing_units(work, [code for code in units if isinstance(code, str)]),
    )


async def _metrics(work: Work, ids: Sequence[UUID]) -> dict[UUID, Metric]:
    if not ids:
        return {}
    rows = await work.rows(
        select(billable_metrics)
        .where(
            billable_metrics.c.organization_id == work.organization.id,
            billable_metrics.c.id.in_(ids),
            billable_metrics.c.deleted_at.is_(None),
        )
        .order_by(billable_metrics.c.id)
        .with_for_update(read=True)
    )
    own = billable_metric_filters
    filters: dict[UUID, dict[str, list[str]]] = {row.id: {} for row in rows}
    for row in await work.rows(
        select(own.c.billable_metric_id, own.c.key, own.c["values"].label("listed")).where(
            own.c.organization_id == work.organization.id, own.c.billable_metric_id.in_(ids)
        )
    ):
        if row.billable_metric_id in filters:
            filters[row.billable_metric_id][row.key] = list(row.listed)
    return {row.id: Metric(row.id, row.code, row.aggregation_type, row.recurring, filters[row.id]) for row in rows}


async def _add_ons(work: Work, given: Sequence[FixedChargeInput]) -> dict[str, Row[Any]]:
    ids = [found for each in given if (found := uuid_or_none(each.add_on_id))]
    codes = [each.add_on_code for each in given if each.add_on_code]
    if not ids and not codes:
        return {}
    rows = await work.rows(
        select(add_ons)
        .where(
            add_ons.c.organization_id == work.organization.id,
            or_(add_ons.c.id.in_(ids), add_ons.c.code.in_(codes)),
            add_ons.c.deleted_at.is_(None),
        )
        .order_by(add_ons.c.id)
        .with_for_update(read=True)
    )
    return {row.code: row for row in rows} | {str(row.id): row for row in rows}


async def _pricing_units(work: Work, codes: Sequence[str]) -> dict[str, Row[Any]]:
    if not codes:
        return {}
    rows = await work.rows(
        select(pricing_units).where(
            pricing_units.c.organization_id == work.organization.id, pricing_units.c.code.in_(codes)
        )
    )
    return {row.code: row for row in rows}
