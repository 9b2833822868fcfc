"""Codecs, feedback and header extensions of one media line: what the offer and the router both know."""

from collections.abc import Sequence
from dataclasses import dataclass

from vtp.media.capabilities import H264_PROFILES, RID, TRANSPORT_CC
from vtp.media.ortc import congestion_feedback
from vtp.media.ortc_h264 import parse_profile_level_id
from vtp.media.ortc_match import codecs_match
from vtp.media.parameters import (
    MAX_PARAMETERS,
    MAX_TEXT,
    Kind,
    RtcpFeedback,
    RtpCapabilities,
    RtpCodecCapability,
    RtpCodecParameters,
    RtpHeaderExtensionParameters,
)
from vtp.media.sdp import Direction, ExtMap, Feedback, MediaDescription, RtpMap
from vtp.media.sdp_answer import LineRefused

_TEXT_PARAMETERS = frozenset(("profile-level-id", "sprop-parameter-sets", "config", ""))
"""Never numbers, even when they look like one: 640032 is a profile-level-id."""


@dataclass(frozen=True, slots=True)
class NegotiatedLine:
    """What both sides know on one line, in the offer's payload types and extension ids."""

    kind: Kind
    codecs: list[RtpCodecParameters]
    """Best first; an RTX codec follows its media codec, RED stands beside its Opus."""
    extensions: list[ExtMap]

    @property
    def media_codecs(self) -> list[RtpCodecParameters]:
        return [codec for codec in self.codecs if not codec.is_rtx and not codec.is_red]

    def extension_parameters(self) -> list[RtpHeaderExtensionParameters]:
        return [
            RtpHeaderExtensionParameters(uri=extension.uri, id=extension.id) for extension in self.extensions
        ]


def negotiate_line(
    media: MediaDescription,
    capabilities: RtpCapabilities,
    *,
    receiving: bool,
    prefer: Sequence[str] = (),
    wanted: Sequence[RtpCodecParameters] | None = None,
) -> NegotiatedLine:
    """Agree on one audio or video line; `receiving` says whether we receive on it or send.

    `prefer` names codecs that come first; with `wanted` only codecs that match one of them count. Raises
    LineRefused when no codec is left.
    """
    kind: Kind = "audio" if media.kind == "audio" else "video"
    extensions = _extensions(media, kind, capabilities, receiving)
    uris = {extension.uri for extension in extensions}
    found: list[RtpCodecParameters] = []
    for rtpmap in media.codecs:
        codec = _codec_parameters(kind, rtpmap)
        capability = None if codec is None else _capability(codec, capabilities)
        if codec is None or capability is None:
            continue
        if wanted is not None and not any(codecs_match(codec, other, strict=True) for other in wanted):
            continue
        feedback = _feedback(media, codec.payload_type, capability)
        codec.rtcp_feedback = (
            _publisher_feedback(feedback, uris) if receiving else congestion_feedback(feedback, uris)
        )
        found.append(codec)
    if not found:
        raise LineRefused(
            f"offers no codec that can be taken ({_names(media)}); {_known(kind, capabilities)}"
        )
    codecs = _with_red(_with_rtx(_ranked(found, prefer), media, kind), media, kind)
    return NegotiatedLine(kind, codecs, extensions)


def _codec_parameters(kind: Kind, rtpmap: RtpMap) -> RtpCodecParameters | None:
    """A line's codec in ORTC's shape; None for what cannot be media (a clock rate of 0)."""
    if rtpmap.clock_rate == 0 or rtpmap.channels == 0:
        return None
    return RtpCodecParameters(
        mime_type=f"{kind}/{rtpmap.name}",
        payload_type=rtpmap.payload_type,
        clock_rate=rtpmap.clock_rate,
        channels=(rtpmap.channels or 1) if kind == "audio" else None,
        parameters=_typed_parameters(rtpmap.parameters),
    )


def _typed_parameters(parameters: dict[str, str]) -> dict[str, str | int | float]:
    """Plain numbers become ints, as JavaScript SDP readers do, except where text only looks like one."""
    typed: dict[str, str | int | float] = {}
    for name, value in list(parameters.items())[:MAX_PARAMETERS]:
        is_number = value.isascii() and value.isdecimal() and len(value) < 10
        if name == "apt" and not (is_number and int(value) <= 127):
            continue
        if len(value) <= MAX_TEXT:
            typed[name] = int(value) if is_number and name not in _TEXT_PARAMETERS else value
    return typed


def _capability(codec: RtpCodecParameters, capabilities: RtpCapabilities) -> RtpCodecCapability | None:
    if codec.is_rtx:
        return None
    return next((c for c in capabilities.codecs if codecs_match(codec, c, strict=True)), None)


def _feedback(
    media: MediaDescription, payload_type: int, capability: RtpCodecCapability
) -> list[RtcpFeedback]:
    known = {(entry.type, entry.parameter) for entry in capability.rtcp_feedback}
    return [
        RtcpFeedback(type=entry.type, parameter=entry.parameter)
        for entry in media.feedback_of(payload_type)
        if (entry.type, entry.parameter) in known
    ]


def _publisher_feedback(feedback: Sequence[RtcpFeedback], uris: set[str]) -> list[RtcpFeedback]:
    """Transport-wide feedback where its extension was agreed, else REMB, which we can send to anybody.

    With neither, Chromium stays near 300 kbit/s.
    """
    has_transport_cc = TRANSPORT_CC in uris and any(entry.type == "transport-cc" for entry in feedback)
    dropped = "goog-remb" if has_transport_cc else "transport-cc"
    return [entry for entry in feedback if entry.type != dropped]


def _ranked(codecs: Sequence[RtpCodecParameters], prefer: Sequence[str]) -> list[RtpCodecParameters]:
    """Preferred codecs in their order, then the rest as offered; of H.264 the profile most can decode first.

    Chromium offers baseline (42001f) before constrained baseline, which is the one Safari and Firefox name.
    """
    names = [*(name.lower() for name in prefer), *(codec.name for codec in codecs)]

    def rank(codec: RtpCodecParameters) -> tuple[int, int]:
        return names.index(codec.name), h264_rank(codec) if codec.name == "h264" else 0

    return sorted(codecs, key=rank)


def h264_rank(codec: RtpCodecParameters) -> int:
    """Place of an H.264 codec's profile among ours: 0 is decoded everywhere."""
    ours = [parse_profile_level_id(profile) for profile in H264_PROFILES]
    theirs = parse_profile_level_id(codec.parameters.get("profile-level-id"))
    profiles = [profile.profile for profile in ours if profile is not None]
    return (
        profiles.index(theirs.profile) if theirs is not None and theirs.profile in profiles else len(profiles)
    )


def _with_rtx(
    codecs: Sequence[RtpCodecParameters], media: MediaDescription, kind: Kind
) -> list[RtpCodecParameters]:
    """RTX stays where it can be used: on video, with NACK agreed, once per codec (RFC 4588)."""
    joined: list[RtpCodecParameters] = []
    for codec in codecs:
        joined.append(codec)
        if kind == "video" and has_feedback([codec], "nack"):
            rtx = next((r for r in media.codecs if _repairs(r, codec)), None)
            parameters = None if rtx is None else _codec_parameters(kind, rtx)
            joined.extend([] if parameters is None else [parameters])
    return joined


def _with_red(
    codecs: Sequence[RtpCodecParameters], media: MediaDescription, kind: Kind
) -> list[RtpCodecParameters]:
    """RED of an Opus that was agreed stays (RFC 2198), before it when offered so: it is sent then."""
    offered = [rtpmap.payload_type for rtpmap in media.codecs]
    joined = list(codecs)
    for opus in [codec for codec in codecs if kind == "audio" and codec.name == "opus"][:1]:
        for red in [rtpmap for rtpmap in media.codecs if _carries(rtpmap, opus)][:1]:
            parameters = _codec_parameters(kind, red)
            is_preferred = offered.index(red.payload_type) < offered.index(opus.payload_type)
            at = joined.index(opus) + (not is_preferred)
            joined[at:at] = [] if parameters is None else [parameters]
    return joined


def _carries(rtpmap: RtpMap, opus: RtpCodecParameters) -> bool:
    """Whether it is RED of that codec alone: its format lists the payload types of its blocks."""
    blocks = rtpmap.parameters.get("", "").split("/")
    same_clock = (rtpmap.clock_rate, rtpmap.channels or 1) == (opus.clock_rate, opus.channels or 1)
    return rtpmap.name.lower() == "red" and same_clock and set(blocks) == {str(opus.payload_type)}


def _repairs(rtpmap: RtpMap, codec: RtpCodecParameters) -> bool:
    return (
        rtpmap.name.lower() == "rtx"
        and rtpmap.clock_rate == codec.clock_rate
        and rtpmap.parameters.get("apt") == str(codec.payload_type)
    )


def has_feedback(codecs: Sequence[RtpCodecParameters], type_: str, parameter: str = "") -> bool:
    """Whether any of the codecs agreed on this feedback."""
    return any(f.type == type_ and f.parameter == parameter for codec in codecs for f in codec.rtcp_feedback)


def _extensions(
    media: MediaDescription, kind: Kind, capabilities: RtpCapabilities, receiving: bool
) -> list[ExtMap]:
    """Extensions that flow our way: ids unique, a URI once, direction answered (RFC 8285 section 6)."""
    ours = ("sendrecv", "recvonly") if receiving else ("sendrecv", "sendonly")
    usable = {e.uri for e in capabilities.header_extensions if e.kind in (kind, "") and e.direction in ours}
    agreed: dict[str, ExtMap] = {}
    for offered in media.extensions:
        direction = offered.direction or Direction.SENDRECV
        flows = direction.sends if receiving else direction.receives
        fresh = offered.uri not in agreed and all(offered.id != other.id for other in agreed.values())
        if offered.uri in usable and flows and fresh:
            answered = Direction.RECVONLY if receiving else Direction.SENDONLY
            agreed[offered.uri] = ExtMap(offered.id, offered.uri, answered if offered.direction else None)
    return list(agreed.values())


def knows_rids(line: NegotiatedLine) -> bool:
    """Whether packets will name their rid, without which simulcast cannot be told apart."""
    return any(extension.uri == RID for extension in line.extensions)


def _names(media: MediaDescription) -> str:
    names = dict.fromkeys(codec.name for codec in media.codecs if codec.name.lower() not in ("rtx", "red"))
    return ", ".join(list(names)[:8]) or "none named"


def _known(kind: Kind, capabilities: RtpCapabilities) -> str:
    names = dict.fromkeys(
        c.mime_type.partition("/")[2] for c in capabilities.codecs if c.kind == kind and not c.is_rtx
    )
    hint = " with packetization-mode=1" if "H264" in names else ""
    return f"this server takes {', '.join(names) or 'none'}{hint}"


def answer_codecs(answer: MediaDescription, line: NegotiatedLine, offered: MediaDescription) -> None:
    """Write the agreed codecs, feedback and extensions into an answer's line."""
    answer.extensions = list(line.extensions)
    for codec in line.codecs:
        rtpmap = offered.codec(codec.payload_type)
        assert rtpmap is not None
        answer.formats.append(str(codec.payload_type))
        answer.codecs.append(
            RtpMap(rtpmap.payload_type, rtpmap.name, rtpmap.clock_rate, rtpmap.channels, _answer_fmtp(rtpmap))
        )
        answer.feedback.extend(Feedback(codec.payload_type, f.type, f.parameter) for f in codec.rtcp_feedback)


def _answer_fmtp(rtpmap: RtpMap) -> dict[str, str]:
    """The offer's parameters without what only describes its sender; stereo is asked for where it is sent."""
    parameters = {name: value for name, value in rtpmap.parameters.items() if not name.startswith("sprop-")}
    if rtpmap.name.lower() == "opus":
        parameters.setdefault("useinbandfec", "1")
        if rtpmap.parameters.get("sprop-stereo") == "1":
            parameters.setdefault("stereo", "1")
    return parameters
