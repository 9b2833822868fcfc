"""A Worker as the event loop sees it: brings the packet path's events to the objects they are about."""

from __future__ import annotations

import asyncio
import enum
import logging
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Protocol

from vtp import _rtp_fast
from vtp.media.ice import Address, make_candidates
from vtp.media.load import LoadMeter
from vtp.media.media_thread import MediaThread
from vtp.media.outlets import Outlets
from vtp.media.parameters import IceCandidate

logger = logging.getLogger(__name__)

OVERLOAD_WARNING_INTERVAL_S = 60.0
LEVEL_SLOTS = 64  # of 20 ms, that the packet path keeps
TICK_S = 0.005  # threads = 0: how often the compiled loop's timers run


class WorkerEvent(enum.IntEnum):
    """What the packet path reports; the numbers are the compiled module's."""

    DTLS = _rtp_fast.EVENT_DTLS
    ICE_CONNECTED = _rtp_fast.EVENT_ICE_CONNECTED
    ICE_SELECTED = _rtp_fast.EVENT_ICE_SELECTED
    ICE_DISCONNECTED = _rtp_fast.EVENT_ICE_DISCONNECTED
    ICE_RECONNECTED = _rtp_fast.EVENT_ICE_RECONNECTED
    ICE_EXPIRED = _rtp_fast.EVENT_ICE_EXPIRED
    MEDIA_STARTED = _rtp_fast.EVENT_MEDIA_STARTED
    PRODUCER_STARTED = _rtp_fast.EVENT_PRODUCER_STARTED
    PRODUCER_SELF_PACED = _rtp_fast.EVENT_PRODUCER_SELF_PACED
    BYE = _rtp_fast.EVENT_BYE
    CONSUMER_STARTED = _rtp_fast.EVENT_CONSUMER_STARTED
    OVERFLOW = _rtp_fast.EVENT_OVERFLOW
    LAYERS_CHANGED = _rtp_fast.EVENT_LAYERS_CHANGED
    LAYER_UNWATCHED = _rtp_fast.EVENT_LAYER_UNWATCHED
    LAYER_WATCHED = _rtp_fast.EVENT_LAYER_WATCHED
    BANDWIDTH = _rtp_fast.EVENT_BANDWIDTH
    TUPLE = _rtp_fast.EVENT_TUPLE


OF_PRODUCERS = {
    WorkerEvent.PRODUCER_STARTED,
    WorkerEvent.PRODUCER_SELF_PACED,
    WorkerEvent.BYE,
    WorkerEvent.LAYER_UNWATCHED,
    WorkerEvent.LAYER_WATCHED,
}
OF_CONSUMERS = {WorkerEvent.CONSUMER_STARTED, WorkerEvent.LAYERS_CHANGED}


class EventSink(Protocol):
    """An object of the control plane that stands for one of the packet path."""

    def receive_event(self, event: WorkerEvent, value: object) -> None:
        """Takes one event about this object; called on the event loop, in the order of events."""


Sinks = dict[int, EventSink]


@dataclass(frozen=True)
class Heard:
    """How loud producers were since the last look: bytes as `audio_levels` takes them, by handle."""

    slots: int
    levels: dict[int, bytes]


class MediaWorker:
    """Owns one compiled Worker: starts it, hears its events, closes it. Its registries map ids to objects."""

    def __init__(
        self,
        core: _rtp_fast.Worker,
        loop: asyncio.AbstractEventLoop,
        *,
        threaded: bool = True,
        announced: list[str] | None = None,
        cpus: Collection[int] = (),
        preferred: bool = True,
    ) -> None:
        self.core = core
        self.transports: Sinks = {}
        self.producers: Sinks = {}
        self.consumers: Sinks = {}
        self.outlets = Outlets(self)
        self.meter = LoadMeter()
        self.candidates: list[IceCandidate] = make_candidates(core.addresses, announced or (), tcp=core.tcp)
        self.lost_events = 0
        self._loop = loop
        self._threaded = threaded
        self._cpus = cpus
        self._preferred = preferred
        self.thread: MediaThread | None = None
        self._tick: asyncio.TimerHandle | None = None
        self._closed = False
        self._rested_told = 0
        self._next_warning_s = 0.0
        self._heard_until = 0

    @property
    def addresses(self) -> list[Address]:
        """The addresses this worker is bound to."""
        return [(str(host), int(port)) for host, port in self.core.addresses]

    @property
    def is_closed(self) -> bool:
        return self._closed

    def start(self) -> None:
        """Starts the packet path: its own thread, or driven by this event loop."""
        self._loop.add_reader(self.core.event_fd, self._dispatch)
        if self._threaded:
            self.core.start()
            self.thread = MediaThread(self.core.thread_id, self._cpus, preferred=self._preferred)
        else:
            self._loop.add_reader(self.core.fileno(), self.core.run_once)
            self._run_tick()

    @property
    def load(self) -> float:
        """The share of a processor that this worker needs, what was placed a moment ago included."""
        return self.meter.load(self._loop.time())

    @property
    def transport_count(self) -> int:
        return len(self.transports)

    def note_placed(self) -> None:
        """Expects the load of one more transport."""
        self.meter.place(self._loop.time())

    def measure(self) -> None:
        """Looks at the CPU time of the media thread, or of this one where it drives the packet path."""
        if self._closed:
            return
        cpu_s = self.core.cpu_s() if self._threaded else time.thread_time()
        if cpu_s is not None:
            self.meter.measure(cpu_s, self.transport_count, self._loop.time())
        self._warn_of_overload(self.core.counters()["pictures_rested"])

    def _warn_of_overload(self, rested: int) -> None:
        now_s = self._loop.time()
        if rested > self._rested_told and now_s >= self._next_warning_s:
            logger.warning(
                "A media thread cannot keep up: %d times a viewer's picture was stopped for some seconds. "
                "Give the server more processors, or several media threads (media.workers).",
                rested - self._rested_told,
            )
            self._rested_told, self._next_warning_s = rested, now_s + OVERLOAD_WARNING_INTERVAL_S

    def call_later(self, delay_s: float, function: Callable[[], None]) -> None:
        """Calls on the event loop after `delay_s`, unless this worker is closed by then."""
        self._loop.call_later(delay_s, lambda: None if self._closed else function())

    def listen(self) -> Heard:
        """How loud everybody was since this was called last, at most for the last 1.28 s; stops nobody."""
        since = self._heard_until
        self._heard_until, levels = self.core.audio_levels(since)
        return Heard(min(self._heard_until - since, LEVEL_SLOTS), dict(levels))

    def counters(self) -> dict[str, int]:
        """The packet path's counters and this side's."""
        return {**self.core.counters(), "lost_events": self.lost_events}

    def close(self) -> None:
        """Stops the packet path and joins its thread. What is registered must have been closed before."""
        if self._closed:
            return
        self.outlets.close()
        self._closed = True
        self._loop.remove_reader(self.core.event_fd)
        if not self._threaded:
            self._loop.remove_reader(self.core.fileno())
        if self._tick is not None:
            self._tick.cancel()
        self.core.close()

    def _run_tick(self) -> None:
        self._tick = self._loop.call_later(TICK_S, self._run_tick)
        self.core.run_once()

    def _dispatch(self) -> None:
        for kind, object_id, value in self.core.poll_events():
            event = WorkerEvent(kind)
            if event is WorkerEvent.OVERFLOW:
                self._count_lost(value)
            elif sink := self._registry(event).get(object_id):
                # One callback per event: a handler that raises must not take the others with it.
                self._loop.call_soon(sink.receive_event, event, value)

    def _registry(self, event: WorkerEvent) -> Sinks:
        if event in OF_PRODUCERS:
            return self.producers
        if event in OF_CONSUMERS:
            return self.consumers
        return self.transports

    def _count_lost(self, value: object) -> None:
        lost = value if isinstance(value, int) else 1
        self.lost_events += lost
        logger.warning("The event loop was too slow: %d events of the packet path were lost.", lost)
