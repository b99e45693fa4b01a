"""Paths: encoded and raw slashes, precedence, and unknown routes (chapter 01 §1)."""

import pytest
from fake_api import client, fake_app

API = "/api/v1"


async def seen(path: str, method: str = "GET") -> tuple[str, list[str]]:
    """Where a path leads, and with what parameters."""
    async with client() as http:
        answer = await http.request(method, API + path)
    assert answer.status_code == 200, answer.text
    return answer.json()["where"], answer.json()["values"]


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("a", "a"),
        ("a%2Fb", "a/b"),
        ("a%2fb", "a/b"),
        ("a%2F", "a/"),
        ("%2Fa", "/a"),
        ("a%252Fb", "a%2Fb"),
        ("a.b", "a.b"),
        ("%C3%A9", "é"),
        ("a%20b+c", "a b+c"),
        ("a%25b", "a%b"),
        ("a/b", "a/b"),
        ("a/b/c.d", "a/b/c.d"),
        ("a%2Fb/c", "a/b/c"),
        ("a%252Fb/c", "a%2Fb/c"),
        ("charges", "charges"),
    ],
)
async def test_a_code_is_taken_from_the_path_as_it_is(written: str, code: str):
    assert await seen(f"/plans/{written}") == ("plan", [code])


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("/plans/a/charges", ("charges", ["a"])),
        ("/plans/a/b/charges", ("charges", ["a/b"])),
        ("/plans/a%2Fb/charges", ("charges", ["a/b"])),
        ("/plans/a/charges/x", ("charge", ["a", "x"])),
        ("/plans/a/b/charges/x", ("charge", ["a/b", "x"])),
        ("/plans/a/b/charges/x%2Fy", ("charge", ["a/b", "x/y"])),
        ("/plans/a/b/charges/x/filters/1", ("filter", ["a/b", "x", "1"])),
        ("/plans/charges/charges/charges", ("charge", ["charges", "charges"])),
        ("/plans/a/charges/b/charges/x", ("charge", ["a/charges/b", "x"])),
        ("/plans/a%2Fcharges", ("plan", ["a/charges"])),
        ("/plans/a//charges", ("charges", ["a"])),
        ("/subscriptions/a.b", ("subscription", ["a.b"])),
        ("/subscriptions/a%2Fb", ("subscription", ["a/b"])),
        ("/invoices/preview", ("invoice", ["preview"])),
    ],
)
async def test_the_longest_sub_route_wins(path: str, found: tuple[str, list[str]]):
    assert await seen(path) == found


async def test_a_literal_route_keeps_its_own_method():
    assert await seen("/invoices/preview", "POST") == ("preview", [])
    assert await seen("/plans/a/b/metadata", "PATCH") == ("metadata", ["a/b"])


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/nope"),
        ("GET", f"{API}/nope"),
        ("GET", f"{API}/plan"),
        ("GET", f"{API}/plans"),
        ("GET", f"{API}/subscriptions/a/b"),
        ("GET", f"{API}/invoices/a/void"),
        ("POST", f"{API}/plans/a"),
        ("PATCH", f"{API}/taxes/a"),
        ("HEAD", f"{API}/taxes"),
        ("OPTIONS", f"{API}/taxes"),
        ("OPTIONS", f"{API}/plans/a/b"),
        ("BREW", f"{API}/taxes"),
        ("GET", f"{API}/taxes/%FF"),
        ("GET", f"{API}/taxes/%00"),
        ("GET", f"{API}/taxes/a/b%00"),
        ("GET", f"{API}/taxes/a/%C3"),
        ("GET", f"{API}/taxes/{'x' * 600}/%FF"),
    ],
)
@pytest.mark.parametrize("authorization", ["", "Bearer key"])
async def test_an_unknown_route_or_method_is_not_found(method: str, path: str, authorization: str):
    async with client(Authorization=authorization) as http:
        answer = await http.request(method, path)
    assert answer.status_code == 404
    assert "allow" not in answer.headers
    if method != "HEAD":
        assert answer.json() == {"status": 404, "error": "Not Found", "code": "resource_not_found"}


async def test_one_path_asked_twice_gives_each_request_its_own_parameters():
    app = fake_app()
    async with client(app) as http:
        for _ in range(2):
            assert (await http.get(f"{API}/plans/a/b")).json()["values"] == ["a/b"]
            assert (await http.get(f"{API}/plans/{'c' * 600}/b")).json()["values"] == ["c" * 600 + "/b"]


async def test_a_server_that_gives_no_raw_path_is_served_all_the_same():
    app = fake_app()
    sent = []
    scope = {
        "type": "http",
        "method": "GET",
        "path": f"{API}/plans/é b",
        "query_string": b"",
        "headers": [(b"authorization", b"Bearer key")],
        "http_version": "1.1",
        "scheme": "http",
        "server": ("conto.test", 80),
        "client": ("127.0.0.1", 1),
    }

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        sent.append(message)

    await app(scope, receive, send)
    assert sent[0]["status"] == 200
    assert sent[1]["body"] == '{"where":"plan","values":["é b"]}'.encode()
