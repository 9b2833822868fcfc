"""What players say of their segments: the newest of each session, in memory, for the advice they are given.

Nothing of it is stored: with the process it is gone, and what is GONE_S old counts no more.
"""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

GONE_S = 120.0
RECENT = 10  # of a session: about half a minute of segments
MOST_SESSIONS = 20_000  # over it the one that has reported longest ago is forgotten


@dataclass(frozen=True, slots=True)
class SegmentReport:
    """One segment as it came to a player."""

    segment_number: int
    request_ms: float
    download_ms: float
    bytes: int
    bitrate_kbps: float
    buffer_percent: float


@dataclass(frozen=True, slots=True)
class Sums:
    """What reports come to; averages of nothing are 0, and `carried_kbps` is None."""

    sessions: int
    reports: int
    bitrate_kbps: float
    """What is played, on average over sessions."""
    request_ms: float
    download_ms: float
    buffer_percent: float
    carried_kbps: float | None
    """Bits over the time that they took."""
    slowest_kbps: float | None
    fastest_kbps: float | None
    bytes: int


class AbrReports:
    """On the event loop; `clock` is monotonic, in seconds."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: OrderedDict[tuple[str, str], deque[tuple[float, SegmentReport]]] = OrderedDict()

    def add(self, recording_id: str, session: str, report: SegmentReport) -> None:
        """A player's newest."""
        key = (recording_id, session)
        kept = self._kept.setdefault(key, deque(maxlen=RECENT))
        kept.append((self._clock(), report))
        self._kept.move_to_end(key)
        if len(self._kept) > MOST_SESSIONS:
            self._kept.popitem(last=False)

    def of(self, recording_id: str, session: str) -> list[SegmentReport]:
        """Those of one session, the newest last."""
        since_s = self._clock() - GONE_S
        return [one for at_s, one in self._kept.get((recording_id, session), ()) if at_s >= since_s]

    def of_all(self, recording_id: str) -> list[list[SegmentReport]]:
        """Those of every session that has any."""
        sessions = [session for one, session in self._kept if one == recording_id]
        return [found for session in sessions if (found := self.of(recording_id, session))]


def carried_kbps(reports: Iterable[SegmentReport]) -> float | None:
    """What a connection has carried while it was used; None before anybody can tell."""
    timed = [one for one in reports if one.download_ms > 0 and one.bytes > 0]
    took_ms = sum(one.download_ms for one in timed)
    return sum(one.bytes for one in timed) * 8 / took_ms if took_ms else None


def sum_up(sessions: Sequence[Sequence[SegmentReport]]) -> Sums:
    """Of all these sessions together."""
    reports = [one for session in sessions for one in session]
    rates = [rate for session in sessions if (rate := carried_kbps(session)) is not None]
    return Sums(
        len(sessions),
        len(reports),
        _mean([session[-1].bitrate_kbps for session in sessions]),
        _mean([one.request_ms for one in reports]),
        _mean([one.download_ms for one in reports]),
        _mean([one.buffer_percent for one in reports]),
        carried_kbps(reports),
        min(rates, default=None),
        max(rates, default=None),
        sum(one.bytes for one in reports),
    )


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0
