"""The rows of counted classes, corrections and rules. No rules here, only SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, and_, delete, exists, func, insert, or_, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.tables import users
from vtp.analytics.attendance import APART_MS, Status, Thresholds
from vtp.analytics.class_store import IS_ERASED
from vtp.analytics.class_tables import (
    attendance_corrections,
    attendance_rules,
    lesson_attendance,
    lesson_classes,
)
from vtp.analytics.classes import Asked, CountedClass, Person, from_ms, unix_ms
from vtp.analytics.past import PastClass
from vtp.courses.enrolment_store import IS_STUDENT
from vtp.courses.lesson_times import window_of
from vtp.courses.outline_store import is_lesson_released
from vtp.courses.roles import CourseStatus
from vtp.courses.tables import course_enrollments, course_sections, courses, lessons
from vtp.db.statements import insert_if_absent
from vtp.http.identity import Role
from vtp.ids import new_id
from vtp.recording.watching import COMPLETE_PER_MILLE
from vtp.rooms.tables import live_sessions, poll_votes, polls, session_participants

_APART: Final = timedelta(milliseconds=APART_MS)
FRESH: Final = timedelta(seconds=10)
"""A class that goes on is not counted anew before: those who watch its sheet would count it each time."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What a course counts as attended, and from how many thousandths on as a recording seen."""

    thresholds: Thresholds = field(default_factory=Thresholds)
    credit_days: int | None = None
    complete_from: int = COMPLETE_PER_MILLE


@dataclass(frozen=True, slots=True)
class HeldClass:
    """A live lesson, and how it was held as far as that is counted."""

    lesson_id: str
    title: str
    room_id: str | None
    starts_at: datetime | None
    ends_at: datetime | None
    cancelled_at: datetime | None
    held_from: datetime | None = None
    held_until: datetime | None = None
    polls: int = 0
    parts: Sequence[Sequence[int]] | None = None
    """In Unix ms; None: of before they were kept, all of that time."""
    is_open: bool = False
    """Whether its room is."""
    over_at: datetime | None = None
    """When it was ended for all."""
    past: PastClass | None = None
    """What it came to, once nobody's."""
    led_until: datetime | None = None
    """When staff were there at last, who may hold another class than the longest; None: of before it was
    kept."""
    was_shown: bool = True
    """Whether students saw its lesson, as that is now, by the end of the class."""
    had_students: bool = False
    """Whether one of them was there, who may be erased by now."""

    @property
    def counts(self) -> bool:
        """Whether it is a class of the students, where who was not there is absent, or will be. What staff
        rehearse is none, and what is nobody's stays what it was when it was closed."""
        if self.past is not None:
            return bool(self.past.statuses)
        return self.held_until is None or self.was_shown or self.had_students

    @property
    def held_ms(self) -> int:
        """For how long, without breaks; 0: nobody held it."""
        if self.held_from is None or self.held_until is None:
            return 0
        if self.parts is None:
            return unix_ms(self.held_until) - unix_ms(self.held_from)
        return sum(end - start for start, end in self.parts)

    def goes_on(self, now: datetime) -> bool:
        """Whether what was counted may still change: staff were there within the hour, and its room is open
        or its time is not over. One that was held long after now is of a clock that was set back. What is
        cancelled, or nobody's, does not count again."""
        until = self.led_until or self.held_until
        if until is None or abs(now - until) >= _APART:
            return False
        if self.past is not None or self.cancelled_at is not None:
            return False
        times = window_of(self.starts_at, self.ends_at, 0, 0, self.over_at)
        return self.is_open or (times.ends_at is not None and not times.has_ended(now))

    @property
    def breaks(self) -> int:
        """How many there were."""
        return len(self.parts or ()) - 1 if self.parts else 0


@dataclass(frozen=True, slots=True)
class Student:
    """Who is expected."""

    user_id: str
    full_name: str
    email: str
    since: datetime


async def find_rules(tx: AsyncConnection, course_id: str) -> Rules:
    """The course's own, else those that hold for all."""
    c = attendance_rules.c
    row = (await tx.execute(select(attendance_rules).where(c.course_id == course_id))).one_or_none()
    if row is None:
        return Rules()
    return Rules(
        Thresholds(
            row.present_per_mille, row.late_per_mille, row.partial_per_mille, row.late_after_minutes * 60_000
        ),
        row.credit_days,
        row.complete_per_mille,
    )


async def put_rules(tx: AsyncConnection, course_id: str, rules: Rules, now: datetime) -> None:
    """Sets them."""
    values = {
        "course_id": course_id,
        "present_per_mille": rules.thresholds.present_per_mille,
        "late_per_mille": rules.thresholds.late_per_mille,
        "partial_per_mille": rules.thresholds.partial_per_mille,
        "late_after_minutes": rules.thresholds.late_after_ms // 60_000,
        "credit_days": rules.credit_days,
        "complete_per_mille": rules.complete_from,
        "updated_at": now,
    }
    if not await insert_if_absent(tx, attendance_rules, values):
        theirs = attendance_rules.c.course_id == course_id
        await tx.execute(update(attendance_rules).where(theirs).values(values))


async def live_lessons(tx: AsyncConnection, course_id: str, lesson_id: str | None = None) -> list[HeldClass]:
    """The live lessons of a course in their order of time, or one of them."""
    c, k, at, who = lessons.c, lesson_classes.c, live_sessions.c, lesson_attendance.c
    stay = session_participants.c
    within = stay.joined_at < k.held_until, func.coalesce(stay.left_at, at.seen_at) > k.held_from
    were_there = or_(
        exists().where(who.lesson_id == c.id, ~who.is_staff, who.present_ms > 0),
        student_erased(c.room_id, *within),
    )
    statement = (
        select(
            c.id,
            c.title,
            c.room_id,
            c.starts_at,
            c.ends_at,
            c.cancelled_at,
            k.held_from,
            k.held_until,
            func.coalesce(k.polls, 0),
            k.parts,
            exists().where(at.room_id == c.room_id, at.ended_at.is_(None)),
            c.over_at,
            k.led_until,
            and_(is_lesson_released(k.held_until), _was_open()),
            were_there,
            k.totals,
        )
        .join_from(lessons, courses, courses.c.id == c.course_id)
        .outerjoin(lesson_classes, k.lesson_id == c.id)
        .outerjoin(course_sections, course_sections.c.id == c.section_id)
        .where(c.course_id == course_id, c.kind == "live")
    )
    if lesson_id is not None:
        statement = statement.where(c.id == lesson_id)
    found = [_held_class(row) for row in await tx.execute(statement)]
    return sorted(
        found, key=lambda one: (one.starts_at is None, one.starts_at or one.held_from, one.lesson_id)
    )


async def lessons_to_come(
    tx: AsyncConnection, course_id: str, now: datetime, *, released: bool = False
) -> set[str]:
    """The live lessons of a course that students can still come to, now or later: neither drafts nor
    cancelled, and not over. `released`: those alone that they see by now."""
    c, section, course = lessons.c, course_sections.c, courses.c
    published = and_(c.published, func.coalesce(section.published, true()))
    statement = (
        select(
            c.id, c.starts_at, c.ends_at, course.lesson_opens_minutes, course.lesson_grace_minutes, c.over_at
        )
        .join_from(lessons, courses, course.id == c.course_id)
        .outerjoin(course_sections, section.id == c.section_id)
        .where(
            c.course_id == course_id,
            c.kind == "live",
            c.cancelled_at.is_(None),
            is_lesson_released(now) if released else published,
            course.status.in_((CourseStatus.DRAFT, CourseStatus.ACTIVE)),
        )
    )
    rows = await tx.execute(statement)
    return {lesson_id for lesson_id, *times in rows if not window_of(*times).is_over(now)}


async def seen_now(tx: AsyncConnection, lesson_ids: Sequence[str], now: datetime) -> set[str]:
    """Those of these lessons that students see, in a course that runs."""
    c = lessons.c
    statement = (
        select(c.id)
        .join_from(lessons, courses, courses.c.id == c.course_id)
        .outerjoin(course_sections, course_sections.c.id == c.section_id)
        .where(c.id.in_(lesson_ids), is_lesson_released(now), courses.c.status == CourseStatus.ACTIVE)
    )
    return set((await tx.execute(statement)).scalars())


def _held_class(row: Any) -> HeldClass:
    *values, led_until, was_shown, had_students, totals = row
    past = PastClass(**totals) if totals is not None else None
    return replace(
        HeldClass(*values),
        past=past,
        led_until=led_until,
        was_shown=bool(was_shown),
        had_students=bool(had_students),
    )


def _was_open() -> ColumnElement[bool]:
    """Whether the course was active in the time of a class, as far as that is known: of its last change."""
    c, k = courses.c, lesson_classes.c
    since = or_(c.status_at.is_(None), c.status_at < k.held_until)
    until = or_(c.status_at.is_(None), c.status_at > k.held_from)
    ended = c.status.in_((CourseStatus.COMPLETED, CourseStatus.ARCHIVED))
    return or_(and_(c.status == CourseStatus.ACTIVE, since), and_(ended, until))


async def uncounted(
    tx: AsyncConnection, now: datetime, course_id: str | None, room_id: str | None = None
) -> list[Any]:
    """Lessons whose rooms were open since they were counted, or are, or that were moved since, or that were
    counted before parts of classes were told apart.

    Of a room that is open the figures may be ten seconds old. Of `room_id`, whose class has just ended, all
    are given: who counted between its end and when that was stored did so too early.
    """
    c, k, at = lessons.c, lesson_classes.c, live_sessions.c
    opened = exists().where(at.room_id == c.room_id)
    goes_on = and_(at.ended_at.is_(None), k.counted_at < now - FRESH)
    since = exists().where(at.room_id == c.room_id, or_(goes_on, at.ended_at > k.counted_at))
    moved = or_(
        k.scheduled_at != c.starts_at,
        and_(k.scheduled_at.is_(None), c.starts_at.is_not(None)),
        and_(k.scheduled_at.is_not(None), c.starts_at.is_(None)),
    )
    statement = (
        select(c.id, c.room_id, c.starts_at)
        .select_from(lessons.outerjoin(lesson_classes, k.lesson_id == c.id))
        .where(c.kind == "live", opened, k.totals.is_(None))
    )
    if course_id is not None:
        statement = statement.where(c.course_id == course_id)
    if room_id is not None:
        statement = statement.where(c.room_id == room_id)
    else:
        before_parts = and_(k.parts.is_(None), k.held_from.is_not(None), ~student_erased(c.room_id))
        statement = statement.where(or_(k.lesson_id.is_(None), since, moved, before_parts))
    return list((await tx.execute(statement.order_by(c.id))).all())


def student_erased(room_id: Column[Any], *within: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether a student was in the classes of a room whose account is erased: the others' figures were
    compared with theirs. A guest may have typed that name. `within`: which of the stays to ask."""
    at, who = live_sessions.c, session_participants.c
    theirs = who.live_session_id == at.id, IS_ERASED, who.role == Role.STUDENT
    return exists().where(at.room_id == room_id, *theirs, *within)


async def nobodys(tx: AsyncConnection, lesson_ids: Sequence[str]) -> set[str]:
    """Those of these whose classes are totals alone."""
    k = lesson_classes.c
    statement = select(k.lesson_id).where(k.lesson_id.in_(lesson_ids), k.totals.is_not(None))
    return set((await tx.execute(statement)).scalars())


async def lock_lessons(tx: AsyncConnection, lesson_ids: Sequence[str]) -> None:
    """Others who would count these wait: a class that has just ended is counted, and read, at once."""
    statement = select(lessons.c.id).where(lessons.c.id.in_(lesson_ids)).order_by(lessons.c.id)
    await tx.execute(statement.with_for_update())


async def save_class(
    tx: AsyncConnection, lesson_id: str, scheduled_at: datetime | None, counted: CountedClass, now: datetime
) -> None:
    """Puts a class as it is counted in the place of what there was."""
    await tx.execute(delete(lesson_attendance).where(lesson_attendance.c.lesson_id == lesson_id))
    await tx.execute(delete(lesson_classes).where(lesson_classes.c.lesson_id == lesson_id))
    held = counted.held
    await tx.execute(
        insert(lesson_classes).values(
            lesson_id=lesson_id,
            scheduled_at=scheduled_at,
            held_from=from_ms(held.start) if held else None,
            held_until=from_ms(held.end) if held else None,
            led_until=from_ms(counted.led_until) if counted.led_until is not None else None,
            parts=held.parts if held else (),
            polls=counted.polls,
            counted_at=now,
        )
    )
    there = await _accounts(tx, list(counted.people))
    rows = [counted_row(lesson_id, one) for who, one in sorted(counted.people.items()) if who in there]
    if rows:
        await tx.execute(insert(lesson_attendance), rows)


async def _accounts(tx: AsyncConnection, user_ids: list[str]) -> set[str]:
    return set((await tx.execute(select(users.c.id).where(users.c.id.in_(user_ids)))).scalars())


def counted_row(lesson_id: str, one: Person) -> dict[str, Any]:
    """What is stored of somebody in a class."""
    stood = one.standing
    return {
        "lesson_id": lesson_id,
        "user_id": one.user_id,
        "is_staff": one.is_staff,
        "present_ms": stood.present_ms,
        "late_ms": stood.late_ms,
        "early_ms": stood.early_ms,
        "first_join": from_ms(stood.first_join) if stood.first_join is not None else None,
        "last_leave": from_ms(stood.last_leave) if stood.last_leave is not None else None,
        "connections": stood.connections,
        "talk_ms": one.inputs.talk_ms,
        "camera_ms": one.camera_ms,
        "messages": one.inputs.messages,
        "hands": one.inputs.hands,
        "reactions": one.inputs.reactions,
        "answers": one.inputs.answers,
        "activity_score": one.score,
        "participation": one.participation,
        "quality": dict(one.quality),
        "network": one.network.row,
    }


async def polls_in(tx: AsyncConnection, room_id: str) -> list[Asked]:
    """The polls of a room and who answered each: when they did is known of nobody."""
    rows = await tx.execute(
        select(polls.c.id, polls.c.created_at, poll_votes.c.user_id)
        .select_from(polls.outerjoin(poll_votes, poll_votes.c.poll_id == polls.c.id))
        .where(polls.c.room_id == room_id)
    )
    at: dict[str, int] = {}
    who: dict[str, set[str]] = {}
    for poll_id, created_at, user_id in rows:
        at[poll_id] = unix_ms(created_at)
        who.setdefault(poll_id, set()).update({user_id} if user_id is not None else ())
    return [Asked(at[poll_id], frozenset(who[poll_id])) for poll_id in at]


async def students_of(tx: AsyncConnection, course_id: str, user_id: str | None = None) -> list[Student]:
    """Who has a student's place, by name."""
    c = course_enrollments.c
    statement = (
        select(users.c.id, users.c.full_name, users.c.email, func.coalesce(c.enrolled_at, c.created_at))
        .join_from(course_enrollments, users, users.c.id == c.user_id)
        .where(c.course_id == course_id, IS_STUDENT)
    )
    if user_id is not None:
        statement = statement.where(users.c.id == user_id)
    rows = await tx.execute(statement.order_by(users.c.full_name, users.c.id))
    return [Student(*row) for row in rows]


async def attendance_of(tx: AsyncConnection, lesson_ids: Sequence[str]) -> dict[tuple[str, str], Any]:
    """The counted rows, by (lesson, account)."""
    c = lesson_attendance.c
    rows = await tx.execute(select(lesson_attendance).where(c.lesson_id.in_(lesson_ids)))
    return {(row.lesson_id, row.user_id): row for row in rows}


async def corrections_of(tx: AsyncConnection, lesson_ids: Sequence[str]) -> dict[tuple[str, str], Status]:
    """What counts instead of the rule, by (lesson, account)."""
    c = attendance_corrections.c
    statement = select(c.lesson_id, c.user_id, c.status).where(c.lesson_id.in_(lesson_ids)).order_by(c.id)
    newest = {(row.lesson_id, row.user_id): row.status for row in await tx.execute(statement)}
    return {key: Status(status) for key, status in newest.items() if status is not None}


async def add_correction(
    tx: AsyncConnection,
    lesson_id: str,
    user_id: str,
    status: Status | None,
    reason: str,
    by: str | None,
    now: datetime,
) -> None:
    """Notes what somebody with the right to says."""
    await tx.execute(
        insert(attendance_corrections).values(
            id=new_id(),
            lesson_id=lesson_id,
            user_id=user_id,
            status=status.value if status is not None else None,
            reason=reason,
            given_by=by,
            created_at=now,
        )
    )
