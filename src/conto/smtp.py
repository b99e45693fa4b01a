"""Mail by SMTP: one message to its recipients, and what the server said of each.

What a server refuses for good (5xx) is told from what may be tried again: a busy or unreachable
server, an answer that did not come in time.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import localtime, make_msgid

import aiosmtplib
from aiosmtplib import (
    SMTPDataError,
    SMTPException,
    SMTPNotSupported,
    SMTPRecipientRefused,
    SMTPRecipientsRefused,
    SMTPResponseException,
    SMTPSenderRefused,
)

from conto.settings import Settings, SmtpServer

STEP_SECONDS = 30
"""Longest wait for any one answer of the server."""
WHOLE_SECONDS = 120
"""Longest time for a message, from the connection to the server's last answer."""
QUIT_SECONDS = 2
SAID_CHARACTERS = 500
"""How much of an answer is kept."""

START_TLS = {"always": False, "starttls": True, "auto": None, "never": False}


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a recipient did not get the message; `permanent` where no other try would help."""

    said: str
    permanent: bool


@dataclass(frozen=True, slots=True)
class Mailer:
    """A mail server, the address that mail comes from, and who looks after this installation, if that is known."""

    server: SmtpServer
    sender: str
    administrator: str | None = None

    @property
    def domain(self) -> str:
        """The domain that mail comes from."""
        return self.sender.rpartition("@")[2]

    async def send(
        self, message: EmailMessage, recipients: Sequence[str], *, seconds: float = WHOLE_SECONDS
    ) -> dict[str, Refusal]:
        """Send the message to the recipients, whatever its headers say; those who did not get it."""
        smtp = self._conversation(min(STEP_SECONDS, seconds))
        try:
            async with asyncio.timeout(seconds):
                await smtp.connect()
                refused, _ = await smtp.send_message(message, sender=self.sender, recipients=recipients)
        except SMTPRecipientsRefused as error:
            return {one.recipient: _refusal(one) for one in error.recipients}
        except (SMTPException, OSError, TimeoutError, ValueError) as error:
            return dict.fromkeys(recipients, _refusal(error))
        finally:
            await _leave(smtp)
        return _each(refused)

    def _conversation(self, seconds: float) -> aiosmtplib.SMTP:
        return aiosmtplib.SMTP(
            hostname=self.server.host,
            port=self.server.port,
            username=self.server.username,
            password=self.server.password,
            use_tls=self.server.tls == "always",
            start_tls=START_TLS[self.server.tls],
            timeout=seconds,
            # Given, since the library would ask the domain name system for a name, and wait.
            local_hostname=self.domain,
        )


def _each(refused: Mapping[str, tuple[int, str]]) -> dict[str, Refusal]:
    return {
        recipient: _refusal(SMTPRecipientRefused(code, message, recipient))
        for recipient, (code, message) in refused.items()
    }


def _refusal(error: Exception) -> Refusal:
    """What an error means. Wrong credentials are not the message's fault: someone may mend them."""
    if isinstance(error, SMTPResponseException):
        about_message = isinstance(error, SMTPSenderRefused | SMTPRecipientRefused | SMTPDataError)
        return Refusal(_short(f"{error.code} {error.message}"), about_message and error.code >= 500)
    # A certificate that is not trusted is a ValueError, too, but of the connection.
    permanent = isinstance(error, SMTPNotSupported | ValueError) and not isinstance(error, OSError)
    return Refusal(_short(f"{type(error).__name__}: {error}".removesuffix(": ")), permanent)


def _short(text: str) -> str:
    return " ".join(text.replace("\0", "").split())[:SAID_CHARACTERS]


async def _leave(smtp: aiosmtplib.SMTP) -> None:
    """End the conversation; what the message came to no longer depends on it."""
    with suppress(SMTPException, OSError, TimeoutError):
        if smtp.is_connected:
            async with asyncio.timeout(QUIT_SECONDS):
                await smtp.quit()
    smtp.close()


def test_message(mailer: Mailer, to: str) -> EmailMessage:
    """A message that says nothing but that it came."""
    made = EmailMessage()
    made["Subject"] = "Mail from Conto"
    made["From"] = mailer.sender
    made["To"] = to
    made["Date"] = localtime()
    made["Message-ID"] = make_msgid(domain=mailer.domain)
    made.set_content("Conto can send mail.\n")
    return made


def open_mailer(settings: Settings) -> Mailer | None:
    """What sends mail as the settings say; None where mail is switched off."""
    if settings.smtp is None:
        return None
    assert settings.mail_from is not None
    return Mailer(settings.smtp, settings.mail_from, settings.admin_email)
