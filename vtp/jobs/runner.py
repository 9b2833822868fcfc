"""Works on jobs: each is claimed, kept alive by its heartbeat, and settled as it ended."""

from __future__ import annotations

import asyncio
import errno
import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.errors import Unavailable
from vtp.ids import new_id
from vtp.jobs.progress import Progress
from vtp.jobs.store import Job, Kind, State, change_own, claim, let_go, queue_done_again, stay_local
from vtp.recording.store import Recording, Storage, change_recording, find_recording
from vtp.settings import JobSettings
from vtp.storage import StoreAway

logger = logging.getLogger(__name__)

HEARTBEAT_S = 1.0
SAVE_AGAIN_S = 2.0  # after the database was away
BUG = "The job failed by a fault of ours: the log of the job process has it."


class HopelessError(ValueError):
    """No further try can do better."""


class Work(Protocol):
    """What a kind of job does."""

    @property
    def moves(self) -> bool:
        """Whether it takes the recording elsewhere: its row says so meanwhile."""

    @property
    def then(self) -> Kind | None:
        """What has something new to do afterwards."""

    async def run(self, recording: Recording, progress: Progress, rungs: str = "") -> Mapping[str, object]:
        """Does it, of a ladder these `rungs`; gives columns of the recording's row. Raises Unavailable for
        what time may cure, OSError and ValueError for what it hardly will.
        """

    async def undo(self, recording_id: str) -> None:
        """Takes away what a run has left of a recording that is deleted."""


def utc_now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)


class Runner:
    """`settled` is called whenever a job has ended or waits for another try."""

    def __init__(
        self,
        database: Database,
        works: Mapping[Kind, Work],
        settings: JobSettings,
        settled: Callable[[], None],
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._database = database
        self._works = works
        self._delays_s = settings.retry_delays_s
        self._settled = settled
        self._clock = clock
        self._runs: set[asyncio.Future[Any]] = set()
        self._closing = False
        self._claiming = asyncio.Lock()

    async def run(self, job_id: str) -> None:
        """Works on a job, if it is due and nobody else does; returns when that has ended, however."""
        try:
            claimed = None if self._closing else await self._claim(job_id)
        except Unavailable as error:
            logger.warning("A job has to wait: %s", error)
            return
        if claimed is not None and not self._closing:
            await self._work(*claimed)
        elif claimed is not None:
            await self._give_back(claimed[0])

    async def close(self) -> None:
        """Stops what runs; it goes on when the next process has started."""
        self._closing = True
        for run in list(self._runs):
            run.cancel()

    async def _claim(self, job_id: str) -> tuple[Job, Recording] | None:
        async with self._claiming:  # two at once could not see each other
            return await self._claim_alone(job_id)

    @done_over
    async def _claim_alone(self, job_id: str) -> tuple[Job, Recording] | None:
        async with self._database.transaction() as tx:
            job = await claim(tx, job_id, new_id(), self._clock())
            recording = await find_recording(tx, job.recording_id) if job else None
            if job is None or recording is None:
                return None
            if self._works[job.kind].moves and recording.storage is Storage.LOCAL:
                await change_recording(tx, recording.id, storage=Storage.UPLOADING)
        return job, recording

    async def _work(self, job: Job, recording: Recording) -> None:
        progress = Progress()
        run = asyncio.ensure_future(self._works[job.kind].run(recording, progress, job.rungs))
        self._runs.add(run)
        beats = asyncio.ensure_future(self._keep_alive(job, progress, run))
        try:
            await asyncio.wait([run])
        finally:
            self._runs.discard(run)
            beats.cancel()
            await asyncio.wait([beats])
        await self._settle(job, run)
        self._settled()

    async def _keep_alive(self, job: Job, progress: Progress, run: asyncio.Future[Any]) -> None:
        """Shows how far it is; a run whose row says otherwise is stopped."""
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            now, eta_s = self._clock(), progress.eta_s
            values = {
                "progress": progress.fraction,
                "eta_at": None if eta_s is None else now + timedelta(seconds=eta_s),
                "heartbeat_at": now,
                "updated_at": now,
            }
            try:
                if not await self._change(job, values):
                    run.cancel()
                    return
            except Unavailable:
                continue

    async def _settle(self, job: Job, run: asyncio.Future[Any]) -> None:
        if run.cancelled():
            await (self._give_back(job) if self._closing else self._let_go(job))
            return
        error = run.exception()
        if error is None:
            done = {"state": State.DONE, "progress": 1.0, "last_error": ""}
            await self._end(job, done, run.result())
            logger.info("The %s of recording %s is done.", job.kind, job.recording_id)
        elif isinstance(error, Unavailable) or (
            isinstance(error, OSError | ValueError)
            and not isinstance(error, HopelessError)
            and job.attempts < len(self._delays_s)
        ):
            await self._try_again(job, error)
        elif isinstance(error, OSError | ValueError):
            await self._fail(job, _sentence(error))
        else:
            logger.error("The %s of recording %s died.", job.kind, job.recording_id, exc_info=error)
            await self._fail(job, BUG)

    async def _try_again(self, job: Job, error: BaseException) -> None:
        delay_s = self._delays_s[min(job.attempts, len(self._delays_s)) - 1]
        at = self._clock() + timedelta(seconds=delay_s)
        logger.warning(
            "The %s of recording %s is tried again in %g s: %s",
            job.kind,
            job.recording_id,
            delay_s,
            _sentence(error),
            extra={"cause": str(error.__cause__ or "")[:500]},
        )
        await self._end(job, {"state": State.QUEUED, "last_error": _sentence(error), "next_try_at": at})

    async def _fail(self, job: Job, sentence: str) -> None:
        logger.warning("The %s of recording %s is given up: %s", job.kind, job.recording_id, sentence)
        await self._end(job, {"state": State.FAILED, "last_error": sentence})

    async def _give_back(self, job: Job) -> None:
        """The process ends: the next one goes on at once, and this was no failure."""
        values = {"state": State.QUEUED, "next_try_at": self._clock(), "attempts": max(0, job.attempts - 1)}
        await self._end(job, values)

    async def _end(
        self, job: Job, values: dict[str, object], recording: Mapping[str, object] | None = None
    ) -> None:
        """Keeps how a run ended; what was cancelled meanwhile stays so."""
        values = {**values, "owner": None, "eta_at": None, "updated_at": self._clock()}
        while True:
            try:
                if not await self._change(job, values, recording):
                    await self._let_go(job)
                return
            except Unavailable:
                if self._closing:
                    return  # the next process finds it as one that was killed
                await asyncio.sleep(SAVE_AGAIN_S)

    @done_over
    async def _change(
        self, job: Job, values: Mapping[str, object], recording: Mapping[str, object] | None = None
    ) -> bool:
        async with self._database.transaction() as tx:
            mine = await change_own(tx, job, values)
            if mine and values.get("state") is State.FAILED and self._works[job.kind].moves:
                await stay_local(tx, job.recording_id)
            if mine and recording:
                await change_recording(tx, job.recording_id, **recording)
                if (then := self._works[job.kind].then) is not None:
                    await queue_done_again(tx, job.recording_id, then, self._clock())
        return mine

    async def _let_go(self, job: Job) -> None:
        """The row says that this run is not wanted any more; nobody else may be in the way of a deletion."""
        while True:
            try:
                gone = await self._release(job)
                if gone:
                    await self._works[job.kind].undo(job.recording_id)
                return
            except Unavailable as error:
                logger.warning("What is left of recording %s waits: %s", job.recording_id, error)
                if self._closing:
                    return
                await asyncio.sleep(SAVE_AGAIN_S)

    @done_over
    async def _release(self, job: Job) -> bool:
        """Tells whether the recording itself is gone."""
        async with self._database.transaction() as tx:
            if await let_go(tx, job) and self._works[job.kind].moves:
                await stay_local(tx, job.recording_id)
            return await find_recording(tx, job.recording_id) is None


def _sentence(error: BaseException) -> str:
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "The disk of the recordings is full: free some space."
    if isinstance(error, FileNotFoundError) and error.filename:
        missing = Path(error.filename)
        return f"The file {missing.parent.name}/{missing.name} is missing: restore it from a backup."
    text = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
    said = error.said if isinstance(error, StoreAway) else ""
    return f"{text}. It says: {said}" if said else f"{text}."
