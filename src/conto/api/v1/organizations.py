"""The key's own organization (chapter 10 §2)."""

from msgspec import Struct

from conto.api.endpoint import get, put
from conto.api.envelope import Body
from conto.catalog.applied_taxes import shown_by_owner
from conto.db.tables import billing_entities_taxes
from conto.organizations import grpc
from conto.organizations.queries import default_billing_entity, organization
from conto.organizations.update import update_organization as change
from conto.schemas.organizations import OrganizationObject, OrganizationUpdateInput, show_organization
from conto.webhooks.endpoints import urls
from conto.work import Work


class OrganizationAnswer(Struct, kw_only=True, frozen=True):
    """The organization."""

    organization: OrganizationObject


class GrpcToken(Struct, kw_only=True, frozen=True):
    """A token for the gRPC interface."""

    grpc_token: str


class GrpcTokenAnswer(Struct, kw_only=True, frozen=True):
    """The token of the organization."""

    organization: GrpcToken


@get("/organizations", resource="organization")
async def find_organization(work: Work) -> OrganizationAnswer:
    """Retrieve the organization of the key."""
    shown = show_organization(await organization(work), await default_billing_entity(work), await urls(work))
    return OrganizationAnswer(organization=shown)


@put("/organizations", resource="organization", envelope="organization")
async def update_organization(work: Work, body: Body[OrganizationUpdateInput]) -> OrganizationAnswer:
    """Update the organization and its default billing entity."""
    changed, entity = await change(work, body.read())
    taxes = await shown_by_owner(work, billing_entities_taxes, "billing_entity_id", [entity.id])
    return OrganizationAnswer(organization=show_organization(changed, entity, await urls(work), taxes[entity.id]))


@get("/organizations/grpc_token", resource="organization")
async def find_organization_grpc_token(work: Work) -> GrpcTokenAnswer:
    """Retrieve a token for the gRPC interface."""
    return GrpcTokenAnswer(organization=GrpcToken(grpc_token=await grpc.grpc_token(work)))
