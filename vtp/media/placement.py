"""Which worker takes a new room, and which takes a newcomer of a room that has outgrown its own."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol, TypeVar


class Loaded(Protocol):
    """What placement looks at: the share of a processor that a worker needs, now and soon."""

    @property
    def load(self) -> float: ...

    @property
    def transport_count(self) -> int: ...


W = TypeVar("W", bound=Loaded)


def choose_home(workers: Sequence[W]) -> W:
    """The least loaded worker; among equals the one with the fewest transports."""
    return min(workers, key=lambda worker: (round(worker.load, 3), worker.transport_count))


def choose_for_newcomer(home: W, present: Collection[W], workers: Sequence[W], spill: float) -> W:
    """The room's own worker until its load reaches `spill`, then one where the room is `present` already,
    then the least loaded. Every further worker costs a copy of each packet, so as few as possible serve a
    room.
    """
    if home.load < spill:
        return home
    fitting = [worker for worker in workers if worker in present and worker.load < spill]
    return choose_home(fitting or workers)
