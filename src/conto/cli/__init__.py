"""The command line: `conto --help` tells all that it can do.

Commands import what they need when they run, so that `--help` answers at once.
"""

from typing import NoReturn

from cyclopts import App

from conto import __version__
from conto.cli import operations, running
from conto.cli.capability import capability_app
from conto.cli.common import CommandError, err
from conto.cli.mail import mail_app
from conto.cli.operations import agenda_app, events_app, jobs_app, ledger_app
from conto.cli.tenants import keys_app, organizations_app
from conto.settings import SettingsError

EPILOGUE = """
Settings are environment variables; `conto settings` lists them with their meaning and default.
"""

app = App(
    name="conto",
    version=__version__,
    help="A billing engine: it meters usage, prices it, and turns it into invoices that get paid.",
    help_epilogue=EPILOGUE,
)
for sub in (running.demo_app, organizations_app, keys_app, jobs_app, agenda_app, events_app, ledger_app):
    app.command(sub)
for sub in (mail_app, capability_app):
    app.command(sub)
for command in (running.up, running.serve, running.worker, running.migrate):
    app.command(command)
for command in (operations.backup, operations.restore):
    app.command(command)
app.command(running.show_settings, name="settings")


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
    from conto.backup.archive import ArchiveError
    from conto.capability.problems import CapabilityError, ServeError
    from conto.credentials import CredentialsError
    from conto.database import DatabaseUnreachable
    from conto.db.embedded import EmbeddedServerError
    from conto.demo.client import DemoError
    from conto.up import StartError

    return (
        SettingsError,
        ArchiveError,
        CapabilityError,
        ServeError,
        CredentialsError,
        EmbeddedServerError,
        DatabaseUnreachable,
        StartError,
        CommandError,
        DemoError,
    )
