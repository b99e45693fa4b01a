"""What a mail says, and the message that it becomes.

A letter is made when its mail is sent, from the subject as it is then. Texts that users chose cannot reach
beyond their own header: their control characters become blanks, and headers are set by the library alone.
"""

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import Row

from conto.smtp import Mailer
from conto.work import Works

NAME_CHARACTERS = 200
"""How much of a name stands in a header."""
SUBJECT_CHARACTERS = 500
CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]+")
NOT_IN_FILE_NAMES = re.compile(r"[^\w.+-]+")


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that goes with a letter; its type is as in `application/pdf`."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail's content. `sender` is the name that it comes from; answers go to `reply_to`."""

    sender: str
    reply_to: str | None
    locale: str
    subject: str
    text: str
    html: str
    attachments: Sequence[Attachment] = ()


type_of_writer = Callable[[Works, UUID, UUID], Awaitable[Letter]]

WRITERS: dict[str, type_of_writer] = {}


class Unwritable(Exception):
    """The letter cannot be written, now or later; the text says why."""


def writes(kind: str) -> Callable[[type_of_writer], type_of_writer]:
    """Register what writes letters of the kind: `writer(works, organization_id, subject_id)`.

    It may make what is to be attached. It raises `Unwritable` where its subject is not as it must be.
    """

    def register(writer: type_of_writer) -> type_of_writer:
        assert kind not in WRITERS
        WRITERS[kind] = writer
        return writer

    return register


def message(letter: Letter, mail: Row[Any], mailer: Mailer, date: datetime) -> EmailMessage:
    """The letter as it is sent. Its id is the mail's, so that a receiver can tell a second copy.

    Those of `bcc` are not named.
    """
    made = EmailMessage()
    made["Subject"] = one_line(letter.subject, SUBJECT_CHARACTERS)
    made["From"] = Address(one_line(letter.sender, NAME_CHARACTERS), addr_spec=mailer.sender)
    made["To"] = [_address(one) for one in mail.to_addresses]
    if mail.cc_addresses:
        made["Cc"] = [_address(one) for one in mail.cc_addresses]
    if answers := [one for one in split(letter.reply_to or "") if in_ascii(one).isascii()]:
        # An address that only some servers know would keep the mail from all the others.
        made["Reply-To"] = [_address(one) for one in answers]
    made["Date"] = format_datetime(date)
    made["Message-ID"] = f"<{mail.id}@{mailer.domain}>"
    made["Auto-Submitted"] = "auto-generated"
    made.set_content(letter.text)
    made.add_alternative(letter.html, subtype="html")
    for attachment in letter.attachments:
        kind, _, subtype = attachment.media_type.partition("/")
        made.add_attachment(attachment.content, kind, subtype, filename=attachment.name)
    made["Content-Language"] = letter.locale
    return made


def one_line(text: str, most: int) -> str:
    """The text as fits a header: without controls or marks of direction, its blanks single, cut at `most`."""
    return " ".join(CONTROLS.sub(" ", text).split())[:most]


def file_name(text: str) -> str:
    """The text as a file may be called anywhere: `ACM-0001-014`."""
    return NOT_IN_FILE_NAMES.sub("-", text).strip("-.") or "document"


def split(addresses: str) -> list[str]:
    """The addresses of a field that may hold several, separated by commas, each once."""
    return list(dict.fromkeys(found for part in addresses.split(",") if (found := part.strip())))


def in_ascii(address: str) -> str:
    """The address with its domain in the form that every server knows; letters before the `@` stay as they are."""
    local, _, domain = address.rpartition("@")
    if domain.isascii():
        return address
    try:
        return f"{local}@{httpx.URL(scheme='http', host=domain).raw_host.decode()}"
    except (httpx.InvalidURL, UnicodeError):
        return address


def _address(address: str) -> Address:
    local, _, domain = in_ascii(address).rpartition("@")
    return Address(username=local, domain=domain)
