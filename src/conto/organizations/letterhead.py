"""What a billing entity's documents are set with: its own data, its logo, the language of the customer."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from conto.organizations.logos import logo_of
from conto.schemas.billing_entities import show_billing_entity
from conto.schemas.encoding import as_json
from conto.work import Work


@dataclass(frozen=True, slots=True)
class Letterhead:
    """The issuer's JSON, the locale that the document speaks, and the logo's file where there is one."""

    seller: dict[str, Any]
    locale: str
    logo: bytes | None


async def letterhead(work: Work, issuer: Row[Any], document_locale: str | None) -> Letterhead:
    """The letterhead of a billing entity, for a customer with this language of its own, if any."""
    return Letterhead(
        seller=as_json(show_billing_entity(issuer, is_default=False)),
        locale=document_locale or issuer.document_locale,
        logo=await logo_of(work, issuer),
    )
