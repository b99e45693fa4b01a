"""The log of calls that change something: written in batches, and read (chapter 72 §3.2)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, Row, Select, func, or_, select

from conto import pruning
from conto.db.engine import insert_rows
from conto.db.tables import api_logs as logs
from conto.errors import NotFound
from conto.ids import new_id
from conto.listing import Found, page_of
from conto.logs.redaction import without_secrets
from conto.logs.spans import within
from conto.schemas.api_logs import ApiLogFilters
from conto.schemas.encoding import encode
from conto.work import Work

LONGEST = 64 * 1024
"""Bytes of a body or an answer that are kept; of what is longer the length alone."""

LAST_SUCCESS = 399

kept = pruning.register("logs.prune_calls", logs.c.logged_at, lambda work: work.retention.api_logs)

_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])


@dataclass(frozen=True, slots=True)
class LoggedCall:
    """A call that has been answered. A body or answer longer than `LONGEST` is given as its number of bytes."""

    organization_id: UUID
    request_id: str
    client: str
    method: str
    status: int
    origin: str
    path: str
    path_parameters: Mapping[str, Any]
    query_parameters: Mapping[str, Any]
    body: bytes | int
    answer: bytes | int
    api_version: str
    logged_at: datetime

    @property
    def size(self) -> int:
        """About how many bytes it takes."""
        return sum(len(content) for content in (self.body, self.answer) if isinstance(content, bytes)) + len(self.path)


async def store(work: Work, calls: Sequence[LoggedCall]) -> None:
    """Write calls of the organization, in the order given."""
    await insert_rows(work.connection, logs, [row_of(call) for call in calls])
    await kept.see_to_it(work)


def row_of(call: LoggedCall) -> dict[str, Any]:
    """The call as it is stored: without what is secret, and without NUL characters."""
    texts = {
        "request_id": call.request_id,
        "client": call.client,
        "http_method": call.method.lower(),
        "request_origin": call.origin,
        "request_path": call.path,
        "request_body": asked(call),
        "request_response": answered(call),
        "api_version": call.api_version,
    }
    return {name: text.replace("\0", "") for name, text in texts.items()} | {
        "organization_id": call.organization_id,
        "id": new_id(),
        "http_status": call.status,
        "logged_at": call.logged_at,
    }


def asked(call: LoggedCall) -> str:
    """The body's fields, with the parameters of query and path among them, as JSON."""
    try:
        fields = _fields.decode(call.body or b"{}") if isinstance(call.body, bytes) else omitted(call.body)
        return without_secrets(encode({**call.query_parameters, **fields, **call.path_parameters})).decode()
    except ValueError:
        unread = len(call.body) if isinstance(call.body, bytes) else call.body
        return encode({**omitted(unread), **call.path_parameters}).decode()


def answered(call: LoggedCall) -> str:
    """The answer's JSON; empty where the answer was."""
    if not isinstance(call.answer, bytes):
        return encode(omitted(call.answer)).decode()
    try:
        return without_secrets(call.answer).decode()
    except ValueError:
        return encode(omitted(len(call.answer))).decode()


def omitted(length: int) -> dict[str, Any]:
    """What stands for a text that is too long, or no JSON object."""
    return {"omitted_bytes": length}


def _visible(work: Work) -> Select[Any]:
    return select(logs).where(logs.c.organization_id == work.organization.id, logs.c.logged_at > kept.oldest_kept(work))


async def call(work: Work, request_id: str) -> Row[Any]:
    """The call with this request id; where callers gave one to several, the latest.

    Raises:
        NotFound: there is none that is not too old.
    """
    found = await work.first(
        _visible(work).where(logs.c.request_id == request_id).order_by(logs.c.sequence.desc()).limit(1)
    )
    if found is None:
        raise NotFound("api_log")
    return found


async def list_calls(work: Work, filters: ApiLogFilters, *, offset: int, limit: int) -> Found:
    """Calls that are not too old, the latest first."""
    ordered = _visible(work).where(*_conditions(filters)).order_by(logs.c.logged_at.desc(), logs.c.sequence.desc())
    return await page_of(work, ordered, offset=offset, limit=limit)


def _conditions(filters: ApiLogFilters) -> list[ColumnElement[bool]]:
    conditions = within(filters, logs.c.logged_at)
    if filters.http_methods:
        conditions.append(logs.c.http_method.in_(filters.http_methods))
    if filters.clients:
        conditions.append(logs.c.client.in_(filters.clients))
    if filters.api_version:
        conditions.append(logs.c.api_version == filters.api_version)
    if filters.http_statuses:
        conditions.append(or_(*(_has_status(wanted) for wanted in filters.http_statuses)))
    if filters.request_paths:
        conditions.append(or_(*(_has_path(pattern) for pattern in filters.request_paths)))
    return conditions


def _has_status(wanted: str | int) -> ColumnElement[bool]:
    if wanted == "succeeded":
        return logs.c.http_status <= LAST_SUCCESS
    if wanted == "failed":
        return logs.c.http_status > LAST_SUCCESS
    return logs.c.http_status == wanted


def _has_path(pattern: str) -> ColumnElement[bool]:
    """Whether the path fits, given whole or from after the API's version on; a star stands for any text."""
    escaped = pattern.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_").replace("*", "%")
    whole, below = escaped, func.concat("/api/", logs.c.api_version, escaped)
    return or_(logs.c.request_path.like(whole, escape="\\"), logs.c.request_path.like(below, escape="\\"))
