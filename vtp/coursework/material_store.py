"""The rows of materials, each with its newest file. No rules here, only SQL."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, and_, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.courses.tables import course_sections, lessons
from vtp.coursework.file_store import COLUMNS, KEPT, StoredFile, files_of
from vtp.coursework.released import seen_by_students
from vtp.coursework.tables import coursework_files as files
from vtp.coursework.tables import materials as table

MAX_MATERIALS: Final = 2000  # of a course


@dataclass(frozen=True, slots=True)
class Material:
    """Something to read or to watch; `file` is its newest version."""

    id: str
    course_id: str
    lesson_id: str | None
    title: str
    description: str
    published: bool
    release_at: datetime | None
    versions: int
    created_by: str | None
    created_at: datetime
    updated_at: datetime
    to_tell: bool = False
    file: StoredFile | None = None


@dataclass(frozen=True, slots=True)
class MaterialFilter:
    """Which materials to list; empty fields do not matter. `released_at`: only what students see then."""

    lesson_id: str = ""
    released_at: datetime | None = None


_OWN = [name for name in Material.__slots__ if name != "file"]
_newest = (
    select(func.max(files.c.version))
    .where(files.c.material_id == table.c.id, files.c.state == KEPT)
    .correlate(table)
    .scalar_subquery()
)
_FROM = (
    table.outerjoin(
        files, and_(files.c.material_id == table.c.id, files.c.state == KEPT, files.c.version == _newest)
    )
    .outerjoin(lessons, lessons.c.id == table.c.lesson_id)
    .outerjoin(course_sections, course_sections.c.id == lessons.c.section_id)
)
_MATERIALS = select(*(table.c[name] for name in _OWN), *COLUMNS).select_from(_FROM)


async def add_material(tx: AsyncConnection, material: Material) -> None:
    """Adds one."""
    await tx.execute(insert(table).values({name: getattr(material, name) for name in _OWN}))


async def find_material(
    tx: AsyncConnection, course_id: str, material_id: str, released_at: datetime | None = None
) -> Material | None:
    """One of a course's; with `released_at` only if students see it then."""
    statement = _MATERIALS.where(table.c.id == material_id, table.c.course_id == course_id)
    if released_at is not None:
        statement = statement.where(*seen_by_students(table, released_at))
    row = (await tx.execute(statement)).one_or_none()
    return _material(row) if row else None


async def page_of_materials(
    tx: AsyncConnection, course_id: str, wanted: MaterialFilter, *, limit: int, before: str | None
) -> list[Material]:
    """A course's, newest first."""
    statement = _MATERIALS.where(table.c.course_id == course_id).order_by(table.c.id.desc()).limit(limit)
    if wanted.lesson_id:
        statement = statement.where(table.c.lesson_id == wanted.lesson_id)
    if wanted.released_at is not None:
        statement = statement.where(*seen_by_students(table, wanted.released_at))
    if before is not None:
        statement = statement.where(table.c.id < before)
    return [_material(row) for row in await tx.execute(statement)]


async def materials_of(
    tx: AsyncConnection, course_id: str, *, after: str, limit: int
) -> list[tuple[Material, list[StoredFile]]]:
    """A course's behind one, the oldest first, each with all its versions in their order."""
    own = select(*(table.c[name] for name in _OWN)).where(table.c.course_id == course_id, table.c.id > after)
    found = [Material(*row) for row in await tx.execute(own.order_by(table.c.id).limit(limit))]
    held = await files_of(tx, "material_id", [one.id for one in found])
    return [(one, sorted(held.get(one.id, ()), key=lambda file: file.version)) for one in found]


async def count_materials(tx: AsyncConnection, course_id: str) -> int:
    """How many a course has."""
    return int((await tx.execute(select(func.count()).where(table.c.course_id == course_id))).scalar_one())


async def change_material(tx: AsyncConnection, material_id: str, **values: Any) -> None:
    """Sets columns of one."""
    await tx.execute(update(table).where(table.c.id == material_id).values(**values))


async def remove_material(tx: AsyncConnection, material_id: str) -> list[str]:
    """Deletes one; gives the files that nothing holds any more."""
    wanted = select(files.c.id).where(files.c.material_id == material_id, files.c.state == KEPT)
    ids = list((await tx.execute(wanted)).scalars())
    await tx.execute(delete(table).where(table.c.id == material_id))
    return ids


def _material(row: Row[Any]) -> Material:
    own, file = dict(zip(_OWN, row, strict=False)), row[len(_OWN) :]
    return Material(**own, file=StoredFile(*file) if file[0] is not None else None)
