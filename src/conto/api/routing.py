"""Paths: parameters keep what was percent-encoded, some may hold raw slashes, unknown is 404 (chapter 01 §1).

Litestar routes on the decoded path, where an encoded slash would part a code in two; so it is fed the encoded
path, and parameters are decoded after. Published clients also send slashes in codes as they are: a path that
finds no route is held against the templates and, where one fits, routed again with its parameters encoded.

Templates are written `/taxes/{code+}`; the plus says that the parameter may hold slashes.
"""

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import quote, unquote_to_bytes

from litestar import Litestar
from litestar.exceptions import MethodNotAllowedException, NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.types import Method

from conto.errors import NotFound

PARAMETER = re.compile(r"\{(\w+)(\+?)\}")
ROUTES_KEPT = 4096
LONGEST_KEPT = 512
INDEXED_PARTS = 3


@dataclass(frozen=True, slots=True)
class Template:
    """A path template and the regular expression of the encoded paths that it fits."""

    path: str
    pattern: re.Pattern[str]
    literals: int
    slashed: int

    @classmethod
    def of(cls, path: str) -> "Template":
        """The template that `path` writes."""
        parts = parts_of(path)
        patterns = [PARAMETER.sub(lambda found: "(.+)" if found[2] else "([^/]+)", escaped(part)) for part in parts]
        return cls(
            path=path,
            pattern=re.compile("/" + "/".join(patterns)),
            literals=sum("{" not in part for part in parts),
            slashed=sum("+}" in part for part in parts),
        )

    def encoded(self, path: str) -> str | None:
        """The path with every byte of its parameters percent-encoded, None where the template does not fit.

        So encoded, a parameter holds no slash and is taken for no literal part of another route.
        """
        match = self.pattern.fullmatch(path)
        if match is None:
            return None
        values = iter(match.groups())
        return PARAMETER.sub(lambda _: encoded_fully(next(values)), self.path)


def escaped(part: str) -> str:
    """A template's part with its literal text made safe for a regular expression."""
    return part if "{" in part else re.escape(part)


def encoded_fully(value: str) -> str:
    return "".join(f"%{byte:02X}" for byte in unquote_to_bytes(value))


def parts_of(path: str) -> list[str]:
    return [part for part in path.split("/") if part]


def parameters_of(path: str) -> tuple[str, ...]:
    """The names of a template's parameters, in order."""
    return tuple(found[1] for found in PARAMETER.finditer(path))


def shown(path: str) -> str:
    """The template as documents and metrics show it: `/taxes/{code}`."""
    return PARAMETER.sub(r"{\1}", path)


def litestar_path(path: str) -> str:
    """The template in Litestar's syntax."""
    return PARAMETER.sub(r"{\1:str}", path)


class Templates:
    """Templates with parameters, found by method and the literal parts that a path begins with."""

    def __init__(self, templates: Iterable[tuple[str, str]]) -> None:
        self.index: dict[tuple[str, ...], list[Template]] = defaultdict(list)
        for method, path in templates:
            if "{" in path:
                self.index[(method, *leading(path))].append(Template.of(path))
        for found in self.index.values():
            found.sort(key=lambda template: (-template.literals, template.slashed))

    def encoded(self, method: str, path: str) -> str | None:
        """The path with its parameters encoded as the best-fitting template has them, if one fits."""
        parts = parts_of(path)
        for count in range(min(INDEXED_PARTS, len(parts)), -1, -1):
            for template in self.index.get((method, *parts[:count]), ()):
                if (found := template.encoded(path)) is not None:
                    return found
        return None


def leading(path: str) -> list[str]:
    """The first parts of a template that are literal, a few at most."""
    parts = parts_of(path)
    literal = next((index for index, part in enumerate(parts) if "{" in part), len(parts))
    return parts[: min(literal, INDEXED_PARTS)]


def decoded(value: str) -> str:
    """A parameter's value.

    Raises:
        NotFound: it is no UTF-8 or has a NUL character; nothing has such a name.
    """
    try:
        found = unquote_to_bytes(value).decode("utf-8")
    except UnicodeDecodeError:
        raise NotFound("resource") from None
    if "\0" in found:
        raise NotFound("resource")
    return found


def encoded_path(scope: Any) -> str:
    """The request's path, still percent-encoded."""
    raw = scope.get("raw_path")
    if not raw:
        return quote(scope["path"], safe="/%")
    return raw.decode("latin-1").partition("?")[0]


def install(app: Litestar, templates: Iterable[tuple[str, str]]) -> None:
    """Make the app route as this module says. `templates` are its (method, path) pairs.

    The app must put `encoded_path` into `scope["path"]`. This replaces a private slot of Litestar 2.25.
    """
    router = app.asgi_router
    known = Templates(templates)

    @lru_cache(ROUTES_KEPT)
    def found(path: str, method: Method | None) -> Any:
        try:
            return router._handle_routing(path=path, method=method)  # pyright: ignore[reportPrivateUsage]
        except (NotFoundException, MethodNotAllowedException):
            encoded = known.encoded(method or "", path)
            if encoded is None:
                raise NotFound("resource") from None
            return router._handle_routing(path=encoded, method=method)  # pyright: ignore[reportPrivateUsage]

    def handle_routing(path: str, method: Method | None) -> Any:
        find = found if len(path) <= LONGEST_KEPT else found.__wrapped__
        asgi_app, handler, rest, parameters, template = find(path, method)
        if method == "OPTIONS" and isinstance(handler, HTTPRouteHandler):
            raise NotFound("resource")
        return asgi_app, handler, rest, {name: decoded(value) for name, value in parameters.items()}, template

    router.handle_routing = handle_routing  # pyright: ignore[reportAttributeAccessIssue]
