"""How loud the producers of a room are, averaged: mediasoup's AudioLevelObserver, without a clock of its own.

Levels come as the packet path books them (`Worker.audio_levels`): a byte per slot of 20 ms, -dBov of the
loudest packet (RFC 6464), NOTHING where none came that says it. The number of slots is the time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

SLOT_MS = 20
NOTHING = 255
_LEAST_HEARD = 10  # slots with a level, of an interval: mediasoup's; who says less is not listed


@dataclass(frozen=True, slots=True)
class Volume:
    """One producer's average over the interval, in dBov: 0 is the loudest, -127 silence."""

    producer_id: str
    dbov: int


@dataclass(frozen=True)
class Volumes:
    """Those at or over the threshold in the last interval, the loudest first; empty: silence, told once."""

    volumes: tuple[Volume, ...]


class AudioLevelObserver:
    """Tells at the end of each interval who was loud, and once that nobody is any more."""

    def __init__(self, *, threshold_dbov: int = -80, interval_ms: int = 1000, max_entries: int = 1) -> None:
        self.threshold_dbov = threshold_dbov
        self.interval_ms = interval_ms
        self.max_entries = max_entries
        self._heard: dict[str, tuple[int, int]] = {}  # sum of -dBov and number of slots, by producer
        self._elapsed_ms = 0
        self._silent = True

    def remove(self, producer_id: str) -> None:
        """Forgets a producer."""
        self._heard.pop(producer_id, None)

    def receive(self, levels: Mapping[str, bytes], slots: int) -> Volumes | None:
        """Takes the levels of the last `slots` by producer; says something when an interval is over."""
        for producer_id, said in levels.items():
            counted = [level for level in said if level != NOTHING]
            total, number = self._heard.get(producer_id, (0, 0))
            self._heard[producer_id] = total + sum(counted), number + len(counted)
        self._elapsed_ms += slots * SLOT_MS
        if self._elapsed_ms < self.interval_ms:
            return None
        self._elapsed_ms = 0
        return self._tell()

    def _tell(self) -> Volumes | None:
        averages = [
            Volume(producer_id, -round(total / number))
            for producer_id, (total, number) in self._heard.items()
            if number >= _LEAST_HEARD
        ]
        self._heard.clear()
        loud = [one for one in averages if one.dbov >= self.threshold_dbov]
        if not loud and self._silent:
            return None
        self._silent = not loud
        loud.sort(key=lambda one: one.dbov, reverse=True)
        return Volumes(tuple(loud[: self.max_entries]))
