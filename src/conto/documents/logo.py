"""The logo that heads a document: which images may be drawn."""

from collections.abc import Iterator

MOST_BYTES = 1_000_000
MOST_PIXELS = 12_000_000
"""An image is unpacked while the document is set: this holds the memory to some 50 MB."""

_PNG = b"\x89PNG\r\n\x1a\n"
_JPEG = b"\xff\xd8"
_JPEG_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}


def drawable(content: bytes) -> bool:
    """Whether the content is, by its head, a PNG or JPEG file of a size that can be drawn."""
    size = _png_size(content) or _jpeg_size(content)
    return size is not None and len(content) <= MOST_BYTES and 0 < size[0] * size[1] <= MOST_PIXELS


def _png_size(content: bytes) -> tuple[int, int] | None:
    """Width and height: the first chunk of a PNG file begins with them."""
    if not content.startswith(_PNG) or content[12:16] != b"IHDR" or len(content) < 24:
        return None
    return int.from_bytes(content[16:20]), int.from_bytes(content[20:24])


def _jpeg_size(content: bytes) -> tuple[int, int] | None:
    """Width and height: the head of the first frame of a JPEG file has them."""
    if not content.startswith(_JPEG):
        return None
    for marker, segment in _segments(content):
        if marker in _JPEG_FRAMES and len(segment) >= 5:
            return int.from_bytes(segment[3:5]), int.from_bytes(segment[1:3])
    return None


def _segments(content: bytes) -> Iterator[tuple[int, bytes]]:
    """The marker and body of each segment of a JPEG file, as far as they are well formed."""
    place = 2
    while place + 4 <= len(content) and content[place] == 0xFF:
        if content[place + 1] == 0xFF:  # Markers may be preceded by any number of these.
            place += 1
            continue
        length = int.from_bytes(content[place + 2 : place + 4])
        if length < 2:
            return
        yield content[place + 1], content[place + 4 : place + 2 + length]
        place += 2 + length
