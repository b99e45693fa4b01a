"""The taxes that a billing entity, customer or add-on has of its own: replaced as a list, read in batches."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Table, delete, func, insert, select

from conto.db.tables import billing_entities, billing_entities_taxes, taxes
from conto.errors import NotFound
from conto.ids import new_id
from conto.organizations.queries import default_billing_entity
from conto.schemas.taxes import TaxObject, show_tax
from conto.work import Work


async def taxes_by_code(work: Work, codes: Collection[str]) -> dict[str, Row[Any]]:
    """The live taxes with these codes; codes that name none are left out."""
    if not codes:
        return {}
    found = await work.rows(
        select(taxes).where(
            taxes.c.organization_id == work.organization.id, taxes.c.code.in_(codes), taxes.c.deleted_at.is_(None)
        )
    )
    return {tax.code: tax for tax in found}


async def codes_in_any_case(work: Work, codes: Sequence[str]) -> list[str]:
    """The codes as the live taxes write them; one that names none stays as it is."""
    if not codes:
        return []
    found = await work.rows(
        select(taxes.c.code).where(
            taxes.c.organization_id == work.organization.id,
            func.lower(taxes.c.code).in_({code.lower() for code in codes}),
            taxes.c.deleted_at.is_(None),
        )
    )
    exact = {row.code for row in found}
    written = {code.lower(): code for code in sorted(exact)}
    return [code if code in exact else written.get(code.lower(), code) for code in codes]


async def known_taxes(work: Work, codes: Sequence[str]) -> list[Row[Any]]:
    """The taxes that the codes name, each once, in the order given.

    Raises:
        NotFound: a code names no live tax.
    """
    found = await taxes_by_code(work, set(codes))
    if any(code not in found for code in codes):
        raise NotFound("tax")
    return [found[code] for code in dict.fromkeys(codes)]


async def replace_taxes(
    work: Work, links: Table, owner_column: str, owner_id: UUID, codes: Sequence[str]
) -> dict[str, list[list[str]]]:
    """Make the owner's own taxes exactly those that the codes name; what changed, as `conto.changes.differences` does.

    Raises:
        NotFound: a code names no live tax.
    """
    wanted = await known_taxes(work, codes)
    removed = await work.rows(
        delete(links)
        .where(links.c.organization_id == work.organization.id, links.c[owner_column] == owner_id)
        .where(taxes.c.organization_id == links.c.organization_id, taxes.c.id == links.c.tax_id)
        .returning(taxes.c.code)
    )
    await link_taxes(work, links, owner_column, owner_id, [tax.id for tax in wanted])
    before, after = sorted(row.code for row in removed), sorted(tax.code for tax in wanted)
    return {"tax_codes": [before, after]} if before != after else {}


async def link_taxes(work: Work, links: Table, owner_column: str, owner_id: UUID, tax_ids: Sequence[UUID]) -> None:
    """Give the owner these taxes, in addition to those it has."""
    if tax_ids:
        await work.execute(
            insert(links).values(
                [
                    {
                        "organization_id": work.organization.id,
                        "id": new_id(),
                        owner_column: owner_id,
                        "tax_id": tax_id,
                        "created_at": work.now,
                    }
                    for tax_id in tax_ids
                ]
            )
        )


async def taxes_of(
    work: Work, links: Table, owner_column: str, owner_ids: Iterable[UUID]
) -> dict[UUID, list[Row[Any]]]:
    """The live taxes of each owner, by name then newest first."""
    ids = list(owner_ids)
    found: dict[UUID, list[Row[Any]]] = defaultdict(list)
    if not ids:
        return found
    rows = await work.rows(
        select(taxes, links.c[owner_column].label("owner_id"))
        .join(links, (links.c.organization_id == taxes.c.organization_id) & (links.c.tax_id == taxes.c.id))
        .where(
            taxes.c.organization_id == work.organization.id,
            links.c[owner_column].in_(ids),
            taxes.c.deleted_at.is_(None),
        )
        .order_by(taxes.c.name, taxes.c.created_at.desc(), taxes.c.id)
    )
    for row in rows:
        found[row.owner_id].append(row)
    return found


async def shown(work: Work, rows: Iterable[Row[Any]]) -> dict[UUID, TaxObject]:
    """Each tax as JSON, by id: two queries however many there are, none where there are none."""
    by_id = {row.id: row for row in rows}
    if not by_id:
        return {}
    links = billing_entities_taxes
    codes = await work.rows(
        select(links.c.tax_id, func.array_agg(billing_entities.c.code).label("codes"))
        .join(
            billing_entities,
            (billing_entities.c.organization_id == links.c.organization_id)
            & (billing_entities.c.id == links.c.billing_entity_id),
        )
        .where(
            links.c.organization_id == work.organization.id,
            links.c.tax_id.in_(by_id),
            billing_entities.c.archived_at.is_(None),
        )
        .group_by(links.c.tax_id)
    )
    codes_by_tax = {row.tax_id: sorted(row.codes) for row in codes}
    default = await default_billing_entity(work)
    return {tax_id: show_tax(tax, codes_by_tax.get(tax_id, []), default.code) for tax_id, tax in by_id.items()}


async def shown_by_owner(
    work: Work, links: Table, owner_column: str, owner_ids: Iterable[UUID]
) -> dict[UUID, list[TaxObject]]:
    """The taxes of each owner as JSON."""
    owned = await taxes_of(work, links, owner_column, owner_ids)
    objects = await shown(work, (tax for rows in owned.values() for tax in rows))
    return defaultdict(list, {owner: [objects[tax.id] for tax in rows] for owner, rows in owned.items()})
