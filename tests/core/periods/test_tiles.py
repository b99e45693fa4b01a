"""Tiles of the calendar (chapter 51 §2)."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conto.core.days import DAY
from conto.core.periods.tiles import BillingTime, Interval, Tiling
from tests.core.periods.values import (
    ANNIVERSARY,
    CALENDAR,
    MONTHLY,
    QUARTERLY,
    SEMIANNUAL,
    WEEKLY,
    YEARLY,
    day,
    days,
    tilings,
)


def row(tiling: Tiling, start: str, count: int) -> list[tuple[str, int]]:
    """The last days and lengths of so many tiles in a row, the first starting on `start`."""
    assert tiling.starts_on(day(start))
    found = [tiling.tile(day(start))]
    while len(found) < count:
        found.append(tiling.next(found[-1].first_day))
    return [(str(tile.last_day), tile.days) for tile in found]


@pytest.mark.parametrize(
    ("interval", "anchor", "start", "tiles"),
    [
        (
            MONTHLY,
            "2024-01-31",
            "2024-01-31",
            [("2024-02-28", 29), ("2024-03-30", 31), ("2024-04-29", 30), ("2024-05-30", 31), ("2024-06-29", 30)],
        ),
        (
            MONTHLY,
            "2022-12-30",
            "2022-12-30",
            [("2023-01-29", 31), ("2023-02-27", 29), ("2023-03-29", 30), ("2023-04-29", 31)],
        ),
        (MONTHLY, "2023-01-29", "2023-01-29", [("2023-02-27", 30), ("2023-03-28", 29), ("2023-04-28", 31)]),
        (MONTHLY, "2022-02-28", "2022-02-28", [("2022-03-27", 28), ("2022-04-27", 31), ("2022-05-27", 30)]),
        (MONTHLY, "2022-04-30", "2022-04-30", [("2022-05-29", 30), ("2022-06-29", 31)]),
        (MONTHLY, "2019-04-30", "2020-02-29", [("2020-03-29", 30)]),
        (MONTHLY, "2021-03-27", "2021-12-27", [("2022-01-26", 31)]),
        (MONTHLY, "2023-01-30", "2023-02-28", [("2023-03-29", 30)]),
        (MONTHLY, "2021-03-31", "2022-02-28", [("2022-03-30", 31)]),
        (
            QUARTERLY,
            "2024-01-31",
            "2024-01-31",
            [("2024-04-29", 90), ("2024-07-30", 92), ("2024-10-30", 92), ("2025-01-30", 92), ("2025-04-29", 89)],
        ),
        (
            QUARTERLY,
            "2021-11-30",
            "2021-11-30",
            [("2022-02-27", 90), ("2022-05-29", 91), ("2022-08-29", 92), ("2022-11-29", 92)],
        ),
        (
            QUARTERLY,
            "2021-05-31",
            "2021-05-31",
            [("2021-08-30", 92), ("2021-11-29", 91), ("2022-02-27", 90), ("2022-05-30", 92)],
        ),
        (QUARTERLY, "2021-02-28", "2021-11-28", [("2022-02-27", 92), ("2022-05-27", 89)]),
        (QUARTERLY, "2020-06-06", "2022-03-06", [("2022-06-05", 92), ("2022-09-05", 92)]),
        (QUARTERLY, "2022-01-31", "2022-01-31", [("2022-04-29", 89), ("2022-07-30", 92), ("2022-10-30", 92)]),
        (QUARTERLY, "2022-01-29", "2022-01-29", [("2022-04-28", 90)]),
        (QUARTERLY, "2021-04-30", "2021-04-30", [("2021-07-29", 91), ("2021-10-29", 92)]),
        (QUARTERLY, "2024-01-15", "2024-04-15", [("2024-07-14", 91)]),
        (SEMIANNUAL, "2024-01-31", "2024-01-31", [("2024-07-30", 182), ("2025-01-30", 184), ("2025-07-30", 181)]),
        (SEMIANNUAL, "2021-08-31", "2021-08-31", [("2022-02-27", 181), ("2022-08-30", 184)]),
        (SEMIANNUAL, "2021-08-31", "2023-08-31", [("2024-02-28", 182), ("2024-08-30", 184)]),
        (SEMIANNUAL, "2020-02-29", "2020-02-29", [("2020-08-28", 182), ("2021-02-27", 183), ("2021-08-28", 182)]),
        (SEMIANNUAL, "2021-11-30", "2021-11-30", [("2022-05-29", 181)]),
        (SEMIANNUAL, "2021-01-31", "2021-01-31", [("2021-07-30", 181)]),
        (SEMIANNUAL, "2021-04-30", "2021-04-30", [("2021-10-29", 183)]),
        (SEMIANNUAL, "2021-04-30", "2021-10-30", [("2022-04-29", 182)]),
        (SEMIANNUAL, "2023-01-06", "2023-07-06", [("2024-01-05", 184)]),
        (YEARLY, "2020-02-29", "2020-02-29", [("2021-02-27", 365), ("2022-02-27", 365), ("2023-02-27", 365)]),
        (YEARLY, "2020-02-29", "2023-02-28", [("2024-02-28", 366), ("2025-02-27", 365)]),
        (YEARLY, "2024-02-29", "2025-02-28", [("2026-02-27", 365)]),
        (YEARLY, "2022-12-01", "2022-12-01", [("2023-11-30", 365)]),
        (YEARLY, "2023-06-29", "2023-06-29", [("2024-06-28", 366)]),
        (WEEKLY, "2023-02-01", "2023-02-01", [("2023-02-07", 7), ("2023-02-14", 7)]),
    ],
)
def test_anniversaries_count_from_the_anchor(
    interval: Interval, anchor: str, start: str, tiles: list[tuple[str, int]]
) -> None:
    assert row(Tiling(interval, ANNIVERSARY, day(anchor)), start, len(tiles)) == tiles


@pytest.mark.parametrize(
    ("interval", "start", "tiles"),
    [
        (WEEKLY, "2023-01-30", [("2023-02-05", 7), ("2023-02-12", 7)]),
        (MONTHLY, "2024-01-01", [("2024-01-31", 31), ("2024-02-29", 29), ("2024-03-31", 31)]),
        (QUARTERLY, "2024-01-01", [("2024-03-31", 91), ("2024-06-30", 91), ("2024-09-30", 92), ("2024-12-31", 92)]),
        (SEMIANNUAL, "2024-01-01", [("2024-06-30", 182), ("2024-12-31", 184)]),
        (YEARLY, "2023-01-01", [("2023-12-31", 365), ("2024-12-31", 366)]),
    ],
)
def test_the_calendar_has_tiles_of_its_own(interval: Interval, start: str, tiles: list[tuple[str, int]]) -> None:
    assert row(Tiling(interval, CALENDAR, day("2023-02-17")), start, len(tiles)) == tiles


@given(tilings, days)
@settings(max_examples=300)
def test_tiles_meet_without_gap_or_overlap(tiling: Tiling, any_day: date) -> None:
    tile = tiling.tile(any_day)
    assert any_day in tile
    assert tiling.tile(tile.first_day) == tiling.tile(tile.last_day) == tile
    assert tiling.next(any_day).first_day == tile.last_day + DAY
    assert tiling.previous(any_day).last_day == tile.first_day - DAY
    assert tiling.previous(tiling.next(any_day).first_day) == tile


@given(tilings, days)
def test_a_day_starts_a_tile_or_shares_the_one_of_the_day_before(tiling: Tiling, any_day: date) -> None:
    shares = tiling.tile(any_day - DAY) == tiling.tile(any_day)
    assert tiling.starts_on(any_day) is not shares


LENGTHS = {WEEKLY: (7, 7), MONTHLY: (28, 31), QUARTERLY: (89, 92), SEMIANNUAL: (181, 184), YEARLY: (365, 366)}


@given(tilings, days)
def test_tiles_are_as_long_as_their_interval(tiling: Tiling, any_day: date) -> None:
    shortest, longest = LENGTHS[tiling.interval]
    assert shortest <= tiling.tile(any_day).days <= longest


@given(st.sampled_from([MONTHLY, QUARTERLY, SEMIANNUAL, YEARLY]), days, days)
def test_an_anniversary_is_the_anchors_day_or_the_last_of_a_shorter_month(
    interval: Interval, anchor: date, any_day: date
) -> None:
    first_day = Tiling(interval, ANNIVERSARY, anchor).tile(any_day).first_day
    assert first_day.day == anchor.day or (first_day.day < anchor.day and (first_day + DAY).day == 1)


@given(st.sampled_from(Interval), days)
def test_a_tile_starts_on_the_anchor(interval: Interval, anchor: date) -> None:
    assert Tiling(interval, ANNIVERSARY, anchor).starts_on(anchor)


@given(st.sampled_from([MONTHLY, QUARTERLY, SEMIANNUAL, YEARLY]), st.sampled_from(BillingTime), days, days)
def test_months_start_wherever_longer_periods_start(
    interval: Interval, billing_time: BillingTime, anchor: date, any_day: date
) -> None:
    longer = Tiling(interval, billing_time, anchor).tile(any_day)
    assert Tiling(MONTHLY, billing_time, anchor).starts_on(longer.first_day)
