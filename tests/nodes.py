"""Nodes for tests: `conto serve` and `conto worker` as processes of their own, on a database of their own."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from tests.databases import Databases
from tests.servers import POLL_SECONDS, READY_SECONDS, command, free_port

SECRET_KEY = "n" * 43
CUSTOMER = {"customer": {"external_id": "hooli", "currency": "EUR"}}
ADD_ON = {"add_on": {"name": "Setup", "code": "setup", "amount_cents": 1000, "amount_currency": "EUR"}}
ORDER = {"invoice": {"external_customer_id": "hooli", "fees": [{"add_on_code": "setup"}]}}
STOP_SECONDS = 60


@dataclass
class Node:
    """A process of Conto. One that serves answers at `url`, also after it was started again."""

    name: str
    environment: dict[str, str]
    output: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.environment['CONTO_PORT']}"

    def start(self) -> None:
        """Start it; it may be ended, or was never started."""
        with open(self.output, "ab") as file:
            self.process = subprocess.Popen(command(self.name), env=self.environment, stdout=file, stderr=file)

    def wait_until_ready(self) -> None:
        """Return once it answers that it is ready."""
        deadline = time.monotonic() + READY_SECONDS
        while not self.is_ready():
            assert self.process is not None
            assert self.process.poll() is None, self.output.read_text()
            assert time.monotonic() < deadline, self.output.read_text()
            time.sleep(POLL_SECONDS)

    def is_ready(self) -> bool:
        """Whether it answers that it is."""
        with contextlib.suppress(httpx.HTTPError):
            return httpx.get(f"{self.url}/ready", timeout=5).status_code == 200
        return False

    def tell(self, number: signal.Signals) -> None:
        """Send it a signal."""
        assert self.process is not None
        self.process.send_signal(number)

    def wait(self) -> int:
        """Wait until it has ended; its status."""
        assert self.process is not None
        return self.process.wait(STOP_SECONDS)


@dataclass
class Nodes:
    """The nodes of one test, which share a database, files and keys."""

    folder: Path
    database_url: str
    made: list[Node] = field(default_factory=list)

    @property
    def environment(self) -> dict[str, str]:
        """What all of them are told, and commands beside them."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("CONTO_")}
        return {
            **inherited,
            "DATABASE_URL": self.database_url,
            "CONTO_DATA": str(self.folder / "data"),
            "CONTO_SECRET_KEY": SECRET_KEY,
            "CONTO_ADMIN_KEY": "admin",
            "CONTO_PUBLIC_URL": "http://conto.test",
            "CONTO_LOG_LEVEL": "warning",
            "CONTO_ALLOW_PRIVATE_WEBHOOKS": "true",
        }

    def new(self, name: str, **changed: str) -> Node:
        """A node that is still to be started."""
        environment = {**self.environment, "CONTO_PORT": str(free_port()), **changed}
        node = Node(name, environment, self.folder / f"{name}-{len(self.made)}.log")
        self.made.append(node)
        return node

    def conto(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run another command beside them."""
        return subprocess.run(
            command(*arguments), env=self.environment, capture_output=True, text=True, timeout=120, check=False
        )

    def kill_all(self) -> None:
        """End those that still run."""
        for node in self.made:
            if node.process is not None and node.process.poll() is None:
                node.process.kill()
                node.process.wait()


@asynccontextmanager
async def nodes_on_a_new_database(databases: Databases, folder: Path) -> AsyncIterator[Nodes]:
    """Nodes with a migrated database that nobody else uses."""
    async with databases.another("nodes", migrated=True) as url:
        nodes = Nodes(folder, url)
        try:
            yield nodes
        finally:
            nodes.kill_all()
