"""Series of live lessons: a rule of recurrence, of which lessons are made some weeks ahead.

Each of those is then a lesson as any other. Whoever moves or cancels one has said when that is: changes of
the series leave it alone. A change concerns what has not begun.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.permissions import Action, require
from vtp.courses.door import Entered, enter
from vtp.courses.lesson_news import LessonNews
from vtp.courses.lesson_rooms import add_rooms
from vtp.courses.live_items import LiveItems
from vtp.courses.outline import section_id_in
from vtp.courses.outline_schemas import MAX_LESSONS
from vtp.courses.outline_store import (
    Lesson,
    LessonKind,
    add_outline,
    change_lesson,
    count_lessons,
    last_lesson,
    remove_lesson,
)
from vtp.courses.recurrence import MAX_YEARS, Occurrence, occurrences
from vtp.courses.schedule_schemas import CreateSchedule
from vtp.courses.schedule_store import (
    Schedule,
    add_schedule,
    change_schedule,
    count_schedules,
    find_schedule,
    lessons_in_place,
    lessons_to_come,
    occurrences_made,
    page_of_schedules,
    remove_schedule,
    schedules_to_extend,
)
from vtp.courses.series import change_of, times_of
from vtp.courses.store import Course, find_course, lock_course
from vtp.db.after import after_commit
from vtp.db.conflicts import done_over
from vtp.errors import Conflict, FieldError, Invalid
from vtp.http.identity import Principal
from vtp.ids import new_id

logger = logging.getLogger(__name__)

AHEAD: Final = timedelta(weeks=8)
EXTEND_BEFORE: Final = timedelta(weeks=7)
MAX_SCHEDULES: Final = 50
_OF_TIME = ("rule", "time_zone", "first_start", "duration_minutes")


class Schedules(LiveItems[Schedule]):
    """See `CourseItems`. What has begun of a deleted one stays in the course, what has not goes with it."""

    noun: ClassVar[str] = "schedule"

    async def page(
        self, principal: Principal, course_id: str, *, limit: int, before: str | None
    ) -> list[Schedule]:
        """A course's, newest first, for its staff."""
        async with self._database.read() as tx:
            inside = await enter(tx, principal, course_id, Action.COURSE_TEACH)
            return await page_of_schedules(tx, inside.course.id, limit=limit, before=before)

    async def extend(self) -> int:
        """Makes the lessons that are due by now, of all courses; gives how many.

        Each series within a transaction of its own that has locked the course: of two processes the second
        finds nothing to do.
        """
        async with self._database.read() as tx:
            due = await schedules_to_extend(tx, self._clock() + EXTEND_BEFORE)
        made = 0
        for course_id, schedule_id in due:
            try:
                made += await self._extend(course_id, schedule_id)
            except Conflict as error:
                logger.warning("Series %s is not continued: %s", schedule_id, error.detail)
        return made

    @done_over
    async def _extend(self, course_id: str, schedule_id: str) -> int:
        now = self._clock()
        async with self._database.transaction() as tx:
            await lock_course(tx, course_id)
            found, schedule = (
                await find_course(tx, course_id, None),
                await find_schedule(tx, course_id, schedule_id),
            )
            if found is None or schedule is None or schedule.made_until >= now + EXTEND_BEFORE:
                return 0
            known = {*await occurrences_made(tx, schedule.id), *schedule.skipped}
            # What was missed while no server ran is over by now: nobody is invited to that.
            since = max(schedule.made_until, now)
            due = [
                one for one in self._wanted(schedule, now) if one.starts_at > since and one.local not in known
            ]
            made = await self._add_lessons(tx, found.course, schedule, due, now)
            await change_schedule(tx, schedule.id, made_until=now + AHEAD)
            await self._teller.tell(tx, found.course, [LessonNews(one) for one in made])
        return len(made)

    async def _make(self, tx: AsyncConnection, inside: Entered, wish: CreateSchedule) -> Schedule:
        now = self._clock()
        if await count_schedules(tx, inside.course.id) >= MAX_SCHEDULES:
            raise Conflict(f"A course has at most {MAX_SCHEDULES} series.", code="too_many_schedules")
        values = wish.model_dump() | {"section_id": await section_id_in(tx, inside, wish.section_id)}
        schedule = Schedule(
            id=new_id(),
            course_id=inside.course.id,
            skipped=[],
            made_until=now + AHEAD,
            created_at=now,
            updated_at=now,
            **values,
        )
        check_met(schedule)
        await add_schedule(tx, schedule)
        made = await self._add_lessons(tx, inside.course, schedule, self._wanted(schedule, now), now)
        await self._tell(tx, inside, [LessonNews(one) for one in made])
        return schedule

    async def _row(self, tx: AsyncConnection, course_id: str, item_id: str) -> Schedule | None:
        return await find_schedule(tx, course_id, item_id)

    async def _check_seen(self, tx: AsyncConnection, inside: Entered, item: Schedule) -> None:
        """Staff see how lessons come to be, everybody the lessons."""
        require(inside.principal, Action.COURSE_TEACH, inside.course)

    async def _changes(
        self, tx: AsyncConnection, inside: Entered, item: Schedule, wanted: dict[str, Any]
    ) -> dict[str, Any]:
        """The section is one of the course's."""
        if "section_id" in wanted:
            wanted["section_id"] = await section_id_in(tx, inside, wanted["section_id"])
        return wanted

    async def _write(
        self,
        tx: AsyncConnection,
        inside: Entered,
        item: Schedule,
        changed: Schedule,
        values: dict[str, Any],
    ) -> None:
        now = self._clock()
        news: list[LessonNews] = []
        placed = await self._place(tx, item, changed, now)
        if any(getattr(item, name) != getattr(changed, name) for name in _OF_TIME):
            check_met(changed)
            changed, news = await self._realign(tx, inside.course, item, changed, now)
            values |= {"skipped": changed.skipped, "made_until": changed.made_until}
        news = await self._rename(tx, item, changed, news, now)
        await change_schedule(tx, item.id, **values)
        await self._tell(tx, inside, news)
        if placed:
            await self._teller.settle(tx, inside.course)
        after_commit(tx, lambda: self._touched(item.course_id))

    async def _remove(self, tx: AsyncConnection, inside: Entered, item: Schedule) -> None:
        now = self._clock()
        rest = await lessons_to_come(tx, item.id, now)
        await self._remove_lessons(tx, rest, now)
        await self._tell(tx, inside, [LessonNews(one, deleted=True) for one in rest if not one.cancelled])
        await remove_schedule(tx, item.id)

    async def _realign(
        self, tx: AsyncConnection, course: Course, before: Schedule, after: Schedule, now: datetime
    ) -> tuple[Schedule, list[LessonNews]]:
        """Moves what has not begun to where the changed rule has it."""
        found = change_of(
            await lessons_in_place(tx, before.id),
            before.skipped,
            (self._wanted(before, now), self._wanted(after, now)),
            (before.rule, after.rule),
            ZoneInfo(before.time_zone),
            now,
        )
        await self._remove_lessons(tx, found.removed, now)
        for lesson in (*(one for one, _ in found.moved), *found.left_over):
            await change_lesson(tx, lesson.id, occurrence=None)  # no two are the same class meanwhile
        news = [LessonNews(one, deleted=True) for one in found.removed if not one.cancelled]
        for lesson, occurrence in found.moved:
            values = times_of(occurrence, after.duration_minutes)
            if lesson.touched:
                values = {"occurrence": occurrence.local}
            moved = replace(lesson, **values)  # type: ignore[arg-type]
            if (moved.starts_at, moved.ends_at) != (lesson.starts_at, lesson.ends_at):
                values |= {"sequence": lesson.sequence + 1, "updated_at": now}
                moved = replace(lesson, **values)  # type: ignore[arg-type]
                news.append(LessonNews(moved, before=lesson))
            await change_lesson(tx, lesson.id, **values)
        after = replace(after, skipped=found.skipped, made_until=now + AHEAD)
        made = await self._add_lessons(tx, course, after, found.added, now)
        return after, [*news, *(LessonNews(one) for one in made)]

    async def _place(self, tx: AsyncConnection, before: Schedule, after: Schedule, now: datetime) -> bool:
        """Shows, hides and puts into its section what has not begun, where nobody has said otherwise of a
        lesson; tells whether the series is another in that."""
        if (before.published, before.section_id) == (after.published, after.section_id):
            return False
        position = await last_lesson(tx, before.course_id, after.section_id) + 1
        for lesson in await lessons_to_come(tx, before.id, now):
            values: dict[str, Any] = {}
            if lesson.published == before.published != after.published:
                values["published"] = after.published
            if lesson.section_id == before.section_id != after.section_id:
                values |= {"section_id": after.section_id, "position": position}
                position += 1
            if values:
                await change_lesson(tx, lesson.id, updated_at=now, **values)
        return True

    async def _rename(
        self,
        tx: AsyncConnection,
        before: Schedule,
        after: Schedule,
        news: list[LessonNews],
        now: datetime,
    ) -> list[LessonNews]:
        """Calls what has not begun as the series is called now, where nobody has called it something else."""
        if (before.title, before.description) == (after.title, after.description):
            return news
        told = {one.lesson.id: one for one in news}
        for lesson in await lessons_to_come(tx, before.id, now):
            values: dict[str, Any] = {}
            if lesson.title == before.title != after.title:
                values["title"] = after.title
            if lesson.description == before.description != after.description:
                values["description"] = after.description
            if not values:
                continue
            known = told.get(lesson.id)
            more: dict[str, Any] = {"updated_at": now} | ({} if known else {"sequence": lesson.sequence + 1})
            await change_lesson(tx, lesson.id, **values, **more)
            if lesson.room_id is not None and "title" in values:
                await self._rooms.rename(tx, lesson.room_id, after.title, now)
            renamed = replace(lesson, **values, **more)
            told[lesson.id] = replace(known, lesson=renamed) if known else LessonNews(renamed, before=lesson)
        return list(told.values())

    def _wanted(self, schedule: Schedule, now: datetime) -> list[Occurrence]:
        """All classes up to the time until which lessons are made."""
        zone = ZoneInfo(schedule.time_zone)
        return list(occurrences(schedule.rule, schedule.first_start, zone, now + AHEAD))

    async def _add_lessons(
        self,
        tx: AsyncConnection,
        course: Course,
        schedule: Schedule,
        due: Sequence[Occurrence],
        now: datetime,
    ) -> list[Lesson]:
        """Raises Conflict for more than a course may have."""
        if not due:
            return []
        if await count_lessons(tx, course.id) + len(due) > MAX_LESSONS:
            raise Conflict(f"A course has at most {MAX_LESSONS} lessons.", code="too_many_lessons")
        position = await last_lesson(tx, course.id, schedule.section_id) + 1
        ids = [new_id() for _ in due]
        rooms = await add_rooms(tx, self._rooms, [(one, schedule.title) for one in ids], now)
        made = [
            Lesson(
                id=lesson_id,
                course_id=course.id,
                section_id=schedule.section_id,
                kind=LessonKind.LIVE,
                title=schedule.title,
                description=schedule.description,
                position=position + number,
                published=schedule.published,
                release_at=None,
                room_id=rooms[lesson_id],
                created_at=now,
                updated_at=now,
                schedule_id=schedule.id,
                **times_of(one, schedule.duration_minutes),  # type: ignore[arg-type]
            )
            for number, (lesson_id, one) in enumerate(zip(ids, due, strict=True))
        ]
        await add_outline(tx, [], made)
        return made

    async def _remove_lessons(self, tx: AsyncConnection, lessons: Sequence[Lesson], now: datetime) -> None:
        rooms = [one.room_id for one in lessons if one.room_id is not None]
        await self._rooms.delete(tx, rooms, now, "The lesson was deleted.")
        for one in lessons:
            await remove_lesson(tx, one.id)


def check_met(schedule: Schedule) -> None:
    """Raises Invalid for a series without a single class."""
    zone = ZoneInfo(schedule.time_zone)
    far = datetime.fromisoformat(schedule.first_start).replace(tzinfo=zone) + timedelta(days=366 * MAX_YEARS)
    if next(occurrences(schedule.rule, schedule.first_start, zone, far), None) is None:
        raise Invalid(
            "By this rule there is no class at all.",
            errors=[FieldError("/rule", "is not met once from first_start on")],
        )
