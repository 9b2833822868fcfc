"""The rows of recordings that are filed in courses. No rules here, only SQL."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.courses.outline_store import is_lesson_released, place_of
from vtp.courses.tables import course_recordings as table
from vtp.courses.tables import course_sections, lessons
from vtp.db.statements import insert_if_absent
from vtp.recording.tables import recordings


@dataclass(frozen=True, slots=True)
class Filed:
    """A recording in a course, with what it is called and how it stands."""

    course_id: str
    recording_id: str
    lesson_id: str | None
    lecture_number: int | None
    lecture_title: str
    sequence_order: int
    added_by: str | None
    added_at: datetime
    to_announce: bool = False
    title: str = ""
    status: str = ""
    visibility: str = ""
    duration_ms: int = 0
    started_at: datetime | None = None


FiledPlace = tuple[int, str]
"""Where a page ended: the order and the recording's id."""

_OF_RECORDING = ("title", "status", "visibility", "duration_ms", "started_at")
_OWN = [name for name in Filed.__slots__ if name not in _OF_RECORDING]
_JOINED = table.join(recordings, recordings.c.id == table.c.recording_id)
_WITH = select(*(table.c[name] for name in _OWN), *(recordings.c[name] for name in _OF_RECORDING))
_LESSON = _JOINED.outerjoin(lessons, lessons.c.id == table.c.lesson_id).outerjoin(
    course_sections, course_sections.c.id == lessons.c.section_id
)


async def file_recording(tx: AsyncConnection, filed: Filed) -> bool:
    """Files a recording; False when it is in the course already."""
    return await insert_if_absent(tx, table, {name: getattr(filed, name) for name in _OWN})


async def find_filed(tx: AsyncConnection, course_id: str, recording_id: str) -> Filed | None:
    """A recording of a course."""
    wanted = table.c.course_id == course_id, table.c.recording_id == recording_id
    row = (await tx.execute(_WITH.select_from(_JOINED).where(*wanted))).one_or_none()
    return _filed(row) if row else None


async def page_of_filed(
    tx: AsyncConnection,
    course_id: str,
    released_at: datetime | None,
    *,
    limit: int,
    after: FiledPlace | None,
) -> list[Filed]:
    """A course's recordings in their order, but for the trash; those that students see then, or all."""
    kept = table.c.course_id == course_id, recordings.c.status != "deleted"
    statement = _WITH.select_from(_LESSON).where(*kept)
    if released_at is not None:
        unfiled = table.c.lesson_id.is_(None)
        statement = statement.where(
            recordings.c.visibility != "staff", or_(unfiled, is_lesson_released(released_at))
        )
    order = table.c.sequence_order, table.c.recording_id
    if after is not None:
        statement = statement.where(tuple_(*order) > place_of(*after))
    return [_filed(row) for row in await tx.execute(statement.order_by(*order).limit(limit))]


async def last_order(tx: AsyncConnection, course_id: str) -> int:
    """The order of the last recording of a course; -1 without one."""
    last = (
        await tx.execute(select(func.max(table.c.sequence_order)).where(table.c.course_id == course_id))
    ).scalar()
    return -1 if last is None else int(last)


async def count_filed(tx: AsyncConnection, course_id: str) -> int:
    """How many recordings are in a course."""
    return int((await tx.execute(select(func.count()).where(table.c.course_id == course_id))).scalar_one())


async def filed_here_alone(tx: AsyncConnection, course_id: str) -> list[str]:
    """The recordings of a course that are in no other."""
    other = table.alias("other")
    elsewhere = select(other.c.recording_id).where(
        other.c.recording_id == table.c.recording_id, other.c.course_id != course_id
    )
    statement = select(table.c.recording_id).where(table.c.course_id == course_id, ~elsewhere.exists())
    return list((await tx.execute(statement.order_by(table.c.recording_id))).scalars())


async def remove_filed(tx: AsyncConnection, course_id: str, recording_id: str) -> None:
    """Takes a recording out of a course."""
    wanted = table.c.course_id == course_id, table.c.recording_id == recording_id
    await tx.execute(delete(table).where(*wanted))


def _filed(row: Row[Any, *tuple[Any, ...]]) -> Filed:
    return Filed(**row._mapping)
