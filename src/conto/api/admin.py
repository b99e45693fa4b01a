"""Administration, under a key of its own (chapter 10 §2, "Creation")."""

from datetime import datetime
from hmac import compare_digest
from typing import Any
from uuid import UUID

from litestar import Request
from msgspec import UNSET, Struct, UnsetType

from conto.api.endpoint import credential_of, public_post
from conto.api.envelope import Body
from conto.api.server import server_of
from conto.errors import Unauthorized
from conto.organizations.create import create_organization
from conto.schemas.encoding import instant
from conto.schemas.fields import Mandatory
from conto.schemas.test_clocks import TestClockInput, TestClockObject


class NewOrganizationInput(Struct, kw_only=True, frozen=True):
    """An organization to make; with a test clock it is one to rehearse on."""

    name: Mandatory
    test_clock: TestClockInput | None | UnsetType = UNSET


class NewOrganizationObject(Struct, kw_only=True, frozen=True):
    """A new organization and its key, which is shown this once."""

    lago_id: UUID
    name: str
    api_key: str
    default_billing_entity_code: str
    test_clock: TestClockObject | None


class NewOrganizationAnswer(Struct, kw_only=True, frozen=True):
    """A new organization."""

    organization: NewOrganizationObject


@public_post("/admin/organizations", documented=False)
async def create_new_organization(request: Request[Any, Any, Any]) -> NewOrganizationAnswer:
    """Create an organization with its first key and default billing entity."""
    server = server_of(request)
    if not compare_digest(credential_of(request).encode(), server.admin_key.encode()):
        raise Unauthorized
    data = Body(NewOrganizationInput, await request.body(), "organization").read()
    created = await create_organization(
        server.works, data.name, frozen_time=data.test_clock.frozen_time if data.test_clock else None
    )
    return NewOrganizationAnswer(
        organization=NewOrganizationObject(
            lago_id=created.id,
            name=created.name,
            api_key=created.api_key,
            default_billing_entity_code=created.default_billing_entity_code,
            test_clock=shown_clock(created.frozen_time),
        )
    )


def shown_clock(frozen_time: datetime | None) -> TestClockObject | None:
    """The test clock as JSON; None on a live organization."""
    return TestClockObject(frozen_time=instant(frozen_time)) if frozen_time else None
