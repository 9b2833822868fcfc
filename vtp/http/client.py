"""Who is at the other end: address and scheme of a request, seen through trusted proxies only."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from aiohttp import web

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IpNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network
ADDRESSES_KEPT = 1024
MOST_CHARACTERS = 64
NETWORK_BITS = 64
SITE_BITS = 48  # RFC 6177: what a site is given at most, and the least that is routed by itself


@dataclass(frozen=True, slots=True)
class Client:
    """One request's other end. `secure`: TLS all the way; `local`: on this machine, with no proxy between."""

    address: str
    secure: bool
    local: bool
    host: str

    @property
    def origin(self) -> str:
        """The origin by which the client reached us, as browsers write it in `Origin`."""
        return f"{'https' if self.secure else 'http'}://{self.host}".lower()

    @property
    def host_name(self) -> str:
        """The host without its port, brackets of IPv6 kept."""
        name, colon, port = self.host.rpartition(":")
        return name if colon and port.isdigit() else self.host


class ClientResolver:
    """Reads `X-Forwarded-For`, `-Proto` and `-Host`, but only from `trusted_proxies` (ASVS 4.1.3)."""

    def __init__(self, trusted_proxies: Sequence[str]) -> None:
        self._trusted: list[IpNetwork] = [ipaddress.ip_network(network) for network in trusted_proxies]
        self._read = lru_cache(ADDRESSES_KEPT)(self._look_at)  # the same few call again and again

    def resolve(self, request: web.Request) -> Client:
        """Who sent a request."""
        forwarded = request.headers.getall("X-Forwarded-For", None)
        return self.resolve_fields(
            request.remote or "",
            request.scheme,
            request.host,
            forwarded_for=None if forwarded is None else ",".join(forwarded),
            forwarded_proto=request.headers.get("X-Forwarded-Proto", ""),
            forwarded_host=request.headers.get("X-Forwarded-Host", ""),
        )

    def resolve_fields(
        self,
        remote: str,
        scheme: str,
        host: str,
        *,
        forwarded_for: str | None,
        forwarded_proto: str,
        forwarded_host: str,
    ) -> Client:
        """Finds the nearest address that is not a trusted proxy; forged entries left of it are ignored."""
        peer, text, loops_back = self._read(remote)
        local = loops_back and forwarded_for is None
        if peer is None:
            return Client(text, scheme == "https", local, host)
        scheme = _last(forwarded_proto) or scheme
        return Client(
            self._furthest(peer, forwarded_for or ""), scheme == "https", local, _last(forwarded_host) or host
        )

    def _look_at(self, remote: str) -> tuple[IpAddress | None, str, bool]:
        """The address, where it is a trusted proxy's; how it is written; whether it is of this machine."""
        peer = _parse(remote)
        if peer is None:
            return None, remote, False
        return peer if self._is_trusted(peer) else None, str(peer), peer.is_loopback

    def _furthest(self, peer: IpAddress, forwarded: str) -> str:
        found = peer
        for part in reversed([part.strip() for part in forwarded.split(",") if part.strip()]):
            address = _parse(part)
            if address is None:
                break
            found = address
            if not self._is_trusted(address):
                break
        return str(found)

    def _is_trusted(self, address: IpAddress) -> bool:
        return any(address in network for network in self._trusted)


def network_of(address: str) -> str:
    """What one machine is given: an IPv4 address, or 64 bits of IPv6, whose rest it chooses as it likes."""
    return _masked(address, NETWORK_BITS)


def site_of(address: str) -> str:
    """What one household or school may be given: an IPv4 address, or 48 bits of IPv6."""
    return _masked(address, SITE_BITS)


@lru_cache(ADDRESSES_KEPT)
def _masked(address: str, bits: int) -> str:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:  # no address at all
        return address[:MOST_CHARACTERS]
    if parsed.version == 4:
        return address
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network((int(parsed), bits), strict=False))


def is_in(address: str, networks: Sequence[str]) -> bool:
    """Tells whether an address lies in one of the networks."""
    parsed = _parse(address)
    return parsed is not None and any(parsed in ipaddress.ip_network(network) for network in networks)


def is_loopback_host(host: str) -> bool:
    """Tells whether a listening address is reachable from this machine only."""
    if host.lower() == "localhost" or host.lower().endswith(".localhost"):
        return True
    address = _parse(host.strip("[]"))
    return address is not None and address.is_loopback


def _last(field: str) -> str:
    return field.split(",")[-1].strip()


def _parse(text: str) -> IpAddress | None:
    text = text.partition("%")[0]
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address
