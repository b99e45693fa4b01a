"""Inputs about mail (chapter 70 §8.1)."""

from typing import Annotated

from msgspec import UNSET, Struct, UnsetType

from conto.schemas.fields import EMAIL_LIMIT, items, text

RECIPIENTS_LIMIT = 50

Addresses = Annotated[list[Annotated[str, text(EMAIL_LIMIT, trim=True)]], items(RECIPIENTS_LIMIT)]
"""E-mail addresses, one an entry. What is none is told by the use case, in words."""


class ResendEmailInput(Struct, kw_only=True, frozen=True):
    """Who gets a document again. Without `to` it is the customer; those of `bcc` stand on no copy."""

    to: Addresses | None | UnsetType = UNSET
    cc: Addresses | None | UnsetType = UNSET
    bcc: Addresses | None | UnsetType = UNSET
