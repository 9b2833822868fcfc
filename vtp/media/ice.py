"""ICE-lite on our side: credentials, the addresses to bind and the candidates that name them (RFC 8445).

The role is always controlled and the checks are answered in the packet path; nothing here sends a packet.
"""

from __future__ import annotations

import ipaddress
import os
import socket
from base64 import b64encode
from collections.abc import Iterable, Sequence
from itertools import chain

import ifaddr

from vtp.media.parameters import IceCandidate, IceParameters

Address = tuple[str, int]

_UFRAG_BYTES = 9
_PASSWORD_BYTES = 24
_HOST_TYPE_PREFERENCE = 126  # RFC 8445 section 5.1.2.2
_TCP_TYPE_PREFERENCE = 90  # RFC 6544 section 4.2: below those of UDP; browsers give their own the same
_FIRST_LOCAL_PREFERENCE = 10_000
_LOCAL_PREFERENCE_STEP = 100
_ANY = ("", "0.0.0.0", "::")


def make_credentials() -> tuple[str, str]:
    """A fresh user fragment and password: 72 random bits name the transport, 192 guard it."""
    return _random_text(_UFRAG_BYTES), _random_text(_PASSWORD_BYTES)


def ice_parameters(ufrag: str, password: str) -> IceParameters:
    """Credentials as the parameters of an ICE-lite side."""
    return IceParameters(username_fragment=ufrag, password=password, ice_lite=True)


def _random_text(size: int) -> str:
    """Characters that ICE knows: letters, digits, "+" and "/" (RFC 8839 section 5.4); 6 bits each."""
    return b64encode(os.urandom(size)).decode()


def interface_addresses() -> list[str]:
    """The addresses of this machine's interfaces that can be bound, as the kernel lists them. No traffic."""
    texts = chain.from_iterable(adapter.ips for adapter in ifaddr.get_adapters())
    return [text for text in (_text(ip.ip) for ip in texts) if _can_bind(text)]


def _text(ip: str | tuple[str, int, int]) -> str:
    return ip if isinstance(ip, str) else ip[0]


def _can_bind(address: str) -> bool:
    """False for an address that is listed but not usable yet (IPv6 duplicate detection) or any more."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((address, 0))
    except OSError:
        return False
    return True


def choose_addresses(host: str, interfaces: Iterable[str]) -> list[str]:
    """Which addresses to bind for the setting `host`: itself, or all that peers elsewhere can reach.

    One socket per address, so that an answer leaves from the address it was asked at. Loopback is used only
    when there is nothing else, link-local and multicast never. Raises ValueError for a name.
    """
    if host == "localhost":
        return ["127.0.0.1"]
    if host not in _ANY:
        return [str(_parse(host))]
    found = [_parse(text.partition("%")[0]) for text in interfaces]
    wanted = [ip for ip in found if host in ("", "::") or ip.version == 4]
    reachable = [ip for ip in wanted if not (ip.is_loopback or ip.is_link_local or ip.is_multicast)]
    chosen = reachable or [ip for ip in wanted if ip.is_loopback] or [_parse("127.0.0.1")]
    return list(dict.fromkeys(str(ip) for ip in sorted(chosen, key=lambda ip: ip.version)))


def _parse(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    try:
        return ipaddress.ip_address(text)
    except ValueError as error:
        raise ValueError(f"{text!r} is not an IP address; write one such as 203.0.113.7.") from error


def make_candidates(
    bound: Sequence[Address], announced: Sequence[str] = (), *, tcp: bool = False
) -> list[IceCandidate]:
    """The candidates of one worker, in the order clients should see them: IPv4, IPv6, then both over TCP.

    `announced` (what NAT or a container shows of us) replaces the bound addresses. Raises ValueError for
    an announced address that is no IP address.
    """
    named = [(str(_parse(address)), bound[0][1]) for address in announced]
    shown = sorted(named or bound, key=lambda address: ":" in address[0])
    over_udp = [_host_candidate(index, address) for index, address in enumerate(shown)]
    return over_udp + [_passive_candidate(one) for one in over_udp if tcp]


def _host_candidate(index: int, address: Address) -> IceCandidate:
    local_preference = _FIRST_LOCAL_PREFERENCE - _LOCAL_PREFERENCE_STEP * index
    return IceCandidate(
        foundation=f"udp{index}",
        priority=(_HOST_TYPE_PREFERENCE << 24) + (local_preference << 8) + 255,  # 256 - component 1
        address=address[0],
        protocol="udp",
        port=address[1],
    )


def _passive_candidate(over_udp: IceCandidate) -> IceCandidate:
    """The same address over TCP; the peer connects (RFC 6544)."""
    return IceCandidate(
        foundation=over_udp.foundation.replace("udp", "tcp"),
        priority=over_udp.priority - ((_HOST_TYPE_PREFERENCE - _TCP_TYPE_PREFERENCE) << 24),
        address=over_udp.address,
        protocol="tcp",
        port=over_udp.port,
        tcp_type="passive",
    )
