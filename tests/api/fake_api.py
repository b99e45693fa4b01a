"""A small API over nothing, to see what the HTTP layer does with its requests."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Annotated, Any, Literal

import httpx
from litestar import Request
from msgspec import UNSET, Struct, UnsetType

from conto.api.app import App, create_app
from conto.api.endpoint import (
    Endpoint,
    Mode,
    PlainText,
    Reply,
    delete,
    endpoints_of,
    get,
    patch,
    post,
    public_get,
    public_post,
    put,
)
from conto.api.envelope import Body
from conto.api.pagination import Page, PaginationMeta, meta
from conto.api.query import Query
from conto.errors import Forbidden, Locked, NotAllowed, NotFound, Unauthorized
from conto.schemas import fields as f
from conto.schemas.encoding import as_number

KEY = {"Authorization": "Bearer key"}


class Work:
    """A unit of work that only remembers how it ended."""

    def __init__(self, writes: bool, allowed: bool) -> None:
        self.writes = writes
        self.allowed = allowed

    def note_key_use(self) -> None:
        pass

    def require(self, resource: str, mode: Mode) -> None:
        if not self.allowed:
            raise Forbidden(f"{mode}_action_not_allowed_for_{resource}")


class Works:
    """Opens fake units of work and notes what became of each."""

    def __init__(self) -> None:
        self.ended: list[tuple[str, bool]] = []

    @asynccontextmanager
    async def open(self, credential: str, writes: bool) -> AsyncIterator[Work]:
        if credential not in ("key", "powerless"):
            raise Unauthorized
        try:
            yield Work(writes, allowed=credential == "key")
        except BaseException:
            self.ended.append(("rolled back", writes))
            raise
        self.ended.append(("committed", writes))


class TaxInput(Struct, kw_only=True):
    code: f.Code
    name: f.Mandatory
    rate: Annotated[Decimal, f.number(ge=0, le=100)]
    description: Annotated[str, f.text(600)] | None | UnsetType = UNSET
    currency: f.CurrencyCode | None | UnsetType = UNSET
    applied: f.Flag = False


class TaxUpdate(Struct, kw_only=True):
    name: f.Mandatory | UnsetType = UNSET


class TaxObject(Struct, kw_only=True):
    code: str
    rate: f.Rate
    currency: f.CurrencyCode | None = None


class TaxAnswer(Struct, kw_only=True):
    tax: TaxObject


class TaxesAnswer(Struct, kw_only=True):
    taxes: list[TaxObject]
    meta: PaginationMeta


class TaxFilters(Struct, kw_only=True):
    codes: list[f.Identifier] | UnsetType = UNSET
    status: Literal["on", "off"] | UnsetType = UNSET
    since: f.Instant | UnsetType = UNSET
    metadata: dict[str, f.Text] | UnsetType = UNSET


class Seen(Struct, kw_only=True):
    where: str
    values: list[str]


class VoidInput(Struct, kw_only=True):
    reason: f.Text | UnsetType = UNSET


def tax(code: str, rate: Decimal = Decimal(20)) -> TaxAnswer:
    return TaxAnswer(tax=TaxObject(code=code, rate=as_number(rate)))


@post("/taxes", resource="tax", envelope="tax")
async def create_tax(work: Work, body: Body[TaxInput]) -> TaxAnswer:
    """Create a tax.

    Its code is unique.
    """
    data = body.read()
    return tax(data.code, data.rate)


@get("/taxes", resource="tax")
async def list_taxes(work: Work, query: Query[TaxFilters], page: Page) -> TaxesAnswer:
    """List taxes."""
    codes = query.read().codes or ["a", "b", "c"]
    shown = codes[page.offset :][: page.limit]
    return TaxesAnswer(taxes=[tax(code).tax for code in shown], meta=meta(page, len(codes)))


@get("/taxes/{code+}", resource="tax")
async def get_tax(work: Work, code: str) -> TaxAnswer:
    """Get a tax."""
    return tax(code)


@put("/taxes/{code+}", resource="tax", envelope="tax")
async def update_tax(work: Work, code: str, body: Body[TaxUpdate]) -> TaxAnswer:
    """Update a tax."""
    if code == "unknown":
        raise NotFound("tax")
    body.read()
    return tax(code)


@delete("/taxes/{code+}", resource="tax")
async def delete_tax(work: Work, code: str) -> TaxAnswer:
    """Delete a tax."""
    return tax(code)


@get("/plans/{code+}", resource="plan")
async def get_plan(work: Work, code: str) -> Seen:
    return Seen(where="plan", values=[code])


@get("/plans/{code+}/charges", resource="plan")
async def list_charges(work: Work, code: str) -> Seen:
    return Seen(where="charges", values=[code])


@get("/plans/{code+}/charges/{charge_code}", resource="plan")
async def get_charge(work: Work, code: str, charge_code: str) -> Seen:
    return Seen(where="charge", values=[code, charge_code])


@get("/plans/{code+}/charges/{charge_code}/filters/{filter_id}", resource="plan")
async def get_filter(work: Work, code: str, charge_code: str, filter_id: str) -> Seen:
    return Seen(where="filter", values=[code, charge_code, filter_id])


@patch("/plans/{code+}/metadata", resource="plan")
async def patch_metadata(work: Work, code: str) -> Seen:
    return Seen(where="metadata", values=[code])


@get("/subscriptions/{external_id}", resource="subscription")
async def get_subscription(work: Work, external_id: str) -> Seen:
    return Seen(where="subscription", values=[external_id])


@post("/invoices/preview", resource="invoice")
async def preview_invoice(work: Work, body: Body[VoidInput]) -> Seen:
    return Seen(where="preview", values=sorted(body.raw))


@get("/invoices/{invoice_id}", resource="invoice")
async def get_invoice(work: Work, invoice_id: str) -> Seen:
    return Seen(where="invoice", values=[invoice_id])


@post("/invoices/{invoice_id}/void", resource="invoice")
async def void_invoice(work: Work, invoice_id: str, body: Body[VoidInput]) -> Seen:
    reason = body.read().reason
    if invoice_id == "paid":
        raise NotAllowed("not_voidable")
    if invoice_id == "busy":
        raise Locked
    return Seen(where="void", values=[reason] if isinstance(reason, str) else [])


@post("/invoices/{invoice_id}/retry_payment", resource="invoice", envelope="payment", optional_body=True)
async def retry_payment(work: Work, invoice_id: str, body: Body[VoidInput]) -> None:
    """Try the payment again."""
    body.read()


@post("/events/batch", resource="event", lazy_body=True)
async def send_events(work: Work, body: Body[VoidInput]) -> Seen:
    return Seen(where="events", values=[str(len(body.content))])


@get("/webhooks/public_key", resource="webhook_jwt_public_key")
async def public_key(work: Work) -> PlainText:
    """The key that signatures are checked with."""
    return PlainText("é-key")


@get("/broken", resource="tax", documented=False)
async def broken(work: Work) -> Seen:
    secret = "must not be logged"
    raise RuntimeError(f"bug of {len(secret)}")


@get("/unwritable", resource="tax", documented=False)
async def unwritable(work: Work) -> TaxAnswer:
    return TaxAnswer(tax=TaxObject(code="a", rate=Decimal("NaN")))


@get("/mode", resource="tax", mode="write", documented=False)
async def mode_of(work: Work, request: Request[Any, Any, Any]) -> Reply:
    return Reply.json(
        {"writes": work.writes, "path": request.scope["path"]}, headers={"X-Lago-Endpoint-Status": "beta"}
    )


@public_get("/health")
async def health(request: Request[Any, Any, Any]) -> Reply:
    """Tell whether the server is well."""
    return Reply.json({"message": "Unhealthy"}, status=500)


@public_post("/webhooks/{provider}/{token}", base="/inbound")
async def inbound(request: Request[Any, Any, Any]) -> Seen:
    return Seen(where=request.path_params["provider"], values=[request.path_params["token"]])


def endpoints() -> list[Endpoint]:
    """All of the above."""
    return endpoints_of(sys.modules[__name__])


def fake_app(works: Works | None = None, **options: Any) -> App:
    """The small API as an application."""
    return create_app(endpoints(), (works or Works()).open, **options)


def client(app: App | None = None, **headers: str) -> httpx.AsyncClient:
    """A client of the application, with a key."""
    transport = httpx.ASGITransport(app or fake_app())
    return httpx.AsyncClient(transport=transport, base_url="http://conto.test", headers={**KEY, **headers})
