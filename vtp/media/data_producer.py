"""A DataProducer: one stream of messages that a transport receives over SCTP, and who gets them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from vtp.ids import new_id
from vtp.media.events import Emitter
from vtp.media.parameters import SctpStreamParameters

PPID_STRING, PPID_BINARY, PPID_STRING_EMPTY, PPID_BINARY_EMPTY = 51, 53, 56, 57  # RFC 8831 section 8
_PPID_BINARY_PARTIAL, _PPID_STRING_PARTIAL = 52, 54  # deprecated there, and still sent by some
_EMPTY = (PPID_STRING_EMPTY, PPID_BINARY_EMPTY)
FORWARDED_PPIDS = frozenset((PPID_STRING, PPID_BINARY, *_EMPTY, _PPID_BINARY_PARTIAL, _PPID_STRING_PARTIAL))


class DataMessage(NamedTuple):
    """A whole message as it came; an empty one has a byte of payload that means nothing."""

    ppid: int
    payload: bytes

    @property
    def size(self) -> int:
        """Bytes that the application sent."""
        return 0 if self.ppid in _EMPTY else len(self.payload)


class DataSink(Protocol):
    """Who gets a data producer's messages."""

    def deliver(self, message: DataMessage) -> None:
        """Takes one message; must not raise and must not wait."""


@dataclass(frozen=True)
class DataProducerPaused:
    """Its messages are dropped until it is resumed."""

    data_producer: DataProducer


@dataclass(frozen=True)
class DataProducerResumed:
    """Its messages are forwarded again."""

    data_producer: DataProducer


@dataclass(frozen=True)
class DataProducerClosed:
    """It is gone; `reason` is a sentence."""

    data_producer: DataProducer
    reason: str


DataProducerEvent = DataProducerPaused | DataProducerResumed | DataProducerClosed


class DataProducer:
    """Made by `WebRtcTransport.produce_data`. All methods run on the event loop and return at once."""

    __slots__ = (
        "_emitter",
        "_sinks",
        "app_data",
        "bytes",
        "closed",
        "dropped",
        "id",
        "label",
        "messages",
        "paused",
        "protocol",
        "sctp_stream_parameters",
    )

    def __init__(
        self,
        parameters: SctpStreamParameters,
        label: str,
        protocol: str,
        *,
        paused: bool = False,
        app_data: dict[str, Any] | None = None,
    ) -> None:
        self.id = new_id()
        self.sctp_stream_parameters = parameters
        self.label = label
        self.protocol = protocol
        self.app_data: dict[str, Any] = app_data or {}
        self.paused = paused
        self.closed = False
        self.messages = self.bytes = self.dropped = 0
        self._sinks: tuple[DataSink, ...] = ()
        self._emitter: Emitter[DataProducerEvent] = Emitter()

    def add_listener(self, listener: Callable[[DataProducerEvent], None]) -> Callable[[], None]:
        """Hears of this data producer's events; the returned function stops that."""
        return self._emitter.add_listener(listener)

    def remove_listener(self, listener: Callable[[DataProducerEvent], None]) -> None:
        """Stops what `add_listener` began."""
        self._emitter.remove_listener(listener)

    def add_sink(self, sink: DataSink) -> None:
        """Gives every later message to `sink` too."""
        self._sinks += (sink,)

    def remove_sink(self, sink: DataSink) -> None:
        """Stops what `add_sink` began."""
        self._sinks = tuple(one for one in self._sinks if one is not sink)

    def receive(self, message: DataMessage) -> int:
        """Called by the transport: takes one message of the peer; gives how many get it."""
        self.messages += 1
        self.bytes += message.size
        if self.paused or self.closed:
            self.dropped += 1
            return 0
        sinks = self._sinks
        for sink in sinks:
            sink.deliver(message)
        return len(sinks)

    def drop(self) -> None:
        """Called by the transport: a message of the peer was too large."""
        self.dropped += 1

    def stats(self) -> Mapping[str, int]:
        """Messages and bytes received, and messages dropped: while paused, or larger than allowed."""
        return {"messages": self.messages, "bytes": self.bytes, "dropped": self.dropped}

    def pause(self) -> None:
        """Drops what comes."""
        if not self.closed and not self.paused:
            self.paused = True
            self._emitter.emit(DataProducerPaused(self))

    def resume(self) -> None:
        """Forwards again."""
        if not self.closed and self.paused:
            self.paused = False
            self._emitter.emit(DataProducerResumed(self))

    def close(self, reason: str = "The publisher closed it.") -> None:
        """Ends it for good, and its data consumers; the peer's data channel is closed too."""
        if self.closed:
            return
        self.closed = True
        self._emitter.emit(DataProducerClosed(self, reason))
