"""Answers a viewer's offer (WHEP): which lines we send on, with which codecs and fixed SSRCs.

What depends on the offer alone is worked out once and shared by all viewers who send one like it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from vtp.media.capabilities import TRANSPORT_CC
from vtp.media.packet_path import ConsumerForm, consumer_form
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
    Plan,
    RemoteTransport,
    answer_session,
    default_destination,
    effective_direction,
    multiplexed,
    our_transport,
    plan_lines,
    rejected,
    remote_transport,
    tagged_line,
)
from vtp.media.sdp_negotiate import NegotiatedLine, answer_codecs, has_feedback, negotiate_line
from vtp.media.sdp_offers import ViewerOffer
from vtp.media.sdp_write import (
    head_lines,
    join_lines,
    media_body,
    media_head,
    source_lines,
    write_transport,
)

ANSWERS_KEPT = 16
"""Per kind of offer: one for those who follow the program, one for each other choice of producers."""


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
class WhepLine:
    """One line we answer `sendonly`, before any producer is known. Viewers share it: it is never changed.

    `codecs` has every payload type both know, best first. `extensions` maps the URI of a header extension to
    the viewer's id.
    """

    kind: Kind
    mid: str
    codecs: list[WhepCodec]
    extensions: dict[str, int]
    nack: bool
    pli: bool
    transport_cc: bool
    remb: bool
    has_rtx: bool
    rtp_parameters: RtpParameters
    """In mediasoup's shape, with all the codecs of the line, but without encodings and CNAME."""
    form: ConsumerForm
    answer: MediaDescription
    """Without our transport and SSRCs; `body` are its lines between these two."""
    body: list[str]


@dataclass(frozen=True, slots=True)
class WhepMedia:
    """What one viewer's consumer is made from: the line, and its own SSRCs in `rtp_parameters`."""

    line: WhepLine
    ssrc: int
    rtx_ssrc: int | None
    cname: str
    rtp_parameters: RtpParameters

    @property
    def kind(self) -> Kind:
        return self.line.kind

    @property
    def mid(self) -> str:
        return self.line.mid


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


Producers = Mapping[Kind, RtpParameters]


@dataclass(frozen=True, slots=True)
class _Prepared:
    """All of an answer that does not depend on who gets it."""

    plan: Plan[WhepLine]
    tagged_line: int
    head: list[str]
    rejected: dict[int, list[str]]
    """Lines of rejected media lines by their index."""
    made_for: tuple[RtpCapabilities, Producers | None]


def answer_viewer(
    offer: ViewerOffer,
    capabilities: RtpCapabilities,
    local: LocalTransport,
    sender: Sender,
    producers: Producers | None,
) -> WhepAnswer:
    """See `sdp_ortc.whep_answer`."""
    prepared = _prepared(offer, capabilities, sender.stream_id, local.session_id, producers)
    remote = remote_transport(offer.transport(-1), offer.transport(prepared.tagged_line))
    rtcp = RtcpParameters(cname=sender.cname, reduced_size=True)
    media = [_whep_media(line, sender, rtcp) for _, line in prepared.plan.live]
    return WhepAnswer(_write(prepared, local, remote, media), media, remote)


def _prepared(
    offer: ViewerOffer,
    capabilities: RtpCapabilities,
    stream_id: str,
    session_id: int,
    producers: Producers | None,
) -> _Prepared:
    """The answer to offers like this one, from what is kept where there is one."""
    kept = offer.common.prepared
    # Parameters are told apart by identity: `made_for` keeps them, so that no other object gets their id.
    wanted = None if producers is None else tuple((kind, id(sent)) for kind, sent in producers.items())
    key = (id(capabilities), stream_id, session_id, wanted)
    found = kept.get(key)
    if found is None:
        found = _prepare(offer.common.description, capabilities, stream_id, session_id, producers)
        kept[key] = found
        if len(kept) > ANSWERS_KEPT:
            del kept[next(iter(kept))]
    return found


def _prepare(
    offer: SessionDescription,
    capabilities: RtpCapabilities,
    stream_id: str,
    session_id: int,
    producers: Producers | None,
) -> _Prepared:
    def negotiate(index: int, media: MediaDescription) -> WhepLine:
        if not effective_direction(offer, media).receives:
            raise LineRefused("receives nothing")
        line = negotiate_line(media, capabilities, receiving=False, wanted=_wanted(media, producers))
        return _whep_line(line, media, media.mid or str(index), stream_id)

    plan = plan_lines(offer, negotiate)
    session = answer_session(offer, plan, session_id)
    session.msid_semantics = [f"WMS {stream_id}"]
    refused = [line for line in plan.lines if line.accepted is None]
    return _Prepared(
        plan,
        tagged_line(plan),
        head_lines(session),
        {line.index: _rejected_lines(line.media) for line in refused},
        (capabilities, producers),
    )


def _rejected_lines(media: MediaDescription) -> list[str]:
    answer = rejected(media)
    return media_head(answer) + media_body(answer)


def _wanted(media: MediaDescription, producers: Producers | None) -> list[RtpCodecParameters] | None:
    if producers is None:
        return None
    producer = producers.get("audio" if media.kind == "audio" else "video")
    if producer is None:
        raise LineRefused(f"wants {media.kind}, which is not published")
    return producer.media_codecs()


def _whep_line(line: NegotiatedLine, offered: MediaDescription, mid: str, stream_id: str) -> WhepLine:
    parameters = RtpParameters(
        mid=mid[:32],
        codecs=line.codecs,
        header_extensions=line.extension_parameters(),
        msid=f"{stream_id} {line.kind}",
    )
    extensions = {extension.uri: extension.id for extension in line.extensions}
    answer = _answer_line(offered, line, f"{stream_id} {line.kind}")
    return WhepLine(
        kind=line.kind,
        mid=mid,
        codecs=[_whep_codec(codec, parameters) for codec in line.media_codecs],
        extensions=extensions,
        nack=has_feedback(line.codecs, "nack"),
        pli=has_feedback(line.codecs, "nack", "pli"),
        transport_cc=TRANSPORT_CC in extensions and has_feedback(line.codecs, "transport-cc"),
        remb=has_feedback(line.codecs, "goog-remb"),
        has_rtx=any(codec.is_rtx for codec in line.codecs),
        rtp_parameters=parameters,
        form=consumer_form(parameters),
        answer=answer,
        body=media_body(answer),
    )


def _whep_codec(codec: RtpCodecParameters, parameters: RtpParameters) -> WhepCodec:
    return WhepCodec(
        name=codec.name,
        payload_type=codec.payload_type,
        rtx_payload_type=parameters.rtx_payload_type(codec.payload_type),
        clock_rate=codec.clock_rate,
        parameters=dict(codec.parameters),
    )


def _answer_line(offered: MediaDescription, line: NegotiatedLine, msid: str) -> MediaDescription:
    answer = MediaDescription(
        offered.kind, 9, offered.protocol, [], mid=offered.mid, direction=Direction.SENDONLY, msids=[msid]
    )
    answer_codecs(answer, line, offered)
    return multiplexed(answer, offered)


def _whep_media(line: WhepLine, sender: Sender, rtcp: RtcpParameters) -> WhepMedia:
    ssrc = sender.allocate_ssrc()
    rtx_ssrc = sender.allocate_ssrc() if line.has_rtx else None
    rtx = RtxEncoding(ssrc=rtx_ssrc) if rtx_ssrc is not None else None
    parameters = line.rtp_parameters.model_copy(
        update={"encodings": [RtpEncodingParameters(ssrc=ssrc, rtx=rtx)], "rtcp": rtcp}
    )
    return WhepMedia(line, ssrc, rtx_ssrc, sender.cname, parameters)


def _write(
    prepared: _Prepared, local: LocalTransport, remote: RemoteTransport, media: list[WhepMedia]
) -> str:
    lines = list(prepared.head)
    transport = write_transport(our_transport(local, remote))
    port, connection = default_destination(local)
    described = iter(media)
    for line in prepared.plan.lines:
        if line.accepted is None:
            lines += prepared.rejected[line.index]
            continue
        about = line.accepted.answer
        formats = " ".join(about.formats)
        lines += [f"m={about.kind} {port} {about.protocol} {formats}", f"c={connection}", *transport]
        lines += [*line.accepted.body, *_sources(next(described))]
    return join_lines(lines)


def _sources(media: WhepMedia) -> list[str]:
    """The lines of one viewer's SSRCs."""
    about = {"cname": media.cname, "msid": media.line.answer.msids[0]}
    if media.rtx_ssrc is None:
        return source_lines({media.ssrc: about}, [])
    group = SsrcGroup("FID", (media.ssrc, media.rtx_ssrc))
    return source_lines({media.ssrc: about, media.rtx_ssrc: about}, [group])
