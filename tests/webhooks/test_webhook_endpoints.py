"""Webhook endpoints (chapter 71 §1)."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Row, func, select

from conto.db.tables import webhook_attempts, webhooks
from conto.errors import Invalid, NotFound
from conto.ids import new_id
from conto.organizations.create import create_organization
from conto.schemas.reader import Problems, read
from conto.schemas.webhook_endpoints import WebhookEndpointCreateInput, WebhookEndpointUpdateInput
from conto.webhooks import deliver, endpoints
from conto.work import Works
from tests.company import eventually
from tests.workers import someone_waits


@pytest.fixture
async def organization_id(works: Works) -> UUID:
    return (await create_organization(works, "Hooli")).id


async def create(works: Works, organization_id: UUID, **fields: Any) -> Row[Any]:
    async with works.enter(organization_id) as work:
        problems = Problems()
        data = read(WebhookEndpointCreateInput, fields, problems)
        return await endpoints.create_webhook_endpoint(work, data, problems)


async def update(works: Works, organization_id: UUID, endpoint_id: UUID, **fields: Any) -> Row[Any]:
    async with works.enter(organization_id) as work:
        found = await endpoints.webhook_endpoint(work, endpoint_id)
        problems = Problems()
        data = read(WebhookEndpointUpdateInput, fields, problems)
        return await endpoints.update_webhook_endpoint(work, found, data, problems)


async def refusal(works: Works, organization_id: UUID, **fields: Any) -> dict[str, Any]:
    with pytest.raises(Invalid) as refused:
        await create(works, organization_id, **fields)
    return refused.value.details


async def test_an_endpoint_signs_by_jwt_and_gets_every_event_unless_told_otherwise(works, organization_id):
    made = await create(works, organization_id, webhook_url="https://a.example/hook")
    assert (made.signature_algo, made.name, made.event_types) == ("jwt", None, None)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (None, None),
        ([], []),
        (["*"], None),
        ([" * "], None),
        (
            [" Invoice.Created ", "", None, "customer.created", "invoice.created"],
            ["invoice.created", "customer.created"],
        ),
        ([" "], []),
    ],
)
async def test_event_types_are_brought_into_their_normal_form(works, organization_id, given, kept):
    made = await create(works, organization_id, webhook_url="https://a.example/hook", event_types=given)
    assert made.event_types == kept


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ("invoice.created", "must_be_array"),
        ("", "must_be_array"),
        ({"a": 1}, "must_be_array"),
        (["wrong.type", "invoice.created"], 'contains invalid types: ["wrong.type"]'),
        (["*", "invoice.created"], 'contains invalid types: ["*"]'),
        (['a"b', 5], 'contains invalid types: ["a\\"b", "5"]'),
    ],
)
async def test_event_types_that_do_not_exist_are_refused(works, organization_id, given, text):
    details = await refusal(works, organization_id, webhook_url="https://a.example/hook", event_types=given)
    assert details == {"event_types": [text]}


@pytest.mark.parametrize("given", [{}, {"webhook_url": None}, {"webhook_url": " "}])
async def test_a_missing_url_is_mandatory_and_invalid(works, organization_id, given):
    assert await refusal(works, organization_id, **given) == {"webhook_url": ["value_is_mandatory", "url_is_invalid"]}


@pytest.mark.parametrize("given", ["nonsense", "ftp://a.example", "https://", "http://a b.example"])
async def test_a_malformed_url_is_invalid(works, organization_id, given):
    assert await refusal(works, organization_id, webhook_url=given) == {"webhook_url": ["url_is_invalid"]}


async def test_a_url_is_bounded_in_bytes(works, organization_id):
    long = "https://a.example/" + "é" * 1100
    assert await refusal(works, organization_id, webhook_url=long) == {"webhook_url": ["value_is_too_long"]}


async def test_all_that_is_wrong_is_told_at_once(works, organization_id):
    details = await refusal(works, organization_id, signature_algo="md5", event_types="all")
    assert details == {
        "webhook_url": ["value_is_mandatory", "url_is_invalid"],
        "signature_algo": ["value_is_invalid"],
        "event_types": ["must_be_array"],
    }


async def test_a_url_is_used_once_in_an_organization(works, organization_id):
    await create(works, organization_id, webhook_url="https://a.example/hook")
    details = await refusal(works, organization_id, webhook_url="https://a.example/hook")
    assert details == {"webhook_url": ["value_already_exist"]}

    other = await create_organization(works, "Other")
    await create(works, other.id, webhook_url="https://a.example/hook")


async def test_the_same_url_at_the_same_time_is_taken_once(works, organization_id):
    both = [create(works, organization_id, webhook_url="https://a.example/hook") for _ in range(4)]
    results = await asyncio.gather(*both, return_exceptions=True)
    assert sorted(type(result).__name__ for result in results) == ["Invalid"] * 3 + ["Row"]


async def test_a_url_taken_by_two_changes_at_once_is_refused_to_one(works, organization_id):
    first = await create(works, organization_id, webhook_url="https://a.example/1")
    second = await create(works, organization_id, webhook_url="https://a.example/2")
    both = [update(works, organization_id, made.id, webhook_url="https://a.example/3") for made in (first, second)]
    results = await asyncio.gather(*both, return_exceptions=True)
    (refused,) = [result for result in results if isinstance(result, Invalid)]
    assert refused.details == {"webhook_url": ["value_already_exist"]}


async def test_an_organization_has_ten_endpoints_at_most_also_when_many_come_at_once(works, organization_id):
    many = [create(works, organization_id, webhook_url=f"https://a.example/{number}") for number in range(14)]
    results = await asyncio.gather(*many, return_exceptions=True)
    refused = [result for result in results if isinstance(result, Invalid)]
    assert len(refused) == 4
    assert refused[0].details == {"base": ["Maximum number of webhook endpoints was reached"]}


async def test_a_change_keeps_what_is_not_given(works, organization_id):
    made = await create(
        works,
        organization_id,
        webhook_url="https://a.example/1",
        signature_algo="hmac",
        name="mine",
        event_types=["invoice.created"],
    )
    changed = await update(works, organization_id, made.id, webhook_url="https://a.example/2")
    assert (changed.webhook_url, changed.signature_algo, changed.name, changed.event_types) == (
        "https://a.example/2",
        "hmac",
        "mine",
        ["invoice.created"],
    )
    changed = await update(works, organization_id, made.id, event_types=None, signature_algo=None, name=None)
    assert (changed.signature_algo, changed.name, changed.event_types) == ("hmac", None, None)


async def test_a_change_refuses_a_blank_url(works, organization_id):
    made = await create(works, organization_id, webhook_url="https://a.example/1")
    with pytest.raises(Invalid) as refused:
        await update(works, organization_id, made.id, webhook_url=None)
    assert refused.value.details == {"webhook_url": ["value_is_mandatory", "url_is_invalid"]}


async def test_endpoints_are_listed_by_url(works, organization_id):
    for name in ("c", "a", "b"):
        await create(works, organization_id, webhook_url=f"https://{name}.example/")
    async with works.enter(organization_id) as work:
        found, total = await endpoints.webhook_endpoints_in_order(work, limit=2, offset=1)
        assert [row.webhook_url for row in found] == ["https://b.example/", "https://c.example/"]
        assert total == 3
        assert await endpoints.urls(work) == ["https://c.example/", "https://a.example/", "https://b.example/"]


async def test_the_first_endpoint_is_made_and_then_replaced(works, organization_id):
    async with works.enter(organization_id) as work:
        await endpoints.replace_first(work, "https://a.example/1")
    await create(works, organization_id, webhook_url="https://a.example/2")
    async with works.enter(organization_id) as work:
        await endpoints.replace_first(work, "https://a.example/3")
    async with works.enter(organization_id) as work:
        assert await endpoints.urls(work) == ["https://a.example/3", "https://a.example/2"]
    with pytest.raises(Invalid) as refused:
        async with works.enter(organization_id) as work:
            await endpoints.replace_first(work, "https://a.example/2")
    assert refused.value.details == {"webhook_url": ["value_already_exist"]}


async def test_a_deleted_endpoint_takes_its_history_along(works, organization_id):
    made = await create(works, organization_id, webhook_url="https://a.example/1")
    async with works.enter(organization_id) as work:
        work.emit("feature.created", new_id())
    async with works.enter(organization_id) as work:
        delivery = await work.one(select(webhooks).where(webhooks.c.webhook_endpoint_id == made.id))
        await deliver.write_attempt(work, delivery.id, 1, deliver.Outcome(500, "no", None))
    async with works.enter(organization_id) as work:
        await endpoints.delete_webhook_endpoint(work, await endpoints.webhook_endpoint(work, made.id))
    async with works.enter(organization_id) as work:
        for table in (webhooks, webhook_attempts):
            kept = select(func.count()).select_from(table).where(table.c.organization_id == organization_id)
            assert (await work.one(kept))[0] == 0
        with pytest.raises(NotFound):
            await endpoints.webhook_endpoint(work, made.id)


async def test_an_event_told_while_the_endpoint_is_deleted_harms_nothing(works, organization_id):
    made = await create(works, organization_id, webhook_url="https://a.example/1")
    async with works.enter(organization_id) as deleting:
        await endpoints.delete_webhook_endpoint(deleting, made)

        async def tell() -> None:
            async with works.enter(organization_id) as work:
                work.emit("feature.created", new_id())

        telling = asyncio.create_task(tell())
        await eventually(lambda: someone_waits(works))
    await telling
    async with works.enter(organization_id) as work:
        assert await endpoints.urls(work) == []


async def test_another_organizations_endpoint_is_not_found(works, organization_id):
    made = await create(works, organization_id, webhook_url="https://a.example/1")
    other = await create_organization(works, "Other", frozen_time=datetime(2024, 1, 1, tzinfo=UTC))
    with pytest.raises(NotFound):
        await update(works, other.id, made.id, name="mine")
