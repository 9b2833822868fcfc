"""What crosses the wire about how far somebody is with a recording. Times are seconds, to the millisecond."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from vtp.recording.progress_store import Progress
from vtp.recording.standing import Standing
from vtp.recording.store import UNFINISHED
from vtp.recording.watching import Played, Report, completed_at, progress_per_mille, resume_ms

MAX_SEGMENTS = 100
LONGEST_S = 1_000_000.0

Seconds = Annotated[float, Field(ge=0, le=LONGEST_S, allow_inf_nan=False)]
ANY = 1e9  # numbers that no player says are a matter of form; all others are judged with the segment
Said = Annotated[
    float, Field(ge=-ANY, le=ANY, allow_inf_nan=False, description="Seconds from the beginning.")
]


class PlayedSegment(BaseModel):
    """A stretch that was played without a jump, at one speed. One that cannot have been is named in `refused`
    and the others count."""

    model_config = ConfigDict(extra="forbid")

    start: Said
    end: Said
    rate: Annotated[
        float,
        Field(
            ge=-ANY,
            le=ANY,
            allow_inf_nan=False,
            description="What counts is of more than 0 and of 4 at most.",
        ),
    ] = 1.0

    @property
    def played(self) -> Played:
        """The same as it is judged."""
        return Played(_ms(self.start), _ms(self.end), self.rate)


class ReportProgress(BaseModel):
    """What was played since the last report, about every ten seconds; the first one says that it begins.

    A report with the number of an earlier one of its session changes nothing, so that it can be sent again.
    """

    session_id: Annotated[
        str, Field(min_length=8, max_length=64, pattern=r"^[A-Za-z0-9-]+$", description="Of the open page.")
    ]
    seq: Annotated[int, Field(ge=0, le=2**53 - 1, description="Its reports, counted.")]
    position: Seconds
    segments: Annotated[list[PlayedSegment], Field(max_length=MAX_SEGMENTS)] = []
    client_ts: Annotated[str, Field(max_length=64, description="Accepted; our own clock counts.")] = ""

    @property
    def report(self) -> Report:
        """The same as the service takes it."""
        played = tuple(one.played for one in self.segments)
        return Report(self.session_id, self.seq, played, _ms(self.position))


class RefusedSegment(BaseModel):
    """A segment that does not count, by its place in the report."""

    index: int
    reason: Literal[
        "before_the_beginning",
        "behind_the_end",
        "out_of_order",
        "rate_out_of_range",
        "faster_than_time",
        "too_many_pieces",
    ]


class MyProgress(BaseModel, frozen=True):
    """How far somebody is. `progress` is a share from 0 to 1, of what was played at least once."""

    progress: float
    resume_position: float
    completed: bool

    @classmethod
    def of(cls, standing: Standing) -> Self:
        """In short, for lists."""
        return cls(**_short(standing))


class ProgressReply(MyProgress, frozen=True):
    """The same in full. `segments` are what was played at least once."""

    recording_id: str
    duration_seconds: float
    position: float
    watched_seconds: float
    watch_time_seconds: float
    completed_at: datetime | None
    updated_at: datetime | None
    segments: list[tuple[float, float]]
    refused: list[RefusedSegment] = []

    @classmethod
    def in_full(cls, standing: Standing) -> Self:
        """Of who has not begun: nothing."""
        recording, progress = standing.recording, _begun(standing)
        return cls(
            **_short(standing),
            recording_id=recording.id,
            duration_seconds=recording.duration_ms / 1000,
            position=progress.position_ms / 1000,
            watched_seconds=progress.watched_ms / 1000,
            watch_time_seconds=progress.watch_time_ms / 1000,
            completed_at=_completed_at(standing),
            updated_at=progress.updated_at if standing.progress is not None else None,
            segments=[(start / 1000, end / 1000) for start, end in progress.pieces],
            refused=[RefusedSegment(index=one.index, reason=one.reason) for one in standing.refused],  # type: ignore[arg-type]
        )


def _begun(standing: Standing) -> Progress:
    """All of it, for the reply that has it in full."""
    recording, progress = standing.recording, standing.progress
    if isinstance(progress, Progress):
        return progress
    return Progress("", recording.id, recording.created_at, recording.created_at)


def _completed_at(standing: Standing) -> datetime | None:
    recording = standing.recording
    return completed_at(
        standing.progress or _begun(standing),
        recording.duration_ms,
        standing.complete_from,
        grows=recording.status in UNFINISHED,
    )


def _short(standing: Standing) -> dict[str, Any]:
    recording, progress = standing.recording, standing.progress or _begun(standing)
    return {
        "progress": progress_per_mille(progress.watched_ms, recording.duration_ms) / 1000,
        "resume_position": resume_ms(progress.position_ms, recording.duration_ms) / 1000,
        "completed": _completed_at(standing) is not None,
    }


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
