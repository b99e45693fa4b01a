"""From `conto up` to the first answered call of the API, in a fresh folder and in one that has been used."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from time import monotonic, perf_counter

from benchmarks import report
from benchmarks.house import STOP_SECONDS, free_port, fresh_folder
from benchmarks.http import connected, prepared
from conto.db import embedded

ROUNDS = 3
START_SECONDS = 120


async def run() -> None:
    """Start everything cold and warm, beside the database alone; then look at the memory of each process."""
    cold: list[float] = []
    warm: list[float] = []
    cold_database: list[float] = []
    warm_database: list[float] = []
    memory: list[tuple[str, float, float]] = []
    for _ in range(ROUNDS):
        with fresh_folder() as folder:
            cold_database.append(seconds_of_database(folder / "postgres"))
            warm_database.append(seconds_of_database(folder / "postgres"))
            for times in (cold, warm):
                with started(folder / "data") as (process, port):
                    begun = perf_counter()
                    await first_answer(folder / "data", port)
                    times.append(perf_counter() - begun)
                    memory = [memory_of(pid) for pid in family(process.pid)]
    report.show(
        "From `conto up` to the first answered call of the API; beside the embedded database alone",
        ("", "seconds", "database alone", "ratio"),
        [
            ("fresh folder", median(cold), median(cold_database), median(cold) / median(cold_database)),
            ("used folder", median(warm), median(warm_database), median(warm) / median(warm_database)),
        ],
        note=f"Medians of {ROUNDS} rounds, taking turns; files are in the system's cache.",
    )
    report.show(
        "Memory after the first answer",
        ("process", "RSS MB", "own share MB"),
        [*memory, ("all", sum(row[1] for row in memory), sum(row[2] for row in memory))],
        note="What processes share, as PostgreSQL's do, counts in the RSS of each; the own share parts it evenly.",
    )


def seconds_of_database(folder: Path) -> float:
    """How long the embedded server takes to accept connections, making its cluster where there is none."""
    begun = perf_counter()
    with embedded.start(folder) as server:
        server.ensure_database("conto")
        return perf_counter() - begun


@contextmanager
def started(data: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """`conto up` on a port of its own, for as long as the context lasts."""
    port = free_port()
    kept = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    process = subprocess.Popen(
        [sys.executable, "-m", "conto", "up"],
        env={**kept, "CONTO_DATA": str(data), "CONTO_PORT": str(port)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process, port
    finally:
        process.terminate()
        process.wait(STOP_SECONDS)


async def first_answer(data: Path, port: int) -> None:
    """Wait until a call with the first organization's key is answered."""
    deadline = monotonic() + START_SECONDS
    while monotonic() < deadline:
        try:
            key = json.loads((data / "credentials.json").read_text())["api_key"]
            async with connected(port) as connection:
                answer = await connection.send(prepared("GET", "/api/v1/organizations", key=key))
            assert answer.status == 200, answer
            return
        except (OSError, KeyError, ValueError, asyncio.IncompleteReadError):
            await asyncio.sleep(0.01)
    raise RuntimeError("the server does not start")


def family(pid: int) -> list[int]:
    """A process and all that descend from it."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(found for child in children for found in family(int(child)))]


def memory_of(pid: int) -> tuple[str, float, float]:
    """What a process is, its resident memory, and that with shared pages divided by their users, in MB."""
    command = Path(f"/proc/{pid}/cmdline").read_bytes().decode().replace("\0", " ").strip()
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    parts = (line.partition(":") for line in lines)
    sizes = {name: int(value.split()[0]) / 1024 for name, _, value in parts if name in ("Rss", "Pss")}
    return shortened(command), sizes["Rss"], sizes["Pss"]


def shortened(command: str) -> str:
    """The part of a command line that tells processes apart."""
    if " -m conto " in command:
        return "conto " + command.rpartition(" ")[2]
    return command if command.startswith("postgres:") else command.split()[0].rpartition("/")[2]
