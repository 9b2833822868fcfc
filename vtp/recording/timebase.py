"""Ticks, nanoseconds and wall time: the arithmetic of the recording clock lives here.

A recording has one timeline, in nanoseconds since its first picture or sound. Each track counts it in ticks
of its own timescale; tfdt boxes, index lines and playlists all derive from it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol

NS = 1_000_000_000
VIDEO_TIMESCALE = 90_000  # RFC 6184 section 5.1
AUDIO_TIMESCALE = 48_000  # RFC 7587 section 4.1


class Clock(Protocol):
    """Monotonic nanoseconds; the same clock that stamps arrivals."""

    def __call__(self) -> int:
        """The time now."""


def to_ticks(time_ns: int, timescale: int) -> int:
    """Nanoseconds to the nearest tick."""
    return (time_ns * timescale + NS // 2) // NS


def to_ns(ticks: int, timescale: int) -> int:
    """Ticks to nanoseconds, rounded down."""
    return ticks * NS // timescale


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a recording's timeline begins: one instant on both of the server's clocks."""

    monotonic_ns: int
    wall_ns: int

    @classmethod
    def at(cls, monotonic_ns: int) -> Origin:
        """The origin at an instant of the monotonic clock, with the wall clock read now."""
        return cls(monotonic_ns, time.time_ns() - (time.monotonic_ns() - monotonic_ns))

    def wall_iso(self, ticks: int, timescale: int) -> str:
        """The wall time of a tick, as EXT-X-PROGRAM-DATE-TIME wants it (RFC 3339, milliseconds)."""
        return iso_milliseconds(self.wall_ns + to_ns(ticks, timescale))


def milliseconds_since(wall_ns: int) -> int:
    """How long a wall time is over; 0 for none and for one that is to come."""
    return max(0, time.time_ns() - wall_ns) // 1_000_000 if wall_ns else 0


def iso_milliseconds(wall_ns: int) -> str:
    """A wall time in RFC 3339, UTC, with milliseconds."""
    seconds, rest = divmod(wall_ns, NS)
    stamp = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{stamp}.{rest // 1_000_000:03d}Z"
