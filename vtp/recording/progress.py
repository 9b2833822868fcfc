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
    Begun,
    Progress,
    find_progress,
    lock_progress,
    save_progress,
)
from vtp.recording.service import Recordings
from vtp.recording.standing import Standing
from vtp.recording.store import UNFINISHED, Recording
from vtp.recording.taking import Extent, Taken, take_report
from vtp.recording.watching import COMPLETE_AT_LEAST, COMPLETE_PER_MILLE, Report, progress_per_mille


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


Asked = Callable[[AsyncConnection, Collection[str]], Awaitable[Mapping[str, int]]]
"""From how many thousandths on each of some recordings is complete; of those that it leaves out,
COMPLETE_PER_MILLE."""


class WatchProgress:
    """Every method raises NotFound and Forbidden, the latter also for who has no account."""

    def __init__(self, database: Database, recordings: Recordings, *, clock: Clock = utc_now) -> None:
        self._database = database
        self._recordings = recordings
        self._clock = clock
        self._tellers: list[Teller] = []
        self.asked: Asked | None = None

    def add_teller(self, teller: Teller) -> None:
        """Tells of each report that is taken."""
        self._tellers.append(teller)

    async def get(self, principal: Principal, recording_id: str, address: str) -> Standing:
        """How far the caller is."""
        user_id = account_of(principal)
        recording = await self._recordings.get(principal, recording_id, address)
        async with self._database.read() as tx:
            progress = await find_progress(tx, user_id, recording.id)
            return Standing(recording, progress, await self._complete_from(tx, recording, progress))

    async def standings(self, begun: Collection[tuple[Recording, Begun | None]]) -> Mapping[str, Standing]:
        """How somebody stands with each of a list that they have begun, by its id."""
        maybe = [one.id for one, seen in begun if seen is not None and _may_be(one, seen)]
        bars: Mapping[str, int] = {}
        if maybe:
            async with self._database.read() as tx:
                bars = await self._bars(tx, maybe)
        return {
            one.id: Standing(one, seen, bars.get(one.id, COMPLETE_PER_MILLE))
            for one, seen in begun
            if seen is not None
        }

    @done_over
    async def report(self, principal: Principal, recording_id: str, report: Report, address: str) -> Standing:
        """Takes a report in; one that came before changes nothing."""
        user_id = account_of(principal)
        recording = await self._recordings.get(principal, recording_id, address)
        now = self._clock()
        async with self._database.transaction() as tx:
            progress, taken = await self._take(tx, user_id, recording, report, now)
            bar = await self._complete_from(tx, recording, progress)
        return Standing(recording, progress, bar, taken.refused)

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

    async def _complete_from(
        self, tx: AsyncConnection, recording: Recording, progress: Progress | None
    ) -> int:
        if progress is None or not _may_be(recording, progress):
            return COMPLETE_PER_MILLE
        return (await self._bars(tx, [recording.id])).get(recording.id, COMPLETE_PER_MILLE)

    async def _bars(self, tx: AsyncConnection, ids: Collection[str]) -> Mapping[str, int]:
        return await self.asked(tx, ids) if self.asked is not None and ids else {}


def _may_be(recording: Recording, progress: Progress | Begun) -> bool:
    """Whether it could be complete, whatever courses ask for: most reports need not ask them."""
    return progress_per_mille(progress.watched_ms, recording.duration_ms) >= COMPLETE_AT_LEAST


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
    return taken


def extent_of(recording: Recording) -> Extent:
    """How long a recording is, as reports are taken."""
    return Extent(recording.duration_ms, recording.status in UNFINISHED)
