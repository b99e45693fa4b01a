"""Events are taken in exactly, all or none and each once, or refused by the name of what is wrong."""

import asyncio
import json
import random
from decimal import Decimal
from typing import Any
from urllib.parse import quote

import msgspec
import pytest
from sqlalchemy import text

from conto.ids import new_id
from tests.company import Company

NOON = "2024-03-05T12:00:00.000Z"


async def metric(company: Company, code: str = "metric", **fields: Any) -> None:
    """A metric that sums the property `value`, or with the fields given."""
    fields = {"aggregation_type": "sum_agg", "field_name": "value", "expression": None} | fields
    async with company.works.enter(company.id) as work:
        await work.change(
            text(
                "insert into billable_metrics (organization_id, id, code, name, aggregation_type, field_name,"
                " expression, recurring, created_at, updated_at)"
                " values (:organization, :id, :code, 'Metric', :aggregation_type, :field_name, :expression, false,"
                " now(), now())"
            ),
            id=new_id(),
            code=code,
            **fields,
        )


async def stored(company: Company) -> list[Any]:
    """The rows of all events, in the order of their reception."""
    async with company.works.enter(company.id) as work:
        return list(
            await work.rows(
                text("select * from events where organization_id = :organization order by id"), organization=company.id
            )
        )


def an_event(number: int = 1, **fields: Any) -> dict[str, Any]:
    return {"transaction_id": f"tx_{number}", "code": "metric", "external_subscription_id": "sub_1"} | fields


async def send(company: Company, **fields: Any) -> dict[str, Any]:
    return (await company.post("/events", {"event": an_event(**fields)}))["event"]


async def send_text(company: Company, content: str, path: str = "/events") -> Any:
    """The answer to a body that is sent as it is written."""
    return await company.client.post(f"/api/v1{path}", content=content.encode("utf8", "surrogatepass"))


async def details(company: Company, body: Any, path: str = "/events") -> Any:
    return (await company.post(path, body, 422))["error_details"]


async def test_an_event_is_shown_as_it_was_taken_in(rehearsal):
    shown = await send(
        rehearsal,
        timestamp="1693842312.3449",
        properties={"gb": 10, "region": "eu", "free": None, "flag": True, "deep": {"a": [1.10]}},
        precise_total_amount_cents="123.450",
        external_customer_id="ignored",
    )
    assert shown == {
        "lago_id": shown["lago_id"],
        "transaction_id": "tx_1",
        "lago_customer_id": None,
        "code": "metric",
        "timestamp": "2023-09-04T15:45:12.344Z",
        "precise_total_amount_cents": "123.45",
        "properties": {"gb": 10, "region": "eu", "free": None, "flag": True, "deep": {"a": [1.10]}},
        "lago_subscription_id": None,
        "external_subscription_id": "sub_1",
        "created_at": "2024-03-05T12:00:00Z",
    }
    assert (await rehearsal.get("/events/tx_1"))["event"] == shown


async def test_what_is_not_given_is_the_time_of_reception_and_nothing(rehearsal):
    for number, absent in enumerate(({}, {"timestamp": None, "properties": None})):
        shown = await send(rehearsal, number=number, **absent)
        assert (shown["timestamp"], shown["properties"]) == (NOON, {})
        assert shown["precise_total_amount_cents"] is None


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        ("1693842312", "2023-09-04T15:45:12+00:00"),
        ("1693842312.344", "2023-09-04T15:45:12.344000+00:00"),
        ('"1651240791.123"', "2022-04-29T13:59:51.123000+00:00"),
        ("1693842312.1234569", "2023-09-04T15:45:12.123456+00:00"),
        ("-1.5", "1969-12-31T23:59:58.500000+00:00"),
        ("1.7e9", "2023-11-14T22:13:20+00:00"),
        ("0e999999", "1970-01-01T00:00:00+00:00"),
        ("1e-999999", "1970-01-01T00:00:00+00:00"),
        ("-62135510400", "0001-01-02T00:00:00+00:00"),
        ("253402214399", "9999-12-30T23:59:59+00:00"),
    ],
)
async def test_a_timestamp_is_exact_to_the_microsecond(company, written, instant):
    body = json.dumps({"event": an_event()})[:-2] + f', "timestamp": {written}' + "}}"
    answer = await send_text(company, body)
    assert answer.status_code == 200, answer.text
    (row,) = await stored(company)
    assert row.timestamp.isoformat() == instant


@pytest.mark.parametrize(
    "written",
    ['"2024-03-05"', '""', '" "', '"abc"', '"NaN"', '"Infinity"', '"1_000"', "true", "[]", "{}", "[1]", "1e99",
     '"1e9999"', "253402300800", "-62135596801", "9" * 400, '"' + "9" * 400 + '"', "1e400000", '"0x1F"'],
)  # fmt: skip
async def test_what_is_no_instant_is_refused_as_a_timestamp(company, written):
    one = json.dumps(an_event())[:-1] + f', "timestamp": {written}' + "}"
    answer = await send_text(company, f'{{"event": {one}}}')
    assert (answer.status_code, answer.json().get("error_details")) == (422, {"timestamp": ["invalid_format"]})
    answer = await send_text(company, f'{{"events": [{json.dumps(an_event(2))}, {one}]}}', "/events/batch")
    assert (answer.status_code, answer.json().get("error_details")) == (422, {"1": {"timestamp": ["invalid_format"]}})
    assert await stored(company) == []


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"transaction_id": None}, {"transaction_id": ["value_is_mandatory"]}),
        ({"transaction_id": " "}, {"transaction_id": ["value_is_mandatory"]}),
        ({"code": ""}, {"code": ["value_is_mandatory"]}),
        ({"transaction_id": "x" * 256}, {"transaction_id": ["value_is_too_long"]}),
        ({"transaction_id": "x" * 10_000}, {"transaction_id": ["value_is_too_long"]}),
        ({"transaction_id": "a\0b"}, {"transaction_id": ["value_is_invalid"]}),
        ({"code": "a\0b"}, {"code": ["value_is_invalid"]}),
        ({"external_subscription_id": "x" * 256}, {"external_subscription_id": ["value_is_too_long"]}),
        ({"properties": "text"}, {"properties": ["value_is_invalid"]}),
        ({"properties": [1]}, {"properties": ["value_is_invalid"]}),
        ({"properties": {"a": "b\0"}}, {"properties": ["value_is_invalid"]}),
        ({"properties": {"a\0": "b"}}, {"properties": ["value_is_invalid"]}),
        ({"properties": {"a": {"b": ["\0"]}}}, {"properties": ["value_is_invalid"]}),
        ({"properties": {"a": 10**400}}, {"properties": ["value_is_invalid"]}),
        ({"precise_total_amount_cents": "abc"}, {"precise_total_amount_cents": ["value_is_invalid"]}),
        ({"precise_total_amount_cents": "1e-16"}, {"precise_total_amount_cents": ["value_is_out_of_range"]}),
        ({"precise_total_amount_cents": "1e50"}, {"precise_total_amount_cents": ["value_is_out_of_range"]}),
    ],
)  # fmt: skip
async def test_what_cannot_be_stored_is_refused_by_its_field(company, fields, expected):
    assert await details(company, {"event": an_event() | fields}) == expected
    batch = {"events": [an_event(7), an_event() | fields, an_event(8)]}
    assert await details(company, batch, "/events/batch") == {"1": expected}
    assert await stored(company) == []


@pytest.mark.parametrize(
    "content",
    ['{"event": {"transaction_id": "a\ud800", "code": "c"}}', '{"event": {"transaction_id": "a\\ud800", "code": "c"}}',
     '{"event": {"code": "c", "transaction_id": "t", "properties": {"a": "\\udfff"}}}', "", "{", "[]", "{}",
     '{"event": {}}', '{"event": null}', '{"event": "x"}', '{"event": ' + "[" * 100_000,
     '{"event": {"code": "c", "transaction_id": "t", "properties": {"a": ' + "[" * 200 + "]" * 200 + "}}}"],
    ids=range(12),
)  # fmt: skip
async def test_what_is_no_event_at_all_is_a_bad_request(company, content):
    answer = await send_text(company, content)
    assert answer.status_code == 400, answer.text
    assert answer.json()["error"].startswith("BadRequest: ")
    assert await stored(company) == []


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "nan", "01", "1.", ".5", "1e", "+1", "0x1F"])
@pytest.mark.parametrize("where", ['"timestamp": ', '"precise_total_amount_cents": ', '"properties": {"value": '])
async def test_what_is_no_number_of_json_is_a_bad_request(company, where, number):
    one = json.dumps(an_event())[:-1] + f", {where}{number}" + "}" * (1 + where.count("{"))
    for content, path in ((f'{{"event": {one}}}', "/events"), (f'{{"events": [{one}]}}', "/events/batch")):
        answer = await send_text(company, content, path)
        assert (answer.status_code, answer.json()["error"][:11]) == (400, "BadRequest:")
    assert await stored(company) == []


@pytest.mark.parametrize("number", ["1e400", "-1e400", "1e999999999", "1e-999999999", "9" * 4000, "0." + "9" * 5000])
async def test_a_number_that_is_absurd_is_refused_as_a_property(company, number):
    await metric(company)
    one = json.dumps(an_event())[:-1] + f', "properties": {{"value": {number}}}}}'
    answer = await send_text(company, f'{{"event": {one}}}')
    assert (answer.status_code, answer.json()["error_details"]) == (422, {"properties": ["value_is_invalid"]})
    answer = await send_text(company, f'{{"events": [{json.dumps(an_event(2))}, {one}]}}', "/events/batch")
    assert (answer.status_code, answer.json()["error_details"]) == (422, {"1": {"properties": ["value_is_invalid"]}})
    assert await stored(company) == []


async def test_an_event_of_unknown_code_and_subscription_is_kept_for_what_may_come(company):
    shown = await send(company, code="unknown", external_subscription_id="unknown", properties={"value": 1})
    assert (await company.get("/events/tx_1"))["event"] == shown
    (row,) = await stored(company)
    assert (row.code, row.external_subscription_id, row.value, row.value_field) == ("unknown", "unknown", None, None)


async def test_numbers_are_kept_to_the_last_digit(company):
    long = "12345678901234567890.123456789012345678901"
    properties = f'{{"a": {long}, "b": 1.10, "c": 1e30, "d": -0.0, "e": 123456789012345678901234567890, "a": {long}}}'
    answer = await send_text(
        company, f'{{"event": {{"transaction_id": "t", "code": "c", "properties": {properties}}}}}'
    )
    read = await company.client.get("/api/v1/events/t")
    exact = msgspec.json.Decoder(float_hook=Decimal)
    for one in (answer, read):
        shown = exact.decode(one.content)["event"]["properties"]
        assert shown["a"] == Decimal(long)
        assert shown["e"] == 123456789012345678901234567890
        assert Decimal(shown["c"]) == Decimal("1e30")


async def test_numbers_may_come_as_texts_and_texts_as_numbers(company):
    shown = await send(company, transaction_id=17, code=5, precise_total_amount_cents=1.5, timestamp="12")
    assert (shown["transaction_id"], shown["code"]) == ("17", "5")
    assert (shown["precise_total_amount_cents"], shown["timestamp"]) == ("1.5", "1970-01-01T00:00:12.000Z")


@pytest.mark.parametrize(
    "amount", ["-62876231693488550.0", "12345678901234567890.123456789012345", "-0.000000000000001"]
)
async def test_a_precise_amount_is_kept_to_the_last_digit(company, amount):
    shown = await send(company, code=7, precise_total_amount_cents=amount)
    assert shown["precise_total_amount_cents"] == amount
    (row,) = await stored(company)
    assert row.precise_total_amount_cents == Decimal(amount)


async def test_a_transaction_id_is_taken_once_for_each_subscription(company):
    first = await send(company, properties={"n": 1})
    again = await details(company, {"event": an_event(properties={"n": 2})})
    assert again == {"transaction_id": ["value_already_exist"]}
    assert (await company.get("/events/tx_1"))["event"] == first
    second = await send(company, external_subscription_id="sub_2")
    assert (await company.get("/events/tx_1"))["event"] == second


async def test_without_a_subscription_a_transaction_id_may_come_again(company):
    for subscription in (None, None, ""):
        shown = await send(company, external_subscription_id=subscription)
        assert shown["external_subscription_id"] is None
    assert len(await stored(company)) == 3


async def test_a_batch_is_answered_and_received_in_its_order(company):
    batch = [an_event(number, properties={"n": number}) for number in (3, 1, 2)]
    shown = (await company.post("/events/batch", {"events": batch}))["events"]
    assert [event["properties"]["n"] for event in shown] == [3, 1, 2]
    rows = await stored(company)
    assert [row.transaction_id for row in rows] == ["tx_3", "tx_1", "tx_2"]
    assert [str(row.event_id) for row in rows] == [event["lago_id"] for event in shown]


async def test_a_batch_has_one_to_a_hundred_events(company):
    for empty in ({}, {"events": []}, {"events": None}, {"events": "x"}):
        assert await details(company, empty, "/events/batch") == {"events": ["no_events"]}
    batch = [an_event(number) for number in range(101)]
    assert await details(company, {"events": batch}, "/events/batch") == {"events": ["too_many_events"]}
    assert len((await company.post("/events/batch", {"events": batch[1:]}))["events"]) == 100


async def test_ten_thousand_events_at_once_are_refused_as_a_whole(company):
    batch = [an_event(number) for number in range(10_000)]
    assert await details(company, {"events": batch}, "/events/batch") == {"events": ["too_many_events"]}
    assert await stored(company) == []


async def test_every_event_of_a_batch_is_checked_and_none_is_stored(company):
    batch = [an_event(1), an_event(2, timestamp="x"), {"code": "c"}, "no event", an_event(1)]
    assert await details(company, {"events": batch}, "/events/batch") == {
        "1": {"timestamp": ["invalid_format"]},
        "2": {"transaction_id": ["value_is_mandatory"]},
        "3": {"transaction_id": ["value_is_mandatory"], "code": ["value_is_mandatory"]},
    }
    assert await stored(company) == []


async def test_duplicates_of_a_batch_are_told_by_their_place(company):
    await send(company, number=5)
    batch = [an_event(1), an_event(5), an_event(2), an_event(1, external_subscription_id="sub_2"), an_event(5)]
    taken = {"transaction_id": ["value_already_exist"]}
    assert await details(company, {"events": batch}, "/events/batch") == {"1": taken, "3": taken, "4": taken}
    assert len(await stored(company)) == 1


async def test_the_same_batch_sent_twice_at_once_is_taken_once(company):
    batch = {"events": [an_event(number) for number in range(100)]}
    answers = await asyncio.gather(*(company.client.post("/api/v1/events/batch", json=batch) for _ in range(2)))
    assert sorted(answer.status_code for answer in answers) == [200, 422]
    assert len(await stored(company)) == 100


async def test_overlapping_batches_at_once_take_every_event_once_and_none_is_in_the_way(company):
    chance = random.Random(7)

    async def insist(numbers: list[int]) -> None:
        """Send the events until each has been taken, leaving out what others have sent before."""
        while numbers:
            chance.shuffle(numbers)
            answer = await company.client.post(
                "/api/v1/events/batch", json={"events": [an_event(number) for number in numbers]}
            )
            if answer.status_code == 200:
                return
            assert answer.status_code == 422, answer.text
            refused = answer.json()["error_details"]
            assert all(codes == {"transaction_id": ["value_already_exist"]} for codes in refused.values())
            numbers = [number for place, number in enumerate(numbers) if str(place) not in refused]

    batches = [chance.sample(range(300), 100) for _ in range(20)]
    wanted = {f"tx_{number}" for batch in batches for number in batch}
    await asyncio.gather(*(insist(batch) for batch in batches))
    taken = [row.transaction_id for row in await stored(company)]
    assert len(taken) == len(set(taken))
    assert set(taken) == wanted


async def test_the_value_that_a_metric_adds_up_is_kept_as_a_number(company):
    await metric(company)
    given: list[Any] = ["12", 12, 12.5, "-3.0", "1e3", "+5", " 5", "", "abc", True, None, [1], 1e3, "9" * 1000, "5."]
    batch = [an_event(number, properties={"value": value}) for number, value in enumerate(given)]
    await company.post("/events/batch", {"events": [*batch, an_event(99), an_event(98, code="other")]})
    *rows, missing, other = await stored(company)
    expected = [12, 12, Decimal("12.5"), -3, *[None] * 8, 1000, None, None]
    assert [row.value for row in rows] == expected
    assert {row.value_field for row in [*rows, missing]} == {"value"}
    assert (missing.value, other.value, other.value_field) == (None, None, None)


async def test_a_metric_without_a_property_keeps_no_value(company):
    await metric(company, aggregation_type="count_agg", field_name=None)
    await send(company, properties={"value": 1})
    (row,) = await stored(company)
    assert (row.value, row.value_field) == (None, None)


async def test_a_metric_takes_effect_on_the_next_event_and_so_does_its_end(company):
    await send(company, number=1, properties={"value": 1})
    await metric(company)
    await send(company, number=2, properties={"value": 2})
    async with company.works.enter(company.id) as work:
        await work.change(text("update billable_metrics set field_name = 'units' where code = 'metric'"))
    await send(company, number=3, properties={"units": 3})
    async with company.works.enter(company.id) as work:
        await work.change(text("update billable_metrics set deleted_at = now() where code = 'metric'"))
    await send(company, number=4, properties={"units": 4})
    assert [row.value for row in await stored(company)] == [None, 2, 3, None]


async def test_an_expression_computes_the_property_before_it_is_stored(company):
    await metric(company, expression="event.properties.a + event.properties.b")
    shown = await send(company, properties={"a": "1", "b": 2.5, "value": "before"})
    assert shown["properties"] == {"a": "1", "b": 2.5, "value": "3.5"}
    assert (await company.get("/events/tx_1"))["event"] == shown
    (row,) = await stored(company)
    assert row.value == Decimal("3.5")


async def test_an_expression_sees_whole_seconds_of_the_timestamp(rehearsal):
    await metric(rehearsal, expression="event.timestamp")
    assert (await send(rehearsal, number=1, timestamp="1234.9"))["properties"]["value"] == "1234.0"
    assert (await send(rehearsal, number=2, timestamp="-0.5"))["properties"]["value"] == "-1.0"
    assert (await send(rehearsal, number=3))["properties"]["value"] == "1709640000.0"


async def test_an_expression_that_fails_refuses_the_event_and_its_batch(company):
    await metric(company, expression="event.properties.a + event.properties.b")
    failed = "expression_evaluation_failed: Variable: b not found"
    assert await details(company, {"event": an_event(properties={"a": 1})}) == failed
    batch = [an_event(1, properties={"a": 1, "b": 1}), an_event(2, properties={"a": 1}), an_event(3, timestamp="x")]
    expected = {"1": failed, "2": {"timestamp": ["invalid_format"]}}
    assert await details(company, {"events": batch}, "/events/batch") == expected
    assert await stored(company) == []


@pytest.mark.parametrize("transaction_id", ["a/b", "a b", "a%2Fb", "ä?#&=", "batch", "..x", "a//b", "😀", "x" * 255])
async def test_an_event_is_found_by_any_transaction_id(company, transaction_id):
    shown = await send(company, transaction_id=transaction_id)
    assert (await company.get(f"/events/{quote(transaction_id, safe='')}"))["event"] == shown


async def test_a_slash_of_a_transaction_id_may_be_sent_raw(company):
    shown = await send(company, transaction_id="2024/03/05")
    assert (await company.get("/events/2024/03/05"))["event"] == shown


async def test_an_unknown_event_is_not_found(company, other_company):
    await send(other_company)
    for unknown in ("tx_1", "x" * 3000):
        assert (await company.get(f"/events/{unknown}", 404))["code"] == "event_not_found"


async def listed(company: Company, query: str = "") -> list[str]:
    found = await company.get(f"/events{query}")
    assert found["meta"]["total_count"] == len(found["events"])
    return [event["transaction_id"] for event in found["events"]]


async def test_events_are_listed_latest_first_and_then_by_transaction_id(company, other_company):
    await send(other_company)
    for number, timestamp in ((3, 100), (1, 100), (2, 100), (4, 200), (5, "100.5")):
        await send(company, number=number, timestamp=timestamp)
    assert await listed(company) == ["tx_4", "tx_5", "tx_1", "tx_2", "tx_3"]
    page = await company.get("/events?page=2&per_page=2")
    assert [event["transaction_id"] for event in page["events"]] == ["tx_1", "tx_2"]
    assert page["meta"]["total_count"] == 5


async def test_events_are_filtered_by_code_subscription_and_time(company):
    await send(company, number=1, timestamp=0, code="a")
    await send(company, number=2, timestamp=60, code="b")
    await send(company, number=3, timestamp=120, code="a", external_subscription_id="sub_2")
    assert await listed(company, "?code=a") == ["tx_3", "tx_1"]
    assert await listed(company, "?code=a&external_subscription_id=sub_1") == ["tx_1"]
    assert await listed(company, "?timestamp_from=1970-01-01T00:01:00Z") == ["tx_3", "tx_2"]
    assert await listed(company, "?timestamp_to=1970-01-01T00:01:00Z&timestamp_from=") == ["tx_2", "tx_1"]
    assert await listed(company, "?timestamp_to=1970-01-01") == ["tx_1"]
    assert await listed(company, "?timestamp_from_started_at=false") == ["tx_3", "tx_2", "tx_1"]


async def test_filters_that_cannot_be_read_are_refused_by_name(company):
    found = await company.get("/events?timestamp_from=x&timestamp_to=2024-13-01", 422)
    assert found["error_details"] == {"timestamp_from": ["invalid_date"], "timestamp_to": ["invalid_date"]}
    found = await company.get("/events?timestamp_from_started_at=true&timestamp_from=2024-01-01", 422)
    assert found["error_details"] == {
        "timestamp_from": ["cannot be used with timestamp_from_started_at"],
        "external_subscription_id": ["required with timestamp_from_started_at"],
    }


async def test_a_subscription_that_never_started_has_no_events_since_its_start(company):
    await send(company)
    assert await listed(company, "?timestamp_from_started_at=true&external_subscription_id=sub_1") == []


async def test_a_key_that_may_not_write_events_takes_in_none(company):
    key = {"api_key": {"name": "reader", "permissions": {"event": ["read"]}}}
    reader = (await company.post("/api_keys", key))["api_key"]
    headers = {"Authorization": f"Bearer {reader['value']}"}
    answer = await company.client.post("/api/v1/events/batch", content=b"{", headers=headers)
    assert answer.status_code == 403
    assert answer.json()["code"] == "write_action_not_allowed_for_event"
