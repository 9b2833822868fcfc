"""Announcements: what a course's staff tell everybody in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.audit import AuditLog, Origin
from vtp.accounts.permissions import Action
from vtp.accounts.service import Clock, account_of, utc_now
from vtp.courses.announcement_schemas import ChangeAnnouncement, CreateAnnouncement
from vtp.courses.announcement_store import (
    Announcement,
    add_announcement,
    change_announcement,
    find_announcement,
    page_of_announcements,
    remove_announcement,
)
from vtp.courses.door import Entered, enter, enter_to_change
from vtp.courses.outline import changes_of, note_removal
from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.errors import NotFound
from vtp.http.identity import Principal
from vtp.ids import new_id, parse_id

UnlessChanged = Callable[[Announcement], None]
"""Raises PreconditionFailed for one that is not as the caller has seen it (`If-Match`)."""


class Announcements:
    """Every method raises Forbidden, NotFound, Invalid for malformed ids; changes Conflict in an archived
    course."""

    def __init__(self, database: Database, audit: AuditLog, *, clock: Clock = utc_now) -> None:
        self._database = database
        self._audit = audit
        self._clock = clock

    @done_over
    async def create(self, principal: Principal, course_id: str, wish: CreateAnnouncement) -> Announcement:
        """Tells the course something."""
        now, author_id = self._clock(), account_of(principal)
        async with self._database.transaction() as tx:
            inside = await enter_to_change(tx, principal, course_id, Action.COURSE_TEACH)
            made = Announcement(
                id=new_id(),
                course_id=inside.course.id,
                author_id=author_id,
                title=wish.title,
                body=wish.body,
                created_at=now,
                updated_at=now,
            )
            await add_announcement(tx, made)
            return await _in(tx, inside, made.id)

    async def get(self, principal: Principal, course_id: str, announcement_id: str) -> Announcement:
        """One of a course's."""
        async with self._database.read() as tx:
            inside = await enter(tx, principal, course_id, Action.COURSE_VIEW)
            return await _in(tx, inside, announcement_id)

    async def page(
        self, principal: Principal, course_id: str, *, limit: int, before: str | None
    ) -> list[Announcement]:
        """A course's, newest first."""
        async with self._database.read() as tx:
            inside = await enter(tx, principal, course_id, Action.COURSE_VIEW)
            return await page_of_announcements(tx, inside.course.id, limit=limit, before=before)

    @done_over
    async def change(
        self,
        principal: Principal,
        course_id: str,
        announcement_id: str,
        wish: ChangeAnnouncement,
        unless_changed: UnlessChanged = lambda announcement: None,
    ) -> Announcement:
        """Changes what `wish` names. Raises PreconditionFailed."""
        values = changes_of(wish)
        async with self._database.transaction() as tx:
            inside = await enter_to_change(tx, principal, course_id, Action.COURSE_TEACH)
            found = await _in(tx, inside, announcement_id)
            unless_changed(found)
            values["updated_at"] = self._clock()
            await change_announcement(tx, found.id, **values)
        return replace(found, **values)

    @done_over
    async def delete(
        self, principal: Principal, course_id: str, announcement_id: str, origin: Origin
    ) -> None:
        """Takes one back."""
        async with self._database.transaction() as tx:
            inside = await enter_to_change(tx, principal, course_id, Action.COURSE_TEACH)
            found = await _in(tx, inside, announcement_id)
            await remove_announcement(tx, found.id)
            await note_removal(self._audit, tx, inside, origin, announcement=found.id, name=found.title)


async def _in(tx: AsyncConnection, inside: Entered, announcement_id: str) -> Announcement:
    wanted = parse_id(announcement_id, "/path/announcement_id")
    found = await find_announcement(tx, inside.course.id, wanted)
    if found is None:
        raise NotFound("This course has no such announcement.", code="no_such_announcement")
    return found
