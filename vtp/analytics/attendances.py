"""Attendance of courses: counted from who was there, corrected by hand, told as sheets and as a report."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.audit import AuditLog, Event, Origin
from vtp.accounts.permissions import Action
from vtp.accounts.service import Clock, utc_now
from vtp.analytics.attendance import ATTENDED, FOR_EVER, Standing, Status, Tally, status_of, tally
from vtp.analytics.attendance_store import (
    HeldClass,
    Rules,
    Student,
    add_correction,
    attendance_of,
    corrections_of,
    find_rules,
    lessons_to_come,
    live_lessons,
    lock_lessons,
    nobodys,
    polls_in,
    put_rules,
    save_class,
    seen_now,
    students_of,
    uncounted,
)
from vtp.analytics.class_store import course_staff_in, erased_in, participations, sessions_in
from vtp.analytics.classes import Attended, CountedClass, connection_of, count_class, unix_ms
from vtp.analytics.credit_store import completed_recordings
from vtp.analytics.past import PastCourse
from vtp.analytics.past_store import find_past_course, seen_since
from vtp.courses.door import Entered, enter, enter_to_change
from vtp.courses.tables import lessons
from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.errors import Conflict, NotFound
from vtp.http.identity import Principal, Role
from vtp.ids import parse_id

_NOT_THERE = Standing(0, 0, 0, None, None, 0)


@dataclass(frozen=True, slots=True)
class Entry:
    """One student with one class; `row` is what was counted of them, None where they were not there."""

    student: Student
    held: HeldClass
    status: Status
    by_hand: bool
    made_up: bool
    share_per_mille: int
    row: Any

    @property
    def is_theirs(self) -> bool:
        """Whether the class counts for them: nobody misses one that was held before they came to the course,
        or that staff rehearsed. Who was in it has been enrolled anew since; and what their teacher says
        counts."""
        until = self.held.held_until
        came_later = until is not None and self.student.since > until
        was_there = self.row is not None and self.row.present_ms > 0 and not self.row.is_staff
        return (self.held.counts and not came_later) or was_there or self.by_hand


@dataclass(frozen=True, slots=True)
class Sheet:
    """One class with everybody who was expected; one that staff rehearsed with all students, of whom what
    their teacher says counts."""

    held: HeldClass
    entries: Sequence[Entry]
    goes_on: bool


@dataclass(frozen=True, slots=True)
class StudentAttendance:
    """One student in a course."""

    student: Student
    entries: Sequence[Entry]
    planned: int

    @property
    def statuses(self) -> list[Status]:
        """In the order of the classes."""
        return [one.status for one in self.entries]

    @property
    def tally(self) -> Tally:
        """In percent."""
        return tally(self.statuses, self.planned)

    @property
    def attended(self) -> int:
        """How many classes, late ones included."""
        return sum(one in ATTENDED for one in self.statuses)

    @property
    def absent_in_a_row(self) -> int:
        """Up to now: since they were last there or excused."""
        count = 0
        for one in reversed(self.statuses):
            if one is not Status.ABSENT:
                break
            count += 1
        return count

    @property
    def last_attended(self) -> datetime | None:
        """When that class began."""
        times = [one.held.held_from for one in self.entries if one.status in ATTENDED]
        return max((at for at in times if at is not None), default=None)


@dataclass(frozen=True, slots=True)
class CourseAttendance:
    """A course: the classes that were held, and each student's standing in them. What goes on is in no
    figure: who has not come yet is not absent."""

    classes: Sequence[HeldClass]
    going_on: Sequence[HeldClass]
    students: Sequence[StudentAttendance]
    past: PastCourse | None = None
    """What it came to before, of people whom nobody can tell any more."""
    undecided: bool = False
    """Whether a class goes on that is to count for students, or did before it went on again."""

    @property
    def rate(self) -> float | None:
        """The mean of the students', in percent, never rounded up; None: nobody had a class."""
        people, tenths = self.rates
        if self.past is not None:
            people, tenths = people + self.past.rated, tenths + self.past.rates
        return tenths // people / 10 if people else None

    @property
    def rates(self) -> tuple[int, int]:
        """How many students who are known had a class, and the sum of theirs in tenths of a percent."""
        rates = [round(one.tally.to_date * 10) for one in self.students if one.entries]
        return len(rates), sum(rates)

    @property
    def certainly_rated(self) -> int:
        """How many different students the mean is of at least."""
        return max(self.rates[0], self.past.rated if self.past is not None else 0)

    def by_class(self) -> dict[str, list[Entry]]:
        """Those who were expected in each class, by lesson."""
        found: dict[str, list[Entry]] = {one.lesson_id: [] for one in self.classes}
        for student in self.students:
            for entry in student.entries:
                found[entry.held.lesson_id].append(entry)
        return found


class Attendances:
    """Raises NotFound, Forbidden, Invalid for malformed ids."""

    def __init__(self, database: Database, audit: AuditLog, *, clock: Clock = utc_now) -> None:
        self._database = database
        self._audit = audit
        self._clock = clock

    async def report(self, principal: Principal, course_id: str) -> CourseAttendance:
        """For who teaches there everybody; for a student themselves."""
        async with self._database.read() as tx:
            inside = await enter(tx, principal, course_id, Action.COURSE_VIEW)
        return await self.of_course(inside)

    async def of_course(self, inside: Entered) -> CourseAttendance:
        """The same for who has been let in."""
        await self.count(inside.course.id)
        own = None if inside.may(Action.COURSE_TEACH) else inside.principal.user_id
        async with self._database.read() as tx:
            return await read_course(tx, inside.course.id, self._clock(), own)

    async def sheet(self, principal: Principal, lesson_id: str) -> Sheet:
        """One class, for who teaches there."""
        async with self._database.read() as tx:
            inside, lesson = await self._enter_lesson(tx, principal, lesson_id)
        await self.count(inside.course.id)
        async with self._database.read() as tx:
            [held] = await live_lessons(tx, inside.course.id, lesson.id)
            students = await students_of(tx, inside.course.id) if held.past is None else []
            found = await _read(tx, [held], students, await find_rules(tx, inside.course.id))
        expected = [one for one in found if one.is_theirs or not held.counts]
        return Sheet(held, expected, held.goes_on(self._clock()))

    @done_over
    async def correct(
        self,
        principal: Principal,
        lesson_id: str,
        user_id: str,
        status: Status | None,
        reason: str,
        origin: Origin,
    ) -> Entry:
        """Says by hand how somebody attended; None: by rule again. Who said so and why is kept."""
        user_id = parse_id(user_id, "/path/user_id")
        async with self._database.read() as tx:
            inside, lesson = await self._enter_lesson(tx, principal, lesson_id)
        await self.count(inside.course.id)
        async with self._database.transaction() as tx:
            await enter_to_change(tx, principal, inside.course.id, Action.COURSE_TEACH)
            if await nobodys(tx, [lesson.id]):
                raise Conflict(
                    "Who attended this class is not known any more: its figures are anonymous.",
                    code="anonymized",
                )
            before = await self._entry(tx, inside.course.id, lesson.id, user_id)
            now = self._clock()
            await add_correction(tx, lesson.id, user_id, status, reason, principal.user_id, now)
            after = await self._entry(tx, inside.course.id, lesson.id, user_id)
            await self._audit.record(
                tx,
                Event.ATTENDANCE_CORRECTED,
                origin,
                actor_id=principal.user_id,
                subject=f"lesson:{lesson.id}",
                details={
                    "user_id": user_id,
                    "from": before.status.value,
                    "to": after.status.value,
                    "by_rule": status is None,
                },
            )
        return after

    async def rules(self, principal: Principal, course_id: str) -> Rules:
        """What the course counts as attended, for its members."""
        async with self._database.read() as tx:
            inside = await enter(tx, principal, course_id, Action.COURSE_VIEW)
            return await find_rules(tx, inside.course.id)

    @done_over
    async def set_rules(
        self,
        principal: Principal,
        course_id: str,
        rules: Rules,
        check: Callable[[Rules], None],
        origin: Origin,
    ) -> None:
        """Sets that, for all its classes, those that were held included; `check` may refuse the old ones."""
        async with self._database.transaction() as tx:
            inside = await enter_to_change(tx, principal, course_id, Action.COURSE_UPDATE)
            before = await find_rules(tx, inside.course.id)
            check(before)
            if rules == before:
                return
            await put_rules(tx, inside.course.id, rules, self._clock())
            await self._audit.record(
                tx,
                Event.ATTENDANCE_RULES_CHANGED,
                origin,
                actor_id=principal.user_id,
                subject=f"course:{inside.course.id}",
                details=_changes(before, rules),
            )

    @done_over
    async def count(self, course_id: str | None = None, room_id: str | None = None) -> None:
        """Counts the classes of a course anew that have changed since they were counted, or those of a room
        that has just closed."""
        async with self._database.read() as tx:
            waiting = await uncounted(tx, self._clock(), course_id, room_id)
        if not waiting:
            return
        async with self._database.transaction() as tx:
            await lock_lessons(tx, [lesson.id for lesson in waiting])
            closed = await nobodys(tx, [lesson.id for lesson in waiting])  # since they were looked for
            for lesson in waiting:
                if lesson.id in closed:
                    continue
                counted = await counted_class(tx, lesson.room_id, lesson.starts_at)
                await save_class(tx, lesson.id, lesson.starts_at, counted, self._clock())

    async def _enter_lesson(
        self, tx: AsyncConnection, principal: Principal, lesson_id: str
    ) -> tuple[Entered, Any]:
        c = lessons.c
        wanted = parse_id(lesson_id, "/path/lesson_id")
        statement = select(c.id, c.course_id).where(c.id == wanted, c.kind == "live")
        lesson = (await tx.execute(statement)).one_or_none()
        if lesson is None:
            raise NotFound("There is no such live lesson.", code="no_such_lesson")
        return await enter(tx, principal, lesson.course_id, Action.COURSE_TEACH), lesson

    async def _entry(self, tx: AsyncConnection, course_id: str, lesson_id: str, user_id: str) -> Entry:
        [held] = await live_lessons(tx, course_id, lesson_id)
        students = await students_of(tx, course_id, user_id)
        if not students:
            raise NotFound("This person has no student's place in the course.", code="no_such_student")
        [entry] = await _read(tx, [held], students, await find_rules(tx, course_id))
        return entry


async def counted_class(tx: AsyncConnection, room_id: str, starts_at: datetime | None) -> CountedClass:
    """A class as its rows say."""
    times = await sessions_in(tx, room_id)
    return count_class(
        [Attended.of_row(row) for row in await participations(tx, room_id)],
        unix_ms(starts_at) if starts_at is not None else None,
        [
            (unix_ms(one.started_at), unix_ms(one.ended_at) if one.ended_at is not None else FOR_EVER)
            for one in times
        ],
        await polls_in(tx, room_id),
        await course_staff_in(tx, room_id),
        [(Role(row.role), connection_of(row)) for row in await erased_in(tx, room_id)],
    )


async def read_course(
    tx: AsyncConnection, course_id: str, now: datetime, user_id: str | None = None, *, closes: bool = False
) -> CourseAttendance:
    """A course as it is counted: of all its students, or of one. `now`: what is over is not to come, and a
    class that goes on is; one student is told of what students see. `closes`: none goes on, since nothing of
    the course is counted after this.

    Of classes that are nobody's any more there are totals, for who reads of all.
    """
    all_lessons = await live_lessons(tx, course_id)
    begun = [one for one in all_lessons if one.cancelled_at is None and one.held_ms]
    going_on = [one for one in begun if not closes and one.goes_on(now)]
    going = {one.lesson_id for one in going_on}
    over = [one for one in begun if one.lesson_id not in going]
    past = await find_past_course(tx, course_id)
    students = await students_of(tx, course_id, user_id)
    somebodys = [one for one in begun if one.past is None]
    found = await _read(tx, somebodys, students, await find_rules(tx, course_id))
    counted = [entry for entry in found if entry.is_theirs]
    theirs = [entry for entry in counted if entry.held.lesson_id not in going]
    with_entries = _lessons(theirs)
    held = [one for one in over if one.counts or one.lesson_id in with_entries]
    known = [one for one in held if one.past is None]
    if past is not None and not known:
        since = await seen_since(tx, course_id, past.at)
        students = [one for one in students if one.user_id in since]
    entries: dict[str, list[Entry]] = {one.user_id: [] for one in students}
    for entry in theirs:
        entries[entry.student.user_id].append(entry)
    seen = await seen_now(tx, sorted(going), now) if going else set()
    done = {one.lesson_id for one in over if one.counts}
    done |= {one.lesson_id for one in all_lessons if one.past is not None}  # nothing of them is counted again
    coming = (await lessons_to_come(tx, course_id, now, released=user_id is not None) | seen) - done
    return CourseAttendance(
        held if user_id is None else known,
        [one for one in going_on if user_id is None or one.lesson_id in seen],
        [
            StudentAttendance(one, entries[one.user_id], len(coming | _lessons(entries[one.user_id])))
            for one in students
        ],
        past if user_id is None else None,
        bool(seen) or len(theirs) < len(counted),
    )


async def _read(
    tx: AsyncConnection, held: Collection[HeldClass], students: Sequence[Student], rules: Rules
) -> list[Entry]:
    """Each of these students with each of these classes."""
    ids = [one.lesson_id for one in held]
    rows = await attendance_of(tx, ids)
    by_hand = await corrections_of(tx, ids)
    credited = rules.credit_days is not None
    seen = await completed_recordings(tx, ids, rules.complete_from) if credited else {}
    entries = []
    for one in held:
        for student in students:
            key = (one.lesson_id, student.user_id)
            row = rows.get(key)
            stood = _standing(row)
            by_rule = status_of(stood, one.held_ms, rules.thresholds)
            status = by_hand.get(key, by_rule)
            made_up = status is Status.ABSENT and _is_made_up(seen.get(key), one, rules)
            share = stood.share_per_mille(one.held_ms)
            entries.append(Entry(student, one, status, key in by_hand, made_up, share, row))
    return entries


def _lessons(entries: Iterable[Entry]) -> set[str]:
    return {one.held.lesson_id for one in entries}


def _standing(row: Any) -> Standing:
    if row is None:
        return _NOT_THERE
    return Standing(row.present_ms, row.late_ms, row.early_ms, None, None, row.connections)


def _changes(before: Rules, after: Rules) -> dict[str, Any]:
    """What is different, as it was and as it is."""
    old, new = _flat(before), _flat(after)
    return {name: {"from": old[name], "to": new[name]} for name in new if old[name] != new[name]}


def _flat(rules: Rules) -> dict[str, Any]:
    others = {"credit_days": rules.credit_days, "complete_from": rules.complete_from}
    return {**asdict(rules.thresholds), **others}


def _is_made_up(completed: datetime | None, held: HeldClass, rules: Rules) -> bool:
    """Whether a recording of the class was completed soon enough."""
    if completed is None or held.held_until is None or rules.credit_days is None:
        return False
    return completed <= held.held_until + timedelta(days=rules.credit_days)
