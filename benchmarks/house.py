"""A Conto for a benchmark: an embedded database in a fresh folder, and processes of its own."""

import asyncio
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any, cast

import asyncpg

from benchmarks.http import HOST, Connection, connected, prepared
from conto.db import embedded
from conto.db.migrate import migrate

ADMIN_KEY = "benchmark"
SECRET_KEY = "benchmark" * 8
DATABASE = "conto"
LOGGING = {"log_line_prefix": "%a "}
"""The database begins its log lines with the name of the application that they are about."""
START_SECONDS = 60
STOP_SECONDS = 60


@dataclass(frozen=True, slots=True)
class House:
    """A migrated database, which keeps what it writes as in production, and where its processes log."""

    folder: Path
    server: embedded.EmbeddedServer
    port: int

    @property
    def url(self) -> str:
        """The database's address for the application."""
        return self.server.url(DATABASE, "conto_app")

    async def connect(self, role: str) -> Any:
        """A bare connection of the driver."""
        return cast("Any", await asyncpg.connect(self.server.url(DATABASE, role).replace("+asyncpg", "")))

    @property
    def environment(self) -> dict[str, str]:
        """The settings of the house's processes."""
        return {
            **os.environ,
            "DATABASE_URL": self.url,
            "CONTO_DATA": str(self.folder / "data"),
            "CONTO_PORT": str(self.port),
            "CONTO_ADMIN_KEY": ADMIN_KEY,
            "CONTO_SECRET_KEY": SECRET_KEY,
        }

    @contextmanager
    def process(self, name: str, *arguments: str, **more: str) -> Iterator[subprocess.Popen[bytes]]:
        """`conto NAME` with the arguments and more variables, for as long as the context lasts."""
        with (self.folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "conto", name, *arguments],
                env={**self.environment, **more},
                stdout=log,
                stderr=log,
            )
        try:
            yield process
        finally:
            process.terminate()
            process.wait(STOP_SECONDS)

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[None]:
        """One API process, for as long as the context lasts."""
        with self.process("serve") as process:
            await answering(self.port, process)
            yield

    def connected(self) -> AbstractAsyncContextManager[Connection]:
        """A connection to the API, which closes it after half a minute without a call."""
        return connected(self.port)


@asynccontextmanager
async def house() -> AsyncIterator[House]:
    """A house, which is gone afterwards."""
    with fresh_folder() as folder, embedded.start(folder / "postgres", settings=LOGGING) as server:
        server.ensure_database(DATABASE)
        await migrate(server.url(DATABASE))
        yield House(folder, server, free_port())


@contextmanager
def fresh_folder() -> Iterator[Path]:
    """An empty folder that the embedded server's user can pass through."""
    folder = Path(tempfile.mkdtemp(prefix="conto-benchmark-"))
    folder.chmod(0o711)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


async def answering(port: int, process: subprocess.Popen[bytes], target: str = "/ready") -> None:
    """Wait until the server on the port answers."""
    deadline = monotonic() + START_SECONDS
    while monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            async with connected(port) as connection:
                await connection.send(prepared("GET", target))
                return
        except (OSError, asyncio.IncompleteReadError):
            await asyncio.sleep(0.05)
    raise RuntimeError("the server does not start")
