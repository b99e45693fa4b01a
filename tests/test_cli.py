"""The command line, as its users see it: processes, what they print, and how they end."""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from conto.db.migrate import newest_revision
from tests.servers import Place, RunningServer, free_port, new_place, running_server, started

COMMANDS = (
    *("up", "serve", "worker", "migrate", "settings", "demo", "backup", "restore"),
    *("organizations", "keys", "jobs", "agenda", "events", "ledger", "mail"),
)
CUSTOMER = {"customer": {"external_id": "acme", "currency": "EUR"}}
ADD_ON = {"add_on": {"name": "Setup", "code": "setup", "amount_cents": 1000, "amount_currency": "EUR"}}
NEWEST = newest_revision()
INVOICE = {"invoice": {"external_customer_id": "acme", "fees": [{"add_on_code": "setup"}]}}


@pytest.fixture(scope="module")
def server() -> Iterator[RunningServer]:
    """A server beside which commands are run."""
    with running_server() as running:
        yield running


@pytest.fixture
def place() -> Iterator[Place]:
    """A folder in which nothing runs."""
    with new_place() as made:
        yield made


def output(place: Place | RunningServer, *arguments: str) -> list[list[str]]:
    """The lines that a command prints, each cut at its tabs, or at its blanks where there are none."""
    done = place.conto(*arguments)
    assert (done.returncode, done.stderr) == (0, "")
    return [line.split("\t") if "\t" in line else line.split() for line in done.stdout.splitlines()]


def complaint(place: Place | RunningServer, *arguments: str, **changed: str) -> str:
    """What a command says that fails, in few words."""
    done = place.conto(*arguments, **changed)
    assert (done.returncode, done.stdout) == (1, "")
    assert "Traceback" not in done.stderr
    return done.stderr


def status(server: RunningServer, key: str) -> int:
    """How the API answers to a key."""
    return server.call("GET", "/api/v1/organizations", key=key).status_code


def test_help_and_settings_are_told_at_once(place: Place) -> None:
    told = place.conto("--help").stdout
    assert [name for name in COMMANDS if f"│ {name} " not in told] == []
    assert ["CONTO_PORT", "3000", "port that the server listens on"] in output(place, "settings")
    assert list(place.folder.iterdir()) == []


def test_wrong_settings_are_told_all_at_once_and_secrets_not_at_all(place: Place) -> None:
    wrong = {"CONTO_PORT": "many", "CONTO_SECRET_KEY": "hush", "DATABASE_URL": "mysql://me:hush@db/conto"}
    told = complaint(place, "up", **wrong)
    assert {line.split()[0] for line in told.splitlines()} == set(wrong)
    assert "hush" not in told
    assert list(place.folder.iterdir()) == []


def test_what_is_not_there_is_told_in_one_line(place: Place) -> None:
    nowhere = f"127.0.0.1:{free_port()}"
    unreachable = complaint(place, "migrate", DATABASE_URL=f"postgresql://me:hush@{nowhere}/conto")
    assert unreachable.startswith(f"The database postgresql://me:***@{nowhere}/conto cannot be reached: ")
    assert complaint(place, "demo") == (
        "No API key is known: start a server with `conto up` first, or give one with --key.\n"
    )
    unanswered = complaint(place, "demo", "--key", "any", "--url", f"http://{nowhere}")
    assert unanswered.startswith(f"No answer from http://{nowhere} ")
    assert unanswered.count("\n") == 1
    assert complaint(place, "demo", "--key", "any", "--folder", "/no/such").startswith("The PDF cannot be left in /no/")


def test_commands_start_the_database_themselves_where_no_server_runs(place: Place) -> None:
    assert complaint(place, "serve") == f"The database is empty, not at revision {NEWEST}: run `conto migrate`.\n"
    assert output(place, "migrate") == [["The", "database", "is", "at", "revision", f"{NEWEST}."]]
    (_, organization), (*_, key) = output(place, "organizations", "create", "Acme", "--test-clock", "2024-03-05")
    ((listed, name, clock, _),) = output(place, "organizations", "list")
    assert (listed, name, clock) == (organization, "Acme", "2024-03-05 00:00:00")
    ((_, _, end, *_),) = output(place, "keys", "list")
    assert end == f"…{key[-4:]}"
    assert not (place.folder / "data" / "postgres" / "data" / "postmaster.pid").exists()


def test_keys_are_made_and_rotated_beside_a_server(server: RunningServer) -> None:
    (_, organization), (*_, first) = output(server, "organizations", "create", "Acme")
    assert status(server, first) == 200
    assert complaint(server, "keys", "list") == "There are 2 organizations: name one with --organization.\n"

    of_acme = ("--organization", organization)
    (_, made), (*_, second) = output(server, "keys", "create", "--name", "second", *of_acme)
    assert status(server, second) == 200
    (_, rotated), (*_, third) = output(server, "keys", "rotate", made, *of_acme)
    assert (status(server, second), status(server, third), status(server, first)) == (401, 200, 200)
    output(server, "keys", "rotate", rotated, "--ends", "2999-01-01", *of_acme)
    assert status(server, third) == 200

    listed = output(server, "keys", "list", *of_acme)
    assert {(name, bool(expires)) for _, name, *_, expires in listed} == {
        ("", False),
        ("second", True),
        ("second", False),
    }
    assert len(listed) == 4


def test_keys_are_restricted_and_ended_beside_a_server(server: RunningServer) -> None:
    (_, organization), (*_, first) = output(server, "organizations", "create", "Hooli")
    of_hooli = ("--organization", organization)
    (_, made), (*_, value) = output(server, "keys", "create", "--permission", "tax:read", "--name", "taxes", *of_hooli)
    assert status(server, value) == 403
    output(server, "keys", "update", made, "--permission", "organization:read", *of_hooli)
    assert status(server, value) == 200
    may = {key: may for key, _, _, may, *_ in output(server, "keys", "list", *of_hooli)}
    assert may[made] == "organization:read"
    assert sorted(may.values()) == ["everything", "organization:read"]
    output(server, "keys", "update", made, "--name", "all", "--everything", *of_hooli)
    assert {row[1:4:2] == ["all", "everything"] for row in output(server, "keys", "list", *of_hooli)} == {True, False}

    output(server, "keys", "delete", made, *of_hooli)
    assert (status(server, value), status(server, first)) == (401, 200)
    (left,) = (key for key in may if key != made)
    assert "last_non_expiring_api_key" in complaint(server, "keys", "delete", left, *of_hooli)
    assert complaint(server, "keys", "create", "--permission", "tax", *of_hooli).startswith("'tax' is no permission: ")
    assert complaint(server, "keys", "update", left, "--permission", "tax:read", "--everything", *of_hooli).startswith(
        "A key may do everything, or"
    )
    assert status(server, first) == 200


def test_the_demo_leaves_a_pdf_that_falls_due_and_adds_up(server: RunningServer, tmp_path: Path) -> None:
    told = output(server, "demo", "--folder", str(tmp_path))
    (path,) = tmp_path.iterdir()
    assert told[-1] == [str(path)]
    assert path.read_bytes().startswith(b"%PDF")

    agenda = output(server, "agenda", "next")
    assert [kind for _, kind, *_ in agenda].count("invoices.overdue") == 1
    assert output(server, "agenda", "failed") == []
    ((waiting, behind),) = output(server, "events", "waiting")
    assert int(waiting) >= 0 <= int(behind)
    assert output(server, "jobs", "failed") == []
    assert " ".join(output(server, "ledger", "verify")[0]).startswith("Every invoice is owed what its transfers say")


def test_a_server_that_is_told_to_stop_writes_when_keys_were_used(place: Place) -> None:
    with started(place) as running:
        assert status(running, running.api_key) == 200
    ((_, _, _, _, _, used, _),) = output(place, "keys", "list")
    assert datetime.fromisoformat(used).year >= 2024


def test_a_test_mail_says_whether_the_mail_server_takes_it(place: Place) -> None:
    assert complaint(place, "mail", "test", "me@x.example") == "Mail is switched off: CONTO_SMTP_URL is not set.\n"
    server = {"CONTO_SMTP_URL": f"smtp://me:hush@127.0.0.1:{free_port()}", "CONTO_MAIL_FROM": "billing@x.example"}
    told = complaint(place, "mail", "test", "me@x.example", **server)
    assert told.startswith("Not sent: SMTPConnectError: ")
    assert "hush" not in told
    assert complaint(place, "mail", "test", "me", **server) == "'me' is not a plain e-mail address in ASCII.\n"
