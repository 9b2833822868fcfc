"""Answers a viewer's offer (WHEP): which lines we send on, with which codecs and fixed SSRCs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from vtp.media.capabilities import TRANSPORT_CC
from vtp.media.ortc_match import codecs_match
from vtp.media.parameters import (
    Kind,
    RtcpParameters,
    RtpCapabilities,
    RtpCodecParameters,
    RtpEncodingParameters,
    RtpParameters,
    RtxEncoding,
)
from vtp.media.sdp import Direction, MediaDescription, SessionDescription, SsrcGroup
from vtp.media.sdp_answer import (
    LineRefused,
    LocalTransport,
    RemoteTransport,
    build_answer,
    effective_direction,
    plan_lines,
    remote_transport,
)
from vtp.media.sdp_negotiate import NegotiatedLine, answer_codecs, has_feedback, negotiate_line
from vtp.media.sdp_write import write_session


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

    def codecs_by_name(self, producer: RtpParameters | None = None) -> dict[str, WhepCodec]:
        """One payload type per codec name: the best, or the one that fits what `producer` sends."""
        chosen: dict[str, WhepCodec] = {}
        for codec in self.codecs:
            chosen.setdefault(codec.name, codec)
        for sent in producer.media_codecs() if producer is not None else []:
            exact = [c for c in self.rtp_parameters.media_codecs() if codecs_match(c, sent, strict=True)]
            for codec in self.codecs:
                if exact and codec.payload_type == exact[0].payload_type:
                    chosen[codec.name] = codec
        return chosen


@dataclass(frozen=True, slots=True)
class WhepAnswer:
    """The answer's text, the lines we send on and the viewer's side of the transport."""

    sdp: str
    media: list[WhepMedia]
    remote: RemoteTransport


@dataclass(frozen=True, slots=True)
class Sender:
    """What the caller decides about our streams; every SSRC comes from `allocate_ssrc`."""

    allocate_ssrc: Callable[[], int]
    cname: str
    stream_id: str


@dataclass(frozen=True, slots=True)
class _Accepted:
    line: NegotiatedLine
    media: WhepMedia


def answer_viewer(
    offer: SessionDescription,
    capabilities: RtpCapabilities,
    local: LocalTransport,
    sender: Sender,
    producers: Mapping[Kind, RtpParameters] | None,
) -> WhepAnswer:
    """See `sdp_ortc.whep_answer`."""

    def negotiate(index: int, media: MediaDescription) -> _Accepted:
        if not effective_direction(offer, media).receives:
            raise LineRefused("receives nothing")
        line = negotiate_line(media, capabilities, receiving=False, wanted=_wanted(media, producers))
        return _Accepted(line, _whep_media(line, media.mid or str(index), sender))

    plan = plan_lines(offer, negotiate)
    remote = remote_transport(offer, plan)

    def write_line(offered: MediaDescription, accepted: _Accepted) -> MediaDescription:
        return _answer_line(offered, accepted, sender)

    answer = build_answer(offer, plan, local, remote, write_line)
    answer.msid_semantics = [f"WMS {sender.stream_id}"]
    return WhepAnswer(write_session(answer), [accepted.media for _, accepted in plan.live], remote)


def _wanted(
    media: MediaDescription, producers: Mapping[Kind, RtpParameters] | None
) -> list[RtpCodecParameters] | None:
    if producers is None:
        return None
    producer = producers.get("audio" if media.kind == "audio" else "video")
    if producer is None:
        raise LineRefused(f"wants {media.kind}, which is not published")
    return producer.media_codecs()


def _whep_media(line: NegotiatedLine, mid: str, sender: Sender) -> WhepMedia:
    with_rtx = any(codec.is_rtx for codec in line.codecs)
    ssrc = sender.allocate_ssrc()
    rtx_ssrc = sender.allocate_ssrc() if with_rtx else None
    parameters = RtpParameters(
        mid=mid[:32],
        codecs=line.codecs,
        header_extensions=line.extension_parameters(),
        encodings=[
            RtpEncodingParameters(ssrc=ssrc, rtx=RtxEncoding(ssrc=rtx_ssrc) if rtx_ssrc is not None else None)
        ],
        rtcp=RtcpParameters(cname=sender.cname, reduced_size=True),
        msid=f"{sender.stream_id} {line.kind}",
    )
    extensions = {extension.uri: extension.id for extension in line.extensions}
    return WhepMedia(
        kind=line.kind,
        mid=mid,
        ssrc=ssrc,
        rtx_ssrc=rtx_ssrc,
        cname=sender.cname,
        codecs=[_whep_codec(codec, parameters) for codec in line.media_codecs],
        extensions=extensions,
        nack=has_feedback(line.codecs, "nack"),
        pli=has_feedback(line.codecs, "nack", "pli"),
        transport_cc=TRANSPORT_CC in extensions and has_feedback(line.codecs, "transport-cc"),
        remb=has_feedback(line.codecs, "goog-remb"),
        rtp_parameters=parameters,
    )


def _whep_codec(codec: RtpCodecParameters, parameters: RtpParameters) -> WhepCodec:
    return WhepCodec(
        name=codec.name,
        payload_type=codec.payload_type,
        rtx_payload_type=parameters.rtx_payload_type(codec.payload_type),
        clock_rate=codec.clock_rate,
        parameters=dict(codec.parameters),
    )


def _answer_line(offered: MediaDescription, accepted: _Accepted, sender: Sender) -> MediaDescription:
    media = accepted.media
    msid = f"{sender.stream_id} {media.kind}"
    answer = MediaDescription(
        offered.kind, 9, offered.protocol, [], mid=offered.mid, direction=Direction.SENDONLY, msids=[msid]
    )
    answer_codecs(answer, accepted.line, offered)
    answer.ssrcs[media.ssrc] = {"cname": sender.cname, "msid": msid}
    if media.rtx_ssrc is not None:
        answer.ssrc_groups.append(SsrcGroup("FID", (media.ssrc, media.rtx_ssrc)))
        answer.ssrcs[media.rtx_ssrc] = {"cname": sender.cname, "msid": msid}
    return answer
