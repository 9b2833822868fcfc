"""The rows of captions: one for each language of a recording, and one for each line that was typed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Table, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.db.statements import insert_if_absent
from vtp.recording.tables import recording_caption_lines as lines
from vtp.recording.tables import recording_captions as table

MAX_AWAY = 30
"""So many languages of a recording wait at once; who deletes more loses what was deleted first."""
_AWAY = "~"
"""Before the language of captions that were deleted a moment ago, and of their lines: no tag has it."""


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


_IS_AWAY = table.c.language.like(f"{_AWAY}%")
_COLUMNS = [table.c[name] for name in Captions.__slots__]


async def captions_of(tx: AsyncConnection, recording_id: str) -> list[Captions]:
    """All languages of a recording, by their tags; without the texts."""
    c = table.c
    statement = select(*_COLUMNS).where(c.recording_id == recording_id, ~_IS_AWAY).order_by(c.language)
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


async def put_away(tx: AsyncConnection, recording_id: str, language: str, now: datetime) -> None:
    """Deletes one language. `put_back` has it until `remove_put_away`, or until it is deleted once more, or
    MAX_AWAY others are."""
    await _remove(tx, recording_id, _AWAY + language)
    await _rename(tx, recording_id, language, _AWAY + language, now)
    away = select(table.c.language).where(table.c.recording_id == recording_id, _IS_AWAY)
    newest = away.order_by(table.c.updated_at.desc(), table.c.language)
    for over in list((await tx.execute(newest.offset(MAX_AWAY))).scalars()):
        await _remove(tx, recording_id, over)


async def is_put_away(tx: AsyncConnection, recording_id: str, language: str) -> bool:
    """Whether there is something to `put_back`; other changes of it wait."""
    return await find_captions(tx, recording_id, _AWAY + language, to_change=True) is not None


async def put_back(tx: AsyncConnection, recording_id: str, language: str, now: datetime) -> None:
    """Brings back what was deleted in a language that has no other captions."""
    await _rename(tx, recording_id, _AWAY + language, language, now)


async def remove_put_away(tx: AsyncConnection, before: datetime) -> None:
    """Deletes for good what was deleted before then."""
    c = table.c
    over = _IS_AWAY, c.updated_at < before
    for key in (await tx.execute(select(c.recording_id, c.language).where(*over))).all():
        # Brought back, or deleted once more, meanwhile: then it stays.
        if (await tx.execute(delete(table).where(*_key(*key), *over))).rowcount:
            await _remove_lines(tx, *key)


async def _rename(tx: AsyncConnection, recording_id: str, language: str, new: str, now: datetime) -> None:
    key = _key(recording_id, language)
    await tx.execute(update(table).where(*key).values(language=new, updated_at=now))
    await tx.execute(update(lines).where(*_key(recording_id, language, lines)).values(language=new))


async def _remove(tx: AsyncConnection, recording_id: str, language: str) -> None:
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
    await tx.execute(delete(lines).where(*_key(recording_id, language, lines)))


def _key(recording_id: str, language: str, rows: Table = table) -> tuple[ColumnElement[bool], ...]:
    return rows.c.recording_id == recording_id, rows.c.language == language
