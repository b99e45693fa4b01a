"""Signatures over the exact text of a webhook's body (chapter 71 §2.2)."""

import base64
import hashlib
import hmac

from joserfc import jwt
from joserfc.jwk import RSAKey


def jwt_signature(body: str, issuer: str, key: RSAKey) -> str:
    """A JWT whose claim `data` is the body's text; `issuer` is the public URL of the API."""
    return jwt.encode({"alg": "RS256"}, {"data": body, "iss": issuer}, key)


def hmac_signature(body: str, key: str) -> str:
    """The HMAC-SHA256 of the body's bytes, in base64 without line breaks."""
    return base64.b64encode(hmac.digest(key.encode(), body.encode(), hashlib.sha256)).decode()
