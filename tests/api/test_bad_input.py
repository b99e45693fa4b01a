"""Whatever is sent, the answer has the API's form and nothing is written that should not be (chapter 01 §3)."""

import json
from collections.abc import Iterator
from functools import cache
from itertools import count
from typing import Any, get_args, get_origin
from uuid import uuid4

import httpx
import msgspec
import pytest
from structlog.testing import capture_logs

from conto.api.endpoint import Endpoint
from conto.api.server import all_endpoints
from conto.schemas.reader import opened
from tests.books import counted
from tests.company import Company
from tests.things import Names, enveloped, one_of_everything, path_of, query_of

Path = tuple[str | int, ...]

ERRORS = {
    400: {"status", "error"},
    401: {"status", "error"},
    403: {"status", "error", "code"},
    404: {"status", "error", "code"},
    405: {"status", "error", "code"},
    413: {"status", "error"},
    422: {"status", "error", "code", "error_details"},
}
WITH_BODY = [endpoint for endpoint in all_endpoints() if endpoint.body and not endpoint.apart]
numbers = count(1)


@pytest.fixture(autouse=True)
def _quiet():
    """Requests are many here."""
    with capture_logs():
        yield


@pytest.fixture
async def names(company: Company) -> Names:
    return await one_of_everything(company)


def ids(endpoint: Endpoint) -> str:
    return f"{endpoint.method} {endpoint.route}"


def assert_error(answer: httpx.Response, *statuses: int) -> dict[str, Any]:
    """The body of the answer, which must be an error as the API words them."""
    assert answer.status_code in (statuses or ERRORS), answer.text
    body = answer.json()
    assert set(body) == ERRORS[answer.status_code]
    assert body["status"] == answer.status_code
    assert answer.headers["content-type"] == "application/json"
    return body


def good(endpoint: Endpoint, names: Names) -> dict[str, Any]:
    """Fields that the endpoint takes."""
    code = f"code_{next(numbers)}"
    found: dict[str, dict[str, Any]] = {
        "POST /customers": {"external_id": code, "metadata": [{"key": "a", "value": "1"}], "shipping_address": {}},
        "POST /taxes": {"name": "x", "code": code, "rate": 1},
        "POST /add_ons": {"name": "x", "code": code, "amount_cents": 1, "amount_currency": "EUR"},
        "POST /billing_entities": {"name": "x", "code": code},
        "POST /invoices": {"external_customer_id": names["customers"], "fees": [{"add_on_code": names["add_ons"]}]},
        "POST /webhook_endpoints": {"webhook_url": f"https://{uuid4()}.example"},
        "POST /invoice_custom_sections": {"name": "x", "code": code},
        "POST /billable_metrics": {"name": "x", "code": code, "aggregation_type": "count_agg"},
        "POST /pricing_units": {"name": "x", "code": code, "short_name": "x"},
        "POST /plans": {
            "name": "x",
            "code": code,
            "interval": "monthly",
            "amount_cents": 1,
            "amount_currency": "EUR",
            "pay_in_advance": False,
        },
        "POST /payments": {"invoice_id": names["invoices"], "amount_cents": 1, "reference": "x"},
    }
    return found.get(f"{endpoint.method} {endpoint.path.removeprefix('/api/v1')}", {})


async def send(company: Company, endpoint: Endpoint, names: Names, fields: Any) -> httpx.Response:
    """Call the endpoint; a text `RAW…` stands for the JSON after it."""
    content = json.dumps(enveloped(endpoint, fields))
    while '"RAW' in content:
        before, _, rest = content.partition('"RAW')
        raw, _, after = rest.partition('"')
        content = before + raw + after
    url = f"/api/v1{path_of(endpoint, names)}"
    return await company.client.request(endpoint.method, url, content=content)


async def renewed(company: Company, endpoint: Endpoint, names: Names) -> Names:
    """The names after a call that may have changed or used up what the path names."""
    if endpoint.path.endswith("/void"):
        customer = {"external_id": names["customers"]}
        return names | {"invoices": (await company.invoice(customer, {"add_on_code": names["add_ons"]}))["lago_id"]}
    if endpoint.method == "PUT" and "/taxes/" in endpoint.path:
        return names | {"taxes": (await company.tax())["code"]}
    if endpoint.method == "PUT" and "/invoice_custom_sections/" in endpoint.path:
        return names | {"invoice_custom_sections": (await company.section())["code"]}
    if endpoint.path.endswith("/rotate"):
        return names | {"api_keys": (await company.post("/api_keys"))["api_key"]["lago_id"]}
    if endpoint.method == "PUT" and "/add_ons/" in endpoint.path:
        return names | {"add_ons": (await company.add_on())["code"]}
    return names


@cache
def fields_of(struct: type[msgspec.Struct]) -> tuple[tuple[Path, Any, str], ...]:
    """Every field of an input, however deep: where it stands, its type without null and absence, its annotation."""
    return tuple(walked(struct, ()))


def walked(struct: type[msgspec.Struct], above: Path) -> Iterator[tuple[Path, Any, str]]:
    for field in msgspec.structs.fields(struct):
        path = (*above, field.encode_name)
        bare, _, _ = opened(field.type)
        yield path, bare, repr(field.type)
        yield from inner(bare, path)


def inner(bare: Any, path: Path) -> Iterator[tuple[Path, Any, str]]:
    if get_origin(bare) is list:
        annotation = get_args(bare)[0]
        element, _, _ = opened(annotation)
        yield (*path, 0), element, repr(annotation)
        yield from inner(element, (*path, 0))
    elif isinstance(bare, type) and issubclass(bare, msgspec.Struct):
        yield from walked(bare, path)


def one_of_each_kind(endpoint: Endpoint) -> list[Path]:
    """A field of every kind that the body has: those that are annotated alike are read alike."""
    assert endpoint.body
    return list({annotation: path for path, _, annotation in fields_of(endpoint.body.struct)}.values())


def put(fields: Any, path: Path, value: Any) -> Any:
    """A copy of the fields with the value at the place; what leads there is made where it is missing."""
    if not path:
        return value
    key, *rest = path
    if isinstance(key, int):
        items = fields if isinstance(fields, list) and fields else [{}]
        return [put(items[0], tuple(rest), value), *items[1:]]
    known = fields if isinstance(fields, dict) else {}
    return known | {key: put(known.get(key), tuple(rest), value)}


def texts(endpoint: Endpoint) -> list[Path]:
    """Where the endpoint's body has texts."""
    assert endpoint.body
    return [path for path, bare, _ in fields_of(endpoint.body.struct) if bare is str]


def names_of(path: Path) -> set[str]:
    return {str(part) for part in path}


@pytest.mark.parametrize("endpoint", WITH_BODY, ids=ids)
async def test_no_text_is_taken_beyond_its_limit(company, names, databases, endpoint):
    before = await counted(databases, company)
    for path in texts(endpoint):
        answer = await send(company, endpoint, names, put(good(endpoint, names), path, "x" * 20_000))
        if answer.status_code == 200:
            assert "x" * 1000 not in answer.text
            before = await counted(databases, company)
        elif answer.status_code == 422:
            assert names_of(path) & set(assert_error(answer)["error_details"]), path
        else:
            assert_error(answer, 404)
    assert await counted(databases, company) == before


@pytest.mark.parametrize("endpoint", WITH_BODY, ids=ids)
async def test_texts_of_the_longest_characters_are_taken_or_refused(company, names, endpoint):
    letters = "".join(chr(0x20000 + place * 7) for place in range(255))
    for path in texts(endpoint):
        for value in (letters, letters[:20], "a\0b", "\ud800"):
            answer = await send(company, endpoint, names, put(good(endpoint, names), path, value))
            if answer.status_code != 200:
                assert_error(answer, 400, 404, 422)
            else:
                names = await renewed(company, endpoint, names)


ODD = [
    None,
    True,
    -1,
    "",
    "1e999999999",
    "RAW1e400",
    "RAW" + "9" * 5000,
    "9" * 5000,
    [],
    {},
    [None],
    [{}],
    "00000000-0000-0000-0000-000000000000",
]


@pytest.mark.parametrize("endpoint", WITH_BODY, ids=ids)
async def test_no_value_of_any_kind_is_more_than_refused(company, names, endpoint):
    for path in one_of_each_kind(endpoint):
        for value in ODD:
            answer = await send(company, endpoint, names, put(good(endpoint, names), path, value))
            if answer.status_code == 200:
                names = await renewed(company, endpoint, names)
            else:
                assert answer.status_code in ERRORS, (path, value, answer.text)
                assert_error(answer)


@pytest.mark.parametrize("endpoint", WITH_BODY, ids=ids)
async def test_lists_are_bounded(company, names, endpoint):
    for path, bare, _ in fields_of(endpoint.body.struct):
        if get_origin(bare) is list:
            for value in ({}, "x"):
                many = put(good(endpoint, names), path, [value] * 2000)
                assert_error(await send(company, endpoint, names, many), 404, 422)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"3",
        b'"x"',
        b"{}",
        b'{"tax": null}',
        b'{"tax": []}',
        b'{"tax": {}}',
        b'{"tax": "x"}',
        b'{"tax": {"rate": NaN}}',
        b'{"tax": {"rate": 01}}',
        b'{"tax": {"name": "\xff\xfe"}}',
        b'{"tax": {"name": "\\ud800"}}',
        b'{"tax": {"name": "\\u12"}}',
        b'{"name": "VAT", "code": "vat", "rate": 20}',
        b'{"tax": {"name": "VAT", "code": "vat", "rate": 20}} x',
        b'{"tax": {"name": "VAT", "code": "vat", "rate": 20, "deep": ' + b"[" * 200 + b"]" * 200 + b"}}",
        b"[" * 100_000,
        b'{"tax":' * 5000 + b"{}" + b"}" * 5000,
        b"tax[name]=VAT",
        b"\x00\x01\x02",
    ],
    ids=range(23),
)
async def test_what_is_no_json_with_an_envelope_is_a_bad_request(company, databases, content):
    before = await counted(databases, company)
    answer = await company.client.post("/api/v1/taxes", content=content)
    assert assert_error(answer, 400)["error"].startswith("BadRequest: ")
    assert await counted(databases, company) == before


async def test_a_body_of_ten_megabytes_is_too_large(company, databases):
    before = await counted(databases, company)
    body = b'{"tax": {"name": "VAT", "code": "vat", "rate": 20, "x": "' + b"x" * 10 * 1024 * 1024 + b'"}}'
    assert_error(await company.client.post("/api/v1/taxes", content=body), 413)
    assert await counted(databases, company) == before


@pytest.mark.parametrize(
    "key", ["", "x", "00000000-0000-4000-8000-000000000000", "a b", "é", "'; drop table taxes; --", "x" * 5000]
)
async def test_with_a_wrong_key_nothing_is_done(company, databases, key):
    before = await counted(databases, company)
    headers = {"Authorization": f"Bearer {key}".encode()}
    for method, path in (("POST", "/taxes"), ("GET", "/taxes"), ("DELETE", "/taxes/x"), ("POST", "/invoices")):
        assert_error(await company.client.request(method, f"/api/v1{path}", headers=headers), 401)
    assert await counted(databases, company) == before


async def test_an_unknown_path_or_method_is_not_found(company):
    for method, path in (("GET", "/nothing"), ("PATCH", "/taxes"), ("POST", "/taxes/x"), ("DELETE", "/organizations")):
        answer = await company.client.request(method, f"/api/v1{path}")
        assert assert_error(answer, 404)["code"] == "resource_not_found"


ODD_NAMES = ["%00", "%ff", "%", "%2e%2e", "nothing", "x" * 3000, "%F0%9F%92%A9", "'%20or%201=1--", "1", "\\"]


NOTHING = {"subscriptions": "nothing", "charges": "nothing"}


@pytest.mark.parametrize("name", ODD_NAMES, ids=range(len(ODD_NAMES)))
async def test_what_names_nothing_is_not_found(company, databases, name):
    before = await counted(databases, company)
    for endpoint in all_endpoints():
        if endpoint.public or not endpoint.parameters:
            continue
        path = endpoint.path
        for parameter in endpoint.parameters:
            path = path.replace(f"{{{parameter}+}}", name).replace(f"{{{parameter}}}", name)
        path += query_of(endpoint.path, NOTHING)
        url = httpx.URL("http://conto.test", raw_path=path.encode())
        answer = await company.client.request(endpoint.method, url, json=enveloped(endpoint, {"name": "x"}))
        if endpoint.path.endswith("/past_usage") and answer.status_code == 200:
            # A list of what was invoiced, which of nobody is empty (chapter 31 §3).
            assert answer.json()["usage_periods"] == []
        else:
            assert assert_error(answer, 404)["code"].endswith("_not_found")
    assert await counted(databases, company) == before


QUERIES = [
    "page=-1&per_page=0",
    "page=99999999999999999999&per_page=99999999999999999999",
    "page=x&per_page=y",
    "page[]=1&per_page[a]=2",
    "%00=%00",
    "search_term=%00",
    "search_term=" + "x" * 10_000,
    "search_term=%25%5C_",
    "metadata[a]=1&metadata[b]=",
    "metadata[%00]=1",
    "metadata=x",
    "a" * 10_000,
    "&&&==&",
    "status[]=&status[a]=1",
    "issuing_date_from=0001-01-01&issuing_date_to=9999-12-31",
    "issuing_date_from=99999-01-01",
    "from_date=1900-01-01&to_date=9999-12-31",
    "amount_from=1e400",
    "amount_from=-9999999999999999999999",
    "amount_from=NaN",
    "currency=x&invoice_type=x&fee_type=x",
    "billing_entity_codes[]=%00",
    "external_customer_id[]=x",
    "external_customer_id[a]=x",
    "countries[]=x&currencies[]=x&account_type[]=x",
    "has_customer_type=2&has_tax_identification_number=x",
]


@pytest.mark.parametrize("query", [*QUERIES, "a=%ff", "&".join(f"a{n}=1" for n in range(3000))], ids=range(28))
async def test_no_query_is_more_than_refused(company, names, query):
    for endpoint in all_endpoints():
        if not endpoint.public and endpoint.method == "GET" and (endpoint.page or endpoint.query):
            path = path_of(endpoint, names)
            answer = await company.client.get(f"/api/v1{path}{query_of(path, names) or '?'}&{query}")
            if answer.status_code != 200:
                assert_error(answer, 400, 404, 422)


async def test_an_unknown_reference_is_told_by_its_name(company, names, databases):
    before = await counted(databases, company)
    fee = {"add_on_code": names["add_ons"]}
    invoice = {"external_customer_id": names["customers"], "fees": [fee]}
    refusals = {
        "customer_not_found": ("/invoices", {"invoice": invoice | {"external_customer_id": "nothing"}}),
        "add_on_not_found": ("/invoices", {"invoice": invoice | {"fees": [{"add_on_code": "nothing"}]}}),
        "billing_entity_not_found": ("/invoices", {"invoice": invoice | {"billing_entity_code": "nothing"}}),
        "fees_not_found": ("/invoices", {"invoice": {"external_customer_id": names["customers"]}}),
        "tax_not_found": ("/customers", {"customer": {"external_id": "new", "tax_codes": ["nothing"]}}),
    }
    for code, (path, body) in refusals.items():
        assert (await company.post(path, body, 404))["code"] == code
    assert await counted(databases, company) == before
