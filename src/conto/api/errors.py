"""From errors to answers: the one place that knows statuses and bodies (chapter 01 §3)."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import structlog
from litestar.connection import Request
from litestar.exceptions import HTTPException
from litestar.response import Response
from msgspec import UNSET, UnsetType

from conto.errors import BadRequest, Forbidden, Invalid, Locked, NotAllowed, NotFound, TimedOut, TooLarge, Unauthorized
from conto.schemas.encoding import encode

logger = structlog.get_logger("conto.api")

RETRY_SECONDS = "5"
"""When to send a call again that the database was too slow for."""


class ApiErrorBadRequest(msgspec.Struct, kw_only=True):
    """400."""

    status: int
    error: str


class ApiErrorUnauthorized(msgspec.Struct, kw_only=True):
    """401."""

    status: int
    error: str


class ApiErrorForbidden(msgspec.Struct, kw_only=True):
    """403."""

    status: int
    error: str
    code: str


class ApiErrorNotFound(msgspec.Struct, kw_only=True):
    """404."""

    status: int
    error: str
    code: str


class ApiErrorNotAllowed(msgspec.Struct, kw_only=True):
    """405."""

    status: int
    error: str
    code: str


class ApiErrorContentTooLarge(msgspec.Struct, kw_only=True):
    """413."""

    status: int
    error: str


class ApiErrorUnprocessableEntity(msgspec.Struct, kw_only=True):
    """422. Without `error_details` where another request holds the lock."""

    status: int
    error: str
    code: str
    error_details: dict[str, Any] | UnsetType = UNSET


class ApiErrorUnavailable(msgspec.Struct, kw_only=True):
    """503. The call has had no effect and may be sent again, best when `Retry-After` says."""

    status: int
    error: str
    code: str


class ApiErrorUnexpected(msgspec.Struct, kw_only=True):
    """500."""

    status: int
    error: str


Answer = (
    ApiErrorBadRequest
    | ApiErrorUnauthorized
    | ApiErrorForbidden
    | ApiErrorNotFound
    | ApiErrorNotAllowed
    | ApiErrorContentTooLarge
    | ApiErrorUnprocessableEntity
    | ApiErrorUnavailable
    | ApiErrorUnexpected
)


def answer_to(error: Exception) -> Answer:
    """The body, with its status, that answers an error; anything unforeseen is a 500."""
    match error:
        case BadRequest():
            return ApiErrorBadRequest(status=400, error=error.message)
        case Unauthorized():
            return ApiErrorUnauthorized(status=401, error="Unauthorized")
        case Forbidden():
            return ApiErrorForbidden(status=403, error="Forbidden", code=error.code)
        case NotFound():
            return not_found(error.resource)
        case NotAllowed():
            return ApiErrorNotAllowed(status=405, error="Method Not Allowed", code=error.code)
        case TooLarge():
            return too_large()
        case Invalid():
            return unprocessable("validation_errors", listed(error.details))
        case Locked():
            return unprocessable("lock_acquisition_failed", UNSET)
        case TimedOut():
            return ApiErrorUnavailable(status=503, error="Service Unavailable", code="timed_out")
        case HTTPException():
            return answer_to_http(error)
        case _:
            return unexpected()


def answer_to_http(error: HTTPException) -> Answer:
    """The answer to what Litestar refused before any code of ours ran."""
    match error.status_code:
        case 404 | 405:
            return not_found("resource")
        case 413:
            return too_large()
        case status if 400 <= status < 500:
            return ApiErrorBadRequest(status=400, error=f"BadRequest: {error.detail}")
        case _:
            return unexpected()


def not_found(resource: str) -> ApiErrorNotFound:
    return ApiErrorNotFound(status=404, error="Not Found", code=f"{resource}_not_found")


def too_large() -> ApiErrorContentTooLarge:
    return ApiErrorContentTooLarge(status=413, error="Content Too Large")


def unprocessable(code: str, details: dict[str, Any] | UnsetType) -> ApiErrorUnprocessableEntity:
    return ApiErrorUnprocessableEntity(status=422, error="Unprocessable Entity", code=code, error_details=details)


def unexpected() -> ApiErrorUnexpected:
    return ApiErrorUnexpected(status=500, error="Internal Server Error")


def listed(details: Mapping[str, Sequence[str] | Mapping[str, Sequence[str]]]) -> dict[str, Any]:
    """The details in the types that JSON has."""
    return {
        field: {place: list(found) for place, found in codes.items()} if isinstance(codes, Mapping) else list(codes)
        for field, codes in details.items()
    }


def on_error(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Answer an error; an unforeseen one is logged with its traceback."""
    answer = answer_to(error)
    if isinstance(answer, ApiErrorUnexpected):
        logger.error("request failed", path=request.scope["path"], exc_info=error)
    headers: dict[str, str] = {}
    if isinstance(answer, ApiErrorUnavailable):
        logger.warning("request timed out", path=request.scope["path"])
        headers["retry-after"] = RETRY_SECONDS
    return Response(encode(answer), status_code=answer.status, media_type="application/json", headers=headers)
