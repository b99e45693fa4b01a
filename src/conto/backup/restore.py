"""Restore a backup: its documents, its keys and its tables, into a server that holds nothing yet."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

import msgspec

from conto import credentials as keys
from conto.backup import archive
from conto.backup.archive import Archive, ArchiveError, Manifest
from conto.backup.create import FILES_AT_ONCE, key_check
from conto.backup.load import loaded, refuse_unknown, refuse_unless_free
from conto.files import Files, open_files
from conto.secrets import Secrets
from conto.settings import SECRET_KEY_CHARACTERS, Settings


@dataclass(frozen=True, slots=True)
class Choice:
    """Which secret key the restored server will have, and what its file of credentials is to hold, if it changes."""

    secret_key: str
    to_keep: dict[str, str] | None


async def restore(settings: Settings, url: str, path: Path, *, replace: bool = False) -> Manifest:
    """Restore the backup at `path`; what it held.

    All of it is read and checked first. `url` is the database's owner's. Data that are there already stay,
    and nothing is restored, unless `replace` is asked.

    Raises:
        ArchiveError: the backup is damaged or of a newer version, the database is not free, or the keys
            are not those of the backup.
        CredentialsError: the file of credentials cannot be read or written.
    """
    with archive.opened(path) as found:
        refuse_unknown(found.manifest)
        choice = choose_keys(settings, found, replace=replace)
        await refuse_unless_free(url, replace=replace)
        await asyncio.to_thread(found.verify)
        secrets = Secrets(choice.secret_key)
        await put_files(found, open_files(settings.files_url, secrets, settings.public_url, settings.link_seconds))
        async with loaded(url, found, replace=replace):
            # Before the commit: data whose keys are lost would be of no use.
            if choice.to_keep is not None:
                with keys.locked(settings.data):
                    keys.write(settings.data, choice.to_keep)
        return found.manifest


def choose_keys(settings: Settings, found: Archive, *, replace: bool) -> Choice:
    """The keys to go on with: those of the environment or the data folder if they are the backup's, else its own.

    Raises:
        ArchiveError: there are others, or the backup has none and they are not known.
    """
    own = stored_keys(found)
    present = keys.read(settings.data)
    known = settings.secret_key or present.get("secret_key")
    if known is not None and fits(known, found.manifest):
        return Choice(known, {**present, **own} if own else None)
    if settings.secret_key is not None:
        raise ArchiveError("The backup was taken under another CONTO_SECRET_KEY than the one that is set.")
    if own is None:
        raise ArchiveError("The backup holds no keys: set CONTO_SECRET_KEY to that of the server it was taken from.")
    if known is not None and not replace:
        raise ArchiveError(f"{settings.data} holds other keys: restore into an empty folder; --replace replaces them.")
    return Choice(own["secret_key"], own)


def stored_keys(found: Archive) -> dict[str, str] | None:
    """The keys that the backup holds, if any.

    Raises:
        ArchiveError: they are damaged.
    """
    content = found.manifest.credentials
    if content is None:
        return None
    stored = msgspec.json.decode(found.open(content).read())
    if not keys.is_sound(stored) or not fits(stored.get("secret_key", ""), found.manifest):
        raise ArchiveError(f"The backup {found.path} is damaged: its keys are not those it was taken under.")
    return stored


def fits(secret_key: str, manifest: Manifest) -> bool:
    """Whether the backup was taken under this secret key."""
    return len(secret_key) >= SECRET_KEY_CHARACTERS and key_check(secret_key, manifest.taken_at) == manifest.key_check


async def put_files(found: Archive, files: Files) -> None:
    """Keep all documents of the backup; those that are there already are written again."""
    contents = found.manifest.files
    for start in range(0, len(contents), FILES_AT_ONCE):
        some = contents[start : start + FILES_AT_ONCE]
        await asyncio.gather(*(files.put(file.path, found.open(file.content).read()) for file in some))
