"""What kind of network an address belongs to, and whether it can be reached from another one."""

from __future__ import annotations

import enum
import ipaddress
from collections.abc import Iterable

_SHARED = ipaddress.ip_network("100.64.0.0/10")  # RFC 6598: between a provider's NAT and its customers


class AddressKind(enum.StrEnum):
    """Where an address means something."""

    PUBLIC = "public"
    PRIVATE = "private"
    SHARED = "shared"
    LINK_LOCAL = "link-local"
    LOOPBACK = "loopback"
    NONE = "none"


def kind_of(text: str) -> AddressKind:
    """The kind of an IPv4 or IPv6 address; a zone (`%eth0`) is left out. NONE for what is no address."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return AddressKind.NONE
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    if address.is_unspecified or address.is_multicast:
        return AddressKind.NONE
    if address.is_loopback:
        return AddressKind.LOOPBACK
    if address.is_link_local:
        return AddressKind.LINK_LOCAL
    if address.version == 4 and address in _SHARED:
        return AddressKind.SHARED
    return AddressKind.PUBLIC if address.is_global else AddressKind.PRIVATE


def out_of_reach(announced: Iterable[str], visitor: str) -> bool:
    """Whether somebody who comes from `visitor` has none of the announced addresses within reach.

    Only a public visitor is certain to be outside: behind the same NAT private addresses may be routed.
    """
    kinds = {kind_of(address) for address in announced}
    return kind_of(visitor) is AddressKind.PUBLIC and AddressKind.PUBLIC not in kinds
