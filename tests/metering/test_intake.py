"""Events take the short way into the store where nothing is in their way, and it makes no difference to anyone."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event, text

from conto.schemas.events import EPOCH, timestamp
from tests.company import Company

OF_THE_COPY = {"organization_id", "id", "event_id", "created_at", "xid"}
"""Columns in which two of one event differ."""

NOW = int(datetime.now(UTC).timestamp())
TEXTS = ["plain", "NULL", "null", "a,b", "{a}", '"', '"",""', "\\", "\\\\", '\\"', "'", "$1", "\n\tx", " padded ",
         "é", "😀", "%s", "a\u2028b", "x" * 255]  # fmt: skip
VALUES: list[Any] = [*TEXTS, "", "12", "-3.50", "1e3", 0, -7, 10**29, 1.5, -0.0, 0.1, True, False, None]
NUMBERS = ["1.10", "-0.000", "123456789012345678.123456789", "1E3", "1e-7", "0.30000000000000004"]


async def rows_of(company: Company) -> list[dict[str, Any]]:
    """All that is stored of the company's events, in the order of their reception."""
    async with company.works.enter(company.id) as work:
        found = await work.rows(
            text("select * from events where organization_id = :organization order by id"), organization=company.id
        )
    return [{name: value for name, value in row._mapping.items() if name not in OF_THE_COPY} for row in found]


def odd_events() -> list[dict[str, Any]]:
    """Events with all that is odd and yet right, in each of their fields."""
    usual = {"code": "units", "external_subscription_id": "sub", "timestamp": NOW}
    fields: list[dict[str, Any]] = [
        *({"transaction_id": one} for one in TEXTS),
        *({"external_subscription_id": one} for one in (*TEXTS, None)),
        *({"code": one} for one in TEXTS),
        *({"properties": {one: one}} for one in (*TEXTS, "")),
        *({"properties": {"value": one}} for one in VALUES),
        {"properties": None},
        *({"timestamp": one} for one in (f"{NOW}.123456", f"{NOW}.1234567", 0, "4294967296.999999", -1.5, 1.7e9)),
        *({"precise_total_amount_cents": one} for one in ("1.50", "-0.000000000000001", "1e3", 12, 0)),
    ]
    return [usual | {"transaction_id": f"tx_{place}"} | one for place, one in ((0, {}), *enumerate(fields, 1))]


def in_batches(events: list[dict[str, Any]]) -> list[bytes]:
    """Bodies that send the events, and beside them numbers that Python would write in another way."""
    bodies = [json.dumps({"events": events[at : at + 50]}).encode() for at in range(0, len(events), 50)]
    written = ", ".join(
        f'{{"transaction_id": "n{place}", "code": "units", "timestamp": {NOW}, "properties": {{"value": {number}}}}}'
        for place, number in enumerate(NUMBERS)
    )
    return [*bodies, f'{{"events": [{written}]}}'.encode()]


async def sums(company: Company, **fields: Any) -> None:
    """A metric of the code `units` that sums the property `value`."""
    await company.metric(code="units", aggregation_type="sum_agg", field_name="value", **fields)


async def batch(company: Company, content: bytes) -> Any:
    answer = await company.client.post("/api/v1/events/batch", content=content)
    assert answer.status_code == 200, answer.text
    return [without_copy(one) for one in answer.json()["events"]]


def without_copy(shown: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in shown.items() if name not in ("lago_id", "created_at")}


@pytest.mark.parametrize("expression", [None, "round(event.timestamp / 7, 2)"])
async def test_both_ways_store_and_show_the_same(company, rehearsal, expression):
    # Events of a rehearsal always go the long way.
    for one in (company, rehearsal):
        await sums(one, expression=expression)
    for content in in_batches(odd_events()):
        assert await batch(company, content) == await batch(rehearsal, content)
    short, long = await rows_of(company), await rows_of(rehearsal)
    assert len(short) > 90
    assert short == long


async def statements_of(company: Company, body: dict[str, Any]) -> int:
    """How many statements go through SQLAlchemy while the events are sent; the short way needs none."""
    seen: list[str] = []

    def note(*arguments: Any) -> None:
        seen.append(arguments[2])

    engine = company.works.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        await company.post("/events/batch", body)
    finally:
        event.remove(engine, "before_cursor_execute", note)
    return len(seen)


def usual(number: int, code: str = "units") -> dict[str, Any]:
    return {"transaction_id": f"tx_{number}", "code": code, "properties": {"value": number}}


async def test_usual_events_take_the_short_way_and_those_of_a_rehearsal_do_not(company, rehearsal):
    body = {"events": [usual(1), usual(2, "other")]}
    assert await statements_of(company, body) == 0
    assert await statements_of(rehearsal, body) > 0


async def send_with(company: Company, key: dict[str, Any], number: int) -> httpx.Response:
    headers = {"Authorization": f"Bearer {key['value']}"}
    return await company.client.post("/api/v1/events", json={"event": usual(number)}, headers=headers)


async def test_a_key_that_was_ended_takes_in_nothing_more(company):
    key = (await company.post("/api_keys"))["api_key"]
    assert (await send_with(company, key, 1)).status_code == 200
    await company.delete(f"/api_keys/{key['lago_id']}")
    assert (await send_with(company, key, 2)).status_code == 401
    assert len(await rows_of(company)) == 1


async def test_a_key_that_has_expired_since_takes_in_nothing_more(company):
    key = (await company.post("/api_keys"))["api_key"]
    assert (await send_with(company, key, 1)).status_code == 200
    async with company.works.enter(company.id) as work:
        await work.change(
            text("update api_keys set expires_at = :past where organization_id = :organization and id = :id"),
            organization=company.id,
            past=datetime.now(UTC) - timedelta(seconds=1),
            id=key["lago_id"],
        )
    assert (await send_with(company, key, 2)).status_code == 401
    assert len(await rows_of(company)) == 1


async def test_what_a_key_may_do_changes_at_once(company):
    key = (await company.post("/api_keys"))["api_key"]
    for number, (modes, expected) in enumerate(((["read", "write"], 200), (["read"], 403), (["write"], 200))):
        permissions = {"event": modes}
        await company.put(f"/api_keys/{key['lago_id']}", {"api_key": {"permissions": permissions}})
        assert (await send_with(company, key, number)).status_code == expected
    assert [row["transaction_id"] for row in await rows_of(company)] == ["tx_0", "tx_2"]


async def test_companies_with_the_same_codes_and_ids_keep_apart(company, other_company):
    await sums(company)
    body = {"events": [usual(1), usual(2)]}
    await company.post("/events/batch", body)
    await other_company.post("/events/batch", body)
    assert [row["value"] for row in await rows_of(company)] == [1, 2]
    assert [row["value"] for row in await rows_of(other_company)] == [None, None]


@given(
    st.one_of(
        st.integers(0, 6 * 10**9).map(str),
        st.decimals(0, 6 * 10**9, places=6, allow_nan=False, allow_infinity=False).map(lambda one: f"{one:f}"),
        st.builds("{}.{}".format, st.integers(0, 5 * 10**9), st.text("0123456789", min_size=1, max_size=7)),
    )
)
def test_seconds_are_read_exactly_to_the_microsecond(written):
    exact = EPOCH + timedelta(microseconds=int(Decimal(written) * 1_000_000))
    assert timestamp(written) == timestamp(Decimal(written)) == exact
