"""`conto up`: database, API, workers and, where it is asked, capability files from one command, in one process group.

The parent owns the embedded database, migrates it and makes the first organization; children serve
and work. They are started first, so that their modules load while the database starts.
"""

import asyncio
import errno
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
from rich.console import Console

from conto.credentials import Credentials, load_or_create, remember
from conto.database import Database, database, refuse_unreachable
from conto.db.embedded import EmbeddedServerError
from conto.processes import READY_VARIABLE, free_address
from conto.settings import Settings

STOP_SECONDS = 40
"""How long children may take to stop, beside the time that they drain."""
START_SECONDS = 120
FIRST_ORGANIZATION = "Company"


class StartError(Exception):
    """Conto cannot be started; the message says why."""


def refuse_used_port(settings: Settings) -> None:
    """Look before starting whether the port can be had.

    Raises:
        StartError: something listens there, or nothing can.
    """
    try:
        free_address(settings.host, settings.port)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            message = f"Port {settings.port} is in use. Set CONTO_PORT to another one, as in CONTO_PORT=3999."
        else:
            message = f"Conto cannot listen on {settings.host}, port {settings.port}: {error.strerror}."
        raise StartError(message) from None


@dataclass(slots=True)
class Child:
    """A process of ours, and the pipe that tells it to begin."""

    name: str
    process: subprocess.Popen[bytes]
    ready: int

    def begin(self) -> None:
        """Let the child go on: the database is ready. It may have ended before."""
        with suppress(BrokenPipeError):
            os.write(self.ready, b"+")
        os.close(self.ready)


def start_child(name: str, environment: Mapping[str, str], *arguments: str) -> Child:
    """Start `conto NAME` with the arguments, which loads and then waits for its pipe.

    It has a process group of its own, so that Ctrl-C reaches the parent alone.
    """
    reading, writing = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-m", "conto", *name.split(), *arguments],
        env={**environment, READY_VARIABLE: str(reading)},
        pass_fds=(reading,),
        process_group=0,
    )
    os.close(reading)
    return Child(name, process, writing)


def up(settings: Settings, console: Console, *, capabilities: bool = False) -> int:
    """Run everything until SIGTERM or SIGINT, with capability files where they are asked for; the exit status.

    Raises:
        StartError: the port cannot be had, the API does not answer in time, or there is no capability file.
        EmbeddedServerError: the embedded database cannot be started.
        DatabaseUnreachable: the database of DATABASE_URL cannot be connected to.
    """
    refuse_used_port(settings)
    files = capability_files(settings) if capabilities else []
    credentials = load_or_create(settings)
    stopped = False

    def stop(*_: object) -> None:
        nonlocal stopped
        stopped = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    try:
        with database(settings, own=True) as found:
            return run(settings, credentials, found, console, lambda: stopped, files)
    except EmbeddedServerError:
        # Ctrl-C reaches the programs that make the database, too.
        if stopped:
            return 0
        raise


def run(
    settings: Settings,
    credentials: Credentials,
    found: Database,
    console: Console,
    stopped: Callable[[], bool],
    capabilities: Sequence[Path],
) -> int:
    """Run everything on a database that runs; the exit status."""
    environment = child_environment(settings, credentials, found.application_url)
    children = [start_child("serve", environment), start_child("worker", environment)]
    try:
        credentials = asyncio.run(prepare(settings, credentials, found.owner_url, found.application_url))
        for child in children:
            child.begin()
        if wait_until_ready(settings, children, stopped):
            if capabilities:
                children.append(start_capabilities(settings, credentials, environment, capabilities))
            announce(settings, credentials, console)
        return watch(children, stopped)
    finally:
        stop_children(children, STOP_SECONDS + int(environment["CONTO_DRAIN_SECONDS"]))


def capability_files(settings: Settings) -> list[Path]:
    """The capability files that are asked for, in order of their names.

    Raises:
        StartError: there are none.
    """
    place = settings.capabilities or capabilities_of_ours()
    files = sorted(path for path in place.iterdir() if path.suffix in (".yaml", ".yml")) if place.is_dir() else [place]
    if not files or not place.exists():
        raise StartError(f"There is no capability file at {place}; CONTO_CAPABILITIES says where to look.")
    return files


def capabilities_of_ours() -> Path:
    """The folder of the files that come with Conto: in the package that is installed, or beside its source."""
    here = Path(__file__).parent
    installed = here / "capabilities"
    return installed if installed.is_dir() else here.parents[1] / "capabilities"


def start_capabilities(
    settings: Settings, credentials: Credentials, environment: Mapping[str, str], files: Sequence[Path]
) -> Child:
    """Serve capability files, which may ask for where the API is and for a key of the first organization.

    It starts when the API answers: only then is there a key.
    """
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings.host, settings.host)
    known = {"CONTO_URL": f"http://{f'[{host}]' if ':' in host else host}:{settings.port}"}
    if credentials.api_key:
        known["CONTO_API_KEY"] = credentials.api_key
    child = start_child("capability serve", {**known, **environment}, *map(str, files))
    child.begin()
    return child


def child_environment(settings: Settings, credentials: Credentials, database_url: str) -> dict[str, str]:
    """The environment of the children: the same settings, with what the parent found out."""
    return {
        **os.environ,
        "DATABASE_URL": database_url,
        "CONTO_DATA": str(settings.data),
        "CONTO_SECRET_KEY": credentials.secret_key,
        "CONTO_ADMIN_KEY": credentials.admin_key,
        "CONTO_FILES_URL": settings.files_url,
        "CONTO_PUBLIC_URL": settings.public_url,
        # Nobody else would serve meanwhile, so to wait is of use only to whoever asks for it.
        "CONTO_DRAIN_SECONDS": str(settings.drain_seconds if os.environ.get("CONTO_DRAIN_SECONDS") else 0),
    }


async def prepare(settings: Settings, credentials: Credentials, owner_url: str, application_url: str) -> Credentials:
    """Migrate, and make the first organization where there is none; the credentials with its key."""
    from conto.db.migrate import migrate
    from conto.organizations.create import create_organization
    from conto.organizations.overview import list_organizations
    from conto.runtime import open_works

    await refuse_unreachable(owner_url)
    await migrate(owner_url)
    async with open_works(settings, credentials, application_url, pool_size=2) as works:
        if await list_organizations(works):
            return credentials
        created = await create_organization(works, FIRST_ORGANIZATION)
    remember(settings, api_key=created.api_key, organization_id=str(created.id))
    return load_or_create(settings)


def wait_until_ready(settings: Settings, children: list[Child], stopped: Callable[[], bool]) -> bool:
    """Whether the API answers; not where a child has ended or the user has had enough.

    Raises:
        StartError: it does not answer in time.
    """
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    deadline = time.monotonic() + START_SECONDS
    while not stopped() and all(child.process.poll() is None for child in children):
        with suppress(httpx.HTTPError):
            if httpx.get(f"http://{host}:{settings.port}/ready", timeout=1).status_code == 200:
                return True
        if time.monotonic() > deadline:
            raise StartError(f"The API has not answered on port {settings.port} within {START_SECONDS} s.")
        time.sleep(0.02)
    return False


def announce(settings: Settings, credentials: Credentials, console: Console) -> None:
    """Say where everything is, and give a first call to try."""
    console.print("\n[bold]Conto is running.[/bold]\n")
    console.print(f"  API         {settings.public_url}/api/v1")
    console.print(f"  OpenAPI     {settings.public_url}/api/v1/openapi.json")
    console.print(f"  Health      {settings.public_url}/health")
    console.print(f"  Data        {settings.data}")
    if credentials.api_key:
        console.print(f"  API key     {credentials.api_key}")
        console.print("\nTry it:\n", highlight=False)
        console.print(
            f"  curl -s {settings.public_url}/api/v1/organizations -H 'Authorization: Bearer {credentials.api_key}'",
            soft_wrap=True,
            highlight=False,
        )
        console.print("\n  conto demo         issues an invoice and leaves its PDF here", highlight=False)
        console.print("  conto demo year    bills a company's year, and leaves its PDFs here", highlight=False)
    console.print("\nStop it with Ctrl-C.\n", highlight=False)


def watch(children: list[Child], stopped: Callable[[], bool]) -> int:
    """Wait until the user stops us or a child ends by itself, which is a failure."""
    while not stopped():
        for child in children:
            status = child.process.poll()
            if status is not None and not stopped():
                print(f"conto {child.name} has ended with status {status}", file=sys.stderr)
                return 1
        time.sleep(0.1)
    return 0


def stop_children(children: list[Child], seconds: float) -> None:
    """Tell the children to stop and wait; what is in flight is finished, but not for longer than `seconds`."""
    for child in children:
        if child.process.poll() is None:
            child.process.send_signal(signal.SIGTERM)
    deadline = time.monotonic() + seconds
    for child in children:
        try:
            child.process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.process.kill()
            child.process.wait()
