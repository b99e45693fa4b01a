"""Servers that are restarted one after another lose no request."""

import asyncio
import signal
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.nodes import ADD_ON, CUSTOMER, ORDER, Node, Nodes

POLL_SECONDS = 0.05
DRAIN_SECONDS = "1"
CLIENTS = 2


@dataclass
class Balancer:
    """Sends each request once, to a server whose /ready has said 200 when it was last asked."""

    client: httpx.AsyncClient
    servers: list[Node]
    ready: list[Node] = field(default_factory=list)
    said: Counter[str] = field(default_factory=Counter)
    taken: Counter[str] = field(default_factory=Counter)
    turn: int = 0

    async def look(self) -> None:
        """Ask every server, again and again."""
        while True:
            self.ready = [server for server in self.servers if await self.is_ready(server)]
            await asyncio.sleep(POLL_SECONDS)

    async def is_ready(self, server: Node) -> bool:
        try:
            answer = await self.client.get(f"{server.url}/ready")
        except httpx.HTTPError:
            return False
        self.said[answer.json()["status"]] += 1
        return answer.status_code == 200

    async def send(self, path: str, body: Any) -> httpx.Response:
        """One request; nothing is sent a second time."""
        while not self.ready:
            await asyncio.sleep(POLL_SECONDS)
        self.turn += 1
        server = self.ready[self.turn % len(self.ready)]
        self.taken[server.url] += 1
        return await self.client.post(f"{server.url}/api/v1{path}", json=body)


async def until(condition: Any) -> None:
    while not condition():
        await asyncio.sleep(POLL_SECONDS)


async def test_two_servers_restarted_one_after_another_lose_no_request(nodes: Nodes):
    created = nodes.conto("organizations", "create", "Acme")
    key = created.stdout.split()[-1]
    servers = [nodes.new("serve", CONTO_DRAIN_SECONDS=DRAIN_SECONDS) for _ in range(2)]
    for server in servers:
        server.start()
    for server in servers:
        await asyncio.to_thread(server.wait_until_ready)

    headers = {"Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(headers=headers, timeout=60) as client:
        balancer = Balancer(client, servers)
        looking = asyncio.create_task(balancer.look())
        await balancer.send("/customers", CUSTOMER)
        await balancer.send("/add_ons", ADD_ON)
        answers: list[httpx.Response] = []
        over = asyncio.Event()

        async def go_on() -> None:
            while not over.is_set():
                answers.append(await balancer.send("/invoices", ORDER))

        loads = [asyncio.create_task(go_on()) for _ in range(CLIENTS)]
        for server in servers:
            before = Counter(balancer.taken)
            server.tell(signal.SIGTERM)
            assert await asyncio.to_thread(server.wait) == 0
            server.start()
            await asyncio.to_thread(server.wait_until_ready)
            await until(lambda server=server, before=before: balancer.taken[server.url] > before[server.url] + CLIENTS)
        over.set()
        await asyncio.gather(*loads)
        looking.cancel()

        assert Counter(answer.status_code for answer in answers) == {200: len(answers)}
        numbers = sorted(answer.json()["invoice"]["sequential_id"] for answer in answers)
        assert numbers == list(range(1, len(answers) + 1))
        assert balancer.said["shutting down"] > 0
