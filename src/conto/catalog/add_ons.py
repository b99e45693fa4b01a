"""Create, change, delete and read add-ons, the named one-time items (chapter 10 §6)."""

from collections.abc import Collection
from typing import Any

from msgspec import UNSET
from sqlalchemy import ARRAY, Row, Text, any_, bindparam, insert, select, update

from conto.catalog.applied_taxes import replace_taxes
from conto.changes import given
from conto.db.tables import add_ons, add_ons_taxes, fixed_charges
from conto.errors import Invalid, NotFound
from conto.ids import new_id
from conto.schemas.add_ons import AddOnCreateInput, AddOnUpdateInput
from conto.work import ORGANIZATION, Work

_BY_CODE = select(add_ons).where(
    add_ons.c.organization_id == ORGANIZATION,
    add_ons.c.code == any_(bindparam("codes", type_=ARRAY(Text))),
    add_ons.c.deleted_at.is_(None),
)


async def add_on(work: Work, code: str) -> Row[Any]:
    """The live add-on with this code.

    Raises:
        NotFound: there is none.
    """
    found = await add_ons_by_code(work, [code])
    if code not in found:
        raise NotFound("add_on")
    return found[code]


async def add_ons_by_code(work: Work, codes: Collection[str]) -> dict[str, Row[Any]]:
    """The live add-ons with these codes; codes that name none are left out."""
    found = await work.rows(_BY_CODE, codes=list(codes))
    return {row.code: row for row in found}


async def create_add_on(work: Work, data: AddOnCreateInput) -> Row[Any]:
    """Create an add-on.

    Raises:
        Invalid: the code is taken.
        NotFound: a tax code names no tax; nothing is stored.
    """
    await refuse_taken_code(work, data.code)
    values = {"invoice_display_name": None, "description": None} | given(data, without=("tax_codes",))
    created = await work.one(
        insert(add_ons)
        .values(
            values
            | {
                "organization_id": work.organization.id,
                "id": new_id(),
                "created_at": work.now,
                "updated_at": work.now,
            }
        )
        .returning(add_ons)
    )
    if data.tax_codes:
        await replace_taxes(work, add_ons_taxes, "add_on_id", created.id, data.tax_codes)
    return created


async def update_add_on(work: Work, found: Row[Any], data: AddOnUpdateInput) -> Row[Any]:
    """Change what is given; it shows on future fees only.

    Raises:
        Invalid: the new code is another add-on's.
        NotFound: a tax code names no tax; nothing is stored.
    """
    if data.code is not UNSET and data.code != found.code:
        await refuse_taken_code(work, data.code)
    if data.tax_codes is not UNSET:
        await replace_taxes(work, add_ons_taxes, "add_on_id", found.id, data.tax_codes or [])
    return await work.one(
        update(add_ons)
        .where(add_ons.c.organization_id == work.organization.id, add_ons.c.id == found.id)
        .values(given(data, without=("tax_codes",)) | {"updated_at": work.now})
        .returning(add_ons)
    )


async def delete_add_on(work: Work, found: Row[Any]) -> None:
    """Delete an add-on: its code becomes free, its fixed charges go, and it can no longer be invoiced.

    Old fees still show it.
    """
    await work.execute(
        update(add_ons)
        .where(add_ons.c.organization_id == work.organization.id, add_ons.c.id == found.id)
        .values(deleted_at=work.now)
    )
    await work.execute(
        update(fixed_charges)
        .where(
            fixed_charges.c.organization_id == work.organization.id,
            fixed_charges.c.add_on_id == found.id,
            fixed_charges.c.deleted_at.is_(None),
        )
        .values(deleted_at=work.now)
    )


async def refuse_taken_code(work: Work, code: str) -> None:
    """Codes are unique among the organization's live add-ons."""
    if await add_ons_by_code(work, [code]):
        raise Invalid({"code": ["value_already_exist"]})
