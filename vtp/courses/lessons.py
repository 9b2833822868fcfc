"""Lessons: written by a course's staff, read by who takes part once they are released."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.audit import Origin
from vtp.accounts.permissions import Action
from vtp.courses.door import Entered, enter
from vtp.courses.lesson_news import NOT_HELD, LessonNews
from vtp.courses.lesson_rooms import add_rooms
from vtp.courses.live_items import LiveItems
from vtp.courses.outline import not_released, section_id_in, seen_at
from vtp.courses.outline_schemas import MAX_LESSONS, CreateLesson
from vtp.courses.outline_store import (
    Lesson,
    LessonFilter,
    LessonKind,
    LessonPlace,
    add_lesson,
    change_lesson,
    count_lessons,
    find_lesson,
    find_section,
    last_lesson,
    lessons_of,
    page_of_lessons,
    remove_lesson,
)
from vtp.courses.schedule_store import skip_occurrence
from vtp.courses.told_store import lessons_on
from vtp.db.after import after_commit
from vtp.errors import Conflict, FieldError, Invalid
from vtp.http.identity import Principal
from vtp.ids import new_id, parse_id

BeforeMove = Callable[[AsyncConnection, Lesson, Lesson], Awaitable[None]]
"""Called in the transaction that gives a live lesson another start, with it as it was and as it is then;
refuses by raising Conflict."""

_OF_CALENDARS = ("title", "starts_at", "ends_at", "cancelled_at")
_OF_RELEASE = ("published", "release_at", "section_id")


class Lessons(LiveItems[Lesson]):
    """See `CourseItems`. Recordings that are filed under a deleted one stay in the course."""

    noun: ClassVar[str] = "lesson"
    before_move: BeforeMove | None = None

    async def create(self, principal: Principal, course_id: str, wish: CreateLesson) -> Lesson:
        """Adds a lesson behind the others of its section. Raises Conflict for too many, Invalid."""
        check_times(wish.kind, wish.starts_at, wish.ends_at)
        return await super().create(principal, course_id, wish)

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

    async def tell_of_start(self, tx: AsyncConnection, inside: Entered) -> None:
        """When a course becomes active: what its class could not be told of before."""
        live = [one for one in await lessons_of(tx, inside.course.id) if one.kind is LessonKind.LIVE]
        await self._tell(tx, inside, [LessonNews(one) for one in live])

    async def tell_of_closing(self, tx: AsyncConnection, inside: Entered) -> None:
        """When a course is active no more, before it is written: what was to come does not take place."""
        rest = await lessons_on(tx, inside.course.id, self._clock())
        await self._tell(tx, inside, [LessonNews(one, withdrawn=NOT_HELD) for one in rest])

    async def tell_of_end(self, tx: AsyncConnection, inside: Entered, origin: Origin) -> None:
        """Before a course is deleted: what was to come does not take place."""
        live = [one for one in await lessons_of(tx, inside.course.id) if one.kind is LessonKind.LIVE]
        await self._tell(tx, inside, [LessonNews(one, deleted=True) for one in live])

    async def _make(self, tx: AsyncConnection, inside: Entered, wish: CreateLesson) -> Lesson:
        now, values = self._clock(), wish.model_dump()
        if await count_lessons(tx, inside.course.id) >= MAX_LESSONS:
            raise Conflict(f"A course has at most {MAX_LESSONS} lessons.", code="too_many_lessons")
        values["section_id"] = await section_id_in(tx, inside, wish.section_id)
        lesson_id, position = new_id(), await last_lesson(tx, inside.course.id, values["section_id"]) + 1
        rooms = [(lesson_id, wish.title)] if wish.kind is LessonKind.LIVE else []
        lesson = Lesson(
            id=lesson_id,
            course_id=inside.course.id,
            position=position,
            room_id=(await add_rooms(tx, self._rooms, rooms, now)).get(lesson_id),
            created_at=now,
            updated_at=now,
            **values,
        )
        await add_lesson(tx, lesson)
        await self._tell(tx, inside, [LessonNews(lesson)])
        return lesson

    async def _row(self, tx: AsyncConnection, course_id: str, item_id: str) -> Lesson | None:
        return await find_lesson(tx, course_id, item_id)

    async def _check_seen(self, tx: AsyncConnection, inside: Entered, item: Lesson) -> None:
        section = None
        if item.section_id is not None:
            section = await find_section(tx, inside.course.id, item.section_id)
        if not item.is_released_at(self._clock(), section) and not inside.may(Action.COURSE_TEACH):
            raise not_released()

    async def _changes(
        self, tx: AsyncConnection, inside: Entered, item: Lesson, wanted: dict[str, Any]
    ) -> dict[str, Any]:
        """In another section it becomes the last."""
        values = dict(wanted)
        if "cancelled" in values:
            values["cancelled_at"] = self._cancelled_at(item, cancelled=values.pop("cancelled"))
        moved = {
            name for name in _OF_CALENDARS if values.get(name, getattr(item, name)) != getattr(item, name)
        }
        if moved:
            values["sequence"] = item.sequence + 1
        if moved & {"starts_at", "ends_at"}:
            values["over_at"] = None
        if moved - {"title"} and item.schedule_id is not None:
            values["touched"] = True
        if "section_id" in values:
            values["section_id"] = await section_id_in(tx, inside, values["section_id"])
            if values["section_id"] != item.section_id:
                values["position"] = await last_lesson(tx, inside.course.id, values["section_id"]) + 1
        changed = replace(item, **values)
        check_times(changed.kind, changed.starts_at, changed.ends_at)
        if "starts_at" in moved and self.before_move is not None:
            await self.before_move(tx, item, changed)
        return values

    async def _write(
        self,
        tx: AsyncConnection,
        inside: Entered,
        item: Lesson,
        changed: Lesson,
        values: dict[str, Any],
    ) -> None:
        await change_lesson(tx, item.id, **values)
        if item.room_id is None:
            return
        if changed.title != item.title:
            await self._rooms.rename(tx, item.room_id, changed.title, changed.updated_at)
        if changed.sequence != item.sequence:
            await self._tell(tx, inside, [LessonNews(changed, before=item)])
        if any(getattr(changed, name) != getattr(item, name) for name in _OF_RELEASE):
            await self._teller.settle(tx, inside.course)
        after_commit(tx, lambda: self._touched(item.course_id))

    async def _remove(self, tx: AsyncConnection, inside: Entered, item: Lesson) -> None:
        """What goes on in its room ends; what is recorded there stays in the course."""
        if item.room_id is not None:
            await self._rooms.delete(tx, [item.room_id], self._clock(), "The lesson was deleted.")
        await remove_lesson(tx, item.id)
        if item.schedule_id is not None and item.occurrence is not None:
            await skip_occurrence(tx, item.schedule_id, item.occurrence)
        await self._tell(tx, inside, [LessonNews(item, deleted=True)])

    def _cancelled_at(self, lesson: Lesson, *, cancelled: bool) -> datetime | None:
        """When it was cancelled, the first time. Raises Invalid for what is not held at all."""
        if lesson.kind is not LessonKind.LIVE:
            raise Invalid(
                "Only live lessons take place.", errors=[FieldError("/cancelled", "is of live lessons alone")]
            )
        return (lesson.cancelled_at or self._clock()) if cancelled else None


def check_times(kind: LessonKind, starts_at: datetime | None, ends_at: datetime | None) -> None:
    """Raises Invalid for a time that no lesson of this kind can have."""
    errors = []
    if kind is not LessonKind.LIVE and (starts_at or ends_at):
        errors.append(FieldError("/starts_at", "only live lessons have a time"))
    elif ends_at is not None and (starts_at is None or ends_at <= starts_at):
        errors.append(FieldError("/ends_at", "must be after starts_at"))
    if errors:
        raise Invalid("The lesson cannot be at this time.", errors=errors)
