"""Properties of charges: what is refused, dropped and stored (chapter 40 §3)."""

import re
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conto.core.charges import models, properties
from conto.core.charges.graduated import Graduated
from conto.core.charges.package import Package
from conto.core.charges.percentage import Percentage
from conto.core.charges.properties import PresentationKey
from conto.core.charges.standard import Standard
from conto.core.charges.volume import Volume
from tests.core.charges.given import priced_ranges, rated_ranges, tiers


def codes(model: str, raw: Any, **how: bool) -> list[str]:
    """What is found wrong."""
    found = properties.read(model, raw, **how)
    assert (found.properties is None) == bool(found.codes)
    assert bool(found.codes) <= (found.stored == {})
    return list(found.codes)


def stored(model: str, raw: Any, **how: bool) -> dict[str, Any]:
    """What is stored."""
    found = properties.read(model, raw, **how)
    assert found.codes == ()
    return dict(found.stored)


def priced(*rows: tuple[Any, Any, Any, Any]) -> list[dict[str, Any]]:
    names = ("from_value", "to_value", "per_unit_amount", "flat_amount")
    return [dict(zip(names, row, strict=True)) for row in rows]


def rated(*rows: tuple[Any, Any, Any, Any]) -> list[dict[str, Any]]:
    return [dict(zip(("from_value", "to_value", "rate", "flat_amount"), row, strict=True)) for row in rows]


OPEN = {"from_value": 0, "to_value": None}


@pytest.mark.parametrize(
    ("model", "default"),
    [
        ("standard", {"amount": "0"}),
        ("package", {"amount": "0", "package_size": 1, "free_units": 0}),
        ("percentage", {"rate": "0"}),
        ("graduated", {"graduated_ranges": [{**OPEN, "per_unit_amount": "0", "flat_amount": "0"}]}),
        ("volume", {"volume_ranges": [{**OPEN, "per_unit_amount": "0", "flat_amount": "0"}]}),
        ("graduated_percentage", {"graduated_percentage_ranges": [{**OPEN, "rate": "0", "flat_amount": "0"}]}),
        ("dynamic", {}),
        ("custom", {}),
    ],
)
def test_without_properties_a_charge_costs_nothing(model: str, default: dict[str, Any]):
    for raw in (None, {}, []):
        assert stored(model, raw) == default
    assert properties.load(model, default) == models.DEFAULTS[model]


@pytest.mark.parametrize("amount", ["0", "12", "12.5", "0.00000000000000000001", "1e2", "1E-3", ".5", "5.", "-0"])
def test_an_amount_is_a_text_that_reads_as_a_decimal_of_at_least_nothing(amount: str):
    found = properties.read("standard", {"amount": amount})
    assert found.properties == Standard(Decimal(amount))
    assert Decimal(str(found.stored["amount"])) == Decimal(amount)
    assert "e" not in str(found.stored["amount"]).lower()


@pytest.mark.parametrize(
    "amount",
    [
        12,
        Decimal("12.5"),
        "",
        " ",
        "-1",
        "-0.01",
        "abc",
        "12a",
        "1,5",
        "1_000",
        "NaN",
        "Infinity",
        "0x10",
        "١٢",
        "1\0",
        None,
        True,
        [],
        {},
        ["1"],
        "1" * 101,
        "1e20",
        "1e9999",
        "1e-61",
        "1e-9999",
        "1e99999",
    ],
)
def test_anything_else_is_no_amount(amount: Any):
    assert codes("standard", {"amount": amount}) == ["invalid_amount"]


def test_an_amount_of_many_digits_is_kept_to_the_last():
    amount = "12345678901234567890." + "123456789" * 6
    assert stored("standard", {"amount": amount}) == {"amount": amount}
    assert stored("standard", {"amount": " 12.50 "}) == {"amount": "12.50"}


def test_a_missing_amount_is_none():
    assert codes("standard", {"other": "1"}) == ["invalid_amount"]


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        ({"amount": "1"}, ["invalid_package_size", "invalid_free_units"]),
        ({"package_size": 1, "free_units": 0}, ["invalid_amount"]),
        (
            {"amount": 1, "package_size": 0, "free_units": -1},
            ["invalid_amount", "invalid_package_size", "invalid_free_units"],
        ),
        ({"amount": "1", "package_size": "10", "free_units": "0"}, ["invalid_package_size", "invalid_free_units"]),
        (
            {"amount": "1", "package_size": Decimal("1.5"), "free_units": Decimal("0.5")},
            ["invalid_package_size", "invalid_free_units"],
        ),
        ({"amount": "1", "package_size": True, "free_units": None}, ["invalid_package_size", "invalid_free_units"]),
        ({"amount": "1", "package_size": 10**20, "free_units": 0}, ["invalid_package_size"]),
        ({"amount": "1", "package_size": 10, "free_units": 5}, []),
        ({"amount": "1", "package_size": Decimal("10.0"), "free_units": Decimal("5.0")}, []),
    ],
)
def test_a_package_needs_its_size_and_free_units_as_whole_numbers(raw: dict[str, Any], found: list[str]):
    assert codes("package", raw) == found


def test_a_package_is_stored_with_whole_numbers():
    raw = {"amount": "1", "package_size": Decimal("10.0"), "free_units": 5}
    assert properties.read("package", raw).properties == Package(Decimal(1), 10, 5)
    assert stored("package", raw) == {"amount": "1", "package_size": 10, "free_units": 5}


@pytest.mark.parametrize(
    ("raw", "found"),
    [
        ({"rate": "1.3"}, []),
        ({"rate": 1.3}, ["invalid_rate"]),
        ({"fixed_amount": "1"}, ["invalid_rate"]),
        ({"rate": "-1", "fixed_amount": 2}, ["invalid_rate", "invalid_fixed_amount"]),
        ({"rate": "1", "fixed_amount": ""}, ["invalid_fixed_amount"]),
        ({"rate": "1", "free_units_per_events": "3"}, ["invalid_free_units_per_events"]),
        ({"rate": "1", "free_units_per_events": 0}, ["invalid_free_units_per_events"]),
        ({"rate": "1", "free_units_per_total_aggregation": 15}, ["invalid_free_units_per_total_aggregation"]),
        ({"rate": "1", "per_transaction_min_amount": 1, "per_transaction_max_amount": "x"}, ["invalid_amount"] * 2),
        (
            {"rate": "1", "per_transaction_min_amount": "2", "per_transaction_max_amount": "1.99"},
            ["per_transaction_max_lower_than_per_transaction_min"],
        ),
        ({"rate": "1", "per_transaction_min_amount": "2", "per_transaction_max_amount": "2.0"}, []),
        (dict.fromkeys(["fixed_amount", "free_units_per_events", "per_transaction_max_amount"]) | {"rate": "1"}, []),
    ],
)
def test_a_percentage_needs_its_rate_and_may_have_more(raw: dict[str, Any], found: list[str]):
    assert codes("percentage", raw) == found


def test_a_percentage_is_stored_without_what_is_not_set():
    raw = {
        "rate": "1.30",
        "fixed_amount": "2.0",
        "free_units_per_events": 3,
        "free_units_per_total_aggregation": "250.0",
        "per_transaction_min_amount": None,
        "per_transaction_max_amount": "12",
    }
    assert stored("percentage", raw) == {key: value for key, value in raw.items() if value is not None}
    assert properties.read("percentage", raw).properties == Percentage(
        Decimal("1.3"), Decimal(2), 3, Decimal(250), None, Decimal(12)
    )


@pytest.mark.parametrize("model", ["graduated", "volume", "graduated_percentage"])
def test_ranges_are_missing_or_none(model: str):
    name = f"{model}_ranges"
    for raw in ({"other": 1}, {name: None}, {name: []}):
        assert codes(model, raw) == [f"missing_{name}"]
    for raw in ({name: "x"}, {name: {}}, {name: 1}):
        assert codes(model, raw) == [f"invalid_{name}"]


def test_every_bad_amount_of_a_range_is_a_finding():
    ranges = priced((0, 10, 1, "0"), (11, 20, "1", "-1"), (21, None, "x", "0"))
    assert codes("graduated", {"graduated_ranges": ranges}) == ["invalid_amount"] * 3
    assert codes("volume", {"volume_ranges": priced((0, None, 1, 1))}) == ["invalid_amount"] * 2
    ranges = rated((0, 10, 1, "0"), (11, None, "1", "x"))
    assert codes("graduated_percentage", {"graduated_percentage_ranges": ranges}) == ["invalid_rate", "invalid_amount"]


@pytest.mark.parametrize(
    ("limits", "graduated", "volume"),
    [
        ([(0, None)], 0, 0),
        ([(1, None)], 0, 0),
        ([(2, None)], 1, 1),
        ([(0, 10), (11, 20), (21, None)], 0, 0),
        ([(0, 10), (10, 20), (20, None)], 0, 2),
        ([(0, 10), (10, 20), (21, None)], 0, 1),
        ([(0, 10), (12, 20), (22, None)], 2, 0),
        ([(0, 10), (13, None)], 1, 1),
        ([(0, 10), (9, None)], 1, 1),
        ([(0, 10), (11, 20)], 1, 1),
        ([(0, None), (11, None)], 2, 2),
        ([(0, 0), (1, None)], 1, 1),
        ([(0, 10), (11, 11), (12, None)], 1, 1),
        ([(0, 10), (11, 5), (6, None)], 1, 1),
        ([(0, 10), (11, "x"), (12, None)], 2, 2),
        ([(None, 10), (11, None)], 2, 2),
        ([(0, "10"), ("11", None)], 0, 0),
        ([(-1, 10), (11, None)], 2, 2),
        ([(True, 10), (11, None)], 2, 2),
        ([(0, Decimal("0.1")), (Decimal("0.1"), 1), (1, None)], 0, 2),
        ([(0, Decimal("0.5")), (Decimal("1.5"), None)], 0, 0),
    ],
)
def test_ranges_follow_each_other(limits: list[tuple[Any, Any]], graduated: int, volume: int):
    ranges = priced(*((begin, end, "1", "0") for begin, end in limits))
    assert codes("graduated", {"graduated_ranges": ranges}) == ["invalid_graduated_ranges"] * graduated
    assert codes("volume", {"volume_ranges": ranges}) == ["invalid_volume_ranges"] * volume
    found = codes("graduated_percentage", {"graduated_percentage_ranges": rated(*((*one, "1", "0") for one in limits))})
    assert found == ["invalid_graduated_percentage_ranges"] * graduated


def test_a_range_that_is_no_object_is_wrong_in_all():
    assert codes("graduated", {"graduated_ranges": [1]}) == ["invalid_amount"] * 2 + ["invalid_graduated_ranges"]


def test_ranges_are_stored_without_keys_that_are_not_theirs():
    ranges = [one | {"other": 1} for one in priced((0, Decimal("10.0"), "10", "2"), ("11", None, "5", "3.50"))]
    assert stored("graduated", {"graduated_ranges": ranges}) == {
        "graduated_ranges": [
            {"from_value": 0, "to_value": 10, "per_unit_amount": "10", "flat_amount": "2"},
            {"from_value": 11, "to_value": None, "per_unit_amount": "5", "flat_amount": "3.50"},
        ]
    }
    found = properties.read("graduated", {"graduated_ranges": ranges}).properties
    assert found == Graduated(tiers(("0", "10", "10", "2"), ("11", None, "5", "3.5")))
    assert properties.read("volume", {"volume_ranges": ranges}).properties == Volume(found.ranges)


def test_keys_of_other_models_are_dropped():
    raw = {"amount": "1", "rate": "2", "package_size": "x", "graduated_ranges": 3, "custom_properties": {"a": 1}}
    assert stored("standard", raw) == {"amount": "1"}
    assert stored("dynamic", raw) == {}


@pytest.mark.parametrize("raw", ["x", 1, True, ["a"]])
def test_properties_are_an_object(raw: Any):
    assert codes("standard", raw) == ["value_is_invalid"]


@pytest.mark.parametrize(
    ("given", "keys"),
    [
        ({}, None),
        ({"pricing_group_keys": None}, None),
        ({"pricing_group_keys": []}, None),
        ({"pricing_group_keys": ""}, None),
        ({"pricing_group_keys": ["region", "provider", "region"]}, ["region", "provider"]),
        ({"grouped_by": ["region", "", "cloud"]}, ["region", "cloud"]),
        ({"grouped_by": [""]}, None),
        ({"pricing_group_keys": [], "grouped_by": ["old"]}, ["old"]),
        ({"pricing_group_keys": ["new"], "grouped_by": ["old"]}, ["new"]),
    ],
)
def test_pricing_keys_are_stored_under_their_new_name(given: dict[str, Any], keys: list[str] | None):
    found = stored("standard", {"amount": "1"} | given)
    assert found == {"amount": "1"} | ({"pricing_group_keys": keys} if keys else {})
    assert properties.shown(found) == found | ({"grouped_by": keys} if keys else {})
    assert properties.pricing_group_keys(found) == tuple(keys or ())


@pytest.mark.parametrize("keys", ["region", 1, {}, {"a": 1}, [1], [None], ["a", 2], [["a"]], [" "], ["a\0"], ["a", ""]])
def test_pricing_keys_are_a_list_of_names(keys: Any):
    assert codes("standard", {"amount": "1", "pricing_group_keys": keys}) == ["invalid_type"]
    assert codes("standard", {"amount": 1, "pricing_group_keys": keys}) == ["invalid_amount", "invalid_type"]
    if keys != ["a", ""]:
        assert codes("dynamic", {"grouped_by": keys}) == ["invalid_type"]


def test_a_charge_that_accepts_target_wallets_is_grouped_by_them_too():
    keys = {"pricing_group_keys": ["region"]}
    assert properties.pricing_group_keys(keys, accepts_target_wallet=True) == ("region", "target_wallet_code")
    own = {"pricing_group_keys": ["target_wallet_code", "region"]}
    assert properties.pricing_group_keys(own, accepts_target_wallet=True) == ("target_wallet_code", "region")
    assert properties.pricing_group_keys({}, accepts_target_wallet=True) == ("target_wallet_code",)


def key(value: Any, display: Any = ...) -> dict[str, Any]:
    return {"value": value} | ({} if display is ... else {"options": {"display_in_invoice": display}})


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        (None, []),
        ([], []),
        ([key("a")], []),
        ([key("a", display=True), key("b", display=False)], []),
        ([{"value": "a", "options": None}], []),
        ([{"value": "a", "options": {}}], []),
        ("a", ["invalid_type"]),
        ({"value": "a"}, ["invalid_type"]),
        (["a"], ["invalid_type"]),
        ([{}], ["invalid_type"]),
        ([key("")], ["invalid_type"]),
        ([key(1)], ["invalid_type"]),
        ([key("a", display="true")], ["invalid_type"]),
        ([{"value": "a", "options": []}], ["invalid_type"]),
        ([key("a"), key("b"), key("c")], ["too_many_keys"]),
        ([key("a"), key("a")], ["value_is_duplicated"]),
        ([key("a"), key("a"), "x"], ["too_many_keys", "invalid_type", "value_is_duplicated"]),
    ],
)
def test_presentation_keys_are_at_most_two_objects(keys: Any, found: list[str]):
    raw = {"amount": "1", "presentation_group_keys": keys}
    assert codes("standard", raw) == found
    assert stored("standard", raw, of_filter=True) == {"amount": "1"}


def test_presentation_keys_are_stored_as_given():
    keys = [key("cloud", display=True), key("region") | {"other": 1}]
    found = stored("standard", {"amount": "1", "presentation_group_keys": keys})
    assert found["presentation_group_keys"] == [key("cloud", display=True), key("region")]
    assert properties.presentation_keys(found) == (PresentationKey("cloud", True), PresentationKey("region", False))
    assert properties.presentation_keys({"amount": "1"}) == ()


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ({"a": 1}, {"a": 1}),
        ('{"a": {"b": 1.10}}', {"a": {"b": Decimal("1.10")}}),
        ("{", {}),
        ("[1]", {}),
        ("", {}),
        ('{"a": NaN}', {}),
        ("[" * 100_000, {}),
        ([1], {}),
        (7, {}),
    ],
)
def test_custom_properties_are_kept_for_custom_metrics(given: Any, kept: Any):
    raw = {"custom_properties": given}
    assert stored("custom", raw, on_custom_metric=True) == {"custom_properties": kept}
    assert stored("standard", raw | {"amount": "1"}, on_custom_metric=True) == {
        "amount": "1",
        "custom_properties": kept,
    }
    assert stored("custom", raw) == {}


def test_a_plan_passes_its_group_keys_on_to_its_copies():
    parent = {"amount": "1", "pricing_group_keys": ["a"]}
    child = {"amount": "2", "pricing_group_keys": ["b"], "presentation_group_keys": [key("c")]}
    assert properties.with_group_keys_of(parent, child) == {"amount": "2", "pricing_group_keys": ["a"]}


def test_what_is_stored_is_checked_again_when_it_is_read():
    with pytest.raises(ValueError, match="invalid_amount"):
        properties.load("standard", {"amount": 1})


found_properties = (
    st.decimals(0, 10**15, places=10).map(Standard)
    | st.builds(Package, st.decimals(0, 10**9, places=4), st.integers(1, 10**9), st.integers(0, 10**9))
    | priced_ranges().map(Graduated)
    | priced_ranges(adjacent=False).map(Volume)
    | rated_ranges().map(lambda ranges: type(models.DEFAULTS["graduated_percentage"])(ranges))
)


@given(found_properties)
def test_what_is_stored_reads_as_what_it_was(found: models.Properties):
    name = next(name for name, default in models.DEFAULTS.items() if type(default) is type(found))
    again = properties.read(name, found.stored())
    assert again.properties == found == properties.load(name, found.stored())
    assert again.stored == found.stored()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.decimals() | st.text() | st.sampled_from(["1", "x", ""]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
NAMES = (
    "amount package_size free_units rate fixed_amount free_units_per_events free_units_per_total_aggregation "
    "per_transaction_min_amount per_transaction_max_amount graduated_ranges volume_ranges graduated_percentage_ranges "
    "pricing_group_keys grouped_by presentation_group_keys custom_properties from_value to_value"
).split()


@given(
    st.sampled_from(models.NAMES),
    json_values | st.dictionaries(st.sampled_from(NAMES), json_values),
    st.booleans(),
    st.booleans(),
)
def test_any_json_is_read_or_refused_with_codes(model: str, raw: Any, of_filter: bool, on_custom_metric: bool):
    found = codes(model, raw, of_filter=of_filter, on_custom_metric=on_custom_metric)
    assert all(re.fullmatch("(missing|invalid|value|too)_[a-z_]+", code) for code in found)
