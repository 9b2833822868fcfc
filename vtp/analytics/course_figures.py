"""How a course goes: its students' attendance, watching and work, put together. No rules of SQL here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.analytics.alert_rules import Facts, Finding, findings
from vtp.analytics.attendance_store import Student, find_rules
from vtp.analytics.attendances import CourseAttendance, StudentAttendance, read_course
from vtp.analytics.course_store import (
    FiledRecording,
    last_seen,
    pages_by_recording,
    pages_in,
    progress_in,
    watchable,
)
from vtp.analytics.engagement import Inputs, mean_participation
from vtp.analytics.past import NO_LECTURE, PastCourse, PastLecture
from vtp.courses.roles import CourseStatus
from vtp.courses.store import Course, status_since
from vtp.coursework.assignment_store import Assignment, page_of_assignments
from vtp.coursework.grade_store import Pupil
from vtp.coursework.known_work import known_of
from vtp.coursework.late import WorkStatus
from vtp.coursework.standing import BookRow, Entry, column_of
from vtp.recording.watching import is_complete, progress_per_mille

WEEK: Final = timedelta(days=7)
CHANGED_PERCENT: Final = 20
"""A week that differs from the one before by less is a stable one."""


@dataclass(frozen=True, slots=True)
class StudentFigures:
    """One student in a course. Shares are thousandths; None: there is nothing to make them of."""

    student: Student
    attendance: StudentAttendance
    progress: Mapping[str, int]
    completed: int
    watch_time_ms: int
    participation: int | None
    activity_score: float | None
    inputs: Inputs
    work: Sequence[Entry]
    grade_percent: float | None
    last_seen: datetime | None
    trend: str
    findings: Sequence[Finding]

    @property
    def attendance_per_mille(self) -> int | None:
        """By points, of the classes held."""
        return round(self.attendance.tally.to_date * 10) if self.attendance.entries else None

    @property
    def completion(self) -> int | None:
        """The mean over the recordings."""
        return sum(self.progress.values()) // len(self.progress) if self.progress else None

    @property
    def score(self) -> float:
        """0 to 100: the mean of attendance, completion and participation, of those that there are."""
        parts = (self.attendance_per_mille, self.completion, self.participation)
        known = [one for one in parts if one is not None]
        return sum(known) // len(known) / 10 if known else 0.0


@dataclass(frozen=True, slots=True)
class LectureFigures:
    """One recording as the class watches it."""

    recording: FiledRecording
    viewers: int
    completed: int
    completion: int
    watch_time_ms: int
    pages: int
    buffer_events: int
    known: PastLecture
    """What of this is of people who are known."""


@dataclass(frozen=True, slots=True)
class CourseFigures:
    """All of it."""

    attendance: CourseAttendance
    students: Sequence[StudentFigures]
    lectures: Sequence[LectureFigures]

    @property
    def score(self) -> float:
        """The mean of the students'."""
        people, tenths = self.scores
        if self.past is not None:
            people, tenths = people + self.past.students, tenths + self.past.scores
        return tenths // people / 10 if people else 0.0

    @property
    def scores(self) -> tuple[int, int]:
        """Of how many students who are known, and the sum of theirs in tenths."""
        return len(self.students), sum(round(one.score * 10) for one in self.students)

    @property
    def past(self) -> PastCourse | None:
        """What it came to before, of people whom nobody can tell any more."""
        return self.attendance.past

    @property
    def size(self) -> int:
        """How many students it has figures of."""
        return len(self.students) + (self.past.students if self.past is not None else 0)

    @property
    def certainly(self) -> int:
        """How many different students these are at least: who is known may be among those of before."""
        return max(len(self.students), self.past.students if self.past is not None else 0)

    @property
    def attending(self) -> int:
        """How many of them attended a class."""
        known = sum(one.attendance.attended > 0 for one in self.students)
        return known + (self.past.attending if self.past is not None else 0)

    @property
    def watch_time_ms(self) -> int:
        """All of theirs."""
        known = sum(one.watch_time_ms for one in self.students)
        return known + (self.past.watch_time_ms if self.past is not None else 0)

    @property
    def completion(self) -> float:
        """The mean of the students', in percent."""
        people, shares = self.completions
        if self.past is not None:
            people, shares = people + self.past.complete, shares + self.past.completions
        return shares // people / 10 if people else 0.0

    @property
    def completions(self) -> tuple[int, int]:
        """Of how many students who are known, and the sum of theirs in thousandths."""
        shares = [one.completion for one in self.students if one.completion is not None]
        return len(shares), sum(shares)


@dataclass(frozen=True, slots=True)
class _Known:
    """What is read of a course, by student where it is theirs."""

    course: Course
    active_since: datetime | None
    complete_from: int
    recordings: Sequence[FiledRecording]
    progress: Mapping[str, Mapping[str, Any]]
    pages: Mapping[str, Sequence[tuple[datetime, int]]]
    seen: Mapping[str, datetime]
    work: Mapping[str, Sequence[Entry]]
    due_at: Mapping[str, datetime | None]
    """Of each assignment."""
    now: datetime


async def read_figures(
    tx: AsyncConnection, course: Course, now: datetime, *, closes: bool = False
) -> CourseFigures:
    """Puts a course together; its classes are counted. `closes`: a class that might go on is over, too."""
    attendance = await read_course(tx, course.id, now, closes=closes)
    complete_from = (await find_rules(tx, course.id)).complete_from
    recordings = await watchable(tx, course.id)
    ids = [one.recording_id for one in recordings]
    past = attendance.past
    before = past.at if past is not None else None
    rows = await progress_in(tx, course.id, ids, before)
    pages = await pages_in(tx, course.id, ids, now - 2 * WEEK)
    seen = await last_seen(tx, course.id)
    tasks = await page_of_assignments(tx, course.id, now, limit=None, before=None)
    work = await _work(tx, tasks, [one.student.user_id for one in attendance.students], now)
    active_since = await status_since(tx, course.id)
    by_person: dict[str, dict[str, Any]] = {}
    for row in rows:
        by_person.setdefault(row.user_id, {})[row.recording_id] = row
    due_at = {one.id: one.due_at for one in tasks}
    known = _Known(course, active_since, complete_from, recordings, by_person, pages, seen, work, due_at, now)
    students = [_student(known, one) for one in attendance.students]
    opened = await pages_by_recording(tx, course.id, ids, before)
    size = len(students) + (past.students if past is not None else 0)
    kept = {one: past.lecture(one) if past is not None else NO_LECTURE for one in ids}
    lectures = [
        _lecture(one, rows, size, opened, kept[one.recording_id], complete_from) for one in recordings
    ]
    return CourseFigures(attendance, students, lectures)


def _student(known: _Known, one: StudentAttendance) -> StudentFigures:
    user_id = one.student.user_id
    mine = known.progress.get(user_id, {})
    progress = {
        each.recording_id: progress_per_mille(mine[each.recording_id].watched_ms, each.duration_ms)
        if each.recording_id in mine
        else 0
        for each in known.recordings
    }
    entries = known.work.get(user_id, ())
    pupil = Pupil(user_id, user_id, one.student.full_name, one.student.email)
    grade = BookRow(pupil, entries).percents.to_date if entries else None
    attended = [entry.row for entry in one.entries if entry.row is not None]
    held = len(one.entries)
    return StudentFigures(
        one.student,
        one,
        progress,
        sum(is_complete(share, known.complete_from) for share in progress.values()),
        sum(row.watch_time_ms for row in mine.values()),
        mean_participation([row.participation for row in attended], held) if held else None,
        round(sum(row.activity_score for row in attended) / held, 2) if held else None,
        Inputs(*(sum(getattr(row, each.name) for row in attended) for each in fields(Inputs))),
        entries,
        grade,
        known.seen.get(user_id),
        trend_of(one, known.pages.get(user_id, ()), known.now),
        findings(_facts(known, one, progress, entries, grade)),
    )


def _facts(
    known: _Known,
    one: StudentAttendance,
    progress: Mapping[str, int],
    work: Sequence[Entry],
    grade: float | None,
) -> Facts:
    """By what somebody could do since they are in the course and it is open to them: nothing that was due
    before is missing, and for recordings of before they have a week."""
    came = max(one.student.since, known.active_since or one.student.since)
    since = max(came, known.seen.get(one.student.user_id, came))
    due = [entry for entry in work if _was_due(entry, known.due_at.get(entry.assignment_id), came)]
    is_new = known.now - came < WEEK
    running = known.course.status is CourseStatus.ACTIVE
    return Facts(
        days_away=(known.now - since).days if running else None,
        classes_held=len(one.entries),
        attendance_percent=one.tally.to_date,
        due=len(due),
        missing=sum(entry.status is WorkStatus.MISSING for entry in due),
        last_progress=[
            progress[each.recording_id] for each in known.recordings if not is_new or each.started_at >= came
        ],
        grade_percent=grade,
    )


def _was_due(entry: Entry, due_at: datetime | None, came: datetime) -> bool:
    """Whether it was to be there by now, or is."""
    if entry.status is WorkStatus.MISSING:
        return due_at is not None and due_at > came
    return entry.status is not WorkStatus.FLOATING


def trend_of(one: StudentAttendance, pages: Sequence[tuple[datetime, int]], now: datetime) -> str:
    """The last seven days against those before, by time in class and with recordings."""
    spent = [0, 0]  # this week, the one before
    times = [(at, watched) for at, watched in pages]
    times += [
        (entry.held.held_from, entry.row.present_ms)
        for entry in one.entries
        if entry.row is not None and entry.held.held_from is not None
    ]
    for at, ms in times:
        weeks = (now - at) // WEEK
        if 0 <= weeks < 2:
            spent[weeks] += ms
    this, before = spent
    if this * 100 > before * (100 + CHANGED_PERCENT):
        return "increasing"
    return "decreasing" if this * 100 < before * (100 - CHANGED_PERCENT) else "stable"


def _lecture(
    recording: FiledRecording,
    rows: Sequence[Any],
    students: int,
    opened: Mapping[str, tuple[int, int]],
    past: PastLecture,
    complete_from: int,
) -> LectureFigures:
    mine = [row for row in rows if row.recording_id == recording.recording_id]
    pages, buffer_events = opened.get(recording.recording_id, (0, 0))
    shares = [progress_per_mille(row.watched_ms, recording.duration_ms) for row in mine]
    now = PastLecture(
        len(mine),
        sum(is_complete(share, complete_from) for share in shares),
        sum(shares),
        sum(row.watch_time_ms for row in mine),
        pages,
        buffer_events,
    )
    whole = past.plus(now)
    return LectureFigures(
        recording,
        whole.viewers,
        whole.completed,
        whole.shares // students if students else 0,
        whole.watch_time_ms,
        whole.pages,
        whole.buffer_events,
        now,
    )


async def _work(
    tx: AsyncConnection, tasks: Sequence[Assignment], user_ids: Sequence[str], now: datetime
) -> dict[str, list[Entry]]:
    """Each student with each of these assignments; of grades those that are released."""
    if not tasks or not user_ids:
        return {}
    known = await known_of(tx, tasks, user_ids)
    columns = [column_of(one, known, now, drafts=False) for one in tasks]
    return {user_id: [entry(user_id) for entry in columns] for user_id in user_ids}
