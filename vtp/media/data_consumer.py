"""A DataConsumer: what one transport sends of a data producer's messages, and how much of it may wait."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from vtp.ids import new_id
from vtp.media.data_producer import (
    DataMessage,
    DataProducer,
    DataProducerClosed,
    DataProducerEvent,
    DataProducerPaused,
    DataProducerResumed,
)
from vtp.media.events import Emitter
from vtp.media.parameters import SctpStreamParameters
from vtp.media.sctp import OutgoingStream

MAX_WAITING_BYTES = 2_000_000
"""Of a reliable data consumer, mediasoup's `perStreamSendQueueLimit`; beyond it, it is closed."""
MAX_UNRELIABLE_WAITING_BYTES = 524_288
"""Of any other; beyond it, new messages are dropped."""
MAX_WAITING_MESSAGES = 16_384


class DataSender(Protocol):
    """The side of its transport that a data consumer uses."""

    def has_room(self, size: int) -> bool:
        """Whether `size` more bytes may wait on the transport."""

    def send(self, stream: OutgoingStream, message: DataMessage) -> None:
        """Sends a message once there is room for it."""

    def close_stream(self, stream: OutgoingStream, *, drop: bool) -> None:
        """Closes it once what waits has left; at once with `drop`."""


@dataclass(frozen=True)
class DataConsumerProducerPaused:
    """Its data producer was paused."""

    data_consumer: DataConsumer


@dataclass(frozen=True)
class DataConsumerProducerResumed:
    """Its data producer was resumed."""

    data_consumer: DataConsumer


@dataclass(frozen=True)
class DataConsumerClosed:
    """It is gone; `reason` is a sentence."""

    data_consumer: DataConsumer
    reason: str


DataConsumerEvent = DataConsumerProducerPaused | DataConsumerProducerResumed | DataConsumerClosed


class DataConsumer:
    """Made by `WebRtcTransport.consume_data`. All methods run on the event loop and return at once."""

    __slots__ = (
        "_emitter",
        "_sender",
        "_stream",
        "app_data",
        "bytes",
        "closed",
        "data_producer",
        "dropped",
        "id",
        "messages",
        "paused",
        "sctp_stream_parameters",
    )

    def __init__(
        self,
        sender: DataSender,
        data_producer: DataProducer,
        parameters: SctpStreamParameters,
        *,
        paused: bool = False,
        app_data: dict[str, Any] | None = None,
    ) -> None:
        self.id = new_id()
        self.data_producer = data_producer
        self.sctp_stream_parameters = parameters
        self.app_data: dict[str, Any] = app_data or {}
        self.paused = paused
        self.closed = False
        self.messages = self.bytes = self.dropped = 0
        self._sender = sender
        self._stream = OutgoingStream(
            parameters.stream_id,
            ordered=parameters.ordered is not False,
            lifetime_ms=parameters.max_packet_life_time,
            max_retransmits=parameters.max_retransmits,
        )
        self._emitter: Emitter[DataConsumerEvent] = Emitter()
        data_producer.add_sink(self)
        data_producer.add_listener(self._producer_changed)

    @property
    def label(self) -> str:
        """Its data producer's."""
        return self.data_producer.label

    @property
    def protocol(self) -> str:
        """Its data producer's."""
        return self.data_producer.protocol

    @property
    def producer_paused(self) -> bool:
        """Whether its data producer is paused."""
        return self.data_producer.paused

    def add_listener(self, listener: Callable[[DataConsumerEvent], None]) -> Callable[[], None]:
        """Hears of this data consumer's events; the returned function stops that."""
        return self._emitter.add_listener(listener)

    def deliver(self, message: DataMessage) -> None:
        """Called by the data producer: sends one message, or drops it."""
        if self.closed:
            return
        if self.paused:
            self.dropped += 1
        elif self._has_room(len(message.payload)):
            self.messages += 1
            self.bytes += message.size
            self._sender.send(self._stream, message)
        elif self._stream.is_reliable:
            self._end(f"It fell {self._stream.waiting_bytes:,} bytes behind what was sent to it.", drop=True)
        else:
            self.dropped += 1

    def _has_room(self, size: int) -> bool:
        stream = self._stream
        limit = MAX_WAITING_BYTES if stream.is_reliable else MAX_UNRELIABLE_WAITING_BYTES
        return (
            stream.waiting_bytes + size <= limit
            and stream.waiting_messages < MAX_WAITING_MESSAGES
            and self._sender.has_room(size)
        )

    def stats(self) -> Mapping[str, int]:
        """Messages and bytes given to SCTP, bytes that wait for it, and messages dropped."""
        return {
            "messages": self.messages,
            "bytes": self.bytes,
            "waiting_bytes": self._stream.waiting_bytes,
            "dropped": self.dropped,
        }

    def pause(self) -> None:
        """Drops what comes for this peer."""
        if not self.closed:
            self.paused = True

    def resume(self) -> None:
        """Sends again."""
        if not self.closed:
            self.paused = False

    def close(self, reason: str = "The receiver closed it.") -> None:
        """Ends it for good; what it was given leaves first, then the peer's data channel is closed."""
        self._end(reason, drop=False)

    def _end(self, reason: str, *, drop: bool) -> None:
        if self.closed:
            return
        self.closed = True
        self.data_producer.remove_sink(self)
        self.data_producer.remove_listener(self._producer_changed)
        self._sender.close_stream(self._stream, drop=drop)
        self._emitter.emit(DataConsumerClosed(self, reason))

    def _producer_changed(self, event: DataProducerEvent) -> None:
        if isinstance(event, DataProducerPaused):
            self._emitter.emit(DataConsumerProducerPaused(self))
        elif isinstance(event, DataProducerResumed):
            self._emitter.emit(DataConsumerProducerResumed(self))
        elif isinstance(event, DataProducerClosed):
            self.close("Its data producer was closed.")
