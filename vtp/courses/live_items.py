"""What a course has of live lessons, single ones or series: with rooms, and told to members' calendars."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.audit import AuditLog
from vtp.accounts.service import Clock, utc_now
from vtp.courses.door import Entered
from vtp.courses.items import CourseItems, Item
from vtp.courses.lesson_news import LessonNews
from vtp.courses.lesson_teller import LessonTeller
from vtp.db import Database
from vtp.rooms.kept import KeptRooms


class LiveItems(CourseItems[Item]):
    """See `CourseItems`. `touched` hears of the course of what was changed or is no more."""

    def __init__(
        self,
        database: Database,
        audit: AuditLog,
        rooms: KeptRooms,
        teller: LessonTeller,
        touched: Callable[[str], None],
        *,
        clock: Clock = utc_now,
    ) -> None:
        super().__init__(database, audit, clock=clock)
        self._rooms = rooms
        self._teller = teller
        self._touched = touched

    async def _tell(self, tx: AsyncConnection, inside: Entered, news: Sequence[LessonNews]) -> None:
        """Tells the course what the caller has done to live lessons."""
        await self._teller.tell(tx, inside.course, news, by=inside.principal.user_id)
