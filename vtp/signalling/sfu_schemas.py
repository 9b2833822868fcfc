"""What crosses the wire at `/sfu`. Names are the older service's and mediasoup's, unknown ones ignored."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    RootModel,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)
from pydantic.alias_generators import to_camel

from vtp.http.text import check_line
from vtp.media.parameters import (
    DtlsParameters,
    Kind,
    RtpCapabilities,
    RtpParameters,
    SctpStreamParameters,
)
from vtp.media.srtp_keys import CryptoSuite
from vtp.signalling.messages import AppData, Id, Layer, Text, without_nulls

Json = dict[str, Any]
Line = Annotated[str, Field(max_length=200), AfterValidator(check_line)]
PeerId = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9._:@+~-]{1,64}$",
        description="The service's own name for the peer, shown to everybody as its participant_id.",
    ),
]


class SfuBody(BaseModel):
    """Base of what services send."""

    model_config = ConfigDict(alias_generator=to_camel, validate_by_name=True, extra="ignore")

    @model_validator(mode="before")
    @classmethod
    def _null_is_left_out(cls, value: Any) -> Any:
        return without_nulls(value)


class JoinBody(SfuBody):
    """A peer; the service vouches for who it is."""

    peer_id: PeerId | None = None
    user_id: Line | None = Field(None, description="An account's id, or whatever the service calls them.")
    email: Line | None = None
    full_name: Line | None = None
    role: Annotated[str, Field(max_length=32)] | None = Field(
        None, description="`student` when left out; the older words are taken; at most `teacher`."
    )
    is_producer: bool | None = None
    room_name: Line | None = Field(None, description="The name of a room that is made by this call.")


class NamesPeer(SfuBody):
    """The peer that a call is made for."""

    peer_id: Id


class MayNamePeer(SfuBody):
    """The id in the path says whose it is; when the peer is named too it must be that one."""

    peer_id: Id | None = None


class TransportBody(NamesPeer):
    """A transport to be made."""

    direction: Literal["send", "recv"]
    enable_sctp: bool = False


class ConnectBody(MayNamePeer):
    """The client's side of DTLS."""

    dtls_parameters: DtlsParameters


class PlainTransportBody(NamesPeer):
    """A transport of plain RTP to be made, in mediasoup's words."""

    direction: Literal["send", "recv"]
    rtcp_mux: bool = Field(True, description="RTCP on RTP's port; false: on the next one.")
    comedia: bool = Field(False, description="The peer is where its first valid packet comes from.")
    enable_srtp: bool = False
    srtp_crypto_suite: CryptoSuite = "AES_CM_128_HMAC_SHA1_80"


class SrtpParameters(SfuBody):
    """The key that a peer encrypts with."""

    crypto_suite: CryptoSuite
    key_base64: Annotated[str, Field(max_length=128)]


class ConnectPlainBody(MayNamePeer):
    """Where a peer of plain RTP is, and its key."""

    ip: Annotated[str, Field(max_length=64)] | None = Field(None, description="Left out with `comedia`.")
    port: Annotated[int, Field(ge=1, le=65535)] | None = None
    rtcp_port: Annotated[int, Field(ge=1, le=65535)] | None = Field(
        None, description="Without `rtcpMux`; the port behind `port` when left out."
    )
    srtp_parameters: SrtpParameters | None = None


class ProduceBody(NamesPeer):
    """A producer to be made; `transportId` may be left out where there is one for sending."""

    transport_id: Id | None = None
    kind: Kind
    rtp_parameters: RtpParameters
    app_data: AppData = Field(default_factory=dict)
    paused: bool = False


class ConsumeBody(NamesPeer):
    """A consumer to be made; it runs at once unless `paused`."""

    transport_id: Id | None = None
    producer_id: Id
    rtp_capabilities: RtpCapabilities | None = Field(
        None,
        validation_alias=AliasChoices("rtpCapabilities", "recvRtpCapabilities"),
        description="May be left out on a transport of plain RTP only: all codecs then.",
    )
    paused: bool = False


class LayersBody(MayNamePeer):
    """An upper bound."""

    spatial_layer: Layer
    temporal_layer: Layer | None = None


class ProduceDataBody(NamesPeer):
    """A data producer to be made."""

    transport_id: Id | None = None
    sctp_stream_parameters: SctpStreamParameters
    label: Text = ""
    protocol: Text = ""
    app_data: AppData = Field(default_factory=dict)
    paused: bool = False


class ConsumeDataBody(NamesPeer):
    """A data consumer to be made."""

    transport_id: Id | None = None
    data_producer_id: Id
    paused: bool = False


class SfuReply(BaseModel):
    """Base of what services get."""

    model_config = ConfigDict(alias_generator=to_camel, validate_by_name=True, serialize_by_alias=True)


class Health(SfuReply):
    """Whether media flows; with 503 when it does not."""

    status: Literal["ok", "unavailable"]
    timestamp: datetime
    worker: Literal["running", "stopped"]


class PeerReply(SfuReply):
    """Somebody in a room, by whatever way they came; `email` is known of services' peers only."""

    model_config = ConfigDict(extra="allow")

    peer_id: str
    user_id: str | None
    email: str
    full_name: str
    role: str
    is_producer: bool
    joined_at: datetime
    producer_count: int
    consumer_count: int
    producers: list[Json]
    data_producers: list[Json]


class RoomLine(SfuReply):
    """A room in the list."""

    room_id: str
    name: str
    peer_count: int
    created_at: datetime


class RoomList(SfuReply):
    """The rooms that are open now."""

    rooms: list[RoomLine]
    total_rooms: int
    total_peers: int


class RoomReply(RoomLine):
    """A room and who is in it."""

    peers: list[PeerReply]


class JoinReply(SfuReply):
    """What a peer's client needs to begin; `peers` are the others."""

    room_id: str
    peer_id: str
    rtp_capabilities: Json
    peers: list[PeerReply]


class TransportReply(SfuReply):
    """A transport as mediasoup-client takes it; `id` and `transportId` are the same."""

    id: str
    transport_id: str
    direction: Literal["send", "recv"]
    ice_parameters: Json
    ice_candidates: list[Json]
    dtls_parameters: Json
    sctp_parameters: Json | None = Field(None, description="Left out unless it was made with `enableSctp`.")
    ice_servers: list[Json]

    @model_serializer(mode="wrap")
    def _leave_out_absent(self, write: SerializerFunctionWrapHandler) -> Json:
        """mediasoup-client takes what is absent, not what is null."""
        return {name: value for name, value in write(self).items() if value is not None}


class PlainTransportReply(SfuReply):
    """A transport of plain RTP: `tuple`, `rtcpTuple` say where the peer sends, `srtpParameters` our key."""

    id: str
    transport_id: str
    direction: Literal["send", "recv"]
    rtcp_mux: bool
    comedia: bool
    tuple: Json
    rtcp_tuple: Json | None = None
    srtp_parameters: Json | None = None

    @model_serializer(mode="wrap")
    def _leave_out_absent(self, write: SerializerFunctionWrapHandler) -> Json:
        return {name: value for name, value in write(self).items() if value is not None}


class IceReply(SfuReply):
    """The fresh credentials after an ICE restart, for the client."""

    transport_id: str
    ice_parameters: Json
    ice_servers: list[Json] = Field(description="TURN servers with new credentials.")


class ProducerReply(SfuReply):
    """A producer."""

    id: str
    producer_id: str
    kind: Kind
    rtp_parameters: Json
    paused: bool


class ConsumerReply(SfuReply):
    """A consumer as mediasoup-client takes it."""

    id: str
    consumer_id: str
    producer_id: str
    kind: Kind
    rtp_parameters: Json
    type: str
    paused: bool
    producer_paused: bool


class DataProducerReply(SfuReply):
    """A data producer."""

    id: str
    data_producer_id: str


class DataConsumerReply(SfuReply):
    """A data consumer as mediasoup-client takes it."""

    id: str
    data_consumer_id: str
    data_producer_id: str
    sctp_stream_parameters: Json
    label: str
    protocol: str
    paused: bool


class Done(SfuReply):
    """What was asked for is done to `id`."""

    success: Literal[True] = True
    id: str


class Stats(RootModel[list[Json]]):
    """Figures as mediasoup's `getStats` gives them: a list of objects, `type` says of what."""
