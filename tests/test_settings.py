"""Settings: read from an environment, wrong ones named all together."""

from pathlib import Path

import pytest
from sqlalchemy import make_url

from conto.settings import VARIABLES, Settings, SettingsError, SmtpServer, describe


def problem(**environ: str) -> str:
    """The one problem of this environment."""
    with pytest.raises(SettingsError) as error:
        Settings.from_environment(environ)
    (only,) = error.value.problems
    return only


def test_an_empty_environment_gives_the_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    assert Settings.from_environment({}) == Settings(
        database_url=None,
        data=tmp_path / ".conto",
        host="127.0.0.1",
        port=3000,
        admin_key=None,
        secret_key=None,
        public_url="http://localhost:3000",
        front_url=None,
        files_url=f"file://{tmp_path}/.conto/files",
        link_seconds=604800,
        vies_url="https://ec.europa.eu/taxation_customs/vies/rest-api",
        log_level="info",
        log_format="json",
        database_pool=10,
        smtp=None,
        mail_from=None,
        admin_email=None,
        statement_seconds=30,
        worker_statement_seconds=600,
        drain_seconds=5,
        allow_private_webhooks=False,
        activity_log_days=365,
        api_log_days=30,
    )


def test_what_is_given_is_taken():
    settings = Settings.from_environment(
        {
            "DATABASE_URL": "postgres://conto:pass@db:5433/billing",
            "CONTO_DATA": "/srv/conto",
            "CONTO_HOST": "0.0.0.0",
            "CONTO_PORT": "8080",
            "CONTO_ADMIN_KEY": "admin",
            "CONTO_SECRET_KEY": "k" * 32,
            "CONTO_PUBLIC_URL": "https://billing.example.com/",
            "CONTO_FRONT_URL": "https://app.example.com",
            "CONTO_FILES_URL": "s3://bucket/documents/",
            "CONTO_LINK_SECONDS": "60",
            "CONTO_VIES_URL": "https://vies.example.com/rest/",
            "CONTO_LOG_LEVEL": "DEBUG",
            "CONTO_LOG_FORMAT": "console",
            "CONTO_DATABASE_POOL": "100",
            "CONTO_SMTP_URL": "smtp://me:p%40ss@mail.example:2525?starttls=never",
            "CONTO_MAIL_FROM": "billing@example.com",
            "CONTO_ADMIN_EMAIL": "ops@example.com",
            "CONTO_STATEMENT_SECONDS": "0",
            "CONTO_WORKER_STATEMENT_SECONDS": "3600",
            "CONTO_DRAIN_SECONDS": "20",
            "CONTO_ALLOW_PRIVATE_WEBHOOKS": "True",
            "CONTO_CAPABILITIES": "/srv/capabilities",
            "CONTO_ACTIVITY_LOG_DAYS": "730",
            "CONTO_API_LOG_DAYS": "7",
        }
    )
    assert settings == Settings(
        database_url="postgresql+asyncpg://conto:pass@db:5433/billing",
        data=Path("/srv/conto"),
        host="0.0.0.0",
        port=8080,
        admin_key="admin",
        secret_key="k" * 32,
        public_url="https://billing.example.com",
        front_url="https://app.example.com",
        files_url="s3://bucket/documents",
        link_seconds=60,
        vies_url="https://vies.example.com/rest",
        log_level="debug",
        log_format="console",
        database_pool=100,
        smtp=SmtpServer(host="mail.example", port=2525, username="me", password="p@ss", tls="never"),
        mail_from="billing@example.com",
        admin_email="ops@example.com",
        statement_seconds=0,
        worker_statement_seconds=3600,
        drain_seconds=20,
        allow_private_webhooks=True,
        capabilities=Path("/srv/capabilities"),
        activity_log_days=730,
        api_log_days=7,
    )


@pytest.mark.parametrize("word", ["off", "OFF"])
def test_vat_numbers_are_not_checked_where_that_is_off(word: str):
    assert Settings.from_environment({"CONTO_VIES_URL": word}).vies_url is None


@pytest.mark.parametrize("told", ["2024-03-05T12:00:00Z", "2024-03-05T14:00:00+02:00\n", "+86400", "-3600"])
def test_a_file_that_tells_the_time_is_followed(tmp_path: Path, told: str):
    (tmp_path / "clock").write_text(told)
    assert Settings.from_environment({"CONTO_CLOCK_FILE": str(tmp_path / "clock")}).clock_file == tmp_path / "clock"


@pytest.mark.parametrize("told", ["", "tomorrow", "2024-03-05T12:00:00", "86400", "+9999999999999"])
def test_a_file_that_tells_no_time_is_refused(tmp_path: Path, told: str):
    (tmp_path / "clock").write_text(told)
    with pytest.raises(SettingsError, match=r"CONTO_CLOCK_FILE is .*; expected a file that holds an instant"):
        Settings.from_environment({"CONTO_CLOCK_FILE": str(tmp_path / "clock")})
    with pytest.raises(SettingsError, match="expected a file that can be read"):
        Settings.from_environment({"CONTO_CLOCK_FILE": str(tmp_path / "none")})


def test_defaults_follow_the_port_and_the_data_folder():
    settings = Settings.from_environment({"CONTO_PORT": "4000", "CONTO_DATA": "/srv/my data"})
    assert settings.public_url == "http://localhost:4000"
    assert settings.files_url == "file:///srv/my%20data/files"


def test_a_blank_variable_counts_as_not_given():
    blank = {variable.name: " " for variable in VARIABLES}
    assert Settings.from_environment(blank) == Settings.from_environment({})


def test_all_problems_are_named_together():
    with pytest.raises(SettingsError) as error:
        Settings.from_environment({"CONTO_PORT": "http", "CONTO_LOG_FORMAT": "xml", "CONTO_SECRET_KEY": "short"})
    assert str(error.value).splitlines() == [
        "CONTO_PORT is 'http'; expected a whole number from 1 to 65535",
        "CONTO_SECRET_KEY is 5 characters; expected at least 32 characters",
        "CONTO_LOG_FORMAT is 'xml'; expected one of json, console",
    ]


@pytest.mark.parametrize("text", ["0", "65536", "-1", "3000.0", "³", "1_000", "9" * 5000])
def test_a_port_that_is_none_is_refused(text: str):
    assert problem(CONTO_PORT=text).startswith("CONTO_PORT is ")


@pytest.mark.parametrize("text", ["1", "101", "many"])
def test_a_pool_has_from_2_to_100_connections(text: str):
    assert problem(CONTO_DATABASE_POOL=text) == (
        f"CONTO_DATABASE_POOL is '{text}'; expected a whole number from 2 to 100"
    )


@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ("postgres://u@h/d", "postgresql+asyncpg://u@h/d"),
        ("postgresql://u:p%40@h:1/d", "postgresql+asyncpg://u:p%40@h:1/d"),
        ("postgresql+asyncpg://u@/d?host=/run/pg", "postgresql+asyncpg://u@/d?host=%2Frun%2Fpg"),
        ("postgresql:///d", "postgresql+asyncpg:///d"),
        ("postgres://u@h/d?sslmode=require", "postgresql+asyncpg://u@h/d?ssl=require"),
    ],
)
def test_a_database_url_gets_the_driver_and_the_names_that_it_knows(given: str, taken: str):
    assert Settings.from_environment({"DATABASE_URL": given}).database_url == taken
    assert make_url(taken).database == "d"


@pytest.mark.parametrize(
    "text", ["mysql://u:hidden@h/d", "postgres://u:hidden@h", "hidden", "postgres://u:hidden@h:port/d"]
)
def test_a_refused_database_url_is_not_shown(text: str):
    assert "hidden" not in problem(DATABASE_URL=text)


@pytest.mark.parametrize("text", ["localhost:3000", "ftp://host", "https://", "https://host?a=b", "http://a b"])
def test_a_web_url_that_is_none_is_refused(text: str):
    assert problem(CONTO_PUBLIC_URL=text).startswith(f"CONTO_PUBLIC_URL is '{text}'; expected a URL")
    assert problem(CONTO_FRONT_URL=text).startswith(f"CONTO_FRONT_URL is '{text}'; expected a URL")


@pytest.mark.parametrize(
    "text", ["file:///srv/files", "s3://b", "gs://b/folder", "az://container", "abfs://c", "memory:///"]
)
def test_files_may_be_kept_in_folders_and_buckets(text: str):
    assert Settings.from_environment({"CONTO_FILES_URL": text}).files_url == text


@pytest.mark.parametrize("text", ["/srv/files", "file://files", "s3://", "ftp://host/files"])
def test_a_place_for_files_that_is_none_is_refused(text: str):
    assert problem(CONTO_FILES_URL=text).startswith(f"CONTO_FILES_URL is '{text}'; expected a")


@pytest.mark.parametrize(
    ("url", "port", "tls"),
    [
        ("smtp://h", 25, "auto"),
        ("smtp://h?starttls=always", 587, "starttls"),
        ("smtp://h?starttls=never", 25, "never"),
        ("smtps://h", 465, "always"),
        ("smtps://h:1465/", 1465, "always"),
    ],
)
def test_the_scheme_of_a_mail_server_says_its_port_and_encryption(url: str, port: int, tls: str):
    smtp = Settings.from_environment({"CONTO_SMTP_URL": url, "CONTO_MAIL_FROM": "a@b.example"}).smtp
    assert smtp is not None
    assert (smtp.host, smtp.port, smtp.tls, smtp.username) == ("h", port, tls, None)


@pytest.mark.parametrize("url", ["h:25", "http://h", "smtp://", "smtp://h?starttls=no", "smtp://h/x", "smtp://h?a=b"])
def test_a_mail_server_that_is_none_is_refused(url: str):
    assert problem(CONTO_SMTP_URL=url, CONTO_MAIL_FROM="a@b.example").startswith("CONTO_SMTP_URL is ")


def test_a_mail_server_needs_an_address_that_mail_comes_from():
    assert problem(CONTO_SMTP_URL="smtp://h") == "CONTO_MAIL_FROM is not given; CONTO_SMTP_URL needs it"
    for wrong in ("Acme <a@b.example>", "a@b@c.example", "@b.example", "a@", "a b@c.example", "ä@c.example", "a,b@c.d"):
        told = problem(CONTO_SMTP_URL="smtp://h", CONTO_MAIL_FROM=wrong)
        assert told == f"CONTO_MAIL_FROM is {wrong!r}; expected a plain e-mail address in ASCII"


def test_secrets_are_not_shown_with_the_settings():
    settings = Settings.from_environment(
        {
            "DATABASE_URL": "postgres://u:hidden@h/d",
            "CONTO_SECRET_KEY": "hidden" * 6,
            "CONTO_ADMIN_KEY": "hidden",
            "CONTO_SMTP_URL": "smtp://u:hidden@h",
            "CONTO_MAIL_FROM": "a@b.example",
        }
    )
    assert "hidden" not in repr(settings)


def test_every_setting_is_described_once():
    names = [name for name, _, _ in describe()]
    assert len(set(names)) == len(names) == len(Settings.__dataclass_fields__)
    assert all(meaning for _, _, meaning in describe())
