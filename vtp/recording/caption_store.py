"""The rows of captions: one for each language of a recording, and one for each line that was typed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.db.statements import insert_if_absent
from vtp.recording.tables import recording_caption_lines as lines
from vtp.recording.tables import recording_captions as table


@dataclass(frozen=True, slots=True)
class Captions:
    """The captions of a recording in one language; `is_typed`: made of typed lines, not of a file."""

    recording_id: str
    language: str
    label: str
    is_typed: bool
    cues: int
    written_by: str | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class TypedLine:
    """One line as it was typed."""

    id: str
    recording_id: str
    language: str
    start_ms: int
    text: str
    written_by: str | None


_COLUMNS = [table.c[name] for name in Captions.__slots__]


async def captions_of(tx: AsyncConnection, recording_id: str) -> list[Captions]:
    """All languages of a recording, by their tags; without the texts."""
    c = table.c
    statement = select(*_COLUMNS).where(c.recording_id == recording_id).order_by(c.language)
    return [Captions(*row) for row in await tx.execute(statement)]


async def find_captions(
    tx: AsyncConnection, recording_id: str, language: str, *, to_change: bool = False
) -> Captions | None:
    """One language."""
    statement = select(*_COLUMNS).where(*_key(recording_id, language))
    row = (await tx.execute(statement.with_for_update() if to_change else statement)).one_or_none()
    return Captions(*row) if row is not None else None


async def text_of(tx: AsyncConnection, recording_id: str, language: str) -> str:
    """The WebVTT of one that was uploaded."""
    found = await tx.execute(select(table.c.text).where(*_key(recording_id, language)))
    return str(found.scalar_one_or_none() or "")


async def put_captions(tx: AsyncConnection, captions: Captions, text: str) -> None:
    """Writes one language, in place of what there was; typed lines of it go."""
    values = {name: getattr(captions, name) for name in Captions.__slots__} | {"text": text}
    if not await insert_if_absent(tx, table, values):
        del values["created_at"]
        key = _key(captions.recording_id, captions.language)
        await tx.execute(update(table).where(*key).values(values))
    if not captions.is_typed:
        await _remove_lines(tx, captions.recording_id, captions.language)


async def remove_captions(tx: AsyncConnection, recording_id: str, language: str) -> None:
    """Deletes one language."""
    await tx.execute(delete(table).where(*_key(recording_id, language)))
    await _remove_lines(tx, recording_id, language)


async def add_line(tx: AsyncConnection, line: TypedLine) -> None:
    """Adds a typed line."""
    await tx.execute(insert(lines).values({name: getattr(line, name) for name in TypedLine.__slots__}))


async def lines_of(tx: AsyncConnection, recording_id: str, language: str) -> list[TypedLine]:
    """The typed lines, in the order of their times."""
    c = lines.c
    statement = select(*(c[name] for name in TypedLine.__slots__))
    statement = statement.where(c.recording_id == recording_id, c.language == language)
    return [TypedLine(*row) for row in await tx.execute(statement.order_by(c.start_ms, c.id))]


async def _remove_lines(tx: AsyncConnection, recording_id: str, language: str) -> None:
    theirs = (lines.c.recording_id == recording_id, lines.c.language == language)
    await tx.execute(delete(lines).where(*theirs))


def _key(recording_id: str, language: str) -> tuple[ColumnElement[bool], ...]:
    return table.c.recording_id == recording_id, table.c.language == language
