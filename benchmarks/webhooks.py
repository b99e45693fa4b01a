"""Webhooks delivered by one worker to a local receiver, beside a bare script that posts and writes the same."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from statistics import median
from time import perf_counter
from uuid import uuid4

from benchmarks import report
from benchmarks.company import found_company
from benchmarks.house import House, house
from benchmarks.http import HOST, connected

QUEUED = 300
ROUNDS = 3
POSTERS = 8
DEADLINE_SECONDS = 120
ATTEMPT = (
    "insert into webhook_attempts (organization_id, id, webhook_id, number, http_status, response, attempted_at)"
    " values ($1, $2, $3, 2, 200, 'ok', now())"
)
SUCCESS = (
    "update webhooks set status = 'succeeded', http_status = 200, response = 'ok', payload = $3, updated_at = now()"
    " where organization_id = $1 and id = $2"
)
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"


@dataclass(slots=True)
class Receiver:
    """Answers every post with 200 and closes the connection; keeps the bodies and when they came."""

    port: int = 0
    bodies: list[bytes] = field(default_factory=list)
    times: list[float] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection with one post."""
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length, _, _ = head.partition(b"content-length:")[2].partition(b"\r\n")
        self.bodies.append(await reader.readexactly(int(length)))
        self.times.append(perf_counter())
        writer.write(ANSWER)
        await writer.drain()
        writer.close()

    def empty(self) -> list[bytes]:
        """Forget what came; its bodies."""
        came, self.bodies, self.times = self.bodies, [], []
        return came

    @property
    def rate(self) -> float:
        """Posts a second, from the first to the last."""
        return (len(self.times) - 1) / (self.times[-1] - self.times[0])


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    """A receiver on a port of its own."""
    receiver = Receiver()
    server = await asyncio.start_server(receiver.serve, HOST, 0)
    receiver.port = server.sockets[0].getsockname()[1]
    try:
        yield receiver
    finally:
        server.close()


async def run() -> None:
    """Queue webhooks of invoices, and have one worker deliver them."""
    ours: list[float] = []
    limit: list[float] = []
    async with house() as built, receiving() as receiver:
        bodies: list[bytes] = []
        for _ in range(ROUNDS):
            await queue(built, receiver.port)
            ours.append(await rate_of_worker(built, receiver))
            bodies = receiver.empty()
            limit.append(await rate_of_script(built, receiver, bodies))
            assert len(receiver.empty()) == len(bodies) == QUEUED
        size = sum(len(body) for body in bodies) // QUEUED
    report.show(
        f"Webhooks of invoices of 3 fees, {size:,} bytes each; beside a bare script that posts and writes the same",
        ("", "webhooks/s", "ratio"),
        [
            ("one worker", median(ours), median(ours) / median(limit)),
            (f"bare script, {POSTERS} at once", median(limit), 1.0),
        ],
        note=f"A new connection for each; medians of {ROUNDS} rounds of {QUEUED}, taking turns.",
    )


async def queue(built: House, port: int) -> None:
    """Create the invoices that an endpoint wants to hear of; their documents are left out."""
    async with built.serving(), built.connected() as api:
        company = await found_company(api, customers=QUEUED, taxes=1, webhook_url=f"http://{HOST}:{port}/")
        for creation in company.creations(QUEUED, fees=3):
            await api.send(creation)
    owner = await built.connect("postgres")
    await owner.execute("delete from queue.pgqueuer where entrypoint = 'document'")
    assert await owner.fetchval("select count(*) from queue.pgqueuer") == QUEUED
    await owner.close()


async def rate_of_worker(built: House, receiver: Receiver) -> float:
    """How many webhooks a second reach the receiver, every one of which the worker must write down."""
    with built.process("worker"):
        await received(receiver, QUEUED)
        rate = receiver.rate
        owner = await built.connect("postgres")
        async with asyncio.timeout(DEADLINE_SECONDS):
            while await owner.fetchval("select count(*) from webhooks where status <> 'succeeded'"):
                await asyncio.sleep(0.05)
        await owner.close()
    return rate


async def rate_of_script(built: House, receiver: Receiver, bodies: list[bytes]) -> float:
    """How many of the same posts a second a bare script makes that writes the same of each in one transaction."""
    owner = await built.connect("postgres")
    organization_id = await owner.fetchval("select organization_id from webhooks order by created_at desc limit 1")
    ids = [
        row["id"] for row in await owner.fetch("select id from webhooks where organization_id = $1", organization_id)
    ]
    await owner.close()
    waiting = iter(zip(ids, bodies, strict=True))

    async def deliver() -> None:
        connection = await built.connect("conto_app")
        for webhook_id, body in waiting:
            head = f"POST / HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {len(body)}\r\n\r\n"
            async with connected(receiver.port) as post:
                await post.send(head.encode() + body)
            async with connection.transaction():
                await connection.fetchval("select set_config('conto.organization', $1, true)", str(organization_id))
                await connection.execute(ATTEMPT, organization_id, uuid4(), webhook_id)
                await connection.execute(SUCCESS, organization_id, webhook_id, body.decode())
        await connection.close()

    started = perf_counter()
    await asyncio.gather(*(deliver() for _ in range(POSTERS)))
    return len(bodies) / (perf_counter() - started)


async def received(receiver: Receiver, count: int) -> None:
    """Wait until so many posts have come."""
    async with asyncio.timeout(DEADLINE_SECONDS):
        while len(receiver.times) < count:
            await asyncio.sleep(0.01)
