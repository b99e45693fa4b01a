"""Inputs: what is read, what is forgiven, and that all failing fields are told together (chapter 01 §3.5)."""

import json
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET, Struct, UnsetType

from conto.api.envelope import decoded
from conto.errors import BadRequest, Invalid
from conto.schemas import fields as f
from conto.schemas.reader import Problems, read


class Inner(Struct, kw_only=True):
    code: f.Code
    rate: f.NonNegativeNumber | None | UnsetType = UNSET


class Everything(Struct, kw_only=True):
    text: f.Text | None | UnsetType = UNSET
    trimmed: f.TextOrNull | None | UnsetType = UNSET
    name: f.Mandatory | UnsetType = UNSET
    code: f.Code | UnsetType = UNSET
    reference: f.Identifier | None | UnsetType = UNSET
    identity: f.Identity | None | UnsetType = UNSET
    cents: f.Cents | None | UnsetType = UNSET
    positive: f.PositiveCents | UnsetType = UNSET
    count: f.Count | UnsetType = UNSET
    number: f.Number | None | UnsetType = UNSET
    percent: Annotated[Decimal, f.number(ge=0, le=100)] | UnsetType = UNSET
    flag: f.Flag = False
    loose: f.LooseFlag | None | UnsetType = UNSET
    instant: f.Instant | None | UnsetType = UNSET
    day: f.Day | None | UnsetType = UNSET
    currency: f.CurrencyCode | None | UnsetType = UNSET
    exact_currency: f.ExactCurrencyCode | UnsetType = UNSET
    country: f.CountryCode | None | UnsetType = UNSET
    timezone: f.TimezoneName | None | UnsetType = UNSET
    locale: f.LocaleCode | None | UnsetType = UNSET
    email: f.Email | None | UnsetType = UNSET
    url: f.Url | None | UnsetType = UNSET
    choice: Literal["a", "b"] = "a"
    coded: Annotated[Literal["a", "b"], f.RefusedAs("unsupported_value")] | UnsetType = UNSET
    texts: list[f.Text] | UnsetType = UNSET
    few: Annotated[list[f.Text], f.items(2, invalid="must_be_array")] | UnsetType = UNSET
    inner: Inner | UnsetType = UNSET
    inners: list[Inner] | None | UnsetType = UNSET
    dotted: Annotated[Inner, f.Dotted()] | UnsetType = UNSET
    outer: Annotated[Inner, f.Outer()] | UnsetType = UNSET
    privileges: list[Annotated[Inner, f.Dotted("privilege")]] | UnsetType = UNSET
    map: dict[str, f.Text | None] | UnsetType = UNSET
    raw: f.Raw | UnsetType = UNSET


class Required(Struct, kw_only=True):
    name: f.Mandatory
    cents: f.Cents
    currency: f.CurrencyCode
    choice: Literal["a", "b"]
    texts: list[f.Text]
    inner: Inner


def codes(struct: type[Struct] = Everything, /, **raw: Any) -> dict[str, Any]:
    """What reading the fields reports."""
    with pytest.raises(Invalid) as raised:
        read(struct, raw)
    return raised.value.details


def value(field: str, given: Any) -> Any:
    """What one field is read as."""
    return getattr(read(Everything, {field: given}), field)


def test_everything_that_is_wrong_is_told_at_once():
    assert codes(Required, name=" ", cents="x", choice="c", texts=3, inner={"rate": -1}) == {
        "name": ["value_is_mandatory"],
        "cents": ["value_is_invalid"],
        "currency": ["value_is_mandatory"],
        "choice": ["value_is_invalid"],
        "texts": ["value_is_invalid"],
        "code": ["value_is_mandatory"],
        "rate": ["value_is_out_of_range"],
    }


def test_null_for_a_required_field_is_a_missing_field():
    nothing = dict.fromkeys(("name", "cents", "currency", "choice", "texts", "inner"))
    assert codes(Required, **nothing) == {field: ["value_is_mandatory"] for field in nothing}


def test_null_is_kept_where_it_is_allowed_and_counts_as_absent_elsewhere():
    found = read(Everything, {"text": None, "inners": None, "cents": None, "flag": None, "choice": None, "texts": None})
    assert (found.text, found.inners, found.cents) == (None, None, None)
    assert (found.flag, found.choice, found.texts) == (False, "a", UNSET)


def test_a_mandatory_text_may_be_absent_in_an_update_but_neither_null_nor_blank():
    assert read(Everything, {}).name is UNSET
    for blank in (None, "", "  ", "\0", "\u2003"):
        assert codes(name=blank) == {"name": ["value_is_mandatory"]}
        assert codes(code=blank) == {"code": ["value_is_mandatory"]}


def test_unknown_keys_are_ignored():
    assert read(Everything, {"nonsense": {"a": 1}, "": 2, "text": "t"}).text == "t"


@pytest.mark.parametrize("container", [[], {}, [1], {"a": 1}])
def test_a_scalar_given_an_object_or_array_counts_as_absent(container: Any):
    found = read(Everything, {"cents": container, "text": container, "flag": container, "choice": container})
    assert (found.cents, found.text, found.flag, found.choice) == (UNSET, UNSET, False, "a")
    assert codes(Required, cents=container)["cents"] == ["value_is_mandatory"]


@pytest.mark.parametrize("field", ["cents", "number", "instant", "day", "currency", "country", "email", "url"])
def test_a_blank_text_is_null_for_what_is_no_text(field: str):
    assert value(field, " ") is None


def test_free_text_keeps_its_blanks_and_loses_its_nul_characters():
    assert value("text", "") == ""
    assert value("text", " a\0b ") == " ab "
    assert value("trimmed", " a\0b ") == "ab"
    assert value("trimmed", "  ") is None


def test_a_number_given_for_a_text_is_its_text():
    assert value("text", 12) == "12"
    assert value("text", Decimal("1.50")) == "1.50"
    assert codes(text=True) == {"text": ["value_is_invalid"]}


def test_texts_have_a_limit():
    assert value("text", "é" * 255) == "é" * 255
    assert codes(text="a" * 256, code="a" * 256, few=["a" * 256]) == {
        "text": ["value_is_too_long"],
        "code": ["value_is_too_long"],
        "few": ["value_is_too_long"],
    }


def test_a_code_with_a_nul_character_names_nothing():
    assert codes(code="a\0b", reference="a\0b") == {"code": ["value_is_invalid"], "reference": ["value_is_invalid"]}


@pytest.mark.parametrize("given", [100, "100", " 100 ", "+100", Decimal("1e2"), Decimal("100.0"), "100.00"])
def test_cents_are_whole_numbers_in_any_spelling(given: Any):
    assert value("cents", given) == 100
    assert type(value("cents", given)) is int


@pytest.mark.parametrize("given", ["", True, False, "1.5", Decimal("0.1"), "ten", "1_000", "٣", "0x10", 1.0])
def test_what_is_no_whole_number_is_no_amount(given: Any):
    expected = "value_is_mandatory" if given == "" else "value_is_invalid"
    assert codes(Required, cents=given)["cents"] == [expected]


@pytest.mark.parametrize("given", [10**15 + 1, -(10**15) - 1, 10**400, Decimal("1e999999999"), "9" * 90])
def test_cents_have_bounds(given: Any):
    assert codes(cents=given) == {"cents": ["value_is_out_of_range"]}
    assert value("cents", 10**15) == 10**15
    assert codes(positive=0, count=-1) == {"positive": ["value_is_out_of_range"], "count": ["value_is_out_of_range"]}


def test_a_tiny_fraction_is_no_whole_number():
    assert codes(cents=Decimal("1e-999999999")) == {"cents": ["value_is_invalid"]}
    assert value("cents", Decimal("0e999999999")) == 0


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (1, "1"),
        ("0.10", "0.1"),
        (Decimal("1e3"), "1000"),
        ("1e3", "1000"),
        (".5", "0.5"),
        ("5.", "5"),
        ("-0.0", "0"),
        ("12345678901234567890.12345678901234567891", "12345678901234567890.12345678901234567891"),
    ],
)
def test_numbers_are_exact(given: Any, expected: str):
    assert str(value("number", given)) == expected


@pytest.mark.parametrize(
    "given", [10**20, "1e20", Decimal("1e-21"), "0.123456789012345678901", Decimal("1e999999999"), "-1e9999"]
)
def test_numbers_have_at_most_20_digits_before_and_after_the_point(given: Any):
    assert codes(number=given) == {"number": ["value_is_out_of_range"]}


@pytest.mark.parametrize("given", ["NaN", "Infinity", "-inf", "1,5", "a", True, 1.5, Decimal("NaN"), "1" * 101])
def test_garbage_is_no_number(given: Any):
    assert codes(number=given) == {"number": ["value_is_invalid"]}


def test_bounds_of_a_number_are_its_own():
    assert value("percent", "100") == 100
    assert codes(percent="100.01") == {"percent": ["value_is_out_of_range"]}
    assert codes(percent="-0.01") == {"percent": ["value_is_out_of_range"]}


def test_flags():
    assert [value("flag", given) for given in (True, "true", False, "false")] == [True, True, False, False]
    assert codes(flag=1) == {"flag": ["value_is_invalid"]}
    assert [value("loose", given) for given in ("1", 1, "t", "on", "TRUE")] == [True] * 5
    assert [value("loose", given) for given in ("0", 0, "f", "off", "False")] == [False] * 5
    for wrong in ("yes", 2, Decimal("sNaN")):
        assert codes(loose=wrong) == {"loose": ["value_is_invalid"]}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("2024-02-29", datetime(2024, 2, 29, tzinfo=UTC)),
        ("2024-02-29T10:20:30Z", datetime(2024, 2, 29, 10, 20, 30, tzinfo=UTC)),
        ("2024-02-29t10:20z", datetime(2024, 2, 29, 10, 20, tzinfo=UTC)),
        ("2024-02-29 10:20:30", datetime(2024, 2, 29, 10, 20, 30, tzinfo=UTC)),
        ("2024-02-29T10:20:30+02:00", datetime(2024, 2, 29, 8, 20, 30, tzinfo=UTC)),
        ("2024-02-29T10:20:30-0530", datetime(2024, 2, 29, 15, 50, 30, tzinfo=UTC)),
        ("2024-02-29T10:20:30.123456789Z", datetime(2024, 2, 29, 10, 20, 30, 123456, tzinfo=UTC)),
    ],
)
def test_instants_are_read_to_utc(given: str, expected: datetime):
    found = value("instant", given)
    assert found == expected
    assert found.tzinfo is UTC


@pytest.mark.parametrize(
    "given",
    [
        "2023-02-29",
        "1899-12-31T23:59:59Z",
        "1900-01-01T00:00:00+01:00",
        "9999-12-31T23:00:00-05:00",
        "2024-01-01T25:00:00Z",
        "2024-01-01T00:00:60Z",
        "2024-W01",
        "20240101",
        "tomorrow",
        "٢٠٢٤-01-01",
        1704067200,
        True,
    ],
)
def test_what_is_no_instant_is_an_invalid_date(given: Any):
    assert codes(instant=given) == {"instant": ["invalid_date"]}


def test_days():
    assert value("day", "2024-02-29") == date(2024, 2, 29)
    for wrong in ("2023-02-29", "2024-02-29T00:00:00Z", "20240229", "0001-01-01", 20240229):
        assert codes(day=wrong) == {"day": ["invalid_date"]}


def test_vocabularies():
    assert value("currency", "eur") == "EUR"
    assert codes(exact_currency="eur") == {"exact_currency": ["value_is_invalid"]}
    assert value("country", "fr") == "FR"
    assert value("timezone", "Europe/Paris") == "Europe/Paris"
    assert value("locale", "pt-BR") == "pt-BR"
    assert codes(currency="XXX", country="ZZ", timezone="Mars/Base", locale="tlh") == {
        "currency": ["value_is_invalid"],
        "country": ["not_a_valid_country_code"],
        "timezone": ["invalid_timezone"],
        "locale": ["not_a_valid_language_code"],
    }


def test_a_choice_outside_its_words_has_the_code_of_its_field():
    assert codes(choice="c", coded="c") == {"choice": ["value_is_invalid"], "coded": ["unsupported_value"]}
    assert codes(choice=True) == {"choice": ["value_is_invalid"]}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("a@example.com", "a@example.com"),
        (" a@example.com\u200b ", "a@example.com"),
        ("a@exam\u2010ple.com", "a@exam-ple.com"),
        ("jürgen@müller.de", "jürgen@müller.de"),
        ("a.b+c'd@sub.example.com", "a.b+c'd@sub.example.com"),
        ("a@example.com, b@example.com", "a@example.com, b@example.com"),
    ],
)
def test_email_addresses(given: str, expected: str):
    assert value("email", given) == expected


@pytest.mark.parametrize(
    "given",
    ["a", "a@b", "@b.com", "a@b.com,", ",a@b.com", "a b@c.com", "a@b..com", ".a@b.com", "a@-b.com", "a@b@c.d", 3],
)
def test_what_is_no_email_address(given: Any):
    assert codes(email=given) == {"email": ["invalid_email_format"]}


@pytest.mark.parametrize(
    "given", ["http://a", "https://example.com:8080/x?y=z#f", "https://u:p@h/", "http://[::1]:80/"]
)
def test_urls(given: str):
    assert value("url", given) == given


@pytest.mark.parametrize(
    "given",
    ["ftp://a.b", "http://", "a.b", "http:///x", "http://a b", "http://[::1", "http://a:99999", "javascript:x", 1],
)
def test_what_is_no_url(given: Any):
    assert codes(url=given) == {"url": ["url_is_invalid"]}


def test_lists_have_a_bound_and_their_own_codes():
    assert value("texts", ["a", 1]) == ["a", "1"]
    assert codes(texts="a", few="a") == {"texts": ["value_is_invalid"], "few": ["must_be_array"]}
    assert codes(few=["a", "b", "c"], texts=["a"] * 1001) == {"few": ["invalid_count"], "texts": ["invalid_count"]}
    assert codes(texts=["a", None, {}]) == {"texts": ["value_is_invalid"]}


def test_problems_of_inner_objects_are_told_where_their_field_says():
    bad = {"rate": "x"}
    assert codes(inner=bad) == {"code": ["value_is_mandatory"], "rate": ["value_is_invalid"]}
    assert codes(inners=[bad, bad]) == {"code": ["value_is_mandatory"], "rate": ["value_is_invalid"]}
    assert codes(dotted=bad) == {"dotted.code": ["value_is_mandatory"], "dotted.rate": ["value_is_invalid"]}
    assert codes(privileges=[bad]) == {"privilege.code": ["value_is_mandatory"], "privilege.rate": ["value_is_invalid"]}
    assert codes(outer=bad) == {"outer": ["value_is_mandatory", "value_is_invalid"]}
    assert codes(inner=[], inners=[3]) == {"inner": ["value_is_invalid"], "inners": ["value_is_invalid"]}


def test_maps():
    assert value("map", {"a": "x", "b": None}) == {"a": "x", "b": None}
    assert codes(map=[]) == {"map": ["value_is_invalid"]}
    assert codes(map={"a": {}}) == {"map": ["value_is_invalid"]}
    assert codes(map={"a\0": "x"}) == {"map": ["value_is_invalid"]}


def test_raw_values_stay_as_they_are_but_for_what_the_database_cannot_hold():
    deep = {"a": [1, {"b": None}], "c": Decimal("1.50")}
    assert value("raw", deep) is deep
    assert value("raw", None) is None
    for wrong in ("a\0", {"a": ["\0"]}, {"a\0": 1}, Decimal("1e999999999"), [10**500]):
        assert codes(raw=wrong) == {"raw": ["value_is_invalid"]}


def test_plain_types_stand_for_their_kinds():
    class Plain(Struct, kw_only=True):
        text: str
        cents: int
        number: Decimal
        flag: bool
        at: datetime
        on: date
        id: UUID
        anything: Any

    identity = "6f1e0e5c-0f0b-4f0e-9d3a-0123456789ab"
    given = {"text": "a", "cents": "1", "number": "1.5", "flag": "true", "at": "2024-01-01", "on": "2024-01-01"}
    found = read(Plain, {**given, "id": identity, "anything": [1]})
    assert found == Plain(
        text="a",
        cents=1,
        number=Decimal("1.5"),
        flag=True,
        at=datetime(2024, 1, 1, tzinfo=UTC),
        on=date(2024, 1, 1),
        id=UUID(identity),
        anything=[1],
    )
    assert codes(Plain, text="a" * 256)["text"] == ["value_is_too_long"]


def test_a_struct_that_cannot_be_read_is_refused_when_it_is_first_used():
    class Ambiguous(Struct):
        field: str | int

    with pytest.raises(TypeError):
        read(Ambiguous, {})


def test_a_renamed_field_is_read_and_told_by_its_key():
    class Renamed(Struct, kw_only=True, rename={"from_": "from"}):
        from_: f.Instant

    assert read(Renamed, {"from": "2024-01-01"}).from_.year == 2024
    assert codes(Renamed, **{"from": "x"}) == {"from": ["invalid_date"]}


def test_a_use_case_adds_its_codes_to_the_readers():
    problems = Problems()
    found = read(Everything, {"cents": "x", "text": "t"}, problems)
    assert (found.cents, found.text) == (UNSET, "t")

    problems.add("code", "value_already_exist", "value_already_exist")
    problems.add("cents", "value_is_invalid", "value_is_out_of_range")
    assert "cents" in problems
    assert problems
    with pytest.raises(Invalid) as raised:
        problems.raise_if_any()
    assert raised.value.details == {
        "cents": ["value_is_invalid", "value_is_out_of_range"],
        "code": ["value_already_exist"],
    }


def test_nothing_wrong_raises_nothing():
    problems = Problems()
    problems.raise_if_any()
    assert not problems


def test_a_prefix_stands_before_every_field():
    with pytest.raises(Invalid) as raised:
        read(Everything, {"cents": "x", "dotted": {}}, prefix="plan.")
    assert raised.value.details == {"plan.cents": ["value_is_invalid"], "plan.dotted.code": ["value_is_mandatory"]}


INNER = ("inner", "inners", "dotted", "outer", "privileges")
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals()
    | st.text()
    | st.sampled_from(
        ["NaN", "1e999", "2024-01-01", "a@b.c", "http://x", "\0", " ", Decimal("sNaN"), Decimal("-Infinity")]
    )
)
json_values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4), max_leaves=12
)
own_names = st.sampled_from([name for name in msgspec.structs.asdict(Everything()) if name not in INNER])
names = st.sampled_from([field.encode_name for field in msgspec.structs.fields(Everything)])


@settings(deadline=None)
@given(st.dictionaries(names, json_values))
def test_reading_is_total(raw: dict[str, Any]):
    problems = Problems()
    found = read(Everything, raw, problems)
    assert isinstance(found, Everything)
    if problems:
        with pytest.raises(Invalid):
            read(Everything, raw)
    else:
        assert read(Everything, raw) == found


@settings(deadline=None)
@given(st.dictionaries(own_names, json_values))
def test_what_failed_comes_back_unset(raw: dict[str, Any]):
    problems = Problems()
    found = read(Everything, raw, problems)
    assert all(getattr(found, name) is UNSET for name in problems.details)


offsets = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@settings(deadline=None)
@given(
    st.datetimes(datetime(1901, 1, 1), datetime(9998, 12, 31), timezones=offsets),
    st.dates(date(1900, 1, 1)),
    st.integers(-(10**15), 10**15),
    st.decimals(-(10**19), 10**19, places=8),
)
def test_valid_values_survive_writing_and_reading(at: datetime, on: date, cents: int, number: Decimal):
    raw = {"instant": at.isoformat(), "day": on.isoformat(), "cents": cents, "number": str(number)}
    found = read(Everything, raw)
    assert (found.instant, found.day, found.cents, found.number) == (at, on, cents, number)


nested = st.recursive(st.just("1"), lambda inner: inner.map("[{}]".format))


@settings(deadline=None)
@given(st.binary() | (st.text() | nested).map(str.encode))
def test_no_body_breaks_the_decoder(content: bytes):
    with suppress(BadRequest):
        assert decoded(content) == json.loads(content, parse_float=Decimal)
