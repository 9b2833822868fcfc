"""The rows of the log of playback and of its roll-ups. No rules here, only SQL."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, Table, delete, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.analytics.playback import KINDS, EventType, Logged, PlaybackSession, ViewerPasses
from vtp.analytics.tables import (
    analytics_batches,
    analytics_events,
    playback_sessions,
    recording_viewers,
)
from vtp.db.statements import insert_absent, insert_new, insert_rows, matching, update_rows
from vtp.ids import first_id_at, new_id
from vtp.recording.progress_store import Key

_events, _sessions, _viewers = analytics_events.c, playback_sessions.c, recording_viewers.c
_SESSION = [_sessions[name] for name in PlaybackSession.__slots__]
MAX_PAGES: Final = 500
"""Of one person with one recording: what more of them say is kept as of one. They are kept for good, and a
report reads all of a recording."""
MORE_PAGES: Final = "more-pages"
SessionKey = tuple[str, str, str]
"""An account, a recording and a session."""
BatchKey = tuple[Any, ...]
"""An account, a session and a number."""
_VIEWER = [_viewers[name] for name in ViewerPasses.__slots__]


@dataclass(frozen=True, slots=True)
class Happened:
    """A row to be."""

    user_id: str
    recording_id: str | None
    course_id: str | None
    session_id: str
    event_type: EventType
    happened_at: datetime
    received_at: datetime
    data: Mapping[str, Any]


_LOGGED: Final = ("id", *Happened.__slots__)
_columns: Final = attrgetter(*Happened.__slots__)


async def claim_batches(tx: AsyncConnection, keys: Collection[BatchKey], now: datetime) -> set[BatchKey]:
    """Notes that batches have come, by (account, session, number); gives those that had not before."""
    names = ("user_id", "session_id", "seq")
    rows = [{**dict(zip(names, key, strict=True)), "received_at": now} for key in sorted(keys)]
    return await insert_new(tx, analytics_batches, rows)


async def add_events(tx: AsyncConnection, events: Sequence[Happened]) -> None:
    """Adds rows to the log, in this order."""
    if events:
        await insert_rows(tx, analytics_events, _LOGGED, [(new_id(), *_columns(one)) for one in events])


async def read_log(tx: AsyncConnection, recording_id: str, user_id: str) -> list[tuple[str, Logged]]:
    """One person's log with one recording: (session, row), in the order in which it came. What is of a kind
    that we do not know counts for nothing."""
    statement = (
        select(_events.session_id, _events.event_type, _events.received_at, _events.data)
        .where(_events.recording_id == recording_id, _events.user_id == user_id)
        .order_by(_events.id)
    )
    rows = await tx.execute(statement)
    return [(row[0], Logged(EventType(row[1]), row[2], row[3])) for row in rows if row[1] in KINDS]


async def begin_sessions(
    tx: AsyncConnection, begun: Mapping[SessionKey, datetime]
) -> dict[SessionKey, PlaybackSession]:
    """Adds sessions, by (account, recording, session), that began then; other changes of them wait."""
    keys = sorted(begun)
    new = [PlaybackSession(*key, begun[key], begun[key]) for key in keys]
    await insert_absent(tx, playback_sessions, [_values(one) for one in new])
    return await find_sessions(tx, keys)


async def pages_too_many(tx: AsyncConnection, keys: Collection[SessionKey]) -> set[SessionKey]:
    """Those of these new sessions with which somebody would have more than MAX_PAGES of a recording."""
    of = _sessions.user_id, _sessions.recording_id
    wanted, theirs = matching(tx, of, sorted({key[:2] for key in keys}))
    counted = select(*of, func.count()).join_from(wanted, playback_sessions, theirs).group_by(*of)
    pages = Counter({(row[0], row[1]): int(row[2]) for row in await tx.execute(counted)})
    over = set()
    for key in keys:
        pages[key[:2]] += 1
        if pages[key[:2]] > MAX_PAGES:
            over.add(key)
    return over


async def find_sessions(
    tx: AsyncConnection, keys: Collection[SessionKey]
) -> dict[SessionKey, PlaybackSession]:
    """These sessions, as far as they are there; others wait who would change them."""
    if not keys:
        return {}
    of = _sessions.user_id, _sessions.recording_id, _sessions.session_id
    wanted, theirs = matching(tx, of, sorted(keys))
    statement = select(*_SESSION).join_from(wanted, playback_sessions, theirs).order_by(*of)
    rows = await tx.execute(statement.with_for_update(of=playback_sessions))
    found = [PlaybackSession(*row) for row in rows]
    return {(one.user_id, one.recording_id, one.session_id): one for one in found}


async def save_sessions(tx: AsyncConnection, sessions: Iterable[PlaybackSession]) -> None:
    """Writes them."""
    await update_rows(tx, playback_sessions, [_values(one) for one in sessions])


async def find_viewer(tx: AsyncConnection, user_id: str, recording_id: str) -> ViewerPasses | None:
    """Somebody's passes."""
    return (await find_viewers(tx, [(user_id, recording_id)])).get((user_id, recording_id))


async def find_viewers(tx: AsyncConnection, keys: Collection[Key]) -> dict[Key, ViewerPasses]:
    """Passes by (account, recording), as far as they are there."""
    if not keys:
        return {}
    wanted, theirs = matching(tx, (_viewers.user_id, _viewers.recording_id), sorted(keys))
    statement = select(*_VIEWER).join_from(wanted, recording_viewers, theirs)
    found = [ViewerPasses(*row) for row in await tx.execute(statement)]
    return {(one.user_id, one.recording_id): one for one in found}


async def save_viewers(tx: AsyncConnection, viewers: Iterable[ViewerPasses], new: Collection[Key]) -> None:
    """Writes them; the `new` are not there yet. The rows of `recording_progress` are locked by who does."""
    rows = {(one.user_id, one.recording_id): _values(one) for one in viewers}
    begun = [rows[key] for key in sorted(rows) if key in new]
    if begun:
        await insert_absent(tx, recording_viewers, begun)
    await update_rows(tx, recording_viewers, [rows[key] for key in sorted(rows) if key not in new])


async def viewers_of_other_length(tx: AsyncConnection, recording_id: str, duration_ms: int) -> list[str]:
    """Whose passes are of a recording that was shorter."""
    stale = _viewers.recording_id == recording_id, _viewers.duration_ms != duration_ms
    return list((await tx.execute(select(_viewers.user_id).where(*stale))).scalars())


async def passes_of(tx: AsyncConnection, recording_id: str) -> list[list[int]]:
    """Everybody's passes."""
    statement = select(_viewers.passes).where(_viewers.recording_id == recording_id)
    return list((await tx.execute(statement)).scalars())


async def sessions_of(
    tx: AsyncConnection, recording_id: str, user_id: str | None = None
) -> list[PlaybackSession]:
    """The sessions with a recording, of all or of one."""
    statement = select(*_SESSION).where(_sessions.recording_id == recording_id)
    if user_id is not None:
        statement = statement.where(_sessions.user_id == user_id)
    return [PlaybackSession(*row) for row in await tx.execute(statement.order_by(_sessions.started_at))]


async def forget_batches(tx: AsyncConnection, before: datetime, most: int) -> int:
    """Forgets numbers of batches that came before, the oldest first: so many, and who came with the last of
    them; gives how many."""
    return await _forget(tx, analytics_batches, analytics_batches.c.received_at, before, most)


async def forget_events(tx: AsyncConnection, before: datetime, most: int) -> int:
    """Forgets so many rows of the log that were received before; gives how many."""
    return await _forget(tx, analytics_events, _events.id, first_id_at(int(before.timestamp() * 1000)), most)


async def _forget(tx: AsyncConnection, table: Table, by: Column[Any], before: object, most: int) -> int:
    """By where the oldest of them end: a range of one index, read and removed once."""
    last = select(by).where(by < before).order_by(by).offset(most - 1).limit(1)
    edge = (await tx.execute(last)).scalar()
    old: ColumnElement[bool] = by < before if edge is None else by <= edge
    return (await tx.execute(delete(table).where(old))).rowcount


def _values(one: PlaybackSession | ViewerPasses) -> dict[str, Any]:
    return {name: getattr(one, name) for name in type(one).__slots__}
