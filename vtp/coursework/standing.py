"""Where students stand: what the rows say of each with each assignment, and what it comes to. No I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from vtp.coursework.assignment_store import Assignment
from vtp.coursework.grade_store import GradeMark, Pupil
from vtp.coursework.late import WorkStatus, reduced
from vtp.coursework.quiz_entries import QuizEntry
from vtp.coursework.submission_store import HandedIn


@dataclass(frozen=True, slots=True)
class Entry:
    """One student with one assignment."""

    assignment_id: str
    title: str
    status: WorkStatus
    submission_id: str | None
    handed_in_at: datetime | None
    out_of: float
    points: float | None
    percent_off: int
    final_points: float | None
    released: bool


@dataclass(frozen=True, slots=True)
class BookRow:
    """One student with all assignments and quizzes."""

    pupil: Pupil
    entries: Sequence[Entry]
    quizzes: Sequence[QuizEntry] = ()

    @property
    def percent_to_date(self) -> float | None:
        """Of the points of what is graded."""
        return _percent([one for one in self._all if one.final_points is not None])

    @property
    def percent_overall(self) -> float | None:
        """Of the points of everything, where what is not graded gives nothing."""
        return _percent(self._all)

    @property
    def _all(self) -> list[Entry | QuizEntry]:
        return [*self.entries, *self.quizzes]


@dataclass(frozen=True, slots=True)
class Known:
    """What rows say: by (assignment, person) groups and grades, by (assignment, owner) newest attempts, and
    attempts by id that grades were given for.
    """

    groups: Mapping[tuple[str, str], str]
    newest: Mapping[tuple[str, str], HandedIn]
    grades: Mapping[tuple[str, str], GradeMark]
    graded: Mapping[str, HandedIn]


def entry_of(assignment: Assignment, user_id: str, known: Known, now: datetime, *, drafts: bool) -> Entry:
    """`drafts`: grades that are not released count, as they do for staff."""
    at, deadline = (assignment.id, user_id), assignment.deadline
    newest = known.newest.get((assignment.id, known.groups.get(at, user_id)))
    grade = known.grades.get(at)
    if grade is not None and not grade.released and not drafts:
        grade = None
    centipoints = grade.centipoints if grade is not None else None
    of = known.graded.get(grade.submission_id or "") if grade is not None else None
    handed_in_at = newest.handed_in_at if newest is not None else None
    off = deadline.taken_off(of.handed_in_at if of is not None else handed_in_at)
    return Entry(
        assignment_id=assignment.id,
        title=assignment.title,
        status=deadline.status(handed_in_at, now),
        submission_id=newest.id if newest is not None else None,
        handed_in_at=handed_in_at,
        out_of=assignment.points,
        points=None if centipoints is None else centipoints / 100,
        percent_off=off,
        final_points=None if centipoints is None else reduced(centipoints, off) / 100,
        released=grade is not None and grade.released,
    )


def _percent(entries: Sequence[Entry | QuizEntry]) -> float | None:
    """Rounded down to a tenth: nobody reaches a limit by rounding."""
    most = sum(round(one.out_of * 100) for one in entries)
    got = sum(round((one.final_points or 0) * 100) for one in entries)
    return got * 1000 // most / 10 if most else None
