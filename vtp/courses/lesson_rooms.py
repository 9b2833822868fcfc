"""The rooms of live lessons, made with them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.service import Clock, utc_now
from vtp.courses.outline_store import LessonKind
from vtp.courses.store import lock_course
from vtp.courses.tables import lessons
from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.rooms.kept import KeptRooms

_SLUG = "lesson-"


async def add_rooms(
    tx: AsyncConnection, rooms: KeptRooms, of_them: Sequence[tuple[str, str]], now: datetime
) -> dict[str, str]:
    """Makes a room for each lesson, of which id and title are given; gives the rooms' ids by lesson."""
    made = await rooms.add(tx, [(f"{_SLUG}{lesson_id}", title) for lesson_id, title in of_them], now)
    return {lesson_id: room.id for (lesson_id, _), room in zip(of_them, made, strict=True)}


class LessonRooms:
    """Gives rooms to live lessons that have none: those that were made before lessons had any."""

    def __init__(self, database: Database, rooms: KeptRooms, *, clock: Clock = utc_now) -> None:
        self._database = database
        self._rooms = rooms
        self._clock = clock

    async def complete(self) -> int:
        """Looks once; gives how many rooms were made."""
        async with self._database.read() as tx:
            found = (await tx.execute(_WITHOUT.with_only_columns(lessons.c.course_id).distinct())).scalars()
            courses = sorted(found)
        return sum([await self._complete(course_id) for course_id in courses])

    @done_over
    async def _complete(self, course_id: str) -> int:
        now = self._clock()
        async with self._database.transaction() as tx:
            await lock_course(tx, course_id)
            rows = await tx.execute(_WITHOUT.where(lessons.c.course_id == course_id))
            rooms = await add_rooms(tx, self._rooms, [(row[0], row[1]) for row in rows], now)
            for lesson_id, room_id in rooms.items():
                await tx.execute(update(lessons).where(lessons.c.id == lesson_id).values(room_id=room_id))
        return len(rooms)


_WITHOUT = select(lessons.c.id, lessons.c.title).where(
    lessons.c.kind == LessonKind.LIVE, lessons.c.room_id.is_(None)
)
