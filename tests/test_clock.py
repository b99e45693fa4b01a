"""The installation's clock: the system's, or what a file tells."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from conto import clock
from conto.clock import machine_now, system_now

SECOND = timedelta(seconds=1)


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Path]:
    """A file that the clock follows."""
    found = tmp_path / "clock"
    found.write_text("2024-03-05T12:00:00Z")
    clock.follow(found)
    yield found
    clock.follow(None)


def test_without_a_file_it_is_the_machines_time():
    assert timedelta(0) <= machine_now() - system_now() + SECOND < 2 * SECOND


def test_a_clock_stands_where_the_file_says_until_it_says_something_else(file: Path):
    assert system_now() == system_now() == datetime(2024, 3, 5, 12, tzinfo=UTC)
    file.write_text("2023-01-01T00:00:00+01:00\n")
    assert system_now() == datetime(2022, 12, 31, 23, tzinfo=UTC)
    assert abs(machine_now() - datetime.now(UTC)) < SECOND


@pytest.mark.parametrize("seconds", [86400, -3600])
def test_a_clock_that_is_moved_goes_on(file: Path, seconds: int):
    file.write_text(f"{seconds:+}")
    before = machine_now()
    shown = system_now() - timedelta(seconds=seconds)
    assert before <= shown <= machine_now()


def test_a_file_that_is_gone_or_tells_nothing_is_an_error_and_no_other_time(file: Path):
    file.write_text("noon")
    with pytest.raises(ValueError, match="an instant"):
        system_now()
    file.unlink()
    with pytest.raises(OSError, match="No such file"):
        system_now()
    with pytest.raises(OSError, match="No such file"):
        clock.follow(file)
