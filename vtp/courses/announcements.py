"""Announcements: what a course's staff tell everybody in it."""

from __future__ import annotations

from typing import Any, ClassVar

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.permissions import Action
from vtp.accounts.service import account_of
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
from vtp.http.identity import Principal
from vtp.ids import new_id


class Announcements(CourseItems[Announcement]):
    """See `CourseItems`."""

    noun: ClassVar[str] = "announcement"

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

    async def _remove(self, tx: AsyncConnection, inside: Entered, item: Announcement) -> None:
        await remove_announcement(tx, item.id)
