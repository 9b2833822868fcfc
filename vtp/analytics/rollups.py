"""Keeps the roll-ups of playback as its events arrive, in the transaction that stores them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.service import Clock, utc_now
from vtp.analytics.playback import (
    EventType,
    Logged,
    PlaybackSession,
    ViewerPasses,
    counted_data,
    fold,
)
from vtp.analytics.playback_store import (
    Happened,
    add_events,
    add_session,
    find_sessions,
    find_viewer,
    forget_batches,
    forget_events,
    read_log,
    save_session,
    save_viewer,
    viewers_of_other_length,
)
from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.recording.progress import Watched
from vtp.recording.progress_store import find_progress

FORGOTTEN_AT_ONCE = 5000
"""Rows of one transaction: no other writer waits for more."""
Forget = Callable[[AsyncConnection, datetime, int], Awaitable[int]]


class Rollups:
    """`watched` is what progress tells of each report that counts; `happened` what the intake does."""

    def __init__(self, database: Database, keep_days: int, *, clock: Clock = utc_now) -> None:
        self._database = database
        self.keep_days = keep_days
        self._clock = clock

    async def watched(self, tx: AsyncConnection, watched: Watched) -> None:
        """Takes what counted of a report. The person's row of progress is locked."""
        data = counted_data(watched.taken.counted, watched.position_ms)
        row = Happened(
            watched.user_id,
            watched.recording_id,
            None,
            watched.session_id,
            EventType.WATCHED,
            watched.at,
            watched.at,
            data,
        )
        await add_events(tx, [row])
        [session] = await self._sessions(tx, watched.user_id, [row])
        event = Logged(row.event_type, row.received_at, data)
        session.take(event)
        await self._pass(tx, session, event, 0 if watched.extent.grows else watched.extent.duration_ms)
        await save_session(tx, session)

    async def _pass(
        self, tx: AsyncConnection, session: PlaybackSession, event: Logged, duration_ms: int
    ) -> None:
        viewer = await find_viewer(tx, session.user_id, session.recording_id)
        if viewer is None or viewer.duration_ms != duration_ms:
            viewer, sessions = await self._anew(tx, session.user_id, session.recording_id, duration_ms)
            if session.session_id in sessions:
                session.run_end_ms = sessions[session.session_id].run_end_ms
        else:
            viewer.take(session, event)
        await save_viewer(tx, viewer)

    async def _anew(
        self,
        tx: AsyncConnection,
        user_id: str,
        recording_id: str,
        duration_ms: int,
    ) -> tuple[ViewerPasses, dict[str, PlaybackSession]]:
        """Of a recording that has grown since, or that was watched while it did: from the log.

        Where the runs of the person's sessions have come to is written, too: each goes on from there.
        """
        viewer, sessions = fold(user_id, recording_id, duration_ms, await read_log(tx, recording_id, user_id))
        keys = [(recording_id, session_id) for session_id in sessions]
        found = await find_sessions(tx, user_id, keys) if keys else {}
        for key in sorted(found):
            session, run_end_ms = found[key], sessions[key[1]].run_end_ms
            if session.run_end_ms != run_end_ms:
                session.run_end_ms = run_end_ms
                await save_session(tx, session)
        return viewer, sessions

    async def happened(self, tx: AsyncConnection, user_id: str, events: Sequence[Happened]) -> None:
        """Takes what a player says happened; `events` are somebody's, and stored."""
        of_recordings = [one for one in events if one.recording_id is not None]
        for session in await self._sessions(tx, user_id, of_recordings):
            for one in of_recordings:
                if (one.recording_id, one.session_id) == (session.recording_id, session.session_id):
                    session.take(Logged(one.event_type, one.received_at, one.data))
            await save_session(tx, session)

    async def _sessions(
        self, tx: AsyncConnection, user_id: str, events: Sequence[Happened]
    ) -> list[PlaybackSession]:
        """The sessions that these are of, begun where there are none, in the order of their keys."""
        times: dict[tuple[str, str], datetime] = {}
        for one in events:
            if one.recording_id is not None:
                times.setdefault((one.recording_id, one.session_id), one.received_at)
        found = await find_sessions(tx, user_id, times) if times else {}
        missing = sorted(times.keys() - found.keys())
        for key in missing:
            await add_session(tx, PlaybackSession(user_id, *key, times[key], times[key]))
        if missing:
            found |= await find_sessions(tx, user_id, missing)
        return [found[key] for key in sorted(found)]

    @done_over
    async def settle(self, recording_id: str, duration_ms: int) -> None:
        """Makes everybody's passes ones over the whole length, once a recording has ended."""
        async with self._database.read() as tx:
            stale = await viewers_of_other_length(tx, recording_id, duration_ms)
        if not stale:
            return
        async with self._database.transaction() as tx:
            for user_id in sorted(stale):
                await find_progress(tx, user_id, recording_id, to_change=True)  # whose reports wait
                viewer, _ = await self._anew(tx, user_id, recording_id, duration_ms)
                await save_viewer(tx, viewer)

    async def trim(self) -> None:
        """Forgets the log after `analytics.keep_days`, some at a time; what it came to stays."""
        if self.keep_days <= 0:
            return
        before = self._clock() - timedelta(days=self.keep_days)
        for forget in (forget_batches, forget_events):
            while await self._forget(forget, before) >= FORGOTTEN_AT_ONCE:
                pass

    @done_over
    async def _forget(self, forget: Forget, before: datetime) -> int:
        async with self._database.transaction() as tx:
            return await forget(tx, before, FORGOTTEN_AT_ONCE)
