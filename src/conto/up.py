"""`conto up`: database, API and workers from one command, in one process group.

The parent owns the embedded database, migrates it and makes the first organization; children serve
and work. They are started first, so that their modules load while the database starts.
"""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import httpx
from rich.console import Console

from conto.credentials import Credentials, load_or_create, remember
from conto.database import database
from conto.processes import READY_VARIABLE
from conto.settings import Settings

STOP_SECONDS = 40
START_SECONDS = 60
FIRST_ORGANIZATION = "Company"


class PortInUse(Exception):
    """Another program listens on the port; the message says which port and what to do."""


def refuse_used_port(settings: Settings) -> None:
    """Servers on one port would share its connections without a word, so look before starting.

    Raises:
        PortInUse: something listens there.
    """
    with socket.socket() as probe:
        probe.settimeout(1)
        if probe.connect_ex((settings.host, settings.port)) == 0:
            raise PortInUse(f"Port {settings.port} is in use. Set CONTO_PORT to another one, as in CONTO_PORT=3999.")


@dataclass(slots=True)
class Child:
    """A process of ours, and the pipe that tells it to begin."""

    name: str
    process: subprocess.Popen[bytes]
    ready: int

    def begin(self) -> None:
        """Let the child go on: the database is ready."""
        os.write(self.ready, b"+")
        os.close(self.ready)


def start_child(name: str, environment: Mapping[str, str]) -> Child:
    """Start `conto NAME`, which loads and then waits for its pipe."""
    reading, writing = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-m", "conto", name],
        env={**environment, READY_VARIABLE: str(reading)},
        pass_fds=(reading,),
    )
    os.close(reading)
    return Child(name, process, writing)


def up(settings: Settings, console: Console) -> int:
    """Run everything until SIGTERM or SIGINT; the exit status.

    Raises:
        PortInUse: something listens on the port.
        EmbeddedServerError: the embedded database cannot be started.
    """
    refuse_used_port(settings)
    credentials = load_or_create(settings)
    stopped = False

    def stop(*_: object) -> None:
        nonlocal stopped
        stopped = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    with database(settings, own=True) as found:
        environment = child_environment(settings, credentials, found.application_url)
        children = [start_child("serve", environment), start_child("worker", environment)]
        try:
            credentials = asyncio.run(prepare(settings, credentials, found.owner_url, found.application_url))
            for child in children:
                child.begin()
            wait_until_ready(settings, children, lambda: stopped)
            if not stopped:
                announce(settings, credentials, console)
            return watch(children, lambda: stopped)
        finally:
            stop_children(children)


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
    }


async def prepare(settings: Settings, credentials: Credentials, owner_url: str, application_url: str) -> Credentials:
    """Migrate, and make the first organization where there is none; the credentials with its key."""
    from conto.db.migrate import migrate
    from conto.organizations.create import create_organization
    from conto.organizations.overview import list_organizations
    from conto.runtime import open_works

    await migrate(owner_url)
    async with open_works(settings, credentials, application_url, pool_size=2) as works:
        if await list_organizations(works):
            return credentials
        created = await create_organization(works, FIRST_ORGANIZATION)
    remember(settings, api_key=created.api_key, organization_id=str(created.id))
    return load_or_create(settings)


def wait_until_ready(settings: Settings, children: list[Child], stopped: Callable[[], bool]) -> None:
    """Wait until the API answers, a child has ended, or the user has had enough."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and not stopped():
        if any(child.process.poll() is not None for child in children):
            return
        try:
            if httpx.get(f"http://{settings.host}:{settings.port}/ready", timeout=1).status_code == 200:
                return
        except httpx.HTTPError:
            time.sleep(0.02)


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
        console.print("\n  conto demo    issues an invoice and leaves its PDF here", highlight=False)
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


def stop_children(children: list[Child]) -> None:
    """Tell the children to stop and wait; what is in flight is finished, but not for ever."""
    for child in children:
        if child.process.poll() is None:
            child.process.send_signal(signal.SIGTERM)
    deadline = time.monotonic() + STOP_SECONDS
    for child in children:
        try:
            child.process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            child.process.kill()
            child.process.wait()
