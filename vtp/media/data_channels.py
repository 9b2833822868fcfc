"""A transport's data producers and data consumers over its one SCTP association, and their stream ids.

Ids are agreed by signalling: the peer picks those of data producers, we pick those of data consumers, and no
two of one transport share one. A stream that the peer closes closes what uses it, and the other way round.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextvars import Context
from typing import Any, Protocol

from vtp.media.data_consumer import DataConsumer, DataConsumerClosed, DataConsumerEvent
from vtp.media.data_producer import (
    FORWARDED_PPIDS,
    DataMessage,
    DataProducer,
    DataProducerClosed,
    DataProducerEvent,
)
from vtp.media.early_messages import EarlyMessages
from vtp.media.parameters import MAX_TEXT, SctpParameters, SctpStreamParameters
from vtp.media.sctp import (
    MAX_MESSAGE_BYTES,
    MAX_STREAMS,
    OutgoingStream,
    SctpAssociation,
    SctpState,
)
from vtp.media.turns import Turns

MAX_DATA_PRODUCERS = 64
MAX_DATA_CONSUMERS = 512
MAX_WAITING_BYTES = 8_000_000
"""Of all data consumers of one transport."""
DELIVERY_COST_S = 50e-6
"""Of sending a small message to one more peer, on a processor of 2023."""

_PARAMETERS = SctpParameters(os=MAX_STREAMS, mis=MAX_STREAMS)


class DataOwner(Protocol):
    """Who hears of the association; called on the event loop."""

    def sctp_changed(self, state: SctpState, reason: str) -> None:
        """It is connected, or has ended; `reason` is a sentence then."""


class _Nobody:
    """Owns the data channels of a closed transport."""

    def sctp_changed(self, state: SctpState, reason: str) -> None:
        """Nobody hears it."""


_NOBODY = _Nobody()


class DataChannels:
    """Made by a transport with SCTP; `receive()` takes the SCTP packets of its DTLS session."""

    __slots__ = (
        "_association",
        "_deliveries",
        "_early",
        "_loop",
        "_next_id",
        "_owner",
        "_streams",
        "data_consumers",
        "data_producers",
        "reason",
        "state",
    )

    def __init__(self, send: Callable[[bytes], bool], owner: DataOwner, turns: Turns) -> None:
        self.data_producers: dict[str, DataProducer] = {}
        self.data_consumers: dict[str, DataConsumer] = {}
        self.state = SctpState.NEW
        self.reason = ""
        self._owner: DataOwner = owner
        self._loop = asyncio.get_running_loop()
        self._streams: dict[int, DataProducer | DataConsumer] = {}
        self._early = EarlyMessages()
        self._next_id = 0
        self._deliveries = 0
        self._association = SctpAssociation(send, self, turns)

    @property
    def parameters(self) -> SctpParameters:
        """What signalling says of it, in mediasoup's old and new shape."""
        return _PARAMETERS

    @property
    def dropped_messages(self) -> int:
        """Those that came for a stream that nobody named in time."""
        return self._early.dropped

    def receive(self, packet: bytes) -> float:
        """Takes one SCTP packet; gives the seconds of the event loop that it costs, sending on included."""
        begun_s = time.perf_counter()
        self._deliveries = 0
        self._association.receive(packet)
        return time.perf_counter() - begun_s + self._deliveries * DELIVERY_COST_S

    def close(self, reason: str) -> None:
        """Ends the association and closes everything on it; the owner is not told."""
        self._owner = _NOBODY
        self._association.close()
        self.sctp_ended(SctpState.CLOSED, reason)

    # Objects

    def produce(
        self,
        parameters: SctpStreamParameters,
        label: str,
        protocol: str,
        *,
        paused: bool,
        app_data: dict[str, Any] | None,
    ) -> DataProducer:
        """See `WebRtcTransport.produce_data`."""
        self._require_association()
        if len(self.data_producers) >= MAX_DATA_PRODUCERS:
            raise ValueError(f"A transport has at most {MAX_DATA_PRODUCERS} data producers.")
        if len(label) > MAX_TEXT or len(protocol) > MAX_TEXT:
            raise ValueError(f"A data producer's label and protocol have at most {MAX_TEXT} characters each.")
        self._require_free(parameters.stream_id)
        producer = DataProducer(parameters, label, protocol, paused=paused, app_data=app_data)
        self._add_stream(parameters.stream_id, producer)
        self.data_producers[producer.id] = producer
        producer.add_listener(self._producer_changed)
        # In the loop's next turn: who hears of the producer may make its consumers meanwhile.
        self._loop.call_soon(self._deliver_early, producer, context=Context())
        return producer

    def consume(
        self, producer: DataProducer, *, paused: bool, app_data: dict[str, Any] | None
    ) -> DataConsumer:
        """See `WebRtcTransport.consume_data`."""
        self._require_association()
        if producer.closed:
            raise ValueError("This data producer is closed.")
        if len(self.data_consumers) >= MAX_DATA_CONSUMERS:
            raise ValueError(f"A transport has at most {MAX_DATA_CONSUMERS} data consumers.")
        stream_id = self._allocate_id()
        parameters = producer.sctp_stream_parameters.model_copy(update={"stream_id": stream_id})
        consumer = DataConsumer(self, producer, parameters, paused=paused, app_data=app_data)
        self._add_stream(stream_id, consumer)
        self.data_consumers[consumer.id] = consumer
        consumer.add_listener(self._consumer_changed)
        return consumer

    def _require_association(self) -> None:
        if self.state in (SctpState.FAILED, SctpState.CLOSED):
            raise ValueError(f"The SCTP association of this transport has ended. {self.reason}")

    def _require_free(self, stream_id: int) -> None:
        if stream_id >= MAX_STREAMS:
            raise ValueError(f"Stream ids are below {MAX_STREAMS}; {stream_id} is not.")
        if stream_id in self._streams:
            raise ValueError(f"Stream {stream_id} is in use on this transport; choose another id.")
        if self._association.is_closing(stream_id):
            raise ValueError(f"Stream {stream_id} is still being closed; choose another id.")

    def _allocate_id(self) -> int:
        """The next id that is free, so that one that was just closed comes last."""
        for offset in range(MAX_STREAMS):
            stream_id = (self._next_id + offset) % MAX_STREAMS
            if stream_id not in self._streams and not self._association.is_closing(stream_id):
                self._next_id = stream_id + 1
                return stream_id
        raise ValueError("All stream ids of this transport are in use.")

    def _add_stream(self, stream_id: int, user: DataProducer | DataConsumer) -> None:
        self._streams[stream_id] = user
        self._association.open_stream(stream_id)

    def _producer_changed(self, event: DataProducerEvent) -> None:
        if isinstance(event, DataProducerClosed):
            producer = event.data_producer
            stream_id = producer.sctp_stream_parameters.stream_id
            self.data_producers.pop(producer.id, None)
            self._streams.pop(stream_id, None)
            self._early.take(stream_id)
            # Streams go both ways: that ours is reset closes the peer's channel, RFC 8831 section 6.7.
            self._association.close_stream(OutgoingStream(stream_id))

    def _consumer_changed(self, event: DataConsumerEvent) -> None:
        if isinstance(event, DataConsumerClosed):
            consumer = event.data_consumer
            self.data_consumers.pop(consumer.id, None)
            self._streams.pop(consumer.sctp_stream_parameters.stream_id, None)

    # For data consumers

    def has_room(self, size: int) -> bool:
        """Whether `size` more bytes may wait."""
        return self._association.waiting_bytes + size <= MAX_WAITING_BYTES

    def send(self, stream: OutgoingStream, message: DataMessage) -> None:
        """Sends a message once there is room for it."""
        self._association.send(stream, message.ppid, message.payload)

    def close_stream(self, stream: OutgoingStream, *, drop: bool) -> None:
        """Closes it once what waits has left; at once with `drop`."""
        self._association.close_stream(stream, drop=drop)

    # For the association

    def sctp_connected(self) -> None:
        """Called by the association."""
        self.state = SctpState.CONNECTED
        self._owner.sctp_changed(self.state, "")

    def sctp_received(self, stream_id: int, ppid: int, payload: bytes) -> None:
        """Called by the association with a whole message."""
        if ppid not in FORWARDED_PPIDS:
            return
        user = self._streams.get(stream_id)
        message = DataMessage(ppid, payload)
        if isinstance(user, DataProducer):
            self._deliver_early(user)
            self._deliver(user, message)
        elif user is None:
            self._early.add(stream_id, message)

    def _deliver(self, producer: DataProducer, message: DataMessage) -> None:
        if len(message.payload) > MAX_MESSAGE_BYTES:
            producer.drop()
        else:
            self._deliveries += producer.receive(message)

    def _deliver_early(self, producer: DataProducer) -> None:
        for message in self._early.take(producer.sctp_stream_parameters.stream_id):
            self._deliver(producer, message)

    def sctp_stream_reset(self, stream_id: int) -> None:
        """Called by the association: the peer closed its data channel."""
        user = self._streams.get(stream_id)
        if user is not None:
            user.close("The peer closed its data channel.")
        else:
            self._early.take(stream_id)
            self._association.close_stream(OutgoingStream(stream_id))

    def sctp_ended(self, state: SctpState, reason: str) -> None:
        """Called by the association: everything on it ends."""
        if self.state in (SctpState.FAILED, SctpState.CLOSED):
            return
        self.state = state
        self.reason = reason
        self._early.clear()
        for user in list(self._streams.values()):
            user.close(reason)
        self._owner.sctp_changed(state, reason)
