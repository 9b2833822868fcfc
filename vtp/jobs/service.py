"""Jobs as the server sees them: made when a recording ends, looked at, cancelled, tried again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.permissions import Action
from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.errors import Conflict, NotFound, Unavailable
from vtp.http.identity import Principal
from vtp.ids import parse_id
from vtp.jobs import store
from vtp.jobs.making import new_job
from vtp.jobs.queue import JobQueue
from vtp.jobs.store import OPEN, Job, Kind, State
from vtp.media.events import Emitter
from vtp.recording.audience import Audience, Everybody
from vtp.recording.changes import RecordingChanged
from vtp.recording.seen import see, see_all
from vtp.recording.store import Recording, Status, find_recording, find_recordings
from vtp.tasks import Tasks

logger = logging.getLogger(__name__)

LOOK_EVERY_S = 5.0
OVERLAP = timedelta(minutes=1)  # clocks differ, and what is committed late is written earlier
ALIVE = timedelta(seconds=10)  # a run whose heartbeat is older is taken to be dead
LET_GO_S = 8.0  # how long a deletion waits for the run that works on the recording
_LOOK_AGAIN_S = 0.1


def utc_now() -> datetime:
    """The wall clock."""
    return datetime.now(UTC)


class Jobs:
    """`kinds` are done of every recording; `queue` is None without any. Rows of before are shown still."""

    def __init__(
        self,
        database: Database,
        queue: JobQueue | None,
        kinds: Sequence[Kind] = (),
        *,
        audience: Audience | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._database = database
        self._audience = audience or Everybody()
        self._queue = queue
        self.kinds = kinds
        self._clock = clock
        self._seen_at = clock()
        self._done: Emitter[str] = Emitter()
        self._tasks = Tasks()
        self._counts: dict[str, int] = {}
        self._told: set[tuple[str, datetime]] = set()

    def recording_changed(self, change: RecordingChanged) -> None:
        """A recording that has ended with something to play gets its jobs."""
        if self._queue is not None and change.status in (Status.READY, Status.INTERRUPTED):
            for kind in self.kinds:
                self._tasks.start(self._begin(change.recording_id, kind), f"{kind} of {change.recording_id}")

    def add_listener(self, listener: Callable[[str], None]) -> Callable[[], None]:
        """Hears, some seconds later, which recordings jobs of any process have changed."""
        return self._done.add_listener(listener)

    async def watch(self) -> None:
        """Looks again and again, as long as the server runs."""
        while True:
            with suppress(Unavailable):
                await self.look()
            await asyncio.sleep(LOOK_EVERY_S)

    async def look(self) -> None:
        """Keeps the numbers for the metrics, and tells of what is done. Raises Unavailable."""
        async with self._database.read() as tx:
            self._counts = await store.count_by_state(tx)
            done = await store.done_since(tx, self._seen_at - OVERLAP)
        for recording_id, at in done:
            if (recording_id, at) not in self._told:
                self._done.emit(recording_id)
        self._told = set(done)
        self._seen_at = max([self._seen_at, *(at for _, at in done)])

    def numbers(self) -> dict[str, float]:
        """How many jobs are in which state, as of some seconds ago."""
        return {state.value: self._counts.get(state, 0) for state in State}

    async def close(self) -> None:
        """What was not written is found by the job process."""
        await self._tasks.close()
        if self._queue is not None:
            await asyncio.to_thread(self._queue.close)

    async def page(
        self, principal: Principal, recording_id: str, *, limit: int, before: str | None
    ) -> list[Job]:
        """Jobs of a recording, newest first. Raises NotFound, Forbidden."""
        async with self._database.read() as tx:
            recording = await self._recording_for(tx, principal, recording_id)
            return await store.page_of_jobs(tx, recording.id, limit=limit, before=before)

    async def unfinished(self, principal: Principal, recording_ids: Sequence[str]) -> list[Job]:
        """What is not done yet, or failed, of those of these recordings that the caller may change."""
        async with self._database.read() as tx:
            found = await see_all(tx, self._audience, principal, await find_recordings(tx, recording_ids))
            own = [one.recording.id for one in found if one.may(Action.RECORDING_UPDATE)]
            return await store.unfinished_of(tx, own) if own else []

    @done_over
    async def cancel(self, principal: Principal, recording_id: str, job_id: str) -> Job:
        """Ends a job; once more is no error. Raises NotFound, Forbidden, Conflict when it is over."""
        async with self._database.transaction() as tx:
            job = await self._job_for(tx, principal, recording_id, job_id)
            if job.state not in (*OPEN, State.CANCELLED):
                raise Conflict("This job is over already.", code="job_is_over")
            await store.cancel_open(tx, job.recording_id, self._clock(), job.id)
            if job.kind is Kind.UPLOAD:
                await store.stay_local(tx, job.recording_id)
            return await _job(tx, job.recording_id, job.id)

    async def retry(self, principal: Principal, recording_id: str, job_id: str) -> Job:
        """Lets a job begin anew, or at once when it waits. Raises NotFound, Forbidden, Conflict, and Gone for
        what is in the trash."""
        job = await self._queue_again(principal, recording_id, job_id)
        await self.put(job.id)
        return job

    @done_over
    async def _queue_again(self, principal: Principal, recording_id: str, job_id: str) -> Job:
        now = self._clock()
        async with self._database.transaction() as tx:
            job = await self._job_for(tx, principal, recording_id, job_id)
            await store.require_kept(tx, job.recording_id)
            if job.state in (State.RUNNING, State.DONE):
                raise Conflict("This job is running, or done already.", code="job_goes_on")
            hurried = await store.hurry(tx, job.id, now)
            if not hurried and not await store.queue_again(tx, job.id, now):
                raise Conflict("This job is being ended: try again in a moment.", code="job_is_ending")
            return await _job(tx, job.recording_id, job.id)

    async def cancel_of(self, recording_id: str) -> None:
        """Ends everything that is done with a recording, and waits until nobody touches it any more."""
        await self._cancel_alone(recording_id)
        await self.let_go_of(recording_id)

    async def cancel_within(self, tx: AsyncConnection, recording_id: str) -> None:
        """Ends everything that is done with a recording, once the transaction is stored."""
        await store.cancel_open(tx, recording_id, self._clock())
        await store.stay_local(tx, recording_id)

    async def let_go_of(self, recording_id: str) -> None:
        """Waits until nobody touches a recording any more whose jobs have been cancelled; not for ever."""
        with suppress(TimeoutError):
            async with asyncio.timeout(LET_GO_S):
                while await self._is_worked_on(recording_id):  # noqa: ASYNC110 - by another process
                    await asyncio.sleep(_LOOK_AGAIN_S)

    async def take_up(self, tx: AsyncConnection, recording_id: str, since: datetime) -> None:
        """Has done what was ended of it since then; the job process finds it."""
        await store.queue_ended_again(tx, recording_id, since, self._clock())

    @done_over
    async def _cancel_alone(self, recording_id: str) -> None:
        async with self._database.transaction() as tx:
            await self.cancel_within(tx, recording_id)

    async def _is_worked_on(self, recording_id: str) -> bool:
        async with self._database.read() as tx:
            return await store.owned_since(tx, recording_id, self._clock() - ALIVE)

    async def _begin(self, recording_id: str, kind: Kind) -> None:
        """A row first: what the queue loses, the job process finds by it."""
        job = new_job(recording_id, kind, self._clock())
        try:
            if await self._add(job):
                await self.put(job.id)
        except (Unavailable, IntegrityError) as error:
            logger.info("The %s of recording %s is left to the job process: %s", kind, recording_id, error)

    @done_over
    async def _add(self, job: Job) -> bool:
        async with self._database.transaction() as tx:
            return await store.add_job(tx, job)

    async def put(self, job_id: str) -> None:
        """Has a job that is due begun soon; also without a queue, or while that is away."""
        if self._queue is None:
            return
        try:
            await asyncio.to_thread(self._queue.put, job_id)
        except Unavailable as error:  # its row is there, and found
            logger.warning("%s Jobs begin some seconds later.", error)

    async def _recording_for(self, tx: AsyncConnection, principal: Principal, recording_id: str) -> Recording:
        recording = await find_recording(tx, parse_id(recording_id, "/path/id"))
        if recording is None:
            raise NotFound("There is no such recording.", code="no_such_recording")
        (await see(tx, self._audience, principal, recording)).require(Action.RECORDING_UPDATE)
        return recording

    async def _job_for(
        self, tx: AsyncConnection, principal: Principal, recording_id: str, job_id: str
    ) -> Job:
        recording = await self._recording_for(tx, principal, recording_id)
        return await _job(tx, recording.id, parse_id(job_id, "/path/job_id"))


async def _job(tx: AsyncConnection, recording_id: str, job_id: str) -> Job:
    job = await store.find_job(tx, job_id)
    if job is None or job.recording_id != recording_id:
        raise NotFound("This recording has no such job.", code="no_such_job")
    return job
