"""Which addresses webhooks may be posted to: public ones, so that no tenant reaches what only this server should.

A name is looked up and its addresses are checked at each attempt, and the connection goes to the very
address that was checked: what a name stands for may change between two look-ups.
"""

import asyncio
import socket
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

Address = IPv4Address | IPv6Address

NOT_PUBLIC = tuple(
    map(
        ip_network,
        (
            "0.0.0.0/8",  # this host
            "10.0.0.0/8",  # private
            "100.64.0.0/10",  # behind a carrier's translation; a cloud's metadata
            "127.0.0.0/8",  # loopback
            "168.63.129.16/32",  # a cloud's own services, on a public address
            "169.254.0.0/16",  # link-local; clouds' metadata
            "172.16.0.0/12",  # private
            "192.0.0.0/24",  # protocol assignments; a cloud's metadata
            "192.0.2.0/24",  # documentation
            "192.88.99.0/24",  # 6to4 relays
            "192.168.0.0/16",  # private
            "198.18.0.0/15",  # benchmarks
            "198.51.100.0/24",  # documentation
            "203.0.113.0/24",  # documentation
            "224.0.0.0/3",  # multicast, reserved, broadcast
            "::/96",  # unspecified, loopback, IPv4 in an old form
            "64:ff9b:1::/48",  # local translation
            "100::/64",  # discarded
            "2001::/23",  # protocol assignments, Teredo among them
            "2001:db8::/32",  # documentation
            "3fff::/20",  # documentation
            "5f00::/16",  # segment routing
            "fc00::/7",  # private; clouds' metadata
            "fe80::/10",  # link-local
            "fec0::/10",  # site-local
            "ff00::/8",  # multicast
        ),
    )
)
"""Networks that are not the public internet, or where a cloud answers with what is nobody else's business."""

TRANSLATED = ip_network("64:ff9b::/96")
"""IPv6 addresses whose last 32 bits are the IPv4 address that a translator connects to."""


class NoPublicAddress(OSError):
    """A host has no address that may be connected to. The message does not say which it has."""


async def public_addresses(host: str, port: int) -> list[Address]:
    """The public addresses that the host, a name or an address, stands for now, best first.

    Raises:
        NoPublicAddress: it has none.
        OSError: it cannot be looked up.
    """
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    public = [address for address in addresses(str(entry[4][0]) for entry in found) if is_public(address)]
    if not public:
        raise NoPublicAddress(f"{host} has no public address")
    return public


def addresses(texts: Iterable[str]) -> list[Address]:
    """The addresses, each once; a zone that only this machine knows is left out."""
    return list(dict.fromkeys(ip_address(text.partition("%")[0]) for text in texts))


def is_public(address: Address) -> bool:
    """Whether anybody on the internet may be meant; an address inside another is what counts."""
    inner = embedded(address)
    if inner is not None:
        return is_public(inner)
    return not any(address.version == network.version and address in network for network in NOT_PUBLIC)


def embedded(address: Address) -> IPv4Address | None:
    """The IPv4 address that a connection to this IPv6 address ends at, if there is one in it."""
    if not isinstance(address, IPv6Address):
        return None
    if address in TRANSLATED:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour
