"""A mail server for tests: it speaks SMTP, answers as it is told, and keeps what it got."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP

from conto.settings import SmtpServer
from conto.smtp import Mailer

SENDER = "billing@conto.example"
DOMAIN = "conto.example"
EMAIL_SETTINGS: dict[str, Any] = {
    "organization": {
        "email": "accounts@acme.example",
        "email_settings": ["invoice.finalized", "payment_receipt.created"],
        "issue_receipts": True,
    }
}


@dataclass(frozen=True)
class Received:
    """A message that came, and those it was for."""

    sender: str
    recipients: list[str]
    content: bytes

    @property
    def message(self) -> EmailMessage:
        """The message, read."""
        return message_from_bytes(self.content, _class=EmailMessage, policy=policy.default)

    def part(self, kind: str) -> str:
        """The body in plain text or in HTML."""
        body = self.message.get_body((kind,))
        assert isinstance(body, EmailMessage)
        return body.get_content()

    @property
    def files(self) -> dict[str, bytes]:
        """What is attached, by name; all of it is PDF."""
        found = list(self.message.iter_attachments())
        assert {part.get_content_type() for part in found} <= {"application/pdf"}
        return {part.get_filename() or "": part.get_content() for part in found}


@dataclass
class Mailbox:
    """Takes every mail, or refuses recipients with the answers in `refusals`, or every message with `refusal`.

    While `open` is cleared, answers wait.
    """

    received: list[Received] = field(default_factory=list)
    refusals: dict[str, str] = field(default_factory=dict)
    refusal: str | None = None
    drops: int = 0
    attempts: int = 0
    port: int = 0

    def __post_init__(self) -> None:
        self.open = asyncio.Event()
        self.open.set()

    def mailer(self, **changes: Any) -> Mailer:
        """What sends mail here."""
        server = {"host": "127.0.0.1", "port": self.port, "username": None, "password": None, "tls": "never"}
        return Mailer(SmtpServer(**(server | changes)), SENDER)

    def only(self) -> Received:
        """The one mail that has come."""
        (found,) = self.received
        return found

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if address in self.refusals:
            return self.refusals[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.attempts += 1
        await self.open.wait()
        if self.refusal is not None:
            return self.refusal
        self.received.append(Received(envelope.mail_from, list(envelope.rcpt_tos), envelope.content))
        if self.drops:
            # The mail was taken, but whoever sent it does not hear so.
            self.drops -= 1
            server.transport.abort()
        return "250 OK"


@asynccontextmanager
async def mailbox(**options: Any) -> AsyncIterator[Mailbox]:
    """A mail server on a port of its own."""
    box = Mailbox()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(box, enable_SMTPUTF8=True, loop=loop, hostname="mail.test", **options), "127.0.0.1", 0
    )
    box.port = server.sockets[0].getsockname()[1]
    try:
        yield box
    finally:
        box.open.set()
        server.close()
