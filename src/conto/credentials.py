"""Credentials: what the first start makes and later starts find, in `credentials.json` of CONTO_DATA."""

import fcntl
import json
import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from conto.settings import SECRET_KEY_CHARACTERS, Settings

FILE = "credentials.json"
LOCK = "credentials.lock"
NAMES = ("secret_key", "admin_key", "api_key", "organization_id")


class CredentialsError(Exception):
    """The file of credentials cannot be used; the message says which and why in one line."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """The keys in force, and the first organization's API key and id once it has been made."""

    secret_key: str = field(repr=False)
    admin_key: str = field(repr=False)
    api_key: str | None = field(repr=False, default=None)
    organization_id: str | None = None


def load_or_create(settings: Settings) -> Credentials:
    """The credentials: of the environment, else those kept, else new ones, which are then kept.

    Of several first starts at once all get the same.

    Raises:
        CredentialsError: the file cannot be read or written.
    """
    stored = read(settings.data)
    if not all((settings.secret_key or "secret_key" in stored, settings.admin_key or "admin_key" in stored)):
        stored = add_missing_keys(settings)
    return Credentials(
        secret_key=settings.secret_key or stored["secret_key"],
        admin_key=settings.admin_key or stored["admin_key"],
        api_key=stored.get("api_key"),
        organization_id=stored.get("organization_id"),
    )


def remember(settings: Settings, *, api_key: str, organization_id: str) -> None:
    """Keep the first organization's API key and id, in place of those kept before.

    Raises:
        CredentialsError: the file cannot be read or written.
    """
    with locked(settings.data):
        write(settings.data, {**read(settings.data), "api_key": api_key, "organization_id": organization_id})


def add_missing_keys(settings: Settings) -> dict[str, str]:
    """Keep new keys for those that neither the environment nor the file has; what the file then holds."""
    with locked(settings.data):
        stored = read(settings.data)
        missing = {
            name: secrets.token_urlsafe(48)
            for name, given in (("secret_key", settings.secret_key), ("admin_key", settings.admin_key))
            if not given and name not in stored
        }
        if missing:
            stored = {**stored, **missing}
            write(settings.data, stored)
    return stored


def read(folder: Path) -> dict[str, str]:
    """What the folder's file holds; nothing if there is none."""
    path = folder / FILE
    try:
        stored = json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise CredentialsError(f"The credentials {path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise CredentialsError(f"The credentials {path} are no JSON: restore the file, or move it away.") from error
    if not is_sound(stored):
        raise CredentialsError(f"The credentials {path} are damaged: restore the file, or move it away.")
    return {name: stored[name] for name in NAMES if name in stored}


def is_sound(stored: object) -> bool:
    """Whether the file's content can have been written by us."""
    if not isinstance(stored, dict):
        return False
    values = [stored[name] for name in NAMES if name in stored]
    if not all(isinstance(value, str) and value for value in values):
        return False
    return "secret_key" not in stored or len(stored["secret_key"]) >= SECRET_KEY_CHARACTERS


def write(folder: Path, stored: dict[str, str]) -> None:
    """Replace the folder's file as a whole; readable by its owner only."""
    path = folder / FILE
    try:
        descriptor, made = tempfile.mkstemp(prefix=f".{FILE}-", dir=folder)
        try:
            with open(descriptor, "w") as file:
                json.dump(stored, file, indent=2)
                file.write("\n")
                file.flush()
                os.fsync(file.fileno())
            os.replace(made, path)
        except BaseException:
            os.unlink(made)
            raise
    except OSError as error:
        raise CredentialsError(f"The credentials {path} cannot be written: {error.strerror}.") from error


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the folder's file of credentials against other processes; the folder is made if it is missing."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise CredentialsError(f"The folder {folder} cannot be used: {error.strerror}.") from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
