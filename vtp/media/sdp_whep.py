"""Answers a viewer's offer (WHEP): which lines we send on, with which codecs and fixed SSRCs."""

from dataclasses import dataclass

from vtp.media.parameters import Kind, RtpParameters
from vtp.media.sdp_answer import RemoteTransport


@dataclass(frozen=True, slots=True)
class WhepCodec:
    """One codec that the viewer can receive on a line, in the viewer's payload types."""

    name: str
    """Lower case: `opus`, `pcmu`, `pcma`, `vp8`, `vp9`, `h264`, `av1`."""
    payload_type: int
    rtx_payload_type: int | None
    clock_rate: int
    parameters: dict[str, str | int | float]


@dataclass(frozen=True, slots=True)
class WhepMedia:
    """One line we answered `sendonly`: everything that a consumer needs, before any producer is known.

    `codecs` has every payload type both know, best first; `codecs_by_name` the first of each name, which is
    what the packet path takes. `extensions` maps the URI of a header extension to the viewer's id.
    """

    kind: Kind
    mid: str
    ssrc: int
    rtx_ssrc: int | None
    cname: str
    codecs: list[WhepCodec]
    extensions: dict[str, int]
    nack: bool
    pli: bool
    transport_cc: bool
    remb: bool
    rtp_parameters: RtpParameters
    """The same in mediasoup's shape, with all the codecs of the line."""

    def codecs_by_name(self) -> dict[str, WhepCodec]:
        """The preferred payload type of each codec name."""
        first: dict[str, WhepCodec] = {}
        for codec in self.codecs:
            first.setdefault(codec.name, codec)
        return first


@dataclass(frozen=True, slots=True)
class WhepAnswer:
    """The answer's text, the lines we send on and the viewer's side of the transport."""

    sdp: str
    media: list[WhepMedia]
    remote: RemoteTransport
