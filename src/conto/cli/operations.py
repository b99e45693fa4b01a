"""Commands for whoever looks after a server: what is held, what falls due, whether the books agree."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

from cyclopts import App, Parameter

from conto.cli.common import CommandError, moment, opened_works, out, run, settings, show

if TYPE_CHECKING:
    from conto.verification import Mismatch

jobs_app = App(name="jobs", help="Work on the outside that failed for good and is held: webhooks, documents, mail.")
agenda_app = App(name="agenda", help="What falls due.")
events_app = App(name="events", help="Usage events.")
ledger_app = App(name="ledger", help="The ledger of transfers.")


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


@events_app.command(name="waiting")
def count_waiting_events() -> None:
    """Tell how many events that were taken in have not been followed yet, and how far the follower is behind.

    Any transaction that is open on the server for long holds it back.
    """
    from conto.metering.stream import MOST_COUNTED, lag

    async def find() -> None:
        async with opened_works() as works:
            found = await lag(works)
        counted = f"at least {found.events}" if found.events >= MOST_COUNTED else str(found.events)
        show(("events waiting", "transactions behind"), [(counted, str(found.transactions))])

    run(find())


@ledger_app.command(name="verify")
def verify_ledger() -> None:
    """Sum up invoices from their transfers, payments, fees and taxes again, and compare.

    Each figure that differs is named with both amounts, in minor units; the exit status is then 1.
    """
    from conto.organizations.overview import list_organizations
    from conto.verification import mismatches

    async def verify() -> None:
        wrong: list[tuple[str, ...]] = []
        async with opened_works() as works:
            for organization in await list_organizations(works):
                async with works.enter(organization.id) as work:
                    wrong += [mismatch_line(organization.id, found) for found in await mismatches(work)]
        if wrong:
            heads = ("organization", "invoice", "id", "figure", "by", "currency", "stored", "summed up", "difference")
            show(heads, wrong)
            raise SystemExit(1)
        out.print("Every invoice is owed what its transfers say, and paid what its payments say.")

    run(verify())


def mismatch_line(organization_id: UUID, found: "Mismatch") -> tuple[str, ...]:
    """A figure that differs, as a row."""
    return (
        str(organization_id),
        found.number or "(not there)",
        str(found.invoice_id),
        found.figure,
        found.source,
        found.currency,
        str(found.stored_cents),
        str(found.summed_cents),
        f"{found.difference_cents:+d}",
    )


def backup(path: Path, /, *, keys: bool = True) -> None:
    """Write a backup of everything: the database, the documents and the server's keys. The server may run.

    The file can be read by its owner alone, and should be: whoever has it has everybody's data, and the
    keys that decrypt stored secrets.

    Parameters
    ----------
    path
        The file to write, or a folder in which to make one that is named after the time.
    keys
        With the keys. Without them the backup can be restored only where CONTO_SECRET_KEY is set to the
        same key.
    """
    from conto.backup.create import back_up
    from conto.credentials import load_or_create
    from conto.database import database, refuse_unreachable
    from conto.files import open_files
    from conto.secrets import Secrets

    found, target = settings(), path.absolute()

    async def work(url: str) -> None:
        await refuse_unreachable(url)
        credentials = load_or_create(found)
        files = open_files(found.files_url, Secrets(credentials.secret_key), found.public_url, found.link_seconds)
        taken = await back_up(url, files, credentials, target, with_keys=keys)
        rows = sum(table.rows for table in taken.manifest.tables)
        out.print(f"{taken.path}: {rows} rows, {len(taken.manifest.files)} documents", soft_wrap=True)
        if taken.manifest.missing:
            raise CommandError(
                f"{len(taken.manifest.missing)} documents that the database names are not in the store, nor in the"
                f" backup: {', '.join(taken.manifest.missing[:3])} …"
            )

    with database(found) as where:
        run(work(where.owner_url))


def restore(path: Path, /, *, replace: bool = False) -> None:
    """Restore a backup into CONTO_DATA, or into DATABASE_URL and CONTO_FILES_URL; no server may run there.

    The backup is checked as a whole first. A backup of an older version is brought up to this one. What was
    waiting on the queue when it was taken, webhooks among it, is done once workers start.

    Parameters
    ----------
    path
        The file that `conto backup` has written.
    replace
        Delete what the database holds, and replace the keys.
    """
    from conto.backup.archive import opened
    from conto.backup.restore import restore as put_back
    from conto.database import database, refuse_unreachable

    found, source = settings(), path.absolute()

    async def work(url: str) -> None:
        await refuse_unreachable(url)
        manifest = await put_back(found, url, source, replace=replace)
        rows = sum(table.rows for table in manifest.tables)
        out.print(f"Restored what was there at {manifest.taken_at}: {rows} rows, {len(manifest.files)} documents.")

    with opened(source):
        # There is one: a database may be made for it.
        pass
    with database(found, own=True) as where:
        run(work(where.owner_url))
