"""Producers of other workers that one worker serves: piped to it for its first consumer until its last."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vtp.media.producer import Producer, ProducerEvent
    from vtp.media.worker import MediaWorker

LOOK_AGAIN_S = 0.5
"""How often an outlet is looked at that viewers are leaving: they stay until the next key frame elsewhere."""


@dataclass
class _Outlet:
    handle: int
    users: int
    stop_listening: Callable[[], None]


class Outlets:
    """Belongs to one MediaWorker. All methods run on the event loop and return at once."""

    def __init__(self, worker: MediaWorker) -> None:
        self._worker = worker
        self._outlets: dict[str, _Outlet] = {}

    def __len__(self) -> int:
        return len(self._outlets)

    def acquire(self, producer: Producer) -> int:
        """The handle of `producer` for a consumer of this worker; `release` it afterwards.

        Raises ValueError when the producer or its worker is gone.
        """
        if producer.worker is self._worker:
            return producer.handle
        outlet = self._outlets.get(producer.id)
        if outlet is None:
            handle = self._worker.core.add_outlet(producer.worker.core, producer.handle)
            outlet = _Outlet(handle, 0, producer.add_listener(self._producer_changed))
            self._outlets[producer.id] = outlet
        outlet.users += 1
        return outlet.handle

    def release(self, producer: Producer) -> None:
        """Ends one use; nothing to do when the producer has ended before."""
        outlet = self._outlets.get(producer.id)
        if outlet is not None:
            outlet.users -= 1
            self._remove_if_unused(producer.id)

    def close(self) -> None:
        """Ends all."""
        for producer_id in list(self._outlets):
            self._remove(producer_id)

    def _remove_if_unused(self, producer_id: str) -> None:
        outlet = self._outlets.get(producer_id)
        if outlet is None or outlet.users:
            return
        if self._worker.core.producer_stats(outlet.handle)["consumers"]:
            self._worker.call_later(LOOK_AGAIN_S, partial(self._remove_if_unused, producer_id))
        else:
            self._remove(producer_id)

    def _remove(self, producer_id: str) -> None:
        outlet = self._outlets.pop(producer_id)
        outlet.stop_listening()
        self._worker.core.remove_producer(outlet.handle)

    def _producer_changed(self, event: ProducerEvent) -> None:
        if event.producer.closed and event.producer.id in self._outlets:
            self._remove(event.producer.id)
