"""Calls about the server itself: health, readiness, metrics, documents by signed link, the OpenAPI (chapter 01 §8)."""

from math import nan
from typing import Any

import structlog
from litestar import Request
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from conto import __version__
from conto.api.endpoint import Reply, public_get
from conto.api.server import metrics_of, server_of
from conto.clock import system_now
from conto.db.faults import LOST
from conto.errors import ContoError, NotFound
from conto.metering.stream import events_waiting
from conto.organizations.logos import is_logo, logo_at

PROJECT = "https://github.com/conto-billing/conto"

MEDIA_TYPES = {"pdf": "application/pdf", "xml": "application/xml", "png": "image/png", "jpg": "image/jpeg"}
"""What documents and logos are, by the extension of their names."""

log = structlog.get_logger()


@public_get("/health", documented=False)
async def health(request: Request[Any, Any, Any]) -> Reply:
    """Whether the server and its database answer."""
    answer = {"version": __version__, "github_url": PROJECT, "message": "Success"}
    try:
        async with server_of(request).works.engine.connect() as connection:
            await connection.execute(text("select 1"))
    except (*LOST, SQLAlchemyError, TimeoutError):
        log.exception("health.database")
        return Reply.json(answer | {"message": "Unhealthy", "details": "The database does not answer."}, status=500)
    return Reply.json(answer)


@public_get("/ready", documented=False)
async def ready(request: Request[Any, Any, Any]) -> Reply:
    """Whether new requests are welcome: no longer once the server is about to stop."""
    if server_of(request).stopping:
        return Reply.json({"status": "shutting down"}, status=503)
    return Reply.json({"status": "ok"})


@public_get("/metrics", documented=False)
async def metrics(request: Request[Any, Any, Any]) -> Reply:
    """The measurements of this process, for Prometheus, and how far the follower of events is behind."""
    server = server_of(request)
    try:
        server.metrics.waiting_events.set(await events_waiting(server.works))
    except (*LOST, SQLAlchemyError, TimeoutError, ContoError):
        server.metrics.waiting_events.set(nan)
    content, media_type = metrics_of(request)
    return Reply(content, media_type=media_type)


@public_get("/api/v1/openapi.json", documented=False)
async def openapi_document(request: Request[Any, Any, Any]) -> Reply:
    """The description of the API."""
    return Reply(request.app.state.openapi)


@public_get("/files/{path+}", documented=False)
async def file(request: Request[Any, Any, Any]) -> Reply:
    """A document or logo, by a signed link that has not ended."""
    path = request.path_params["path"]
    query = request.query_params
    works = server_of(request).works
    files = works.files
    if not files.permits(path, query.get("expires", ""), query.get("signature", ""), system_now()):
        raise NotFound("resource")
    try:
        content = await logo_at(works, path) if is_logo(path) else await files.get(path)
    except FileNotFoundError:
        raise NotFound("resource") from None
    name = path.rpartition("/")[2]
    return Reply(
        content,
        media_type=MEDIA_TYPES.get(name.rpartition(".")[2], "application/octet-stream"),
        headers={
            "content-disposition": f'inline; filename="{name}"',
            "cache-control": "private",
            "x-content-type-options": "nosniff",
        },
    )
