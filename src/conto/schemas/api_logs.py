"""API logs as JSON, and the filters of their list (chapter 72 §3.2)."""

from typing import Annotated, Any, Literal

from msgspec import UNSET, Struct, UnsetType
from sqlalchemy import Row

from conto.schemas import rules
from conto.schemas.encoding import instant
from conto.schemas.fields import Text, ruled
from conto.schemas.log_filters import LogFilters
from conto.schemas.rules import Refused, Rule

LoggedMethod = Literal["post", "put", "patch", "delete"]

LOWEST_STATUS, HIGHEST_STATUS = 100, 599


def status(value: object) -> str | int:
    """A status, or a word for all that succeeded or failed.

    Raises:
        Refused: `value_is_invalid`.
    """
    if value in ("succeeded", "failed"):
        return str(value)
    number = rules.whole_number(value, "value_is_invalid", "value_is_invalid")
    if not LOWEST_STATUS <= number <= HIGHEST_STATUS:
        raise Refused("value_is_invalid")
    return number


Status = Annotated[
    str,
    ruled(
        Rule(status),
        {
            "x-type": ["string", "integer"],
            "pattern": "^(succeeded|failed|[1-5][0-9][0-9])$",
            "minimum": LOWEST_STATUS,
            "maximum": HIGHEST_STATUS,
        },
    ),
]


class ApiLogFilters(LogFilters, kw_only=True, frozen=True):
    """Filters of API logs; all that are given must match. In paths a star stands for any text."""

    http_methods: list[LoggedMethod] | UnsetType = UNSET
    http_statuses: list[Status] | UnsetType = UNSET
    api_version: Text | UnsetType = UNSET
    request_paths: list[Text] | UnsetType = UNSET
    clients: list[Text] | UnsetType = UNSET


class ApiLogObject(Struct, kw_only=True, frozen=True):
    """A call of the API that was to change something. Body and answer are JSON texts."""

    request_id: str
    client: str
    http_method: LoggedMethod
    http_status: int
    request_origin: str
    request_path: str
    request_body: str
    request_response: str
    api_version: str
    logged_at: str
    created_at: str


def show_api_log(row: Row[Any]) -> ApiLogObject:
    """The call as JSON."""
    same = (name for name in ApiLogObject.__struct_fields__ if name not in ("logged_at", "created_at"))
    at = instant(row.logged_at)
    return ApiLogObject(**{name: getattr(row, name) for name in same}, logged_at=at, created_at=at)
