"""What a capability file says, once it has been read: what is consumed, what is exposed, what feeds what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final, Literal

from conto.capability.outputs import Answered, Output

JsonSchema = Mapping[str, Any]
Where = Literal["query", "path", "header", "body"]


class Missing(Enum):
    """What stands for a value that is not given."""

    MISSING = "missing"


MISSING: Final = Missing.MISSING


@dataclass(frozen=True, slots=True)
class Input:
    """What comes with an exposed call: a part of the request, or an argument of the tool.

    `where` says in which part of a request to look for it; None is wherever it is. `keys` lead into a JSON body.
    """

    name: str
    where: Where | None = None
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Made:
    """A value that the file gives. Where it is a template, `inputs` are what the names in it stand for."""

    data: Any = field(repr=False)
    inputs: Mapping[str, "Source"] = field(default_factory=dict)


Source = Input | Made


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of a consumed operation. `type` is None where the file does not say it, `default` what is sent
    where a call gives nothing."""

    name: str
    where: Where
    type: str | None
    required: bool
    schema: JsonSchema
    default: Any = MISSING
    fixed: Any = MISSING
    """What the file gives for all calls."""


@dataclass(frozen=True, slots=True)
class Feed:
    """Where a parameter's value comes from. `field` is its key in a JSON body that is made of several."""

    parameter: Parameter
    source: Source
    field: bool = False


@dataclass(frozen=True, slots=True)
class WrittenBody:
    """A body that the file writes out. `form` is `json`, `form` or `text`."""

    content_type: str
    form: Literal["json", "form", "text"]
    data: Any = field(repr=False)


@dataclass(frozen=True, slots=True)
class Bearer:
    """A token in the Authorization header."""

    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Basic:
    """Name and password in the Authorization header."""

    username: str = field(repr=False)
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key in a header or in the query."""

    key: str
    value: str = field(repr=False)
    where: Literal["header", "query"]


Authentication = Bearer | Basic | ApiKey | None


@dataclass(frozen=True, slots=True)
class Operation:
    """A consumed operation.

    `path` are texts and, at odd places, names of parameters, and so is `query`, what its path has behind a `?`;
    `named` is what it calls the parts of its answer, `proved` are the parameters that the authentication gives, so
    that nobody else does.
    """

    namespace: str
    name: str
    method: str
    base: str = field(repr=False)
    path: Sequence[str]
    query: Sequence[str]
    parameters: Sequence[Parameter]
    authentication: Authentication
    body: WrittenBody | None = None
    named: Sequence[Output] = ()
    answers_json: bool = True
    proved: Sequence[str] = ()

    @property
    def title(self) -> str:
        """Its name for people."""
        return f"{self.namespace}.{self.name}"


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a consumed operation, as an exposed operation or a tool makes it."""

    operation: Operation
    feeds: Sequence[Feed]
    answered: Answered
    body_inputs: Mapping[str, Source] = field(default_factory=dict)
    """What the names in a written body stand for."""


@dataclass(frozen=True, slots=True)
class Described:
    """An input that the exposed side describes itself."""

    name: str
    where: Where | None
    required: bool
    schema: JsonSchema


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An exposed operation. `path` is as the file has it, with its parameters in braces."""

    method: str
    path: str
    name: str
    description: str
    call: Call
    described: Sequence[Described]


@dataclass(frozen=True, slots=True)
class Tool:
    """An exposed tool, with the JSON Schema of its arguments."""

    name: str
    title: str | None
    description: str
    hints: Mapping[str, bool]
    call: Call
    schema: JsonSchema


@dataclass(frozen=True, slots=True)
class RestSurface:
    """A REST surface."""

    namespace: str
    description: str
    address: str
    port: int
    authentication: Authentication
    endpoints: Sequence[Endpoint]


@dataclass(frozen=True, slots=True)
class McpSurface:
    """An MCP surface. `port` is None where it speaks over standard input and output."""

    namespace: str
    description: str
    address: str
    port: int | None
    authentication: Authentication
    tools: Sequence[Tool]


Surface = RestSurface | McpSurface


@dataclass(frozen=True, slots=True)
class Capability:
    """A capability file, read. `warnings` are what its author should know, though it can be served."""

    file: str
    label: str
    description: str
    info: Mapping[str, Any]
    surfaces: Sequence[Surface]
    warnings: Sequence[str]
