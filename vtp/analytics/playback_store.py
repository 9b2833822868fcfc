"""The rows of the log of playback and of its roll-ups. No rules here, only SQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any, Final

from sqlalchemy import delete, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.analytics.playback import KINDS, EventType, Logged, PlaybackSession, ViewerPasses
from vtp.analytics.tables import (
    analytics_batches,
    analytics_events,
    playback_sessions,
    recording_viewers,
)
from vtp.db.statements import insert_if_absent, insert_rows
from vtp.ids import first_id_at, new_id

_events, _sessions, _viewers = analytics_events.c, playback_sessions.c, recording_viewers.c
_SESSION = [_sessions[name] for name in PlaybackSession.__slots__]
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


async def claim_batch(tx: AsyncConnection, user_id: str, session_id: str, seq: int, now: datetime) -> bool:
    """Notes that a batch has come; False when it had before."""
    values = {"user_id": user_id, "session_id": session_id, "seq": seq, "received_at": now}
    return await insert_if_absent(tx, analytics_batches, values)


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


async def find_sessions(
    tx: AsyncConnection, user_id: str, keys: Collection[tuple[str, str]]
) -> dict[tuple[str, str], PlaybackSession]:
    """Somebody's sessions, by (recording, session); others wait who would change them."""
    pair = tuple_(_sessions.recording_id, _sessions.session_id)
    statement = (
        select(*_SESSION)
        .where(_sessions.user_id == user_id, pair.in_(sorted(keys)))
        .order_by(_sessions.recording_id, _sessions.session_id)
        .with_for_update()
    )
    found = [PlaybackSession(*row) for row in await tx.execute(statement)]
    return {(one.recording_id, one.session_id): one for one in found}


async def add_session(tx: AsyncConnection, session: PlaybackSession) -> bool:
    """Adds one; False where another transaction was faster."""
    return await insert_if_absent(tx, playback_sessions, _values(session))


async def save_session(tx: AsyncConnection, session: PlaybackSession) -> None:
    """Writes one."""
    theirs = (
        _sessions.user_id == session.user_id,
        _sessions.recording_id == session.recording_id,
        _sessions.session_id == session.session_id,
    )
    await tx.execute(update(playback_sessions).where(*theirs).values(_values(session)))


async def find_viewer(tx: AsyncConnection, user_id: str, recording_id: str) -> ViewerPasses | None:
    """Somebody's passes."""
    statement = select(*_VIEWER).where(_viewers.user_id == user_id, _viewers.recording_id == recording_id)
    row = (await tx.execute(statement)).one_or_none()
    return ViewerPasses(*row) if row else None


async def save_viewer(tx: AsyncConnection, viewer: ViewerPasses) -> None:
    """Writes them, or adds them. The row of `recording_progress` is locked by who does."""
    values = _values(viewer)
    theirs = _viewers.user_id == viewer.user_id, _viewers.recording_id == viewer.recording_id
    written = await tx.execute(update(recording_viewers).where(*theirs).values(values))
    if not written.rowcount:
        await insert_if_absent(tx, recording_viewers, values)


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
    """Forgets some of the numbers of batches that came before; gives how many."""
    c = analytics_batches.c
    key = tuple_(c.user_id, c.session_id, c.seq)
    old = select(c.user_id, c.session_id, c.seq).where(c.received_at < before).limit(most)
    found = [tuple(row) for row in await tx.execute(old.order_by(c.received_at))]
    if found:
        await tx.execute(delete(analytics_batches).where(key.in_(found)))
    return len(found)


async def forget_events(tx: AsyncConnection, before: datetime, most: int) -> int:
    """Forgets some rows of the log that were received before; gives how many."""
    old = select(_events.id).where(_events.id < first_id_at(int(before.timestamp() * 1000)))
    ids = list((await tx.execute(old.order_by(_events.id).limit(most))).scalars())
    if ids:
        await tx.execute(delete(analytics_events).where(_events.id.in_(ids)))
    return len(ids)


def _values(one: PlaybackSession | ViewerPasses) -> dict[str, Any]:
    return {name: getattr(one, name) for name in type(one).__slots__}
