"""Logos as they are sent: a data URI that holds a PNG or JPEG file in base64 (chapter 10 §3)."""

import base64
import binascii
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated

from conto.schemas.fields import ruled
from conto.schemas.rules import Refused, Rule

MOST_BYTES = 800 * 1024
LONGEST = 4 * MOST_BYTES // 3 + 100
"""Characters of the longest data URI that can hold a logo."""

MOST_PIXELS = 16_000_000
"""A small file can open out into an image that fills the memory of whoever draws it."""

DATA_URI = re.compile(r"data:(image/(?:png|jpeg|jpg));base64,", re.IGNORECASE)
PNG = b"\x89PNG\r\n\x1a\n"
JPEG = b"\xff\xd8"
JPEG_END = b"\xff\xd9"
START_OF_SCAN = 0xDA
FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""JPEG's markers of segments that tell the size of the image."""


@dataclass(frozen=True, slots=True)
class LogoFile:
    """The content of an image file, and the extension that fits it."""

    content: bytes
    extension: str


def logo_file(text: str) -> LogoFile:
    """The image that a data URI holds; its bytes are looked at, not only what they are said to be.

    Raises:
        Refused: `invalid_content_type`, it is no PNG or JPEG as declared; `invalid_size`, it has more than
            800 kB or 16 million pixels.
    """
    declared = DATA_URI.match(text)
    if declared is None:
        raise Refused("invalid_content_type")
    encoded = text[declared.end() :]
    if len(encoded) > LONGEST:
        raise Refused("invalid_size")
    try:
        content = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        raise Refused("invalid_content_type") from None
    if len(content) > MOST_BYTES:
        raise Refused("invalid_size")
    extension = "png" if declared[1].lower() == "image/png" else "jpg"
    refuse_other_than(content, png_size if extension == "png" else jpeg_size)
    return LogoFile(content, extension)


def refuse_other_than(content: bytes, size_of: Callable[[bytes], tuple[int, int] | None]) -> None:
    """Refuse what is no whole image of the format that `size_of` reads, or one that is too large."""
    size = size_of(content)
    if size is None or 0 in size:
        raise Refused("invalid_content_type")
    if size[0] * size[1] > MOST_PIXELS:
        raise Refused("invalid_size")


def png_size(content: bytes) -> tuple[int, int] | None:
    """Width and height of a PNG file in pixels; None if it is none, or cut short, or damaged."""
    names: list[bytes] = []
    if content.startswith(PNG):
        names.extend(png_chunks(content))
    if not names or names[0] != b"IHDR" or b"IDAT" not in names or names[-1] != b"IEND":
        return None
    return int.from_bytes(content[16:20]), int.from_bytes(content[20:24])


def png_chunks(content: bytes) -> Iterator[bytes]:
    """The names of a PNG's chunks up to its last, or up to one whose checksum is wrong."""
    place = len(PNG)
    while place + 12 <= len(content):
        end = place + 8 + int.from_bytes(content[place : place + 4])
        if zlib.crc32(content[place + 4 : end]) != int.from_bytes(content[end : end + 4]):
            return
        name = content[place + 4 : place + 8]
        yield name
        if name == b"IEND":
            return
        place = end + 4


def jpeg_size(content: bytes) -> tuple[int, int] | None:
    """Width and height of a JPEG file in pixels; None if it is none, or cut short."""
    if not content.startswith(JPEG) or JPEG_END not in content:
        return None
    size, place = None, len(JPEG)
    while place + 4 <= len(content) and content[place] == 0xFF:
        marker = content[place + 1]
        if marker == 0xFF:
            place += 1
            continue
        if marker == START_OF_SCAN:
            return size
        segment = content[place + 2 : place + 9]
        if marker in FRAMES and len(segment) == 7:
            size = int.from_bytes(segment[5:7]), int.from_bytes(segment[3:5])
        place += 2 + int.from_bytes(segment[:2])
    return None


def checked(value: object) -> str:
    """The data URI, if it holds a logo.

    Raises:
        Refused: as `logo_file`.
    """
    if not isinstance(value, str):
        raise Refused("invalid_content_type")
    text = value.strip()
    logo_file(text)
    return text


Logo = Annotated[str, ruled(Rule(checked), {"format": "uri"})]
"""A logo, which `logo_file` opens."""
