"""Documents kept by path in a store (a folder, S3, GCS, Azure), and the signed links that fetch them.

The links are our own, so that they are the same over every store: they name the path, the second at
which they end, and a signature over both.
"""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote, urlencode

import obstore
from obstore.store import ObjectStore, from_url

from conto.secrets import Secrets

PURPOSE = "file links"


@dataclass(frozen=True, slots=True)
class Files:
    """The store of documents, and the lifetime of links to them."""

    store: ObjectStore
    secrets: Secrets
    public_url: str
    link_seconds: int

    async def put(self, path: str, content: bytes) -> None:
        """Keep `content` at `path`, in place of what was there."""
        await obstore.put_async(self.store, path, content)

    async def get(self, path: str) -> bytes:
        """What is kept at `path`.

        Raises:
            FileNotFoundError: nothing is.
        """
        answer = await obstore.get_async(self.store, path)
        return bytes(await answer.bytes_async())

    async def paths(self) -> list[str]:
        """The paths of all that is kept."""
        return await asyncio.to_thread(lambda: [found["path"] for some in obstore.list(self.store) for found in some])

    async def stream(self, path: str) -> tuple[int, AsyncIterator[bytes]]:
        """Size in bytes and content, in pieces, of what is kept at `path`.

        Raises:
            FileNotFoundError: nothing is.
        """
        answer = await obstore.get_async(self.store, path)
        return answer.meta["size"], _pieces(answer)

    def link(self, path: str, now: datetime) -> str:
        """An address that fetches `path` until `link_seconds` after `now`, an instant of the system's clock."""
        ends = int((now + timedelta(seconds=self.link_seconds)).timestamp())
        query = urlencode({"expires": ends, "signature": self.secrets.sign(PURPOSE, f"{path}\n{ends}")})
        return f"{self.public_url}/files/{quote(path)}?{query}"

    def permits(self, path: str, expires: str, signature: str, now: datetime) -> bool:
        """Whether a link with these parts was made here and has not ended."""
        if not (expires.isascii() and expires.isdigit() and len(expires) < 20):
            return False
        return self.secrets.verify(PURPOSE, f"{path}\n{expires}", signature) and int(expires) > now.timestamp()


async def _pieces(answer: "obstore.GetResult") -> AsyncIterator[bytes]:
    async for piece in answer.stream(min_chunk_size=256 * 1024):
        yield bytes(piece)


def open_files(url: str, secrets: Secrets, public_url: str, link_seconds: int) -> Files:
    """The store that `url` names; a local folder is made where it is missing."""
    store = from_url(url, mkdir=True) if url.startswith("file:") else from_url(url)
    return Files(store, secrets, public_url, link_seconds)
