"""The test clock of an organization made for rehearsals."""

from typing import Any

from litestar import Request
from msgspec import Struct

from conto.api.admin import TestClockInput, TestClockObject
from conto.api.endpoint import credential_of, public_post
from conto.api.envelope import Body
from conto.api.server import server_of
from conto.schemas.encoding import instant
from conto.test_clock import advance


class TestClockAnswer(Struct, kw_only=True, frozen=True):
    """What the clock shows."""

    test_clock: TestClockObject


@public_post("/api/v1/test_clock/advance")
async def advance_test_clock(request: Request[Any, Any, Any]) -> TestClockAnswer:
    """Move the test clock, and do all that falls due up to and including the instant.

    The clock is held through many transactions, so the call has no unit of work of its own beyond the
    one that reads its key.
    """
    server = server_of(request)
    async with server.works.open(credential_of(request), writes=False) as work:
        work.require("organization", "write")
    target = Body(TestClockInput, await request.body(), "test_clock").read().frozen_time
    async with server.turns:
        await advance(server.rehearsals, work.organization.id, target)
    return TestClockAnswer(test_clock=TestClockObject(frozen_time=instant(target)))
