"""The taxes that may apply to fees, read in one query for a whole invoice (chapter 10 §5.2)."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Row,
    Select,
    Table,
    Text,
    Uuid,
    any_,
    bindparam,
    literal,
    null,
    select,
    union_all,
)

from conto.core.taxes import Tax, applicable
from conto.db.tables import (
    add_ons_taxes,
    billing_entities_taxes,
    charges_taxes,
    customers_taxes,
    fixed_charges_taxes,
    minimum_commitments_taxes,
    plans_taxes,
    taxes,
)
from conto.work import ORGANIZATION, Work


@dataclass(frozen=True, slots=True)
class TaxLevels:
    """The taxes of each level. The first level that has any gives all its taxes."""

    by_code: dict[str, Tax]
    of_customer: tuple[Tax, ...]
    of_billing_entity: tuple[Tax, ...]
    of_add_ons: dict[UUID, tuple[Tax, ...]] = field(default_factory=dict)
    of_charges: dict[UUID, tuple[Tax, ...]] = field(default_factory=dict)
    of_fixed_charges: dict[UUID, tuple[Tax, ...]] = field(default_factory=dict)
    of_commitments: dict[UUID, tuple[Tax, ...]] = field(default_factory=dict)
    of_plans: dict[UUID, tuple[Tax, ...]] = field(default_factory=dict)

    def of_add_on(self, codes: Sequence[str], add_on_id: UUID) -> tuple[Tax, ...]:
        """A one-off fee's taxes: those named (unknown codes are ignored), else add-on, customer, billing entity."""
        named = [self.by_code[code] for code in dict.fromkeys(codes) if code in self.by_code]
        return applicable((named, self.of_add_ons.get(add_on_id, ()), self.of_customer, self.of_billing_entity))

    def of_charge(self, charge_id: UUID, plan_id: UUID) -> tuple[Tax, ...]:
        """The taxes of a usage fee: the charge's, else those of plan, customer, billing entity."""
        return self._of_plan_item(self.of_charges.get(charge_id, ()), plan_id)

    def of_fixed_charge(self, fixed_charge_id: UUID, plan_id: UUID) -> tuple[Tax, ...]:
        """The taxes of a fixed charge's fee: its own, else those of plan, customer, billing entity."""
        return self._of_plan_item(self.of_fixed_charges.get(fixed_charge_id, ()), plan_id)

    def of_commitment(self, commitment_id: UUID, plan_id: UUID) -> tuple[Tax, ...]:
        """The taxes of a minimum commitment's fee: its own, else those of plan, customer, billing entity."""
        return self._of_plan_item(self.of_commitments.get(commitment_id, ()), plan_id)

    def of_plan(self, plan_id: UUID) -> tuple[Tax, ...]:
        """The taxes of a subscription fee: the plan's, else those of customer, billing entity."""
        return self._of_plan_item((), plan_id)

    def _of_plan_item(self, own: tuple[Tax, ...], plan_id: UUID) -> tuple[Tax, ...]:
        return applicable((own, self.of_plans.get(plan_id, ()), self.of_customer, self.of_billing_entity))


@dataclass(frozen=True, slots=True)
class Payer:
    """What of a customer's row decides on its taxes."""

    id: UUID
    billing_entity_id: UUID


async def tax_levels(
    work: Work,
    customer: Row[Any] | Payer,
    *,
    add_on_ids: Iterable[UUID] = (),
    charge_ids: Iterable[UUID] = (),
    fixed_charge_ids: Iterable[UUID] = (),
    commitment_ids: Iterable[UUID] = (),
    plan_ids: Iterable[UUID] = (),
    codes: Iterable[str] = (),
) -> TaxLevels:
    """The taxes that may apply to the customer's fees over these add-ons and charges, and those with these codes.

    The entity is the customer's, whoever issues.
    """
    rows = await work.rows(
        _LEVELS,
        codes=list(set(codes)),
        add_on_ids=list(set(add_on_ids)),
        charge_ids=list(set(charge_ids)),
        fixed_charge_ids=list(set(fixed_charge_ids)),
        minimum_commitment_ids=list(set(commitment_ids)),
        plan_ids=list(set(plan_ids)),
        customer_ids=[customer.id],
        billing_entity_ids=[customer.billing_entity_id],
    )
    owned: dict[tuple[str, UUID | None], list[Tax]] = defaultdict(list)
    for row in rows:
        owned[(row.level, row.owner_id)].append(as_tax(row))

    def of_each(level: str) -> dict[UUID, tuple[Tax, ...]]:
        return {owner: tuple(found) for (its, owner), found in owned.items() if owner and its == level}

    return TaxLevels(
        by_code={tax.code: tax for tax in owned["code", None]},
        of_customer=tuple(owned["customer", customer.id]),
        of_billing_entity=tuple(owned["billing_entity", customer.billing_entity_id]),
        of_add_ons=of_each("add_on"),
        of_charges=of_each("charge"),
        of_fixed_charges=of_each("fixed_charge"),
        of_commitments=of_each("minimum_commitment"),
        of_plans=of_each("plan"),
    )


def _taxes(level: str, owner_id: ColumnElement[Any]) -> Select[Any]:
    return select(taxes, literal(level).label("level"), owner_id.label("owner_id")).where(
        taxes.c.organization_id == ORGANIZATION, taxes.c.deleted_at.is_(None)
    )


def _linked(level: str, links: Table) -> Select[Any]:
    """The taxes that the links give to owners of this kind."""
    owner_id = links.c[f"{level}_id"]
    of_tax = (links.c.organization_id == taxes.c.organization_id) & (links.c.tax_id == taxes.c.id)
    return (
        _taxes(level, owner_id)
        .join(links, of_tax)
        .where(owner_id == any_(bindparam(f"{level}_ids", type_=ARRAY(Uuid))))
    )


_ALL = union_all(
    _taxes("code", null().cast(Uuid)).where(taxes.c.code == any_(bindparam("codes", type_=ARRAY(Text)))),
    _linked("add_on", add_ons_taxes),
    _linked("charge", charges_taxes),
    _linked("fixed_charge", fixed_charges_taxes),
    _linked("minimum_commitment", minimum_commitments_taxes),
    _linked("plan", plans_taxes),
    _linked("customer", customers_taxes),
    _linked("billing_entity", billing_entities_taxes),
).subquery()
_LEVELS = select(_ALL).order_by(_ALL.c.name, _ALL.c.created_at.desc(), _ALL.c.id)


def as_tax(row: Row[Any]) -> Tax:
    """The copy of a tax that a document keeps."""
    return Tax(id=row.id, code=row.code, name=row.name, description=row.description, rate=row.rate)
