"""Sections: the parts of a course, and the order of everything in it."""

from __future__ import annotations

from typing import Any, ClassVar

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.audit import AuditLog
from vtp.accounts.permissions import Action
from vtp.accounts.service import Clock, utc_now
from vtp.courses.door import Entered, enter, enter_to_change
from vtp.courses.items import CourseItems
from vtp.courses.lesson_teller import LessonTeller
from vtp.courses.outline import not_released, seen_at
from vtp.courses.outline_schemas import MAX_SECTIONS, CreateSection, Outline
from vtp.courses.outline_store import (
    Section,
    SectionPlace,
    add_section,
    change_section,
    find_section,
    last_section,
    lessons_of,
    page_of_sections,
    put_in_order,
    remove_section,
    sections_of,
)
from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.errors import Conflict
from vtp.http.identity import Principal
from vtp.ids import new_id


class Sections(CourseItems[Section]):
    """See `CourseItems`. A deleted one leaves its lessons in the course, in no section. Students are told of
    live lessons that they see by a change, or see no more."""

    noun: ClassVar[str] = "section"

    def __init__(
        self, database: Database, audit: AuditLog, teller: LessonTeller, *, clock: Clock = utc_now
    ) -> None:
        super().__init__(database, audit, clock=clock)
        self._teller = teller

    async def page(
        self, principal: Principal, course_id: str, *, limit: int, after: SectionPlace | None
    ) -> list[Section]:
        """Those that the caller may see, in their order."""
        async with self._database.read() as tx:
            inside = await enter(tx, principal, course_id, Action.COURSE_VIEW)
            released_at = seen_at(inside, self._clock())
            return await page_of_sections(tx, inside.course.id, released_at, limit=limit, after=after)

    @done_over
    async def put_in_order(self, principal: Principal, course_id: str, outline: Outline) -> None:
        """Puts the whole course into another order. Raises Conflict when the outline does not name every
        section and every lesson once: then somebody has changed the course meanwhile."""
        async with self._database.transaction() as tx:
            inside = await enter_to_change(tx, principal, course_id, Action.COURSE_TEACH)
            sections = await sections_of(tx, inside.course.id)
            lessons = await lessons_of(tx, inside.course.id)
            ordered, placed = _places(outline)
            same_sections = sorted(one for one, _ in ordered) == sorted(one.id for one in sections)
            if not same_sections or sorted(one for one, _, _ in placed) != sorted(one.id for one in lessons):
                raise Conflict(
                    "The course has other sections or lessons by now: read it again.", code="outline_changed"
                )
            await put_in_order(tx, ordered, placed)
            await self._teller.settle(tx, inside.course)

    async def _make(self, tx: AsyncConnection, inside: Entered, wish: CreateSection) -> Section:
        """Behind the others."""
        now = self._clock()
        count, last = await last_section(tx, inside.course.id)
        if count >= MAX_SECTIONS:
            raise Conflict(f"A course has at most {MAX_SECTIONS} sections.", code="too_many_sections")
        section = Section(
            id=new_id(),
            course_id=inside.course.id,
            position=last + 1,
            created_at=now,
            updated_at=now,
            **wish.model_dump(),
        )
        await add_section(tx, section)
        return section

    async def _row(self, tx: AsyncConnection, course_id: str, item_id: str) -> Section | None:
        return await find_section(tx, course_id, item_id)

    async def _write(
        self,
        tx: AsyncConnection,
        inside: Entered,
        item: Section,
        changed: Section,
        values: dict[str, Any],
    ) -> None:
        await change_section(tx, item.id, **values)
        await self._teller.settle(tx, inside.course)

    async def _remove(self, tx: AsyncConnection, inside: Entered, item: Section) -> None:
        await remove_section(tx, item.id)
        await self._teller.settle(tx, inside.course)

    async def _check_seen(self, tx: AsyncConnection, inside: Entered, item: Section) -> None:
        if not item.is_released_at(self._clock()) and not inside.may(Action.COURSE_TEACH):
            raise not_released()


def _places(outline: Outline) -> tuple[list[tuple[str, int]], list[tuple[str, str | None, int]]]:
    """Sections by position, and lessons with their section and position in it."""
    ordered = [(section.id.lower(), n) for n, section in enumerate(outline.sections)]
    placed: list[tuple[str, str | None, int]] = [
        (one.lower(), None, n) for n, one in enumerate(outline.lessons)
    ]
    for section in outline.sections:
        into = section.id.lower()
        placed += [(one.lower(), into, n) for n, one in enumerate(section.lessons)]
    return ordered, placed
