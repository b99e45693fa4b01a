"""The typefaces of documents, and which characters they can print.

Chinese, Japanese and Korean need a large typeface, which is an extra of its own. Where it is missing,
documents are made as well; its characters are then printed as U+FFFD.
"""

import unicodedata
from collections.abc import Iterable
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import fontpkg_noto_sans
import typst
from fontTools.ttLib import TTFont

LATIN = fontpkg_noto_sans.FAMILY
EAST_ASIAN_PACKAGE = "manimgx_fonts_cjk"
EAST_ASIAN_FILE = "NotoSansCJK-VF.otf.ttc"
EAST_ASIAN = "Noto Sans CJK"
"""The families of the large typeface begin so; each draws every character, in the forms usual in its region."""

REGIONS = {"TW": "TC", "HK": "HK", "MO": "HK", "CN": "SC", "SG": "SC", "MY": "SC", "JP": "JP", "KR": "KR", "KP": "KR"}
"""Which family draws the forms that readers in a country expect."""

REPLACEMENT = "\ufffd"
LINE_ENDS = {"\r\n": "\n", "\r": "\n", "\x85": "\n", "\u2028": "\n", "\u2029": "\n", "\t": " "}
JOINERS = frozenset("\u00ad\u200c\u200d")


@cache
def east_asian_folder() -> Path | None:
    """Where the large typeface is; None where its package is not installed."""
    found = find_spec(EAST_ASIAN_PACKAGE)
    if found is None or found.origin is None:
        return None
    folder = Path(found.origin).parent
    return folder if (folder / EAST_ASIAN_FILE).is_file() else None


@cache
def fonts() -> typst.Fonts:
    """The documents' fonts, found once a process; nothing of the system's, so each machine sets the same page."""
    folders = [fontpkg_noto_sans.ROOT / "files", east_asian_folder()]
    return typst.Fonts(
        include_system_fonts=False,
        include_embedded_fonts=False,
        font_paths=[str(folder) for folder in folders if folder is not None],
    )


def families(locale_country: str | None, countries: Iterable[str | None]) -> list[str]:
    """The families of a document, the first first.

    Characters that China, Japan and Korea share are drawn as the locale's country writes them, else as the
    first of `countries` that writes with them. One family a document: each is read into memory as a whole.
    """
    if east_asian_folder() is None:
        return [LATIN]
    regions = [REGIONS[country] for country in (locale_country, *countries) if country in REGIONS]
    return [LATIN, f"{EAST_ASIAN} {regions[0] if regions else 'TC'}"]


@cache
def covered() -> frozenset[str]:
    """The characters that the first typeface has in every style: all that most documents consist of."""
    styles = [info for info in fonts().fonts() if info.family == LATIN and info.path]
    return frozenset.intersection(*(_characters(str(style.path), style.index) for style in styles))


@cache
def covered_widely() -> frozenset[str]:
    """The characters that any typeface has. Its families share one set of characters, so one is read."""
    folder = east_asian_folder()
    return covered() if folder is None else covered() | _characters(folder / EAST_ASIAN_FILE, 0)


def _characters(path: str | Path, index: int) -> frozenset[str]:
    with TTFont(path, fontNumber=index, lazy=True) as font:
        points = font.getBestCmap() or ()
        return frozenset(char for char in map(chr, points) if unicodedata.category(char) not in ("Cc", "Cf", "Cs"))


def prints(text: str) -> bool:
    """Whether the fonts have every character of the text."""
    return covered().issuperset(text) or covered_widely().issuperset(text)


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
    if unicodedata.category(char) in ("Cc", "Cf") or _selects_a_variant(char):
        return ""
    if char in covered_widely():
        return char
    plain = unicodedata.normalize("NFKC", char)
    return plain if covered_widely().issuperset(plain) else REPLACEMENT


def _selects_a_variant(char: str) -> bool:
    return "\ufe00" <= char <= "\ufe0f" or "\U000e0100" <= char <= "\U000e01ef"
