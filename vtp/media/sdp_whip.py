"""Answers a publisher's offer (WHIP, RFC 9725): which lines, codecs, extensions and rids we take."""

from dataclasses import dataclass

from vtp.media.parameters import Kind, RtpParameters
from vtp.media.sdp_answer import RemoteTransport


@dataclass(frozen=True, slots=True)
class WhipMedia:
    """One accepted line of a publisher: `rtp_parameters` is what its producer is made from.

    It is in the publisher's terms: its payload types, its extension ids, its SSRCs or rids. Codecs stand in
    the order of the answer, so the first is the one the publisher will most likely send.
    """

    kind: Kind
    mid: str
    rtp_parameters: RtpParameters


@dataclass(frozen=True, slots=True)
class WhipAnswer:
    """The answer's text, the accepted lines and the publisher's side of the transport."""

    sdp: str
    media: list[WhipMedia]
    remote: RemoteTransport
