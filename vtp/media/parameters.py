"""RTP, ICE, DTLS and SCTP parameters in mediasoup's vocabulary; their JSON shapes live here.

Field names are Python's, the JSON names are mediasoup's camelCase. `from_json` takes what a client sent
and raises ValueError with one sentence that names the path of the first fault; `to_json` gives the exact
object that mediasoup-client reads: absent values are left out, never null (a null `channels` would break
its codec matching).
"""

import re
from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic.alias_generators import to_camel

MAX_CODECS = 128
MAX_HEADER_EXTENSIONS = 64
MAX_ENCODINGS = 16
MAX_TEXT = 512
MAX_PARAMETERS = 64
"""Of one codec's format."""

Kind = Literal["audio", "video"]
_ONE_LINE = r"^[^\x00-\x1f\x7f]*$"  # it becomes a part of a line of other people's SDP
Text = Annotated[str, Field(max_length=MAX_TEXT, pattern=_ONE_LINE)]
PayloadType = Annotated[int, Field(ge=0, le=127)]
ExtensionId = Annotated[int, Field(ge=1, le=255)]
Ssrc = Annotated[int, Field(ge=0, le=0xFFFFFFFF)]
Port = Annotated[int, Field(ge=0, le=65535)]
Positive = Annotated[int, Field(ge=1, le=0x7FFFFFFF)]
Count = Annotated[int, Field(ge=0, le=0x7FFFFFFF)]
Number = Annotated[float, Field(allow_inf_nan=False)]
ParameterValue = Text | int | Number
Mid = Annotated[str, Field(min_length=1, max_length=32, pattern=_ONE_LINE)]
Rid = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,32}$")]

_MIME = re.compile(r"^(audio|video)/([A-Za-z0-9_.+-]{1,64})$", re.IGNORECASE)


class Parameters(BaseModel):
    """Base of every parameter object: strict types, unknown members ignored, values left as sent."""

    model_config = ConfigDict(
        alias_generator=to_camel, validate_by_name=True, validate_by_alias=True, strict=True, extra="ignore"
    )

    @classmethod
    def from_json(cls, value: object, path: str = "") -> Self:
        """Read one decoded JSON value. Raises ValueError: one sentence naming the path of the first fault."""
        try:
            return cls.model_validate(value)
        except ValidationError as error:
            raise ValueError(_sentence(error, path or _lower_first(cls.__name__))) from None

    def to_json(self) -> dict[str, Any]:
        """The object as mediasoup writes it: camelCase names, absent values left out."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


def _lower_first(name: str) -> str:
    return name[:1].lower() + name[1:]


def _sentence(error: ValidationError, path: str) -> str:
    """One fault as a sentence, e.g. `rtpParameters.codecs[0].clockRate is missing`."""
    fault = error.errors(include_url=False, include_context=True, include_input=False)[0]
    for step in fault["loc"]:
        path += f"[{step}]" if isinstance(step, int) else f".{step}"
    if fault["type"] == "missing":
        return f"{path} is missing"
    message = fault["msg"].removeprefix("Value error, ")
    return f"{path}: {message[:1].lower()}{message[1:]}"


class RtcpFeedback(Parameters):
    """One RTCP feedback message kind, RFC 4585 section 4.2: `nack`, `nack pli`, `transport-cc`, …"""

    type: Text
    parameter: Text = ""

    @field_validator("parameter", mode="before")
    @classmethod
    def _absent_is_empty(cls, value: object) -> object:
        return "" if value is None else value


def _check_mime(value: str) -> str:
    if _MIME.match(value) is None:
        raise ValueError("is not a media type such as audio/opus or video/VP8")
    return value


def _check_codec_parameters(parameters: dict[str, ParameterValue]) -> dict[str, ParameterValue]:
    apt = parameters.get("apt")
    if apt is not None and (isinstance(apt, bool) or not isinstance(apt, int) or not 0 <= apt <= 127):
        raise ValueError("apt must be a payload type from 0 to 127")
    return parameters


class _Codec(Parameters):
    """What capabilities and parameters of a codec have in common."""

    mime_type: Text
    clock_rate: Positive
    channels: Annotated[int, Field(ge=1, le=255)] | None = None
    parameters: Annotated[dict[Text, ParameterValue], Field(max_length=MAX_PARAMETERS)] = Field(
        default_factory=dict
    )
    rtcp_feedback: Annotated[list[RtcpFeedback], Field(max_length=32)] = Field(default_factory=list)

    @field_validator("mime_type")
    @classmethod
    def _known_mime(cls, value: str) -> str:
        return _check_mime(value)

    @field_validator("parameters", mode="before")
    @classmethod
    def _absent_values_are_empty(cls, value: object) -> object:
        if isinstance(value, dict):
            return {name: "" if item is None else item for name, item in value.items()}
        return {} if value is None else value

    @field_validator("parameters")
    @classmethod
    def _valid_parameters(cls, value: dict[str, ParameterValue]) -> dict[str, ParameterValue]:
        return _check_codec_parameters(value)

    @model_validator(mode="after")
    def _channels_are_audio_only(self) -> Self:
        """Audio defaults to one channel; video must have no `channels` at all."""
        wanted = (self.channels or 1) if self.media_kind == "audio" else None
        if self.channels != wanted:
            self.channels = wanted
        return self

    @property
    def media_kind(self) -> Kind:
        return "audio" if self.mime_type[:5].lower() == "audio" else "video"

    @cached_property
    def name(self) -> str:
        """The encoding name without the kind, in lower case: `opus`, `vp8`, `h264`, `rtx`."""
        return self.mime_type.partition("/")[2].lower()

    @property
    def is_rtx(self) -> bool:
        return self.name == "rtx"

    @property
    def is_red(self) -> bool:
        """Redundant audio (RFC 2198), which carries another codec."""
        return self.mime_type.lower() == "audio/red"

    @property
    def apt(self) -> int | None:
        """Payload type that an RTX codec repairs, RFC 4588 section 8.6; None when there is none."""
        value = self.parameters.get("apt")
        return value if isinstance(value, int) else None


class RtpCodecCapability(_Codec):
    """A codec that a router or an endpoint can handle."""

    kind: Kind
    preferred_payload_type: PayloadType | None = None

    @model_validator(mode="before")
    @classmethod
    def _kind_from_mime(cls, value: object) -> object:
        """`kind` is always derived from the media type, as mediasoup does."""
        if not isinstance(value, dict):
            return value
        mime = value.get("mimeType", value.get("mime_type"))
        match = _MIME.match(mime) if isinstance(mime, str) else None
        return value | {"kind": match[1].lower() if match else "video"}


class RtpCodecParameters(_Codec):
    """A codec in use, with the payload type that its packets carry."""

    payload_type: PayloadType


class RtpHeaderExtension(Parameters):
    """A header extension in capabilities; `direction` is seen from their owner. Empty `kind` means both."""

    kind: Literal["audio", "video", ""] = ""
    uri: Annotated[str, Field(min_length=1, max_length=MAX_TEXT, pattern=_ONE_LINE)]
    preferred_id: ExtensionId
    preferred_encrypt: bool = False
    direction: Literal["sendrecv", "sendonly", "recvonly", "inactive"] = "sendrecv"


class RtpHeaderExtensionParameters(Parameters):
    """A header extension in use, RFC 8285."""

    uri: Annotated[str, Field(min_length=1, max_length=MAX_TEXT, pattern=_ONE_LINE)]
    id: ExtensionId
    encrypt: bool = False
    parameters: dict[Text, ParameterValue] = Field(default_factory=dict)


class RtxEncoding(Parameters):
    """The repair stream of an encoding."""

    ssrc: Ssrc


class RtpEncodingParameters(Parameters):
    """One encoding (one layer of simulcast, or the only one) of a sender."""

    ssrc: Ssrc | None = None
    rid: Rid | None = None
    codec_payload_type: PayloadType | None = None
    rtx: RtxEncoding | None = None
    dtx: bool | None = None
    scalability_mode: Text | None = None
    scale_resolution_down_by: int | Number | None = None
    max_bitrate: int | Number | None = None
    max_framerate: int | Number | None = None
    active: bool | None = None


class RtcpParameters(Parameters):
    """RTCP settings of one sender. `reducedSize` is RFC 5506."""

    cname: Text | None = None
    reduced_size: bool = True
    mux: bool | None = None


class RtpCapabilities(Parameters):
    """What a router or an endpoint can send and receive."""

    codecs: Annotated[list[RtpCodecCapability], Field(max_length=MAX_CODECS)] = Field(default_factory=list)
    header_extensions: Annotated[list[RtpHeaderExtension], Field(max_length=MAX_HEADER_EXTENSIONS)] = Field(
        default_factory=list
    )


class RtpParameters(Parameters):
    """What one producer sends or one consumer receives."""

    mid: Mid | None = None
    codecs: Annotated[list[RtpCodecParameters], Field(min_length=1, max_length=MAX_CODECS)]
    header_extensions: Annotated[
        list[RtpHeaderExtensionParameters], Field(max_length=MAX_HEADER_EXTENSIONS)
    ] = Field(default_factory=list)
    encodings: Annotated[list[RtpEncodingParameters], Field(max_length=MAX_ENCODINGS)] = Field(
        default_factory=list
    )
    rtcp: RtcpParameters = Field(default_factory=RtcpParameters)
    msid: Text | None = None

    def media_codecs(self) -> list[RtpCodecParameters]:
        """The codecs that carry media, without RTX and RED."""
        return [codec for codec in self.codecs if not codec.is_rtx and not codec.is_red]

    def rtx_payload_type(self, payload_type: int) -> int | None:
        """Payload type that repairs `payload_type`, or None."""
        return next((c.payload_type for c in self.codecs if c.is_rtx and c.apt == payload_type), None)

    def extension_id(self, uri: str) -> int | None:
        """Id of the header extension `uri`, or None when it is not in use."""
        return next((extension.id for extension in self.header_extensions if extension.uri == uri), None)


class IceParameters(Parameters):
    """ICE credentials of one side, RFC 8839 section 5.4."""

    username_fragment: Annotated[str, Field(min_length=4, max_length=256)]
    password: Annotated[str, Field(min_length=22, max_length=256)]
    ice_lite: bool | None = None


class IceCandidate(Parameters):
    """One ICE candidate. `ip` repeats `address` for clients older than 2024."""

    foundation: Text
    priority: Annotated[int, Field(ge=0, le=0xFFFFFFFF)]
    address: Text
    ip: Text = ""
    protocol: Literal["udp", "tcp"]
    port: Port
    type: Literal["host", "srflx", "prflx", "relay"] = "host"
    tcp_type: Literal["active", "passive", "so"] | None = None

    @model_validator(mode="after")
    def _ip_repeats_address(self) -> Self:
        if not self.ip:
            self.ip = self.address
        return self


class DtlsFingerprint(Parameters):
    """Certificate fingerprint, RFC 8122: upper-case hexadecimal pairs separated by colons."""

    algorithm: Literal["sha-1", "sha-224", "sha-256", "sha-384", "sha-512"]
    value: Annotated[str, Field(pattern=r"^[0-9A-Fa-f]{2}(:[0-9A-Fa-f]{2}){15,63}$")]


class DtlsParameters(Parameters):
    """DTLS role and certificate fingerprints of one side."""

    role: Literal["auto", "client", "server"] = "auto"
    fingerprints: Annotated[list[DtlsFingerprint], Field(min_length=1, max_length=16)]


class NumSctpStreams(Parameters):
    """Stream counts of mediasoup's older SCTP shape."""

    os: Annotated[int, Field(ge=1, le=65535, alias="OS")] = 1024
    mis: Annotated[int, Field(ge=1, le=65535, alias="MIS")] = 1024


class SctpParameters(NumSctpStreams):
    """The union of mediasoup's old (`OS`, `MIS`, `maxMessageSize`) and 2026 SCTP shapes. Sizes in bytes."""

    port: Port = 5000
    max_message_size: Positive = 262_144
    max_send_message_size: Positive = 262_144
    max_receive_message_size: Positive = 262_144
    send_buffer_size: Positive = 8_000_000
    per_stream_send_queue_limit: Positive = 2_000_000
    max_receiver_window_buffer_size: Positive = 1_048_576
    is_data_channel: bool = True


class SctpStreamParameters(Parameters):
    """One data producer's or consumer's stream, RFC 8832 without DCEP."""

    stream_id: Annotated[int, Field(ge=0, le=65534)]
    ordered: bool | None = None
    max_packet_life_time: Count | None = None
    max_retransmits: Count | None = None

    @model_validator(mode="after")
    def _one_reliability(self) -> Self:
        if self.max_packet_life_time is not None and self.max_retransmits is not None:
            raise ValueError("maxPacketLifeTime and maxRetransmits exclude each other")
        partial = self.max_packet_life_time is not None or self.max_retransmits is not None
        if self.ordered and partial:
            raise ValueError("an ordered stream has neither maxPacketLifeTime nor maxRetransmits")
        if self.ordered is None:
            self.ordered = not partial
        return self
