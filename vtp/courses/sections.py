"""Sections: the parts of a course, and the order of everything in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from vtp.accounts.audit import AuditLog, Origin
from vtp.accounts.permissions import Action
from vtp.accounts.service import Clock, utc_now
from vtp.courses.door import enter, enter_to_change
from vtp.courses.outline import changes_of, not_released, note_removal, section_in, seen_at
from vtp.courses.outline_schemas import MAX_SECTIONS, ChangeSection, CreateSection, Outline
from vtp.courses.outline_store import (
    Section,
    SectionPlace,
    add_section,
    change_section,
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

SectionUnlessChanged = Callable[[Section], None]
"""Raises PreconditionFailed for one that is not as the caller has seen it (`If-Match`)."""


class Sections:
    """Every method raises Forbidden, NotFound, Invalid for malformed ids; changes Conflict in an archived
    course."""

    def __init__(self, database: Database, audit: AuditLog, *, clock: Clock = utc_now) -> None:
        self._database = database
        self._audit = audit
        self._clock = clock

    @done_over
    async def create(self, principal: Principal, course_id: str, wish: CreateSection) -> Section:
        """Adds a section behind the others. Raises Conflict for too many."""
        now = self._clock()
        async with self._database.transaction() as tx:
            inside = await enter_to_change(tx, principal, course_id, Action.COURSE_TEACH)
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

    async def get(self, principal: Principal, course_id: str, section_id: str) -> Section:
        """A section that the caller may see."""
        async with self._database.read() as tx:
            inside = await enter(tx, principal, course_id, Action.COURSE_VIEW)
            section = await section_in(tx, inside, section_id)
        if not section.is_released_at(self._clock()) and not inside.may(Action.COURSE_TEACH):
            raise not_released()
        return section

    async def page(
        self, principal: Principal, course_id: str, *, limit: int, after: SectionPlace | None
    ) -> list[Section]:
        """Those that the caller may see, in their order."""
        async with self._database.read() as tx:
            inside = await enter(tx, principal, course_id, Action.COURSE_VIEW)
            released_at = seen_at(inside, self._clock())
            return await page_of_sections(tx, inside.course.id, released_at, limit=limit, after=after)

    @done_over
    async def change(
        self,
        principal: Principal,
        course_id: str,
        section_id: str,
        wish: ChangeSection,
        unless_changed: SectionUnlessChanged = lambda section: None,
    ) -> Section:
        """Changes what `wish` names. Raises PreconditionFailed."""
        values = changes_of(wish)
        async with self._database.transaction() as tx:
            inside = await enter_to_change(tx, principal, course_id, Action.COURSE_TEACH)
            section = await section_in(tx, inside, section_id)
            unless_changed(section)
            values["updated_at"] = self._clock()
            await change_section(tx, section.id, **values)
        return replace(section, **values)

    @done_over
    async def delete(self, principal: Principal, course_id: str, section_id: str, origin: Origin) -> None:
        """Deletes a section; its lessons stay in the course, in no section."""
        async with self._database.transaction() as tx:
            inside = await enter_to_change(tx, principal, course_id, Action.COURSE_TEACH)
            section = await section_in(tx, inside, section_id)
            await remove_section(tx, section.id)
            await note_removal(self._audit, tx, inside, origin, section=section.id, name=section.title)

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
