"""Endpoints: how they are declared, and the one path that every request takes (chapter 01 §2.1).

A handler is a plain async function under `get`, `post`, `put`, `patch` or `delete`. It takes the unit of work,
then by name the parameters of its path (text), and by annotation `Body[Struct]`, `Query[Struct]`, `Page` and
`Request`. It stays callable as it was written.
"""

import inspect
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from functools import partial
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar, cast, get_args, get_origin, get_type_hints

import msgspec
from litestar.connection import Request
from litestar.response.base import ASGIResponse

from conto import idempotency
from conto.api.call_log import SCOPE_KEY
from conto.api.envelope import Body
from conto.api.pagination import Page, page_of
from conto.api.query import Query, parsed
from conto.api.routing import parameters_of, shown
from conto.db.faults import Deadlock
from conto.errors import Locked, Unauthorized
from conto.schemas.encoding import encode

if TYPE_CHECKING:
    from conto.work import Work

Shortcut = Callable[[Request[Any, Any, Any], str, bytes], Awaitable[Any]]
"""Answers a usual request by its credential and body, without a unit of work; None where it did nothing and the usual
path must be taken, which answers the same and says what is wrong."""

Mode = Literal["read", "write"]
Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
Handler = TypeVar("Handler", bound=Callable[..., Awaitable[Any]])

BASE = "/api/v1"
EVENTS = f"{BASE}/events"
DECLARED = "__endpoints__"


class Permitting(Protocol):
    """What the pipeline needs of a unit of work."""

    def require(self, resource: str, mode: Mode) -> None:
        """Pass if the credential has the permission.

        Raises:
            Forbidden: it has not.
        """
        ...

    def note_key_use(self) -> None:
        """Remember that the credential was used."""
        ...


class Opener(Protocol):
    """Opens a unit of work for a credential: commits when it is left, rolls back when an error leaves it."""

    def __call__(self, credential: str, writes: bool) -> AbstractAsyncContextManager[Permitting]:
        """Raises Unauthorized on entry if the credential is not valid."""
        ...


@dataclass(frozen=True, slots=True)
class PlainText:
    """An answer of `text/plain`."""

    text: str


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that sets its own status, type or headers; `content` goes out as it is."""

    content: bytes
    status: int = 200
    media_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def json(cls, value: Any, status: int = 200, headers: dict[str, str] | None = None) -> "Reply":
        """The value as JSON."""
        return cls(encode(value), status, headers=headers or {})


@dataclass(frozen=True, slots=True)
class BodyShape:
    """How an endpoint's body is declared: its struct, the key that wraps it, and when it is decoded."""

    name: str
    struct: type[msgspec.Struct]
    envelope: str | None
    optional: bool
    lazy: bool


@dataclass(frozen=True, slots=True)
class QueryShape:
    """How an endpoint's filters are declared."""

    name: str
    struct: type[msgspec.Struct]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One operation: what routing, the pipeline and the OpenAPI document need to know of it.

    `path` is the whole template in the syntax of `conto.api.routing`; `public` endpoints have no unit of work, and
    those `apart` are called when theirs has ended, having read the key and no more.
    """

    method: Method
    path: str
    resource: str
    mode: Mode
    function: Callable[..., Awaitable[Any]]
    public: bool
    answer: Any
    body: BodyShape | None = None
    query: QueryShape | None = None
    page: str | None = None
    request: str | None = None
    documented: bool = True
    apart: bool = False
    repeatable: bool = False
    shortcut: Shortcut | None = None

    @property
    def ingests(self) -> bool:
        """Whether calls take in events: there are so many that they do not count as uses of their key."""
        return self.resource == "event" and self.mode == "write"

    @property
    def logged(self) -> bool:
        """Whether calls of it are kept in the API log: those that may change something, but not events."""
        return self.method != "GET" and not self.public and not self.path.startswith(EVENTS)

    @property
    def route(self) -> str:
        """The template as documents and metrics show it."""
        return shown(self.path)

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of the path's parameters."""
        return parameters_of(self.path)


def declare(
    method: Method,
    path: str,
    *,
    resource: str,
    mode: Mode | None = None,
    envelope: str | None = None,
    optional_body: bool = False,
    lazy_body: bool = False,
    base: str = BASE,
    public: bool = False,
    documented: bool = True,
    apart: bool = False,
    repeatable: bool = False,
    shortcut: Shortcut | None = None,
) -> Callable[[Handler], Handler]:
    """A decorator that notes the endpoint on the function, which otherwise stays as it is.

    With `optional_body` a missing body or envelope gives no fields instead of a 400. With `lazy_body` the body
    is decoded when the handler first asks for it; `Body.content` has its bytes. A handler `apart` goes through
    transactions of its own. One that is `repeatable` happens once however often it is sent with one
    `Idempotency-Key`. A `shortcut` is tried first.

    Raises:
        TypeError: the function's parameters do not fit the path or are of no known kind.
    """

    def decorate(function: Handler) -> Handler:
        hints = get_type_hints(function)
        answer = hints.pop("return", None)
        endpoint = Endpoint(
            method=method,
            path=base + path,
            resource=resource,
            mode=mode or ("read" if method == "GET" else "write"),
            function=function,
            public=public,
            answer=answer,
            documented=documented,
            apart=apart,
            repeatable=repeatable,
            shortcut=shortcut,
            **shapes(function, hints, base + path, envelope, optional_body, lazy_body),
        )
        setattr(function, DECLARED, (*getattr(function, DECLARED, ()), endpoint))
        return function

    return decorate


get = partial(declare, "GET")
"""Declares a reading endpoint; for the options see `declare`."""
post = partial(declare, "POST")
"""Declares an endpoint that creates or acts."""
put = partial(declare, "PUT")
"""Declares an updating endpoint."""
patch = partial(declare, "PATCH")
"""Declares a partially updating endpoint."""
delete = partial(declare, "DELETE")
"""Declares a removing endpoint."""
public_get = partial(declare, "GET", resource="public", base="", public=True)
"""Declares a reading endpoint without a credential, whose function takes the request alone."""
public_post = partial(declare, "POST", resource="public", base="", public=True)
"""Declares an acting endpoint without a credential, whose function takes the request alone."""


def shapes(
    function: Callable[..., Any],
    hints: dict[str, Any],
    path: str,
    envelope: str | None,
    optional_body: bool,
    lazy_body: bool,
) -> dict[str, Any]:
    """What the function takes beside the unit of work, as fields of `Endpoint`.

    Raises:
        TypeError: a parameter is neither in the path nor of a known kind, or one of the path is not taken.
    """
    names = list(inspect.signature(function).parameters)[1:]
    in_path = parameters_of(path)
    found: dict[str, Any] = {}
    for name in names:
        hint = hints.get(name)
        if name in in_path:
            continue
        if get_origin(hint) is Body:
            found["body"] = BodyShape(name, get_args(hint)[0], envelope, optional_body, lazy_body)
        elif get_origin(hint) is Query:
            found["query"] = QueryShape(name, get_args(hint)[0])
        elif hint is Page:
            found["page"] = name
        elif hint is Request or get_origin(hint) is Request:
            found["request"] = name
        else:
            raise TypeError(f"{function.__qualname__}: nothing gives the parameter {name!r}")
    if not set(in_path) <= set(names) and "request" not in hints:
        raise TypeError(f"{function.__qualname__} does not take all of {in_path}")
    return found


def endpoints_of(*modules: ModuleType) -> list[Endpoint]:
    """All endpoints that the modules declare, in order."""
    return [
        endpoint
        for module in modules
        for function in vars(module).values()
        if inspect.isfunction(function) and function.__module__ == module.__name__
        for endpoint in getattr(function, DECLARED, ())
    ]


async def serve(endpoint: Endpoint, opener: Opener, request: Request[Any, Any, Any]) -> Reply:
    """One request, from its bytes to the bytes of its answer.

    The order of what may refuse it is the one of chapter 01 §2.1; the answer is encoded before the commit.
    """
    if endpoint.public:
        return reply(await endpoint.function(request))
    credential = credential_of(request)
    content = await request.body()
    if endpoint.shortcut and (answer := await endpoint.shortcut(request, credential, content)) is not None:
        return reply(answer)
    try:
        return await attempt(endpoint, opener, request, credential, content)
    except Deadlock:
        # Ended to let another transaction go on, which by now it has.
        try:
            return await attempt(endpoint, opener, request, credential, content)
        except Deadlock:
            raise Locked from None


async def attempt(
    endpoint: Endpoint, opener: Opener, request: Request[Any, Any, Any], credential: str, content: bytes
) -> Reply:
    """The request in one unit of work."""
    async with opener(credential, endpoint.mode == "write" and not endpoint.apart) as work:
        if not endpoint.ingests:
            work.note_key_use()
        if endpoint.logged and (call := request.scope.get(SCOPE_KEY)):
            call.of(cast("Work", work), request.path_params, content)
        work.require(endpoint.resource, endpoint.mode)
        if not endpoint.apart:
            key = request.headers.get("idempotency-key") if endpoint.repeatable else None
            if key:
                return await once(endpoint, cast("Work", work), request, key, content)
            return reply(await endpoint.function(work, **arguments(endpoint, request, content)))
    return reply(await endpoint.function(work, **arguments(endpoint, request, content)))


async def once(endpoint: Endpoint, work: "Work", request: Request[Any, Any, Any], key: str, content: bytes) -> Reply:
    """The answer to a call that carries an idempotency key: the one that was kept, if it has happened."""
    mark = idempotency.fingerprint(endpoint.method, request.scope["path"], content)
    kept = await idempotency.take(work, key, mark)
    if kept is not None:
        return Reply(kept, headers={"idempotent-replayed": "true"})
    answer = reply(await endpoint.function(work, **arguments(endpoint, request, content)))
    await idempotency.keep(work, key, answer.content)
    return answer


def credential_of(request: Request[Any, Any, Any]) -> str:
    """The second word of the Authorization header.

    Raises:
        Unauthorized: there is none.
    """
    words = request.headers.get("authorization", "").split()
    if len(words) < 2:
        raise Unauthorized
    return words[1]


def arguments(endpoint: Endpoint, request: Request[Any, Any, Any], content: bytes) -> dict[str, Any]:
    """What the handler is called with beside the unit of work.

    Raises:
        BadRequest: the body or the query string cannot be decoded, or the envelope is missing.
    """
    found: dict[str, Any] = dict(request.path_params)
    if shape := endpoint.body:
        body = Body(shape.struct, content, shape.envelope, optional=shape.optional)
        if not shape.lazy:
            _ = body.raw
        found[shape.name] = body
    if endpoint.query or endpoint.page:
        parameters = parsed(request.scope.get("query_string", b""))
        if endpoint.query:
            found[endpoint.query.name] = Query(endpoint.query.struct, parameters)
        if endpoint.page:
            found[endpoint.page] = page_of(parameters)
    if endpoint.request:
        found[endpoint.request] = request
    return found


def reply(answer: Any) -> Reply:
    """The bytes and headers of what a handler answered; None is an empty body."""
    if isinstance(answer, Reply):
        return answer
    if answer is None:
        return Reply(b"", media_type="text/plain")
    if isinstance(answer, PlainText):
        return Reply(answer.text.encode(), media_type="text/plain")
    return Reply(encode(answer))


def respond(answer: Reply) -> ASGIResponse:
    """The reply as Litestar sends it."""
    return ASGIResponse(
        body=answer.content, status_code=answer.status, media_type=answer.media_type, headers=answer.headers
    )
