"""A real server for tests: `conto up` in a process of its own, on a free port and in a new folder."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

READY_SECONDS = 120
STOP_SECONDS = 60
COMMAND_SECONDS = 300
POLL_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Place:
    """A folder and a port for one server, and the environment that names them, free of the caller's settings."""

    folder: Path
    port: int

    @property
    def url(self) -> str:
        """Where the server answers once it runs."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def credentials(self) -> dict[str, str]:
        """What the first start left for later ones."""
        return json.loads((self.folder / "data" / "credentials.json").read_text())

    @property
    def environment(self) -> dict[str, str]:
        """The environment of the server and of commands beside it."""
        inherited = {
            name: value
            for name, value in os.environ.items()
            if name != "DATABASE_URL" and not name.startswith("CONTO_")
        }
        return {
            **inherited,
            "CONTO_DATA": str(self.folder / "data"),
            "CONTO_PORT": str(self.port),
            "CONTO_PUBLIC_URL": self.url,
            "CONTO_LOG_LEVEL": "warning",
            "CONTO_ALLOW_PRIVATE_WEBHOOKS": "true",
        }

    def conto(self, *arguments: str, **changed: str) -> subprocess.CompletedProcess[str]:
        """Run `conto` to its end, in the place's folder."""
        return subprocess.run(
            command(*arguments),
            env=self.environment | changed,
            cwd=self.folder,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )


@dataclass(frozen=True, slots=True)
class RunningServer:
    """`conto up`, answering. `output` is the file of all that it and its children print."""

    place: Place
    process: subprocess.Popen[bytes]
    output: Path

    @property
    def url(self) -> str:
        """Where it answers."""
        return self.place.url

    @property
    def api_key(self) -> str:
        """The key of its first organization."""
        return self.place.credentials["api_key"]

    @property
    def admin_key(self) -> str:
        """The key of its administration."""
        return self.place.credentials["admin_key"]

    def conto(self, *arguments: str, **changed: str) -> subprocess.CompletedProcess[str]:
        """Run another `conto` beside it, with the same settings."""
        return self.place.conto(*arguments, **changed)

    def call(self, method: str, path: str, body: Any = None, key: str | None = None) -> httpx.Response:
        """Call it, as its first organization unless another key is given."""
        headers = {"Authorization": f"Bearer {key or self.api_key}"}
        return httpx.request(method, self.url + path, json=body, headers=headers, timeout=60)


def command(*arguments: str) -> list[str]:
    """The command line of `conto` with these arguments."""
    return [sys.executable, "-m", "conto", *arguments]


@contextmanager
def new_place() -> Iterator[Place]:
    """A new folder with a short path, and a port that is free now."""
    folder = Path(tempfile.mkdtemp(prefix="conto-", dir="/tmp"))
    folder.chmod(0o711)
    try:
        yield Place(folder, free_port())
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def free_port() -> int:
    """A port of the local machine that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def started(place: Place, *arguments: str, **changed: str) -> Iterator[RunningServer]:
    """A server in the place, that ends with status 0 when told to; whoever has ended it before is believed.

    It is given the arguments, and variables of the environment that are changed.
    """
    output = place.folder / "output"
    with open(output, "wb") as file:
        process = subprocess.Popen(
            command("up", *arguments), env={**place.environment, **changed}, cwd=place.folder, stdout=file, stderr=file
        )
    server = RunningServer(place, process, output)
    try:
        wait_until_ready(server)
        yield server
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            status = process.wait(STOP_SECONDS)
            assert status == 0, f"conto up ended with status {status}: {output.read_text()}"
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


@contextmanager
def running_server() -> Iterator[RunningServer]:
    """A server in a new place."""
    with new_place() as place, started(place) as server:
        yield server


def wait_until_ready(server: RunningServer) -> None:
    """Return once the server answers and has said so."""

    def answers() -> bool:
        status = server.process.poll()
        assert status is None, f"conto up ended with status {status}: {server.output.read_text()}"
        with contextlib.suppress(httpx.HTTPError):
            return httpx.get(f"{server.url}/ready", timeout=5).status_code == 200
        return False

    wait_until(answers, READY_SECONDS)
    wait_until(lambda: "Stop it with" in server.output.read_text(), READY_SECONDS)


def wait_until(condition: Callable[[], bool], seconds: float) -> None:
    """Ask again and again until the condition holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(POLL_SECONDS)


def processes_below(pid: int) -> set[int]:
    """The ids of all processes that descend from this one (Linux)."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError, ValueError):
            parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found - {pid}


def lives(pid: int) -> bool:
    """Whether the process is there, and not merely unwaited for (Linux)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
