"""Keeps the roll-ups of playback as its events arrive, in the transaction that stores them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.service import Clock, utc_now
from vtp.analytics.playback import (
    EventType,
    Logged,
    PlaybackSession,
    ViewerPasses,
    counted_row,
    fold,
)
from vtp.analytics.playback_store import (
    MORE_PAGES,
    Happened,
    SessionKey,
    add_viewers,
    begin_sessions,
    events_change,
    find_sessions,
    forget_batches,
    forget_events,
    oldest_that_grows,
    pages_asked,
    pages_by_key,
    pages_change,
    pages_too_many,
    passes_asked,
    passes_by_key,
    passes_change,
    read_log,
    save_sessions,
    unsettled_in_log,
    viewers_of_other_length,
)
from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.db.prepared import Change, together, write
from vtp.recording.progress import Watched
from vtp.recording.progress_store import Key, find_progress
from vtp.recording.taking import Extent
from vtp.recording.watching import Played
from vtp.settings.analytics import SHORTEST_BY_NAME_DAYS

FORGOTTEN_AT_ONCE = 5000
"""Rows of one transaction: no other writer waits for more."""
Forget = Callable[[AsyncConnection, datetime, int], Awaitable[int]]


@dataclass(frozen=True, slots=True)
class Known:
    """What a transaction has read of roll-ups: pages, which are locked, and passes, whose rows of progress
    are."""

    pages: Mapping[SessionKey, PlaybackSession]
    passes: Mapping[Key, ViewerPasses]


class Rollups:
    """`watched` is what progress tells of each report that counts; `grow` what the intake does."""

    def __init__(self, database: Database, keep_days: int, *, clock: Clock = utc_now) -> None:
        self._database = database
        self.keep_days = keep_days
        self._clock = clock

    async def watched(self, tx: AsyncConnection, watched: Watched) -> None:
        """Takes what counted of a report. The person's row of progress is locked."""
        row = watched_row(
            watched.user_id,
            watched.recording_id,
            watched.session_id,
            watched.taken.counted,
            watched.position_ms,
            watched.at,
        )
        pair = watched.user_id, watched.recording_id
        found = await together(tx, pages_asked(tx, [_session_of(row)]), passes_asked(tx, [pair]))
        known = Known(pages_by_key(found[0]), passes_by_key(found[1]))
        await write(tx, await self.grow(tx, [row], {pair: bins_length(watched.extent)}, known))

    async def grow(
        self, tx: AsyncConnection, rows: Sequence[Happened], lengths: Mapping[Key, int], known: Known
    ) -> list[Change]:
        """Takes these rows of the log, in their order, into what it comes to; gives what is to be written.

        `lengths`: of what is watched in them, by account and recording, the length that bins are of. Those
        rows of progress are locked.
        """
        rows, pages = await _pages_of(tx, rows, known.pages)
        viewers = {key: known.passes[key] for key in lengths if key in known.passes}
        # A recording may have ended since it was looked up: what is of its whole length stays so.
        ended = {key: one.duration_ms for key, one in viewers.items() if one.duration_ms and not lengths[key]}
        lengths = {**lengths, **ended}
        new = lengths.keys() - viewers.keys()
        stale = new | {key for key, one in viewers.items() if one.duration_ms != lengths[key]}
        changed: set[Key] = set(stale)
        for one in rows:
            if one.recording_id is None:
                continue
            key = one.user_id, one.recording_id, one.session_id
            event = Logged(one.event_type, one.received_at, one.data)
            pages[key].take(event)
            if one.data.get("counted"):
                pair = key[:2]
                if pair not in stale and viewers[pair].take(pages[key], event):
                    changed.add(pair)
        log = events_change(rows)
        if stale:
            await write(tx, [log])
            log = events_change(())
        for pair in sorted(stale):
            viewers[pair], found = await self._anew(tx, *pair, lengths[pair])
            for session_id, session in found.items():
                if (*pair, session_id) in pages:
                    pages[*pair, session_id].run_end_ms = session.run_end_ms
        await add_viewers(tx, (viewers[pair] for pair in sorted(new)))
        passes = passes_change(viewers[pair] for pair in sorted(changed - new))
        return [log, pages_change(pages[key] for key in sorted(pages)), passes]

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
        found = await find_sessions(tx, [(user_id, recording_id, session_id) for session_id in sessions])
        changed = []
        for key in sorted(found):
            session, run_end_ms = found[key], sessions[key[2]].run_end_ms
            if session.run_end_ms != run_end_ms:
                session.run_end_ms = run_end_ms
                changed.append(session)
        await save_sessions(tx, changed)
        return viewer, sessions

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
                await write(tx, [passes_change([viewer])])

    async def trim(self) -> None:
        """Forgets the log after `analytics.keep_days`, some at a time; what it came to stays.

        What recordings that still grow come to is in the log alone: it stays as far back as they go.
        """
        if self.keep_days <= 0:
            return
        now = self._clock()
        batches_before = now - timedelta(days=max(self.keep_days, SHORTEST_BY_NAME_DAYS))
        while await self._forget(forget_batches, batches_before) >= FORGOTTEN_AT_ONCE:
            pass
        async with self._database.read() as tx:
            growing_since = await oldest_that_grows(tx)
        before = now - timedelta(days=self.keep_days)
        before = min(before, growing_since or before)
        await self._settle_before(before)
        while await self._forget(forget_events, before) >= FORGOTTEN_AT_ONCE:
            await self._settle_before(before)

    async def _settle_before(self, before: datetime) -> None:
        """Of what is forgotten next, makes passes while their log is there."""
        async with self._database.read() as tx:
            unsettled = await unsettled_in_log(tx, before, FORGOTTEN_AT_ONCE)
        for recording_id, duration_ms in unsettled:
            await self.settle(recording_id, duration_ms)

    @done_over
    async def _forget(self, forget: Forget, before: datetime) -> int:
        async with self._database.transaction() as tx:
            return await forget(tx, before, FORGOTTEN_AT_ONCE)


async def _pages_of(
    tx: AsyncConnection, rows: Sequence[Happened], known: Mapping[SessionKey, PlaybackSession]
) -> tuple[Sequence[Happened], dict[SessionKey, PlaybackSession]]:
    """The pages that these rows are of, locked, begun where there are none (`known`: those that are there);
    and the rows as they are kept, where somebody has too many."""
    begun = _begun(rows)
    missing = [key for key in begun if key not in known]
    if not missing:
        return rows, {key: known[key] for key in begun}
    over = await pages_too_many(tx, missing)
    if over:
        rows = [one._replace(session_id=MORE_PAGES) if _session_of(one) in over else one for one in rows]
        begun = _begun(rows)
        known = await find_sessions(tx, begun)
    found = {key: known[key] for key in begun if key in known}
    new = {key: at for key, at in begun.items() if key not in found}
    return rows, found | (await begin_sessions(tx, new) if new else {})


def _begun(rows: Iterable[Happened]) -> dict[SessionKey, datetime]:
    """When the pages of these rows began, if they do with them."""
    begun: dict[SessionKey, datetime] = {}
    for one in rows:
        if one.recording_id is not None:
            begun.setdefault(_session_of(one), one.received_at)
    return begun


def watched_row(
    user_id: str,
    recording_id: str,
    session_id: str,
    counted: Iterable[Played],
    position_ms: int,
    at: datetime,
) -> Happened:
    """What the log says of a report that comes as no event: what of it counted."""
    data = {"counted": [counted_row(one) for one in counted], "position_ms": position_ms}
    return Happened(user_id, recording_id, None, session_id, EventType.WATCHED, at, at, data)


def bins_length(extent: Extent) -> int:
    """Of what bins are; 0 while that is not known."""
    return 0 if extent.grows else extent.duration_ms


def _session_of(row: Happened) -> SessionKey:
    return row.user_id, row.recording_id or "", row.session_id
