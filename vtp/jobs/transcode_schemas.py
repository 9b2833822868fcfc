"""What crosses the wire about a recording's ladder. Field names are the older contract's."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field

from vtp.jobs.store import State
from vtp.jobs.transcoding import Transcode

_JOB = "01890a5d-ac96-774b-bcce-b302099a8057"
_AT = "2026-09-01T08:00:00Z"
SAID = {
    State.QUEUED: "It waits for its turn.",
    State.RUNNING: "It is being made.",
    State.DONE: "It is whole: what was missing was made, or nothing was.",
    State.FAILED: "It was given up.",
    State.CANCELLED: "It was cancelled.",
}


class PickQuality(BaseModel):
    """One rung of the ladder, by the length of its shorter side."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"quality": "480p"}]})

    quality: Annotated[str, Field(pattern=r"^[0-9]{2,4}p?$", description="`480p`, of `jobs.ladder`.")]

    @property
    def lines(self) -> int:
        """The same as a number."""
        return int(self.quality.removesuffix("p"))


class TranscodeProgress(BaseModel):
    """How far a recording's ladder is. `progress` goes from 0 to 100; `speed` is how much of the recording is
    made in a second, all rungs together; it and `eta_ms` are null while nobody can tell.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "job_id": _JOB,
                    "recording_id": _JOB,
                    "status": "running",
                    "progress": 42.5,
                    "speed": 3.1,
                    "duration_ms": 2_700_000,
                    "eta_ms": 500_000,
                    "error": None,
                    "qualities": ["480p", "240p"],
                    "message": SAID[State.RUNNING],
                    "timestamp": _AT,
                }
            ]
        }
    )

    job_id: str
    recording_id: str
    status: State
    progress: float
    speed: float | None
    duration_ms: Annotated[int, Field(description="Of the recording.")]
    eta_ms: int | None
    error: str | None
    qualities: Annotated[list[str], Field(description="Its rungs, as far as the source allows.")]
    message: str
    timestamp: datetime

    @classmethod
    def of(cls, found: Transcode, now: datetime | None = None) -> Self:
        """As of now."""
        job, now = found.job, now or datetime.now(UTC)
        duration_ms, eta_ms, speed = found.recording.duration_ms, None, None
        if job.state is State.RUNNING and job.eta_at is not None:
            eta_ms = max(0, round((job.eta_at - now).total_seconds() * 1000))
            speed = round((1 - job.progress) * duration_ms / eta_ms, 2) if eta_ms else None
        return cls(
            job_id=job.id,
            recording_id=job.recording_id,
            status=job.state,
            progress=round(job.progress * 100, 2),
            speed=speed,
            duration_ms=duration_ms,
            eta_ms=eta_ms,
            error=job.last_error or None,
            qualities=[f"{one}p" for one in found.lines],
            message=SAID[job.state],
            timestamp=now,
        )
