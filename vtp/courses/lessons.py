"""Lessons: written by a course's staff, read by who takes part once they are released."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.audit import AuditLog, Origin
from vtp.accounts.permissions import Action
from vtp.accounts.service import Clock, utc_now
from vtp.courses.door import Entered, enter, enter_to_change
from vtp.courses.outline import changes_of, lesson_in, not_released, note_removal, seen_at
from vtp.courses.outline_schemas import MAX_LESSONS, ChangeLesson, CreateLesson
from vtp.courses.outline_store import (
    Lesson,
    LessonFilter,
    LessonKind,
    LessonPlace,
    add_lesson,
    change_lesson,
    count_lessons,
    find_section,
    last_lesson,
    page_of_lessons,
    remove_lesson,
)
from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.errors import Conflict, FieldError, Invalid
from vtp.http.identity import Principal
from vtp.ids import new_id, parse_id

LessonUnlessChanged = Callable[[Lesson], None]
"""Raises PreconditionFailed for one that is not as the caller has seen it (`If-Match`)."""


class Lessons:
    """Every method raises Forbidden, NotFound, Invalid for malformed ids; changes Conflict in an archived
    course."""

    def __init__(self, database: Database, audit: AuditLog, *, clock: Clock = utc_now) -> None:
        self._database = database
        self._audit = audit
        self._clock = clock

    @done_over
    async def create(self, principal: Principal, course_id: str, wish: CreateLesson) -> Lesson:
        """Adds a lesson behind the others of its section. Raises Conflict for too many, Invalid."""
        now, values = self._clock(), wish.model_dump()
        _check_times(wish.kind, wish.starts_at, wish.ends_at)
        async with self._database.transaction() as tx:
            inside = await enter_to_change(tx, principal, course_id, Action.COURSE_TEACH)
            if await count_lessons(tx, inside.course.id) >= MAX_LESSONS:
                raise Conflict(f"A course has at most {MAX_LESSONS} lessons.", code="too_many_lessons")
            values["section_id"] = await _section_id(tx, inside, wish.section_id)
            lesson = Lesson(
                id=new_id(),
                course_id=inside.course.id,
                position=await last_lesson(tx, inside.course.id, values["section_id"]) + 1,
                room_id=None,
                created_at=now,
                updated_at=now,
                **values,
            )
            await add_lesson(tx, lesson)
        return lesson

    async def get(self, principal: Principal, course_id: str, lesson_id: str) -> Lesson:
        """A lesson that the caller may see."""
        async with self._database.read() as tx:
            inside = await enter(tx, principal, course_id, Action.COURSE_VIEW)
            lesson = await lesson_in(tx, inside, lesson_id)
            section = None
            if lesson.section_id is not None:
                section = await find_section(tx, inside.course.id, lesson.section_id)
        if not lesson.is_released_at(self._clock(), section) and not inside.may(Action.COURSE_TEACH):
            raise not_released()
        return lesson

    async def page(
        self,
        principal: Principal,
        course_id: str,
        wanted: LessonFilter,
        *,
        limit: int,
        after: LessonPlace | None,
    ) -> list[tuple[Lesson, LessonPlace]]:
        """Those that the caller may see, in the order of the course, each with its place."""
        if wanted.section_id:
            wanted = replace(wanted, section_id=parse_id(wanted.section_id, "/query/section_id"))
        async with self._database.read() as tx:
            inside = await enter(tx, principal, course_id, Action.COURSE_VIEW)
            wanted = replace(wanted, released_at=seen_at(inside, self._clock()))
            return await page_of_lessons(tx, inside.course.id, wanted, limit=limit, after=after)

    @done_over
    async def change(
        self,
        principal: Principal,
        course_id: str,
        lesson_id: str,
        wish: ChangeLesson,
        unless_changed: LessonUnlessChanged = lambda lesson: None,
    ) -> Lesson:
        """Changes what `wish` names; in another section it becomes the last. Raises PreconditionFailed."""
        values = changes_of(wish)
        async with self._database.transaction() as tx:
            inside = await enter_to_change(tx, principal, course_id, Action.COURSE_TEACH)
            lesson = await lesson_in(tx, inside, lesson_id)
            unless_changed(lesson)
            if "section_id" in values:
                values["section_id"] = await _section_id(tx, inside, values["section_id"])
                if values["section_id"] != lesson.section_id:
                    last = await last_lesson(tx, inside.course.id, values["section_id"])
                    values["position"] = last + 1
            changed = replace(lesson, **values, updated_at=self._clock())
            _check_times(changed.kind, changed.starts_at, changed.ends_at)
            await change_lesson(tx, lesson.id, **values, updated_at=changed.updated_at)
        return changed

    @done_over
    async def delete(self, principal: Principal, course_id: str, lesson_id: str, origin: Origin) -> None:
        """Deletes a lesson; recordings that are filed under it stay in the course."""
        async with self._database.transaction() as tx:
            inside = await enter_to_change(tx, principal, course_id, Action.COURSE_TEACH)
            lesson = await lesson_in(tx, inside, lesson_id)
            await remove_lesson(tx, lesson.id)
            await note_removal(self._audit, tx, inside, origin, lesson=lesson.id, name=lesson.title)


async def _section_id(tx: AsyncConnection, inside: Entered, section_id: str | None) -> str | None:
    """The section that a lesson is to be in, which is one of the course's. Raises Invalid."""
    if section_id is None:
        return None
    wanted = parse_id(section_id, "/section_id")
    if await find_section(tx, inside.course.id, wanted) is None:
        raise Invalid(
            "The course has no such section.",
            code="no_such_section",
            errors=[FieldError("/section_id", "is no section of this course")],
        )
    return wanted


def _check_times(kind: LessonKind, starts_at: datetime | None, ends_at: datetime | None) -> None:
    errors = []
    if kind is not LessonKind.LIVE and (starts_at or ends_at):
        errors.append(FieldError("/starts_at", "only live lessons have a time"))
    elif ends_at is not None and (starts_at is None or ends_at <= starts_at):
        errors.append(FieldError("/ends_at", "must be after starts_at"))
    if errors:
        raise Invalid("The lesson cannot be at this time.", errors=errors)
