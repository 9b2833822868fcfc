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
    GRACE_S,
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
            passed_s = 0.0 if sitting is None else max(0, now_ms - sitting[1]) / 1000
            refused = _take(progress, report.played, recording, passed_s + GRACE_S)
            _sit(progress, report, now_ms)
            progress.position_ms = min(report.position_ms, _end_ms(recording))
            progress.updated_at = now
            if progress.completed_at is None and _is_complete(progress, recording):
                progress.completed_at = now
            await save_progress(tx, progress)
        return recording, progress, refused


def _take(
    progress: Progress, played: tuple[Played, ...], recording: Recording, left_s: float
) -> list[Refused]:
    """Adds what counts; gives what does not."""
    refused = []
    furthest = furthest_ms(recording.duration_ms, grows=recording.status in UNFINISHED)
    for index, one in enumerate(played):
        reason = why_refused(one, furthest, left_s)
        if one.start_ms >= _end_ms(recording):
            reason = "behind_the_end"
        if not reason and not add_piece(progress.pieces, one.start_ms, min(one.end_ms, _end_ms(recording))):
            reason = "too_many_pieces"
        if reason:
            refused.append(Refused(index, reason))
            continue
        left_s -= one.took_s
        progress.watch_time_ms += round(one.took_s * 1000)
    progress.watched_ms = length_ms(progress.pieces)
    return refused


def _end_ms(recording: Recording) -> int:
    """Where it ends, as far as that is known: nothing of one that grows is cut off."""
    grows = recording.status in UNFINISHED
    return furthest_ms(recording.duration_ms, grows=True) if grows else recording.duration_ms


def _sit(progress: Progress, report: Report, now_ms: int) -> None:
    """Remembers the report; who has not reported for longest gives way."""
    progress.sittings[report.session_id] = [report.number, now_ms]
    while len(progress.sittings) > MAX_SITTINGS:
        oldest = min(progress.sittings, key=lambda session: progress.sittings[session][1])
        del progress.sittings[oldest]


def _is_complete(progress: Progress, recording: Recording) -> bool:
    """Of one that still grows nobody knows."""
    share = progress_per_mille(progress.watched_ms, recording.duration_ms)
    return recording.status not in UNFINISHED and share >= COMPLETE_PER_MILLE
