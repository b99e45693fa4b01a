"""Short ways to write days, instants and schedules, and hypothesis's ways to draw them."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import strategies as st

from conto.core.days import local_day
from conto.core.periods.schedule import Schedule
from conto.core.periods.tiles import BillingTime, Interval, Tiling
from conto.schemas.vocabulary import TIMEZONES

CALENDAR = BillingTime.CALENDAR
ANNIVERSARY = BillingTime.ANNIVERSARY
WEEKLY, MONTHLY, QUARTERLY, SEMIANNUAL, YEARLY = Interval

NEW_YORK = "America/New_York"
LOS_ANGELES = "America/Los_Angeles"
BOGOTA = "America/Bogota"
PARIS = "Europe/Paris"
KOLKATA = "Asia/Kolkata"
TOKYO = "Asia/Tokyo"

BREAKS_AT_MIDNIGHT = (
    "Africa/Cairo",
    "America/Nuuk",
    "America/Santiago",
    "America/Sao_Paulo",
    "America/St_Johns",
    "Asia/Tehran",
    "Atlantic/Azores",
    "Pacific/Apia",
    "Pacific/Fakaofo",
)
"""Zones that leave out a midnight, repeat the hour around one, or left out a day."""


def day(text: str) -> date:
    """`2024-02-29`."""
    return date.fromisoformat(text)


def instant(text: str) -> datetime:
    """`2024-02-29` is its midnight in UTC, `2024-02-29T12:12` a time of it."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def shown(found: datetime) -> str:
    """The instant as the API shows it: to the second."""
    return found.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def schedule(
    interval: Interval,
    billing_time: BillingTime = CALENDAR,
    subscription_at: str = "2020-01-01",
    timezone: str = "UTC",
    **flags: bool,
) -> Schedule:
    """The schedule of a subscription with this `subscription_at`."""
    return Schedule(interval, billing_time, local_day(instant(subscription_at), timezone), timezone, **flags)


zones = st.one_of(st.sampled_from(TIMEZONES), st.sampled_from(BREAKS_AT_MIDNIGHT))
days = st.dates(date(2000, 1, 1), date(2099, 12, 31))
instants = st.builds(
    lambda start, seconds, moments: start + timedelta(seconds=seconds, microseconds=moments),
    st.just(datetime(2000, 1, 1, tzinfo=UTC)),
    st.one_of(
        st.integers(0, 100 * 365 * 86_400),
        st.integers(0, 100 * 365 * 24).map(lambda hours: hours * 3600),
    ),
    st.sampled_from([0, 0, 1, 999_999, 123_000]),
)
tilings = st.builds(Tiling, st.sampled_from(Interval), st.sampled_from(BillingTime), days)


@st.composite
def schedules(draw: st.DrawFn, timezone: st.SearchStrategy[str] = zones) -> Schedule:
    """A schedule whose anchor is often one that short months lack."""
    anchor = draw(days)
    if draw(st.booleans()):
        anchor = anchor.replace(month=draw(st.sampled_from([1, 3, 5, 7, 8, 10, 12])), day=draw(st.integers(28, 31)))
    return Schedule(
        interval=draw(st.sampled_from(Interval)),
        billing_time=draw(st.sampled_from(BillingTime)),
        anchor=anchor,
        timezone=draw(timezone),
        pay_in_advance=draw(st.booleans()),
        bill_charges_monthly=draw(st.booleans()),
        bill_fixed_charges_monthly=draw(st.booleans()),
    )
