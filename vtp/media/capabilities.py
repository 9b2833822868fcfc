"""What the router speaks: codecs in its order of preference, their feedback, header extensions.

Payload types and extension ids here are only the router's own; endpoints keep theirs.
"""

from collections.abc import Sequence

from vtp.media.parameters import Kind, RtcpFeedback, RtpCodecCapability, RtpHeaderExtension

MID = "urn:ietf:params:rtp-hdrext:sdes:mid"
RID = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"
REPAIRED_RID = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"
ABS_SEND_TIME = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
TRANSPORT_CC = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
DEPENDENCY_DESCRIPTOR = (
    "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension"
)
AUDIO_LEVEL = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
VIDEO_ORIENTATION = "urn:3gpp:video-orientation"
TOFFSET = "urn:ietf:params:rtp-hdrext:toffset"
ABS_CAPTURE_TIME = "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time"
PLAYOUT_DELAY = "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay"

DYNAMIC_PAYLOAD_TYPES = (*range(100, 127), *range(96, 100))
"""In the order they are given out. 127 stays free: mediasoup-client's probator sends on it."""

H264_PROFILES = ("42e01f", "42001f", "4d001f", "64001f", "640c1f")
"""Constrained baseline first, since every decoder has it; then baseline, main, high, constrained high. Level
3.1 as browsers declare it; with level-asymmetry-allowed it binds neither side."""

_VIDEO_FEEDBACK = (("nack", ""), ("nack", "pli"), ("ccm", "fir"), ("goog-remb", ""), ("transport-cc", ""))
_AUDIO_FEEDBACK = (("nack", ""), ("transport-cc", ""))

_EXTENSIONS: tuple[tuple[str, int, str, str], ...] = (
    # uri, id, direction for audio, direction for video; seen from the router, empty means not for this kind
    (MID, 1, "sendrecv", "sendrecv"),
    (RID, 2, "", "recvonly"),
    (REPAIRED_RID, 3, "", "recvonly"),
    (ABS_SEND_TIME, 4, "sendrecv", "sendrecv"),
    (TRANSPORT_CC, 5, "recvonly", "sendrecv"),
    (DEPENDENCY_DESCRIPTOR, 8, "", "sendrecv"),
    (AUDIO_LEVEL, 10, "sendrecv", ""),
    (VIDEO_ORIENTATION, 11, "", "sendrecv"),
    (TOFFSET, 12, "", "sendrecv"),
    (ABS_CAPTURE_TIME, 13, "sendrecv", "sendrecv"),
    (PLAYOUT_DELAY, 14, "sendrecv", "sendrecv"),
)


def router_codecs(names: Sequence[str] = ()) -> list[RtpCodecCapability]:
    """The codecs a router is made with, without RTX; payload types only where RFC 3551 fixes them.

    `names` (`opus`, `h264`, …, any case) limits and orders them. Raises ValueError for an unknown name.
    """
    known = _known_codecs()
    if not names:
        return known
    chosen: list[RtpCodecCapability] = []
    for name in names:
        matches = [codec for codec in known if codec.name == name.lower()]
        if not matches:
            raise ValueError(f"{name} is not a codec of this server; known are {', '.join(codec_names())}")
        chosen.extend(matches)
    return chosen


def codec_names() -> list[str]:
    """Names that `router_codecs` takes."""
    return list(dict.fromkeys(codec.name for codec in _known_codecs()))


def header_extensions() -> list[RtpHeaderExtension]:
    """All header extensions we read or rewrite, per kind, as router capabilities list them."""
    return [
        RtpHeaderExtension.model_validate(
            {"kind": kind, "uri": uri, "preferred_id": extension_id, "direction": direction}
        )
        for uri, extension_id, audio, video in _EXTENSIONS
        for kind, direction in (("audio", audio), ("video", video))
        if direction
    ]


def _known_codecs() -> list[RtpCodecCapability]:
    h264: list[tuple[str, dict[str, str | int | float]]] = [
        ("H264", {"packetization-mode": 1, "level-asymmetry-allowed": 1, "profile-level-id": profile})
        for profile in H264_PROFILES
    ]
    video: list[tuple[str, dict[str, str | int | float]]] = [
        ("VP8", {}),
        *h264,
        ("VP9", {"profile-id": 0}),
        ("AV1", {"profile": 0}),
    ]
    return [
        _codec("audio", "opus", 48000, 2, parameters={"useinbandfec": 1}),
        _codec("audio", "PCMU", 8000, 1, payload_type=0),
        _codec("audio", "PCMA", 8000, 1, payload_type=8),
        *(_codec("video", name, 90000, None, parameters=parameters) for name, parameters in video),
    ]


def _codec(
    kind: Kind,
    name: str,
    clock_rate: int,
    channels: int | None,
    *,
    payload_type: int | None = None,
    parameters: dict[str, str | int | float] | None = None,
) -> RtpCodecCapability:
    feedback = _AUDIO_FEEDBACK if kind == "audio" else _VIDEO_FEEDBACK
    return RtpCodecCapability(
        kind=kind,
        mime_type=f"{kind}/{name}",
        preferred_payload_type=payload_type,
        clock_rate=clock_rate,
        channels=channels,
        parameters=dict(parameters or {}),
        rtcp_feedback=[RtcpFeedback(type=type_, parameter=parameter) for type_, parameter in feedback],
    )
