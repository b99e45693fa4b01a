"""Tokens for the gRPC interface that some clients ask for (chapter 01 §10)."""

from joserfc import jwt

from conto.webhooks.keys import server_key
from conto.work import Work

AUDIENCE = "lago-grpc"


async def grpc_token(work: Work) -> str:
    """A JWT, signed with the server's RSA key, that tells whose organization its bearer speaks for."""
    claims = {"organization_id": str(work.organization.id), "aud": AUDIENCE}
    return jwt.encode({"alg": "RS256"}, claims, (await server_key(work)).private)
