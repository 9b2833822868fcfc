"""Files of courses on their way into the object store: what waits is sent, what is there long enough leaves
this machine. Work of the job process, of which a data folder has one.

The rows are the list of what is to be done, and what the store has already is not sent again: a process that
is killed loses nothing, and an object store that is configured later gets what there was before.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from vtp.coursework.file_bytes import FileBytes
from vtp.coursework.file_store import (
    StoredFile,
    files_among,
    note_not_here,
    note_not_stored,
    note_sending,
    note_stored,
    stored_before,
    waiting,
)
from vtp.data_folder import instance_id
from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.errors import Unavailable
from vtp.settings import Settings
from vtp.storage import RemoteStore, Store, StoreAway

logger = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 5.0
LONGEST_DELAY_S: Final = 60.0
_AT_A_TIME: Final = 200


@dataclass(frozen=True, slots=True)
class _Failed:
    """How often a file could not be sent or dropped, and when that is tried again."""

    times: int
    until: datetime


class FileMover:
    """`keep_local`: how long a file stays here once the store has it."""

    def __init__(
        self,
        database: Database,
        lies: FileBytes,
        keep_local: timedelta,
        delays_s: Sequence[float],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        assert lies.remote is not None
        self._database = database
        self._lies = lies
        self._remote = lies.remote
        self._keep_local = keep_local
        self._delays_s = tuple(delays_s) or (LOOK_EVERY_S,)
        self._clock = clock
        self._lost: set[str] = set()
        self._failed: dict[str, _Failed] = {}

    async def run(self) -> None:
        """Until it is cancelled."""
        failures = 0
        while True:
            try:
                await self.once()
                failures, wait_s = 0, self._wait_s()
            except (Unavailable, OSError) as error:
                logger.warning("Files of courses have to wait: %s", error)
                wait_s = min(LONGEST_DELAY_S, self._delay_s(failures))
                failures += 1
            await asyncio.sleep(wait_s)

    async def once(self) -> None:
        """Sends all that waits, and drops what has been there for long. What cannot be for reasons of its own
        has others go first. Raises Unavailable, OSError."""
        seen = set()
        async for file in self._waiting():
            seen.add(file.id)
            await self._try(self._move, file)
        async for file in self._stored():
            seen.add(file.id)
            await self._try(self._drop, file)
        self._failed = {one: failed for one, failed in self._failed.items() if one in seen}

    async def _try(self, do: Callable[[StoredFile], Awaitable[None]], file: StoredFile) -> None:
        """Unless it has failed a moment ago. Raises Unavailable."""
        failed = self._failed.get(file.id)
        if failed is not None and self._clock() < failed.until:
            return
        try:
            await do(file)
        except (StoreAway, OSError) as error:
            if isinstance(error, StoreAway) and not await self._remote.is_there():
                raise
            times = 0 if failed is None else failed.times
            until = self._clock() + timedelta(seconds=self._delay_s(times))
            self._failed[file.id] = _Failed(times + 1, until)
            logger.warning("File %s of a course has to wait, others do not: %s", file.id, error)
        else:
            self._failed.pop(file.id, None)

    def _delay_s(self, failures: int) -> float:
        return self._delays_s[min(failures, len(self._delays_s) - 1)]

    def _wait_s(self) -> float:
        """Until there may be something to do."""
        soonest = min((one.until for one in self._failed.values()), default=None)
        if soonest is None:
            return LOOK_EVERY_S
        return min(LOOK_EVERY_S, max(0.0, (soonest - self._clock()).total_seconds()))

    async def _waiting(self) -> AsyncIterator[StoredFile]:
        """Of this data folder, and of times when none was named: those are whose folder has them."""
        for folder in (self._lies.instance_id, None):
            after = ""
            while True:
                async with self._database.read() as tx:
                    found = await waiting(tx, folder, after=after, limit=_AT_A_TIME)
                for file in found:
                    yield file
                if len(found) < _AT_A_TIME:
                    break
                after = found[-1].id

    async def _move(self, file: StoredFile) -> None:
        path = self._lies.path(file.id)
        if path is None or path.stat().st_size != file.size_bytes:
            await self._look_for(file)
            return
        self._lost.discard(file.id)
        if file.stored_url is None or not await self._lies.is_stored(file):
            if not await self._note_sending(file.id):
                return
            with suppress(FileNotFoundError):  # it has just been deleted
                await self._lies.send(file.id)
        await self._settle(file)

    async def _look_for(self, file: StoredFile) -> None:
        """Of what is not here whole, as after an older backup came back: whether the store has it."""
        if file.id in self._lost:
            return
        if await self._lies.is_stored(file):
            await self._settle(file)
            return
        self._lost.add(file.id)
        if file.instance_id is not None:
            logger.warning("File %s of a course is neither here nor in the object store.", file.id)

    async def _settle(self, file: StoredFile) -> None:
        if await self._note_stored(file.id):
            return
        await self._lies.remove_stored(file.id)  # it was deleted while it was sent

    @done_over
    async def _note_sending(self, file_id: str) -> bool:
        async with self._database.transaction() as tx:
            return await note_sending(tx, file_id, self._remote.url)

    @done_over
    async def _note_stored(self, file_id: str) -> bool:
        here = self._lies.instance_id if self._lies.path(file_id) is not None else None
        async with self._database.transaction() as tx:
            return await note_stored(tx, file_id, self._remote.url, self._clock(), here)

    async def _stored(self) -> AsyncIterator[StoredFile]:
        """What the store has had for long enough."""
        before, after = self._clock() - self._keep_local, ""
        while True:
            async with self._database.read() as tx:
                found = await stored_before(
                    tx, self._lies.instance_id, self._remote.url, before, after=after, limit=_AT_A_TIME
                )
            for file in found:
                yield file
            if len(found) < _AT_A_TIME:
                return
            after = found[-1].id

    async def _drop(self, file: StoredFile) -> None:
        """That the store still has it is asked, as no other bytes are left then."""
        is_stored = await self._lies.is_stored(file)
        if is_stored:
            await self._lies.remove_here(file.id)
        else:
            logger.warning("File %s of a course has left the object store: it is sent anew.", file.id)
        await self._note_dropped(file.id, is_stored=is_stored)

    @done_over
    async def _note_dropped(self, file_id: str, *, is_stored: bool) -> None:
        async with self._database.transaction() as tx:
            if is_stored:
                await note_not_here(tx, [file_id])
            elif await files_among(tx, [file_id]):
                await note_not_stored(tx, file_id)


async def move_files(settings: Settings, database: Database, store: Store) -> None:
    """For the job process: as long as it runs, where there is an object store."""
    if not settings.storage.is_remote:
        return
    remote = await asyncio.to_thread(RemoteStore.open, settings.storage)
    instance = await asyncio.to_thread(instance_id, settings.data_dir)
    keep_local = timedelta(hours=settings.storage.keep_local_hours)
    lies = FileBytes(store, remote, instance)
    await FileMover(database, lies, keep_local, settings.jobs.retry_delays_s).run()
