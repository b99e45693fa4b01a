"""Webhooks go to public addresses alone, unless the settings allow others."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from sqlalchemy import text

from conto.webhooks import addresses, deliver
from conto.webhooks.addresses import NoPublicAddress, is_public, public_addresses
from conto.webhooks.post import Outcome, Post, post_to_public, send
from conto.work import Works
from tests.company import Company
from tests.receiver import Receiver, receiver

PRIVATE = [
    *("127.0.0.1", "127.8.8.8", "0.0.0.0", "10.1.2.3", "172.16.0.1", "172.31.255.255", "192.168.1.1"),
    *("169.254.169.254", "100.64.0.1", "100.100.100.200", "192.0.0.192", "168.63.129.16", "198.18.0.1"),
    *("224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255"),
    *("::", "::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fec0::1", "ff02::1", "2001:db8::1", "2001::1"),
    *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::7f00:1", "64:ff9b::7f00:1", "64:ff9b:1::808:808", "2002:7f00:1::"),
]
PUBLIC = ["1.1.1.1", "8.8.8.8", "172.15.0.1", "172.32.0.1", "100.128.0.1", "223.255.255.255"]
PUBLIC += ["2606:4700:4700::1111", "2a00:1450::1", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::"]

SEEN_AS_PUBLIC, SEEN_AS_PRIVATE = "127.0.0.2", "127.0.0.1"


@pytest.mark.parametrize("address", PRIVATE)
def test_what_is_not_the_internet_is_not_public(address: str):
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_the_internet_is_public(address: str):
    assert is_public(ip_address(address))


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.1", "0x7f000001", "2130706433", "0", "::1"])
async def test_a_host_of_this_machine_has_no_public_address_however_it_is_written(host: str):
    with pytest.raises(NoPublicAddress):
        await public_addresses(host, 80)


async def test_a_refused_address_is_a_failed_attempt_that_says_why(works: Works, company: Company):
    async with receiver() as hook:
        await company.post("/webhook_endpoints", {"webhook_endpoint": {"webhook_url": hook.url}})
        await company.customer()
        async with works.enter(company.id) as work:
            (delivery,) = await work.rows(text("select id from webhooks"))
        await deliver.deliver(replace(works, allow_private_webhooks=False), company.id, delivery.id)
        async with works.enter(company.id) as work:
            attempt = await work.one(text("select error, http_status from webhook_attempts"))
            status = (await work.one(text("select status from webhooks"))).status
        assert (attempt.error, attempt.http_status) == ("NoPublicAddress: 127.0.0.1 has no public address", None)
        assert status == "retrying"
        assert hook.received == []

        await deliver.deliver(works, company.id, delivery.id)
        assert len(hook.received) == 1


@dataclass
class Names:
    """A directory of names of our own, in place of the one that the system asks."""

    answers: list[list[str]]
    asked: list[str] = field(default_factory=list)

    async def __call__(self, host: str, port: int, **_: Any) -> list[Any]:
        self.asked.append(host)
        found = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [(0, 0, 0, "", (address, port)) for address in found]


@pytest.fixture
async def names(monkeypatch: pytest.MonkeyPatch) -> Names:
    """A directory; of the machine's own addresses one counts as public."""
    monkeypatch.setattr(addresses, "NOT_PUBLIC", (ip_network(f"{SEEN_AS_PRIVATE}/32"),))
    found = Names([[SEEN_AS_PUBLIC]])
    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", found)
    return found


@asynccontextmanager
async def listening(hook: Receiver, address: str, context: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """The port at which the receiver listens on the address."""
    server = await asyncio.start_server(hook.serve, address, 0, ssl=context)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


def post(url: str) -> Post:
    return Post(number=1, url=url, content=b"{}", headers={"X-Lago-Unique-Key": "k"}, seconds=10)


async def test_the_address_that_was_checked_is_the_one_connected_to(names: Names):
    names.answers = [[SEEN_AS_PUBLIC], [SEEN_AS_PRIVATE]]
    meant, other = Receiver(), Receiver()
    async with listening(meant, SEEN_AS_PUBLIC) as port:
        server = await asyncio.start_server(other.serve, SEEN_AS_PRIVATE, port)
        try:
            first = await send(post(f"http://hook.example:{port}/in?a=b"), anywhere=False)
            second = await send(post(f"http://hook.example:{port}/in?a=b"), anywhere=False)
        finally:
            server.close()
    assert first == Outcome(200, "thanks", None)
    assert second == Outcome(None, None, "NoPublicAddress: hook.example has no public address")
    assert (len(meant.received), len(other.received)) == (1, 0)
    assert meant.received[0].headers["host"] == f"hook.example:{port}"
    assert names.asked == ["hook.example", "hook.example"]


async def test_of_several_addresses_the_private_are_left_out_and_a_dead_one_is_passed_over(names: Names):
    names.answers = [[SEEN_AS_PRIVATE, "127.0.0.3", SEEN_AS_PUBLIC]]
    hook = Receiver()
    async with listening(hook, SEEN_AS_PUBLIC) as port:
        assert (await send(post(f"http://hook.example:{port}/"), anywhere=False)).http_status == 200
    assert len(hook.received) == 1


async def test_a_redirect_to_a_private_address_is_not_followed(names: Names):
    hook, inside = Receiver(), Receiver()
    hook.answers.append(307)
    async with listening(inside, SEEN_AS_PRIVATE) as hook.port, listening(hook, SEEN_AS_PUBLIC) as port:
        assert (await send(post(f"http://hook.example:{port}/"), anywhere=False)).http_status == 307
    assert inside.received == []


async def test_no_proxy_of_the_environment_looks_the_name_up_again(names: Names, monkeypatch: pytest.MonkeyPatch):
    proxy, hook = Receiver(), Receiver()
    async with listening(proxy, SEEN_AS_PRIVATE) as proxy_port, listening(hook, SEEN_AS_PUBLIC) as port:
        monkeypatch.setenv("HTTP_PROXY", f"http://{SEEN_AS_PRIVATE}:{proxy_port}")
        # A new loop has a new sender, which could read the environment.
        loop_of_its_own = asyncio.to_thread(asyncio.run, sent_from_a_new_loop(names, port))
        assert (await loop_of_its_own).http_status == 200
    assert (len(proxy.received), len(hook.received)) == (0, 1)


async def sent_from_a_new_loop(names: Names, port: int) -> Outcome:
    asyncio.get_running_loop().getaddrinfo = names  # type: ignore[method-assign]
    return await send(post(f"http://hook.example:{port}/"), anywhere=False)


@pytest.mark.parametrize(("named", "status"), [("hook.example", 200), ("other.example", None)])
async def test_the_certificate_is_that_of_the_name(names: Names, tmp_path: Path, named: str, status: int | None):
    serving, trusting = contexts(named, tmp_path)
    hook = Receiver()
    async with listening(hook, SEEN_AS_PUBLIC, serving) as port, httpx.AsyncClient(verify=trusting) as client:
        try:
            answer = await post_to_public(client, post(f"https://hook.example:{port}/"))
            found = answer.status_code
            await answer.aclose()
        except httpx.ConnectError as error:
            assert "certificate is not valid for 'hook.example'" in str(error)
            found = None
    assert found == status
    assert len(hook.received) == (1 if status else 0)


def contexts(name: str, folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """TLS of a server with this name, and of a client that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = folder / "both.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    pem.write_bytes(private + certificate.public_bytes(Encoding.PEM))
    serving = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    serving.load_cert_chain(pem)
    return serving, ssl.create_default_context(cadata=certificate.public_bytes(Encoding.PEM).decode())
