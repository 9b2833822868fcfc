"""What crosses the wire about jobs."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Final, Self

from pydantic import BaseModel, ConfigDict, Field

from vtp.http.pagination import Page
from vtp.ids import parse_id
from vtp.jobs.store import Job, Kind, State


class JobReply(BaseModel):
    """One job. `progress` goes from 0 to 1; `eta_seconds` is null while nobody can tell.

    `heartbeat_at` is the last sign of life of who works, or worked, on it; `next_try_at` counts while it is
    queued.
    """

    id: str
    recording_id: str
    kind: Kind
    state: State
    progress: float
    eta_seconds: float | None
    attempts: int
    last_error: str | None
    heartbeat_at: datetime | None
    next_try_at: datetime | None
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, job: Job) -> Self:
        """The wire's view of a row."""
        eta_s = None
        if job.state is State.RUNNING and job.eta_at is not None:
            eta_s = max(0.0, round((job.eta_at - datetime.now(UTC)).total_seconds(), 1))
        return cls(
            id=job.id,
            recording_id=job.recording_id,
            kind=job.kind,
            state=job.state,
            progress=round(job.progress, 4),
            eta_seconds=eta_s,
            attempts=job.attempts,
            last_error=job.last_error or None,
            heartbeat_at=job.heartbeat_at,
            next_try_at=job.next_try_at if job.state is State.QUEUED else None,
            created_at=job.created_at,
            updated_at=job.updated_at,
        )


class JobPage(Page[JobReply]):
    """A page of a recording's jobs."""


AT_A_TIME: Final = 100


class JobsQuery(BaseModel):
    """Of which recordings: their ids, with commas between."""

    model_config = ConfigDict(extra="ignore")

    recording_ids: Annotated[str, Field(min_length=1, max_length=AT_A_TIME * 37)]

    @property
    def ids(self) -> list[str]:
        """The ids. Raises Invalid."""
        return [parse_id(one, "/query/recording_ids") for one in self.recording_ids.split(",")]


class UnfinishedJobs(BaseModel):
    """What is not done yet with some recordings, or failed: two jobs of each at most."""

    items: list[JobReply]
