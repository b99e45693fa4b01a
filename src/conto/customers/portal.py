"""The link by which a customer enters its portal (chapter 72 §2): signed, and valid for twelve hours.

It names the organization, the customer and the second at which it ends, and gives no access to the API.
"""

import base64
import binascii
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from conto.clock import system_now
from conto.secrets import Secrets
from conto.work import Work

PURPOSE = "customer portal"
VALID_FOR = timedelta(hours=12)


class Entrance(msgspec.Struct, frozen=True):
    """Whose portal a link enters, and until when: `ends` counts seconds since 1970."""

    organization_id: UUID
    customer_id: UUID
    ends: int


def portal_url(work: Work, customer_id: UUID) -> str:
    """A new link for the customer, valid for twelve hours by the system's clock, in test organizations too."""
    ends = int((system_now() + VALID_FOR).timestamp())
    content = msgspec.json.encode(Entrance(work.organization.id, customer_id, ends))
    told = base64.urlsafe_b64encode(content).rstrip(b"=").decode()
    return f"{work.public_url}/customer-portal/{told}.{work.secrets.sign(PURPOSE, told)}"


def entrance_of(secrets: Secrets, token: str, now: datetime) -> Entrance | None:
    """What the token of a link opens at `now`, an instant of the system's clock; None if it is not valid then."""
    told, _, signature = token.partition(".")
    if not secrets.verify(PURPOSE, told, signature):
        return None
    try:
        content = base64.urlsafe_b64decode(told + "=" * (-len(told) % 4))
        entrance = msgspec.json.decode(content, type=Entrance)
    except (binascii.Error, ValueError):
        return None
    return entrance if entrance.ends > now.timestamp() else None
