"""A Consumer: what one transport sends to its viewer, from one producer or from whatever it is pointed at."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from vtp.ids import new_id
from vtp.media.events import Emitter
from vtp.media.layers import HIGHEST, NOTHING, Layers, within
from vtp.media.parameters import Kind, RtpParameters
from vtp.media.producer import Producer, ProducerClosed, ProducerEvent, ProducerPaused, ProducerResumed
from vtp.media.worker import MediaWorker, WorkerEvent

NO_SOURCE = 0


@dataclass(frozen=True)
class ConsumerStarted:
    """Its first packet has left."""

    consumer: Consumer


@dataclass(frozen=True)
class ConsumerProducerPaused:
    """Its producer was paused."""

    consumer: Consumer


@dataclass(frozen=True)
class ConsumerProducerResumed:
    """Its producer was resumed."""

    consumer: Consumer


@dataclass(frozen=True)
class ConsumerClosed:
    """It is gone; `reason` is a sentence."""

    consumer: Consumer
    reason: str


@dataclass(frozen=True)
class ConsumerLayersChanged:
    """The viewer gets other layers now; None: it gets nothing."""

    consumer: Consumer
    layers: Layers | None


@dataclass(frozen=True)
class ConsumerDemandChanged:
    """Another source, other layers at most, paused or resumed: it has use for more or less bandwidth."""

    consumer: Consumer


ConsumerEvent = (
    ConsumerStarted
    | ConsumerDemandChanged
    | ConsumerProducerPaused
    | ConsumerProducerResumed
    | ConsumerLayersChanged
    | ConsumerClosed
)


class Consumer:
    """Made by `WebRtcTransport.consume` (bound: ends with its producer) or `.consume_any` (free).

    A free consumer keeps its SSRCs while `set_source` points it at one producer after the other; the packet
    path switches at a key frame and lets sequence numbers and timestamps go on.
    """

    __slots__ = (
        "_bound",
        "_emitter",
        "_target",
        "app_data",
        "closed",
        "current_layers",
        "granted_layers",
        "handle",
        "id",
        "kind",
        "paused",
        "preferred_layers",
        "producer",
        "rtp_parameters",
        "started",
        "worker",
    )

    def __init__(
        self,
        worker: MediaWorker,
        handle: int,
        kind: Kind,
        rtp_parameters: RtpParameters,
        *,
        bound_to: Producer | None = None,
        paused: bool = False,
        app_data: dict[str, Any] | None = None,
    ) -> None:
        self.id = new_id()
        self.worker = worker
        self.handle = handle
        self.kind = kind
        self.rtp_parameters = rtp_parameters
        self.app_data: dict[str, Any] = app_data or {}
        self.paused = paused
        self.started = False
        self.closed = False
        self.producer: Producer | None = None
        self.preferred_layers = HIGHEST
        self.granted_layers = HIGHEST
        self._target = HIGHEST
        self.current_layers: Layers | None = None
        self._bound = bound_to is not None
        self._emitter: Emitter[ConsumerEvent] = Emitter()
        worker.consumers[handle] = self
        if bound_to is not None:
            with self.closed_on_error():
                self._listen_to(bound_to)

    @property
    def is_bound(self) -> bool:
        """Whether it ends with its producer; a free one is pointed elsewhere."""
        return self._bound

    @property
    def producer_paused(self) -> bool:
        """Whether its producer is paused."""
        return self.producer is not None and self.producer.paused

    def add_listener(self, listener: Callable[[ConsumerEvent], None]) -> Callable[[], None]:
        """Hears of this consumer's events; the returned function stops that."""
        return self._emitter.add_listener(listener)

    def receive_event(self, event: WorkerEvent, value: object) -> None:
        """Takes one event of the packet path."""
        if event is WorkerEvent.CONSUMER_STARTED and not self.closed:
            self.started = True
            self._emitter.emit(ConsumerStarted(self))
        elif event is WorkerEvent.LAYERS_CHANGED and not self.closed and isinstance(value, tuple):
            self.current_layers = None if value[0] == NOTHING else Layers(*value)
            self._emitter.emit(ConsumerLayersChanged(self, self.current_layers))

    @property
    def has_layers(self) -> bool:
        """Whether what it shows comes in several layers."""
        return self.producer is not None and self.producer.type != "simple"

    def prefer_layers(self, spatial: int, temporal: int | None = None) -> Layers:
        """Takes an upper bound, `temporal` None being the highest; what of it the producer has is the answer.

        It holds for later sources too. Raises ValueError for sound.
        """
        if self.kind != "video":
            raise ValueError("Sound has no layers.")
        self.preferred_layers = Layers(spatial, HIGHEST.temporal if temporal is None else temporal)
        self._emitter.emit(ConsumerDemandChanged(self))
        self._aim()
        if self.producer is None:
            return self.preferred_layers
        return within(self.preferred_layers, self.producer.rtp_parameters)

    def grant(self, layers: Layers) -> None:
        """Takes what the viewer's link bears: another upper bound; a spatial layer of -1: nothing.

        Less than before goes down at once, though half a second may then be seen twice.
        """
        is_less = layers < self.granted_layers
        self.granted_layers = layers
        self._aim(urgent=is_less)

    def _aim(self, *, urgent: bool = False) -> None:
        """Has the packet path send these layers at most."""
        wanted, granted = self.preferred_layers, self.granted_layers
        target = Layers(min(wanted.spatial, granted.spatial), min(wanted.temporal, granted.temporal))
        if not self.closed and target != self._target:
            self._target = target
            self.worker.core.set_target_layers(self.handle, target.spatial, target.temporal, urgent=urgent)

    def set_source(self, producer: Producer | None) -> None:
        """Points a free consumer at another producer of its kind, or at nothing.

        Raises ValueError or MemoryError; it shows what it did before then.
        """
        if self._bound:
            raise ValueError("This consumer belongs to its producer; make another one.")
        if producer is not None and producer.kind != self.kind:
            raise ValueError(f"A consumer of {self.kind} cannot send {producer.kind}.")
        if self.closed or producer is self.producer:
            return
        old = self.producer
        if producer is not None and not producer.closed:
            self._listen_to(producer)
        else:
            self.worker.core.set_consumer_source(self.handle, NO_SOURCE)
            self.producer = None
        self._let_go(old)
        self._emitter.emit(ConsumerDemandChanged(self))

    @contextlib.contextmanager
    def closed_on_error(self) -> Iterator[None]:
        """Whatever is raised within ends this consumer."""
        try:
            yield
        except BaseException:
            self.close("It could not be shown what it was made for.")
            raise

    def pause(self) -> None:
        """Stops sending to this viewer."""
        if not self.closed and not self.paused:
            self.paused = True
            self.worker.core.pause_consumer(self.handle, True)
            self._emitter.emit(ConsumerDemandChanged(self))

    def resume(self) -> None:
        """Sends again, video from the next key frame."""
        if not self.closed and self.paused:
            self.paused = False
            self.worker.core.pause_consumer(self.handle, False)
            self._emitter.emit(ConsumerDemandChanged(self))

    def stats(self) -> Mapping[str, Any]:
        """Counters of the packet path, empty after the end."""
        return {} if self.closed else self.worker.core.consumer_stats(self.handle)

    def close(self, reason: str = "The viewer closed it.") -> None:
        """Ends it for good."""
        if self.closed:
            return
        self.closed = True
        self.worker.consumers.pop(self.handle, None)
        if not self.worker.is_closed:
            self.worker.core.remove_consumer(self.handle)
        self._let_go(self.producer)
        self._emitter.emit(ConsumerClosed(self, reason))

    def _listen_to(self, producer: Producer) -> None:
        """Shows `producer` from its next key frame on, through a pipe when it lives on another worker.

        When that raises, what was shown before goes on.
        """
        handle = self.worker.outlets.acquire(producer)
        try:
            self.worker.core.set_consumer_source(self.handle, handle)
        except BaseException:
            self.worker.outlets.release(producer)
            raise
        self.producer = producer
        producer.add_listener(self._producer_changed)

    def _let_go(self, producer: Producer | None) -> None:
        if producer is not None:
            producer.remove_listener(self._producer_changed)
            if not self.worker.is_closed:
                self.worker.outlets.release(producer)

    def _producer_changed(self, event: ProducerEvent) -> None:
        if event.producer is not self.producer:
            return  # another listener of the same event has pointed this elsewhere
        if isinstance(event, ProducerPaused):
            self._emitter.emit(ConsumerProducerPaused(self))
        elif isinstance(event, ProducerResumed):
            self._emitter.emit(ConsumerProducerResumed(self))
        elif isinstance(event, ProducerClosed) and self._bound:
            self.close("Its producer was closed.")
        elif isinstance(event, ProducerClosed):
            self.set_source(None)
