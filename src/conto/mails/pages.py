"""A mail's body, as plain text and as simple HTML that says the same."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from sqlalchemy import Row

from conto.mails.letters import CONTROLS, Attachment, Letter
from conto.mails.texts import words

PAGE = "font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;font-size:15px;line-height:1.5"
FACT = "padding:2px 24px 2px 0"


@dataclass(frozen=True, slots=True)
class Page:
    """Paragraphs, a list of facts (what it is, its value), paragraphs again. Empty facts take no room."""

    locale: str
    before: Sequence[str]
    facts: Sequence[tuple[str, str]]
    after: Sequence[str]


def letter_to_customer(
    issuer: Row[Any],
    locale: str,
    kind: str,
    number: str,
    facts: Sequence[tuple[str, str]],
    attachments: Sequence[Attachment],
) -> Letter:
    """The letter in which a billing entity brings an `invoice`, `credit_note` or `receipt` to its customer.

    A fact is the name of one of the words of `conto.mails.texts`, and its value.
    """
    said = words(locale)
    names = {"entity": issuer.name, "number": number}
    page = Page(
        locale=locale,
        before=[said["greeting"], said[f"{kind}_intro"].format(**names)],
        facts=[(said[word], value) for word, value in facts],
        after=[said["question"], f"{said['closing']}\n{issuer.name}"],
    )
    subject = said[f"{kind}_subject"].format(**names)
    return letter(page, sender=issuer.name, reply_to=issuer.email, subject=subject, attachments=attachments)


def letter(
    page: Page, *, sender: str, reply_to: str | None, subject: str, attachments: Sequence[Attachment] = ()
) -> Letter:
    """The page as a letter in both forms."""
    return Letter(sender, reply_to, page.locale, subject, as_text(page), as_html(page), attachments)


def as_text(page: Page) -> str:
    """The page as plain text."""
    facts = "\n".join(f"{_line(name)}: {_line(value)}" for name, value in page.facts)
    blocks = [*map(_lines, page.before), facts, *map(_lines, page.after)]
    return "\n\n".join(block for block in blocks if block) + "\n"


def as_html(page: Page) -> str:
    """The page as HTML; whatever stands in its texts is text there, too."""
    rows = "".join(
        f'<tr><td style="{FACT};color:#5d6570">{escape(_line(name))}</td>'
        f'<td style="{FACT}"><strong>{escape(_line(value))}</strong></td></tr>'
        for name, value in page.facts
    )
    blocks = [
        *(_paragraph(text) for text in page.before),
        f'<table role="presentation" style="border-collapse:collapse;margin:16px 0">{rows}</table>' if rows else "",
        *(_paragraph(text) for text in page.after),
    ]
    return (
        f'<!doctype html><html lang="{escape(page.locale)}"><head><meta charset="utf-8"></head>'
        f'<body style="{PAGE};color:#16191d">{"".join(blocks)}</body></html>\n'
    )


def _paragraph(text: str) -> str:
    return "<p>" + "<br>".join(map(escape, _lines(text).split("\n"))) + "</p>"


def _lines(text: str) -> str:
    return "\n".join(map(_line, text.split("\n")))


def _line(text: str) -> str:
    """One line, whatever breaks and marks are in the names that it holds."""
    return CONTROLS.sub(" ", text)
