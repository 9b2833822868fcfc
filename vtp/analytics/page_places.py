"""Where the player of a page stood and when, while its log is read in its order. No clock and no I/O."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from vtp.analytics.playback import EventType, Logged
from vtp.recording.watching import Played

KEPT_FOR: Final = timedelta(days=30)
"""Pages keep what they have to say for so long; a clock that says more is wrong."""


@dataclass(slots=True)
class PagePlace:
    """As of the row that was taken last; `from_ms`: where the player had come to before that, which is from
    where it jumped if it did."""

    position_ms: int = 0
    from_ms: int = 0
    at: datetime | None = None
    _received_at: datetime | None = None
    _said_in: datetime | None = None
    """When the row was received that said last where the player stood."""

    def take(self, event: Logged, counted: Sequence[Played]) -> datetime:
        """Takes the next row of the page, and what counted of it; gives when it happened: not after it was
        received, and not before what the page said before."""
        before_ms, said_ms = self.position_ms, event.said_ms
        if counted:
            self.position_ms = counted[-1].end_ms
        from_ms = event.from_ms if event.event_type is EventType.SEEKED else None
        self.from_ms = self.position_ms if from_ms is None else from_ms
        if said_ms is not None:
            self.position_ms, self._said_in = said_ms, event.received_at
        follows = event.event_type is EventType.WATCHED
        if follows and self._said_in == event.received_at:
            self.position_ms = before_ms  # as was said behind what was played
        at = _happened_at(event)
        if self.at is not None and (self.at > at or (follows and self._received_at == event.received_at)):
            at = self.at
        self.at, self._received_at = at, event.received_at
        return at


def _happened_at(event: Logged) -> datetime:
    """By the clock of its player, as far as that can be."""
    said, received = event.happened_at, event.received_at
    return said if said is not None and received - KEPT_FOR <= said <= received else received
