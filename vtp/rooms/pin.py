"""What staff have pinned in an open room: one picture or sound that every page shows large."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from vtp.errors import NotFound
from vtp.media.events import Emitter
from vtp.media.producer import Producer, ProducerClosed, ProducerEvent
from vtp.rooms.live import LiveRoom
from vtp.rooms.participants import Participant, participant_of

PINNED = "pin"


@dataclass(frozen=True, slots=True)
class Pinned:
    """What is pinned, and who sends it; empty when nothing is."""

    producer_id: str = ""
    participant_id: str = ""


class Pin:
    """A part of a LiveRoom. What ends is pinned no more."""

    def __init__(self, live: LiveRoom) -> None:
        self._live = live
        self._producer: Producer | None = None
        self._emitter: Emitter[Pinned] = Emitter()
        self.pinned = Pinned()

    def add_listener(self, listener: Callable[[Pinned], None]) -> Callable[[], None]:
        """Hears of every change; the returned function stops that."""
        return self._emitter.add_listener(listener)

    def put(self, by: Participant, producer_id: str) -> None:
        """Pins a producer instead of another. Raises NotFound for one that `by` is not together with."""
        for transport in self._live.router.transports.values():
            owner, producer = participant_of(transport), transport.producers.get(producer_id)
            if owner is not None and producer is not None and self._are_together(by, owner):
                self._set(producer, Pinned(producer.id, owner.participant_id))
                return
        raise NotFound("There is no such producer in this room.", code="no_such_producer")

    def take_off(self) -> None:
        """Pins nothing."""
        self._set(None, Pinned())

    def _are_together(self, one: Participant, other: Participant) -> bool:
        return self._live.groups.are_together(one.participant_id, other.participant_id)

    def _set(self, producer: Producer | None, pinned: Pinned) -> None:
        if pinned == self.pinned:
            return
        if self._producer is not None:
            self._producer.remove_listener(self._producer_changed)
            self._producer.focused_by.discard(PINNED)
        self._producer, self.pinned = producer, pinned
        if producer is not None:
            producer.add_listener(self._producer_changed)
            producer.focused_by.add(PINNED)
        self._emitter.emit(pinned)

    def _producer_changed(self, event: ProducerEvent) -> None:
        if isinstance(event, ProducerClosed):
            self.take_off()
