"""Actions that are broken off at any statement: the connection is cut there, and the database must be as it was."""

import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import chain, count
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from conto.db.engine import create_engine
from conto.db.tables import metadata
from conto.work import Works
from tests.books import run
from tests.company import Company, open_company
from tests.databases import Databases
from tests.proxy import Proxy, proxied

_CONTENT = " union all ".join(
    f"select '{table.name}' as name, md5(string_agg(t::text, ' ' order by t::text)) as content"
    f" from {table.name} t where t.organization_id = :id"
    for table in metadata.sorted_tables
    if "organization_id" in table.c
)
_QUEUED = (
    "select 'jobs', md5(string_agg(j.entrypoint || encode(j.payload, 'hex'), ' ' order by j.id))"
    " from queue.pgqueuer j where cast(j.headers->>'organization_id' as uuid) = :id"
)


Act = Callable[[], Awaitable[bool]]
"""Tries once, and says whether it succeeded."""


def server_folder(databases: Databases) -> str:
    """Where the server of the run listens."""
    return parse_qs(urlsplit(databases.url()).query)["host"][0]


@asynccontextmanager
async def proxy_before(databases: Databases) -> AsyncIterator[Proxy]:
    """A proxy before the server of the run. Its folder's name is short, since addresses of sockets are."""
    with tempfile.TemporaryDirectory(prefix="conto-proxy-") as folder:
        async with proxied(server_folder(databases), Path(folder)) as opened:
            yield opened


@asynccontextmanager
async def company_behind(
    proxy: Proxy, works: Works, databases: Databases, frozen_time: str | None = None
) -> AsyncIterator[Company]:
    """A company whose application reaches the database through the proxy, on one connection."""
    url = databases.url().replace(server_folder(databases), str(proxy.folder))
    engine = create_engine(url, pool_size=1)
    through = Works(engine, works.secrets, works.files, works.public_url)
    async with open_company(through, frozen_time, works) as opened:
        yield opened
        proxy.cut(None)
        await opened.leave()
    await engine.dispose()


async def contents(databases: Databases, company: Company) -> dict[str, str | None]:
    """What each table, and the queue, holds of the organization, in short."""
    rows = await run(databases, f"{_CONTENT} union all {_QUEUED}", id=company.id)
    return {row.name: row.content for row in rows}


async def broken_off(
    company: Company, databases: Databases, proxy: Proxy, act: Act, *, answered: bool = False, after: int = 1
) -> int:
    """Cut the action at its first statement, then at one after the other from the one `after` on, until it is done.

    `act` tries once and says whether it succeeded. Where it was cut it must not, and all that the database holds of
    the company must be as before; but where the answer to the commit alone is lost, the action is done. The number
    of the last statement at which it was cut is given.

    The connection is a new one at each try but the first, hence the first cut.
    """
    before, last = await contents(databases, company), 0
    for number in chain((1,), count(after + 1)):
        proxy.cut(number, answered=answered)
        succeeded = await act()
        reached = proxy.statements >= number
        proxy.cut(None)
        now = await contents(databases, company)
        if not reached:
            assert succeeded
            assert not answered, "the commit was not among the statements"
            assert now != before
            break
        last = number
        if now != before:
            assert answered, f"at statement {number} something was written: {differing(before, now)}"
            break
        assert not succeeded, f"at statement {number}"
    return last


def differing(before: dict[str, str | None], now: dict[str, str | None]) -> list[str]:
    """The tables that hold something else now."""
    return [name for name in now if now[name] != before[name]]


def difference(before: dict[str, int], after: dict[str, int]) -> dict[str, int]:
    """By how many the counts of rows have grown, where they have."""
    return {name: after[name] - before[name] for name in after if after[name] != before[name]}
