"""What the server says of transports, producers and consumers, for mediasoup-client; see `shapes`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from vtp.media.ortc import StreamType
from vtp.media.parameters import Kind
from vtp.rooms.sources import Source
from vtp.signalling.parameter_shapes import (
    ConsumerRtpParameters,
    IceServer,
    ServerDtlsParameters,
    ServerIceCandidate,
    ServerIceParameters,
    ServerSctpParameters,
    ServerSctpStream,
)

AppData = Annotated[dict[str, Any], Field(description="What its client gave along.")]


class PeerProducer(TypedDict):
    """What somebody sends."""

    producerId: str
    peerId: str
    kind: Kind
    source: Source
    paused: bool
    appData: AppData


class PeerDataProducer(TypedDict):
    """A channel that somebody writes to."""

    dataProducerId: str
    peerId: str
    label: str
    protocol: str
    appData: AppData


class OwnTransport(TypedDict):
    """A transport of the caller's own."""

    transportId: str
    direction: Literal["send", "recv"]


class OwnProducer(TypedDict):
    """What the caller sends."""

    producerId: str
    transportId: str
    kind: Kind
    source: Source
    paused: bool
    spatialLayers: list[int]


class OwnConsumer(TypedDict):
    """What the caller gets; `producerId` is null while it follows a program that nobody presents."""

    consumerId: str
    transportId: str
    producerId: str | None
    kind: Kind
    paused: bool
    producerPaused: bool


class OwnDataProducer(TypedDict):
    """A channel that the caller writes to."""

    dataProducerId: str
    transportId: str
    label: str


class OwnDataConsumer(TypedDict):
    """A channel that the caller reads."""

    dataConsumerId: str
    transportId: str
    dataProducerId: str
    paused: bool


class OwnMedia(TypedDict):
    """All that the caller has open: what is not named here has ended."""

    transports: list[OwnTransport]
    producers: list[OwnProducer]
    consumers: list[OwnConsumer]
    dataProducers: list[OwnDataProducer]
    dataConsumers: list[OwnDataConsumer]


class TransportCreated(TypedDict):
    """`create-transport`: what `createSendTransport` and `createRecvTransport` take."""

    id: str
    transportId: str
    direction: Literal["send", "recv"]
    iceParameters: ServerIceParameters
    iceCandidates: list[ServerIceCandidate]
    dtlsParameters: ServerDtlsParameters
    sctpParameters: NotRequired[ServerSctpParameters]
    iceServers: list[IceServer]


class TransportConnected(TypedDict):
    """`connect-transport`."""

    transportId: str


class TransportClosed(TypedDict):
    """`close-transport`."""

    transportId: str


class IceRestarted(TypedDict):
    """`restart-ice`: what `updateIceServers` and `restartIce` take, in this order."""

    transportId: str
    iceParameters: ServerIceParameters
    iceServers: list[IceServer]


class ProducerCreated(TypedDict):
    """`produce`."""

    id: str
    producerId: str
    kind: Kind


class ConsumerCreated(TypedDict):
    """`consume`: what `transport.consume` takes."""

    id: str
    consumerId: str
    producerId: str
    kind: Kind
    rtpParameters: ConsumerRtpParameters
    type: StreamType
    paused: bool
    producerPaused: bool


class ThatProducer(TypedDict):
    """`pause-producer`, `resume-producer`, `close-producer`."""

    producerId: str


class ThatConsumer(TypedDict):
    """`pause-consumer`, `resume-consumer`, `close-consumer`, `request-keyframe`."""

    consumerId: str


class DataProducerCreated(TypedDict):
    """`produce-data`."""

    id: str
    dataProducerId: str


class DataConsumerCreated(TypedDict):
    """`consume-data`: what `transport.consumeData` takes."""

    id: str
    dataConsumerId: str
    dataProducerId: str
    sctpStreamParameters: ServerSctpStream
    label: str
    protocol: str
    paused: bool


class ThatDataProducer(TypedDict):
    """`close-data-producer`."""

    dataProducerId: str


class ThatDataConsumer(TypedDict):
    """`resume-data-consumer`, `close-data-consumer`."""

    dataConsumerId: str


class LayersPreferred(TypedDict):
    """`set-preferred-layers`: what of it there is."""

    consumerId: str
    spatialLayer: int
    temporalLayer: int


class LayersChanged(TypedDict):
    """What the listener gets of a producer in several layers; null: nothing."""

    consumerId: str
    producerId: str
    spatialLayer: int | None
    temporalLayer: int | None


class LayersWatched(TypedDict):
    """Which spatial layers of the listener's own producer somebody watches or records.

    Those above the highest need not be sent until they are among them again.
    """

    producerId: str
    spatialLayers: list[int]


class ConsumedProducerChanged(TypedDict):
    """Who sends it has paused or resumed what the listener consumes."""

    consumerId: str
    producerId: str


class ProducerClosed(TypedDict):
    """Somebody sends it no more; `not_allowed`: the room does not let them any more."""

    producerId: str
    peerId: str
    reason: NotRequired[Literal["not_allowed"]]


class ConsumerClosed(TypedDict):
    """A consumer of the listener's own is no more, and they did not close it."""

    consumerId: str
    producerId: str
    reason: str


class DataProducerClosed(TypedDict):
    """Somebody's channel is no more; `not_allowed`: the room does not let them any more."""

    dataProducerId: str
    peerId: str
    reason: NotRequired[Literal["not_allowed"]]


class DataConsumerClosed(TypedDict):
    """A data consumer of the listener's own is no more, and they did not close it."""

    dataConsumerId: str
    dataProducerId: str
    reason: str


class Bandwidth(TypedDict):
    """What the link over which the listener receives carries, in bit/s, has changed by a tenth or more."""

    transportId: str
    availableOutgoingBitrate: int


MEDIA_PUSHES: Mapping[str, type] = {
    "new-producer": PeerProducer,
    "producer-paused": ConsumedProducerChanged,
    "producer-resumed": ConsumedProducerChanged,
    "producer-closed": ProducerClosed,
    "consumer-closed": ConsumerClosed,
    "layers-changed": LayersChanged,
    "new-data-producer": PeerDataProducer,
    "data-producer-closed": DataProducerClosed,
    "data-consumer-closed": DataConsumerClosed,
    "bandwidth": Bandwidth,
    "layers-watched": LayersWatched,
}
"""What an audience tells of media."""
