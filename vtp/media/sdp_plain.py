"""The session description by which FFmpeg and GStreamer play what plain transports send them (RFC 8866)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from vtp.media.consumer import Consumer
from vtp.media.ice import Address
from vtp.media.parameters import RtpCodecParameters
from vtp.media.plain_transport import PlainTransport
from vtp.media.sdp_write import join_lines

_ORIGIN = 1  # of a file that is read once, the number of its session says nothing


def player_description(name: str, transports: Iterable[PlainTransport]) -> str:
    """One media section for each consumer of the transports whose peers' addresses are known; "" for none.

    `name` has one line. Each section has the peer's own address and port, as a player expects it of a file.
    With SRTP it has the key (RFC 4568), so it is as secret as that.
    """
    sections: list[str] = []
    origin = ""
    for transport in transports:
        if transport.remote is None:
            continue
        for consumer in transport.consumers.values():
            origin = origin or _address(transport.local[0])
            sections.extend(_section(transport, transport.remote, consumer))
    if not sections:
        return ""
    return join_lines(["v=0", f"o=- {_ORIGIN} {_ORIGIN} IN {origin}", f"s={name or '-'}", "t=0 0", *sections])


def _address(host: str) -> str:
    return f"IP6 {host}" if ":" in host else f"IP4 {host}"


def _section(transport: PlainTransport, remote: Address, consumer: Consumer) -> Iterator[str]:
    parameters = consumer.rtp_parameters
    codecs = parameters.media_codecs()
    protocol = "RTP/SAVPF" if transport.local_srtp is not None else "RTP/AVPF"
    formats = " ".join(str(codec.payload_type) for codec in codecs)
    yield f"m={consumer.kind} {remote[1]} {protocol} {formats}"
    yield f"c=IN {_address(remote[0])}"
    if transport.remote_reports is None:
        yield "a=rtcp-mux"
    else:
        yield f"a=rtcp:{transport.remote_reports[1]}"
    yield "a=recvonly"
    for codec in codecs:
        yield from _codec(codec)
    if transport.local_srtp is not None:
        yield f"a=crypto:1 {transport.local_srtp.suite} inline:{transport.local_srtp.base64}"
    ssrc = parameters.encodings[0].ssrc
    yield f"a=ssrc:{ssrc} cname:{parameters.rtcp.cname or transport.id}"


def _codec(codec: RtpCodecParameters) -> Iterator[str]:
    channels = f"/{codec.channels}" if codec.channels and codec.channels > 1 else ""
    encoding = codec.mime_type.partition("/")[2]
    yield f"a=rtpmap:{codec.payload_type} {encoding}/{codec.clock_rate}{channels}"
    if codec.parameters:
        listed = ";".join(f"{name}={value}" for name, value in codec.parameters.items())
        yield f"a=fmtp:{codec.payload_type} {listed}"
    for feedback in codec.rtcp_feedback:
        yield f"a=rtcp-fb:{codec.payload_type} {feedback.type} {feedback.parameter}".rstrip()
