"""The file of a backup: a tar with the tables, the documents, the keys, and a manifest that comes last.

    tables/SCHEMA.TABLE.gz   rows as PostgreSQL's COPY writes them, as text
    files/PATH               documents, by their path in the store
    credentials.json         the server's keys, unless they were left out
    manifest.json            what there is, with checksums; without it the file is no whole backup

The file is written beside its place under another name, and moved there when it is whole. It holds keys
and everybody's data, so only its owner may read it.
"""

import hashlib
import io
import os
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

import msgspec
from msgspec import Struct

FORMAT = 1
MANIFEST = "manifest.json"
CREDENTIALS = "credentials.json"
PIECE = 1024 * 1024


class ArchiveError(Exception):
    """The file of a backup cannot be written or used; the message says why in one line."""


class Content(Struct, kw_only=True, frozen=True):
    """A member of the tar: its name, size in bytes, and SHA-256."""

    name: str
    size: int
    sha256: str


class TableContent(Struct, kw_only=True, frozen=True):
    """A table's rows."""

    schema: str
    name: str
    columns: list[str]
    rows: int
    content: Content


class FileContent(Struct, kw_only=True, frozen=True):
    """A document, by its path in the store."""

    path: str
    content: Content


class Manifest(Struct, kw_only=True, frozen=True):
    """What a backup holds.

    `revision` is the schema's, `sequences` the last values of the database's sequences. `key_check` tells
    whether a secret key is the one that the stored secrets were encrypted with. `missing` are documents
    that the database names and the store did not have.
    """

    format: int
    version: str
    revision: str
    taken_at: str
    postgresql: str
    key_check: str
    tables: list[TableContent]
    sequences: dict[str, int]
    files: list[FileContent]
    missing: list[str]
    credentials: Content | None


class Writer:
    """Adds members to a new backup."""

    def __init__(self, tar: tarfile.TarFile, folder: Path) -> None:
        self.tar = tar
        self.folder = folder
        """Where parts of the backup may lie until they are added: there is room for them."""

    def add(self, name: str, content: IO[bytes]) -> Content:
        """Add all that `content` has from its beginning."""
        content.seek(0, os.SEEK_END)
        member = tarfile.TarInfo(name)
        member.size, member.mode = content.tell(), 0o600
        content.seek(0)
        counted = Hashing(content)
        self.tar.addfile(member, cast("IO[bytes]", counted))
        return Content(name=name, size=member.size, sha256=counted.hash.hexdigest())

    def add_bytes(self, name: str, content: bytes) -> Content:
        """Add these bytes."""
        return self.add(name, io.BytesIO(content))


class Hashing:
    """Reads a file and hashes what was read."""

    def __init__(self, file: IO[bytes]) -> None:
        self.file = file
        self.hash = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        """The next bytes."""
        piece = self.file.read(size)
        self.hash.update(piece)
        return piece


@contextmanager
def written(path: Path) -> Iterator[Writer]:
    """A new backup at `path`, which is there once the context has ended without an error.

    Raises:
        ArchiveError: something is there already, or it cannot be written.
    """
    unfinished = path.with_name(f".{path.name}.unfinished")
    if path.exists():
        raise ArchiveError(f"{path} is there already.")
    try:
        unfinished.unlink(missing_ok=True)
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with open(descriptor, "wb") as file:
                with tarfile.open(fileobj=file, mode="w") as tar:
                    yield Writer(tar, path.parent)
                file.flush()
                os.fsync(file.fileno())
            unfinished.rename(path)
        finally:
            unfinished.unlink(missing_ok=True)
    except OSError as error:
        raise ArchiveError(f"The backup {path} cannot be written: {error}") from error


class Archive:
    """A backup that is read. Members are found by the manifest alone."""

    def __init__(self, path: Path, tar: tarfile.TarFile) -> None:
        self.path = path
        self.tar = tar
        self.manifest = self._manifest()

    def _manifest(self) -> Manifest:
        try:
            found = msgspec.json.decode(self._open(MANIFEST).read())
            format_ = found.get("format") if isinstance(found, dict) else None
            if format_ != FORMAT:
                raise ArchiveError(f"The backup {self.path} has format {format_}; this version reads {FORMAT}.")
            return msgspec.convert(found, Manifest)
        except (KeyError, msgspec.MsgspecError) as error:
            raise ArchiveError(f"{self.path} is no whole backup: its manifest is missing or damaged.") from error

    def _open(self, name: str) -> IO[bytes]:
        file = self.tar.extractfile(name)
        if file is None:
            raise KeyError(name)
        return file

    def contents(self) -> Iterator[Content]:
        """Every member that the manifest names."""
        yield from (table.content for table in self.manifest.tables)
        yield from (file.content for file in self.manifest.files)
        if self.manifest.credentials is not None:
            yield self.manifest.credentials

    def verify(self) -> None:
        """Read all of it once.

        Raises:
            ArchiveError: a member is missing or is not what was written.
        """
        for content in self.contents():
            digest = hashlib.sha256()
            try:
                file = self._open(content.name)
                while piece := file.read(PIECE):
                    digest.update(piece)
            except (KeyError, OSError, tarfile.TarError) as error:
                raise ArchiveError(f"The backup {self.path} is damaged: {content.name} cannot be read.") from error
            if digest.hexdigest() != content.sha256:
                raise ArchiveError(f"The backup {self.path} is damaged: {content.name} is not what was written.")

    def open(self, content: Content) -> IO[bytes]:
        """The member, to be read."""
        return self._open(content.name)


@contextmanager
def opened(path: Path) -> Iterator[Archive]:
    """The backup at `path`.

    Raises:
        ArchiveError: there is none, or it is not whole.
    """
    try:
        with tarfile.open(path, "r:") as tar:
            yield Archive(path, tar)
    except tarfile.TarError as error:
        raise ArchiveError(f"{path} is no whole backup: {error}") from error
    except OSError as error:
        raise ArchiveError(f"The backup {path} cannot be read: {error}") from error
