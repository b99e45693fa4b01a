"""Mail reaches the mail server once, or says visibly that it did not (chapter 72 §5)."""

import asyncio
import ssl
from dataclasses import replace
from datetime import timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from conto import worker
from conto.clock import system_now
from conto.jobs import Hopeless
from conto.mails.deliver import Undelivered, deliver
from conto.mails.outbox import Taken
from tests.books import run
from tests.company import Company, eventually
from tests.mailbox import mailbox
from tests.workers import working


async def resent(company: Company, **recipients: list[str]) -> Any:
    """Have an invoice mailed again, and give the mail that is to be sent."""
    customer = await company.customer(email="ap@hooli.example")
    add_on = await company.add_on()
    invoice = await company.invoice(customer, {"add_on_code": add_on["code"], "unit_amount_cents": 0})
    await company.run_jobs()
    await company.post(f"/invoices/{invoice['lago_id']}/resend_email", recipients)
    return invoice


async def mails(databases, company: Company) -> list[Any]:
    return await run(databases, "select * from mails where organization_id = :id", id=company.id)


async def only(databases, company: Company) -> Any:
    (mail,) = await mails(databases, company)
    return mail


async def hasten(databases, company: Company) -> None:
    await run(
        databases,
        "update queue.pgqueuer set execute_after = now() where cast(headers->>'organization_id' as uuid) = :id",
        id=company.id,
    )


async def jobs_of(databases, company: Company) -> list[tuple[str, int]]:
    rows = await run(
        databases,
        "select status::text, attempts from queue.pgqueuer where cast(headers->>'organization_id' as uuid) = :id",
        id=company.id,
    )
    return [(row.status, row.attempts) for row in rows]


async def test_a_mail_that_is_sent_is_not_sent_again(mailing, box, databases):
    await resent(mailing)
    await mailing.run_jobs()
    mail = await only(databases, mailing)
    assert (mail.status, mail.delivered_to, mail.error) == ("sent", ["ap@hooli.example"], None)
    await deliver(mailing.works, mailing.id, mail.id)
    assert box.attempts == 1


async def test_two_workers_on_one_mail_send_it_once(mailing, box, databases):
    await resent(mailing)
    mail = await only(databases, mailing)
    box.open.clear()
    first = asyncio.create_task(deliver(mailing.works, mailing.id, mail.id))
    await eventually(lambda: box.attempts)
    with pytest.raises(Taken):
        await deliver(mailing.works, mailing.id, mail.id)
    box.open.set()
    await first
    await deliver(mailing.works, mailing.id, mail.id)
    assert box.attempts == len(box.received) == 1


async def test_a_mail_whose_sender_died_is_sent_again_under_the_same_id(mailing, box, databases):
    await resent(mailing)
    box.drops = 1
    with pytest.raises(Undelivered):
        await mailing.run_jobs()
    await mailing.run_jobs()
    first, second = box.received
    assert first.message["Message-ID"] == second.message["Message-ID"]
    assert (await only(databases, mailing)).status == "sent"


async def test_a_mail_is_taken_over_from_who_began_to_send_it_long_ago(mailing, box, databases):
    await resent(mailing)
    await run(databases, "update mails set claimed_at = now() where organization_id = :id", id=mailing.id)
    with pytest.raises(Taken):
        await mailing.run_jobs()
    await run(
        databases, "update mails set claimed_at = now() - interval '1 hour' where organization_id = :id", id=mailing.id
    )
    await mailing.run_jobs()
    assert len(box.received) == 1


async def test_while_the_server_is_down_a_mail_waits_and_then_is_sent(mailing, box, works, databases):
    async with mailbox() as gone:
        pass
    await resent(mailing, to=["late@hooli.example"])
    async with working(replace(works, mailer=gone.mailer()), databases):
        await eventually(lambda: waits(databases, mailing))
    mail = await only(databases, mailing)
    assert (mail.status, mail.sent_at) == ("pending", None)
    assert mail.error.startswith("late@hooli.example: SMTPConnectError: ")
    await hasten(databases, mailing)
    async with working(mailing.works, databases):
        await eventually(lambda: is_sent(databases, mailing))
    # Live workers take the jobs of other tests' organizations, too.
    assert len([mail for mail in box.received if mail.recipients == ["late@hooli.example"]]) == 1


async def waits(databases, company: Company) -> bool:
    return await jobs_of(databases, company) == [("queued", 1)]


async def is_sent(databases, company: Company) -> bool:
    return (await only(databases, company)).status == "sent"


async def test_a_recipient_who_is_refused_for_good_has_the_mail_held_at_once(mailing, box, databases):
    await resent(mailing)
    box.refusals["ap@hooli.example"] = "550 5.1.1 no such user"
    async with working(mailing.works, databases):
        await eventually(lambda: is_held(databases, mailing))
    mail = await only(databases, mailing)
    assert (mail.status, mail.attempts) == ("failed", 1)
    assert mail.error == "ap@hooli.example: 550 5.1.1 no such user"
    (held,) = [job for job in await worker.failed_jobs(mailing.works) if job.subject_id == mail.id]
    assert (held.kind, held.attempts, held.error) == ("mail", 1, mail.error)

    box.refusals.clear()
    assert await worker.retry_jobs(mailing.works, [held.id]) == 1
    async with working(mailing.works, databases):
        await eventually(lambda: is_sent(databases, mailing))
    assert (await only(databases, mailing)).error is None


async def is_held(databases, company: Company) -> bool:
    return await jobs_of(databases, company) == [("failed", 0)]


async def test_those_who_got_the_mail_do_not_get_it_again_when_others_do(mailing, box, databases):
    await resent(mailing, to=["a@x.example", "b@x.example"], bcc=["c@x.example"])
    box.refusals = {"a@x.example": "451 try later", "c@x.example": "451 try later"}
    with pytest.raises(Undelivered):
        await mailing.run_jobs()
    mail = await only(databases, mailing)
    assert (mail.status, mail.delivered_to) == ("pending", ["b@x.example"])
    assert mail.error == "a@x.example, c@x.example: 451 try later"
    box.refusals = {"c@x.example": "550 unknown"}
    with pytest.raises(Hopeless):
        await mailing.run_jobs()
    assert (await only(databases, mailing)).status == "failed"
    assert [mail.recipients for mail in box.received] == [["b@x.example"], ["a@x.example"]]
    assert box.received[1].message["To"] == "a@x.example, b@x.example"


@pytest.mark.parametrize(("answer", "error"), [("552 too big", Hopeless), ("452 no room", Undelivered)])
async def test_a_message_that_is_refused_is_retried_if_that_may_help(mailing, box, answer, error):
    await resent(mailing)
    box.refusal = answer
    with pytest.raises(error, match=answer):
        await mailing.run_jobs()


async def test_a_mail_about_what_is_no_longer_final_is_given_up(mailing, box, databases):
    invoice = await resent(mailing)
    await mailing.post(f"/invoices/{invoice['lago_id']}/void")
    with pytest.raises(Hopeless):
        await mailing.run_jobs()
    mail = await only(databases, mailing)
    assert (mail.status, mail.error) == ("failed", "the invoice is not final any more")
    assert box.received == []


async def test_a_mail_whose_document_is_lost_does_not_go_without_it(mailing, box, databases):
    invoice = await resent(mailing)
    await run(databases, "update invoices set file_path = 'nowhere.pdf' where id = :id", id=invoice["lago_id"])
    with pytest.raises(FileNotFoundError):
        await mailing.run_jobs()
    mail = await only(databases, mailing)
    assert (mail.status, mail.claimed_at, box.received) == ("pending", None, [])
    assert "FileNotFoundError" in mail.error


async def test_without_a_mail_server_a_mail_that_was_asked_for_waits_visibly(company, databases):
    settings = {"email": "a@acme.example", "email_settings": ["invoice.finalized"]}
    await company.put("/organizations", {"organization": settings})
    await resent(company)
    with pytest.raises(Undelivered, match="CONTO_SMTP_URL"):
        await company.run_jobs()
    assert (await only(databases, company)).status == "pending"


async def test_letters_beyond_ascii_in_addresses_are_understood(mailing, box):
    await resent(mailing, to=["jörg@münchen.example"])
    await mailing.run_jobs()
    assert box.only().recipients == ["jörg@xn--mnchen-3ya.example"]


def only_me(server: Any, session: Any, envelope: Any, mechanism: str, said: Any) -> AuthResult:
    return AuthResult(success=(said.login, said.password) == (b"me", b"secret"), handled=False)


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
async def test_the_server_is_told_who_sends(mailing, works, databases):
    async with mailbox(authenticator=only_me, auth_required=True, auth_require_tls=False) as box:
        await resent(mailing)
        mail = await only(databases, mailing)
        with pytest.raises(Undelivered, match="535"):
            await deliver(replace(works, mailer=box.mailer(username="me", password="wrong")), mailing.id, mail.id)
        await deliver(replace(works, mailer=box.mailer(username="me", password="secret")), mailing.id, mail.id)
        assert len(box.received) == 1


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """What a mail server encrypts with whose certificate this process trusts."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(system_now() - timedelta(days=1))
        .not_valid_after(system_now() + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    encoding = serialization.Encoding.PEM
    private = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (tmp_path / "certificate").write_bytes(certificate.public_bytes(encoding))
    (tmp_path / "both").write_bytes(private + certificate.public_bytes(encoding))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate"))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tmp_path / "both")
    return context


@pytest.mark.parametrize("tls", ["starttls", "auto"])
async def test_a_mail_goes_encrypted_where_the_server_can(mailing, works, databases, trusted, tls):
    async with mailbox(tls_context=trusted, require_starttls=True) as box:
        await resent(mailing)
        await deliver(replace(works, mailer=box.mailer(tls=tls)), mailing.id, (await only(databases, mailing)).id)
        assert len(box.received) == 1


async def test_a_mail_server_that_is_not_trusted_gets_nothing(mailing, works, databases, trusted, monkeypatch):
    monkeypatch.delenv("SSL_CERT_FILE")
    async with mailbox(tls_context=trusted) as box:
        await resent(mailing)
        with pytest.raises(Undelivered, match="certificate"):
            await deliver(
                replace(works, mailer=box.mailer(tls="auto")), mailing.id, (await only(databases, mailing)).id
            )
        assert box.received == []


@pytest.mark.parametrize("tls", ["always", "starttls"])
async def test_where_encryption_is_asked_for_nothing_is_sent_without_it(mailing, works, databases, box, tls):
    await resent(mailing)
    mail = await only(databases, mailing)
    with pytest.raises((Undelivered, Hopeless)):
        await deliver(replace(works, mailer=box.mailer(tls=tls)), mailing.id, mail.id)
    assert box.received == []
