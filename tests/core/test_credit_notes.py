"""What credit notes give back: the chapter's examples, and what holds for all (chapter 61 §§2-5, 8-9)."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conto.core.credit_notes import (
    Balance,
    CreditableFee,
    Item,
    NoteAmounts,
    Parts,
    amounts,
    creditable,
    credited_by,
    estimate,
    fitted,
    undiscounted_total,
    uses,
)
from conto.core.taxes import Tax


def tax(rate: str = "20", key: str = "vat") -> Tax:
    return Tax(key, key, key, None, Decimal(rate))


def fee(amount: int, coupons: str = "0", *taxes: Tax, credited: int = 0, key: str = "fee") -> CreditableFee:
    return CreditableFee(key, amount, Decimal(coupons), taxes, credited)


def item(of: CreditableFee, amount: str | int) -> Item:
    return Item(of, Decimal(amount))


def test_a_partial_item_carries_its_share_of_a_coupon_and_two_taxes():
    found = amounts([item(fee(39900, "25000", tax("10", "a"), tax("10", "b")), 26260)])
    assert (found.coupons_adjustment_cents, found.sub_total_cents, found.taxes_cents) == (16454, 9806, 1961)
    assert fitted(Parts(found.total_cents), found, refundable_cents=0, offsettable_cents=0) == Parts(11767)
    assert found.taxes_rate == 20


def test_the_last_of_several_notes_absorbs_what_the_others_gained_by_rounding():
    def note(amount: int, coupons: str, absorbed: str = "0") -> NoteAmounts:
        return amounts([item(fee(amount, coupons, tax()), amount)], absorbed_cents=Decimal(absorbed))

    first, second = note(1999, "69.25342"), note(6833, "236.72267")
    assert (first.precise_taxes_cents, first.precise_total_cents) == (Decimal("385.94932"), Decimal("2315.6959"))
    assert (second.precise_taxes_cents, second.precise_total_cents) == (Decimal("1319.25547"), Decimal("7915.5328"))
    rounded = sum((one.taxes_cents - one.precise_taxes_cents for one in (first, second)), Decimal(0))
    last = note(20033, "694.0239", str(rounded))
    assert (last.precise_taxes_cents, last.taxes_cents) == (Decimal("3868.00001"), 3868)
    assert (last.sub_total_cents, last.precise_total_cents) == (19339, Decimal("23206.97611"))
    assert sum(one.sub_total_cents + one.taxes_cents for one in (first, second, last)) == 33438


def test_an_estimate_takes_the_odd_cent_off_the_taxes_or_else_off_the_total():
    coupons = Decimal("2000") / 413779
    fees = [fee(100_000, f"{coupons * 100_000:.5f}", tax("10"), key=str(n)) for n in range(5)]
    found = estimate(amounts([item(one, 100) for one in fees]))
    assert (found.most_creditable_cents, found.taxes_cents, found.amounts.sub_total_cents) == (547, 49, 498)
    assert (found.unadjusted_cents, found.amounts.taxes_cents) == (547, 50)


@pytest.mark.parametrize(
    ("amount", "sent", "total", "sub_total"),
    [("19333.33333", 24167, 24166, 19333), ("15466.66666", 19333, 19334, 15467)],
)
def test_the_total_moves_a_cent_towards_subtotal_and_taxes(amount: str, sent: int, total: int, sub_total: int):
    found = amounts([item(fee(20000, "0", tax("25")), amount)])
    assert found.sub_total_cents == sub_total
    assert fitted(Parts(sent), found, refundable_cents=0, offsettable_cents=0).credit_cents == total


@pytest.mark.parametrize(
    ("parts", "fit"),
    [
        (Parts(5, 6, 7), Parts(6, 6, 7)),
        (Parts(0, 6, 7), Parts(0, 7, 7)),
        (Parts(0, 0, 7), Parts(0, 0, 8)),
        (Parts(0, 100, 7), Parts(0, 100, 8)),
        (Parts(0, 0, 100), Parts(0, 0, 100)),
    ],
)
def test_the_cent_goes_where_there_is_room_for_it(parts: Parts, fit: Parts):
    found = amounts([item(fee(1000), parts.total_cents + 1)])
    assert fitted(parts, found, refundable_cents=99, offsettable_cents=99) == fit


def test_what_is_creditable_of_an_invoice_is_less_its_coupons_and_with_its_taxes():
    fees = [fee(39900, "25000", tax("10", "a"), tax("10", "b")), fee(17900, "0", tax("10", "a"), key="other")]
    assert creditable(fees, 0) == 57800 + 9770
    assert undiscounted_total(fees) == 57800 + 9770
    assert creditable([fee(1000, "100", tax(), credited=500)], 100) == 500 - 50 + 90
    assert creditable([fee(1000, "100", tax(), credited=1000)], 100) == 0


def test_a_wholly_discounted_item_gives_back_nothing():
    found = amounts([item(fee(1000, "1000", tax()), 1000)])
    assert (found.total_cents, found.taxes_cents, found.taxes_rate) == (0, 0, 20)
    assert amounts([item(fee(0, "0", tax()), 0)]).total_cents == 0


def test_balances_are_used_in_order_until_the_invoice_comes_to_nothing():
    notes = [Balance("first", 20), Balance("second", 50)]
    assert [(use.note.id, use.amount_cents, use.left_cents) for use in uses(notes, 100)] == [
        ("first", 20, 0),
        ("second", 50, 0),
    ]
    assert [(use.note.id, use.left_cents) for use in uses(notes, 10)] == [("first", 10)]
    assert uses(notes, 0) == []


@st.composite
def invoices(draw: st.DrawFn) -> list[CreditableFee]:
    """Fees of an invoice, of which coupons take the same part."""
    taxes = [tax("20", "a"), tax("5.5", "b"), tax("0", "c")]
    part = draw(st.integers(0, 100))
    sizes = draw(st.lists(st.integers(0, 10**7), min_size=1, max_size=5))
    return [
        fee(size, f"{size * part / Decimal(100):.5f}", *draw(st.sets(st.sampled_from(taxes), max_size=2)), key=str(n))
        for n, size in enumerate(sizes)
    ]


@given(invoices(), st.data())
def test_notes_one_by_one_give_back_the_invoices_taxes_to_the_cent(fees: list[CreditableFee], data: st.DataObject):
    net = [amounts([item(one, one.amount_cents)]) for one in fees]
    whole = amounts([item(one, one.amount_cents) for one in fees])
    if not whole.precise_items_cents:
        return
    rounded, given_back, left = Decimal(0), 0, list(fees)
    for one in fees:
        of = next(found for found in left if found.id == one.id)
        found = [item(of, one.amount_cents)]
        left = credited_by(left, found)
        last = not any(remaining.creditable_cents for remaining in left)
        made = amounts(found, absorbed_cents=rounded if last else Decimal(0))
        rounded += made.taxes_cents - made.precise_taxes_cents
        given_back += made.taxes_cents
        if last:
            break
    else:
        raise AssertionError("nothing may be left")
    assert abs(given_back - whole.taxes_cents) <= 1
    assert len(net) == len(fees)


@given(invoices(), st.integers(1, 10))
def test_a_part_of_an_invoice_is_never_more_than_the_whole(fees: list[CreditableFee], share: int):
    part = [item(one, one.amount_cents * share // 10) for one in fees]
    found, whole = amounts(part), amounts([item(one, one.amount_cents) for one in fees])
    assert 0 <= found.precise_total_cents <= whole.precise_total_cents + Decimal("0.0001")
    assert creditable(credited_by(fees, part), 0) <= creditable(fees, 0)
    assert Fraction(found.precise_coupons_adjustment_cents) <= Fraction(found.precise_items_cents)


@given(st.lists(st.integers(1, 1000), max_size=6), st.integers(0, 5000))
def test_an_invoice_uses_no_more_than_its_total_and_no_more_than_there_is(balances: list[int], total: int):
    chosen = uses([Balance(n, balance) for n, balance in enumerate(balances)], total)
    assert sum(use.amount_cents for use in chosen) == min(total, sum(balances))
    assert all(not use.left_cents for use in chosen[:-1])
