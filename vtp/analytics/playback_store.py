"""The rows of the log of playback and of its roll-ups. No rules here, only SQL."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from typing import Any, Final, NamedTuple

from sqlalchemy import (
    Column,
    ColumnElement,
    Dialect,
    FromClause,
    Table,
    bindparam,
    delete,
    exists,
    func,
    select,
    true,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.analytics.playback import KINDS, EventType, Logged, PlaybackSession, ViewerPasses
from vtp.analytics.tables import (
    analytics_batches,
    analytics_events,
    playback_sessions,
    recording_viewers,
)
from vtp.db.keyed import Keyed, added_rows, change_of_rows, locked_rows
from vtp.db.prepared import Change, Prepared, Row, Statement, Values, together, write
from vtp.db.statements import insert_absent, inserting, matching
from vtp.ids import first_id_at, new_ids
from vtp.recording.progress_store import Key
from vtp.recording.store import UNFINISHED
from vtp.recording.tables import recordings

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


class Happened(NamedTuple):
    """A row to be."""

    user_id: str
    recording_id: str | None
    course_id: str | None
    session_id: str
    event_type: EventType
    happened_at: datetime
    received_at: datetime
    data: Mapping[str, Any]


def _claim(dialect: Dialect, wanted: FromClause, key: Sequence[ColumnElement[Any]]) -> Statement:
    """Notes numbers of batches; gives those that had not come before."""
    c = analytics_batches.c
    said = bindparam("received_at", type_=c.received_at.type)
    rows = select(*key, said).select_from(wanted).where(true())  # SQLite takes ON CONFLICT for a join's ON
    statement = inserting(dialect, analytics_batches).from_select([one.name for one in c], rows)
    return statement.on_conflict_do_nothing().returning(*analytics_batches.primary_key.columns)


_CLAIM = Keyed(list(analytics_batches.primary_key.columns), _claim)
_PAGE_KEY = ("user_id", "recording_id", "session_id")
_PAGES = locked_rows(playback_sessions, _PAGE_KEY, PlaybackSession.__slots__)
_PASSES = locked_rows(recording_viewers, _PAGE_KEY[:2], ViewerPasses.__slots__, lock=False)
_CHANGING = tuple(name for name in PlaybackSession.__slots__ if name != "started_at")
_SAVED_PAGES = change_of_rows(playback_sessions, _CHANGING)
_SAVED_PASSES = change_of_rows(recording_viewers, ViewerPasses.__slots__)
_ADDED = added_rows(analytics_events, ("id", *Happened._fields))
_page_values: Any = attrgetter(*_CHANGING)
_passes_values: Any = attrgetter(*ViewerPasses.__slots__)


def claim_asked(tx: AsyncConnection, keys: Collection[BatchKey], now: datetime) -> tuple[Prepared, Values]:
    """What notes that batches have come, by (account, session, number), for `together`; answered are those
    that had not before."""
    return _CLAIM.asked(tx, sorted(keys), {"received_at": now})


def events_change(events: Iterable[Happened]) -> Change:
    """What adds rows to the log, in this order, for `write`."""
    said = list(events)
    return _ADDED, [(id_, *one) for id_, one in zip(new_ids(len(said)), said, strict=True)]


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


def pages_asked(tx: AsyncConnection, keys: Collection[SessionKey]) -> tuple[Prepared, Values]:
    """What reads these sessions and has others wait who would change them, for `together`; `pages_by_key`
    reads its answer."""
    return _PAGES.asked(tx, sorted(keys))


def pages_by_key(rows: Iterable[Row]) -> dict[SessionKey, PlaybackSession]:
    """The sessions that were found."""
    found = [PlaybackSession(*row) for row in rows]
    return {(one.user_id, one.recording_id, one.session_id): one for one in found}


async def find_sessions(
    tx: AsyncConnection, keys: Collection[SessionKey]
) -> dict[SessionKey, PlaybackSession]:
    """These sessions, as far as they are there; others wait who would change them."""
    if not keys:
        return {}
    [rows] = await together(tx, pages_asked(tx, keys))
    return pages_by_key(rows)


async def save_sessions(tx: AsyncConnection, sessions: Iterable[PlaybackSession]) -> None:
    """Writes them."""
    await write(tx, [pages_change(sessions)])


def pages_change(sessions: Iterable[PlaybackSession]) -> Change:
    """The same, for `write` with others."""
    return _SAVED_PAGES, [_page_values(one) for one in sessions]


async def find_viewer(tx: AsyncConnection, user_id: str, recording_id: str) -> ViewerPasses | None:
    """Somebody's passes."""
    return (await find_viewers(tx, [(user_id, recording_id)])).get((user_id, recording_id))


def passes_asked(tx: AsyncConnection, keys: Collection[Key]) -> tuple[Prepared, Values]:
    """What reads passes by (account, recording), for `together`; `passes_by_key` reads its answer."""
    return _PASSES.asked(tx, sorted(keys))


def passes_by_key(rows: Iterable[Row]) -> dict[Key, ViewerPasses]:
    """The passes that were found."""
    found = [ViewerPasses(*row) for row in rows]
    return {(one.user_id, one.recording_id): one for one in found}


async def find_viewers(tx: AsyncConnection, keys: Collection[Key]) -> dict[Key, ViewerPasses]:
    """Passes by (account, recording), as far as they are there."""
    if not keys:
        return {}
    [rows] = await together(tx, passes_asked(tx, keys))
    return passes_by_key(rows)


async def add_viewers(tx: AsyncConnection, viewers: Iterable[ViewerPasses]) -> None:
    """Writes those who were not there. The rows of `recording_progress` are locked by who does."""
    rows = [_values(one) for one in viewers]
    if rows:
        await insert_absent(tx, recording_viewers, rows)


def passes_change(viewers: Iterable[ViewerPasses]) -> Change:
    """What writes those who were there, for `write`; their rows of `recording_progress` are locked, too."""
    return _SAVED_PASSES, [_passes_values(one) for one in viewers]


async def viewers_of_other_length(tx: AsyncConnection, recording_id: str, duration_ms: int) -> list[str]:
    """Whose passes are of a recording that was shorter."""
    stale = _viewers.recording_id == recording_id, _viewers.duration_ms != duration_ms
    return list((await tx.execute(select(_viewers.user_id).where(*stale))).scalars())


async def oldest_that_grows(tx: AsyncConnection) -> datetime | None:
    """When the first of the recordings began that have not ended."""
    c = recordings.c
    found = await tx.execute(select(func.min(c.started_at)).where(c.status.in_(UNFINISHED)))
    return found.scalar_one()  # type: ignore[no-any-return]


async def unsettled_in_log(tx: AsyncConnection, before: datetime, most: int) -> list[tuple[str, int]]:
    """Recordings that have ended, and their lengths (ms), of which the first so many rows of the log up to a
    time are and whose passes are of another length."""
    c = recordings.c
    old = _events.id < first_id_at(int(before.timestamp() * 1000))
    first = select(_events.recording_id).where(old).order_by(_events.id).limit(most).subquery()
    stale = exists().where(_viewers.recording_id == c.id, _viewers.duration_ms != c.duration_ms)
    ended = c.id.in_(select(first.c.recording_id)), c.status.not_in(UNFINISHED), stale
    return [(row[0], row[1]) for row in await tx.execute(select(c.id, c.duration_ms).where(*ended))]


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
