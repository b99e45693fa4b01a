"""Credentials: made once, kept for their owner only, overruled by the environment."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from conto.credentials import Credentials, CredentialsError, load_or_create, remember
from conto.settings import Settings

FIRST_START = """
import os, sys
from conto.credentials import load_or_create
from conto.settings import Settings

sys.stdin.read()
credentials = load_or_create(Settings.from_environment(os.environ))
print(credentials.secret_key, credentials.admin_key)
"""


def settings(folder: Path, **environ: str) -> Settings:
    """Settings with their data in the folder."""
    return Settings.from_environment({"CONTO_DATA": str(folder), **environ})


def test_the_first_start_makes_what_the_second_finds(tmp_path: Path):
    made = load_or_create(settings(tmp_path / "data"))
    assert len(made.secret_key) >= 32
    assert made.admin_key
    assert made.admin_key != made.secret_key
    assert (made.api_key, made.organization_id) == (None, None)
    assert load_or_create(settings(tmp_path / "data")) == made


def test_two_installations_have_different_keys(tmp_path: Path):
    one, two = load_or_create(settings(tmp_path / "one")), load_or_create(settings(tmp_path / "two"))
    assert one.secret_key != two.secret_key
    assert one.admin_key != two.admin_key


def test_they_are_for_their_owner_only(tmp_path: Path):
    load_or_create(settings(tmp_path / "data"))
    remember(settings(tmp_path / "data"), api_key="key", organization_id="id")
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in (tmp_path / "data").iterdir())


def test_a_folder_that_was_there_keeps_its_mode(tmp_path: Path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data").chmod(0o755)
    load_or_create(settings(tmp_path / "data"))
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o755


def test_first_starts_at_once_agree(tmp_path: Path):
    environ = {"CONTO_DATA": str(tmp_path / "data")}
    starts = [
        subprocess.Popen(
            [sys.executable, "-c", FIRST_START], env=environ, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        for _ in range(4)
    ]
    for start in starts:
        assert start.stdin is not None
        start.stdin.close()
        start.stdin = None
    said = {start.communicate()[0] for start in starts}

    kept = load_or_create(settings(tmp_path / "data"))
    assert said == {f"{kept.secret_key} {kept.admin_key}\n"}


def test_the_environment_wins_and_is_not_kept(tmp_path: Path):
    kept = load_or_create(settings(tmp_path))
    given = load_or_create(settings(tmp_path, CONTO_SECRET_KEY="s" * 32, CONTO_ADMIN_KEY="admin"))
    assert given == Credentials(secret_key="s" * 32, admin_key="admin")
    assert load_or_create(settings(tmp_path)) == kept


def test_with_both_keys_in_the_environment_nothing_is_written(tmp_path: Path):
    load_or_create(settings(tmp_path / "data", CONTO_SECRET_KEY="s" * 32, CONTO_ADMIN_KEY="admin"))
    assert not (tmp_path / "data").exists()


def test_a_key_that_the_environment_gave_is_made_when_it_no_longer_does(tmp_path: Path):
    first = load_or_create(settings(tmp_path, CONTO_SECRET_KEY="s" * 32))
    second = load_or_create(settings(tmp_path))
    assert first.secret_key == "s" * 32
    assert second.secret_key != "s" * 32
    assert second.admin_key == first.admin_key


def test_the_first_organization_is_remembered_with_the_keys(tmp_path: Path):
    made = load_or_create(settings(tmp_path))
    remember(settings(tmp_path), api_key="key", organization_id="id")
    assert load_or_create(settings(tmp_path)) == Credentials(made.secret_key, made.admin_key, "key", "id")


def test_an_organization_is_remembered_also_where_the_environment_has_the_keys(tmp_path: Path):
    given = settings(tmp_path / "data", CONTO_SECRET_KEY="s" * 32, CONTO_ADMIN_KEY="admin")
    remember(given, api_key="key", organization_id="id")
    assert load_or_create(given) == Credentials("s" * 32, "admin", "key", "id")
    assert "s" * 32 not in (tmp_path / "data" / "credentials.json").read_text()


@pytest.mark.parametrize(
    "content", ["", "{", "[]", json.dumps({"secret_key": "short"}), json.dumps({"admin_key": 7}), '{"api_key": ""}']
)
def test_a_damaged_file_is_refused_and_left_as_it_is(tmp_path: Path, content: str):
    (tmp_path / "credentials.json").write_text(content)
    with pytest.raises(CredentialsError, match=r"credentials\.json"):
        load_or_create(settings(tmp_path))
    with pytest.raises(CredentialsError, match=r"credentials\.json"):
        remember(settings(tmp_path), api_key="key", organization_id="id")
    assert (tmp_path / "credentials.json").read_text() == content


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CredentialsError, match="file/data"):
        load_or_create(settings(tmp_path / "file" / "data"))


def test_keys_are_not_shown_with_the_credentials(tmp_path: Path):
    made = load_or_create(settings(tmp_path))
    assert made.secret_key not in repr(made)
    assert made.admin_key not in repr(made)
