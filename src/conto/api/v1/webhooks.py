"""The public key that webhooks signed by JWT are verified with (chapter 71 §2.3)."""

from msgspec import Struct

from conto.api.endpoint import PlainText, get
from conto.webhooks.keys import public_key_base64
from conto.work import Work

RESOURCE = "webhook_jwt_public_key"


class WebhookPublicKeyObject(Struct, kw_only=True, frozen=True):
    """The public key: PEM in base64, with line breaks."""

    public_key: str


class WebhookPublicKey(Struct, kw_only=True, frozen=True):
    """The public key."""

    webhook: WebhookPublicKeyObject


@get("/webhooks/json_public_key", resource=RESOURCE)
async def get_json_public_key(work: Work) -> WebhookPublicKey:
    """Get the public key that verifies webhooks."""
    return WebhookPublicKey(webhook=WebhookPublicKeyObject(public_key=await public_key_base64(work)))


@get("/webhooks/public_key", resource=RESOURCE)
async def get_public_key(work: Work) -> PlainText:
    """Get the public key that verifies webhooks, as plain text."""
    return PlainText(await public_key_base64(work))
