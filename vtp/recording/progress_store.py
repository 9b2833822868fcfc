"""The rows of who has watched how much of which recording."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.db.statements import insert_if_absent
from vtp.recording.tables import recording_progress as table
from vtp.recording.watching import Piece


@dataclass(frozen=True, slots=True)
class Begun:
    """How far an account is with a recording, as lists have it."""

    watched_ms: int
    position_ms: int
    updated_at: datetime
    reached: list[list[int]]


@dataclass(slots=True)
class Progress:
    """How far an account is with a recording; `sittings`: {session: [last number, its time, ms left]};
    `reached`: [[step in thousandths, Unix ms]…]."""

    user_id: str
    recording_id: str
    started_at: datetime
    updated_at: datetime
    pieces: list[Piece] = field(default_factory=list)
    watched_ms: int = 0
    watch_time_ms: int = 0
    position_ms: int = 0
    sittings: dict[str, list[int]] = field(default_factory=dict)
    reached: list[list[int]] = field(default_factory=list)


_COLUMNS = [table.c[name] for name in Progress.__slots__]


async def find_progress(
    tx: AsyncConnection, user_id: str, recording_id: str, *, to_change: bool = False
) -> Progress | None:
    """Somebody's row; `to_change`: other changes of it wait."""
    c = table.c
    statement = select(*_COLUMNS).where(c.user_id == user_id, c.recording_id == recording_id)
    row = (await tx.execute(statement.with_for_update() if to_change else statement)).one_or_none()
    return _progress(row) if row is not None else None


async def begin_progress(tx: AsyncConnection, progress: Progress) -> Progress:
    """Somebody's row, made when there was none."""
    await insert_if_absent(tx, table, _values(progress))
    found = await find_progress(tx, progress.user_id, progress.recording_id, to_change=True)
    return found or progress


async def save_progress(tx: AsyncConnection, progress: Progress) -> None:
    """Writes a row."""
    c = table.c
    theirs = (c.user_id == progress.user_id, c.recording_id == progress.recording_id)
    await tx.execute(update(table).where(*theirs).values(_values(progress)))


def _values(progress: Progress) -> dict[str, object]:
    return {name: getattr(progress, name) for name in Progress.__slots__}


def _progress(row: object) -> Progress:
    found = Progress(**{name: getattr(row, name) for name in Progress.__slots__})
    found.pieces = [(start, end) for start, end in found.pieces]
    return found
