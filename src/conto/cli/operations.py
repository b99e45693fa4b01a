"""Commands for whoever looks after a server: what is held, what falls due, whether the books agree."""

from typing import Annotated

from cyclopts import App, Parameter

from conto.cli.common import CommandError, moment, opened_works, out, run, show

jobs_app = App(name="jobs", help="Work on the outside that failed for good and is held: webhooks, documents, mail.")
agenda_app = App(name="agenda", help="What falls due.")
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
