"""Which IP addresses are of the public Internet: where this server may send when others say where to."""

from __future__ import annotations

import ipaddress

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
_NAT64 = ipaddress.ip_network("64:ff9b::/96")  # RFC 6052: the IPv4 address is its last 32 bits
_COMPATIBLE = ipaddress.ip_network("::/96")  # RFC 4291 section 2.5.5.1, deprecated


def is_public(text: str) -> bool:
    """Whether an IP address is one of the public Internet, whatever it is wrapped in."""
    address = ipaddress.ip_address(text.partition("%")[0])
    if not address.is_global or address.is_multicast or address.is_reserved:
        return False
    return all(is_public(str(inner)) for inner in _wrapped(address))


def _wrapped(address: IpAddress) -> list[IpAddress]:
    """The IPv4 addresses that an IPv6 address leads to by one of the ways of transition."""
    if isinstance(address, ipaddress.IPv4Address):
        return []
    found: list[IpAddress | None] = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
    if address in _NAT64 or address in _COMPATIBLE:
        found.append(ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF))
    return [one for one in found if one is not None]
