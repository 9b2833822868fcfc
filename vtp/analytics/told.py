"""What students are told of all together: in steps, of enough people. No clock and no I/O.

Definitions: decision 0163.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from vtp.analytics.course_figures import CourseFigures
from vtp.analytics.heat import Bins, Heat, most_replayed
from vtp.analytics.lectures import Lecture

STEP_PERCENT: Final = 10
"""Of averages: of five people and more, one who comes or leaves moves no more than that hides."""


@dataclass(frozen=True, slots=True)
class ToldCourse:
    """A course as its students are told of it, in percent; all None where they are too few."""

    students: int | None = None
    attendance: float | None = None
    completion: float | None = None
    score: float | None = None

    @property
    def hidden(self) -> bool:
        """Nothing is told."""
        return self.students is None

    @classmethod
    def of(cls, found: CourseFigures, at_least: int) -> ToldCourse:
        """As it is now."""
        if found.certainly < at_least:
            return cls()
        enough = found.attendance.certainly_rated >= at_least
        return cls(
            found.size,
            in_steps(found.attendance.rate) if enough else None,
            in_steps(found.completion),
            in_steps(found.score),
        )


def in_steps(percent: float | None) -> float | None:
    """The nearest step; what is not known stays so."""
    return None if percent is None else nearest_step(percent)


def nearest_step(percent: float) -> float:
    """Halfway between two, the higher."""
    return float(int(percent / STEP_PERCENT + 0.5) * STEP_PERCENT)


def whole_groups(counts: Sequence[int], at_least: int) -> tuple[int, ...]:
    """Counts of people, or of what they did, down to a multiple of how many have to be."""
    return tuple(one // at_least * at_least for one in counts)


def coarse_lecture(found: Lecture, at_least: int) -> Lecture:
    """A recording as students are told of it: parts in steps, and nothing of what has no bound for one of
    them (times, pages), or is of few (qualities)."""
    heat = Heat(whole_groups(found.heat.views, at_least), whole_groups(found.heat.viewers, at_least))
    return replace(
        found,
        heat=heat,
        remaining=tuple(nearest_step(one * 100) / 100 for one in found.remaining),
        replayed=most_replayed(heat, Bins(found.recording.duration_ms)),
        quality_ms={},
    )
