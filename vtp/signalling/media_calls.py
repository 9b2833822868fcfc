"""Calls about media: transports, producers and consumers of the caller's own, of sound, pictures and data."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, ClassVar

from vtp.media.consumer import Consumer
from vtp.media.ice_servers import IceServers
from vtp.media.producer import Producer
from vtp.signalling import media_shapes as s
from vtp.signalling import messages as m
from vtp.signalling.audience import CLOSED_BY_OWNER, Audience
from vtp.signalling.descriptions import describe_consumer, describe_data_consumer, describe_transport
from vtp.signalling.seats import Answer, Event, Seat, Stay
from vtp.signalling.shapes import Shape
from vtp.signalling.socket_server import caller_waits


class MediaCalls:
    """A feature; see `features`."""

    pushes: ClassVar[Mapping[str, Shape]] = s.MEDIA_PUSHES
    states: ClassVar[Mapping[str, Any]] = {}

    def __init__(self, ice_servers: IceServers) -> None:
        self._ice_servers = ice_servers

    def state(self, stay: Stay) -> Answer:
        """Nothing: `mediasoup` in `joined-room` says it."""
        return {}

    def attend(self, audience: Audience) -> Callable[[], None]:
        """Nothing: the audience itself hears of media, and tells it."""
        return _nothing

    def table(self) -> dict[str, Event]:
        """Everything about media objects, with what it takes and what answers it."""
        return {
            "create-transport": Event(
                m.CreateTransport, "transport-created", self._create_transport, s.TransportCreated
            ),
            "connect-transport": Event(
                m.ConnectTransport, "transport-connected", self._connect_transport, s.TransportConnected
            ),
            "close-transport": Event(
                m.NamesTransport, "transport-closed", self._close_transport, s.TransportClosed
            ),
            "restart-ice": Event(m.NamesTransport, "ice-restarted", self._restart_ice, s.IceRestarted),
            "produce": Event(
                m.Produce,
                "producer-created",
                self._produce,
                s.ProducerCreated,
                announces=True,
            ),
            "consume": Event(m.Consume, "consumer-created", self._consume, s.ConsumerCreated),
            "pause-producer": Event(
                m.NamesProducer,
                "producer-paused",
                _to_producer(Producer.pause),
                s.ThatProducer,
                announces=True,
            ),
            "resume-producer": Event(
                m.NamesProducer,
                "producer-resumed",
                _to_producer(Producer.resume),
                s.ThatProducer,
                announces=True,
            ),
            "close-producer": Event(
                m.NamesProducer,
                "producer-closed",
                _to_producer(Producer.close),
                s.ThatProducer,
                announces=True,
            ),
            "pause-consumer": Event(
                m.NamesConsumer, "consumer-paused", _to_consumer(Consumer.pause), s.ThatConsumer
            ),
            "resume-consumer": Event(
                m.NamesConsumer, "consumer-resumed", _to_consumer(Consumer.resume), s.ThatConsumer
            ),
            "close-consumer": Event(m.NamesConsumer, "consumer-closed", self._close_consumer, s.ThatConsumer),
            "produce-data": Event(
                m.ProduceData,
                "data-producer-created",
                self._produce_data,
                s.DataProducerCreated,
                announces=True,
            ),
            "consume-data": Event(
                m.ConsumeData, "data-consumer-created", self._consume_data, s.DataConsumerCreated
            ),
            "close-data-producer": Event(
                m.NamesDataProducer,
                "data-producer-closed",
                self._close_data_producer,
                s.ThatDataProducer,
                announces=True,
            ),
            "resume-data-consumer": Event(
                m.NamesDataConsumer, "", self._resume_data_consumer, s.ThatDataConsumer
            ),
            "close-data-consumer": Event(
                m.NamesDataConsumer, "data-consumer-closed", self._close_data_consumer, s.ThatDataConsumer
            ),
            "set-preferred-layers": Event(m.SetPreferredLayers, "", self._prefer_layers, s.LayersPreferred),
            "request-keyframe": Event(m.NamesConsumer, "", self._request_key_frame, s.ThatConsumer),
        }

    async def _create_transport(self, seat: Seat, request: m.CreateTransport) -> Answer:
        transport = seat.here.create_transport(request.direction, enable_sctp=request.enable_sctp)
        if request.direction == "recv":
            seat.staying.audience.follow_transport(seat.staying.member, transport)
        servers = self._ice_servers.describe(transport.id)
        return {**describe_transport(transport), "direction": request.direction, "iceServers": servers}

    async def _connect_transport(self, seat: Seat, request: m.ConnectTransport) -> Answer:
        transport = seat.here.connect_transport(request.transport_id, request.dtls_parameters)
        return {"transportId": transport.id}

    async def _close_transport(self, seat: Seat, request: m.NamesTransport) -> Answer:
        seat.here.close_transport(request.transport_id)
        return {"transportId": request.transport_id}

    async def _restart_ice(self, seat: Seat, request: m.NamesTransport) -> Answer:
        ice = seat.here.restart_ice(request.transport_id)
        servers = self._ice_servers.describe(request.transport_id)
        return {
            "transportId": request.transport_id,
            "iceParameters": ice.to_json(),
            "iceServers": servers,
        }

    async def _produce(self, seat: Seat, request: m.Produce) -> Answer:
        producer = seat.here.produce(
            request.transport_id,
            request.kind,
            request.rtp_parameters,
            paused=request.paused,
            app_data=request.app_data,
            again=request.again,
        )
        return {"id": producer.id, "producerId": producer.id, "kind": producer.kind}

    async def _consume(self, seat: Seat, request: m.Consume) -> Answer:
        paused = caller_waits() if request.paused is None else request.paused
        consumer = seat.here.consume(
            request.transport_id, request.producer_id, request.rtp_capabilities, paused=paused
        )
        seat.staying.audience.follow(seat.staying.member, consumer)
        return describe_consumer(consumer, request.producer_id)

    async def _close_consumer(self, seat: Seat, request: m.NamesConsumer) -> Answer:
        consumer = seat.here.consumer(request.consumer_id)
        consumer.app_data[CLOSED_BY_OWNER] = True
        consumer.close()
        return {"consumerId": request.consumer_id}

    async def _produce_data(self, seat: Seat, request: m.ProduceData) -> Answer:
        made = seat.here.produce_data(
            request.transport_id,
            request.sctp_stream_parameters,
            request.label,
            request.protocol,
            paused=request.paused,
            app_data=request.app_data,
        )
        return {"id": made.id, "dataProducerId": made.id}

    async def _consume_data(self, seat: Seat, request: m.ConsumeData) -> Answer:
        made = seat.here.consume_data(request.transport_id, request.data_producer_id, paused=request.paused)
        seat.staying.audience.follow_data(seat.staying.member, made)
        return describe_data_consumer(made)

    async def _close_data_producer(self, seat: Seat, request: m.NamesDataProducer) -> Answer:
        seat.here.data_producer(request.data_producer_id).close()
        return {"dataProducerId": request.data_producer_id}

    async def _resume_data_consumer(self, seat: Seat, request: m.NamesDataConsumer) -> Answer:
        seat.here.data_consumer(request.data_consumer_id).resume()
        return {"dataConsumerId": request.data_consumer_id}

    async def _close_data_consumer(self, seat: Seat, request: m.NamesDataConsumer) -> Answer:
        consumer = seat.here.data_consumer(request.data_consumer_id)
        consumer.app_data[CLOSED_BY_OWNER] = True
        consumer.close()
        return {"dataConsumerId": request.data_consumer_id}

    async def _prefer_layers(self, seat: Seat, request: m.SetPreferredLayers) -> Answer:
        layers = seat.here.prefer_layers(request.consumer_id, request.spatial_layer, request.temporal_layer)
        return {
            "consumerId": request.consumer_id,
            "spatialLayer": layers.spatial,
            "temporalLayer": layers.temporal,
        }

    async def _request_key_frame(self, seat: Seat, request: m.NamesConsumer) -> Answer:
        await seat.here.request_key_frame(request.consumer_id)
        return {"consumerId": request.consumer_id}


def _nothing() -> None:
    """Nothing to stop."""


def _to_producer(do: Callable[[Producer], None]) -> Callable[[Seat, m.NamesProducer], Awaitable[Answer]]:
    """Does one thing to a producer of the caller's own."""

    async def handle(seat: Seat, request: m.NamesProducer) -> Answer:
        do(seat.here.producer(request.producer_id))
        return {"producerId": request.producer_id}

    return handle


def _to_consumer(do: Callable[[Consumer], None]) -> Callable[[Seat, m.NamesConsumer], Awaitable[Answer]]:
    """Does one thing to a consumer of the caller's own."""

    async def handle(seat: Seat, request: m.NamesConsumer) -> Answer:
        do(seat.here.consumer(request.consumer_id))
        return {"consumerId": request.consumer_id}

    return handle
