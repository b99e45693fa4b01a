"""The command line: `conto --help` tells all that it can do.

Commands import what they need when they run, so that `--help` answers at once.
"""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, NoReturn
from uuid import UUID

from cyclopts import App, Parameter
from rich.console import Console
from rich.table import Table

from conto import __version__
from conto.settings import Settings, SettingsError

EPILOGUE = """
Settings are environment variables; `conto settings` lists them with their meaning and default.
"""

app = App(
    name="conto",
    version=__version__,
    help="A billing engine: it meters usage, prices it, and turns it into invoices that get paid.",
    help_epilogue=EPILOGUE,
)
organizations_app = App(name="organizations", help="Organizations: the tenants of this server.")
keys_app = App(name="keys", help="API keys of an organization.")
jobs_app = App(name="jobs", help="Work on the outside that failed for good and is held: webhooks, documents.")
agenda_app = App(name="agenda", help="What falls due.")
ledger_app = App(name="ledger", help="The ledger of transfers.")
for sub in (organizations_app, keys_app, jobs_app, agenda_app, ledger_app):
    app.command(sub)

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

OfOrganization = Annotated[
    UUID | None, Parameter(name="--organization", help="Its id; not needed where there is only one organization.")
]


def main() -> None:
    """Run the command line."""
    from conto.errors import ContoError

    try:
        app()
    except ContoError as error:
        fail(f"{type(error).__name__}: {error}")
    except Exception as error:
        if not isinstance(error, expected_errors()):
            raise
        fail(str(error))


def fail(message: str) -> NoReturn:
    """End with the message, which says all that there is to say."""
    err.print(message, style="red", soft_wrap=True, markup=False)
    raise SystemExit(1) from None


def expected_errors() -> tuple[type[Exception], ...]:
    """The errors whose message is meant for whoever runs a command."""
    from conto.credentials import CredentialsError
    from conto.database import DatabaseUnreachable
    from conto.db.embedded import EmbeddedServerError
    from conto.demo import DemoError
    from conto.up import StartError

    return (
        SettingsError,
        CredentialsError,
        EmbeddedServerError,
        DatabaseUnreachable,
        StartError,
        CommandError,
        DemoError,
    )


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


@app.command
def up() -> None:
    """Run everything: an embedded database unless DATABASE_URL is set, the API, and the workers.

    The first start makes an organization and prints its key; later starts find data and keys again.
    """
    from conto.up import up as run_everything

    raise SystemExit(run_everything(settings(), out))


@app.command
def serve() -> None:
    """Serve the API on CONTO_HOST and CONTO_PORT, on a database that is migrated. Run as many as you like."""
    run(run_process("serve"))


@app.command
def worker() -> None:
    """Work off the agenda and the queue: renewals, webhooks, documents. Run as many as you like."""
    run(run_process("worker"))


async def run_process(name: str) -> None:
    """Run one long process, alone or as a child of `conto up`."""
    from conto.credentials import load_or_create
    from conto.database import database
    from conto.processes import READY_VARIABLE, end_with_parent, wait_for_parent

    found = settings()
    configure_logs(found)
    is_child = READY_VARIABLE in os.environ
    if is_child:
        end_with_parent()
    begin = serve_process if name == "serve" else work_process
    prepared = begin(found, load_or_create(found))
    wait_for_parent()
    with database(found) as where:
        if not is_child:
            await refuse_other_schema(where.owner_url)
        await prepared(where.application_url)


def serve_process(found: Settings, credentials: Any) -> Any:
    """The API's process, with its modules loaded."""
    from conto.serve import serve as serve_api

    return lambda url: serve_api(found, credentials, url)


def work_process(found: Settings, credentials: Any) -> Any:
    """The worker's process, with its modules loaded."""
    from conto import worker as work
    from conto.processes import stop_event
    from conto.runtime import open_works

    async def drain(url: str) -> None:
        async with open_works(found, credentials, url, pool_size=max(6, found.database_pool)) as works:
            await work.run(works, url, stop_event())

    return drain


@app.command
def migrate() -> None:
    """Bring the database up to this version's schema; safe to run from several places at once."""
    from conto.database import database, refuse_unreachable
    from conto.db.migrate import migrate as bring_up
    from conto.db.migrate import newest_revision

    async def work(url: str) -> None:
        await refuse_unreachable(url)
        await bring_up(url)

    with database(settings()) as where:
        run(work(where.owner_url))
    out.print(f"The database is at revision {newest_revision()}.")


@app.command(name="settings")
def show_settings() -> None:
    """List the environment variables that Conto reads."""
    from conto.settings import describe

    show(("variable", "default", "meaning"), describe())


@organizations_app.command(name="create")
def create_an_organization(name: str, /, *, test_clock: datetime | None = None) -> None:
    """Create an organization and print its API key, which is shown this once.

    Parameters
    ----------
    name
        What it is called.
    test_clock
        Make it an organization to rehearse on, whose clock starts at this instant (UTC).
    """
    from datetime import UTC

    from conto.organizations.create import create_organization

    async def work() -> None:
        async with opened_works() as works:
            frozen = test_clock.replace(tzinfo=test_clock.tzinfo or UTC) if test_clock else None
            created = await create_organization(works, name, frozen_time=frozen)
        out.print(f"organization  {created.id}\nAPI key       {created.api_key}")

    run(work())


@organizations_app.command(name="list")
def list_all_organizations() -> None:
    """List all organizations."""
    from conto.organizations.overview import list_organizations

    async def work() -> None:
        async with opened_works() as works:
            rows = await list_organizations(works)
        show(
            ("id", "name", "test clock", "created"),
            [(str(row.id), row.name, moment(row.frozen_time), moment(row.created_at)) for row in rows],
        )

    run(work())


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


@keys_app.command(name="create")
def create_a_key(*, name: str | None = None, organization: OfOrganization = None) -> None:
    """Create an API key with full permissions and print it; it is shown this once."""
    from conto.organizations.keys import create_key

    async def make() -> None:
        async with opened_organization(organization) as work:
            created = await create_key(work, name=name, permissions=None)
        out.print(f"key      {created.id}\nAPI key  {created.value}")

    run(make())


@keys_app.command(name="rotate")
def rotate_a_key(
    key: UUID, /, *, name: str | None = None, ends: datetime | None = None, organization: OfOrganization = None
) -> None:
    """Make a new API key in place of one.

    Parameters
    ----------
    key
        The id of the old key.
    name
        What the new key is called; the old one's name if not given.
    ends
        When the old key ends (UTC); now if not given.
    """
    from datetime import UTC

    from conto.clock import system_now
    from conto.organizations.keys import rotate_key

    async def rotate() -> None:
        at = ends.replace(tzinfo=ends.tzinfo or UTC) if ends else system_now()
        async with opened_organization(organization) as work:
            created = await rotate_key(work, key, name=name, expires_at=at)
        out.print(f"key      {created.id}\nAPI key  {created.value}")

    run(rotate())


@keys_app.command(name="list")
def list_all_keys(*, organization: OfOrganization = None) -> None:
    """List an organization's API keys; their values are not kept."""
    from conto.organizations.keys import list_keys

    async def find() -> None:
        async with opened_organization(organization) as work:
            rows = await list_keys(work)
        show(
            ("id", "name", "ends in", "created", "expires"),
            [
                (str(row.id), row.name or "", f"…{row.last_characters}", moment(row.created_at), moment(row.expires_at))
                for row in rows
            ],
        )

    run(find())


@keys_app.command(name="hmac")
def show_the_hmac_key(*, organization: OfOrganization = None) -> None:
    """Print the key that receivers check the HMAC signatures of an organization's webhooks with."""
    from conto.webhooks.keys import hmac_key

    async def find() -> None:
        async with opened_organization(organization) as work:
            out.print(await hmac_key(work))

    run(find())


@jobs_app.command(name="failed")
def list_failed_jobs() -> None:
    """List the jobs that are held after their last try."""
    from conto.worker import failed_jobs

    async def find() -> None:
        async with opened_works() as works:
            rows = await failed_jobs(works)
        show(
            ("id", "kind", "subject", "organization", "tries", "error"),
            [
                (
                    str(row.id),
                    row.kind,
                    str(row.subject_id),
                    str(row.organization_id),
                    str(row.attempts),
                    row.error or "",
                )
                for row in rows
            ],
        )

    run(find())


@jobs_app.command(name="retry")
def retry_failed_jobs(
    ids: list[int] | None = None, /, *, every: Annotated[bool, Parameter(name="--all")] = False
) -> None:
    """Put held jobs back on the queue.

    Parameters
    ----------
    ids
        Which ones, as `conto jobs failed` shows them.
    every
        All of them.
    """
    from conto.worker import retry_jobs

    if not ids and not every:
        raise CommandError("Name the jobs to retry, or say --all.")

    async def retry() -> None:
        async with opened_works() as works:
            count = await retry_jobs(works, None if every else ids)
        out.print(f"{count} put back on the queue.")

    run(retry())


@agenda_app.command(name="failed")
def list_failed_entries() -> None:
    """List the entries that failed and wait to be tried again; each holds up its lane."""
    from conto.worker import failed_entries

    async def find() -> None:
        async with opened_works() as works:
            rows = await failed_entries(works)
        show(
            ("kind", "subject", "organization", "due", "tries", "next try", "error"),
            [
                (
                    row.kind,
                    str(row.subject_id),
                    str(row.organization_id),
                    moment(row.due_at),
                    str(row.attempts),
                    moment(row.try_at),
                    row.error or "",
                )
                for row in rows
            ],
        )

    run(find())


@agenda_app.command(name="next")
def list_next_entries(*, limit: int = 20) -> None:
    """List what falls due next."""
    from conto.worker import next_entries

    async def find() -> None:
        async with opened_works() as works:
            rows = await next_entries(works, limit)
        show(
            ("due", "kind", "subject", "organization"),
            [(moment(row.due_at), row.kind, str(row.subject_id), str(row.organization_id)) for row in rows],
        )

    run(find())


@ledger_app.command(name="verify")
def verify_ledger() -> None:
    """Rebuild what every invoice is owed from its transfers and compare; the exit status is 1 where one differs."""
    from conto import ledger
    from conto.organizations.overview import list_organizations

    async def verify() -> None:
        wrong: list[tuple[str, ...]] = []
        async with opened_works() as works:
            for organization in await list_organizations(works):
                async with works.enter(organization.id) as work:
                    wrong += [
                        (str(organization.id), row.number, row.currency, str(row.stored), str(row.moved))
                        for row in await ledger.mismatches(work)
                    ]
        if wrong:
            show(("organization", "invoice", "currency", "due, stored", "due, by transfers"), wrong)
            raise SystemExit(1)
        out.print("Every invoice is owed what its transfers say.")

    run(verify())


@app.command
def demo(*, url: str | None = None, key: str | None = None, folder: Path | None = None) -> None:
    """Do the main job through the API of a running server: a customer, a tax, an add-on, an invoice, its PDF.

    Parameters
    ----------
    url
        Where the server is; CONTO_PUBLIC_URL if not given.
    key
        An API key; that of the first organization if not given.
    folder
        Where to leave the PDF; the working folder if not given.
    """
    from conto.credentials import load_or_create
    from conto.demo import run_demo

    found = settings()
    api_key = key or load_or_create(found).api_key
    if api_key is None:
        raise CommandError("No API key is known: start a server with `conto up` first, or give one with --key.")
    run_demo(url or found.public_url, api_key, folder or Path.cwd(), err, out)


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
