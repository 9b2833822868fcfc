"""How far people are with recordings: reported by their players, believed as far as time allows.

Of accounts only: whoever comes by a link or to a public recording leaves nothing here (decision 0078).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from vtp.accounts.service import Clock, account_of, utc_now
from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.http.identity import Principal
from vtp.recording.progress_store import (
    Progress,
    begin_progress,
    find_progress,
    progress_of,
    save_progress,
)
from vtp.recording.service import Recordings
from vtp.recording.store import UNFINISHED, Recording
from vtp.recording.watching import (
    COMPLETE_PER_MILLE,
    GRACE_MS,
    Played,
    Refused,
    Report,
    add_piece,
    furthest_ms,
    length_ms,
    progress_per_mille,
    why_refused,
)

MAX_SITTINGS = 8  # of one person with one recording: pages that are open at the same time


class WatchProgress:
    """Every method raises NotFound and Forbidden, the latter also for who has no account."""

    def __init__(self, database: Database, recordings: Recordings, *, clock: Clock = utc_now) -> None:
        self._database = database
        self._recordings = recordings
        self._clock = clock

    async def get(
        self, principal: Principal, recording_id: str, address: str
    ) -> tuple[Recording, Progress | None]:
        """How far the caller is; None when they have not begun."""
        user_id = account_of(principal)
        recording = await self._recordings.get(principal, recording_id, address)
        async with self._database.read() as tx:
            return recording, await find_progress(tx, user_id, recording.id)

    async def of_page(self, principal: Principal, recordings: Collection[str]) -> Mapping[str, Progress]:
        """How far the caller is with each of a list; nothing for who has no account."""
        if principal.user_id is None or not recordings:
            return {}
        async with self._database.read() as tx:
            return await progress_of(tx, principal.user_id, recordings)

    @done_over
    async def report(
        self, principal: Principal, recording_id: str, report: Report, address: str
    ) -> tuple[Recording, Progress, list[Refused]]:
        """Takes a report in; one that came before changes nothing."""
        user_id = account_of(principal)
        recording = await self._recordings.get(principal, recording_id, address)
        now = self._clock()
        async with self._database.transaction() as tx:
            progress = await begin_progress(tx, Progress(user_id, recording.id, now, now))
            now_ms = int(now.timestamp() * 1000)
            sitting = progress.sittings.get(report.session_id)
            if sitting is not None and report.number <= sitting[0]:
                return recording, progress, []
            room_ms = _room_ms(progress, report.session_id, now_ms)
            refused, room_ms = _take(progress, report.played, recording, room_ms, now_ms)
            _sit(progress, report, now_ms, room_ms)
            progress.position_ms = min(report.position_ms, _end_ms(recording))
            progress.updated_at = now
            if progress.completed_at is None and _is_complete(progress, recording):
                progress.completed_at = now
            await save_progress(tx, progress)
        return recording, progress, refused


def _room_ms(progress: Progress, session_id: str, now_ms: int) -> int:
    """What a session may report: what has passed since its last report, and what it has left of its grace.

    One that is new takes over what is left to who gives way to it: a loop of new sessions gains nothing.
    """
    sitting = progress.sittings.get(session_id)
    if sitting is not None:
        return max(0, now_ms - sitting[1]) + sitting[2]
    if len(progress.sittings) < MAX_SITTINGS:
        return GRACE_MS
    _, then_ms, left_ms = progress.sittings[_oldest(progress)]
    return min(GRACE_MS, max(0, now_ms - then_ms) + left_ms)


def _take(
    progress: Progress, played: tuple[Played, ...], recording: Recording, room_ms: int, now_ms: int
) -> tuple[list[Refused], int]:
    """Adds what counts; gives what does not, and what is left of the room.

    All sessions together have no more than the time since the first of them began.
    """
    refused = []
    furthest = furthest_ms(recording.duration_ms, grows=recording.status in UNFINISHED)
    whole_ms = now_ms - int(progress.started_at.timestamp() * 1000) + GRACE_MS
    for index, one in enumerate(played):
        left_ms = min(room_ms, whole_ms - progress.watch_time_ms)
        reason = why_refused(one, furthest, left_ms)
        if one.start_ms >= _end_ms(recording):
            reason = "behind_the_end"
        if not reason and not add_piece(progress.pieces, one.start_ms, min(one.end_ms, _end_ms(recording))):
            reason = "too_many_pieces"
        if reason:
            refused.append(Refused(index, reason))
            continue
        room_ms -= one.took_ms
        progress.watch_time_ms += one.took_ms
    progress.watched_ms = length_ms(progress.pieces)
    return refused, room_ms


def _end_ms(recording: Recording) -> int:
    """Where it ends, as far as that is known: nothing of one that grows is cut off."""
    grows = recording.status in UNFINISHED
    return furthest_ms(recording.duration_ms, grows=True) if grows else recording.duration_ms


def _sit(progress: Progress, report: Report, now_ms: int, room_ms: int) -> None:
    """Remembers the report; who has not reported for longest gives way. Unused time is not saved."""
    progress.sittings[report.session_id] = [report.number, now_ms, min(room_ms, GRACE_MS)]
    while len(progress.sittings) > MAX_SITTINGS:
        del progress.sittings[_oldest(progress)]


def _oldest(progress: Progress) -> str:
    """The session that has not reported for longest."""
    return min(progress.sittings, key=lambda session: progress.sittings[session][1])


def _is_complete(progress: Progress, recording: Recording) -> bool:
    """Of one that still grows nobody knows."""
    share = progress_per_mille(progress.watched_ms, recording.duration_ms)
    return recording.status not in UNFINISHED and share >= COMPLETE_PER_MILLE
