"""The MCP surface of a capability: its tools, over HTTP or over standard input and output."""

import json
from base64 import b64encode
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import jsonschema
import mcp_types as types
import structlog
from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.shared.exceptions import MCPError

from conto import __version__
from conto.capability.guard import challenge, is_allowed, is_foreign
from conto.capability.incoming import Receive, Refusal, Scope, Send, headers_of, raw_path
from conto.capability.model import MISSING, Capability, Feed, Input, McpSurface, Tool
from conto.capability.naming import find
from conto.capability.request import Refused, outgoing
from conto.capability.rest import not_json, send_refusal
from conto.capability.upstream import Upstream, UpstreamError

log = structlog.get_logger()

ACCEPT = {"accept": "application/json, */*;q=0.5", "accept-encoding": "gzip, deflate"}
BOTH = b"application/json, text/event-stream"
PATHS = ("/mcp", "/mcp/", "/")
MOST_SENT = 64 * 1024 * 1024


class Arguments:
    """The arguments of a tool, as a call's inputs."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        self.given = given

    def value(self, source: Input, feed: Feed | None) -> Any:
        """The value of an argument, or of what the keys lead to in it; MISSING if it is not given."""
        value = self.given.get(source.name, MISSING)
        for key in source.keys:
            value = value.get(key, MISSING) if isinstance(value, dict) else MISSING
        return value


class ToolServer:
    """Lists the tools of a surface, and calls them."""

    def __init__(self, capability: Capability, surface: McpSurface, upstream: Upstream) -> None:
        self.tools = {tool.name: tool for tool in surface.tools}
        self.validators = {tool.name: jsonschema.Draft202012Validator(tool.schema) for tool in surface.tools}
        self.shown = [shown(tool) for tool in surface.tools]
        self.upstream = upstream
        self.server: Server[Any] = Server(
            surface.namespace or capability.label,
            version=__version__,
            title=capability.label,
            instructions=surface.description or capability.description or None,
            on_list_tools=self.list_tools,
            on_call_tool=self.call_tool,
        )

    async def list_tools(self, context: Any, asked: Any) -> types.ListToolsResult:
        """All tools, on one page."""
        return types.ListToolsResult(tools=self.shown)

    async def call_tool(self, context: Any, asked: types.CallToolRequestParams) -> types.CallToolResult:
        """Call a tool. What the upstream refuses, and what is wrong with the arguments, is an error of the tool.

        Raises:
            MCPError: there is no such tool.
        """
        tool = self.tools.get(asked.name)
        if tool is None:
            raise MCPError(types.INVALID_PARAMS, f"There is no tool {asked.name!r}.")
        arguments = known_names(asked.arguments or {}, tool)
        wrong = "; ".join(sorted(wrongs(self.validators[tool.name], arguments)))
        if wrong:
            return failed({"code": "bad_arguments", "message": wrong})
        try:
            return await self.answer(tool, Arguments(arguments))
        except Refused as refused:
            return failed({"code": "bad_arguments", "message": str(refused)})
        except UpstreamError as error:
            log.warning("capability.failed", tool=tool.name, status=error.status, reason=error.code)
            return failed({"status": error.status, "code": error.code, "message": error.message})

    async def answer(self, tool: Tool, arguments: Arguments) -> types.CallToolResult:
        """What the upstream answers: structured content, or an error of the tool with its status and body.

        Raises:
            Refused: an argument cannot be sent.
            UpstreamError: the upstream gives no answer, or none that fits.
        """
        call = tool.call
        async with self.upstream.answer(outgoing(call, arguments, ACCEPT), decompress=True) as response:
            body = await self.upstream.whole(response)
            status, content_type = response.status, response.headers.get("content-type", "")
        good = 200 <= status < 300
        try:
            answer = json_of(body) if body else None
        except ValueError:
            if good and (is_json(content_type) or not call.answered.is_whole):
                raise not_json() from None
            answer = other_body(body, content_type)
        if not good:
            return failed({"status": status, "body": answer})
        return succeeded(call.answered.of(answer) if body else None)


def json_of(body: bytes) -> Any:
    """The JSON of a body, as MCP can carry it.

    Raises:
        ValueError: it is none.
    """
    try:
        return json.loads(body, parse_constant=no_number)
    except RecursionError:
        raise ValueError("too deep") from None


def no_number(text: str) -> Any:
    """Refuse what Python takes for a number and JSON does not."""
    raise ValueError(text)


def is_json(content_type: str) -> bool:
    """Whether a content type is one of JSON."""
    kind = content_type.partition(";")[0].strip().lower()
    return kind == "application/json" or kind.endswith("+json")


def other_body(body: bytes, content_type: str) -> dict[str, str]:
    """A body that is no JSON: its text, or its bytes in base64."""
    kind = content_type or "application/octet-stream"
    binary = kind.partition("/")[0] in ("image", "audio", "video") or b"\x00" in body
    if not binary:
        try:
            return {"contentType": kind, "text": body.decode()}
        except UnicodeDecodeError:
            pass
    return {"contentType": kind, "base64": b64encode(body).decode()}


def succeeded(answer: Any) -> types.CallToolResult:
    """A tool's result: the answer as structured content, which is an object, and as text for older clients."""
    structured = answer if isinstance(answer, dict) else {"result": answer}
    return types.CallToolResult(content=[text_of(structured)], structured_content=structured)


def failed(told: Mapping[str, Any]) -> types.CallToolResult:
    """A tool's error."""
    return types.CallToolResult(content=[text_of(told)], structured_content=dict(told), is_error=True)


def text_of(value: Any) -> types.TextContent:
    """A value as text."""
    return types.TextContent(type="text", text=json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def shown(tool: Tool) -> types.Tool:
    """A tool as it is listed."""
    hints = tool.hints
    return types.Tool(
        name=tool.name,
        title=tool.title,
        description=tool.description or None,
        input_schema=dict(tool.schema),
        annotations=types.ToolAnnotations(
            read_only_hint=hints.get("readOnly"),
            destructive_hint=hints.get("destructive"),
            idempotent_hint=hints.get("idempotent"),
            open_world_hint=hints.get("openWorld"),
        )
        if hints
        else None,
    )


def known_names(arguments: Mapping[str, Any], tool: Tool) -> dict[str, Any]:
    """The arguments by the names that the tool gives them, where `-` and `_` were mixed up; null is not given."""
    names = tuple(tool.schema["properties"])
    return {find(name, names) or name: value for name, value in arguments.items() if value is not None}


def wrongs(validator: Any, arguments: Mapping[str, Any]) -> list[str]:
    """What is wrong with arguments."""
    return [
        f"{'.'.join(map(str, error.absolute_path))}: {error.message}" if error.absolute_path else error.message
        for error in validator.iter_errors(arguments)
    ]


class McpApp:
    """The ASGI application of an MCP surface over HTTP.

    Each request stands for itself: there are no sessions that a restart would end, so nothing to listen to
    (GET) or to give up (DELETE) either.
    """

    def __init__(self, capability: Capability, surface: McpSurface, upstream: Upstream) -> None:
        self.surface = surface
        self.manager = StreamableHTTPSessionManager(
            ToolServer(capability, surface, upstream).server,
            json_response=True,
            stateless=True,
            max_request_body_size=MOST_SENT,
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Ready for requests, while the context lasts."""
        async with self.manager.run():
            yield

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            return
        refused = self.refusal(scope)
        if refused is not None:
            await send_refusal(send, refused)
            return
        # Clients by hand rarely say that they take events, too, which they are never sent here.
        headers = [(name, BOTH if name == b"accept" else value) for name, value in scope["headers"]]
        if not any(name == b"accept" for name, _ in headers):
            headers.append((b"accept", BOTH))
        await self.manager.handle_request({**scope, "headers": headers}, receive, send)

    def refusal(self, scope: Scope) -> Refusal | None:
        """Why a request is not answered; None if it is."""
        headers = headers_of(scope)
        surface = self.surface
        if is_foreign(headers, surface.address):
            return Refusal(403, "foreign_origin", "Web pages of other origins may not call this surface.")
        if not is_allowed(headers, scope["query_string"].decode("latin-1"), surface.authentication):
            proof = (b"www-authenticate", challenge(surface.authentication).encode())
            return Refusal(401, "unauthorized", "This surface asks for authentication.", (proof,))
        if raw_path(scope) not in PATHS:
            return Refusal(404, "not_found", "MCP is spoken at /mcp.")
        if scope["method"] != "POST":
            return Refusal(405, "method_not_allowed", "MCP comes by POST here.", ((b"allow", b"POST"),))
        return None
