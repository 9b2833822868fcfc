"""What being late means: when something is taken still, what is taken off, what it is called. No I/O.

Statuses are Canvas's (reference: tardiness_breakdown): `on_time`, `late`, `missing` for what is due and not
there, and `floating` for what is not there and not due yet, or never. They follow from stored times, so a
date that is moved moves them.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

_DAY: Final = timedelta(days=1)


class LatePolicy(enum.StrEnum):
    """What becomes of what comes after it was due."""

    REFUSE = "refuse"
    ACCEPT = "accept"  # until `late_until`
    DEDUCT = "deduct"  # likewise, with `late_percent` taken off for each day that has begun


class WorkStatus(enum.StrEnum):
    """Where somebody stands with an assignment."""

    ON_TIME = "on_time"
    LATE = "late"
    MISSING = "missing"
    FLOATING = "floating"


@dataclass(frozen=True, slots=True)
class Deadline:
    """When something is due, and what follows."""

    due_at: datetime | None
    policy: LatePolicy
    late_until: datetime | None
    late_percent: int

    @property
    def closes_at(self) -> datetime | None:
        """The last moment at which something is taken; None: there is none."""
        return self.due_at if self.policy is LatePolicy.REFUSE else self.late_until

    def takes(self, at: datetime) -> bool:
        """Whether something is taken that comes then."""
        return self.due_at is None or at <= self.due_at or self.closes_at is None or at <= self.closes_at

    def status(self, handed_in_at: datetime | None, now: datetime) -> WorkStatus:
        """Of somebody whose newest attempt was handed in then, or who has none."""
        if handed_in_at is None:
            return (
                WorkStatus.MISSING if self.due_at is not None and now > self.due_at else WorkStatus.FLOATING
            )
        return WorkStatus.LATE if self.late_days(handed_in_at) else WorkStatus.ON_TIME

    def late_days(self, handed_in_at: datetime) -> int:
        """Days after it was due, each from its beginning."""
        if self.due_at is None or handed_in_at <= self.due_at:
            return 0
        return -((self.due_at - handed_in_at) // _DAY)

    def taken_off(self, handed_in_at: datetime | None) -> int:
        """Per cent of the points."""
        if handed_in_at is None or self.policy is not LatePolicy.DEDUCT:
            return 0
        return min(100, self.late_percent * self.late_days(handed_in_at))


def reduced(centipoints: int, percent: int) -> int:
    """What is left of points, a half rounded up."""
    return (centipoints * (100 - percent) * 2 + 100) // 200
