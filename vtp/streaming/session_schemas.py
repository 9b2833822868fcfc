"""What crosses the wire about a room that is streamed and recorded. Field names are the older contract's."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from vtp.http.identity import Role
from vtp.http.text import Name
from vtp.recording.schemas import Description, RecordingStarted, StartRecording, VisibilityWord
from vtp.recording.store import Recording, Status
from vtp.recording.viewers import Viewers
from vtp.rooms.link_figures import LinkFigures
from vtp.rooms.live import LiveRoom
from vtp.rooms.participants import Participant

_ID = "01890a5d-ac96-774b-bcce-b302099a8057"
_AT = "2026-09-01T08:00:00Z"


class ParticipantRow(BaseModel):
    """Somebody in the room and what their connections have carried; `left_at` is null: they are there.

    `sent` is to them, `received` from them; `packets_lost` of what they send, before repairs.
    """

    user_id: str | None
    peer_id: str
    full_name: str
    role: Role
    joined_at: datetime
    left_at: datetime | None
    producer_count: int
    consumer_count: int
    bytes_sent: int
    bytes_received: int
    packets_sent: int
    packets_lost: int

    @classmethod
    def of(cls, person: Participant, links: Iterable[LinkFigures]) -> Self:
        """Reads the figures of somebody's transports."""
        known = tuple(links)
        streams = [
            stream
            for link in known
            for source in link.sources
            for stream in source.figures.get("streams", ())
        ]
        return cls(
            user_id=person.user_id,
            peer_id=person.participant_id,
            full_name=person.full_name,
            role=person.role,
            joined_at=person.joined_at,
            left_at=None,
            producer_count=sum(len(link.transport.producers) for link in known),
            consumer_count=sum(len(link.transport.consumers) for link in known),
            bytes_sent=sum(link.figures.get("bytes_sent", 0) for link in known),
            bytes_received=sum(link.figures.get("bytes_received", 0) for link in known),
            packets_sent=sum(link.figures.get("packets_sent", 0) for link in known),
            packets_lost=sum(stream["lost"] for stream in streams),
        )


class RoomParticipants(BaseModel):
    """Who is in a room now; nobody while it is not open."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "room_id": _ID,
                    "participants": [
                        {
                            "user_id": _ID,
                            "peer_id": _ID,
                            "full_name": "Marie Curie",
                            "role": "teacher",
                            "joined_at": _AT,
                            "left_at": None,
                            "producer_count": 2,
                            "consumer_count": 0,
                            "bytes_sent": 4096,
                            "bytes_received": 9_120_331,
                            "packets_sent": 31,
                            "packets_lost": 2,
                        }
                    ],
                    "count": 1,
                    "timestamp": _AT,
                }
            ]
        }
    )

    room_id: str
    participants: list[ParticipantRow]
    count: int
    timestamp: datetime


class RecordRoom(BaseModel):
    """As `recordings/start` takes it; the room is in the path."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"title": "Lesson 1"}]})

    title: Name | None = None
    description: Description = ""
    format: Literal["hls", "mp4", "webm"] = "hls"
    layout: Literal["program", "tracks", "both"] = "program"
    bitrate_kbps: Annotated[
        int | None, Field(ge=1, le=10**6, description="Accepted; what is sent is recorded.")
    ] = None
    frame_rate: Annotated[float | None, Field(gt=0, le=10**6, description="Accepted; see bitrate_kbps.")] = (
        None
    )
    visibility: VisibilityWord = "members"

    def of_room(self, reference: str) -> StartRecording:
        """The same with the room."""
        return StartRecording(room_id=reference, **self.model_dump())


class SessionStarted(RecordingStarted):
    """A recording that has begun; `session_id` is what `stop-record` and `metrics` take."""

    session_id: str


class SessionMetrics(BaseModel):
    """A recording and its stream, if it has one, as they are now."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "session_id": _ID,
                    "recording_id": _ID,
                    "stream_id": None,
                    "room_id": _ID,
                    "status": "recording",
                    "started_at": _AT,
                    "stopped_at": None,
                    "duration_seconds": 61.4,
                    "file_size_bytes": 15_120_331,
                    "participant_count": 21,
                    "producer_count": 3,
                    "active_viewers": 0,
                    "peak_viewers": 0,
                    "total_segments_served": 0,
                    "total_bytes_served": 0,
                    "timestamp": _AT,
                }
            ]
        }
    )

    session_id: str
    recording_id: str
    stream_id: Annotated[str | None, Field(description="Of the stream that comes from it now.")]
    room_id: str
    status: Status
    started_at: datetime
    stopped_at: datetime | None
    duration_seconds: float
    file_size_bytes: int
    participant_count: Annotated[int, Field(description="In the room now; 0 once the recording has ended.")]
    producer_count: int
    active_viewers: int
    peak_viewers: int
    total_segments_served: int
    total_bytes_served: int
    timestamp: datetime

    @classmethod
    def of(
        cls,
        session_id: str,
        recording: Recording,
        growth: tuple[float, int],
        live: LiveRoom | None,
        stream: tuple[str, Viewers] | None,
    ) -> Self:
        """`growth`: its length in seconds and its bytes; `live`: the room while it is recorded."""
        stream_id, viewers = stream if stream is not None else (None, Viewers())
        duration_s, size_bytes = growth
        return cls(
            session_id=session_id,
            recording_id=recording.id,
            stream_id=stream_id,
            room_id=recording.room_id,
            status=recording.status,
            started_at=recording.started_at,
            stopped_at=recording.stopped_at,
            duration_seconds=round(duration_s, 3),
            file_size_bytes=size_bytes,
            participant_count=live.participant_count if live is not None else 0,
            producer_count=len(live.router.producers) if live is not None else 0,
            active_viewers=len(viewers),
            peak_viewers=viewers.peak,
            total_segments_served=sum(one.segments for one in viewers.served.values()),
            total_bytes_served=sum(one.bytes for one in viewers.served.values()),
            timestamp=datetime.now(UTC),
        )
