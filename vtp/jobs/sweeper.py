"""Looks after jobs: recordings without one get it, what is due is queued, what was uploaded leaves here."""

from __future__ import annotations

import asyncio
import logging
import shutil
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy.exc import IntegrityError

from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.errors import Unavailable
from vtp.jobs.making import new_job
from vtp.jobs.queue import JobQueue
from vtp.jobs.store import (
    AT_A_TIME,
    Kind,
    add_job,
    due_jobs,
    next_due_at,
    recordings_without,
    stored_before,
    tell_of_change,
)
from vtp.recording.manifest import MANIFEST_NAME
from vtp.storage import Store

logger = logging.getLogger(__name__)

LONGEST_S = 5.0
_DROPPED = ".dropped-"  # such names are no recordings


class Sweeper:
    """Of the job process, one. `wake()` makes it look at once."""

    def __init__(
        self,
        database: Database,
        queue: JobQueue,
        store: Store,
        instance_id: str,
        kinds: Sequence[Kind],
        keep_local: timedelta,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._database = database
        self._queue = queue
        self._store = store
        self._instance_id = instance_id
        self._kinds = kinds
        self._keep_local = keep_local
        self._clock = clock
        self._news = asyncio.Event()
        self._put: dict[str, datetime] = {}
        self._looked: dict[Kind, str] = {}  # how far, by id
        self._dropped: list[str] = []  # of which servers are to be told

    def wake(self) -> None:
        """Something has changed."""
        self._news.set()

    def used_up(self, job_id: str) -> None:
        """The queue has no message of this job any more: it gets one when it is found due."""
        self._put.pop(job_id, None)

    async def run(self) -> None:
        """Until it is cancelled."""
        await asyncio.to_thread(self._clear_dropped)
        while True:
            self._news.clear()
            try:
                wait_s = await self.sweep()
            except (Unavailable, OSError) as error:
                logger.warning("Jobs have to wait: %s", error)
                wait_s = LONGEST_S
            try:
                async with asyncio.timeout(wait_s):
                    await self._news.wait()
            except TimeoutError:
                continue

    async def sweep(self) -> float:
        """One look at everything; gives the seconds until the next."""
        await self._add_missing()
        await self._queue_due()
        await self._drop_local()
        async with self._database.read() as tx:
            at = await next_due_at(tx, self._instance_id)
        wait_s = LONGEST_S if at is None else (at - self._clock()).total_seconds()
        return min(LONGEST_S, wait_s) if wait_s > 0 else LONGEST_S

    async def _add_missing(self) -> None:
        """What ended while no server could say so, or before there was a store or a ladder; some at each
        look, as there may be many of which nothing can be made here.
        """
        for kind in self._kinds:
            async with self._database.read() as tx:
                after = self._looked.get(kind, "")
                found = await recordings_without(tx, kind, self._instance_id, after)
            for recording_id in found:
                if not kind.needs_files or self._is_here(recording_id):
                    await self._add(recording_id, kind)
            self._looked[kind] = found[-1] if len(found) == AT_A_TIME else ""

    def _is_here(self, recording_id: str) -> bool:
        return (self._store.path(recording_id) / MANIFEST_NAME).exists()

    @done_over
    async def _add(self, recording_id: str, kind: Kind) -> None:
        try:
            async with self._database.transaction() as tx:
                await add_job(tx, new_job(recording_id, kind, self._clock()))
        except IntegrityError:  # the server was quicker, or the recording is gone
            return

    async def _queue_due(self) -> None:
        async with self._database.read() as tx:
            due = await due_jobs(tx, self._instance_id, self._clock())
        self._put = {job.id: self._put[job.id] for job in due if job.id in self._put}
        for job in due:
            if self._put.get(job.id) != job.next_try_at:
                self._put[job.id] = job.next_try_at  # first: it may be used up before `put` is through
                try:
                    await asyncio.to_thread(self._queue.put, job.id)
                except Unavailable:
                    self.used_up(job.id)
                    raise

    async def _drop_local(self) -> None:
        if Kind.UPLOAD not in self._kinds:
            return  # there is no store now; what was uploaded to one may be here alone tomorrow
        async with self._database.read() as tx:
            found = await stored_before(tx, self._instance_id, self._clock() - self._keep_local)
        here = [recording_id for recording_id in found if self._store.path(recording_id).exists()]
        for recording_id in here:
            await asyncio.to_thread(drop_folder, self._store.path(recording_id))
            self._dropped.append(recording_id)
            logger.info("Recording %s lies in the object store alone from now on.", recording_id)
        if self._dropped:
            await self._tell_of_dropped()
            self._dropped.clear()

    @done_over
    async def _tell_of_dropped(self) -> None:
        """What servers know of it may be of files that were here alone: those of a cancelled ladder."""
        async with self._database.transaction() as tx:
            await tell_of_change(tx, self._dropped, self._clock())

    def _clear_dropped(self) -> None:
        for folder in self._store.root.glob(f"{_DROPPED}*"):
            shutil.rmtree(folder, ignore_errors=True)


def drop_folder(folder: Path) -> None:
    """Deletes a recording's folder; in one step for those who look into it."""
    dropped = folder.with_name(f"{_DROPPED}{folder.name}")
    shutil.rmtree(dropped, ignore_errors=True)
    folder.rename(dropped)
    shutil.rmtree(dropped, ignore_errors=True)
