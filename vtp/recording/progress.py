"""How far people are with recordings: reported by their players, believed as far as time allows.

Of accounts only: whoever comes by a link or to a public recording leaves nothing here (decision 0078).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.service import Clock, account_of, utc_now
from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.http.identity import Principal
from vtp.recording.progress_store import (
    Progress,
    find_progress,
    lock_progress,
    progress_of,
    save_progress,
)
from vtp.recording.service import Recordings
from vtp.recording.store import UNFINISHED, Recording
from vtp.recording.taking import Extent, Taken, take_report
from vtp.recording.watching import Refused, Report


@dataclass(frozen=True, slots=True)
class Watched:
    """A report that was taken: who played what, and what of it counted."""

    user_id: str
    recording_id: str
    session_id: str
    extent: Extent
    taken: Taken
    position_ms: int
    at: datetime


Teller = Callable[[AsyncConnection, Watched], Awaitable[None]]
"""Called within the transaction that stores a report: neither is there without the other."""


class WatchProgress:
    """Every method raises NotFound and Forbidden, the latter also for who has no account."""

    def __init__(self, database: Database, recordings: Recordings, *, clock: Clock = utc_now) -> None:
        self._database = database
        self._recordings = recordings
        self._clock = clock
        self._tellers: list[Teller] = []

    def add_teller(self, teller: Teller) -> None:
        """Tells of each report that is taken."""
        self._tellers.append(teller)

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
            progress, taken = await self._take(tx, user_id, recording, report, now)
        return recording, progress, list(taken.refused)

    async def _take(
        self, tx: AsyncConnection, user_id: str, recording: Recording, report: Report, now: datetime
    ) -> tuple[Progress, Taken]:
        """Takes a report of who may see the recording."""
        key = user_id, recording.id
        progress = (await lock_progress(tx, [key], now))[key]
        taken = take_in(progress, recording, report, now)
        if taken.repeated:
            return progress, taken
        await save_progress(tx, [progress])
        extent = extent_of(recording)
        watched = Watched(user_id, recording.id, report.session_id, extent, taken, progress.position_ms, now)
        for tell in self._tellers:
            await tell(tx, watched)
        return progress, taken


def take_in(
    progress: Progress, recording: Recording, report: Report, now: datetime, *, door: str = ""
) -> Taken:
    """Takes a report into a person's row, which is locked.

    `door`: the report came by another way, which counts for itself and brings none twice.
    """
    if door:
        session_id = door + report.session_id
        sitting = progress.sittings.get(session_id)
        number = sitting[0] + 1 if sitting is not None else 0
        report = replace(report, session_id=session_id, number=number)
    taken = take_report(progress, report, extent_of(recording), int(now.timestamp() * 1000))
    if not taken.repeated:
        progress.updated_at = now
        if taken.completed:
            progress.completed_at = now
    return taken


def extent_of(recording: Recording) -> Extent:
    """How long a recording is, as reports are taken."""
    return Extent(recording.duration_ms, recording.status in UNFINISHED)
