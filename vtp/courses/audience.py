"""Who sees recordings that are filed in courses: `vtp.recording.audience` asks here.

Members of a course that a recording is filed in, each in the role that they have there: students what is
published, once its lesson is released, and its staff all of it. Administrators see everything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, case, func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.service import Clock, utc_now
from vtp.courses.lesson_store import AT_ONCE, lesson_of_room
from vtp.courses.outline_store import is_lesson_released
from vtp.courses.recording_store import Filed, file_recording, last_order
from vtp.courses.roles import OPEN_TO_STUDENTS, EnrolmentStatus, Member, role_in_course
from vtp.courses.tables import (
    course_enrollments,
    course_permissions,
    course_recordings,
    course_sections,
    courses,
    lessons,
)
from vtp.db.lists import among, filled
from vtp.db.prepared import Prepared, Row, Source
from vtp.db.types import UtcDateTime, id_type
from vtp.http.identity import Principal, Role
from vtp.recording.listing import EVERYTHING, Scope, Shown
from vtp.recording.store import Recording, Visibility
from vtp.recording.tables import recordings

_filed, _enrolled, _given = course_recordings.c, course_enrollments.c, course_permissions.c


_BETWEEN, _BETWEEN_COURSES = ",", ";"


def _joined(me: ColumnElement[str]) -> Any:
    """Where a recording is filed, and what its course knows of somebody."""
    return (
        course_recordings.join(courses, courses.c.id == _filed.course_id)
        .outerjoin(lessons, lessons.c.id == _filed.lesson_id)
        .outerjoin(course_sections, course_sections.c.id == lessons.c.section_id)
        .outerjoin(course_enrollments, and_(_enrolled.course_id == courses.c.id, _enrolled.user_id == me))
        .outerjoin(course_permissions, and_(_given.course_id == courses.c.id, _given.user_id == me))
    )


def _lesson_is_open(now: ColumnElement[datetime]) -> ColumnElement[bool]:
    return or_(_filed.lesson_id.is_(None), is_lesson_released(now))


@cache
def _members(count: int) -> Prepared:
    """What courses know of somebody, of those in which so many recordings are filed."""
    return Prepared(_MEMBERS.where(among(_filed.recording_id, "recording", count)))


_MEMBERS = select(
    _filed.recording_id,
    courses.c.instructor_id,
    courses.c.status,
    _enrolled.role,
    _enrolled.status,
    _given.role,
    _lesson_is_open(bindparam("now", type_=UtcDateTime())),
).select_from(_joined(bindparam("me", type_=id_type())))


# As text: an expression of this size takes SQLAlchemy a millisecond of every list of recordings.
_SHOWN = text(
    """(recordings.visibility = 'public' OR recordings.started_by = :audience
OR NOT EXISTS (SELECT 1 FROM course_recordings WHERE course_recordings.recording_id = recordings.id)
OR EXISTS (SELECT 1 FROM course_recordings JOIN courses ON courses.id = course_recordings.course_id
  LEFT JOIN lessons ON lessons.id = course_recordings.lesson_id
  LEFT JOIN course_sections ON course_sections.id = lessons.section_id
  LEFT JOIN course_enrollments AS e
    ON e.course_id = courses.id AND e.user_id = :audience AND e.status = 'active'
  LEFT JOIN course_permissions AS p ON p.course_id = courses.id AND p.user_id = :audience
  WHERE course_recordings.recording_id = recordings.id AND (
    courses.instructor_id = :audience OR coalesce(p.role, e.role) IN ('admin', 'teacher', 'assistant')
    OR (coalesce(p.role, e.role) = 'student' AND courses.status IN ('active', 'completed')
      AND recordings.visibility <> 'staff'
      AND (lessons.id IS NULL
        OR (lessons.published IS TRUE AND (lessons.release_at IS NULL OR lessons.release_at <= :audience_now)
          AND (course_sections.id IS NULL OR (course_sections.published IS TRUE
            AND (course_sections.release_at IS NULL OR course_sections.release_at <= :audience_now))))))))
)"""
).bindparams(bindparam("audience", type_=id_type()), bindparam("audience_now", type_=UtcDateTime()))
_OF_STAFF = text(
    """EXISTS (SELECT 1 FROM course_recordings JOIN courses ON courses.id = course_recordings.course_id
  LEFT JOIN course_enrollments AS e
    ON e.course_id = courses.id AND e.user_id = :audience AND e.status = 'active'
  LEFT JOIN course_permissions AS p ON p.course_id = courses.id AND p.user_id = :audience
  WHERE course_recordings.recording_id = recordings.id AND (
    courses.instructor_id = :audience OR coalesce(p.role, e.role) IN ('admin', 'teacher', 'assistant')))"""
).bindparams(bindparam("audience", type_=id_type()))


def _known() -> ColumnElement[str]:
    """What `_MEMBERS` finds, as one text for each recording of a list: ids and words of ours, which have none
    of what stands between them."""
    is_open = case((_lesson_is_open(bindparam("audience_now", type_=UtcDateTime())), "1"), else_="")
    columns = (courses.c.instructor_id, courses.c.status, _enrolled.role, _enrolled.status, _given.role)
    said: ColumnElement[str] = is_open
    for column in reversed(columns):
        said = func.coalesce(column, "") + _BETWEEN + said
    return (
        select(func.aggregate_strings(said, _BETWEEN_COURSES))
        .select_from(_joined(bindparam("audience", type_=id_type())))
        .where(_filed.recording_id == recordings.c.id)
        .correlate(recordings)
        .scalar_subquery()
    )


_SCOPE = Scope(_SHOWN, _OF_STAFF, _known())


class CourseAudience:
    """What recordings ask of courses."""

    def __init__(self, *, clock: Clock = utc_now) -> None:
        self._clock = clock

    async def as_members(
        self, tx: Source, principal: Principal, recording_ids: Sequence[str]
    ) -> Mapping[str, Principal]:
        """The caller in the highest role that they have where each recording is filed."""
        if principal.role is Role.ADMIN:  # who is one everywhere
            return {}
        in_role = cache(lambda role: replace(principal, role=role))
        same: dict[tuple[Any, ...], Principal] = {}  # most of a page are filed in a few courses
        found: dict[str, Principal] = {}
        for recording_id, *row in await self._members(tx, principal, recording_ids):
            known = tuple(row)
            there = same.get(known)
            if there is None:
                there = same[known] = in_role(_role_there(principal, row))
            before = found.get(recording_id)
            if before is None or there.role.rank > before.role.rank:
                found[recording_id] = there
        return found

    async def _members(self, tx: Source, principal: Principal, recording_ids: Sequence[str]) -> list[Row]:
        found: list[Row] = []
        for count, values in filled("recording", recording_ids):
            found += await _members(count).rows(tx, values | {"me": principal.user_id, "now": self._clock()})
        return found

    def shown_to(self, principal: Principal) -> Shown:
        """What is filed nowhere, what is the caller's own, and what is filed where they take part."""
        if principal.role is Role.ADMIN or principal.user_id is None:
            return EVERYTHING
        return Shown(_SCOPE, {"audience": principal.user_id, "audience_now": self._clock()})

    def as_listed(self, principal: Principal, filed: Sequence[str | None]) -> list[Principal | None]:
        """The same of a list of what is shown to the caller. Most of a page are filed in a few courses."""
        there = {text: _as_known(principal, text) for text in {*filed}}
        return [there[text] for text in filed]

    async def visibility_of_new(
        self, tx: AsyncConnection, room_id: str, chosen: Visibility | None
    ) -> Visibility | None:
        """Of a lesson: as whoever starts it has chosen, else by the rule of the course."""
        found = await lesson_of_room(tx, room_id, None)
        if chosen is not None or found is None:
            return chosen
        return Visibility.MEMBERS if found[0].publish_rule == AT_ONCE else Visibility.STAFF

    async def file_new(self, tx: AsyncConnection, recording: Recording) -> None:
        """Under the lesson in whose room it is made; the class is told of it once it may see it."""
        found = await lesson_of_room(tx, recording.room_id, None)
        if found is None:
            return
        lesson = found[0]
        filed = Filed(
            course_id=lesson.course_id,
            recording_id=recording.id,
            lesson_id=lesson.lesson_id,
            lecture_number=None,
            lecture_title=lesson.title,
            sequence_order=await last_order(tx, lesson.course_id) + 1,
            added_by=recording.started_by,
            added_at=recording.started_at,
            to_announce=True,
        )
        await file_recording(tx, filed)


def _as_known(principal: Principal, filed: str | None) -> Principal | None:
    """The caller in the highest role of those that are said in one text of `_known`."""
    if filed is None:
        return None
    rows = ([word or None for word in one.split(_BETWEEN)] for one in filed.split(_BETWEEN_COURSES))
    roles = (_role_there(principal, row) for row in rows)
    return replace(principal, role=max(roles, key=lambda role: role.rank))


def _role_there(principal: Principal, row: Sequence[Any]) -> Role:
    """Somebody's role in one course; a guest's where a student does not see the recording now."""
    instructor_id, status, role, enrolment, given, is_open = row
    member = Member(
        Role(role) if role else None,
        EnrolmentStatus(enrolment) if enrolment else None,
        Role(given) if given else None,
    )
    there = role_in_course(principal.role, principal.user_id, instructor_id, member)
    if there is Role.STUDENT and not (is_open and status in OPEN_TO_STUDENTS):
        return Role.GUEST
    return there
