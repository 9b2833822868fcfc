"""ORTC rules of mediasoup: from a producer's parameters over the router's to a consumer's.

router capabilities -> producer mapping -> consumable parameters -> consumer parameters. Pure functions;
SSRCs come from an allocator that the caller passes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from vtp.media.parameters import Kind, RtpCapabilities, RtpCodecCapability, RtpParameters

StreamType = Literal["simple", "simulcast", "svc"]


class UnsupportedCodec(ValueError):
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


def generate_router_capabilities(codecs: Sequence[RtpCodecCapability] | None = None) -> RtpCapabilities:
    """Capabilities of a router with these codecs (all we know when None): payload types, RTX, extensions.

    Raises ValueError for an unknown codec, a payload type used twice or too many codecs.
    """
    raise NotImplementedError


def validate_producer_parameters(kind: Kind, parameters: RtpParameters) -> RtpParameters:
    """Check what a client asks to produce; gives a copy with one empty encoding when it named none.

    Raises ValueError with a sentence.
    """
    raise NotImplementedError


def get_producer_mapping(
    parameters: RtpParameters, capabilities: RtpCapabilities, allocate_ssrc: Callable[[], int]
) -> RtpMapping:
    """Match each codec of a producer to the router's. Raises UnsupportedCodec."""
    raise NotImplementedError


def get_consumable_parameters(
    kind: Kind, parameters: RtpParameters, capabilities: RtpCapabilities, mapping: RtpMapping, cname: str
) -> RtpParameters:
    """The producer in the router's terms: router payload types and ids, mapped SSRCs, `cname` of its transport."""
    raise NotImplementedError


def can_consume(consumable: RtpParameters, capabilities: RtpCapabilities) -> bool:
    """Whether an endpoint with `capabilities` can receive at least one media codec of it."""
    raise NotImplementedError


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
    raise NotImplementedError


def get_stream_type(parameters: RtpParameters) -> StreamType:
    """`simple`, `simulcast` or `svc` of a producer with these parameters."""
    raise NotImplementedError
