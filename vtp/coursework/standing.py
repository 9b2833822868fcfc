"""Where students stand: what the rows say of each with each assignment, and what it comes to. No I/O."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from vtp.coursework.assignment_store import Assignment
from vtp.coursework.grade_store import GradeMark, Pupil
from vtp.coursework.late import LatePolicy, WorkStatus, reduced
from vtp.coursework.quiz_entries import QuizEntry
from vtp.coursework.submission_store import HandedIn


class Entry(NamedTuple):
    """One student with one assignment. A book has thousands: none is more than its row."""

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


class Percents(NamedTuple):
    """Rounded down to a tenth, for nobody reaches a limit by rounding; None: there are no points to reach."""

    to_date: float | None
    """Of the points of what is graded."""
    overall: float | None
    """Of the points of everything, where what is not graded gives nothing."""


@dataclass(frozen=True, slots=True)
class BookRow:
    """One student with all assignments and quizzes."""

    pupil: Pupil
    entries: Sequence[Entry]
    quizzes: Sequence[QuizEntry] = ()

    @property
    def percents(self) -> Percents:
        """What it all comes to."""
        everything = graded = got = 0
        of: Sequence[Sequence[Entry | QuizEntry]] = (self.entries, self.quizzes)
        for entries in of:
            for one in entries:
                most, points = round(one.out_of * 100), one.final_points
                everything += most
                if points is not None:
                    graded += most
                    got += round(points * 100)
        return Percents(_percent(got, graded), _percent(got, everything))


@dataclass(frozen=True, slots=True)
class Known:
    """What rows say: by (assignment, person) groups and grades, by (assignment, owner) newest attempts, and
    attempts by id that grades were given for, where it matters when those came.
    """

    groups: Mapping[tuple[str, str], str]
    newest: Mapping[tuple[str, str], HandedIn]
    grades: Mapping[tuple[str, str], GradeMark]
    graded: Mapping[str, HandedIn]


def deducts(assignment: Assignment) -> bool:
    """Whether anything is taken off for being late."""
    return assignment.late_policy is LatePolicy.DEDUCT and assignment.due_at is not None


def column_of(assignment: Assignment, known: Known, now: datetime, *, drafts: bool) -> Callable[[str], Entry]:
    """How each of those who are known stands with an assignment, by account: what is the same for all of them
    is looked at once. `drafts`: grades that are not released count, as they do for staff.
    """
    id_, title, out_of, deadline = assignment.id, assignment.title, assignment.points, assignment.deadline
    without = deadline.status(None, now)
    takes_off = deducts(assignment)
    groups = known.groups if assignment.for_groups else {}

    def entry(user_id: str) -> Entry:
        at = id_, user_id
        newest = known.newest.get((id_, groups[at]) if at in groups else at)
        grade = known.grades.get(at)
        if grade is not None and not (grade.released or drafts):
            grade = None
        submission_id = handed_in_at = None
        if newest is not None:
            submission_id, handed_in_at = newest.id, newest.handed_in_at
        status = without if handed_in_at is None else deadline.status(handed_in_at, now)
        centipoints = grade.centipoints if grade is not None else None
        off = 0
        if takes_off:
            came_at = handed_in_at
            if grade is not None and centipoints is not None:  # where for no attempt, nothing is taken off
                of = known.graded.get(grade.submission_id or "")
                came_at = of.handed_in_at if of is not None else None
            off = deadline.taken_off(came_at)
        points = final_points = None
        if centipoints is not None:
            points = centipoints / 100
            final_points = reduced(centipoints, off) / 100 if off else points
        released = grade is not None and grade.released
        return Entry(
            id_, title, status, submission_id, handed_in_at, out_of, points, off, final_points, released
        )

    return entry


def entry_of(assignment: Assignment, user_id: str, known: Known, now: datetime, *, drafts: bool) -> Entry:
    """One student with one assignment, see `column_of`."""
    return column_of(assignment, known, now, drafts=drafts)(user_id)


def _percent(got: int, most: int) -> float | None:
    return got * 1000 // most / 10 if most else None
