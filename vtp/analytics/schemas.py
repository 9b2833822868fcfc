"""What crosses the wire about playback. Times of recordings are seconds, to the millisecond."""

from __future__ import annotations

import json
from datetime import datetime
from functools import lru_cache
from typing import Annotated, Any, Final

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from vtp.analytics.playback import KINDS, OWN_WORDS, SAID_BY_CLIENTS, EventType
from vtp.ids import is_id
from vtp.recording.progress_schemas import PlayedSegment, Seconds
from vtp.recording.watching import Played

MAX_EVENTS: Final = 500
MAX_DATA_BYTES: Final = 2000
MAX_NAMED: Final = 20


_SAID: Final[dict[str, EventType]] = {one.value: one for one in SAID_BY_CLIENTS}


def _event_type(value: object) -> object:
    """As older clients spell it: `quality changed`, `playback_started`."""
    if not isinstance(value, str):
        return value
    known = _SAID.get(value)
    if known is not None:
        return known
    word = value.strip().lower().replace(" ", "_").replace("-", "_")
    word = word.removeprefix("playback_").removeprefix("video_")
    if word in KINDS and word not in _SAID:
        raise ValueError("this is the server's to say")
    return word


@lru_cache(maxsize=1024)  # events of a batch name the same recordings
def _id(value: str) -> str:
    if not is_id(value):
        raise ValueError("is no identifier")
    return value.lower()


def _small(value: dict[str, Any]) -> dict[str, Any]:
    if not value:
        return value
    try:
        size = len(json.dumps(value, allow_nan=False).encode())
    except ValueError:
        raise ValueError("numbers must be finite") from None
    if size > MAX_DATA_BYTES:
        raise ValueError(f"an event carries {MAX_DATA_BYTES} bytes of metadata at most")
    return value


def _storable(value: datetime) -> datetime:
    """Any year of these is one in every time zone and in every database."""
    if not 2000 <= value.year <= 2200:
        raise ValueError("is of no year from 2000 to 2200")
    return value


Id = Annotated[str, AfterValidator(_id)]


class SaidEvent(BaseModel):
    """Something that happened in a player or on a page. It names a recording, a course, or both."""

    model_config = ConfigDict(extra="ignore")

    event_type: Annotated[
        EventType,
        BeforeValidator(_event_type),
        Field(
            description="started, paused, resumed, seeked (`metadata.from`: from which second), "
            "quality_changed (`metadata.quality`), buffering, completed, stopped, progress, viewed."
        ),
    ]
    timestamp: Annotated[
        AwareDatetime,
        AfterValidator(_storable),
        Field(
            description="By the client's clock, of 2000 to 2200; tells which page was watched last, and "
            "statements of when it happened: not after it was received. What counts does not follow from it."
        ),
    ]
    recording_id: Id | None = None
    course_id: Id | None = None
    position: Seconds | None = None
    segments: Annotated[
        list[PlayedSegment],
        Field(
            default_factory=list,  # a default is copied for each event, which takes longer than all else
            max_length=100,
            description="What was played since the last event that carried any, up to this one.",
        ),
    ]
    seq: Annotated[
        int | None,
        Field(
            ge=0,
            le=2**53 - 1,
            description="Of the batch in which it was sent first, where that was not answered; left out: of "
            "this one. What came with a batch that was taken is left out.",
        ),
    ] = None
    metadata: Annotated[
        dict[str, Any],
        AfterValidator(_small),
        Field(
            default_factory=dict,
            description="Anything, in 2,000 bytes; what the server says itself is left out of it.",
        ),
    ]

    @property
    def played(self) -> tuple[Played, ...]:
        """The segments as they are taken."""
        return tuple(one.played for one in self.segments)

    @property
    def data(self) -> dict[str, Any]:
        """What is kept of it besides."""
        said = self.metadata
        kept = {name: value for name, value in said.items() if name not in OWN_WORDS} if said else {}
        if self.position is not None:
            kept["position"] = self.position
        return kept


def _of_few(events: list[SaidEvent]) -> list[SaidEvent]:
    recordings = {one.recording_id for one in events if one.recording_id is not None}
    courses = {one.course_id for one in events if one.course_id is not None}
    if max(len(recordings), len(courses)) > MAX_NAMED:
        raise ValueError(f"a batch is of {MAX_NAMED} recordings and {MAX_NAMED} courses at most")
    return events


class SendEvents(BaseModel):
    """A batch; one with the `seq` of an earlier one of its session changes nothing, so it can be sent again.

    What was kept while there was no connection goes in one batch: its segments share the time since the last.
    What was sent and not answered goes with it, each event with the `seq` of its batch: those that were taken
    after all are left out.
    """

    model_config = ConfigDict(extra="ignore")

    session_id: Annotated[
        str, Field(min_length=8, max_length=64, pattern=r"^[A-Za-z0-9-]+$", description="Of the open page.")
    ]
    seq: Annotated[int, Field(ge=0, le=2**53 - 1, description="Its batches, counted.")]
    user_id: Annotated[
        Id | None,
        Field(
            description="Whose page it is: a batch of another account than the token's is refused whole "
            "(403, `other_account`). Left out: the token's."
        ),
    ] = None
    events: Annotated[
        list[SaidEvent],
        Field(
            min_length=1,
            max_length=MAX_EVENTS,
            description=f"Of {MAX_NAMED} recordings and {MAX_NAMED} courses at most.",
        ),
        AfterValidator(_of_few),
    ]

    def number_of(self, event: SaidEvent) -> int:
        """Of the batch that the event belongs to."""
        return self.seq if event.seq is None else event.seq

    @property
    def numbers(self) -> set[int]:
        """Of all batches that are in this one, and its own."""
        return {self.seq, *map(self.number_of, self.events)}


class RefusedEvent(BaseModel):
    """An event, or one of its segments, that does not count."""

    index: Annotated[int, Field(description="Its place in the batch.")]
    segment: Annotated[int | None, Field(description="The place of the segment within it; null: all of it.")]
    reason: str


class EventsReply(BaseModel):
    """What became of a batch."""

    accepted: int
    repeated: Annotated[bool, Field(description="It had come before; nothing has changed.")]
    refused: list[RefusedEvent]


class SessionReply(BaseModel):
    """One page of somebody with a recording."""

    session_id: str
    started_at: datetime
    last_at: datetime
    total_duration_seconds: float
    watched_duration_seconds: float
    pause_count: int
    resume_count: int
    seek_count: int
    quality_selected: str | None
    buffer_events: int
    completion_rate: Annotated[float, Field(description="Of the person, over all sessions: 0 to 100.")]


class MetricsReply(BaseModel):
    """How somebody watched a recording, with what that is made of."""

    user_id: str
    recording_id: str
    duration_seconds: float
    total_watch_time_seconds: Annotated[float, Field(description="Watching again included.")]
    watched_seconds: Annotated[float, Field(description="What was watched at least once.")]
    completion_percentage: Annotated[float, Field(description="Never rounded up.")]
    completed_at: datetime | None
    rewatch_count: Annotated[int, Field(description="Stretches that were watched more than once.")]
    avg_quality: Annotated[str | None, Field(description="In which most was watched.")]
    last_watched: datetime | None
    resume_position: float
    engagement_score: Annotated[
        float, Field(description="0 to 100: four fifths of the percentage, and 20 for having completed it.")
    ]
    segments: list[tuple[float, float]]
    passes: Annotated[list[int], Field(description="By equal parts of the recording: how often.")]
    sessions: Annotated[list[SessionReply], Field(description="The newest 50.")]


class ReplayedSection(BaseModel):
    """What was played again most."""

    start: float
    end: float
    replays: int


class HeatBin(BaseModel):
    """An equal part of the recording."""

    start: float
    views: Annotated[int, Field(description="How often it was played.")]
    viewers: Annotated[int, Field(description="By how many people.")]
    remaining: Annotated[float, Field(description="The share of who began who came that far: 0 to 1.")]


class LectureReply(BaseModel):
    """How a recording is watched. `hidden`: too few have watched it to tell students averages."""

    recording_id: str
    duration_seconds: float
    hidden: bool = False
    completion_ratio: Annotated[
        float, Field(description="Of it, to have completed it: the least that one of its courses asks for.")
    ]
    unique_viewers: int | None
    total_views: int | None
    avg_watch_time_seconds: float | None
    completion_rate: Annotated[float | None, Field(description="Of its viewers, who completed it: 0 to 100.")]
    average_completion: Annotated[float | None, Field(description="Of the recording, on average: 0 to 100.")]
    peak_concurrent_viewers: int | None
    total_buffer_events: int | None
    quality_distribution: Annotated[dict[str, float], Field(description="Shares of the time watched.")]
    most_replayed_section: ReplayedSection | None
    heatmap: list[HeatBin]
