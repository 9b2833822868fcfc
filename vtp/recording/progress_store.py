"""The rows of who has watched how much of which recording."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from operator import attrgetter
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.db.keyed import change_of_rows, locked_rows
from vtp.db.prepared import Change, Prepared, Row, Values, together, write
from vtp.db.statements import insert_absent
from vtp.recording.tables import recording_progress as table
from vtp.recording.watching import Piece

Key = tuple[str, str]
"""An account and a recording."""


@dataclass(frozen=True, slots=True)
class Begun:
    """How far an account is with a recording, as lists have it."""

    watched_ms: int
    position_ms: int
    updated_at: datetime
    reached: list[list[int]]


@dataclass(slots=True)
class Progress:
    """How far an account is with a recording; `sittings`: {session: [last number, its time, ms left, *its
    `Place`]}, of which left is below 0 where others have played since; `reached`: [[step in thousandths, Unix
    ms]…].
    """

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
_LOCKED = locked_rows(table, ("user_id", "recording_id"), Progress.__slots__)
_CHANGING = tuple(name for name in Progress.__slots__ if name != "started_at")
_SAVED = change_of_rows(table, _CHANGING)
_saved: Any = attrgetter(*_CHANGING)


async def find_progress(
    tx: AsyncConnection, user_id: str, recording_id: str, *, to_change: bool = False
) -> Progress | None:
    """Somebody's row; `to_change`: other changes of it wait."""
    c = table.c
    statement = select(*_COLUMNS).where(c.user_id == user_id, c.recording_id == recording_id)
    row = (await tx.execute(statement.with_for_update() if to_change else statement)).one_or_none()
    return _progress(row) if row is not None else None


async def lock_progress(tx: AsyncConnection, keys: Collection[Key], now: datetime) -> dict[Key, Progress]:
    """These rows, begun where there were none; other changes of them wait."""
    found = await _locked(tx, keys)
    missing = sorted(set(keys) - found.keys())
    if missing:
        await insert_absent(tx, table, [_values(Progress(*key, now, now)) for key in missing])
        found |= await _locked(tx, missing)
    return found


def progress_asked(tx: AsyncConnection, keys: Collection[Key]) -> tuple[Prepared, Values]:
    """What locks these rows, for `together`; `progress_by_key` reads its answer."""
    return _LOCKED.asked(tx, sorted(keys))


def progress_by_key(rows: Iterable[Row]) -> dict[Key, Progress]:
    """The rows that were found."""
    found = [_progress(row) for row in rows]
    return {(one.user_id, one.recording_id): one for one in found}


async def _locked(tx: AsyncConnection, keys: Collection[Key]) -> dict[Key, Progress]:
    [rows] = await together(tx, progress_asked(tx, keys))
    return progress_by_key(rows)


async def save_progress(tx: AsyncConnection, changed: Iterable[Progress]) -> None:
    """Writes rows."""
    await write(tx, [progress_change(changed)])


def progress_change(changed: Iterable[Progress]) -> Change:
    """The same, for `write` with others."""
    return _SAVED, [_saved(one) for one in changed]


def _values(progress: Progress) -> dict[str, object]:
    return {name: getattr(progress, name) for name in Progress.__slots__}


def _progress(row: Row) -> Progress:
    found = Progress(*row)
    found.pieces = [(start, end) for start, end in found.pieces]
    return found
