"""The test clock of an organization made for rehearsals."""

from typing import Any

from litestar import Request
from msgspec import Struct

from conto.api.endpoint import post
from conto.api.envelope import Body
from conto.api.server import server_of
from conto.schemas.encoding import instant
from conto.schemas.test_clocks import TestClockInput, TestClockObject
from conto.test_clock import advance
from conto.work import Work


class TestClockAnswer(Struct, kw_only=True, frozen=True):
    """What the clock shows."""

    test_clock: TestClockObject


@post("/test_clock/advance", resource="organization", envelope="test_clock", apart=True)
async def advance_test_clock(
    work: Work, body: Body[TestClockInput], request: Request[Any, Any, Any]
) -> TestClockAnswer:
    """Move the test clock, and do all that falls due up to and including the instant."""
    server = server_of(request)
    target = body.read().frozen_time
    async with server.turns:
        await advance(server.rehearsals, work.organization.id, target)
    return TestClockAnswer(test_clock=TestClockObject(frozen_time=instant(target)))
