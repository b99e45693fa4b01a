"""The API server: its state, and the application put together from all endpoints."""

import asyncio
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from typing import Any, cast

from litestar import Request

from conto import __version__
from conto.api import openapi
from conto.api.app import App, create_app
from conto.api.call_log import CallLog
from conto.api.endpoint import Endpoint, endpoints_of
from conto.api.metrics import RequestMetrics
from conto.metering.intake import Intake
from conto.work import Works

REHEARSALS_AT_ONCE = 6
"""How many test clocks advance at the same time, each on a connection that it keeps."""


@dataclass(slots=True)
class Server:
    """What handlers without a unit of work need. `rehearsals` has connections of its own: an advance keeps one,
    while writes that wait for it keep theirs. `calls` are those that wait to be logged, `intake` is the short
    way of events into the store."""

    works: Works
    rehearsals: Works
    admin_key: str
    stopping: bool = False
    metrics: RequestMetrics = field(default_factory=RequestMetrics)
    calls: CallLog = field(init=False)
    intake: Intake = field(init=False)
    turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(REHEARSALS_AT_ONCE))

    def __post_init__(self) -> None:
        self.calls = CallLog(self.works, self.metrics.dropped_calls.inc)
        self.intake = Intake(self.works)


def server_of(request: Request[Any, Any, Any]) -> Server:
    """The server that a request came to."""
    return cast("Server", request.app.state.server)


def metrics_of(request: Request[Any, Any, Any]) -> tuple[bytes, str]:
    """The server's measurements and their content type."""
    app = cast("App", request.app)
    return app.metrics.render(), app.metrics.content_type


@cache
def all_endpoints() -> tuple[Endpoint, ...]:
    """Every endpoint there is."""
    # Imported here, for the modules need what stands above.
    from conto.api import admin, system, v1

    resources = [import_module(f"{v1.__name__}.{name}") for name in v1.RESOURCES]
    return tuple(endpoints_of(*resources, admin, system))


@cache
def described() -> bytes:
    """The OpenAPI document of all endpoints, as it is sent."""
    return openapi.encoded(all_endpoints(), __version__)


def build(server: Server, *, front_origin: str | None = None) -> App:
    """The application on a server's state."""
    app = create_app(
        all_endpoints(), server.works.open, front_origin=front_origin, metrics=server.metrics, calls=server.calls
    )
    app.state.server = server
    app.state.openapi = described()
    return app
