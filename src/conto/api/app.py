"""The HTTP application: routes, request ids, access lines, measurements, CORS (chapter 01 §1, §7)."""

import re
from collections.abc import Callable, Iterable, Sequence
from time import perf_counter
from typing import Any, cast
from uuid import uuid4

import structlog
from litestar import Litestar, Request
from litestar.handlers import HTTPRouteHandler
from litestar.response.base import ASGIResponse
from litestar.types import ControllerRouterHandler, HTTPScope, Message, Receive, Scope, Send

from conto.api import call_log, routing
from conto.api.call_log import Call, CallLog
from conto.api.endpoint import Endpoint, Opener, respond, serve
from conto.api.errors import on_error
from conto.api.metrics import RequestMetrics

BODY_LIMIT = 10 * 1024 * 1024
"""Bytes that a request's body may have."""

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD")
REQUEST_ID = re.compile(rb"[A-Za-z0-9-]{1,255}")
UNKNOWN_ROUTE = "unknown"

logger = structlog.get_logger("conto.access")

Headers = list[tuple[bytes, bytes]]


class App(Litestar):
    """Litestar with our routing, and around each request its id, its log line and its measurement."""

    def __init__(
        self,
        *,
        endpoints: Sequence[Endpoint],
        metrics: RequestMetrics,
        front_origin: str | None = None,
        calls: CallLog | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.calls = calls
        self.metrics = metrics
        self.front_origin = front_origin.encode() if front_origin else None
        self.closing = False
        """Whether clients are to come back on another connection, at best to another server."""
        routing.install(self, ((endpoint.method, endpoint.path) for endpoint in endpoints))

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            await self.handle(cast("HTTPScope", scope), receive, send)
        else:
            await super().__call__(scope, receive, send)

    async def handle(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        started = perf_counter()
        status = 500
        scope["path"] = routing.encoded_path(scope)
        request_id = request_id_of(scope)
        call = Call()
        if self.calls and scope["method"] != "GET":
            cast("dict[str, Any]", scope)[call_log.SCOPE_KEY] = call
        added: Headers = [(b"x-request-id", request_id), *cross_origin(scope, self.front_origin)]
        if self.closing:
            added.append((b"connection", b"close"))

        async def send_answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], *added]
            elif message["type"] == "http.response.body" and call.organization_id:
                call.answer = call_log.bounded(message["body"])
            await send(message)

        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id.decode(), method=scope["method"])
        try:
            if is_preflight(scope, self.front_origin):
                await ASGIResponse()(cast("Scope", scope), receive, send_answer)
            else:
                await super().__call__(cast("Scope", scope), receive, send_answer)
        finally:
            self.note(scope, status, perf_counter() - started)
            if self.calls and call.organization_id:
                self.calls.add(call_log.logged(scope, call, request_id.decode(), status))

    def note(self, scope: HTTPScope, status: int, seconds: float) -> None:
        """Log and measure a request that has ended."""
        route = str(scope.get("path_template", UNKNOWN_ROUTE))
        method = scope["method"] if scope["method"] in METHODS else "other"
        self.metrics.observe(method, route, status, seconds)
        logger.info("request", route=route, status=status, ms=round(seconds * 1000, 1))


def create_app(
    endpoints: Sequence[Endpoint],
    opener: Opener,
    *,
    handlers: Iterable[ControllerRouterHandler] = (),
    lifespan: Sequence[Callable[[Litestar], Any]] = (),
    front_origin: str | None = None,
    metrics: RequestMetrics | None = None,
    calls: CallLog | None = None,
) -> App:
    """The application that serves the endpoints, each request in a unit of work of `opener`.

    `handlers` are further handlers in Litestar's own terms (mounts); `lifespan` are context managers around the
    time of serving; `front_origin` is the one origin whose pages may call the API; `calls` is where calls are logged.
    """
    return App(
        endpoints=endpoints,
        metrics=metrics or RequestMetrics(),
        front_origin=front_origin,
        calls=calls,
        route_handlers=[*(route_handler(endpoint, opener) for endpoint in endpoints), *handlers],
        exception_handlers={Exception: on_error},
        request_max_body_size=BODY_LIMIT,
        lifespan=list(lifespan),
        logging_config=None,
        openapi_config=None,
    )


def route_handler(endpoint: Endpoint, opener: Opener) -> HTTPRouteHandler:
    """The endpoint as a route of Litestar."""

    async def handle(request: Request[Any, Any, Any]) -> ASGIResponse:
        structlog.contextvars.bind_contextvars(route=endpoint.route)
        return respond(await serve(endpoint, opener, request))

    return HTTPRouteHandler(
        routing.litestar_path(endpoint.path), http_method=endpoint.method, status_code=200, include_in_schema=False
    )(handle)


def header(scope: HTTPScope, name: bytes) -> bytes:
    """The value of the first header of this lower-case name, empty where there is none."""
    return next((value for key, value in scope["headers"] if key == name), b"")


def request_id_of(scope: HTTPScope) -> bytes:
    """The id that the request came with, if it has the right form, else a new one."""
    given = header(scope, b"x-request-id")
    return given if REQUEST_ID.fullmatch(given) else str(uuid4()).encode()


def cross_origin(scope: HTTPScope, front_origin: bytes | None) -> Headers:
    """The headers that let a page of the front-end origin read the answer; none for other origins."""
    if front_origin is None:
        return []
    vary = (b"vary", b"Origin")
    if header(scope, b"origin") != front_origin:
        return [vary]
    return [
        vary,
        (b"access-control-allow-origin", front_origin),
        (b"access-control-allow-methods", ", ".join(METHODS).encode()),
        # A star would not cover the Authorization header.
        (b"access-control-allow-headers", header(scope, b"access-control-request-headers") or b"*"),
        (b"access-control-expose-headers", b"x-lago-token"),
    ]


def is_preflight(scope: HTTPScope, front_origin: bytes | None) -> bool:
    """Whether the front end's browser asks if it may send the request proper."""
    return (
        scope["method"] == "OPTIONS"
        and front_origin is not None
        and header(scope, b"origin") == front_origin
        and bool(header(scope, b"access-control-request-method"))
    )
