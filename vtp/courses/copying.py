"""Copies of courses for another term: what is in them, not who took part; when it was only on request."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.audit import AuditLog, Event, Origin
from vtp.accounts.permissions import Action, require
from vtp.accounts.service import Clock, account_of, utc_now
from vtp.courses.announcement_store import count_announcements
from vtp.courses.contents import CourseContents, Source, Target
from vtp.courses.dates import DROPPED, DateRule, Dates
from vtp.courses.door import Entered, enter, enter_to_change, entered
from vtp.courses.permission_store import Permission, add_permissions, staff_of
from vtp.courses.recording_store import count_filed
from vtp.courses.roles import CourseStatus
from vtp.courses.schedule_store import count_schedules, page_of_schedules
from vtp.courses.schemas import CopyCourse
from vtp.courses.store import Course, add_course, find_course
from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.http.identity import Principal, Role
from vtp.ids import new_id


@dataclass(frozen=True, slots=True)
class Copied:
    """A course that was made of another. `carried`, `left`: by kind how many things it has of it, or not."""

    inside: Entered
    dates: Dates
    carried: Mapping[str, int]
    left: Mapping[str, int]
    lost: Sequence[str]
    """Names of files that had been lost before."""


class CourseCopies:
    """Raises Forbidden for who may not make courses or not change the copied one; NotFound, Invalid."""

    def __init__(
        self, database: Database, audit: AuditLog, contents: CourseContents, *, clock: Clock = utc_now
    ) -> None:
        self._database = database
        self._contents = contents
        self._audit = audit
        self._clock = clock

    async def copy(self, principal: Principal, course_id: str, wish: CopyCourse, origin: Origin) -> Copied:
        """Makes a draft that belongs to the caller, with what is in the course.

        Raises Conflict where a file was uploaded meanwhile, Unavailable for a full disk.
        """
        require(principal, Action.COURSE_CREATE)
        own_id = account_of(principal)
        async with self._database.read() as tx:
            source = (await enter(tx, principal, course_id, Action.COURSE_UPDATE)).course
        files, lost = await self._contents.link_files(source.id, own_id)
        try:
            copied, unused = await self._copy(principal, source.id, wish, origin, files, lost)
        except BaseException:
            await asyncio.shield(self._contents.discard_files(list(files.values())))
            raise
        await self._contents.discard_files(unused)
        return copied

    @done_over
    async def _copy(
        self,
        principal: Principal,
        course_id: str,
        wish: CopyCourse,
        origin: Origin,
        files: Mapping[str, str],
        lost: Mapping[str, str],
    ) -> tuple[Copied, list[str]]:
        """Gives, besides, which files nothing holds: those that were replaced meanwhile."""
        own_id, now = account_of(principal), self._clock()
        async with self._database.transaction() as tx:
            inside = await enter_to_change(
                tx, principal, course_id, Action.COURSE_UPDATE, though_archived=True
            )
            source = inside.course
            made = replace(
                source,
                id=new_id(),
                code=wish.code or source.code,
                name=wish.name or source.name,
                semester=wish.semester,
                year=wish.year,
                instructor_id=own_id,
                status=CourseStatus.DRAFT,
                version=1,
                created_at=now,
                updated_at=now,
            )
            await add_course(tx, made)
            target = Target(made, own_id, now, await _dates(tx, source.id, wish), files, lost=lost)
            await self._contents.carry(tx, Source(source.id), target)
            if wish.staff:
                await self._take_staff(tx, source, made, own_id)
            await self._audit.record(
                tx,
                Event.COURSE_CREATED,
                origin,
                actor_id=principal.user_id,
                subject=f"course:{made.id}",
                details={"code": made.code, "name": made.name, "copy_of": source.id},
            )
            found = await find_course(tx, made.id, own_id)
            left = await _left_out(tx, source.id, target)
        assert found is not None
        return Copied(
            entered(principal, found), target.dates, dict(target.carried), left, sorted(lost.values())
        ), target.unused

    async def _take_staff(self, tx: AsyncConnection, source: Course, made: Course, own_id: str) -> None:
        """Who teaches or assists keeps that role, whose course it was too; by the hand of who copies."""
        roles = await staff_of(tx, source.id)
        if source.instructor_id is not None:
            roles[source.instructor_id] = Role.TEACHER
        roles.pop(own_id, None)
        now = self._clock()
        given = [
            Permission(made.id, user_id, role, False, role.value, own_id, now)
            for user_id, role in roles.items()
        ]
        await add_permissions(tx, given)


async def _dates(tx: AsyncConnection, course_id: str, wish: CopyCourse) -> Dates:
    """By whose clocks dates are later: those that are wished, or else those of the course's series."""
    if wish.shift_days is None:
        return DROPPED
    series = [] if wish.time_zone else await page_of_schedules(tx, course_id, limit=1, before=None)
    zone = wish.time_zone or (series[0].time_zone if series else "UTC")
    return Dates(DateRule.SHIFTED, wish.shift_days, zone)


async def _left_out(tx: AsyncConnection, course_id: str, target: Target) -> dict[str, int]:
    """What the course has besides people and what they have done."""
    return {
        "series": await count_schedules(tx, course_id) - target.carried["series"],
        "announcements": await count_announcements(tx, course_id),
        "recordings": await count_filed(tx, course_id),
    }
