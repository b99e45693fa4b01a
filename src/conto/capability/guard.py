"""Who may call a surface: no web pages of others, and only those who prove who they are, where the file asks for it."""

import binascii
import ipaddress
from base64 import b64decode
from collections.abc import Mapping
from functools import lru_cache
from hmac import compare_digest
from urllib.parse import parse_qsl, urlsplit

from conto.capability.model import ApiKey, Authentication, Basic, Bearer


@lru_cache(256)
def is_loopback(host: str | None) -> bool:
    """Whether a host is this machine."""
    if not host:
        return False
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def host_of(text: str) -> str | None:
    """The host of what a Host header says, without its port."""
    try:
        return urlsplit(f"//{text}").hostname
    except ValueError:
        return None


def is_foreign(headers: Mapping[str, str], address: str) -> bool:
    """Whether a web page of someone else makes the call, through the browser of whoever runs the surface.

    On this machine's own addresses a surface goes by this machine's names alone, so that no name that someone
    points here reaches it.
    """
    host = host_of(headers.get("host", ""))
    if is_loopback(address) and not is_loopback(host):
        return True
    origin = headers.get("origin")
    if origin is None:
        return False
    try:
        from_host = urlsplit(origin).hostname
    except ValueError:
        return True
    return not is_loopback(from_host) and (from_host is None or from_host != host)


def is_allowed(headers: Mapping[str, str], query: str, authentication: Authentication) -> bool:
    """Whether a call proves who makes it, as the surface asks."""
    scheme, _, given = headers.get("authorization", "").partition(" ")
    match authentication:
        case None:
            return True
        case Bearer(token):
            return scheme.lower() == "bearer" and is_same(given.strip(), token)
        case Basic(username, password):
            return scheme.lower() == "basic" and is_same(unpacked(given), f"{username}:{password}")
        case ApiKey(key, value, "header"):
            return is_same(headers.get(key.lower(), ""), value)
        case ApiKey(key, value, _):
            return is_same(dict(parse_qsl(query)).get(key, ""), value)


def is_same(given: str, wanted: str) -> bool:
    """Whether two secrets are the same, in a time that does not tell."""
    return compare_digest(given.encode("utf-8", "surrogateescape"), wanted.encode())


def unpacked(given: str) -> str:
    """Name and password of basic authentication."""
    try:
        return b64decode(given.strip(), validate=True).decode("utf-8", "surrogateescape")
    except (binascii.Error, ValueError):
        return ""


def challenge(authentication: Authentication) -> str:
    """What the WWW-Authenticate header says."""
    return {Bearer: "Bearer", Basic: 'Basic realm="capability"'}.get(type(authentication), "ApiKey")
