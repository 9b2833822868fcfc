"""From RTP parameters to the arguments of `vtp._rtp_fast`: codec numbers, extension numbers, encodings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from vtp import _rtp_fast
from vtp.media.parameters import Kind, RtpCodecParameters, RtpEncodingParameters, RtpParameters

CODEC_NUMBERS = {
    "opus": _rtp_fast.CODEC_OPUS,
    "pcmu": _rtp_fast.CODEC_PCMU,
    "pcma": _rtp_fast.CODEC_PCMA,
    "vp8": _rtp_fast.CODEC_VP8,
    "vp9": _rtp_fast.CODEC_VP9,
    "h264": _rtp_fast.CODEC_H264,
    "av1": _rtp_fast.CODEC_AV1,
}
TRANSPORT_CC_URI = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
EXTENSION_NUMBERS = {
    "urn:ietf:params:rtp-hdrext:sdes:mid": _rtp_fast.EXT_MID,
    "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id": _rtp_fast.EXT_RID,
    "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id": _rtp_fast.EXT_REPAIRED_RID,
    "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time": _rtp_fast.EXT_ABS_SEND_TIME,
    TRANSPORT_CC_URI: _rtp_fast.EXT_TRANSPORT_CC,
    "urn:ietf:params:rtp-hdrext:ssrc-audio-level": _rtp_fast.EXT_AUDIO_LEVEL,
    "urn:3gpp:video-orientation": _rtp_fast.EXT_VIDEO_ORIENTATION,
    "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time": _rtp_fast.EXT_ABS_CAPTURE_TIME,
    "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay": _rtp_fast.EXT_PLAYOUT_DELAY,
    "urn:ietf:params:rtp-hdrext:toffset": _rtp_fast.EXT_TOFFSET,
    "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension": (
        _rtp_fast.EXT_DEPENDENCY_DESCRIPTOR
    ),
}
_NONE = -1
_RED_CLOCK_RATE = 48_000  # Opus's
_MAX_MID_BYTES = 16
_MAX_CNAME_BYTES = 63


def known_codecs(parameters: RtpParameters) -> list[RtpCodecParameters]:
    """The media codecs that the packet path understands, in their order."""
    return [codec for codec in parameters.media_codecs() if codec.name in CODEC_NUMBERS]


def producer_arguments(kind: Kind, parameters: RtpParameters) -> dict[str, Any]:
    """Keyword arguments of `Worker.add_producer`. Raises ValueError when no codec can be forwarded."""
    codecs = known_codecs(parameters)
    if not codecs:
        raise ValueError("None of the codecs of this producer can be forwarded.")
    extensions = _extensions(parameters)
    return {
        "kind": kind,
        "mid": _mid(parameters),
        "codecs": [
            (codec.payload_type, CODEC_NUMBERS[codec.name], codec.clock_rate, _rtx(parameters, codec))
            for codec in codecs
        ]
        + [(number, _rtp_fast.CODEC_RED, _RED_CLOCK_RATE, _NONE) for number in _red(parameters)],
        "encodings": [_encoding(encoding) for encoding in parameters.encodings] or [(0, 0, "")],
        "extensions": extensions,
        "nack": _has_feedback(codecs, "nack"),
        "transport_cc": _rtp_fast.EXT_TRANSPORT_CC in extensions and _has_feedback(codecs, "transport-cc"),
        "remb": _has_feedback(codecs, "goog-remb"),
        "cname": _cname(parameters),
    }


@dataclass(frozen=True, slots=True)
class ConsumerForm:
    """What consumers with the same codecs and extensions share of their arguments. Never changed."""

    codecs: list[tuple[int, int, int]]
    extensions: dict[int, int]


def consumer_form(parameters: RtpParameters) -> ConsumerForm:
    """Of several payload types of one codec the first is used. Raises ValueError when none can be sent."""
    first: dict[str, RtpCodecParameters] = {}
    for codec in known_codecs(parameters):
        first.setdefault(codec.name, codec)
    if not first:
        raise ValueError("None of the codecs of this consumer can be forwarded.")
    codecs = [
        (CODEC_NUMBERS[name], codec.payload_type, _rtx(parameters, codec)) for name, codec in first.items()
    ]
    codecs += [(_rtp_fast.CODEC_RED, number, _NONE) for number in _red(parameters)]
    return ConsumerForm(codecs, _extensions(parameters))


def consumer_arguments(
    kind: Kind, parameters: RtpParameters, form: ConsumerForm | None = None
) -> dict[str, Any]:
    """Keyword arguments of `Worker.add_consumer`, without its source.

    `form` is `consumer_form(parameters)` where it is known. Raises ValueError when no codec can be sent or
    when there is no SSRC.
    """
    form = form or consumer_form(parameters)
    if not parameters.encodings or parameters.encodings[0].ssrc is None:
        raise ValueError("A consumer needs an encoding with an SSRC.")
    encoding = parameters.encodings[0]
    return {
        "kind": kind,
        "mid": _mid(parameters),
        "ssrc": encoding.ssrc,
        "rtx_ssrc": encoding.rtx.ssrc if encoding.rtx else 0,
        "cname": _cname(parameters),
        "codecs": form.codecs,
        "extensions": form.extensions,
    }


def _mid(parameters: RtpParameters) -> str:
    """The MID, or none when it is longer than packets can carry; SSRCs tell the stream then."""
    mid = parameters.mid or ""
    return mid if len(mid.encode()) <= _MAX_MID_BYTES else ""


def _cname(parameters: RtpParameters) -> str:
    """The CNAME, cut to what fits; it must only be the same for streams that belong together."""
    cname = parameters.rtcp.cname or ""
    return cname.encode()[:_MAX_CNAME_BYTES].decode(errors="ignore")


def _rtx(parameters: RtpParameters, codec: RtpCodecParameters) -> int:
    payload_type = parameters.rtx_payload_type(codec.payload_type)
    return _NONE if payload_type is None else payload_type


def _red(parameters: RtpParameters) -> list[int]:
    """The payload type of RED where there is Opus to carry, in a list of one; else none."""
    names = {codec.name for codec in parameters.media_codecs()}
    return [codec.payload_type for codec in parameters.codecs if codec.is_red and "opus" in names][:1]


def _encoding(encoding: RtpEncodingParameters) -> tuple[int, int, str]:
    return encoding.ssrc or 0, encoding.rtx.ssrc if encoding.rtx else 0, encoding.rid or ""


def _extensions(parameters: RtpParameters) -> dict[int, int]:
    return {
        EXTENSION_NUMBERS[extension.uri]: extension.id
        for extension in parameters.header_extensions
        if extension.uri in EXTENSION_NUMBERS and not extension.encrypt
    }


def _has_feedback(codecs: list[RtpCodecParameters], kind: str) -> bool:
    return any(
        feedback.type == kind and not feedback.parameter for c in codecs for feedback in c.rtcp_feedback
    )
