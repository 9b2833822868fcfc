"""The ladder of one recording, wished for by somebody: all of its rungs or one, looked at, cancelled.

No second queue: it is the recording's `ladder` job, which may be of some rungs only. Decision 0131.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.exc import IntegrityError

from vtp.accounts.permissions import Action
from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.errors import Conflict, FieldError, Invalid, NotFound
from vtp.http.identity import Principal
from vtp.jobs import store
from vtp.jobs.ladder_wish import lines_of, with_rungs
from vtp.jobs.making import new_job
from vtp.jobs.service import Jobs, utc_now
from vtp.jobs.store import Job, Kind, State
from vtp.recording.ladder import missing_rungs
from vtp.recording.service import Recordings
from vtp.recording.store import Recording, Status

NO_LADDER = "This server makes no ladders: its operator names rungs in jobs.ladder."


@dataclass(frozen=True, slots=True)
class Transcode:
    """A ladder's job with what it is of; `lines` are its rungs' shorter sides."""

    job: Job
    recording: Recording
    lines: Sequence[int]


class Transcoding:
    """`lines`: the rungs of the settings' ladder. Raises NotFound and Forbidden."""

    def __init__(
        self,
        database: Database,
        jobs: Jobs,
        recordings: Recordings,
        lines: Sequence[int],
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._database = database
        self._jobs = jobs
        self._recordings = recordings
        self._lines = sorted(lines, reverse=True)
        self._clock = clock

    async def start(self, principal: Principal, recording_id: str, wanted: int | None = None) -> Transcode:
        """Has what is missing of the ladder made, or of one rung; what goes on, or is whole, stays as it is.

        Raises Conflict without a ladder, of a recording that has not ended, and while other rungs are being
        made; Invalid for a rung that the ladder has not.
        """
        recording = await self._recording(principal, recording_id)
        if Kind.LADDER not in self._jobs.kinds:
            raise Conflict(NO_LADDER, code="no_ladder")
        if wanted is not None and wanted not in self._lines:
            known = ", ".join(f"{one}p" for one in self._lines)
            text = f"The ladder has no such rung: it has {known}."
            raise Invalid(text, errors=[FieldError("/quality", text)])
        if recording.status in (Status.RECORDING, Status.FINALIZING):
            raise Conflict("This is still being recorded: its ladder is made afterwards.", code="not_ended")
        rungs = "" if wanted is None else str(wanted)
        view = await self._recordings.view(recording.id)
        lacks = bool(missing_rungs(lines_of(rungs, self._lines), view.tracks))
        job = await self._begin(recording.id, rungs, lacks=lacks)
        if job.state is State.QUEUED:
            await self._jobs.put(job.id)
        return self._of(job, recording)

    async def get(self, principal: Principal, recording_id: str) -> Transcode:
        """How far it is. Raises NotFound when there is no such job."""
        recording = await self._recording(principal, recording_id)
        async with self._database.read() as tx:
            job = await store.find_job_of(tx, recording.id, Kind.LADDER)
        if job is None:
            raise NotFound("Nothing of this recording is being transcoded.", code="no_such_job")
        return self._of(job, recording)

    async def cancel(self, principal: Principal, recording_id: str) -> Transcode:
        """Ends it. Raises Conflict when it is over."""
        found = await self.get(principal, recording_id)
        job = await self._jobs.cancel(principal, found.recording.id, found.job.id)
        return replace(found, job=job)

    async def _recording(self, principal: Principal, recording_id: str) -> Recording:
        return (await self._recordings.seen_to(Action.RECORDING_UPDATE, principal, recording_id)).recording

    async def _begin(self, recording_id: str, rungs: str, *, lacks: bool) -> Job:
        try:
            return await self._wish(recording_id, rungs, lacks=lacks)
        except IntegrityError:  # the server or the job process has just added it
            return await self._wish(recording_id, rungs, lacks=lacks)

    @done_over
    async def _wish(self, recording_id: str, rungs: str, *, lacks: bool) -> Job:
        now = self._clock()
        async with self._database.transaction() as tx:
            await store.require_kept(tx, recording_id)
            job = await store.find_job_of(tx, recording_id, Kind.LADDER)
            if job is None:
                job = replace(new_job(recording_id, Kind.LADDER, now), rungs=rungs)
                await store.add_job(tx, job)
                return job
            open_ = job.state in (State.QUEUED, State.RUNNING)
            together = with_rungs(job.rungs, rungs) if open_ else rungs
            if (job.state is State.DONE and not lacks) or (open_ and together == job.rungs):
                return job
            if job.state is State.RUNNING:
                raise Conflict(
                    "Other rungs of this recording are being made: wait for them, or cancel that.",
                    code="job_goes_on",
                )
            if not await store.queue_with(tx, job, together, now):
                raise Conflict("This job is being ended: try again in a moment.", code="job_is_ending")
            found = await store.find_job(tx, job.id)
        return found or job

    def _of(self, job: Job, recording: Recording) -> Transcode:
        return Transcode(job, recording, lines_of(job.rungs, self._lines))
