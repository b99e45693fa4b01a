"""The whole API answers calls made from its own description as that description says."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pkgutil import iter_modules
from typing import Any

import pytest_asyncio
import schemathesis
from hypothesis import settings
from schemathesis.checks import not_a_server_error
from schemathesis.python.asgi import HOST, get_client
from schemathesis.specs.openapi.checks import content_type_conformance, response_schema_conformance
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool
from structlog.testing import capture_logs

from conto import __version__
from conto.api import openapi, v1
from conto.api.app import App
from conto.api.server import Server, all_endpoints, build
from conto.db.engine import server_settings
from conto.work import Works
from tests.company import open_company
from tests.databases import Databases
from tests.things import Names, one_of_everything

CHECKS = [not_a_server_error, response_schema_conformance, content_type_conformance]
DOCUMENT = openapi.document(all_endpoints(), __version__)

OPERATIONS = sum(len(operations) for operations in DOCUMENT["paths"].values())
EXAMPLES = max(4, 560 // OPERATIONS)
"""Calls of each operation, so that all of them together take about as long however many there are."""

schema = schemathesis.openapi.from_dict(DOCUMENT)
# Values at every bound of every field are thousands; `test_bad_input` goes through those that matter.
schema.config.phases.coverage.enabled = False


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def app(works: Works, databases: Databases) -> AsyncIterator[App]:
    """The application for calls from another event loop than ours, with connections that outlive no call."""
    engine = create_async_engine(
        databases.url(), poolclass=NullPool, connect_args={"server_settings": server_settings()}
    )
    own = Works(engine, works.secrets, works.files, works.public_url)
    yield build(Server(own, own, "admin-key"))
    await engine.dispose()


@dataclass(frozen=True)
class Caller:
    """A key, and what its organization has one of."""

    headers: dict[str, str]
    names: Names


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def caller(works: Works) -> Caller:
    """The key of an organization that has one of everything."""
    async with open_company(works) as company:
        names = await one_of_everything(company)
    return Caller({"Authorization": f"Bearer {company.organization.api_key}"}, names)


async def test_the_document_that_is_served_is_the_one_that_is_tried(company):
    served = await company.get("/openapi.json")
    assert served["paths"].keys() == DOCUMENT["paths"].keys()
    assert served["components"]["schemas"].keys() == DOCUMENT["components"]["schemas"].keys()


def test_every_module_of_the_api_is_served():
    assert sorted(v1.RESOURCES) == sorted(module.name for module in iter_modules(v1.__path__))


def test_every_call_of_the_api_is_described():
    left_out = {endpoint.route for endpoint in all_endpoints() if not endpoint.documented}
    system = {"/health", "/ready", "/metrics", "/api/v1/openapi.json", "/files/{path}"}
    assert left_out == system | {"/admin/organizations"}
    assert len(all_endpoints()) - len(left_out) == OPERATIONS


@schema.parametrize()
@settings(max_examples=EXAMPLES, deadline=None, database=None)
def test_what_is_answered_is_what_the_document_says(case: "schemathesis.Case[Any]", app: App, caller: Caller):
    case.headers = {**(case.headers or {}), **caller.headers}
    named = case.path.split("/")[3]
    for parameters in (case.path_parameters, dict.fromkeys(case.path_parameters or {}, caller.names.get(named))):
        case.path_parameters = parameters
        with capture_logs(), get_client(app) as client:
            answer = case.call(session=client, base_url=f"http://{HOST}")
        if answer.content:  # A document that has still to be made is answered by nothing at all.
            case.validate_response(answer, checks=CHECKS)
