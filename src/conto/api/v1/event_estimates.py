"""What events would cost in advance (chapter 31 §6)."""

from msgspec import Struct

from conto.api.endpoint import post
from conto.api.envelope import Body
from conto.errors import Invalid
from conto.metering.estimates import estimate_fees, estimate_instant_fees
from conto.schemas.estimates import EventEstimateBatchInput, EventEstimateInput, FeeEstimateObject
from conto.schemas.fees import FeeObject
from conto.schemas.reader import Problems
from conto.work import Work


class EstimatedFeesAnswer(Struct, kw_only=True, frozen=True):
    """The fees of an event."""

    fees: list[FeeObject]


class FeesEstimateAnswer(Struct, kw_only=True, frozen=True):
    """The fees of events that are looked at alone."""

    fees: list[FeeEstimateObject]


@post("/events/estimate_fees", resource="event", envelope="event")
async def event_estimate_fees(work: Work, body: Body[EventEstimateInput]) -> EstimatedFeesAnswer:
    """Tell what an event would cost in advance if it happened now."""
    problems = Problems()
    return EstimatedFeesAnswer(fees=await estimate_fees(work, body.read(problems), problems))


@post("/events/estimate_instant_fees", resource="event", envelope="event")
async def event_estimate_instant_fees(work: Work, body: Body[EventEstimateInput]) -> FeesEstimateAnswer:
    """Tell what an event would cost by itself, of charges that take a price or a percentage."""
    event = body.read()
    fees = await estimate_instant_fees(work, [event])
    if not fees:
        raise Invalid({"code": ["does_not_match_an_instant_charge"]})
    return FeesEstimateAnswer(fees=fees)


@post("/events/batch_estimate_instant_fees", resource="event")
async def event_batch_estimate_instant_fees(work: Work, body: Body[EventEstimateBatchInput]) -> FeesEstimateAnswer:
    """Tell what up to 100 events would cost by themselves; one without such a charge has no fee."""
    events = body.read().events
    if not events:
        raise Invalid({"events": ["no_events"]})
    bare = [one.event or one for one in events]
    return FeesEstimateAnswer(fees=await estimate_instant_fees(work, bare))
