"""Whatever users call things, a mail keeps its form."""

from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from string import Formatter
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conto.mails.letters import Attachment, Letter, file_name, in_ascii, message
from conto.mails.pages import Page, as_html, as_text
from conto.mails.texts import ENGLISH, WORDS
from conto.schemas.vocabulary import LOCALES
from conto.settings import SmtpServer
from conto.smtp import Mailer

MAILER = Mailer(SmtpServer("mail.example", 25, None, None, "never"), "billing@conto.example")
HEADERS = {
    *("Subject", "From", "To", "Cc", "Reply-To", "Date", "Message-ID", "Auto-Submitted"),
    *("MIME-Version", "Content-Type", "Content-Language"),
}
names = st.text(st.characters(codec="utf-8"), max_size=300) | st.text('\r\n ,;:"<>@()[]\\=?üñ中b', max_size=120)


def sent(letter: Letter) -> Any:
    mail: Any = SimpleNamespace(
        id=UUID(int=7), to_addresses=["a@x.example"], cc_addresses=["b@x.example"], bcc_addresses=["c@x.example"]
    )
    made = message(letter, mail, MAILER, datetime(2024, 3, 5, 12, tzinfo=UTC))
    return message_from_bytes(made.as_bytes(policy=policy.SMTP), _class=EmailMessage, policy=policy.default)


@given(name=names)
def test_no_name_adds_a_header_or_a_recipient(name: str):
    page = Page("en", [name], [(name, name)], [name])
    letter = Letter(
        sender=name,
        reply_to="accounts@acme.example",
        locale="en",
        subject=name,
        text=as_text(page),
        html=as_html(page),
        attachments=[Attachment(file_name(name) + ".pdf", "application/pdf", b"%PDF")],
    )
    read = sent(letter)
    assert set(read.keys()) == HEADERS
    assert [address.addr_spec for address in read["From"].addresses] == [MAILER.sender]
    assert [address.addr_spec for address in read["To"].addresses] == ["a@x.example"]
    assert [address.addr_spec for address in read["Cc"].addresses] == ["b@x.example"]
    assert read["Message-ID"] == f"<{UUID(int=7)}@conto.example>"
    assert [part.get_content_type() for part in read.walk() if not part.is_multipart()] == [
        "text/plain",
        "text/html",
        "application/pdf",
    ]


@given(name=names)
def test_no_name_is_read_as_markup(name: str):
    html = as_html(Page("en", [name], [(name, name)], [name]))
    plain = as_html(Page("en", ["x"], [("x", "x")], ["x"]))
    assert html.count("<") - html.count("<br>") == plain.count("<")


@given(name=st.text(st.characters(codec="utf-8"), max_size=60))
def test_a_file_has_a_name_that_stays_in_its_folder(name: str):
    found = file_name(name)
    assert found
    assert not set(found) & set('/\\:*?"<>|\r\n\t ')
    assert not found.startswith(".")


def test_a_number_names_its_file_as_it_is():
    assert file_name("ACM-0001-014") == "ACM-0001-014"


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("a@x.example", "a@x.example"),
        ("a@münchen.example", "a@xn--mnchen-3ya.example"),
        ("jörg@straße.example", "jörg@xn--strae-oqa.example"),
    ],
)
def test_a_domain_is_written_so_that_every_server_knows_it(address: str, expected: str):
    assert in_ascii(address) == expected


@pytest.mark.parametrize("locale", LOCALES)
def test_every_locale_says_everything_with_the_same_values(locale: str):
    said = WORDS[locale]
    assert said.keys() == ENGLISH.keys()
    for key, text in said.items():
        assert fields(text) == fields(ENGLISH[key]), key
        assert text.strip() == text
        assert text


def fields(text: str) -> set[str | None]:
    return {field for _, field, _, _ in Formatter().parse(text)} - {None}
