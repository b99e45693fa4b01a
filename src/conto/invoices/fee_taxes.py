"""The taxes that may apply to fees, read in at most two queries for a whole invoice (chapter 10 §5.2)."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, Table, literal, select, union_all

from conto.catalog.applied_taxes import taxes_by_code
from conto.core.taxes import Tax, applicable
from conto.db.tables import add_ons_taxes, billing_entities_taxes, customers_taxes, taxes
from conto.schemas.invoices import OneOffFeeInput
from conto.work import Work


@dataclass(frozen=True, slots=True)
class TaxLevels:
    """The taxes of each level. The first level that has any gives all its taxes."""

    by_code: dict[str, Tax]
    of_customer: tuple[Tax, ...]
    of_billing_entity: tuple[Tax, ...]
    of_add_ons: dict[UUID, tuple[Tax, ...]] = field(default_factory=dict)

    def of_add_on(self, codes: Sequence[str], add_on_id: UUID) -> tuple[Tax, ...]:
        """A one-off fee's taxes: those named (unknown codes are ignored), else add-on, customer, billing entity."""
        named = [self.by_code[code] for code in dict.fromkeys(codes) if code in self.by_code]
        return applicable((named, self.of_add_ons.get(add_on_id, ()), self.of_customer, self.of_billing_entity))


async def tax_levels(
    work: Work, customer: Row[Any], add_ons: Iterable[Row[Any]], fees: Sequence[OneOffFeeInput]
) -> TaxLevels:
    """The taxes that may apply to these fees of the customer. The entity is the customer's, whoever issues."""
    named = await taxes_by_code(work, {code for fee in fees for code in fee.tax_codes or ()})
    levels = union_all(
        _level(work, add_ons_taxes, "add_on_id", [add_on.id for add_on in add_ons]),
        _level(work, customers_taxes, "customer_id", [customer.id]),
        _level(work, billing_entities_taxes, "billing_entity_id", [customer.billing_entity_id]),
    ).subquery()
    rows = await work.rows(select(levels).order_by(levels.c.name, levels.c.created_at.desc(), levels.c.id))
    owned: dict[tuple[str, UUID], list[Tax]] = defaultdict(list)
    for row in rows:
        owned[(row.level, row.owner_id)].append(as_tax(row))
    return TaxLevels(
        by_code={code: as_tax(row) for code, row in named.items()},
        of_customer=tuple(owned["customer_id", customer.id]),
        of_billing_entity=tuple(owned["billing_entity_id", customer.billing_entity_id]),
        of_add_ons={owner: tuple(found) for (level, owner), found in owned.items() if level == "add_on_id"},
    )


def _level(work: Work, links: Table, owner_column: str, owner_ids: Sequence[UUID]) -> Select[Any]:
    return (
        select(taxes, literal(owner_column).label("level"), links.c[owner_column].label("owner_id"))
        .join(links, (links.c.organization_id == taxes.c.organization_id) & (links.c.tax_id == taxes.c.id))
        .where(
            taxes.c.organization_id == work.organization.id,
            links.c[owner_column].in_(owner_ids),
            taxes.c.deleted_at.is_(None),
        )
    )


def as_tax(row: Row[Any]) -> Tax:
    """The copy of a tax that a document keeps."""
    return Tax(id=row.id, code=row.code, name=row.name, description=row.description, rate=row.rate)
