"""A Producer: one audio or video source that a transport receives, as the rest of the house sees it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vtp.ids import new_id
from vtp.media.allocation import Importance
from vtp.media.events import Emitter
from vtp.media.layer_rates import LayerRates
from vtp.media.ortc import RtpMapping, StreamType
from vtp.media.parameters import Kind, RtpCodecParameters, RtpParameters
from vtp.media.worker import MediaWorker, WorkerEvent

if TYPE_CHECKING:
    from vtp import _rtp_fast

TAP_BYTES = 4_194_304


@dataclass(frozen=True)
class ProducerStarted:
    """Its first packet has arrived."""

    producer: Producer


@dataclass(frozen=True)
class ProducerSelfPaced:
    """It answers key frame requests with none; the packet path now keeps all packets since its last one."""

    producer: Producer


@dataclass(frozen=True)
class ProducerPaused:
    """Nothing of it is forwarded until it is resumed."""

    producer: Producer


@dataclass(frozen=True)
class ProducerResumed:
    """It is forwarded again, video from the next key frame."""

    producer: Producer


@dataclass(frozen=True)
class ProducerEnded:
    """The publisher said RTCP BYE for all its streams; the producer stays until it is closed."""

    producer: Producer


@dataclass(frozen=True)
class ProducerLayersWatched:
    """Some spatial layer has not been watched for seconds, or somebody watches it again.

    `watched`: all that are. The publisher may stop sending those above the highest of them
    (mediasoup-client's `setMaxSpatialLayer`).
    """

    producer: Producer
    watched: frozenset[int]


@dataclass(frozen=True)
class ProducerClosed:
    """It is gone; `reason` is a sentence."""

    producer: Producer
    reason: str


ProducerEvent = (
    ProducerStarted
    | ProducerSelfPaced
    | ProducerPaused
    | ProducerResumed
    | ProducerEnded
    | ProducerLayersWatched
    | ProducerClosed
)


@dataclass(frozen=True)
class ProducerDescription:
    """What a producer is made from: what its sender announced, and the same in the router's terms."""

    kind: Kind
    rtp_parameters: RtpParameters
    consumable: RtpParameters
    mapping: RtpMapping
    type: StreamType


class Producer:
    """Made by `WebRtcTransport.produce`. All methods run on the event loop and return at once."""

    def __init__(
        self,
        worker: MediaWorker,
        handle: int,
        description: ProducerDescription,
        *,
        paused: bool = False,
        app_data: dict[str, Any] | None = None,
    ) -> None:
        self.id = new_id()
        self.worker = worker
        self.handle = handle
        self.kind = description.kind
        self.type = description.type
        self.rtp_parameters = description.rtp_parameters
        self.consumable = description.consumable
        self.mapping = description.mapping
        self.app_data: dict[str, Any] = app_data or {}
        self.paused = paused
        self.started = False
        self.self_paced = False
        self.closed = False
        self.watched_layers = frozenset(range(len(self.rtp_parameters.encodings)))
        self.layer_rates = LayerRates()
        self.is_screen = False
        self.focused_by: set[str] = set()
        """Whatever puts it before others: what is presented, pinned, or speaks."""
        self._emitter: Emitter[ProducerEvent] = Emitter()
        worker.producers[handle] = self

    @property
    def importance(self) -> Importance:
        """What it is worth to viewers whose link does not carry everything."""
        if self.is_screen:
            return Importance.SCREEN
        return Importance.FOCUS if self.focused_by else Importance.REST

    @property
    def media_codec(self) -> RtpCodecParameters:
        """The codec it sends, with payload type and parameters."""
        return self.rtp_parameters.media_codecs()[0]

    @property
    def codec(self) -> str:
        """The media type of its codec, such as `video/H264`."""
        return self.media_codec.mime_type

    def add_listener(self, listener: Callable[[ProducerEvent], None]) -> Callable[[], None]:
        """Hears of this producer's events; the returned function stops that."""
        return self._emitter.add_listener(listener)

    def remove_listener(self, listener: Callable[[ProducerEvent], None]) -> None:
        """Stops what `add_listener` began."""
        self._emitter.remove_listener(listener)

    def receive_event(self, event: WorkerEvent, value: object) -> None:
        """Takes one event of the packet path."""
        if self.closed:
            return
        if event is WorkerEvent.PRODUCER_STARTED:
            self.started = True
            self._emitter.emit(ProducerStarted(self))
        elif event is WorkerEvent.PRODUCER_SELF_PACED:
            self.self_paced = True
            self._emitter.emit(ProducerSelfPaced(self))
        elif event is WorkerEvent.BYE:
            self._emitter.emit(ProducerEnded(self))
        elif event is WorkerEvent.LAYER_WATCHED and isinstance(value, int):
            self._note_watched(self.watched_layers | {value})
        elif event is WorkerEvent.LAYER_UNWATCHED and isinstance(value, int):
            self._note_watched(self.watched_layers - {value})

    def _note_watched(self, watched: frozenset[int]) -> None:
        if watched != self.watched_layers:
            self.watched_layers = watched
            self._emitter.emit(ProducerLayersWatched(self, watched))

    async def request_key_frame(self) -> None:
        """Asks the publisher for a key frame; requests are merged, at most one leaves per 500 ms."""
        if not self.closed and self.kind == "video":
            self.worker.core.request_key_frame(self.handle)

    def open_tap(self, bytes: int = TAP_BYTES, below: int = 0) -> _rtp_fast.Tap:
        """Opens a ring of `bytes` with its plain RTP, from the last key frame the packet path holds: of its
        highest encoding that sends, or of that of those which are at least `below` below the highest.

        Raises ValueError when the producer is closed.
        """
        if self.closed:
            raise ValueError("This producer is closed; there is nothing to record.")
        return self.worker.core.open_tap(self.handle, bytes, below)

    def stats(self) -> Mapping[str, Any]:
        """Counters of the packet path, empty after the end."""
        return {} if self.closed else self.worker.core.producer_stats(self.handle)

    def pause(self) -> None:
        """Stops forwarding."""
        if not self.closed and not self.paused:
            self.paused = True
            self.worker.core.pause_producer(self.handle, True)
            self._emitter.emit(ProducerPaused(self))

    def resume(self) -> None:
        """Forwards again."""
        if not self.closed and self.paused:
            self.paused = False
            self.worker.core.pause_producer(self.handle, False)
            self._emitter.emit(ProducerResumed(self))

    def start_afresh(self) -> None:
        """Shows nobody what it has sent by now: newcomers, taps and viewers go on at the next key frame."""
        if not self.closed and not self.paused and self.kind == "video":
            self.worker.core.pause_producer(self.handle, True)  # which forgets the last key frame
            self.worker.core.pause_producer(self.handle, False)

    def close(self, reason: str = "The publisher closed it.") -> None:
        """Ends it for good; who consumes it hears of it."""
        if self.end():
            self.tell_end(reason)

    def end(self) -> bool:
        """Ends it, of which nobody hears before `tell_end`; False when it has ended."""
        if self.closed:
            return False
        self.closed = True
        self.worker.producers.pop(self.handle, None)
        if not self.worker.is_closed:
            self.worker.core.remove_producer(self.handle)
        return True

    def tell_end(self, reason: str) -> None:
        """Tells who listens, once it has ended."""
        self._emitter.emit(ProducerClosed(self, reason))
