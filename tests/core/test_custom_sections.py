"""Which custom sections an invoice gets (chapter 72 §6)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conto.core.custom_sections import Choice, applicable, of_customer

SILENT = Choice()
SKIPS = Choice(skips=True)

names = st.lists(st.sampled_from("abcdef"), max_size=4)
choices = st.builds(lambda skips, own: Choice(skips, tuple(own)), st.booleans(), names)


def own(*sections: str) -> Choice[str]:
    return Choice(sections=sections)


@pytest.mark.parametrize(
    ("call", "billed", "found"),
    [
        (SILENT, [], "cd"),
        (SKIPS, [], ""),
        (SKIPS, [own("a")], ""),
        (own("b", "a"), [own("x")], "ba"),
        (own("b", "b"), [], "b"),
        (own(), [], ""),
        (own(), [own("x")], ""),
        (SILENT, [own("x")], "x"),
        (SILENT, [own("x"), own("y")], "xy"),
        (SILENT, [own("x"), SILENT], "xcd"),
        (SILENT, [own("x"), own()], "xcd"),
        (SILENT, [own("d"), SILENT], "dc"),
        (SILENT, [own("x"), SKIPS], "x"),
        (SILENT, [SILENT, SKIPS], "cd"),
        (SILENT, [SKIPS, SKIPS], ""),
    ],
)
def test_the_call_decides_then_what_is_billed_then_the_customer(call, billed, found):
    assert "".join(applicable(call, billed, ("c", "d"))) == found


def test_a_customer_has_its_own_else_its_billing_entitys_and_none_if_it_skips():
    assert of_customer(False, ["a"], ["b"]) == ("a",)
    assert of_customer(False, [], ["b"]) == ("b",)
    assert of_customer(True, ["a"], ["b"]) == ()


@given(choices, st.lists(choices, max_size=3), names)
def test_no_section_comes_twice_and_none_from_nowhere(call, billed, customers):
    found = applicable(call, billed, customers)
    assert len(set(found)) == len(found)
    assert set(found) <= {*(call.sections or ()), *customers, *(name for one in billed for name in one.sections or ())}


@given(names, st.lists(choices, max_size=3))
def test_without_a_customers_sections_what_skips_changes_nothing(customers, billed):
    assert applicable(SILENT, [*billed, SKIPS], ()) == applicable(SILENT, billed, ())
