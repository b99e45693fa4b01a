"""The typefaces of documents, and which characters they can print."""

import unicodedata
from functools import cache
from typing import Any

import fontpkg_noto_sans
import typst
from fontTools.ttLib import TTFont

FAMILIES = (fontpkg_noto_sans.FAMILY,)
FOLDERS = (fontpkg_noto_sans.ROOT / "files",)

REPLACEMENT = "\ufffd"
LINE_ENDS = {"\r\n": "\n", "\r": "\n", "\x85": "\n", "\u2028": "\n", "\u2029": "\n", "\t": " "}
JOINERS = frozenset("\u00ad\u200c\u200d")


@cache
def fonts() -> typst.Fonts:
    """The documents' fonts, read once a process; nothing of the system's, so each machine sets the same page."""
    return typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[str(folder) for folder in FOLDERS]
    )


@cache
def covered() -> frozenset[str]:
    """The characters that the fonts have in every style."""
    families: dict[str, list[set[int]]] = {}
    for info in fonts().fonts():
        with TTFont(info.path, fontNumber=info.index, lazy=True) as font:
            families.setdefault(info.family, []).append(set(font.getBestCmap() or ()))
    points = set().union(*(set.intersection(*styles) for styles in families.values()))
    return frozenset(char for char in map(chr, points) if unicodedata.category(char) not in ("Cc", "Cf", "Cs"))


def printable(data: Any) -> Any:
    """The same data with each string fit to print.

    PDF/A refuses a document with a character that no font has: those are printed as in compatibility forms
    (full-width letters as plain ones) or as U+FFFD. Control characters, and marks that would turn the
    direction of the line around, are dropped.
    """
    if isinstance(data, str):
        return _printable_text(data)
    if isinstance(data, list):
        return [printable(value) for value in data]
    if isinstance(data, dict):
        return {key: printable(value) for key, value in data.items()}
    return data


def _printable_text(text: str) -> str:
    if covered().issuperset(text):
        return text
    for end, plain in LINE_ENDS.items():
        text = text.replace(end, plain)
    return "".join(map(_printable_char, text))


@cache
def _printable_char(char: str) -> str:
    if char in covered() or char == "\n" or char in JOINERS:
        return char
    if unicodedata.category(char) in ("Cc", "Cf") or "\ufe00" <= char <= "\ufe0f":
        return ""
    plain = unicodedata.normalize("NFKC", char)
    return plain if covered().issuperset(plain) else REPLACEMENT
