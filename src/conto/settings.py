"""Settings: what the environment says, checked as a whole at the start."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple, TypeVar
from urllib.parse import SplitResult, parse_qsl, unquote, urlencode, urlsplit

from conto.clock import told_by

T = TypeVar("T")

SECRET_KEY_CHARACTERS = 32
FILE_SCHEMES = ("file", "s3", "gs", "az", "abfs", "memory")
DATABASE_SCHEMES = ("postgres", "postgresql", "postgresql+asyncpg")
LOG_LEVELS = ("debug", "info", "warning", "error", "critical")
LOG_FORMATS = ("json", "console")
SMTP_SCHEMES = ("smtp", "smtps")
MOST_DAYS = 10 * 366


Tls = Literal["always", "starttls", "auto", "never"]
STARTTLS: Mapping[str, tuple[Tls, int]] = {"auto": ("auto", 25), "always": ("starttls", 587), "never": ("never", 25)}
"""What `starttls` in the URL of a mail server means, and the port that goes with it."""


class SettingsError(Exception):
    """The environment is not as expected. The text has a line for each variable that is wrong."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class Variable(NamedTuple):
    """A variable of the environment. An empty default means that it is optional or found otherwise."""

    name: str
    default: str
    meaning: str
    secret: bool = False


VARIABLES = (
    Variable("DATABASE_URL", "", "PostgreSQL server to use; without it an embedded one is started", secret=True),
    Variable("CONTO_DATA", "./.conto", "folder of the embedded database, the credentials and the files"),
    Variable("CONTO_HOST", "127.0.0.1", "address that the server listens on"),
    Variable("CONTO_PORT", "3000", "port that the server listens on"),
    Variable("CONTO_ADMIN_KEY", "", "key of the admin API; made and kept in CONTO_DATA if not given", secret=True),
    Variable(
        "CONTO_SECRET_KEY",
        "",
        "what signatures and encryption derive from, at least 32 characters, one for all nodes; "
        "made and kept in CONTO_DATA if not given",
        secret=True,
    ),
    Variable("CONTO_PUBLIC_URL", "http://localhost:{CONTO_PORT}", "URL at which clients reach the server"),
    Variable("CONTO_FRONT_URL", "", "URL of a web front end, for links to it and for CORS"),
    Variable("CONTO_FILES_URL", "file://{CONTO_DATA}/files", "where documents are kept: a folder or a bucket"),
    Variable("CONTO_LINK_SECONDS", "604800", "how long a signed link to a file is valid"),
    Variable(
        "CONTO_VIES_URL",
        "https://ec.europa.eu/taxation_customs/vies/rest-api",
        "service that VAT numbers are checked at, or off: then none is confirmed and addresses decide the tax",
    ),
    Variable("CONTO_LOG_LEVEL", "info", "least level that is logged"),
    Variable("CONTO_LOG_FORMAT", "json", "form of log lines: json or console"),
    Variable("CONTO_DATABASE_POOL", "10", "connections to the database that a process keeps at most"),
    Variable(
        "CONTO_SMTP_URL",
        "",
        "mail server, as smtp://user:password@host:587?starttls=always (auto, never) or smtps://host; "
        "without it no mail is sent",
        secret=True,
    ),
    Variable("CONTO_MAIL_FROM", "", "address that mail is sent from; needed with CONTO_SMTP_URL"),
    Variable("CONTO_ADMIN_EMAIL", "", "who is told of changes of API keys; the organization's own e-mail if not given"),
    Variable("CONTO_STATEMENT_SECONDS", "30", "how long a statement of an API call may run; 0 for as long as it takes"),
    Variable("CONTO_WORKER_STATEMENT_SECONDS", "600", "the same for statements of workers and of test clocks"),
    Variable(
        "CONTO_DRAIN_SECONDS",
        "5",
        "how long `conto serve` goes on to serve after it was told to stop, while /ready says so (`conto up`: 0)",
    ),
    Variable(
        "CONTO_ALLOW_PRIVATE_WEBHOOKS",
        "false",
        "whether webhooks may be posted to this machine and to private networks",
    ),
    Variable(
        "CONTO_CAPABILITIES",
        "",
        "capability file, or folder of them, that `conto up --capabilities` serves; those that come with Conto if not "
        "given",
    ),
    Variable("CONTO_ACTIVITY_LOG_DAYS", "365", "days that activity logs are kept"),
    Variable(
        "CONTO_CLOCK_FILE",
        "",
        "file that tells the time instead of the system's clock, to rehearse on a whole installation: "
        "an instant, or seconds with a sign to move the clock by; never for real customers",
    ),
    Variable("CONTO_API_LOG_DAYS", "30", "days that API logs, which hold bodies and answers of calls, are kept"),
)
BY_NAME = {variable.name: variable for variable in VARIABLES}


@dataclass(frozen=True, slots=True)
class SmtpServer:
    """A mail server. `tls` is `always` from the first byte, `starttls` before anything else, `auto` where the
    server offers STARTTLS, or `never`."""

    host: str
    port: int
    username: str | None
    password: str | None = field(repr=False)
    tls: Tls


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings. `database_url` is None for the embedded server; `data` is absolute; URLs end in no slash.

    `vies_url` is None where VAT numbers are not checked, `clock_file` where the system's clock rules.
    """

    database_url: str | None = field(repr=False)
    data: Path
    host: str
    port: int
    admin_key: str | None = field(repr=False)
    secret_key: str | None = field(repr=False)
    public_url: str
    front_url: str | None
    files_url: str
    link_seconds: int
    vies_url: str | None
    log_level: str
    log_format: str
    database_pool: int
    smtp: SmtpServer | None
    mail_from: str | None
    admin_email: str | None
    activity_log_days: int = 365
    api_log_days: int = 30
    statement_seconds: int = 30
    worker_statement_seconds: int = 600
    drain_seconds: int = 5
    allow_private_webhooks: bool = False
    capabilities: Path | None = None
    clock_file: Path | None = None

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> "Settings":
        """Read the settings; a variable that is blank counts as not given.

        Raises:
            SettingsError: some are wrong; it names all of them.
        """
        reader = Reader(environ)
        data = Path(reader.text("CONTO_DATA")).expanduser().absolute()
        port = reader.read("CONTO_PORT", whole_number(1, 65535))
        settings = cls(
            database_url=reader.optional("DATABASE_URL", database_url),
            data=data,
            host=reader.text("CONTO_HOST"),
            port=port,
            admin_key=reader.optional("CONTO_ADMIN_KEY", str),
            secret_key=reader.optional("CONTO_SECRET_KEY", secret_key),
            public_url=reader.optional("CONTO_PUBLIC_URL", web_url) or f"http://localhost:{port}",
            front_url=reader.optional("CONTO_FRONT_URL", web_url),
            files_url=reader.optional("CONTO_FILES_URL", files_url) or (data / "files").as_uri(),
            link_seconds=reader.read("CONTO_LINK_SECONDS", whole_number(1, 365 * 24 * 3600)),
            vies_url=reader.read("CONTO_VIES_URL", web_url_or_off) or None,
            log_level=reader.read("CONTO_LOG_LEVEL", one_of(LOG_LEVELS)),
            log_format=reader.read("CONTO_LOG_FORMAT", one_of(LOG_FORMATS)),
            database_pool=reader.read("CONTO_DATABASE_POOL", whole_number(2, 100)),
            smtp=reader.optional("CONTO_SMTP_URL", smtp_url),
            mail_from=reader.optional("CONTO_MAIL_FROM", mail_address),
            admin_email=reader.optional("CONTO_ADMIN_EMAIL", mail_address),
            statement_seconds=reader.read("CONTO_STATEMENT_SECONDS", whole_number(0, 24 * 3600)),
            worker_statement_seconds=reader.read("CONTO_WORKER_STATEMENT_SECONDS", whole_number(0, 24 * 3600)),
            drain_seconds=reader.read("CONTO_DRAIN_SECONDS", whole_number(0, 3600)),
            allow_private_webhooks=reader.read("CONTO_ALLOW_PRIVATE_WEBHOOKS", truth),
            capabilities=reader.optional("CONTO_CAPABILITIES", lambda text: Path(text).expanduser().absolute()),
            clock_file=reader.optional("CONTO_CLOCK_FILE", clock_file),
            activity_log_days=reader.read("CONTO_ACTIVITY_LOG_DAYS", whole_number(1, MOST_DAYS)),
            api_log_days=reader.read("CONTO_API_LOG_DAYS", whole_number(1, MOST_DAYS)),
        )
        if reader.given("CONTO_SMTP_URL") and not reader.given("CONTO_MAIL_FROM"):
            reader.problems.append("CONTO_MAIL_FROM is not given; CONTO_SMTP_URL needs it")
        if reader.problems:
            raise SettingsError(reader.problems)
        return settings


def describe() -> list[tuple[str, str, str]]:
    """The variables as (name, default, meaning), in the order to show them."""
    return [(variable.name, variable.default, variable.meaning) for variable in VARIABLES]


class Reader:
    """Reads variables and gathers what is wrong. Where one is wrong, its default stands in."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        self.problems: list[str] = []

    def given(self, name: str) -> str:
        """What the environment has, without blanks around it."""
        return self.environ.get(name, "").strip()

    def text(self, name: str) -> str:
        """The text given, or the default."""
        return self.given(name) or BY_NAME[name].default

    def optional(self, name: str, parse: Callable[[str], T]) -> T | None:
        """What `parse` makes of the text; None if there is none, or if `parse` raises a ValueError."""
        text = self.given(name)
        if not text:
            return None
        try:
            return parse(text)
        except ValueError as error:
            # A secret would end up in logs.
            shown = f"{len(text)} characters" if BY_NAME[name].secret else repr(text)
            self.problems.append(f"{name} is {shown}; expected {error}")
            return None

    def read(self, name: str, parse: Callable[[str], T]) -> T:
        """What `parse` makes of the text or the default."""
        found = self.optional(name, parse)
        return parse(BY_NAME[name].default) if found is None else found


def whole_number(least: int, most: int) -> Callable[[str], int]:
    """A parser of whole numbers from `least` to `most`."""

    def parse(text: str) -> int:
        if not (text.isascii() and text.isdigit() and len(text) <= 20 and least <= int(text) <= most):
            raise ValueError(f"a whole number from {least} to {most}")
        return int(text)

    return parse


def one_of(choices: tuple[str, ...]) -> Callable[[str], str]:
    """A parser of one of the words, in any case."""

    def parse(text: str) -> str:
        if text.lower() not in choices:
            raise ValueError("one of " + ", ".join(choices))
        return text.lower()

    return parse


def truth(text: str) -> bool:
    """What `true` or `false` means."""
    return one_of(("true", "false"))(text) == "true"


def secret_key(text: str) -> str:
    """The key, if it is long enough."""
    if len(text) < SECRET_KEY_CHARACTERS:
        raise ValueError(f"at least {SECRET_KEY_CHARACTERS} characters")
    return text


def clock_file(text: str) -> Path:
    """The file, if it tells the time now."""
    file = Path(text).expanduser().absolute()
    try:
        told_by(file)
    except OSError:
        raise ValueError("a file that can be read") from None
    except ValueError as error:
        raise ValueError(f"a file that holds {error}") from None
    return file


def database_url(text: str) -> str:
    """The URL with the driver in its scheme, and `sslmode` by the name that SQLAlchemy's driver knows."""
    expected = "a URL as postgresql://user:password@host:5432/database"
    parts = split_url(text, DATABASE_SCHEMES, expected)
    if not parts.path.strip("/"):
        raise ValueError(expected)
    query = [("ssl" if name == "sslmode" else name, value) for name, value in parse_qsl(parts.query)]
    # Rebuilt by hand: urlunsplit drops an empty host before its path.
    rest = "?" + urlencode(query) if query else ""
    return f"postgresql+asyncpg://{parts.netloc}{parts.path}{rest}"


def web_url(text: str) -> str:
    """The http or https URL, without slashes at its end."""
    expected = "a URL that begins with http:// or https:// and has neither query nor fragment"
    parts = split_url(text, ("http", "https"), expected)
    if not parts.hostname or parts.query or parts.fragment:
        raise ValueError(expected)
    return text.rstrip("/")


def web_url_or_off(text: str) -> str:
    """The http or https URL, without slashes at its end; empty for the word `off`."""
    if text.lower() == "off":
        return ""
    try:
        return web_url(text)
    except ValueError as error:
        raise ValueError(f"off, or {error}") from None


def files_url(text: str) -> str:
    """The URL of a folder or bucket, without slashes at its end."""
    expected = "a URL with a folder or bucket, and the scheme " + ", ".join(FILE_SCHEMES)
    parts = split_url(text, FILE_SCHEMES, expected)
    if parts.scheme == "memory":
        return text
    if parts.scheme == "file" and (parts.netloc or not parts.path.startswith("/")):
        raise ValueError("an absolute path after file://")
    if parts.scheme != "file" and not parts.netloc:
        raise ValueError(expected)
    return text.rstrip("/")


def smtp_url(text: str) -> SmtpServer:
    """The mail server that the URL names. Ports are 465 for smtps, 587 with `starttls=always`, else 25."""
    expected = "a URL as smtp://user:password@host:587 or smtps://host, with starttls=" + ", ".join(STARTTLS)
    parts = split_url(text, SMTP_SCHEMES, expected)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    starttls = query.pop("starttls", "auto")
    if not parts.hostname or parts.path.strip("/") or parts.fragment or query or starttls not in STARTTLS:
        raise ValueError(expected)
    tls, port = ("always", 465) if parts.scheme == "smtps" else STARTTLS[starttls]
    return SmtpServer(
        host=parts.hostname,
        port=parts.port or port,
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        tls=tls,
    )


def mail_address(text: str) -> str:
    """One plain e-mail address, in ASCII."""
    local, _, domain = text.rpartition("@")
    forbidden = set('@<>()[]\\,;:"') & set(local + domain)
    if not local or not domain or forbidden or not all("!" <= letter <= "~" for letter in text):
        raise ValueError("a plain e-mail address in ASCII")
    return text


def split_url(text: str, schemes: tuple[str, ...], expected: str) -> SplitResult:
    """The parts of a URL.

    Raises:
        ValueError: it is none with one of the schemes; the error's text is `expected`.
    """
    scheme, mark, _ = text.partition("://")
    try:
        parts = urlsplit(text)
        port_is_number = parts.port is None or parts.port > 0
    except ValueError:
        raise ValueError(expected) from None
    if not mark or scheme.lower() not in schemes or not port_is_number or any(letter.isspace() for letter in text):
        raise ValueError(expected)
    return parts
