"""Which filter an event falls into (chapters 40 §5.1 and 30 §5)."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conto.core.charges import filters
from conto.core.charges.filters import ALL_VALUES, Filter

LISTED = {"region": ["europe", "usa"], "country": ["france", "germany", "united kingdom"]}


def filter_of(name: str, **values: list[str]) -> Filter[str]:
    return Filter(name, filters.resolved(values, LISTED))


def taker(given: list[Filter[str]], properties: dict[str, str]) -> str | None:
    found = filters.bucket(filters.in_order(given), properties)
    return None if found is None else found.id


@pytest.mark.parametrize(
    ("properties", "bucket"),
    [
        ({"region": "europe"}, "E"),
        ({"region": "europe", "country": "italy"}, "E"),
        ({"region": "europe", "country": "france"}, "F"),
        ({"region": "europe", "country": "united kingdom"}, "A"),
        ({"region": "europe", "country": "germany"}, "A"),
        ({"region": "usa"}, "U"),
        ({"region": "usa", "country": "france"}, "A"),
        ({"region": "asia", "country": "japan"}, None),
        ({"country": "france"}, None),
        ({}, None),
        ({"region": "europe", "other": "x"}, "E"),
    ],
)
def test_the_most_specific_filter_takes_an_event(properties: dict[str, str], bucket: str | None):
    given = [
        filter_of("E", region=["europe"]),
        filter_of("U", region=["usa"]),
        filter_of("F", region=["europe"], country=["france"]),
        filter_of("A", region=[ALL_VALUES], country=[ALL_VALUES]),
    ]
    assert taker(given, properties) == bucket
    assert taker(given[::-1], properties) == bucket


def test_a_filter_with_fewer_values_takes_its_events_from_the_wider_one():
    given = [filter_of("all", cloud=["aws", "gcp"]), filter_of("aws", cloud=["aws"])]
    assert [taker(given, {"cloud": cloud}) for cloud in ("aws", "gcp")] == ["aws", "all"]


def test_of_two_filters_with_the_same_values_the_older_one_takes_the_events():
    given = [filter_of("older", cloud=["aws"]), filter_of("younger", cloud=["aws"])]
    assert taker(given, {"cloud": "aws"}) == "older"
    assert taker([Filter("a", {"cloud": frozenset({"aws"})}), *given], {"cloud": "aws"}) == "a"


def test_filters_that_only_overlap_count_an_event_once():
    by_key = [filter_of("cloud", cloud=["aws"]), filter_of("region", region=["us"])]
    assert taker(by_key, {"cloud": "aws", "region": "us"}) == "cloud"
    by_value = [filter_of("three", cloud=["a", "b", "c"]), filter_of("two", cloud=["c", "d"])]
    assert taker(by_value, {"cloud": "c"}) == "two"


def test_all_values_are_those_that_the_metric_lists():
    every = filter_of("every", region=[ALL_VALUES])
    assert every.values == {"region": frozenset({"europe", "usa"})}
    assert not filters.matches(every, {"region": "asia"})
    assert filters.resolved({"gone": [ALL_VALUES]}, LISTED) == {"gone": frozenset()}
    assert (
        taker(
            [filter_of("all", country=[ALL_VALUES]), filter_of("two", country=["france", "x"])], {"country": "france"}
        )
        == "two"
    )


def test_properties_are_compared_as_texts():
    given = {"a": 2, "b": "2", "c": True, "d": None, "e": Decimal("2.50"), "f": [1], "g": Decimal("1E+2"), "h": False}
    assert filters.as_texts(given) == {"a": "2", "b": "2", "c": "true", "e": "2.50", "g": "100", "h": "false"}
    assert filters.matches(filter_of("two", size=["2"]), filters.as_texts({"size": 2}))


def test_a_filter_is_called_by_its_name_or_its_values():
    values = {"cloud": ["aws", "gcp"], "region": [ALL_VALUES]}
    assert filters.display_name(values, None) == "aws, gcp, region"
    assert filters.display_name(values, "") == "aws, gcp, region"
    assert filters.display_name(values, "Clouds") == "Clouds"


UNKNOWN_KEY = {"billable_metric_filter": ["relation_must_exist"], "values": ["value_is_invalid"]}
MANDATORY, INVALID = {"values": ["value_is_mandatory"]}, {"values": ["value_is_invalid"]}


@pytest.mark.parametrize(
    ("values", "problems"),
    [
        ({"region": ["usa"]}, {}),
        ({"region": ["usa", "europe"], "country": [ALL_VALUES]}, {}),
        (None, MANDATORY),
        ({}, MANDATORY),
        ({"region": []}, MANDATORY),
        ({"region": None}, MANDATORY),
        ({"region": ["moon"]}, INVALID),
        ({"region": ["usa", "moon"]}, INVALID),
        ({"region": ["usa", ALL_VALUES]}, INVALID),
        ({"region": [1]}, INVALID),
        ({"region": [["usa"]]}, INVALID),
        ({"region": "usa"}, INVALID),
        ("usa", INVALID),
        (["usa"], INVALID),
        ({"planet": ["usa"]}, UNKNOWN_KEY),
        ({"planet": ["x"], "region": ["usa"]}, UNKNOWN_KEY),
    ],
)
def test_a_filter_has_values_that_its_metric_lists(values: object, problems: dict[str, list[str]]):
    assert filters.problems(values, LISTED) == problems


KEYS, TEXTS = ("a", "b", "c"), ("1", "2", "3", "4")
value_sets = st.frozensets(st.sampled_from(TEXTS), min_size=1)
filter_lists = st.lists(st.dictionaries(st.sampled_from(KEYS), value_sets, min_size=1), max_size=8).map(
    lambda found: [Filter(place, values) for place, values in enumerate(found)]
)
events = st.dictionaries(st.sampled_from(KEYS), st.sampled_from(TEXTS))


def yields_to(one: Filter[int], other: Filter[int]) -> bool:
    """Whether an event that matches both is left by `one` to `other`, by the chapter's rules for siblings."""
    keys, other_keys = set(one.values), set(other.values)
    refines = keys <= other_keys and all(one.values[key] & other.values[key] for key in keys)
    if refines and len(other_keys) > len(keys):
        return True
    if refines and keys == other_keys:
        if one.values == other.values:
            return other.id < one.id
        if all(other.values[key] <= one.values[key] for key in keys):
            return True
    if len(keys) != len(other_keys):
        return len(other_keys) > len(keys)
    sizes = [sum(len(values) for values in each.values.values()) for each in (one, other)]
    if sizes[0] != sizes[1]:
        return sizes[1] < sizes[0]
    return other.id < one.id


@given(filter_lists, events)
def test_the_first_match_in_order_is_the_one_that_yields_to_no_sibling(given: list[Filter[int]], event: dict[str, str]):
    matching = [one for one in given if filters.matches(one, event)]
    keeping = [one for one in matching if not any(yields_to(one, other) for other in matching if other is not one)]
    found = filters.bucket(filters.in_order(given), event)
    assert keeping == ([] if found is None else [found])


@given(filter_lists, events)
def test_every_event_falls_into_one_bucket_whatever_the_order(given: list[Filter[int]], event: dict[str, str]):
    ordered = filters.in_order(given)
    assert sorted(one.id for one in ordered) == [one.id for one in given]
    found = filters.bucket(ordered, event)
    if found is None:
        assert not any(filters.matches(one, event) for one in given)
    else:
        assert all(event[key] in values for key, values in found.values.items())
