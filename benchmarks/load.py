"""Load: several connections that each ask again as soon as they have their answer."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from itertools import cycle
from statistics import median, quantiles
from time import perf_counter

from benchmarks.http import Answer, connected

Act = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Sample:
    """What was done in one stretch; latencies in seconds."""

    seconds: float
    latencies: Sequence[float]

    @property
    def count(self) -> int:
        """How often it was done."""
        return len(self.latencies)

    @property
    def rate(self) -> float:
        """How often a second."""
        return self.count / self.seconds


async def sample(actors: Sequence[Act], seconds: float) -> Sample:
    """Have all actors act again and again for that long; what is in hand then is finished and counts."""
    latencies: list[float] = []
    started = perf_counter()

    async def repeat(act: Act) -> None:
        while (begun := perf_counter()) < started + seconds:
            await act()
            latencies.append(perf_counter() - begun)

    await asyncio.gather(*(repeat(act) for act in actors))
    return Sample(perf_counter() - started, latencies)


async def sample_http(
    port: int, requests: Sequence[bytes], check: Callable[[Answer], bool], *, connections: int, seconds: float
) -> Sample:
    """Send the requests in turn over that many connections; every answer must pass the check."""
    turns = cycle(requests)
    async with AsyncExitStack() as stack:
        opened = [await stack.enter_async_context(connected(port)) for _ in range(connections)]

        def actor(place: int) -> Act:
            async def act() -> None:
                answer = await opened[place].send(next(turns))
                if not check(answer):
                    raise RuntimeError(f"unexpected answer {answer.status}: {answer.body.decode()}")

            return act

        return await sample([actor(place) for place in range(connections)], seconds)


@dataclass(frozen=True, slots=True)
class Summary:
    """The medians of several samples; percentiles, in milliseconds, are over all of them."""

    rate: float
    p50: float
    p99: float


def summary(samples: Sequence[Sample]) -> Summary:
    """What several samples of the same come to."""
    latencies = [latency for one in samples for latency in one.latencies]
    cuts = quantiles(latencies, n=100)
    return Summary(median(one.rate for one in samples), cuts[49] * 1000, cuts[98] * 1000)
