"""`conto up`: what its user sees from the first start to the end, kind or not."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers import (
    RunningServer,
    command,
    free_port,
    lives,
    new_place,
    processes_below,
    started,
    wait_until,
)

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are looked up in /proc")

START_SECONDS = 60
GONE_SECONDS = 15


def test_a_second_start_finds_what_the_first_one_made() -> None:
    with new_place() as place:
        with started(place) as first:
            key = first.api_key
            tells_how_to_use_it(first)
            refuses_a_second_one_in_the_folder(first)
            refuses_another_one_on_the_port(first)
            family = processes_below(first.process.pid)
            customer = {"customer": {"external_id": "acme", "name": "Acme"}}
            assert first.call("POST", "/api/v1/customers", customer).status_code == 200
        assert not [pid for pid in family if lives(pid)]
        with started(place) as second:
            assert second.api_key == key
            assert second.call("GET", "/api/v1/customers/acme").json()["customer"]["name"] == "Acme"
            knows_what_was_called_just_before_the_end(second)
            assert key in second.output.read_text()
            takes_everything_down_when_it_is_killed(second)
        assert len(place.conto("organizations", "list").stdout.splitlines()) == 1


def knows_what_was_called_just_before_the_end(server: RunningServer) -> None:
    """Calls are logged in the background, and the last ones when the server ends."""
    logged = server.call("GET", "/api/v1/api_logs").json()["api_logs"]
    assert [(call["request_path"], call["http_status"]) for call in logged] == [("/api/v1/customers", 200)]


def tells_how_to_use_it(server: RunningServer) -> None:
    """The URLs, the key, and a call that answers as it stands there."""
    printed = server.output.read_text()
    assert f"{server.url}/api/v1/openapi.json" in printed
    assert server.api_key in printed
    (call,) = re.findall(r"^ *(curl .*)$", printed, re.MULTILINE)
    done = subprocess.run(["sh", "-c", call], capture_output=True, text=True, timeout=60, check=True)
    assert '"name":"Company"' in done.stdout


def refuses_a_second_one_in_the_folder(server: RunningServer) -> None:
    """One folder has one server."""
    done = server.conto("up", CONTO_PORT=str(free_port()))
    assert done.returncode == 1
    assert re.fullmatch(rf"The PostgreSQL folder {server.place.folder}\S+ is in use by .*\.\n", done.stderr)


def refuses_another_one_on_the_port(server: RunningServer) -> None:
    """One port has one server, wherever its data are; the folder is left alone."""
    other = server.place.folder / "other"
    done = server.conto("up", CONTO_DATA=str(other))
    assert done.returncode == 1
    assert re.fullmatch(rf"Port {server.place.port} is in use\. Set CONTO_PORT .*\n", done.stderr)
    assert not other.exists()


def takes_everything_down_when_it_is_killed(server: RunningServer) -> None:
    """A parent that is killed leaves no child and no database behind."""
    family = processes_below(server.process.pid)
    assert len(family) > 3
    server.process.send_signal(signal.SIGKILL)
    server.process.wait()
    wait_until(lambda: not any(lives(pid) for pid in family), GONE_SECONDS)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("busy", ["initdb", "worker"])
def test_a_start_that_is_stopped_half_way_ends_well(number: signal.Signals, busy: str) -> None:
    with new_place() as place:
        process = subprocess.Popen(
            command("up"),
            env=place.environment,
            cwd=place.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        wait_until(lambda: any(busy in command_line(pid) for pid in processes_below(process.pid)), START_SECONDS)
        family = processes_below(process.pid)
        # Ctrl-C is for all that the terminal runs.
        os.killpg(process.pid, number)
        printed, _ = process.communicate(timeout=60)
        assert (process.returncode, printed) == (0, b"")
        assert not [pid for pid in family if lives(pid)]


def command_line(pid: int) -> str:
    """What the process was started as; nothing where it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")
    except OSError:
        return ""


def test_a_host_that_cannot_be_listened_on_is_refused() -> None:
    with new_place() as place:
        done = place.conto("up", CONTO_HOST="no.such.host.invalid")
    assert done.returncode == 1
    assert done.stderr.startswith(f"Conto cannot listen on no.such.host.invalid, port {place.port}: ")
    assert done.stderr.count("\n") == 1
