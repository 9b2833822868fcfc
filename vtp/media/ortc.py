"""ORTC rules of mediasoup: from a producer's parameters over the router's to a consumer's.

router capabilities -> producer mapping -> consumable parameters -> consumer parameters. Pure functions;
SSRCs come from an allocator that the caller passes; nothing passed in is changed.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from vtp.media.capabilities import (
    ABS_SEND_TIME,
    DYNAMIC_PAYLOAD_TYPES,
    TRANSPORT_CC,
    header_extensions,
    router_codecs,
)
from vtp.media.ortc_match import codecs_match, h264_answer
from vtp.media.parameters import (
    Kind,
    RtcpFeedback,
    RtcpParameters,
    RtpCapabilities,
    RtpCodecCapability,
    RtpCodecParameters,
    RtpEncodingParameters,
    RtpHeaderExtensionParameters,
    RtpParameters,
    RtxEncoding,
)

StreamType = Literal["simple", "simulcast", "svc"]

_SCALABILITY_MODE = re.compile(r"^[LS]([1-9][0-9]?)T([1-9][0-9]?)(_KEY)?")


class UnsupportedCodec(ValueError):  # noqa: N818 - named by what happened
    """A codec, or its profile, is not among the router's. The text is a sentence."""


@dataclass(frozen=True, slots=True)
class EncodingMapping:
    """One encoding of a producer and the SSRC under which the router knows it."""

    mapped_ssrc: int
    ssrc: int | None = None
    rid: str | None = None
    scalability_mode: str | None = None


@dataclass(frozen=True, slots=True)
class RtpMapping:
    """Payload types of a producer to the router's (RTX included), and its encodings."""

    codecs: dict[int, int]
    encodings: list[EncodingMapping]


@dataclass(frozen=True, slots=True)
class ScalabilityMode:
    """Layers that a mode such as `L3T3_KEY` names; `key`: inter-layer prediction only on key frames."""

    spatial_layers: int = 1
    temporal_layers: int = 1
    key: bool = False


def parse_scalability_mode(text: str | None) -> ScalabilityMode:
    """Read a scalability mode (W3C webrtc-svc); anything else is one layer."""
    match = _SCALABILITY_MODE.match(text or "")
    return ScalabilityMode(int(match[1]), int(match[2]), bool(match[3])) if match else ScalabilityMode()


def generate_router_capabilities(codecs: Sequence[RtpCodecCapability] | None = None) -> RtpCapabilities:
    """Capabilities of a router with these codecs (all we know when None): payload types, RTX, extensions.

    A codec's `parameters` are laid over ours. Raises ValueError for an unknown codec, a payload type used
    twice or too many codecs.
    """
    known = router_codecs()
    chosen = [_supported(codec, known) for codec in (known if codecs is None else codecs)]
    fixed = [codec.preferred_payload_type for codec in chosen if codec.preferred_payload_type is not None]
    if len(set(fixed)) < len(fixed):
        raise ValueError("Two codecs of the router have the same preferredPayloadType; give each its own")
    free = [payload_type for payload_type in DYNAMIC_PAYLOAD_TYPES if payload_type not in fixed]
    capabilities = RtpCapabilities(header_extensions=header_extensions())
    for codec in chosen:
        if codec.preferred_payload_type is None:
            codec.preferred_payload_type = _take(free)
        capabilities.codecs.append(codec)
        if codec.kind == "video":
            capabilities.codecs.append(_rtx_capability(codec, _take(free)))
    return capabilities


def _take(free: list[int]) -> int:
    if not free:
        raise ValueError("The router has more codecs than there are dynamic payload types; name fewer")
    return free.pop(0)


def _supported(wanted: RtpCodecCapability, known: Sequence[RtpCodecCapability]) -> RtpCodecCapability:
    """A copy of the codec we know, with the wanted payload type and parameters."""
    same = next((codec for codec in known if codecs_match(codec, wanted, strict=True)), None)
    same = same or next((codec for codec in known if codecs_match(codec, wanted)), None)
    if same is None:
        raise UnsupportedCodec(
            f"The codec {wanted.mime_type} at {wanted.clock_rate} Hz is not known to this server"
        )
    update: dict[str, object] = {"parameters": same.parameters | wanted.parameters}
    if wanted.preferred_payload_type is not None:
        update["preferred_payload_type"] = wanted.preferred_payload_type
    return same.model_copy(deep=True, update=update)


def _rtx_capability(codec: RtpCodecCapability, payload_type: int) -> RtpCodecCapability:
    assert codec.preferred_payload_type is not None
    return RtpCodecCapability(
        kind=codec.kind,
        mime_type=f"{codec.kind}/rtx",
        preferred_payload_type=payload_type,
        clock_rate=codec.clock_rate,
        parameters={"apt": codec.preferred_payload_type},
    )


def validate_producer_parameters(kind: Kind, parameters: RtpParameters) -> RtpParameters:
    """Check what a client asks to produce; gives a copy with one empty encoding when it named none.

    Raises ValueError with a sentence.
    """
    path = "rtpParameters"
    for index, codec in enumerate(parameters.codecs):
        if codec.media_kind != kind:
            raise ValueError(f"{path}.codecs[{index}].mimeType is {codec.mime_type} in a producer of {kind}")
    if parameters.codecs[0].is_rtx:
        raise ValueError(f"{path}.codecs[0] is RTX; a media codec must come first")
    if not parameters.media_codecs():
        raise ValueError(f"{path}.codecs names RED alone; name the Opus that it carries too")
    _refuse_repeats(f"{path}.codecs", "payloadType", [codec.payload_type for codec in parameters.codecs])
    _refuse_repeats(
        f"{path}.headerExtensions", "id", [extension.id for extension in parameters.header_extensions]
    )
    rids = [encoding.rid for encoding in parameters.encodings if encoding.rid is not None]
    _refuse_repeats(f"{path}.encodings", "rid", rids)
    ssrcs = [ssrc for encoding in parameters.encodings for ssrc in _ssrcs(encoding)]
    _refuse_repeats(f"{path}.encodings", "ssrc", ssrcs)
    if (
        len(parameters.encodings) > 1
        and len(rids) + sum(e.ssrc is not None for e in parameters.encodings) == 0
    ):
        raise ValueError(f"{path}.encodings has several entries but neither rid nor ssrc to tell them apart")
    encodings = parameters.encodings or [RtpEncodingParameters()]
    return parameters.model_copy(deep=True, update={"encodings": encodings})


def _ssrcs(encoding: RtpEncodingParameters) -> list[int]:
    rtx = encoding.rtx.ssrc if encoding.rtx is not None else None
    return [ssrc for ssrc in (encoding.ssrc, rtx) if ssrc is not None]


def _refuse_repeats(path: str, name: str, values: Sequence[object]) -> None:
    if len(set(values)) < len(values):
        raise ValueError(f"{path} names the same {name} twice")


def get_producer_mapping(
    parameters: RtpParameters, capabilities: RtpCapabilities, allocate_ssrc: Callable[[], int]
) -> RtpMapping:
    """Match a producer's codecs to the router's. Raises UnsupportedCodec, or ValueError for a lone RTX."""
    codecs: dict[int, int] = {}
    for codec in parameters.media_codecs():
        match = _router_codec(codec, capabilities)
        assert match.preferred_payload_type is not None
        codecs[codec.payload_type] = match.preferred_payload_type
    for codec in parameters.codecs:
        if codec.is_rtx:
            codecs[codec.payload_type] = _router_rtx(codec, codecs, capabilities)
    encodings = [
        EncodingMapping(allocate_ssrc(), encoding.ssrc, encoding.rid, encoding.scalability_mode)
        for encoding in parameters.encodings
    ]
    return RtpMapping(codecs, encodings)


def _router_codec(codec: RtpCodecParameters, capabilities: RtpCapabilities) -> RtpCodecCapability:
    for capability in capabilities.codecs:
        if not capability.is_rtx and codecs_match(codec, capability, strict=True):
            return capability
    raise UnsupportedCodec(
        f"The router has no codec for {codec.mime_type}, payload type {codec.payload_type}, as it is set up"
    )


def _router_rtx(codec: RtpCodecParameters, mapped: dict[int, int], capabilities: RtpCapabilities) -> int:
    media = mapped.get(codec.apt) if codec.apt is not None and codec.apt != codec.payload_type else None
    if media is None:
        raise ValueError(
            f"RTX payload type {codec.payload_type} has no media codec with payload type {codec.apt}"
        )
    for capability in capabilities.codecs:
        if capability.is_rtx and capability.apt == media and capability.preferred_payload_type is not None:
            return capability.preferred_payload_type
    raise UnsupportedCodec(f"The router has no RTX codec for payload type {media}")


def get_consumable_parameters(
    kind: Kind, parameters: RtpParameters, capabilities: RtpCapabilities, mapping: RtpMapping, cname: str
) -> RtpParameters:
    """The producer in the router's terms: its payload types, ids, mapped SSRCs; `cname` of the transport."""
    codecs: dict[int, RtpCodecParameters] = {}
    for codec in parameters.media_codecs():
        for consumable in _consumable_codecs(codec, mapping.codecs[codec.payload_type], capabilities):
            codecs.setdefault(consumable.payload_type, consumable)
    extensions = [
        RtpHeaderExtensionParameters(uri=e.uri, id=e.preferred_id, encrypt=e.preferred_encrypt)
        for e in capabilities.header_extensions
        if e.kind in (kind, "") and e.direction in ("sendrecv", "sendonly")
    ]
    encodings = [
        encoding.model_copy(
            update={"rid": None, "rtx": None, "codec_payload_type": None, "ssrc": mapped.mapped_ssrc}
        )
        for encoding, mapped in zip(parameters.encodings, mapping.encodings, strict=True)
    ]
    return RtpParameters(
        codecs=list(codecs.values()),
        header_extensions=extensions,
        encodings=encodings,
        rtcp=RtcpParameters(cname=cname, reduced_size=True),
        msid=parameters.msid,
    )


def _consumable_codecs(
    codec: RtpCodecParameters, payload_type: int, capabilities: RtpCapabilities
) -> list[RtpCodecParameters]:
    """The media codec in the router's payload type with the producer's own parameters, and its RTX."""
    found: list[RtpCodecParameters] = []
    for capability in capabilities.codecs:
        if capability.preferred_payload_type == payload_type:
            found.insert(0, _in_use(capability, _answered_parameters(capability, codec)))
        elif capability.is_rtx and capability.apt == payload_type:
            found.append(_in_use(capability, dict(capability.parameters)))
    return found


def _answered_parameters(
    capability: RtpCodecCapability, codec: RtpCodecParameters
) -> dict[str, str | int | float]:
    parameters = dict(codec.parameters)
    if codec.name == "h264" and (answer := h264_answer(capability.parameters, codec.parameters)) is not None:
        parameters["profile-level-id"] = answer
    return parameters


def _in_use(capability: RtpCodecCapability, parameters: dict[str, str | int | float]) -> RtpCodecParameters:
    assert capability.preferred_payload_type is not None
    return RtpCodecParameters(
        mime_type=capability.mime_type,
        payload_type=capability.preferred_payload_type,
        clock_rate=capability.clock_rate,
        channels=capability.channels,
        parameters=parameters,
        rtcp_feedback=[feedback.model_copy() for feedback in capability.rtcp_feedback],
    )


def can_consume(consumable: RtpParameters, capabilities: RtpCapabilities) -> bool:
    """Whether an endpoint with `capabilities` can receive at least one media codec of it."""
    return any(_endpoint_codec(codec, capabilities) is not None for codec in consumable.media_codecs())


def _endpoint_codec(codec: RtpCodecParameters, capabilities: RtpCapabilities) -> RtpCodecCapability | None:
    return next((c for c in capabilities.codecs if codecs_match(c, codec, strict=True)), None)


def get_consumer_parameters(
    consumable: RtpParameters,
    capabilities: RtpCapabilities,
    *,
    mid: str,
    allocate_ssrc: Callable[[], int],
    enable_rtx: bool | None = None,
) -> RtpParameters:
    """What one endpoint will receive of it. RTX defaults to on for video, off for audio.

    Raises UnsupportedCodec when the endpoint can receive no codec of it.
    """
    rtx_wanted = consumable.codecs[0].media_kind == "video" if enable_rtx is None else enable_rtx
    codecs = _consumer_codecs(consumable, capabilities, rtx_wanted)
    extensions = [
        e.model_copy(deep=True) for e in consumable.header_extensions if _endpoint_has(e, capabilities)
    ]
    uris = {extension.uri for extension in extensions}
    for codec in codecs:
        codec.rtcp_feedback = congestion_feedback(codec.rtcp_feedback, uris)
    return RtpParameters(
        mid=mid,
        codecs=codecs,
        header_extensions=extensions,
        encodings=[_consumer_encoding(consumable.encodings, any(c.is_rtx for c in codecs), allocate_ssrc)],
        rtcp=consumable.rtcp.model_copy(),
        msid=consumable.msid,
    )


def _consumer_codecs(
    consumable: RtpParameters, capabilities: RtpCapabilities, rtx_wanted: bool
) -> list[RtpCodecParameters]:
    kept: list[RtpCodecParameters] = []
    for codec in consumable.codecs:
        capability = _endpoint_codec(codec, capabilities)
        if capability is None or (codec.is_rtx and not rtx_wanted):
            continue
        feedback = [f for f in capability.rtcp_feedback if rtx_wanted or f.type != "nack" or f.parameter]
        kept.append(codec.model_copy(deep=True, update={"rtcp_feedback": [f.model_copy() for f in feedback]}))
    media = {codec.payload_type for codec in kept if not codec.is_rtx}
    kept = [codec for codec in kept if not codec.is_rtx or codec.apt in media]
    if not media:
        names = ", ".join(codec.mime_type for codec in consumable.media_codecs())
        raise UnsupportedCodec(f"The endpoint can receive none of the producer's codecs ({names})")
    return kept


def _endpoint_has(extension: RtpHeaderExtensionParameters, capabilities: RtpCapabilities) -> bool:
    return any(
        e.preferred_id == extension.id and e.uri == extension.uri for e in capabilities.header_extensions
    )


def congestion_feedback(feedback: Sequence[RtcpFeedback], extension_uris: set[str]) -> list[RtcpFeedback]:
    """One way of congestion control per stream: transport-wide feedback, else REMB, else neither."""
    if TRANSPORT_CC in extension_uris:
        dropped = {"goog-remb"}
    elif ABS_SEND_TIME in extension_uris:
        dropped = {"transport-cc"}
    else:
        dropped = {"transport-cc", "goog-remb"}
    return [entry for entry in feedback if entry.type not in dropped]


def _consumer_encoding(
    encodings: Sequence[RtpEncodingParameters], with_rtx: bool, allocate_ssrc: Callable[[], int]
) -> RtpEncodingParameters:
    mode = next((e.scalability_mode for e in encodings if e.scalability_mode), None)
    if len(encodings) > 1:
        mode = f"L{len(encodings)}T{parse_scalability_mode(mode).temporal_layers}"
    bitrates = [e.max_bitrate for e in encodings if e.max_bitrate is not None]
    return RtpEncodingParameters(
        ssrc=allocate_ssrc(),
        rtx=RtxEncoding(ssrc=allocate_ssrc()) if with_rtx else None,
        scalability_mode=mode,
        max_bitrate=max(bitrates, default=None),
    )


def get_stream_type(parameters: RtpParameters) -> StreamType:
    """`simple`, `simulcast` or `svc` of a producer with these parameters.

    Several encodings are simulcast. One encoding with layers is SVC where the codec carries layers in its
    payload or dependency descriptor (VP9, AV1) or has spatial ones, else simulcast of one stream.
    """
    codec = parameters.codecs[0]
    if codec.media_kind == "audio":
        return "simple"
    if len(parameters.encodings) > 1:
        return "simulcast"
    mode = parse_scalability_mode(parameters.encodings[0].scalability_mode if parameters.encodings else None)
    if mode.spatial_layers == 1 and mode.temporal_layers == 1:
        return "simple"
    return "svc" if codec.name in ("vp9", "av1") or mode.spatial_layers > 1 else "simulcast"
