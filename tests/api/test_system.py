"""Health, readiness, metrics, the OpenAPI, and documents behind signed links."""

from urllib.parse import parse_qs, urlencode, urlsplit

import httpx

from conto.api.server import Server, build
from conto.clock import system_now
from tests.company import Company


def client_of(server: Server) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=build(server), raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://conto.test")


async def test_health_says_version_and_success_without_a_key(works):
    async with client_of(Server(works, works, "admin")) as client:
        answer = await client.get("/health")
    assert answer.status_code == 200
    assert answer.json()["message"] == "Success"
    assert answer.json()["version"]
    assert answer.json()["github_url"].startswith("https://")


async def test_ready_ends_when_the_server_is_about_to_stop(works):
    server = Server(works, works, "admin")
    async with client_of(server) as client:
        assert (await client.get("/ready")).json() == {"status": "ok"}
        server.stopping = True
        answer = await client.get("/ready")
    assert answer.status_code == 503
    assert answer.json() == {"status": "shutting down"}


async def test_metrics_count_requests_by_route(company: Company):
    await company.get("/taxes/nothing", status=404)
    answer = await company.client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    assert 'route="/api/v1/taxes/{code}",status="404"' in answer.text


async def test_the_openapi_describes_every_call_of_the_api(company: Company):
    document = (await company.client.get("/api/v1/openapi.json")).json()
    assert document["openapi"].startswith("3.1")
    calls = {f"{method.upper()} {path}" for path, methods in document["paths"].items() for method in methods}
    assert {"POST /api/v1/invoices", "GET /api/v1/customers/{external_customer_id}"} <= calls
    advance = document["paths"]["/api/v1/test_clock/advance"]["post"]
    assert "test_clock" in advance["requestBody"]["content"]["application/json"]["schema"]["properties"]


async def document_link(company: Company) -> str:
    add_on = await company.add_on()
    invoice = await company.invoice(await company.customer(), {"add_on_code": add_on["code"]})
    await company.run_jobs()
    return (await company.get(f"/invoices/{invoice['lago_id']}"))["invoice"]["file_url"]


async def test_a_signed_link_fetches_the_document_without_a_key(company: Company):
    link = await document_link(company)
    del company.client.headers["Authorization"]
    answer = await company.client.get(link)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF-")


async def test_a_link_that_was_changed_or_has_ended_fetches_nothing(company: Company):
    parts = urlsplit(await document_link(company))
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    changed = [
        query | {"expires": str(int(query["expires"]) + 1)},
        query | {"expires": "1"},
        query | {"expires": "\u0660"},
        query | {"signature": query["signature"].swapcase()},
        {"expires": query["expires"]},
        {},
    ]
    for parameters in changed:
        answer = await company.client.get(f"{parts.path}?{urlencode(parameters)}")
        assert answer.status_code == 404
    elsewhere = parts.path.replace("/invoices/", "/other/")
    assert (await company.client.get(f"{elsewhere}?{parts.query}")).status_code == 404


async def test_a_link_to_a_document_that_is_gone_is_not_found(company: Company):
    link = company.works.files.link("nothing/here.pdf", system_now())
    assert (await company.client.get(link)).status_code == 404
