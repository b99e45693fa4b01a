"""Two organizations, each with names of the other: no call answers with, or touches, what is the other's.

And the same where the queries have lost their filters, so that row-level security alone stands between them.
"""

import json
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from asyncpg import Connection
from sqlalchemy import event

from conto.api.endpoint import Endpoint
from conto.api.openapi import parameters, shapes_of
from conto.api.server import Server, all_endpoints, build
from conto.db.engine import create_engine
from conto.work import Works
from tests.books import counted
from tests.company import Company
from tests.databases import Databases
from tests.things import Names, enveloped, one_of_everything, path_of, query_of

UUIDS = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
REFERRING = re.compile(r"(id|ids|code|codes|slug|number|search_term)(\[\])?$")
FILTER = re.compile(r"(?:\w+\.)?organization_id = (\$\d+::UUID)", re.IGNORECASE)


@dataclass
class Party:
    """A company with one of everything, the calls that made it, and all ids that its own answers show."""

    company: Company
    names: Names
    calls: list[tuple[str, str, Any]] = field(default_factory=list)
    ids: frozenset[str] = frozenset()

    def shown(self, answer: httpx.Response, but: object = "") -> set[str]:
        """Which of the company's ids an answer shows, but for those that it was asked with."""
        return {found for found in UUIDS.findall(answer.text) if found in self.ids} - set(UUIDS.findall(str(but)))


async def party(company: Company) -> Party:
    """Make one of everything and note how."""
    made = Party(company, {})

    async def note(request: httpx.Request) -> None:
        if request.method != "GET":
            made.calls.append((request.method, request.url.raw_path.decode(), json.loads(request.content or b"null")))

    company.client.event_hooks["request"].append(note)
    made.names = await one_of_everything(company)
    company.client.event_hooks["request"].remove(note)
    await company.run_jobs()
    answers = [await company.client.get(f"/api/v1{path}") for path in readable(made.names)]
    made.ids = frozenset(found for answer in answers for found in UUIDS.findall(answer.text)) | {str(company.id)}
    return made


def readable(names: Names) -> Iterator[str]:
    """The paths of all that can be read."""
    for endpoint in all_endpoints():
        if endpoint.method == "GET" and not endpoint.public and endpoint.answer is not None:
            quoted = {kind: quote(name, safe="") for kind, name in names.items()}
            path = path_of(endpoint, quoted)
            yield path + query_of(path, quoted)


@pytest.fixture
async def own(company: Company) -> Party:
    return await party(company)


@pytest.fixture
async def other(other_company: Company) -> Party:
    return await party(other_company)


def exchanged(value: Any, names: dict[str, str]) -> Iterator[Any]:
    """The value with one own name in it replaced by the other's, once for each place that has one."""
    if isinstance(value, str):
        if value in names:
            yield names[value]
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from (value | {key: changed} for changed in exchanged(inner, names))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            yield from ([*value[:place], changed, *value[place + 1 :]] for changed in exchanged(inner, names))


def names_of_the_other(own: Party, other: Party) -> dict[str, str]:
    """The other's name for each own one."""
    return {name: other.names[kind] for kind, name in own.names.items()}


async def test_calls_with_the_others_names_in_their_bodies_reach_nothing_of_it(own, other, databases: Databases):
    before = await counted(databases, other.company)
    names = names_of_the_other(own, other)
    tried = 0
    for method, path, body in own.calls:
        for changed in exchanged(body, names):
            answer = await own.company.client.request(method, path, json=changed)
            assert answer.status_code < 500, (method, path, changed)
            assert other.shown(answer, but=changed) == set(), (method, path, changed)
            tried += 1
    assert tried > 5
    assert await counted(databases, other.company) == before


async def test_no_name_of_the_other_in_any_place_of_a_path_is_found(own, other, databases: Databases):
    before = await counted(databases, other.company)
    for endpoint in all_endpoints():
        if endpoint.public or not endpoint.parameters:
            continue
        for path in mixed(endpoint, own.names, other.names):
            body = enveloped(endpoint, {"name": "x", "code": "x"})
            asked = f"/api/v1{path}{query_of(path, own.names)}"
            answer = await own.company.client.request(endpoint.method, asked, json=body)
            assert answer.status_code == of_unknown(path), (endpoint.method, path)
            assert answer.status_code == 200 or answer.json()["code"].endswith("_not_found")
            assert other.shown(answer) == set()
    assert await counted(databases, other.company) == before


def of_unknown(path: str) -> int:
    """How a path answers that names what there is not: past usage with an empty list (chapter 31 §3)."""
    return 200 if path.endswith("/past_usage") else 404


def mixed(endpoint: Endpoint, own: Names, other: Names) -> Iterator[str]:
    """The endpoint's path with the other's name in the place of one parameter, and own ones in all others."""
    path = path_of(endpoint, own).split("/")
    theirs = path_of(endpoint, other).split("/")
    for place, (mine, its) in enumerate(zip(path, theirs, strict=True)):
        if mine != its:
            yield "/".join([*path[:place], its, *path[place + 1 :]])


async def test_no_filter_finds_anything_of_the_other(own, other):
    listing = [each for each in all_endpoints() if each.query and not each.public and each.method == "GET"]
    tried = 0
    for endpoint in listing:
        path = path_of(endpoint, own.names)
        for name in filters(endpoint):
            for value in set(other.names.values()):
                answer = await own.company.client.get(f"/api/v1{path}", params={name: value})
                assert answer.status_code in (200, 404, 405, 422), (path, name, value)
                assert other.shown(answer) == set(), (path, name, value)
                tried += 1
    assert tried > 50


def filters(endpoint: Endpoint) -> list[str]:
    """The names of the endpoint's filters that may name something."""
    shapes, _ = shapes_of([endpoint])
    named = [found["name"] for found in parameters(endpoint, shapes) if found["in"] == "query"]
    return [name for name in named if REFERRING.search(name)]


@pytest.fixture
async def unfiltered(works: Works, databases: Databases, own: Party) -> AsyncIterator[httpx.AsyncClient]:
    """The own company's client of an application whose statements have lost their filter on the organization."""
    engine = create_engine(databases.url(), pool_size=2)
    lost: list[str] = []

    class Losing(Connection):
        """A connection of the driver, through which all statements go."""

        async def fetch(self, query: str, *values: Any, **options: Any) -> Any:
            return await super().fetch(without_filter(query), *values, **options)

        async def prepare(self, query: str, **options: Any) -> Any:
            return await super().prepare(without_filter(query), **options)

    def without_filter(statement: str) -> str:
        # What was compared is still a parameter, of a condition that is always true.
        without, count = FILTER.subn(r"\1 is not null", statement)
        lost.extend([without] * count)
        return without

    @event.listens_for(engine.sync_engine, "do_connect")
    def lose(_dialect: Any, _record: Any, _arguments: Any, options: dict[str, Any]) -> None:
        options["connection_class"] = Losing

    bare = replace(works, engine=engine)
    transport = httpx.ASGITransport(app=build(Server(bare, bare, "admin-key")), raise_app_exceptions=False)
    headers = {"Authorization": own.company.client.headers["authorization"]}
    async with httpx.AsyncClient(transport=transport, base_url="http://conto.test", headers=headers) as client:
        yield client
    await engine.dispose()
    assert len(lost) > 20


async def test_row_level_security_alone_answers_the_same(own, other, unfiltered):
    for path in readable(own.names):
        expected, found = [await client.get(f"/api/v1{path}") for client in (own.company.client, unfiltered)]
        assert found.status_code == expected.status_code == 200, path
        assert without_links(found.text) == without_links(expected.text), path
        assert other.shown(found) == set()
    for endpoint in all_endpoints():
        if endpoint.public or not endpoint.parameters or endpoint.method != "GET":
            continue
        for path in mixed(endpoint, own.names, other.names):
            answer = await unfiltered.get(f"/api/v1{path}{query_of(path, own.names)}")
            assert answer.status_code == of_unknown(path), path
            assert other.shown(answer) == set(), path


def without_links(text: str) -> str:
    """An answer without what depends on the second it was given in."""
    return re.sub(r"expires=\d+&signature=[\w-]+", "", text)
