"""Figures of people whom nobody can tell any more: sums that go on being added up. No clock and no I/O.

Everything in here is a sum over people (or the most of something), so that what was kept and what is new come
to the same to the digit as if all were still there by name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class PastClass:
    """A class: how many students had which status, and how its connections were."""

    statuses: Mapping[str, int] = field(default_factory=dict)
    made_up: int = 0
    people: int = 0
    with_trouble: int = 0
    causes: Mapping[str, int] = field(default_factory=dict)
    staff_with_trouble: int = 0

    @property
    def row(self) -> dict[str, Any]:
        """As it is stored."""
        return {
            "statuses": dict(self.statuses),
            "made_up": self.made_up,
            "people": self.people,
            "with_trouble": self.with_trouble,
            "causes": dict(self.causes),
            "staff_with_trouble": self.staff_with_trouble,
        }


@dataclass(frozen=True, slots=True)
class PastLecture:
    """One recording of a course as its students watched it; `shares`: thousandths, added up."""

    viewers: int = 0
    completed: int = 0
    shares: int = 0
    watch_time_ms: int = 0
    pages: int = 0
    buffer_events: int = 0

    def plus(self, other: PastLecture) -> PastLecture:
        """Both together."""
        return PastLecture(*(getattr(self, name) + getattr(other, name) for name in PastLecture.__slots__))

    @property
    def row(self) -> dict[str, int]:
        """As it is stored."""
        return {name: getattr(self, name) for name in PastLecture.__slots__}


NO_LECTURE = PastLecture()
_SUMS = ("students", "rated", "attending", "rates", "scores", "complete", "completions", "watch_time_ms")


@dataclass(frozen=True, slots=True)
class PastCourse:
    """A course: sums over its students. `rates`, of the `rated` students who had a class, and `scores` are
    tenths; `completions` are thousandths, of the `complete` students for whom there were recordings."""

    at: datetime
    students: int = 0
    rated: int = 0
    attending: int = 0
    rates: int = 0
    scores: int = 0
    complete: int = 0
    completions: int = 0
    watch_time_ms: int = 0
    lectures: Mapping[str, PastLecture] = field(default_factory=dict)

    @classmethod
    def of_row(cls, at: datetime, row: Mapping[str, Any]) -> Self:
        """As it is stored."""
        lectures = {key: PastLecture(**one) for key, one in row["lectures"].items()}
        row = {"rated": row["students"], **row}  # before, who had no class had 0
        return cls(at=at, lectures=lectures, **{name: row[name] for name in _SUMS})

    @property
    def row(self) -> dict[str, Any]:
        """What is stored."""
        lectures = {key: one.row for key, one in self.lectures.items()}
        return {**{name: getattr(self, name) for name in _SUMS}, "lectures": lectures}

    def plus(self, other: PastCourse) -> PastCourse:
        """Both together, as of the later."""
        names = self.lectures.keys() | other.lectures.keys()
        return PastCourse(
            at=max(self.at, other.at),
            lectures={one: self.lecture(one).plus(other.lecture(one)) for one in sorted(names)},
            **{name: getattr(self, name) + getattr(other, name) for name in _SUMS},
        )

    def lecture(self, recording_id: str) -> PastLecture:
        """Of one recording."""
        return self.lectures.get(recording_id, NO_LECTURE)


@dataclass(slots=True)
class PastViewers:
    """Those who watched a recording. `views`, `viewers_by_bin` and `came` (to the start of a bin) are of the
    bins of `duration_ms`; `starters`: those who played anything."""

    duration_ms: int = 0
    viewers: int = 0
    completed: int = 0
    shares: int = 0
    watch_time_ms: int = 0
    sessions: int = 0
    buffer_events: int = 0
    peak: int = 0
    starters: int = 0
    quality_ms: dict[str, int] = field(default_factory=dict)
    views: list[int] = field(default_factory=list)
    viewers_by_bin: list[int] = field(default_factory=list)
    came: list[int] = field(default_factory=list)

    @classmethod
    def of_row(cls, row: Mapping[str, Any]) -> Self:
        """As it is stored."""
        return cls(**row)

    @property
    def row(self) -> dict[str, Any]:
        """What is stored."""
        return {name: getattr(self, name) for name in PastViewers.__slots__}

    def plus(self, other: PastViewers) -> PastViewers:
        """Both together; of another length than the newer, parts are not told any more."""
        same = self.duration_ms == other.duration_ms
        sums = ("viewers", "completed", "shares", "watch_time_ms", "sessions", "buffer_events")
        return PastViewers(
            duration_ms=other.duration_ms,
            peak=max(self.peak, other.peak),
            starters=(self.starters if same else 0) + other.starters,
            quality_ms=dict(Counter(self.quality_ms) + Counter(other.quality_ms)),
            views=added(self.views, other.views) if same else other.views,
            viewers_by_bin=added(self.viewers_by_bin, other.viewers_by_bin) if same else other.viewers_by_bin,
            came=added(self.came, other.came) if same else other.came,
            **{name: getattr(self, name) + getattr(other, name) for name in sums},
        )

    def most(self, other: PastViewers) -> PastViewers:
        """How many different people both are at least, whoever of them is in both; nothing but that."""
        same = self.duration_ms == other.duration_ms
        return PastViewers(
            duration_ms=other.duration_ms,
            viewers=max(self.viewers, other.viewers),
            viewers_by_bin=higher(self.viewers_by_bin, other.viewers_by_bin)
            if same
            else other.viewers_by_bin,
            came=higher(self.came, other.came) if same else other.came,
        )


def added(some: Sequence[int], others: Sequence[int]) -> list[int]:
    """Bin by bin; nothing of those that are of another count."""
    if len(some) != len(others):
        return list(others or some)
    return [a + b for a, b in zip(some, others, strict=True)]


def higher(some: Sequence[int], others: Sequence[int]) -> list[int]:
    """Likewise, the higher of each."""
    if len(some) != len(others):
        return list(others or some)
    return [max(a, b) for a, b in zip(some, others, strict=True)]
