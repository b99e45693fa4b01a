"""What the commands share: settings, a database, a way to run, a way to print."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from cyclopts import Parameter
from rich.console import Console
from rich.table import Table

from conto.settings import Settings

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

OfOrganization = Annotated[
    UUID | None, Parameter(name="--organization", help="Its id; not needed where there is only one organization.")
]


class CommandError(Exception):
    """A command cannot do what it was asked; the message says why."""


def settings() -> Settings:
    """The settings of the environment."""
    return Settings.from_environment(os.environ)


def configure_logs(found: Settings) -> None:
    """Have log lines written as the settings say."""
    from conto.api.logs import configure

    configure(found.log_level, "json" if found.log_format == "json" else "console")


def run(work: Coroutine[Any, Any, None]) -> None:
    """Run a command's coroutine on the fast event loop."""
    if sys.platform == "win32":
        asyncio.run(work)
        return
    import uvloop

    uvloop.run(work)


@asynccontextmanager
async def opened_works() -> AsyncIterator[Any]:
    """Units of work for a short command, beside a server that runs or alone."""
    from conto.credentials import load_or_create
    from conto.database import database
    from conto.runtime import open_works

    found = settings()
    with database(found) as where:
        await refuse_other_schema(where.owner_url)
        async with open_works(found, load_or_create(found), where.application_url, pool_size=2) as works:
            yield works


async def refuse_other_schema(url: str) -> None:
    """The code works on its own schema alone."""
    from conto.database import refuse_unreachable
    from conto.db.migrate import current_revision, newest_revision

    await refuse_unreachable(url)
    revision = await current_revision(url)
    if revision != newest_revision():
        at = f"at revision {revision}" if revision else "empty"
        raise CommandError(f"The database is {at}, not at revision {newest_revision()}: run `conto migrate`.")


@asynccontextmanager
async def opened_organization(organization: UUID | None) -> AsyncIterator[Any]:
    """The unit of work of the organization named, or of the only one there is."""
    from conto.organizations.overview import list_organizations

    async with opened_works() as works:
        if organization is None:
            known = await list_organizations(works)
            if len(known) != 1:
                raise CommandError(f"There are {len(known)} organizations: name one with --organization.")
            organization = known[0].id
        async with works.enter(organization) as work:
            yield work


def moment(instant: datetime | None) -> str:
    """An instant for people, in UTC; nothing for none."""
    return instant.strftime("%Y-%m-%d %H:%M:%S") if instant else ""


def show(heads: tuple[str, ...], rows: Any) -> None:
    """Print rows as a table on a terminal, else separated by tabs."""
    if not out.is_terminal:
        for row in rows:
            print(*row, sep="\t")
        return
    table = Table(*heads, box=None, pad_edge=False)
    for row in rows:
        table.add_row(*row)
    out.print(table)
