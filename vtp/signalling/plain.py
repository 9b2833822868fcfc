"""Plain RTP as services set it up: options and keys in mediasoup's words, and where this server may send."""

from __future__ import annotations

import ipaddress
from typing import Any

from vtp.errors import Conflict, Forbidden, Invalid
from vtp.media.plain_transport import PlainOptions, PlainTransport
from vtp.media.sdp_plain import player_description
from vtp.media.srtp_keys import CryptoSuite, SrtpKey
from vtp.public_addresses import is_public
from vtp.signalling.peers import Direction, Peer


class PlainRtp:
    """`allow_private`: the operator lets services have packets sent to other than public addresses."""

    def __init__(self, *, allow_private: bool) -> None:
        self._allow_private = allow_private

    def create(self, peer: Peer, direction: Direction, options: PlainOptions) -> PlainTransport:
        """Makes a transport. Raises Forbidden, Conflict, Invalid, Unavailable."""
        if options.comedia and direction == "recv":
            raise Invalid(
                "comedia is for a peer that sends: whoever came first would be sent the media. "
                "Say ip and port in connect.",
                code="comedia_for_receiver",
            )
        return peer.create_plain_transport(direction, options)

    def connect(
        self,
        transport: PlainTransport,
        ip: str | None,
        port: int | None,
        reports_port: int | None,
        srtp: tuple[CryptoSuite, str] | None,
    ) -> None:
        """Says where the peer is and what its key is. Raises Invalid, Forbidden, Conflict."""
        if (ip is None) != (port is None):
            raise Invalid("Name ip and port together.", code="faulty_parameters")
        remote = (self._check(ip), port) if ip is not None and port is not None else None
        try:
            key = SrtpKey.parse(*srtp) if srtp is not None else None
        except ValueError as error:
            raise Invalid(str(error), code="faulty_key") from error
        try:
            transport.connect(remote, reports_port, key)
        except ValueError as error:
            raise Conflict(str(error), code="cannot_connect") from error

    def _check(self, ip: str) -> str:
        try:
            address = ipaddress.ip_address(ip)
        except ValueError:
            raise Invalid("ip is an IPv4 or IPv6 address, not a name.", code="faulty_address") from None
        if address.is_multicast or address.is_unspecified or str(address) == "255.255.255.255" or "%" in ip:
            raise Invalid("ip is the address of one machine.", code="faulty_address")
        if not self._allow_private and not is_public(ip):
            raise Forbidden(
                "This address is private; sending there needs plain.allow_private_addresses.",
                code="private_address",
            )
        return str(address)


def describe_plain(transport: PlainTransport) -> dict[str, Any]:
    """A plain transport in mediasoup's words."""
    reports = transport.local_reports
    about: dict[str, Any] = {
        "id": transport.id,
        "transportId": transport.id,
        "rtcpMux": transport.options.rtcp_mux,
        "comedia": transport.options.comedia,
        "tuple": _tuple(transport.local, transport.remote),
    }
    if reports is not None:
        about["rtcpTuple"] = _tuple(reports, transport.remote_reports)
    if transport.local_srtp is not None:
        about["srtpParameters"] = {
            "cryptoSuite": transport.local_srtp.suite,
            "keyBase64": transport.local_srtp.base64,
        }
    return about


def _tuple(local: tuple[str, int], remote: tuple[str, int] | None) -> dict[str, Any]:
    told: dict[str, Any] = {
        "localAddress": local[0],
        "localIp": local[0],
        "localPort": local[1],
        "protocol": "udp",
    }
    return told if remote is None else told | {"remoteIp": remote[0], "remotePort": remote[1]}


def describe_session(peer: Peer) -> str:
    """What a player opens to see what a peer's plain transports are sent. Raises Conflict for nothing."""
    mine = [one for one, direction in peer.own_transports if direction == "recv"]
    transports = [one for one in mine if isinstance(one, PlainTransport)]
    text = player_description(" ".join(peer.room.name.split()), transports)
    if not text:
        raise Conflict(
            "This peer has nothing to play yet: connect a plain transport with direction recv, then consume.",
            code="nothing_to_play",
        )
    return text
