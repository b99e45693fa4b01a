"""Waiting in workers: for one of several events, for a while, and for the agenda to be done."""

import asyncio
from contextlib import suppress


async def first_of(*events: asyncio.Event, seconds: float | None = None) -> None:
    """Wait until one of the events is set, or so many seconds."""
    waiting = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waiting:
            wait.cancel()


async def pause(stop: asyncio.Event, seconds: float) -> None:
    """Wait, but not beyond `stop`."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()


class Calm:
    """Whether a worker sees much on the agenda that is due, for which what takes long and can wait makes way.

    Attributes:
        quiet: set while there is not.
        busy: set while there is.
    """

    def __init__(self) -> None:
        self.quiet, self.busy = asyncio.Event(), asyncio.Event()
        self.quiet.set()
        self._busy: set[object] = set()

    def note(self, drainer: object, *, busy: bool) -> None:
        """Take down what one of those that drain the agenda sees."""
        (self._busy.add if busy else self._busy.discard)(drainer)
        now, before = (self.busy, self.quiet) if self._busy else (self.quiet, self.busy)
        before.clear()
        now.set()
