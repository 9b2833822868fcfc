"""Keeps what one viewer is sent within what their link carries, once that has shown to be too narrow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from vtp.media.allocation import Allocator, Demand, Layer
from vtp.media.consumer import (
    Consumer,
    ConsumerDemandChanged,
    ConsumerEvent,
    ConsumerStarted,
)
from vtp.media.layer_rates import usable
from vtp.media.layers import HIGHEST, NOTHING, Layers

LOOK_AGAIN_S = 1.0  # while limited: rates move, holds end, somebody else speaks
LOOK_SOON_S = 0.25  # while it is not known yet what a picture costs


class Timer(Protocol):
    """Of an event loop."""

    def cancel(self) -> None:
        """Lets it never end."""


class Clock(Protocol):
    """What is needed of an event loop."""

    def time(self) -> float:
        """Seconds that only go forward."""

    def call_later(self, delay: float, callback: Callable[[], object], /) -> Timer:
        """Calls once, later."""


class Viewer(Protocol):
    """What is needed of a transport."""

    @property
    def consumers(self) -> Mapping[str, Consumer]:
        """By id."""

    @property
    def is_over(self) -> bool:
        """Whether it has ended, or the packet path under it."""

    def stats(self) -> Mapping[str, Any]:
        """`paced` and `available_bps` among them."""

    def follow_bandwidth(self) -> None:
        """Has news of its link told."""

    def want_bitrate(self, bps: float) -> None:
        """Has the packet path find out whether the link carries so much."""


class Sharing:
    """Belongs to a transport that sends pictures. Runs on the event loop.

    A viewer whose link has shown no limit gets everything that they want, and costs nothing here. The packet
    path paces who is limited; from then on the allocator chooses, once a second and at each news, until
    all the best has fitted again.
    """

    __slots__ = ("_allocator", "_is_limited", "_loop", "_timer", "_transport")

    def __init__(self, transport: Viewer, loop: Clock) -> None:
        self._transport = transport
        self._loop = loop
        self._allocator: Allocator | None = None
        self._is_limited = False
        self._timer: Timer | None = None
        transport.follow_bandwidth()

    @property
    def is_limited(self) -> bool:
        """Whether the allocator chooses what this viewer gets."""
        return self._is_limited

    def add(self, consumer: Consumer) -> None:
        """Takes a picture or a sound that is sent to this viewer; it ends by itself."""
        consumer.add_listener(self._consumer_changed)

    def look(self) -> None:
        """Chooses anew what each picture is granted."""
        if self._transport.is_over:
            self.close()
            return
        link = self._transport.stats()
        if not self._is_limited and not link["paced"]:
            return
        now_s = self._loop.time()
        demands = {one.id: self._demand_of(one, now_s) for one in self._pictures()}
        allocator = self._allocator = self._allocator or Allocator()
        plan = allocator.decide(
            now_s, link["available_bps"] or None, self._sound_bps(), list(demands.values())
        )
        for consumer_id, layer in plan.targets.items():
            self._grant(self._transport.consumers[consumer_id], demands[consumer_id], layer)
        self._transport.want_bitrate(plan.wanted_bps)
        self._is_limited = plan.wanted_bps > 0 or link["paced"]
        if not self._is_limited:
            self._free_all()
        self._look_again(LOOK_AGAIN_S if all(one.layers for one in demands.values()) else LOOK_SOON_S)

    def close(self) -> None:
        """Looks no more."""
        self._is_limited = False
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _free_all(self) -> None:
        """Those too that are paused or show nothing now: nobody looks at them when they come back."""
        for consumer in self._transport.consumers.values():
            if consumer.kind == "video":
                consumer.grant(HIGHEST)

    def _look_again(self, delay_s: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_later(delay_s, self._look_in_time) if self._is_limited else None

    def _look_in_time(self) -> None:
        self._timer = None
        self.look()

    def _consumer_changed(self, event: ConsumerEvent) -> None:
        if self._is_limited and isinstance(event, (ConsumerDemandChanged, ConsumerStarted)):
            self.look()

    def _pictures(self) -> list[Consumer]:
        return [one for one in self._sent() if one.kind == "video"]

    def _sent(self) -> list[Consumer]:
        return [
            one
            for one in self._transport.consumers.values()
            if one.producer is not None and not one.producer.closed and not one.paused
        ]

    def _sound_bps(self) -> float:
        """Of what is forwarded: who is not among the loudest takes nothing of a link."""
        figures = [
            one.producer.stats() for one in self._sent() if one.kind == "audio" and one.producer is not None
        ]
        return float(
            sum(
                stream["bitrate_bps"]
                for found in figures
                if not found.get("resting")
                for stream in _streams(found)
            )
        )

    def _demand_of(self, consumer: Consumer, now_s: float) -> Demand:
        producer = consumer.producer
        assert producer is not None
        rates = producer.layer_rates
        streams = _streams(producer.stats()) if rates.is_due(now_s) else []
        choices = rates.choices(now_s, streams, moves=not producer.is_screen)
        return Demand(consumer.id, producer.importance, usable(choices, consumer.preferred_layers))

    def _grant(self, consumer: Consumer, demand: Demand, layer: Layer | None) -> None:
        """The best there is means: no bound, so that what comes later is not shut out."""
        if not demand.layers or layer == demand.layers[-1]:
            consumer.grant(HIGHEST)
        elif layer is None:
            consumer.grant(Layers(NOTHING, 0))
        else:
            consumer.grant(Layers(layer.spatial, layer.temporal))


def _streams(stats: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return list(stats.get("streams", ()))
