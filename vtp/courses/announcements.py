"""Announcements: what a course's staff tell everybody in it."""

from __future__ import annotations

from typing import Any, ClassVar

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.audit import AuditLog
from vtp.accounts.permissions import Action
from vtp.accounts.service import Clock, account_of, utc_now
from vtp.courses.announcement_schemas import CreateAnnouncement
from vtp.courses.announcement_store import (
    Announcement,
    add_announcement,
    change_announcement,
    find_announcement,
    page_of_announcements,
    remove_announcement,
)
from vtp.courses.door import Entered, enter
from vtp.courses.items import CourseItems
from vtp.courses.news import ANNOUNCEMENT, Whom, news_in, people_in
from vtp.courses.roles import OPEN_TO_STUDENTS
from vtp.courses.store import Course
from vtp.db import Database
from vtp.http.identity import Principal
from vtp.ids import new_id
from vtp.notifications.news import News
from vtp.notifications.notifier import Notifier


class Announcements(CourseItems[Announcement]):
    """See `CourseItems`. Members are told of each, and no more of what is taken back."""

    noun: ClassVar[str] = "announcement"

    def __init__(
        self, database: Database, audit: AuditLog, notifier: Notifier, *, clock: Clock = utc_now
    ) -> None:
        super().__init__(database, audit, clock=clock)
        self._notifier = notifier

    async def page(
        self, principal: Principal, course_id: str, *, limit: int, before: str | None
    ) -> list[Announcement]:
        """A course's, newest first."""
        async with self._database.read() as tx:
            inside = await enter(tx, principal, course_id, Action.COURSE_VIEW)
            return await page_of_announcements(tx, inside.course.id, limit=limit, before=before)

    async def _make(self, tx: AsyncConnection, inside: Entered, wish: CreateAnnouncement) -> Announcement:
        now = self._clock()
        made = Announcement(
            id=new_id(),
            course_id=inside.course.id,
            author_id=account_of(inside.principal),
            title=wish.title,
            body=wish.body,
            created_at=now,
            updated_at=now,
        )
        await add_announcement(tx, made)
        await self._tell(tx, inside, made)
        return await self.find(tx, inside, made.id)

    async def _row(self, tx: AsyncConnection, course_id: str, item_id: str) -> Announcement | None:
        return await find_announcement(tx, course_id, item_id)

    async def _write(
        self,
        tx: AsyncConnection,
        inside: Entered,
        item: Announcement,
        changed: Announcement,
        values: dict[str, Any],
    ) -> None:
        await change_announcement(tx, item.id, **values)
        if (changed.title, changed.body) != (item.title, item.body):
            await self._notifier.change(tx, _news_of(inside.course, changed))

    async def _remove(self, tx: AsyncConnection, inside: Entered, item: Announcement) -> None:
        await remove_announcement(tx, item.id)
        await self._notifier.take_back(tx, item.id)

    async def _tell(self, tx: AsyncConnection, inside: Entered, made: Announcement) -> None:
        """Everybody who may read it, but for who wrote it."""
        course = inside.course
        whom = Whom.EVERYBODY if course.status in OPEN_TO_STUDENTS else Whom.STAFF
        await self._notifier.tell(
            tx,
            _news_of(course, made),
            people_in(course.id, course.instructor_id, whom, [made.author_id]),
        )


def _news_of(course: Course, one: Announcement) -> News:
    return news_in(course, ANNOUNCEMENT, one.title, one.body, page="announcements", subject_id=one.id)
