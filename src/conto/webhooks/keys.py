"""The keys that sign webhooks: the server's RSA key and each organization's HMAC key (chapter 71 §2.2, §2.3)."""

import asyncio
import base64
from dataclasses import dataclass
from secrets import token_urlsafe
from weakref import WeakKeyDictionary

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from joserfc.jwk import RSAKey
from sqlalchemy import Engine, select
from sqlalchemy.dialects.postgresql import insert

from conto.db.tables import organizations, server_keys
from conto.secrets import Secrets
from conto.work import Work

NAME = "webhook"
PURPOSE = "webhook key"
HMAC_PURPOSE = "hmac key"
BITS = 2048
LINE = 60


@dataclass(frozen=True, slots=True)
class ServerKey:
    """The server's RSA key: ready to sign, and its public half as PEM."""

    private: RSAKey
    public_pem: bytes


_known: WeakKeyDictionary[Engine, ServerKey] = WeakKeyDictionary()


async def server_key(work: Work) -> ServerKey:
    """The server's key, made on first use and the same for all organizations and processes."""
    engine = work.connection.engine.sync_engine
    known = _known.get(engine)
    if known is not None:
        return known
    stored = await stored_key(work)
    if stored is not None:
        _known[engine] = read_key(work.secrets.decrypt(PURPOSE, stored))
        return _known[engine]
    made = await asyncio.to_thread(make_key)
    await work.execute(
        insert(server_keys).values(name=NAME, value=work.secrets.encrypt(PURPOSE, made)).on_conflict_do_nothing()
    )
    stored = await stored_key(work)
    assert stored is not None
    # Not remembered before it is committed: a rollback would leave this process with a key of its own.
    return read_key(work.secrets.decrypt(PURPOSE, stored))


async def stored_key(work: Work) -> str | None:
    """The server's key as stored, encrypted."""
    row = await work.first(select(server_keys.c.value).where(server_keys.c.name == NAME))
    return row.value if row else None


def make_key() -> str:
    """A new private key as PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=BITS)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def read_key(pem: str) -> ServerKey:
    """The key that a private PEM holds."""
    public = load_pem_private_key(pem.encode(), None).public_key()
    return ServerKey(RSAKey.import_key(pem), public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))


async def public_key_base64(work: Work) -> str:
    """The public key as PEM in base64, with a line break every 60 characters and at the end."""
    encoded = base64.b64encode((await server_key(work)).public_pem).decode()
    return "".join(f"{encoded[start : start + LINE]}\n" for start in range(0, len(encoded), LINE))


def new_hmac_key(secrets: Secrets) -> str:
    """A new HMAC key for an organization, encrypted as it is stored."""
    return secrets.encrypt(HMAC_PURPOSE, token_urlsafe(32))


async def hmac_key(work: Work) -> str:
    """The organization's HMAC key, as its receivers know it."""
    row = await work.one(select(organizations.c.hmac_key).where(organizations.c.id == work.organization.id))
    return work.secrets.decrypt(HMAC_PURPOSE, row.hmac_key)
