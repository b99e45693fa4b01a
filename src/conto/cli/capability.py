"""Commands about capability files."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from conto.cli.common import CommandError, configure_logs, err, out, run, settings

if TYPE_CHECKING:
    from conto.capability.model import Capability, Surface

capability_app = App(name="capability", help="Capability files: HTTP APIs served as REST and MCP without code.")


@capability_app.command(name="check")
def check_files(files: list[Path], /) -> None:
    """Say what is wrong with capability files, with line, place and reason; the environment is not looked at.

    Parameters
    ----------
    files
        The files.
    """
    from conto.capability.problems import CapabilityError
    from conto.capability.reading import check_capability

    wrong = 0
    for file in files:
        try:
            capability = check_capability(file)
        except CapabilityError as error:
            wrong += 1
            print(error)
            continue
        for warning in capability.warnings:
            err.print(warning, style="yellow", soft_wrap=True, markup=False)
        out.print(
            f"{file}: {capability.label}: {', '.join(map(summary, capability.surfaces))}", soft_wrap=True, markup=False
        )
    if wrong:
        raise SystemExit(1)


@capability_app.command(name="serve")
def serve_files(files: list[Path], /, *, timeout: Annotated[float, Parameter(name="--timeout")] = 30) -> None:
    """Serve capability files: REST and MCP on their ports, or MCP over standard input and output.

    Parameters
    ----------
    files
        The files.
    timeout
        Seconds that an upstream may take to answer, and for each further piece of its answer.
    """
    from conto.processes import READY_VARIABLE, end_with_parent, wait_for_parent

    if not 0 < timeout <= 3600:
        raise CommandError("--timeout is a number of seconds, more than 0 and at most 3600.")
    if READY_VARIABLE in os.environ:
        end_with_parent()
        wait_for_parent()
    run(serve_until_stopped(files, timeout))


async def serve_until_stopped(files: Sequence[Path], seconds: float) -> None:
    """Read the files and serve them until SIGTERM or SIGINT."""
    from conto.capability.reading import load_capability
    from conto.capability.serving import serve
    from conto.processes import stop_event

    capabilities = [load_capability(file) for file in files]
    if any(surface.port is None for capability in capabilities for surface in capability.surfaces):
        # What speaks MCP there must be alone on standard output.
        sys.stdout = sys.stderr
    configure_logs(settings())
    for capability in capabilities:
        for warning in capability.warnings:
            err.print(warning, style="yellow", soft_wrap=True, markup=False)
    await serve(capabilities, stop_event(), seconds=seconds, started=lambda: announce(capabilities))


def announce(capabilities: Sequence["Capability"]) -> None:
    """Say where everything is."""
    for capability in capabilities:
        err.print(f"{capability.label} ({capability.file})", soft_wrap=True, markup=False)
        for surface in capability.surfaces:
            err.print(f"  {summary(surface)}", soft_wrap=True, markup=False)


def summary(surface: "Surface") -> str:
    """A surface in a few words."""
    from conto.capability.model import RestSurface

    if isinstance(surface, RestSurface):
        return f"REST http://{host(surface.address)}:{surface.port}/ ({len(surface.endpoints)} operations)"
    where = "over standard input and output"
    if surface.port is not None:
        where = f"http://{host(surface.address)}:{surface.port}/mcp"
    return f"MCP {where} ({len(surface.tools)} tools)"


def host(address: str) -> str:
    """An address as it stands in a URL."""
    return f"[{address}]" if ":" in address else address
