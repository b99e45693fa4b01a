"""A mail's body, as plain text and as simple HTML that says the same."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from conto.mails.letters import CONTROLS

PAGE = "font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;font-size:15px;line-height:1.5"
FACT = "padding:2px 24px 2px 0"


@dataclass(frozen=True, slots=True)
class Page:
    """Paragraphs, a list of facts (what it is, its value), paragraphs again. Empty facts take no room."""

    locale: str
    before: Sequence[str]
    facts: Sequence[tuple[str, str]]
    after: Sequence[str]


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
