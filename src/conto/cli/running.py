"""Commands that run Conto, and the demo."""

import os
from pathlib import Path
from typing import Annotated, Any

from cyclopts import App, Parameter

from conto.cli.common import CommandError, configure_logs, err, out, refuse_other_schema, run, settings, show
from conto.settings import Settings


def up(*, capabilities: Annotated[bool, Parameter(negative=())] = False) -> None:
    """Run everything: an embedded database unless DATABASE_URL is set, the API, and the workers.

    The first start makes an organization and prints its key; later starts find data and keys again.

    Parameters
    ----------
    capabilities
        Serve capability files, too: those of CONTO_CAPABILITIES, or those that come with Conto (invoices as REST on
        port 8080 and as MCP tools on port 9090).
    """
    from conto.up import up as run_everything

    raise SystemExit(run_everything(settings(), out, capabilities=capabilities))


def serve() -> None:
    """Serve the API on CONTO_HOST and CONTO_PORT, on a database that is migrated. Run as many as you like."""
    run(run_process("serve"))


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
    from conto.processes import spare_what_stays, stop_event
    from conto.runtime import open_works

    async def drain(url: str) -> None:
        async with open_works(
            found,
            credentials,
            url,
            pool_size=max(6, found.database_pool),
            statement_seconds=found.worker_statement_seconds,
            plans_once=True,
        ) as works:
            spare_what_stays()
            await work.run(works, url, stop_event())

    return drain


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


def show_settings() -> None:
    """List the environment variables that Conto reads."""
    from conto.settings import describe

    show(("variable", "default", "meaning"), describe())


demo_app = App(name="demo", help="What Conto does, shown through the API of a running server.")

ServerUrl = Annotated[str | None, Parameter(help="Where the server is; CONTO_PUBLIC_URL if not given.")]


@demo_app.default
def demo(*, url: ServerUrl = None, key: str | None = None, folder: Path | None = None) -> None:
    """Do the main job: a customer, a tax, an add-on, an invoice, its PDF.

    Parameters
    ----------
    key
        An API key; that of the first organization if not given.
    folder
        Where to leave the PDF; the working folder if not given.
    """
    from conto.credentials import load_or_create
    from conto.demo.one_invoice import run_demo

    found = settings()
    api_key = key or load_or_create(found).api_key
    if api_key is None:
        raise CommandError("No API key is known: start a server with `conto up` first, or give one with --key.")
    run_demo(url or found.public_url, api_key, folder or Path.cwd(), err, out)


@demo_app.command(name="year")
def demo_year(*, url: ServerUrl = None, admin_key: str | None = None, folder: Path | None = None) -> None:
    """Play a year of a company with twenty customers, in a new organization whose clock the demo moves.

    It prints all invoices and credit notes, and leaves their PDFs in a folder `havenshop`.

    Parameters
    ----------
    admin_key
        The server's admin key; that of CONTO_ADMIN_KEY or CONTO_DATA if not given.
    folder
        Where to make the folder of PDFs; the working folder if not given.
    """
    from conto.credentials import load_or_create
    from conto.demo.books import CREDIT_NOTE_HEADS, INVOICE_HEADS
    from conto.demo.year import play_year

    found = settings()
    key = admin_key or load_or_create(found).admin_key
    books = play_year(url or found.public_url, key, folder or Path.cwd(), err)
    show(INVOICE_HEADS, books.invoices)
    out.print()
    show(CREDIT_NOTE_HEADS, books.credit_notes)
    out.print(
        f"\n{len(books.invoices)} invoices and {len(books.credit_notes)} credit notes; documents in {books.place}:"
    )
    for what, path in books.named:
        out.print(f"  {path.name}  {what}", soft_wrap=True)
    out.print(f"The organization's API key, to look around: {books.organization['api_key']}", soft_wrap=True)
