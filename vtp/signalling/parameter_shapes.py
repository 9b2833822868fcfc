"""RTP, ICE, DTLS and SCTP parameters as the server says them, for mediasoup-client; see `shapes`."""

from __future__ import annotations

from typing import Literal, NotRequired

from typing_extensions import TypedDict

from vtp.media.parameters import Kind

FormatParameters = dict[str, str | int | float]


class ServerRtcpFeedback(TypedDict):
    """One kind of RTCP feedback."""

    type: str
    parameter: str


class RouterCodec(TypedDict):
    """A codec that the room's router takes."""

    kind: Kind
    mimeType: str
    clockRate: int
    channels: NotRequired[int]
    parameters: FormatParameters
    rtcpFeedback: list[ServerRtcpFeedback]
    preferredPayloadType: int


class RouterHeaderExtension(TypedDict):
    """A header extension that the room's router takes."""

    kind: Kind
    uri: str
    preferredId: int
    preferredEncrypt: bool
    direction: Literal["sendrecv", "sendonly", "recvonly", "inactive"]


class RouterRtpCapabilities(TypedDict):
    """What `device.load` takes as `routerRtpCapabilities`."""

    codecs: list[RouterCodec]
    headerExtensions: list[RouterHeaderExtension]


class ServerIceParameters(TypedDict):
    """The server's ICE credentials."""

    usernameFragment: str
    password: str
    iceLite: Literal[True]


class ServerIceCandidate(TypedDict):
    """Where the server is; `ip` repeats `address` for older clients."""

    foundation: str
    priority: int
    address: str
    ip: str
    protocol: Literal["udp", "tcp"]
    port: int
    type: Literal["host", "srflx", "prflx", "relay"]
    tcpType: NotRequired[Literal["active", "passive", "so"]]


class ServerDtlsFingerprint(TypedDict):
    """The hash of the server's certificate."""

    algorithm: Literal["sha-1", "sha-224", "sha-256", "sha-384", "sha-512"]
    value: str


class ServerDtlsParameters(TypedDict):
    """The server's side of DTLS."""

    role: Literal["auto", "client", "server"]
    fingerprints: list[ServerDtlsFingerprint]


class ServerSctpParameters(TypedDict):
    """The server's side of SCTP, in mediasoup's older and newer words."""

    OS: int
    MIS: int
    port: int
    maxMessageSize: int
    maxSendMessageSize: int
    maxReceiveMessageSize: int
    sendBufferSize: int
    perStreamSendQueueLimit: int
    maxReceiverWindowBufferSize: int
    isDataChannel: bool


class IceServer(TypedDict):
    """A STUN or TURN server; a TURN server with credentials that expire."""

    urls: str
    username: NotRequired[str]
    credential: NotRequired[str]


class ConsumerCodec(TypedDict):
    """A codec that a consumer gets."""

    mimeType: str
    clockRate: int
    channels: NotRequired[int]
    parameters: FormatParameters
    rtcpFeedback: list[ServerRtcpFeedback]
    payloadType: int


class ConsumerHeaderExtension(TypedDict):
    """A header extension that a consumer gets."""

    uri: str
    id: int
    encrypt: bool
    parameters: FormatParameters


class ConsumerRtx(TypedDict):
    """The repair stream of an encoding."""

    ssrc: int


class ConsumerEncoding(TypedDict):
    """The stream that a consumer gets."""

    ssrc: int
    rtx: NotRequired[ConsumerRtx]
    codecPayloadType: NotRequired[int]
    dtx: NotRequired[bool]
    scalabilityMode: NotRequired[str]
    maxBitrate: NotRequired[float]


class ConsumerRtcp(TypedDict):
    """RTCP settings of a consumer."""

    cname: NotRequired[str]
    reducedSize: bool
    mux: NotRequired[bool]


class ConsumerRtpParameters(TypedDict):
    """What `transport.consume` takes as `rtpParameters`."""

    mid: str
    codecs: list[ConsumerCodec]
    headerExtensions: list[ConsumerHeaderExtension]
    encodings: list[ConsumerEncoding]
    rtcp: ConsumerRtcp
    msid: NotRequired[str]


class ServerSctpStream(TypedDict):
    """What `transport.consumeData` takes as `sctpStreamParameters`."""

    streamId: int
    ordered: bool
    maxPacketLifeTime: NotRequired[int]
    maxRetransmits: NotRequired[int]
