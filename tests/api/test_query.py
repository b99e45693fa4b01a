"""Query strings and pages (chapter 01 §1.4, §4)."""

from contextlib import suppress
from typing import Any

import pytest
from fake_api import TaxFilters, client
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET

from conto.api.pagination import MAX_PAGE, Page, PaginationMeta, meta, page_of
from conto.api.query import Query, parsed
from conto.errors import BadRequest, Invalid

API = "/api/v1"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (b"", {}),
        (b"a=1&b=2", {"a": "1", "b": "2"}),
        (b"a=1&a=2", {"a": "2"}),
        (b"a[]=1&a[]=2", {"a": ["1", "2"]}),
        (b"a%5B%5D=1&a%5B%5D=2", {"a": ["1", "2"]}),
        (b"a[]=&a[]=x", {"a": ["x"]}),
        (b"metadata[region]=eu&metadata[x]=", {"metadata": {"region": "eu", "x": ""}}),
        (b"group[a][]=x&group[a][]=y&group[b]=z", {"group": {"a": ["x", "y"], "b": "z"}}),
        (b"group[a]=x&group[a][]=y", {"group": {"a": ["y"]}}),
        (b"a=%C3%A9+b%20c", {"a": "é b c"}),
        (b"a=1&a[]=2&a[k]=3", {"a": {"k": "3"}}),
        (b"[]=1&[=2&a[=3&a]=4", {"[]": "1", "[": "2", "a[": "3", "a]": "4"}),
        (b"a", {"a": ""}),
        (b"a=%zz", {"a": "%zz"}),
    ],
)
def test_query_strings(text: bytes, found: dict[str, Any]):
    assert parsed(text) == found


@pytest.mark.parametrize("text", [b"a=%FF", b"a=\xff", b"&".join([b"a=1"] * 3000)])
def test_what_cannot_be_read_is_a_bad_request(text: bytes):
    with pytest.raises(BadRequest):
        parsed(text)


@settings(deadline=None)
@given(st.binary())
def test_no_query_string_breaks_the_reader(text: bytes):
    with suppress(BadRequest, Invalid):
        found = parsed(text)
        assert page_of(found).page >= 1
        assert isinstance(Query(TaxFilters, found).read(), TaxFilters)


def filters(text: bytes) -> TaxFilters:
    return Query(TaxFilters, parsed(text)).read()


def test_filters_are_read_like_inputs():
    found = filters(b"codes[]=a&codes[]=b&status=on&since=2024-01-01&metadata[k]=v&unknown=1")
    assert (found.codes, found.status, found.metadata) == (["a", "b"], "on", {"k": "v"})


def test_one_plain_value_is_a_list_of_one():
    assert filters(b"codes=a").codes == ["a"]


def test_blank_filters_are_absent():
    assert filters(b"codes=&status=&since=%20") == TaxFilters()
    assert filters(b"codes[]=").codes is UNSET


def test_a_list_for_a_scalar_is_absent():
    assert filters(b"status[]=nonsense") == TaxFilters()


@pytest.mark.parametrize(
    ("text", "details"),
    [
        ("status=x", {"status": ["value_is_invalid"]}),
        ("status=o%00n", {"status": ["value_is_invalid"]}),
        ("codes[]=%00", None),
        ("codes[]=a%00", {"codes": ["value_is_invalid"]}),
        ("since=x&status=y", {"since": ["invalid_date"], "status": ["value_is_invalid"]}),
    ],
)
async def test_bad_filters_are_told(text: str, details: dict[str, Any] | None):
    async with client() as http:
        answer = await http.get(f"{API}/taxes?{text}")
    assert answer.status_code == 422
    if details:
        assert answer.json()["error_details"] == details


async def test_a_page_of_a_list():
    async with client() as http:
        answer = await http.get(f"{API}/taxes?page=2&per_page=2")
        absurd = await http.get(f"{API}/taxes?page={10**30}&per_page={10**30}")
    assert [tax["code"] for tax in answer.json()["taxes"]] == ["c"]
    assert answer.json()["meta"] == {
        "current_page": 2,
        "next_page": None,
        "prev_page": 1,
        "total_pages": 2,
        "total_count": 3,
    }
    assert absurd.json()["taxes"] == []


@pytest.mark.parametrize(
    ("raw", "page"),
    [
        ({}, Page(1, 100)),
        ({"page": "3", "per_page": "20"}, Page(3, 20)),
        ({"page": "0", "per_page": "0"}, Page(1, 100)),
        ({"page": "-1", "per_page": "-1"}, Page(1, 100)),
        ({"page": "x", "per_page": "x"}, Page(1, 100)),
        ({"page": "٣", "per_page": "1.5"}, Page(1, 100)),
        ({"page": ["2"], "per_page": {"a": "2"}}, Page(1, 100)),
        ({"page": "9" * 5000, "per_page": "9" * 5000}, Page(MAX_PAGE, 1000)),
        ({"page": "0" * 5000 + "2", "per_page": "1001"}, Page(2, 1000)),
    ],
)
def test_pages(raw: dict[str, Any], page: Page):
    assert page_of(raw) == page
    assert page.offset < 2**63


@pytest.mark.parametrize(
    ("page", "total", "expected"),
    [
        (Page(1, 10), 0, (0, None, None, 0, 0)),
        (Page(7, 10), 0, (0, None, None, 0, 0)),
        (Page(1, 10), 10, (1, None, None, 1, 10)),
        (Page(1, 10), 25, (1, 2, None, 3, 25)),
        (Page(2, 10), 25, (2, 3, 1, 3, 25)),
        (Page(3, 10), 25, (3, None, 2, 3, 25)),
        (Page(5, 10), 25, (5, None, 4, 3, 25)),
    ],
)
def test_meta(page: Page, total: int, expected: tuple[int | None, ...]):
    current, following, previous, pages, count = expected
    assert meta(page, total) == PaginationMeta(
        current_page=current or 0,
        next_page=following,
        prev_page=previous,
        total_pages=pages or 0,
        total_count=count or 0,
    )
