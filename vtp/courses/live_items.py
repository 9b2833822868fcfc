"""What a course has of live lessons, single ones or series: with rooms, and told to members' calendars."""

from __future__ import annotations

from collections.abc import Callable

from vtp.accounts.audit import AuditLog
from vtp.accounts.service import Clock, utc_now
from vtp.courses.items import CourseItems, Item
from vtp.courses.lesson_mails import LessonMails
from vtp.db import Database
from vtp.rooms.kept import KeptRooms


class LiveItems(CourseItems[Item]):
    """See `CourseItems`. `touched` hears of the course of what was changed or is no more."""

    def __init__(
        self,
        database: Database,
        audit: AuditLog,
        rooms: KeptRooms,
        mails: LessonMails,
        touched: Callable[[str], None],
        *,
        clock: Clock = utc_now,
    ) -> None:
        super().__init__(database, audit, clock=clock)
        self._rooms = rooms
        self._mails = mails
        self._touched = touched
