"""Who is recorded besides the program: everybody in the main room who sends something that is not muted."""

from __future__ import annotations

from collections.abc import Callable

from vtp.media.producer import Producer, ProducerClosed, ProducerEvent, ProducerPaused, ProducerResumed
from vtp.rooms.groups import Moved
from vtp.rooms.live import LiveRoom
from vtp.rooms.people import MediaPublished, PeopleEvent
from vtp.rooms.speakers import owner_of


class Senders:
    """Made and used on the event loop. Of the producers that it `takes` it calls `come` with each that is to
    be recorded from now on, and `go` when it is not any more: it is closed, muted, or its owner has gone to
    another group. Of each that is closed it calls `go`, also where it was muted or elsewhere before.
    """

    def __init__(
        self,
        room: LiveRoom,
        takes: Callable[[Producer], bool],
        come: Callable[[Producer], None],
        go: Callable[[Producer], None],
    ) -> None:
        self._room = room
        self._takes = takes
        self._come = come
        self._go = go
        self._recorded: dict[str, Producer] = {}
        self._watched: dict[str, Callable[[], None]] = {}
        self._removers: list[Callable[[], None]] = []

    def start(self) -> None:
        """Takes who sends now, and from here on whoever comes."""
        self._removers = [
            self._room.people.add_listener(self._people_changed),
            self._room.groups.add_listener(self._groups_changed),
        ]
        for producer in self._room.router.producers.values():
            self._watch(producer)

    def close(self) -> None:
        """Hears of nobody any more."""
        for remove in [*self._removers, *self._watched.values()]:
            remove()
        self._removers.clear()
        self._watched.clear()
        self._recorded.clear()

    def read_levels(self) -> Callable[[], dict[str, bytes]]:
        """What gives how loud each sender was since it was called last, by producer; for another thread."""
        worker = self._room.router.worker
        since = 0

        def read() -> dict[str, bytes]:
            nonlocal since
            since, levels = worker.core.audio_levels(since)
            names = {one.handle: one.id for one in list(self._recorded.values()) if one.worker is worker}
            return {names[handle]: said for handle, said in levels if handle in names}

        return read

    def _watch(self, producer: Producer) -> None:
        if self._takes(producer):
            if producer.id not in self._watched:
                self._watched[producer.id] = producer.add_listener(self._producer_changed)
            self._look(producer)

    def _look(self, producer: Producer) -> None:
        muted = producer.closed or producer.paused
        if not muted and self._room.groups.is_in_main(owner_of(producer)):
            if producer.id not in self._recorded:
                self._recorded[producer.id] = producer
                self._come(producer)
        elif self._recorded.pop(producer.id, None) is not None or producer.closed:
            self._go(producer)

    def _people_changed(self, event: PeopleEvent) -> None:
        if isinstance(event, MediaPublished):
            self._watch(event.producer)

    def _producer_changed(self, event: ProducerEvent) -> None:
        if isinstance(event, ProducerPaused | ProducerResumed | ProducerClosed):
            self._look(event.producer)
        if isinstance(event, ProducerClosed):
            remove = self._watched.pop(event.producer.id, None)
            if remove is not None:
                remove()

    def _groups_changed(self, event: Moved) -> None:
        for producer in self._room.router.producers.values():
            if owner_of(producer) in event.old:
                self._watch(producer)
