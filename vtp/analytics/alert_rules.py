"""Who may need help, by five rules that say what they are made of. No clock and no I/O.

Definitions: decision 0110.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Final

from vtp.counted import counted

AWAY_WARN_DAYS: Final = 7
AWAY_ALERT_DAYS: Final = 14
CLASSES_BEFORE: Final = 3
ATTENDANCE_PERCENT: Final = 75
MISSING_COUNT: Final = 2
MISSING_SHARE: Final = 0.3
LAST_RECORDINGS: Final = 4
PROGRESS_PER_MILLE: Final = 300
PASS_PERCENT: Final = 50


class Severity(enum.IntEnum):
    """From the least to the most."""

    LOW = 0
    MEDIUM = 1
    HIGH = 2
    CRITICAL = 3

    @property
    def word(self) -> str:
        """As it is told."""
        return self.name.lower()


class Rule(enum.StrEnum):
    """What is looked at."""

    AWAY = "no_access"
    ATTENDANCE = "low_attendance"
    MISSING = "missing_assignments"
    RECORDINGS = "recordings_not_watched"
    GRADE = "grade_below_pass"


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of one student in a course that runs; None: nothing to judge by."""

    days_away: int | None = None
    classes_held: int = 0
    attendance_percent: float = 0.0
    due: int = 0
    missing: int = 0
    last_progress: Sequence[int] = ()
    """Thousandths of the last published recordings."""
    grade_percent: float | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """A rule that holds: how bad it is, in a sentence with its figures, and what may help."""

    rule: Rule
    severity: Severity
    reason: str
    recommendation: str
    evidence: dict[str, Any]


def findings(facts: Facts) -> list[Finding]:
    """Every rule that holds, the worst first."""
    found = [
        _away(facts),
        _attendance(facts),
        _missing(facts),
        _recordings(facts),
        _grade(facts),
    ]
    return sorted((one for one in found if one is not None), key=lambda one: (-one.severity, one.rule))


def _away(facts: Facts) -> Finding | None:
    days = facts.days_away
    if days is None or days < AWAY_WARN_DAYS:
        return None
    severity = Severity.HIGH if days >= AWAY_ALERT_DAYS else Severity.MEDIUM
    return Finding(
        Rule.AWAY,
        severity,
        f"Nothing was seen of them in this course for {days} days.",
        "Ask how they are, and point them to what they have missed.",
        {"days": days, "warn_after": AWAY_WARN_DAYS, "alert_after": AWAY_ALERT_DAYS},
    )


def _attendance(facts: Facts) -> Finding | None:
    if facts.classes_held < CLASSES_BEFORE or facts.attendance_percent >= ATTENDANCE_PERCENT:
        return None
    severity = Severity.HIGH if facts.attendance_percent < ATTENDANCE_PERCENT - 25 else Severity.MEDIUM
    return Finding(
        Rule.ATTENDANCE,
        severity,
        f"Attendance is {facts.attendance_percent:g} % of {facts.classes_held} classes, below "
        f"{ATTENDANCE_PERCENT} %.",
        "Ask what keeps them from coming, and offer the recordings.",
        {
            "percent": facts.attendance_percent,
            "classes": facts.classes_held,
            "below": ATTENDANCE_PERCENT,
        },
    )


def _missing(facts: Facts) -> Finding | None:
    many = facts.missing >= MISSING_COUNT
    large = facts.due > 0 and facts.missing / facts.due > MISSING_SHARE
    if not (many or large):
        return None
    return Finding(
        Rule.MISSING,
        Severity.HIGH if many and large else Severity.MEDIUM,
        f"{facts.missing} of {counted(facts.due, 'assignment that was', 'assignments that were')} due "
        f"{'is' if facts.missing == 1 else 'are'} missing.",
        "Agree on a date by which they are handed in.",
        {"missing": facts.missing, "due": facts.due},
    )


def _recordings(facts: Facts) -> Finding | None:
    last = facts.last_progress[-LAST_RECORDINGS:]
    if len(last) < LAST_RECORDINGS:
        return None
    middle = median(last)
    if middle >= PROGRESS_PER_MILLE:
        return None
    return Finding(
        Rule.RECORDINGS,
        Severity.LOW,
        f"Of the last {LAST_RECORDINGS} recordings half were watched to {middle / 10:g} % at most.",
        "Say which parts of them matter most.",
        {"median_percent": middle / 10, "recordings": LAST_RECORDINGS, "below": PROGRESS_PER_MILLE / 10},
    )


def _grade(facts: Facts) -> Finding | None:
    percent = facts.grade_percent
    if percent is None or percent >= PASS_PERCENT:
        return None
    return Finding(
        Rule.GRADE,
        Severity.CRITICAL if percent < PASS_PERCENT / 2 else Severity.HIGH,
        f"The grade to date is {percent:g} %, below the {PASS_PERCENT} % that pass.",
        "Go through what was graded with them.",
        {"percent": percent, "below": PASS_PERCENT},
    )
