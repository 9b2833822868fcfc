"""When the room of a live lesson is open to the class. No I/O."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

WITHOUT_END: Final = timedelta(hours=4)
"""How long a lesson lasts that says only when it starts."""


@dataclass(frozen=True, slots=True)
class Window:
    """From when until when; a lesson without a time is open always. Staff come earlier and stay longer."""

    opens_at: datetime | None
    ends_at: datetime | None
    closes_at: datetime | None

    def is_early(self, now: datetime) -> bool:
        """Whether the class has to wait."""
        return self.opens_at is not None and now < self.opens_at

    def has_ended(self, now: datetime) -> bool:
        """Whether the lesson's time is over, though the class may go on for its grace."""
        return self.ends_at is not None and now >= self.ends_at

    def is_over(self, now: datetime) -> bool:
        """Whether nobody comes any more, unless staff still hold the class."""
        return self.closes_at is not None and now >= self.closes_at


def window_of(
    starts_at: datetime | None,
    ends_at: datetime | None,
    opens_minutes: int,
    grace_minutes: int,
    over_at: datetime | None = None,
) -> Window:
    """The window of a lesson, in a course whose rooms open so long before and close so long after; it is over
    when its class was ended for all, which ends no lesson that was moved since."""
    if starts_at is None:
        return Window(None, None, None)
    end = ends_at if ends_at is not None else starts_at + WITHOUT_END
    closes_at = end + timedelta(minutes=grace_minutes)
    if over_at is not None and over_at >= starts_at:
        end, closes_at = min(end, over_at), min(closes_at, over_at)
    return Window(starts_at - timedelta(minutes=opens_minutes), end, closes_at)
