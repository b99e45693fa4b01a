"""Take a backup: the database at one instant, then the documents, so that every one that it names is there."""

import asyncio
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import msgspec

from conto import __version__
from conto.backup import archive
from conto.backup.archive import CREDENTIALS, FORMAT, MANIFEST, ArchiveError, Content, FileContent, Manifest, Writer
from conto.backup.dump import snapshot
from conto.clock import system_now
from conto.credentials import Credentials
from conto.files import Files
from conto.secrets import Secrets

FILES_AT_ONCE = 16
KEY_PURPOSE = "backup"


@dataclass(frozen=True, slots=True)
class Taken:
    """A backup that was taken."""

    path: Path
    manifest: Manifest


def place(given: Path, now: datetime) -> Path:
    """Where a backup goes: to the file named, or into the folder named under a name that says when it was taken."""
    return given / f"conto-{now:%Y%m%dT%H%M%SZ}.tar" if given.is_dir() else given


async def back_up(url: str, files: Files, credentials: Credentials, path: Path, *, with_keys: bool = True) -> Taken:
    """Write a backup of the database at `url`, the owner's, and of the documents; the server may go on meanwhile.

    Without the keys it can be restored only where CONTO_SECRET_KEY is known.

    Raises:
        ArchiveError: the file cannot be written, or the database has no schema of ours.
    """
    now = system_now()
    path = place(path, now)
    with archive.written(path) as writer:
        async with snapshot(url) as database:
            revision = await database.revision()
            if revision is None:
                raise ArchiveError("The database is empty: there is nothing to back up.")
            tables = await database.add_tables(writer)
            sequences = await database.sequences()
            named = await database.named_files()
            postgresql = await database.server_version()
        # Documents are kept before they are named, so those of the snapshot are all in the store by now.
        contents = await add_files(writer, files, named)
        manifest = Manifest(
            format=FORMAT,
            version=__version__,
            revision=revision,
            taken_at=now.isoformat(),
            postgresql=postgresql,
            key_check=key_check(credentials.secret_key, now.isoformat()),
            tables=tables,
            sequences=sequences,
            files=contents,
            missing=sorted(named - {file.path for file in contents}),
            credentials=add_keys(writer, credentials) if with_keys else None,
        )
        writer.add_bytes(MANIFEST, msgspec.json.format(msgspec.json.encode(manifest)))
    return Taken(path, manifest)


def key_check(secret_key: str, taken_at: str) -> str:
    """What tells the secret key of a backup, without telling the key."""
    return Secrets(secret_key).sign(KEY_PURPOSE, taken_at)


def add_keys(writer: Writer, credentials: Credentials) -> Content:
    """Add the keys in force, in the form of the server's own file."""
    kept = {name: value for name, value in asdict(credentials).items() if value is not None}
    return writer.add_bytes(CREDENTIALS, msgspec.json.encode(kept))


async def add_files(writer: Writer, files: Files, named: Iterable[str]) -> list[FileContent]:
    """Add all documents of the store, and of those `named` what the listing left out."""
    paths = sorted({*named, *await files.paths()})
    found: list[FileContent] = []
    for start in range(0, len(paths), FILES_AT_ONCE):
        some = paths[start : start + FILES_AT_ONCE]
        for path, content in zip(some, await asyncio.gather(*(read(files, path) for path in some)), strict=True):
            if content is not None:
                found.append(FileContent(path=path, content=writer.add_bytes(f"files/{path}", content)))
    return found


async def read(files: Files, path: str) -> bytes | None:
    """The document at `path`, None where there is none any more."""
    try:
        return await files.get(path)
    except FileNotFoundError:
        return None
