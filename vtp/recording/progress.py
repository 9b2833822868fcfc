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
from vtp.recording.taking import Extent, take_report
from vtp.recording.watching import Refused, Report


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
            taken = take_report(progress, report, extent_of(recording), int(now.timestamp() * 1000))
            if taken.repeated:
                return recording, progress, []
            progress.updated_at = now
            if taken.completed:
                progress.completed_at = now
            await save_progress(tx, progress)
        return recording, progress, list(taken.refused)


def extent_of(recording: Recording) -> Extent:
    """How long a recording is, as reports are taken."""
    return Extent(recording.duration_ms, recording.status in UNFINISHED)
