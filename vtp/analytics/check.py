"""Recomputes the roll-ups from the log and says where they differ, for `vtp admin check`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.analytics.playback import PlaybackSession, fold
from vtp.analytics.playback_store import find_viewer, read_log, sessions_of
from vtp.analytics.tables import analytics_events, playback_sessions
from vtp.recording.store import UNFINISHED
from vtp.recording.tables import recordings

UNREADABLE: Final = (ValueError, TypeError, AttributeError, LookupError)
"""What reading JSON that nobody wrote so, or of another form, comes to."""
_UNTOLD = frozenset({"run_end_ms"})  # of the length that the bins had then


async def differing_rollups(tx: AsyncConnection) -> AsyncIterator[str]:
    """One sentence for each person and recording whose figures are not what the log says. Those whose log has
    been forgotten in part are not looked at."""
    first = select(analytics_events.c.received_at).order_by(analytics_events.c.id).limit(1)
    oldest = (await tx.execute(first)).scalar()
    if oldest is None:
        return
    c = playback_sessions.c
    statement = (
        select(c.user_id, c.recording_id, recordings.c.duration_ms, recordings.c.status)
        .join(recordings, recordings.c.id == c.recording_id)
        .group_by(c.user_id, c.recording_id, recordings.c.duration_ms, recordings.c.status)
        .having(func.min(c.started_at) >= oldest)
    )
    for row in (await tx.execute(statement)).all():
        whose = f"of {row.user_id} with recording {row.recording_id}"
        try:
            found = [sentence async for sentence in _differences(tx, row, whose)]
        except UNREADABLE:
            found = [f"The figures {whose} cannot be counted: a row of them, or of their log, is malformed."]
        for sentence in found:
            yield sentence


async def _differences(tx: AsyncConnection, row: Any, whose: str) -> AsyncIterator[str]:
    stored = await find_viewer(tx, row.user_id, row.recording_id)
    length_ms = stored.duration_ms if stored is not None else 0
    log = await read_log(tx, row.recording_id, row.user_id)
    viewer, sessions = fold(row.user_id, row.recording_id, length_ms, log)
    if stored is not None and row.status not in UNFINISHED and stored.passes != viewer.passes:
        yield f"The heat {whose} is not what the log of events says."
    found = {one.session_id: one for one in await sessions_of(tx, row.recording_id, row.user_id)}
    for session_id in sorted(found.keys() | sessions.keys()):
        if _told(found.get(session_id)) != _told(sessions.get(session_id)):
            yield f"The figures of session {session_id} {whose} are not what the log of events says."


def _told(session: PlaybackSession | None) -> dict[str, Any]:
    if session is None:
        return {}
    return {name: value for name, value in asdict(session).items() if name not in _UNTOLD}
