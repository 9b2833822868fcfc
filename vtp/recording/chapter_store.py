"""The rows of chapters: what happened while it was recorded, and what staff have set."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.ids import new_id
from vtp.recording.chapter_list import Chapter, Kind
from vtp.recording.tables import recording_chapters as table


@dataclass(frozen=True, slots=True)
class Happened:
    """A chapter of something that somebody did."""

    chapter: Chapter
    person_id: str | None = None


async def add_chapters(tx: AsyncConnection, recording_id: str, happened: Iterable[Happened]) -> None:
    """Adds rows."""
    rows = [
        {
            "id": new_id(),
            "recording_id": recording_id,
            "start_ms": one.chapter.start_ms,
            "kind": one.chapter.kind.value,
            "title": one.chapter.title,
            "person_id": one.person_id,
            "person_name": one.chapter.person_name,
        }
        for one in happened
    ]
    if rows:
        await tx.execute(insert(table), rows)


async def chapters_of(tx: AsyncConnection, recording_id: str, *, own: bool) -> list[Chapter]:
    """What staff have set, or what happened; by time."""
    c = table.c
    which = c.kind == Kind.OWN if own else c.kind != Kind.OWN
    statement = select(c.start_ms, c.kind, c.title, c.person_name)
    statement = statement.where(c.recording_id == recording_id, which).order_by(c.start_ms, c.id)
    return [Chapter(row[0], Kind(row[1]), row[2], row[3]) for row in await tx.execute(statement)]


async def remove_own(tx: AsyncConnection, recording_id: str) -> None:
    """Deletes what staff have set."""
    c = table.c
    await tx.execute(delete(table).where(c.recording_id == recording_id, c.kind == Kind.OWN))
