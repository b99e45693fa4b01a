"""`conto capability serve` for tests: a process of its own, on files and ports of its own."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

START_SECONDS = 120
STOP_SECONDS = 60
SECRET = "s3cret-token"


def environment(**more: str) -> dict[str, str]:
    """The environment of a runner, free of the caller's settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("CONTO_", "TRY_"))}
    return {**kept, **more}


@dataclass(slots=True)
class Runner:
    """A runner, and what it has said."""

    process: asyncio.subprocess.Process
    said: list[str] = field(default_factory=list)

    async def hear_until(self, text: str) -> None:
        """Wait until it says the text, beside which others read all that it says later."""
        assert self.process.stderr is not None
        while not any(text in line for line in self.said):
            line = await asyncio.wait_for(self.process.stderr.readline(), START_SECONDS)
            assert line, f"it ended: {''.join(self.said)}"
            self.said.append(line.decode())

    def tell_to_stop(self) -> None:
        """Send it SIGTERM."""
        self.process.send_signal(signal.SIGTERM)

    async def ended(self) -> int:
        """Its status, once it has ended."""
        return await asyncio.wait_for(self.process.wait(), STOP_SECONDS)


async def start(*arguments: str, **more: str) -> Runner:
    """Start `conto capability` with these arguments."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "conto", "capability", *arguments),
        env=environment(**more),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    return Runner(process)


@asynccontextmanager
async def serving(file: Path, *arguments: str, ready: str, env: Mapping[str, str]) -> AsyncIterator[Runner]:
    """A runner that serves a file and has said that it is `ready`; it ends with status 0 when it is told to."""
    runner = await start("serve", str(file), *arguments, **env)
    try:
        await runner.hear_until(ready)
        yield runner
        if runner.process.returncode is None:
            runner.tell_to_stop()
            assert await runner.ended() == 0, "".join(runner.said)
    finally:
        if runner.process.returncode is None:
            runner.process.kill()
            await runner.process.wait()


async def done(*arguments: str, **more: str) -> tuple[int, str, str]:
    """Status, output and errors of a command that ends by itself."""
    runner = await start(*arguments, **more)
    output, errors = await asyncio.wait_for(runner.process.communicate(), START_SECONDS)
    assert runner.process.returncode is not None
    return runner.process.returncode, output.decode(), errors.decode()
