"""The API server: its state, and the application put together from all endpoints."""

import asyncio
from dataclasses import dataclass, field
from functools import cache
from typing import Any, cast

from litestar import Request

from conto import __version__
from conto.api import openapi
from conto.api.app import App, create_app
from conto.api.call_log import CallLog
from conto.api.endpoint import Endpoint, endpoints_of
from conto.api.metrics import RequestMetrics
from conto.metering.intake import Intake
from conto.work import Works

REHEARSALS_AT_ONCE = 6
"""How many test clocks advance at the same time, each on a connection that it keeps."""


@dataclass(slots=True)
class Server:
    """What handlers without a unit of work need. `rehearsals` has connections of its own: an advance keeps one,
    while writes that wait for it keep theirs. `calls` are those that wait to be logged, `intake` is the short
    way of events into the store."""

    works: Works
    rehearsals: Works
    admin_key: str
    stopping: bool = False
    metrics: RequestMetrics = field(default_factory=RequestMetrics)
    calls: CallLog = field(init=False)
    intake: Intake = field(init=False)
    turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(REHEARSALS_AT_ONCE))

    def __post_init__(self) -> None:
        self.calls = CallLog(self.works, self.metrics.dropped_calls.inc)
        self.intake = Intake(self.works)


def server_of(request: Request[Any, Any, Any]) -> Server:
    """The server that a request came to."""
    return cast("Server", request.app.state.server)


def metrics_of(request: Request[Any, Any, Any]) -> tuple[bytes, str]:
    """The server's measurements and their content type."""
    app = cast("App", request.app)
    return app.metrics.render(), app.metrics.content_type


@cache
def all_endpoints() -> tuple[Endpoint, ...]:
    """Every endpoint there is."""
    from conto.api import admin, system
    from conto.api.v1 import (
        activity_logs,
        add_ons,
        api_keys,
        api_logs,
        billable_metrics,
        billing_entities,
        credit_notes,
        customers,
        event_estimates,
        events,
        fees,
        invoice_custom_sections,
        invoices,
        organizations,
        payment_methods,
        payment_receipts,
        payments,
        plan_charges,
        plan_fixed_charges,
        plans,
        pricing_units,
        security_logs,
        subscription_charges,
        subscription_life,
        subscriptions,
        taxes,
        test_clock,
        usage,
        webhook_endpoints,
        webhooks,
    )

    return tuple(
        endpoints_of(
            organizations,
            billing_entities,
            customers,
            payment_methods,
            taxes,
            add_ons,
            billable_metrics,
            pricing_units,
            plans,
            plan_charges,
            plan_fixed_charges,
            invoices,
            credit_notes,
            fees,
            payments,
            subscription_life,
            subscriptions,
            subscription_charges,
            events,
            event_estimates,
            usage,
            payment_receipts,
            invoice_custom_sections,
            api_keys,
            security_logs,
            webhook_endpoints,
            webhooks,
            activity_logs,
            api_logs,
            test_clock,
            admin,
            system,
        )
    )


@cache
def described() -> bytes:
    """The OpenAPI document of all endpoints, as it is sent."""
    return openapi.encoded(all_endpoints(), __version__)


def build(server: Server, *, front_origin: str | None = None) -> App:
    """The application on a server's state."""
    app = create_app(
        all_endpoints(), server.works.open, front_origin=front_origin, metrics=server.metrics, calls=server.calls
    )
    app.state.server = server
    app.state.openapi = described()
    return app
