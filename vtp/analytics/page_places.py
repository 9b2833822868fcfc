"""Where the player of a page stood and when, while its log is read in its order. No clock and no I/O."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from vtp.analytics.playback import EventType, Logged
from vtp.recording.watching import Played

BELIEVED_FOR: Final = timedelta(days=31)
"""Pages keep a batch for 30 days after its last word; its first is older. A clock that says more is wrong."""
_STAND: Final = frozenset({EventType.PAUSED, EventType.COMPLETED})
_KEEP_STANDING: Final = frozenset({EventType.SEEKED, EventType.QUALITY_CHANGED, EventType.STOPPED})
"""What a player says also while it stands still."""


@dataclass(slots=True)
class PagePlace:
    """As of the row that was taken last; `from_ms`: where the player had come to before that, which is from
    where it jumped if it did."""

    position_ms: int = 0
    from_ms: int = 0
    _at: datetime | None = None
    _not_before: datetime | None = None
    """The latest time that the page has said and that could be."""
    _received_at: datetime | None = None
    _said_in: datetime | None = None
    """When the row was received that said last where the player stood."""
    _stands: bool = False
    """It was paused or at the end when it told of itself last: `position_ms` is where it stood since."""

    def take(self, event: Logged, counted: Sequence[Played]) -> datetime:
        """Takes the next row of the page, and what counted of it; gives when it happened: not after it was
        received, and not before what the page said before, as far as that can be."""
        before_ms, said_ms = self.position_ms, event.said_ms
        follows = event.event_type is EventType.WATCHED and self._said_in == event.received_at
        if counted:
            self.position_ms = counted[-1].end_ms
        self.from_ms = self._from_ms(event, counted, before_ms)
        if said_ms is not None:
            self.position_ms, self._said_in = said_ms, event.received_at
        if follows:
            self.position_ms = before_ms  # as was said behind what was played
        elif counted or event.event_type not in _KEEP_STANDING:
            self._stands = event.event_type in _STAND and said_ms is not None
        return self._happened_at(event)

    def _happened_at(self, event: Logged) -> datetime:
        """By the clock of its player, as far as that can be: a time that cannot be moves none that follow."""
        said, received = event.happened_at, event.received_at
        at = received
        if event.event_type is EventType.WATCHED and self._received_at == received and self._at is not None:
            at = self._at
        elif said is not None and received - BELIEVED_FOR <= said <= received:
            at = said if self._not_before is None else max(said, self._not_before)
            self._not_before = at
        self._at, self._received_at = at, received
        return at

    def _from_ms(self, event: Logged, counted: Sequence[Played], before_ms: int) -> int:
        """As its player says of a jump, else where it had come to.

        Players of before decision 178 said where the jump led (of a drag: where it first did) while they
        stood still or had just got another speed.
        """
        if event.event_type is not EventType.SEEKED:
            return self.position_ms
        said_ms = event.from_ms
        if counted and counted[-1].start_ms == said_ms:  # played since the jump
            return counted[-2].end_ms if len(counted) > 1 else before_ms
        if said_ms is None or said_ms == event.said_ms or (self._stands and not counted):
            return self.position_ms
        return said_ms
