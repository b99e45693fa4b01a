"""Pages of lists, and the `meta` that tells where one stands (chapter 01 §4.1, §4.2)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

DEFAULT_PER_PAGE = 100
MAX_PER_PAGE = 1000
MAX_PAGE = 10**9
DIGITS_READ = 12


@dataclass(frozen=True, slots=True)
class Page:
    """The part of a list that is asked for; `page` counts from 1."""

    page: int = 1
    per_page: int = DEFAULT_PER_PAGE

    def __post_init__(self) -> None:
        assert 1 <= self.page <= MAX_PAGE
        assert 1 <= self.per_page <= MAX_PER_PAGE

    @property
    def offset(self) -> int:
        """How many objects come before the page."""
        return (self.page - 1) * self.per_page

    @property
    def limit(self) -> int:
        """How many objects the page holds at most."""
        return self.per_page


class PaginationMeta(msgspec.Struct, kw_only=True):
    """Where a page stands in its list."""

    current_page: int
    next_page: int | None
    prev_page: int | None
    total_pages: int
    total_count: int


def page_of(raw: Mapping[str, Any]) -> Page:
    """The page that query parameters ask for; what is no number above 0 counts as not given."""
    return Page(
        page=min(positive(raw.get("page"), 1), MAX_PAGE),
        per_page=min(positive(raw.get("per_page"), DEFAULT_PER_PAGE), MAX_PER_PAGE),
    )


def positive(value: Any, default: int) -> int:
    """The number above 0 that a text is, any longer one cut to a large number, else the default."""
    if not isinstance(value, str):
        return default
    digits = value.strip()
    if not digits.isascii() or not digits.isdigit():
        return default
    significant = digits.lstrip("0")
    if len(significant) > DIGITS_READ:
        return 10**DIGITS_READ
    return int(significant or "0") or default


def meta(page: Page, total_count: int) -> PaginationMeta:
    """The `meta` of a page of a list that has `total_count` objects in all."""
    if total_count == 0:
        return PaginationMeta(current_page=0, next_page=None, prev_page=None, total_pages=0, total_count=0)
    total_pages = -(-total_count // page.per_page)
    return PaginationMeta(
        current_page=page.page,
        next_page=page.page + 1 if page.page < total_pages else None,
        prev_page=page.page - 1 if page.page > 1 else None,
        total_pages=total_pages,
        total_count=total_count,
    )
