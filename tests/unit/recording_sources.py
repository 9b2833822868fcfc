"""Taps and depacketizers that hand out prepared units as their time comes: real input without a network."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from vtp.recording.clock import PublisherClock
from vtp.recording.h264 import H264Reader
from vtp.recording.picture import PictureReader
from vtp.recording.source import Kind, Source
from vtp.recording.units import AccessUnit, PlainUnit


class PreparedTap:
    """Gives each unit to the depacketizer once `now_ns()` has reached its arrival."""

    def __init__(self, units: Sequence[PlainUnit], now_ns: Callable[[], int]) -> None:
        self._units = list(units)
        self._now_ns = now_ns
        self.closed = False
        self.dropped = 0

    def drain(self, depacketizer: Any) -> int:
        """Moves what is due."""
        now = self._now_ns()
        due = [unit for unit in self._units if unit.arrival_ns <= now]
        del self._units[: len(due)]
        depacketizer.ready += due
        return len(due)

    def sender_reports(self) -> list[tuple[int, int, int]]:
        """None."""
        return []

    def close(self) -> None:
        """Remembers it."""
        self.closed = True


class PreparedDepacketizer:
    """Has whole units already."""

    def __init__(self) -> None:
        self.ready: list[AccessUnit] = []
        self.needs_key_frame = False

    def poll(self, now_ns: int) -> list[AccessUnit]:
        """All that were moved here."""
        ready, self.ready = self.ready, []
        return ready


def prepared_source(
    kind: Kind,
    units: Sequence[PlainUnit],
    now_ns: Callable[[], int],
    *,
    start_ns: int = 0,
    name: str = "",
    publisher: PublisherClock | None = None,
    reader: PictureReader | None = None,
) -> tuple[Source, PreparedTap]:
    """A source that sends `units`, of H.264 where no `reader` is given, from `start_ns` on."""
    tap = PreparedTap([replace(unit, arrival_ns=unit.arrival_ns + start_ns) for unit in units], now_ns)
    rate = 90_000 if kind == "video" else 48_000
    clock = publisher or PublisherClock()
    if kind == "video":
        reader = reader or H264Reader()
    return Source(name or kind, tap, PreparedDepacketizer(), clock, rate, reader=reader), tap
