"""The clocks: the only place that asks what time it is.

Everything else takes the instant from its unit of work (`Work.now`), which for a test organization
is the frozen time of its test clock, and for a live one what the installation's clock shows. That is the
system's clock, unless `CONTO_CLOCK_FILE` names a file that tells another time, for rehearsing on a whole
installation: what its workers, its API and its commands do, they do at that time.

Pauses before another try, and leases, go by the machine's own clock whatever the file tells.
"""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

EXPECTED = "an instant with its offset to UTC, as 2024-03-05T12:00:00Z, or seconds with a sign, as +86400"
_SECONDS = re.compile(r"[+-]\d{1,10}", re.ASCII)

_file: Path | None = None


def system_now() -> datetime:
    """The present instant of the installation, in UTC."""
    return machine_now() if _file is None else told_by(_file)


def machine_now() -> datetime:
    """The present instant of this machine, in UTC, for what must go on by real time."""
    return datetime.now(UTC)


def follow(file: Path | None) -> None:
    """Have this process go by the file from now on, or with None by the system's clock.

    Raises:
        OSError: the file cannot be read.
        ValueError: it tells no time.
    """
    global _file
    if file is not None:
        told_by(file)
    _file = file


def told_by(file: Path) -> datetime:
    """The instant that the file tells now: where the clock stands, or the machine's time moved by so many seconds.

    Whoever changes it puts another file in its place, so that none is read half-written.
    """
    return parsed(file.read_text())


def parsed(text: str) -> datetime:
    """The instant that the text means now.

    Raises:
        ValueError: it means none.
    """
    text = text.strip()
    try:
        if _SECONDS.fullmatch(text):
            return machine_now() + timedelta(seconds=int(text))
        instant = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise ValueError(EXPECTED) from None
    if instant.tzinfo is None:
        raise ValueError(EXPECTED)
    return instant.astimezone(UTC)
