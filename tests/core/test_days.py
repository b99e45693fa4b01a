"""Days and instants (chapter 51 §§1, 2, 5.2)."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given, settings

from conto.core.days import (
    DAY,
    MOMENT,
    days_begun,
    days_touched,
    end_of_day,
    local_day,
    start_of_day,
    start_of_local_day,
    zone,
)
from conto.schemas.vocabulary import TIMEZONES
from tests.core.periods.values import (
    BOGOTA,
    KOLKATA,
    LOS_ANGELES,
    NEW_YORK,
    PARIS,
    TOKYO,
    day,
    instant,
    instants,
    shown,
    zones,
)
from tests.core.periods.values import days as any_days


@pytest.mark.parametrize(
    ("timezone", "first", "last", "from_datetime", "to_datetime"),
    [
        ("UTC", "2022-02-01", "2022-02-28", "2022-02-01T00:00:00Z", "2022-02-28T23:59:59Z"),
        (NEW_YORK, "2022-01-01", "2022-01-31", "2022-01-01T05:00:00Z", "2022-02-01T04:59:59Z"),
        (NEW_YORK, "2022-03-01", "2022-03-31", "2022-03-01T05:00:00Z", "2022-04-01T03:59:59Z"),
        (NEW_YORK, "2022-07-01", "2022-09-30", "2022-07-01T04:00:00Z", "2022-10-01T03:59:59Z"),
        (NEW_YORK, "2022-01-01", "2022-03-31", "2022-01-01T05:00:00Z", "2022-04-01T03:59:59Z"),
        (NEW_YORK, "2021-07-01", "2021-12-31", "2021-07-01T04:00:00Z", "2022-01-01T04:59:59Z"),
        (PARIS, "2023-03-01", "2023-03-31", "2023-02-28T23:00:00Z", "2023-03-31T21:59:59Z"),
        (PARIS, "2023-10-01", "2023-10-31", "2023-09-30T22:00:00Z", "2023-10-31T22:59:59Z"),
        (KOLKATA, "2023-03-01", "2023-03-31", "2023-02-28T18:30:00Z", "2023-03-31T18:29:59Z"),
        ("GMT+12", "2023-03-01", "2023-03-01", "2023-03-01T12:00:00Z", "2023-03-02T11:59:59Z"),
    ],
)
def test_days_become_instants_of_their_zone(
    timezone: str, first: str, last: str, from_datetime: str, to_datetime: str
) -> None:
    assert shown(start_of_day(day(first), timezone)) == from_datetime
    assert shown(end_of_day(day(last), timezone)) == to_datetime
    assert end_of_day(day(last), timezone).microsecond == 999_999


def test_the_anchor_is_the_local_day() -> None:
    assert local_day(instant("2021-02-02"), NEW_YORK) == day("2021-02-01")


@pytest.mark.parametrize(
    ("timezone", "text", "start"),
    [
        ("Africa/Cairo", "2023-04-28", "2023-04-27T22:00:00Z"),
        ("America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00:00Z"),
        ("America/Sao_Paulo", "2018-02-18", "2018-02-18T03:00:00Z"),
        ("America/Santiago", "2024-09-08", "2024-09-08T04:00:00Z"),
        ("Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00Z"),
        ("Pacific/Apia", "2011-12-31", "2011-12-30T10:00:00Z"),
    ],
)
def test_a_day_without_a_midnight_begins_with_its_first_instant(timezone: str, text: str, start: str) -> None:
    assert shown(start_of_day(day(text), timezone)) == start


def test_the_hour_that_comes_again_belongs_to_the_day_that_has_begun() -> None:
    """In St. John's of 2010 clocks went from a minute past midnight back to the day before."""
    begun = start_of_day(day("2010-11-07"), "America/St_Johns")
    again = begun + timedelta(minutes=30)
    assert again.astimezone(zone("America/St_Johns")).date() == day("2010-11-06")
    assert local_day(again, "America/St_Johns") == day("2010-11-07")


@given(zones, instants)
@settings(max_examples=300)
def test_every_instant_lies_in_its_day(timezone: str, any_instant: datetime) -> None:
    found = local_day(any_instant, timezone)
    assert start_of_day(found, timezone) <= any_instant <= end_of_day(found, timezone)
    assert start_of_local_day(any_instant, timezone) == start_of_day(found, timezone)


def days_of_changes(timezone: str) -> Iterator[date]:
    """The days between 2000 and 2040 on which clocks change, and those around them: rules repeat after that."""
    noon = datetime(2000, 1, 1, 12, tzinfo=zone(timezone))
    while noon.year < 2040:
        following = noon + DAY
        if following.utcoffset() != noon.utcoffset():
            yield from (noon.date(), following.date(), following.date() + DAY)
        noon = following


@pytest.mark.parametrize("timezone", TIMEZONES)
def test_days_follow_each_other_and_begin_when_clocks_first_show_them(timezone: str) -> None:
    for found in days_of_changes(timezone):
        start, next_start = start_of_day(found, timezone), start_of_day(found + DAY, timezone)
        assert start.astimezone(zone(timezone)).date() >= found
        assert (start - MOMENT).astimezone(zone(timezone)).date() < found
        assert next_start - start <= timedelta(hours=26)
        assert next_start > start or (timezone, str(found)) in {
            ("Pacific/Apia", "2011-12-30"),
            ("Pacific/Fakaofo", "2011-12-30"),
        }


@pytest.mark.parametrize(
    ("timezone", "start", "end", "touched", "begun"),
    [
        ("UTC", "2022-03-15", "2022-03-31T23:59:59", 17, 17),
        ("UTC", "2023-09-05", "2023-09-05T00:00:00", 1, 1),
        ("UTC", "2023-09-05", "2023-09-06T00:00:00", 2, 2),
        ("UTC", "2023-09-05", "2023-09-05T23:59:59.999999", 1, 1),
        ("UTC", "2024-05-20", "2024-06-20T10:00:00", 32, 32),
        (BOGOTA, "2023-09-04T05:00:00", "2023-09-05T05:00:00", 2, 2),
        (PARIS, "2023-03-25T23:00:00", "2023-03-26T21:59:59", 1, 1),
        (PARIS, "2023-10-28T22:00:00", "2023-10-29T22:59:59", 1, 1),
        ("Africa/Cairo", "2023-04-27T22:00:00", "2023-04-28T21:30:00", 2, 2),
        ("UTC", "2024-03-15T12:12:00", "2024-03-31T23:59:59.999999", 17, 17),
        ("UTC", "2024-03-15T21:00:00", "2024-03-16T10:00:00", 2, 1),
        ("UTC", "2024-03-15T12:00:00", "2024-03-18T00:00:00", 4, 3),
        (TOKYO, "2024-04-01T18:12:00", "2024-04-30T14:59:59.999999", 29, 29),
        (PARIS, "2024-04-01T01:12:00", "2024-04-30T21:59:59.999999", 30, 30),
        (LOS_ANGELES, "2023-02-08T00:00:00", "2023-03-01T07:59:59.999999", 22, 22),
        ("UTC", "2024-03-15T00:00:00.500", "2024-03-17T00:00:00", 3, 3),
        ("Pacific/Apia", "2011-12-30T10:00:00", "2011-12-31T09:59:59", 2, 2),
        ("UTC", "2023-09-06", "2023-09-05", 0, 0),
    ],
)
def test_days_are_counted_by_the_local_calendar(timezone: str, start: str, end: str, touched: int, begun: int) -> None:
    assert days_touched(instant(start), instant(end), timezone) == touched
    assert days_begun(instant(start), instant(end), timezone) == begun


@given(zones, any_days, any_days)
def test_no_day_is_gained_or_lost(timezone: str, one: date, other: date) -> None:
    first, last = sorted([one, other])
    start, end = start_of_day(first, timezone), end_of_day(last, timezone)
    left_out = start > end or local_day(end, timezone) < last
    if not left_out:
        assert days_touched(start, end, timezone) == days_begun(start, end, timezone) == (last - first).days + 1
