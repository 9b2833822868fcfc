"""Floors of a router: of those who hear each other only so many, the loudest, are forwarded."""

from __future__ import annotations

from vtp.media.producer import Producer
from vtp.media.worker import MediaWorker


class Floors:
    """One floor per group, made for its first producer. With no places there are none: all are heard."""

    def __init__(self, worker: MediaWorker, places: int) -> None:
        self._worker = worker
        self.places = places
        self._floors: dict[str, int] = {}

    def put(self, producer: Producer, group: str) -> None:
        """Has a producer of sound be heard in `group` when it is among the loudest there.

        One that another worker receives cannot be compared, and is always heard.
        """
        if not self.places or producer.closed or producer.worker is not self._worker:
            return
        if group not in self._floors:
            self._floors[group] = self._worker.core.add_floor(self.places)
        self._worker.core.set_floor(producer.handle, self._floors[group])

    def remove(self, group: str) -> None:
        """Ends the floor of a group in which nobody is any more."""
        floor = self._floors.pop(group, None)
        if floor is not None:
            self._worker.core.remove_floor(floor)

    def close(self) -> None:
        """Ends all floors."""
        for group in list(self._floors):
            self.remove(group)
