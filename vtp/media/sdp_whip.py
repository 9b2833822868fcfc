"""Answers a publisher's offer (WHIP, RFC 9725): which lines, codecs, extensions and rids we take."""

from collections.abc import Sequence
from dataclasses import dataclass

from vtp.media.parameters import (
    Kind,
    RtcpParameters,
    RtpCapabilities,
    RtpEncodingParameters,
    RtpParameters,
    RtxEncoding,
)
from vtp.media.sdp import (
    Direction,
    MediaDescription,
    RidLine,
    SessionDescription,
    Simulcast,
    SimulcastRid,
)
from vtp.media.sdp_answer import (
    LineRefused,
    LocalTransport,
    RemoteTransport,
    build_answer,
    effective_direction,
    plan_lines,
    remote_transport,
    tagged_line,
)
from vtp.media.sdp_negotiate import NegotiatedLine, answer_codecs, knows_rids, negotiate_line
from vtp.media.sdp_write import write_session

MAX_RIDS = 8


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


@dataclass(frozen=True, slots=True)
class _Accepted:
    """One line we take: the agreed codecs, the rids of its layers, what its producer is made from."""

    line: NegotiatedLine
    rids: list[RidLine]
    simulcast: bool
    media: WhipMedia


def answer_publisher(
    offer: SessionDescription, capabilities: RtpCapabilities, local: LocalTransport, prefer: Sequence[str]
) -> WhipAnswer:
    """See `sdp_ortc.whip_answer`."""

    def negotiate(index: int, media: MediaDescription) -> _Accepted:
        if not effective_direction(offer, media).sends:
            raise LineRefused("sends nothing")
        line = negotiate_line(media, capabilities, receiving=True, prefer=prefer)
        rids = _sent_rids(media, line)
        parameters = _rtp_parameters(media, line, rids)
        # A line without a=mid is told apart by its place; its packets carry no MID then.
        whip_media = WhipMedia(line.kind, media.mid or str(index), parameters)
        return _Accepted(line, rids, media.simulcast is not None and bool(rids), whip_media)

    plan = plan_lines(offer, negotiate)
    remote = remote_transport(offer.transport, offer.media[tagged_line(plan)].transport)
    answer = build_answer(offer, plan, local, remote, _answer_line)
    return WhipAnswer(write_session(answer), [accepted.media for _, accepted in plan.live], remote)


def _sent_rids(media: MediaDescription, line: NegotiatedLine) -> list[RidLine]:
    """Rids the publisher sends that we can tell apart, in its simulcast order, first alternatives only."""
    if not knows_rids(line):
        return []
    offered = {rid.rid: rid for rid in media.rids if rid.direction == "send"}
    order = (
        [stream[0].rid for stream in media.simulcast.send] if media.simulcast is not None else list(offered)
    )
    ours = {codec.payload_type for codec in line.codecs}
    kept = [rid for name in dict.fromkeys(order) if (rid := offered.get(name)) and _rid_usable(rid, ours)]
    return kept[:MAX_RIDS]


def _rid_usable(rid: RidLine, payload_types: set[int]) -> bool:
    return not rid.payload_types or any(payload_type in payload_types for payload_type in rid.payload_types)


def _rtp_parameters(media: MediaDescription, line: NegotiatedLine, rids: Sequence[RidLine]) -> RtpParameters:
    encodings = [RtpEncodingParameters(rid=rid.rid) for rid in rids] or _ssrc_encodings(media)
    return RtpParameters(
        mid=media.mid if media.mid is not None and len(media.mid) <= 32 else None,
        codecs=line.codecs,
        header_extensions=line.extension_parameters(),
        encodings=encodings,
        rtcp=RtcpParameters(cname=_ssrc_attribute(media, "cname"), reduced_size=media.rtcp_rsize, mux=True),
        msid=_short(media.msids[0]) if media.msids else _ssrc_attribute(media, "msid"),
    )


def _ssrc_encodings(media: MediaDescription) -> list[RtpEncodingParameters]:
    """The SSRCs a line declares: its SIM group, else its first source; none declared is one open encoding."""
    repairs = {
        g.ssrcs[0]: g.ssrcs[1] for g in media.ssrc_groups if g.semantics == "FID" and len(g.ssrcs) == 2
    }
    secondary = {
        ssrc for g in media.ssrc_groups if g.semantics in ("FID", "FEC-FR", "FEC") for ssrc in g.ssrcs[1:]
    }
    layers = next((g.ssrcs for g in media.ssrc_groups if g.semantics == "SIM"), None)
    primary = [ssrc for ssrc in dict.fromkeys([*repairs, *media.ssrcs]) if ssrc not in secondary][:1]
    chosen = list(dict.fromkeys(layers))[:MAX_RIDS] if layers is not None else primary
    return [_ssrc_encoding(ssrc, repairs.get(ssrc)) for ssrc in chosen] or [RtpEncodingParameters()]


def _ssrc_encoding(ssrc: int, repair: int | None) -> RtpEncodingParameters:
    rtx = RtxEncoding(ssrc=repair) if repair is not None and repair != ssrc else None
    return RtpEncodingParameters(ssrc=ssrc, rtx=rtx)


def _ssrc_attribute(media: MediaDescription, name: str) -> str | None:
    return next(
        (_short(attributes[name]) for attributes in media.ssrcs.values() if attributes.get(name)), None
    )


def _short(text: str) -> str:
    return text[:512]


def _answer_line(offered: MediaDescription, accepted: _Accepted) -> MediaDescription:
    answer = MediaDescription(
        offered.kind, 9, offered.protocol, [], mid=offered.mid, direction=Direction.RECVONLY
    )
    answer_codecs(answer, accepted.line, offered)
    ours = {codec.payload_type for codec in accepted.line.codecs}
    answer.rids = [RidLine(rid.rid, "recv", _kept_restrictions(rid, ours)) for rid in accepted.rids]
    if accepted.simulcast:
        answer.simulcast = Simulcast(recv=[[SimulcastRid(rid.rid)] for rid in accepted.rids])
    return answer


def _kept_restrictions(rid: RidLine, payload_types: set[int]) -> dict[str, str]:
    """RFC 8851 section 6.3: an answer keeps the restrictions, less the payload types it rejected."""
    kept = dict(rid.restrictions)
    if rid.payload_types:
        kept["pt"] = ",".join(str(number) for number in rid.payload_types if number in payload_types)
    return kept
