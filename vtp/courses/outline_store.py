"""The rows of sections and lessons, in the order of their course. No rules here, only SQL."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Integer,
    String,
    Table,
    and_,
    bindparam,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.courses.tables import course_sections, lessons


class LessonKind(enum.StrEnum):
    """What a lesson is."""

    LIVE = "live"
    RECORDING = "recording"
    MATERIAL = "material"
    ASSIGNMENT = "assignment"


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a course."""

    id: str
    course_id: str
    title: str
    description: str
    position: int
    published: bool
    release_at: datetime | None
    created_at: datetime
    updated_at: datetime

    def is_released_at(self, now: datetime) -> bool:
        """Whether students see it."""
        return self.published and (self.release_at is None or self.release_at <= now)


@dataclass(frozen=True, slots=True)
class Lesson:
    """A lesson; `position` is within its section, or within those without one, which come first."""

    id: str
    course_id: str
    section_id: str | None
    kind: LessonKind
    title: str
    description: str
    position: int
    published: bool
    release_at: datetime | None
    starts_at: datetime | None
    ends_at: datetime | None
    room_id: str | None
    created_at: datetime
    updated_at: datetime
    cancelled_at: datetime | None = None
    schedule_id: str | None = None
    occurrence: str | None = None
    touched: bool = False
    sequence: int = 0
    over_at: datetime | None = None
    told: bool = False

    @property
    def cancelled(self) -> bool:
        """Whether it does not take place."""
        return self.cancelled_at is not None

    def is_released_at(self, now: datetime, section: Section | None) -> bool:
        """Whether students see it, which they do not in a section that is hidden."""
        own = self.published and (self.release_at is None or self.release_at <= now)
        return own and (section is None or section.is_released_at(now))


@dataclass(frozen=True, slots=True)
class LessonFilter:
    """Which lessons to list; empty fields do not matter. `released_at`: only what students see then."""

    kind: str = ""
    section_id: str = ""
    released_at: datetime | None = None


SectionPlace = tuple[int, str]
LessonPlace = tuple[int, str, int, str]
"""Where a page ended: the section's position and id, the lesson's position and id."""

_SECTIONS = select(*(course_sections.c[name] for name in Section.__slots__))
_OF_LESSON, _KIND = len(Lesson.__slots__), Lesson.__slots__.index("kind")
_LESSONS = select(*(lessons.c[name] for name in Lesson.__slots__))
_SECTION_ORDER = (func.coalesce(course_sections.c.position, -1), func.coalesce(course_sections.c.id, ""))
_LESSON_ORDER = (*_SECTION_ORDER, lessons.c.position, lessons.c.id)


async def add_section(tx: AsyncConnection, section: Section) -> None:
    """Adds a section."""
    await tx.execute(insert(course_sections).values(_values(section)))


async def add_lesson(tx: AsyncConnection, lesson: Lesson) -> None:
    """Adds a lesson."""
    await tx.execute(insert(lessons).values(_values(lesson)))


async def add_outline(tx: AsyncConnection, sections: Sequence[Section], of_them: Sequence[Lesson]) -> None:
    """Adds the sections and lessons of a whole course."""
    for table, rows in ((course_sections, sections), (lessons, of_them)):
        if rows:
            await tx.execute(insert(table), [_values(row) for row in rows])


async def find_section(tx: AsyncConnection, course_id: str, section_id: str) -> Section | None:
    """A section of a course."""
    c = course_sections.c
    row = (await tx.execute(_SECTIONS.where(c.id == section_id, c.course_id == course_id))).one_or_none()
    return Section(**row._mapping) if row else None


async def find_lesson(tx: AsyncConnection, course_id: str, lesson_id: str) -> Lesson | None:
    """A lesson of a course."""
    c = lessons.c
    row = (await tx.execute(_LESSONS.where(c.id == lesson_id, c.course_id == course_id))).one_or_none()
    return lesson_of_row(row) if row else None


async def sections_of(tx: AsyncConnection, course_id: str) -> list[Section]:
    """All of a course's, in their order: at most MAX_SECTIONS."""
    return await page_of_sections(tx, course_id, None, limit=None, after=None)


async def lessons_of(tx: AsyncConnection, course_id: str) -> list[Lesson]:
    """All of a course's, in their order: at most MAX_LESSONS."""
    return [
        lesson for lesson, _ in await page_of_lessons(tx, course_id, LessonFilter(), limit=None, after=None)
    ]


async def page_of_sections(
    tx: AsyncConnection,
    course_id: str,
    released_at: datetime | None,
    *,
    limit: int | None,
    after: SectionPlace | None,
) -> list[Section]:
    """Sections in their order, those that students see then, or all."""
    c = course_sections.c
    statement = _SECTIONS.where(c.course_id == course_id).order_by(c.position, c.id).limit(limit)
    if released_at is not None:
        statement = statement.where(is_released(course_sections, released_at))
    if after is not None:
        statement = statement.where(tuple_(c.position, c.id) > place_of(*after))
    return [Section(**row._mapping) for row in await tx.execute(statement)]


async def page_of_lessons(
    tx: AsyncConnection,
    course_id: str,
    wanted: LessonFilter,
    *,
    limit: int | None,
    after: LessonPlace | None,
) -> list[tuple[Lesson, LessonPlace]]:
    """Lessons in the order of the course, each with its place."""
    joined = lessons.outerjoin(course_sections, course_sections.c.id == lessons.c.section_id)
    statement = _LESSONS.add_columns(*(place.label(f"place_{i}") for i, place in enumerate(_SECTION_ORDER)))
    statement = statement.select_from(joined).where(lessons.c.course_id == course_id)
    if wanted.kind:
        statement = statement.where(lessons.c.kind == wanted.kind)
    if wanted.section_id:
        statement = statement.where(lessons.c.section_id == wanted.section_id)
    if wanted.released_at is not None:
        statement = statement.where(is_lesson_released(wanted.released_at))
    if after is not None:
        statement = statement.where(tuple_(*_LESSON_ORDER) > place_of(*after))
    rows = await tx.execute(statement.order_by(*_LESSON_ORDER).limit(limit))
    return [(lesson_of_row(row), (row.place_0, row.place_1, row.position, row.id)) for row in rows]


async def last_section(tx: AsyncConnection, course_id: str) -> tuple[int, int]:
    """How many sections a course has, and the position of the last; -1 without one."""
    c = course_sections.c
    found = await tx.execute(select(func.count(), func.max(c.position)).where(c.course_id == course_id))
    count, last = found.one()
    return count, -1 if last is None else last


async def count_lessons(tx: AsyncConnection, course_id: str) -> int:
    """How many lessons a course has."""
    return int((await tx.execute(select(func.count()).where(lessons.c.course_id == course_id))).scalar_one())


async def last_lesson(tx: AsyncConnection, course_id: str, section_id: str | None) -> int:
    """The position of the last lesson of a section; -1 without one."""
    c = lessons.c
    within = c.section_id.is_(None) if section_id is None else c.section_id == section_id
    last = (await tx.execute(select(func.max(c.position)).where(c.course_id == course_id, within))).scalar()
    return -1 if last is None else int(last)


async def change_section(tx: AsyncConnection, section_id: str, **values: Any) -> None:
    """Sets columns of a section."""
    await tx.execute(update(course_sections).where(course_sections.c.id == section_id).values(**values))


async def change_lesson(tx: AsyncConnection, lesson_id: str, **values: Any) -> None:
    """Sets columns of a lesson."""
    await tx.execute(update(lessons).where(lessons.c.id == lesson_id).values(**values))


async def remove_section(tx: AsyncConnection, section_id: str) -> None:
    """Deletes a section; its lessons stay, without one."""
    await tx.execute(delete(course_sections).where(course_sections.c.id == section_id))


async def remove_lesson(tx: AsyncConnection, lesson_id: str) -> None:
    """Deletes a lesson."""
    await tx.execute(delete(lessons).where(lessons.c.id == lesson_id))


async def put_in_order(
    tx: AsyncConnection, sections: Sequence[tuple[str, int]], of_them: Sequence[tuple[str, str | None, int]]
) -> None:
    """Writes positions: of sections, and of lessons with the section that each is in."""
    if sections:
        c = course_sections.c
        placed = update(course_sections).where(c.id == bindparam("wanted")).values(position=bindparam("at"))
        await tx.execute(placed, [{"wanted": wanted, "at": at} for wanted, at in sections])
    if of_them:
        moved = update(lessons).where(lessons.c.id == bindparam("wanted"))
        moved = moved.values(section_id=bindparam("into"), position=bindparam("at"))
        await tx.execute(moved, [{"wanted": wanted, "into": into, "at": at} for wanted, into, at in of_them])


def is_released(table: Table, now: datetime | ColumnElement[datetime]) -> ColumnElement[bool]:
    """Whether a section or a lesson is, by itself, what students see then."""
    due = or_(table.c.release_at.is_(None), table.c.release_at <= now)
    return and_(table.c.published.is_(True), due)


def is_lesson_released(now: datetime | ColumnElement[datetime]) -> ColumnElement[bool]:
    """Whether a lesson is, in its section, what students see then; statements join the section."""
    section = or_(lessons.c.section_id.is_(None), is_released(course_sections, now))
    return and_(is_released(lessons, now), section)


def place_of(*values: int | str) -> ColumnElement[Any]:
    """Where a page ended, to be compared with the columns that it is ordered by."""
    return tuple_(*(literal(one, Integer if isinstance(one, int) else String) for one in values))


def _values(row: Section | Lesson) -> dict[str, Any]:
    return {name: getattr(row, name) for name in row.__slots__}


def lesson_of_row(row: Sequence[Any]) -> Lesson:
    """The lesson of a row that begins with its columns."""
    values = list(row[:_OF_LESSON])
    values[_KIND] = LessonKind(values[_KIND])
    return Lesson(*values)
