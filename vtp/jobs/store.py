"""The rows of jobs: added, claimed, kept alive, settled. No rules here, only SQL; who writes first, wins.

There is one row for each recording and kind, and one run at a time owns it: a second claim finds it taken.
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.errors import Gone
from vtp.jobs.tables import recording_jobs as jobs
from vtp.recording.store import Status, Storage, find_recording, of_instance
from vtp.recording.tables import recordings


class Kind(enum.StrEnum):
    """What is done."""

    UPLOAD = "upload"
    LADDER = "ladder"

    @property
    def needs_files(self) -> bool:
        """Whether it is made of files that lie here, and not in the object store alone."""
        return self is Kind.LADDER


class State(enum.StrEnum):
    """How far it is."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


AT_A_TIME = 200
OPEN = (State.QUEUED, State.RUNNING)


@dataclass(frozen=True, slots=True)
class Job:
    """One job as it is stored."""

    id: str
    recording_id: str
    kind: Kind
    state: State
    created_at: datetime
    updated_at: datetime
    next_try_at: datetime
    progress: float = 0.0
    eta_at: datetime | None = None
    attempts: int = 0
    last_error: str = ""
    owner: str | None = None
    heartbeat_at: datetime | None = None
    rungs: str = ""


_COLUMNS = [jobs.c[name] for name in Job.__slots__]


async def add_job(tx: AsyncConnection, job: Job) -> bool:
    """Adds a row unless the recording has a job of this kind; tells whether it did."""
    same = (jobs.c.recording_id == job.recording_id, jobs.c.kind == job.kind)
    if (await tx.execute(select(jobs.c.id).where(*same))).first() is not None:
        return False
    await tx.execute(jobs.insert().values(**{name: getattr(job, name) for name in Job.__slots__}))
    return True


async def find_job(tx: AsyncConnection, job_id: str) -> Job | None:
    """The job with this id."""
    row = (await tx.execute(select(*_COLUMNS).where(jobs.c.id == job_id))).one_or_none()
    return _job(row._mapping) if row else None


async def find_job_of(tx: AsyncConnection, recording_id: str, kind: Kind) -> Job | None:
    """The job of this kind of a recording."""
    one = (jobs.c.recording_id == recording_id, jobs.c.kind == kind)
    row = (await tx.execute(select(*_COLUMNS).where(*one))).one_or_none()
    return _job(row._mapping) if row else None


async def page_of_jobs(
    tx: AsyncConnection, recording_id: str, *, limit: int, before: str | None
) -> list[Job]:
    """Jobs of a recording, newest first."""
    statement = select(*_COLUMNS).where(jobs.c.recording_id == recording_id).order_by(jobs.c.id.desc())
    if before is not None:
        statement = statement.where(jobs.c.id < before)
    return [_job(row._mapping) for row in await tx.execute(statement.limit(limit))]


async def unfinished_of(tx: AsyncConnection, recording_ids: Sequence[str]) -> list[Job]:
    """All jobs of these recordings that are not done, the oldest first."""
    left = (jobs.c.recording_id.in_(recording_ids), jobs.c.state != State.DONE)
    return [
        _job(row._mapping) for row in await tx.execute(select(*_COLUMNS).where(*left).order_by(jobs.c.id))
    ]


async def require_kept(tx: AsyncConnection, recording_id: str) -> None:
    """Raises Gone for a recording in the trash; one that is not is not put there before this is stored."""
    recording = await find_recording(tx, recording_id, to_change=True)
    if recording is None or recording.status is Status.DELETED:
        raise Gone("This recording is in the trash: restore it first.", code="recording_deleted")


async def claim(tx: AsyncConnection, job_id: str, owner: str, now: datetime) -> Job | None:
    """Makes a job that is due this run's own; None when it is not to be had.

    One run at a time works on a recording: what one kind writes another reads.
    """
    due = (jobs.c.id == job_id, jobs.c.state == State.QUEUED, _nobody_works())
    values = {"state": State.RUNNING, "owner": owner, "heartbeat_at": now, "updated_at": now, "eta_at": None}
    claimed = await tx.execute(
        update(jobs)
        .where(*due, jobs.c.next_try_at <= now)
        .values(**values, attempts=jobs.c.attempts + 1, progress=0.0)
    )
    return await find_job(tx, job_id) if claimed.rowcount else None


async def change_own(
    tx: AsyncConnection, job: Job, values: Mapping[str, object], state: State = State.RUNNING
) -> bool:
    """Changes a row that this run still owns; False when it was cancelled, taken away or is gone."""
    mine = (jobs.c.id == job.id, jobs.c.owner == job.owner, jobs.c.state == state)
    return bool((await tx.execute(update(jobs).where(*mine).values(dict(values)))).rowcount)


async def let_go(tx: AsyncConnection, job: Job) -> bool:
    """Takes this run off a row that is not its to work on any more: one that was cancelled, or queued anew
    since then; False when it is another's or gone.
    """
    over = (jobs.c.id == job.id, jobs.c.owner == job.owner, jobs.c.state != State.RUNNING)
    return bool((await tx.execute(update(jobs).where(*over).values(owner=None))).rowcount)


async def cancel_open(tx: AsyncConnection, recording_id: str, now: datetime, job_id: str = "") -> int:
    """Ends what is queued or running of a recording, or one job; a run notices at its next heartbeat."""
    open_ones = [jobs.c.recording_id == recording_id, jobs.c.state.in_(OPEN)]
    if job_id:
        open_ones.append(jobs.c.id == job_id)
    values = {"state": State.CANCELLED, "updated_at": now, "eta_at": None}
    return int((await tx.execute(update(jobs).where(*open_ones).values(dict(values)))).rowcount)


async def queue_again(tx: AsyncConnection, job_id: str, now: datetime) -> bool:
    """Lets what failed, or was cancelled and is not worked on any more, begin anew."""
    ended = (jobs.c.id == job_id, jobs.c.state.in_((State.FAILED, State.CANCELLED)), jobs.c.owner.is_(None))
    values = {"state": State.QUEUED, "attempts": 0, "progress": 0.0, "last_error": ""}
    again = update(jobs).where(*ended).values(**values, next_try_at=now, updated_at=now)
    return bool((await tx.execute(again)).rowcount)


async def queue_with(tx: AsyncConnection, job: Job, rungs: str, now: datetime) -> bool:
    """Has a job that is as it was read, and that nobody works on, begin anew with these rungs."""
    same = (jobs.c.id == job.id, jobs.c.state == job.state, jobs.c.owner.is_(None))
    values = {"state": State.QUEUED, "attempts": 0, "progress": 0.0, "last_error": "", "rungs": rungs}
    again = update(jobs).where(*same).values(**values, next_try_at=now, updated_at=now)
    return bool((await tx.execute(again)).rowcount)


async def queue_ended_again(tx: AsyncConnection, recording_id: str, since: datetime, now: datetime) -> None:
    """Has done what was cancelled of a recording since then, also what a run is about to let go of."""
    ended = (jobs.c.recording_id == recording_id, jobs.c.state == State.CANCELLED, jobs.c.updated_at >= since)
    values = {"state": State.QUEUED, "attempts": 0, "progress": 0.0, "last_error": ""}
    await tx.execute(update(jobs).where(*ended).values(**values, next_try_at=now, updated_at=now))


async def queue_done_again(tx: AsyncConnection, recording_id: str, kind: Kind, now: datetime) -> None:
    """Has a job done once more: there is something new for it."""
    done = (jobs.c.recording_id == recording_id, jobs.c.kind == kind, jobs.c.state == State.DONE)
    values = {"state": State.QUEUED, "attempts": 0, "progress": 0.0, "next_try_at": now, "updated_at": now}
    await tx.execute(update(jobs).where(*done).values(values))


async def hurry(tx: AsyncConnection, job_id: str, now: datetime) -> bool:
    """Lets what waits for its next try be tried now."""
    waiting = (jobs.c.id == job_id, jobs.c.state == State.QUEUED)
    return bool((await tx.execute(update(jobs).where(*waiting).values(next_try_at=now))).rowcount)


async def owned_since(tx: AsyncConnection, recording_id: str, since: datetime) -> bool:
    """Whether a run that has shown signs of life since then works on a recording."""
    working = (
        jobs.c.recording_id == recording_id,
        jobs.c.owner.is_not(None),
        jobs.c.heartbeat_at >= since,
    )
    return (await tx.execute(select(jobs.c.id).where(*working))).first() is not None


async def release_abandoned(tx: AsyncConnection, instance_id: str, now: datetime) -> int:
    """Takes up what a former process of this data folder left; call while no other can run."""
    ours = jobs.c.recording_id.in_(select(recordings.c.id).where(of_instance(instance_id)))
    left = (ours, jobs.c.owner.is_not(None))
    again = update(jobs).where(*left, jobs.c.state == State.RUNNING)
    count = (await tx.execute(again.values(state=State.QUEUED, next_try_at=now))).rowcount
    await tx.execute(update(jobs).where(*left).values(owner=None))
    return int(count)


async def due_jobs(tx: AsyncConnection, instance_id: str, now: datetime) -> list[Job]:
    """What may be worked on now, oldest first."""
    statement = select(*_COLUMNS).join(recordings).where(*_queued(instance_id), jobs.c.next_try_at <= now)
    return [_job(row._mapping) for row in await tx.execute(statement.order_by(jobs.c.id).limit(200))]


async def next_due_at(tx: AsyncConnection, instance_id: str) -> datetime | None:
    """When the next queued job is due."""
    statement = select(jobs.c.next_try_at).join(recordings).where(*_queued(instance_id))
    return (await tx.execute(statement.order_by(jobs.c.next_try_at).limit(1))).scalar_one_or_none()


async def recordings_without(tx: AsyncConnection, kind: Kind, instance_id: str, after: str = "") -> list[str]:
    """Recordings that have ended with something to play and have no job of a kind yet: those behind the id
    `after`, at most AT_A_TIME.
    """
    has_one = select(jobs.c.id).where(jobs.c.recording_id == recordings.c.id, jobs.c.kind == kind).exists()
    ended = recordings.c.status.in_((Status.READY, Status.INTERRUPTED))
    wanted = select(recordings.c.id).where(ended, of_instance(instance_id), ~has_one)
    if after:
        wanted = wanted.where(recordings.c.id > after)
    return list((await tx.execute(wanted.order_by(recordings.c.id).limit(AT_A_TIME))).scalars())


async def stored_before(tx: AsyncConnection, instance_id: str, before: datetime) -> list[str]:
    """Recordings of this data folder that have been in the object store since before then, whose last upload
    is done and with which nothing is to be done any more."""
    of_it = select(jobs.c.id).where(jobs.c.recording_id == recordings.c.id)
    is_open = of_it.where(jobs.c.state.in_(OPEN)).exists()
    all_sent = of_it.where(jobs.c.kind == Kind.UPLOAD, jobs.c.state == State.DONE).exists()
    stored = (recordings.c.storage == Storage.STORED, recordings.c.stored_at <= before)
    statement = select(recordings.c.id).where(of_instance(instance_id), *stored, ~is_open, all_sent)
    return list((await tx.execute(statement)).scalars())


async def tell_of_change(tx: AsyncConnection, recording_ids: Sequence[str], now: datetime) -> None:
    """Has servers look anew at the files of recordings that are uploaded; see `done_since`."""
    uploads = (jobs.c.recording_id.in_(recording_ids), jobs.c.kind == Kind.UPLOAD, jobs.c.state == State.DONE)
    await tx.execute(update(jobs).where(*uploads).values(updated_at=now))


async def done_since(tx: AsyncConnection, since: datetime) -> list[tuple[str, datetime]]:
    """Recordings that jobs have changed, and when."""
    done = (jobs.c.state == State.DONE, jobs.c.updated_at > since)
    rows = await tx.execute(select(jobs.c.recording_id, jobs.c.updated_at).where(*done))
    return [(row[0], row[1]) for row in rows]


async def count_by_state(tx: AsyncConnection, states: Collection[State] = tuple(State)) -> dict[str, int]:
    """How many there are in each of some states."""
    of = jobs.c.state
    rows = await tx.execute(select(of, func.count()).where(of.in_(states)).group_by(of))
    return {row[0]: row[1] for row in rows}


async def stay_local(tx: AsyncConnection, recording_id: str) -> None:
    """Says of a recording that was on its way into the store that it stays here."""
    on_its_way = (recordings.c.id == recording_id, recordings.c.storage == Storage.UPLOADING)
    await tx.execute(update(recordings).where(*on_its_way).values(storage=Storage.LOCAL))


def _queued(instance_id: str) -> tuple[ColumnElement[bool], ...]:
    return of_instance(instance_id), jobs.c.state == State.QUEUED, _nobody_works()


def _nobody_works() -> ColumnElement[bool]:
    """On the same recording."""
    other = jobs.alias("other")
    same = (other.c.recording_id == jobs.c.recording_id, other.c.owner.is_not(None))
    return ~select(other.c.id).where(*same).correlate(jobs).exists()


def _job(row: Any) -> Job:
    return Job(**{**row, "kind": Kind(row["kind"]), "state": State(row["state"])})
