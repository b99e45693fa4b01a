"""Which organizations there are, for whoever runs the server."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from conto.db.tables import organizations
from conto.work import Works


async def list_organizations(works: Works) -> Sequence[Any]:
    """All organizations, oldest first: id, name, test clock, creation."""
    async with works.across() as connection:
        found = await connection.execute(
            select(
                organizations.c.id, organizations.c.name, organizations.c.frozen_time, organizations.c.created_at
            ).order_by(organizations.c.created_at, organizations.c.id)
        )
        return found.all()
