"""What crosses the wire about streams. Field names are the older contract's; nothing is renamed."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from vtp.recording.codec_strings import needed_codecs
from vtp.recording.layer_names import layer_number
from vtp.recording.playlist import best_map, usual_map
from vtp.recording.view import RecordingView
from vtp.recording.viewers import Viewer, is_picture
from vtp.streaming.stream import Stream, StreamStatus

MOST_VIEWERS = 100_000
ATTENTIVE_S, SLOW_S = 3.0, 10.0


class StartStream(BaseModel):
    """Starts a stream: of a room's class, or of a recording. `max_viewers` 0: any number."""

    room_id: Annotated[str, Field(max_length=64, description="A room's id or slug.")] = ""
    recording_id: Annotated[str, Field(max_length=64)] = ""
    max_viewers: Annotated[int, Field(ge=0, le=MOST_VIEWERS)] = 0


class ChangeStream(BaseModel):
    """How many may watch a stream. 0: any number."""

    model_config = ConfigDict(extra="forbid")

    max_viewers: Annotated[int, Field(ge=0, le=MOST_VIEWERS)]


class JoinStream(BaseModel):
    """A viewer comes (`join`) or goes (`leave`), who is called `viewer_id`."""

    action: Literal["join", "leave"]
    viewer_id: Annotated[str, Field(min_length=1, max_length=128)]
    initial_bitrate: Annotated[float, Field(ge=0, le=1_000_000, description="kbit/s")] = 0


class Profile(BaseModel):
    """One rendition of a stream."""

    track: str
    quality: str
    width: int
    height: int
    codecs: str


class StreamStarted(BaseModel):
    """A stream that has begun. `profiles` are those that are known by now; `message` says what of the room
    cannot be streamed, if anything.
    """

    stream_id: str
    recording_id: str | None
    room_id: str | None
    status: StreamStatus
    max_viewers: int
    profiles: list[Profile]
    playback_url: str
    message: str
    timestamp: datetime

    @classmethod
    def of(cls, stream: Stream, view: RecordingView | None, message: str) -> Self:
        """Describes a stream whose source is seen as `view`."""
        return cls(
            stream_id=stream.id,
            recording_id=stream.recording_id,
            room_id=stream.room_id or None,
            status=stream.status,
            max_viewers=stream.viewers.most,
            profiles=profiles_of(view),
            playback_url=stream.playback_url,
            message=message or ("The stream is live." if not stream.ended_at else "The stream has ended."),
            timestamp=datetime.now(UTC),
        )


class StreamJoined(BaseModel):
    """A viewer who may watch from now on: with the answer's cookie, or `grant` as a query parameter of the
    first request. `buffer_health` is null: nothing has been reported yet.
    """

    stream_id: str
    recording_id: str | None
    viewer_id: str
    session_id: str | None
    current_bitrate: float | None
    buffer_health: float | None
    playback_url: str | None
    grant: str | None
    message: str
    timestamp: datetime


class QualityNow(BaseModel):
    """What is sent of one rendition, and how many watch it now; sound alone has a row of its own."""

    track: str
    quality: str
    viewers: int
    segments: int
    bytes: int


class ViewerNow(BaseModel):
    """One viewer, named by what they called themselves or by nothing that says who they are. Bitrates are
    kbit/s; `connection_quality` is by how long ago they asked last: good, fair, poor;
    `buffer_health` in percent as the player reports it (`abr/metrics`), else null.
    """

    viewer_id: str
    session_id: str
    quality: str
    current_bitrate: float
    segments_received: int
    bytes_received: int
    buffer_health: float | None
    connection_quality: Literal["good", "fair", "poor"]
    watched_seconds: float


class StreamState(BaseModel):
    """A stream and who watches it now."""

    stream_id: str
    recording_id: str | None
    room_id: str | None
    status: StreamStatus
    wanted: Annotated[
        bool,
        Field(description="Somebody has started it; else it ends with who follows it."),
    ]
    max_viewers: int
    started_at: datetime
    ended_at: datetime | None
    error_message: str | None
    playback_url: str
    active_viewers: int
    peak_viewers: int
    total_segments_served: int
    total_bytes_served: int
    qualities: list[QualityNow]
    viewers: list[ViewerNow]

    @classmethod
    def of(cls, stream: Stream, view: RecordingView | None) -> Self:
        """As it is now."""
        viewers, present = stream.viewers, stream.viewers.present
        labels = {profile.track: profile.quality for profile in profiles_of(view)}
        return cls(
            stream_id=stream.id,
            recording_id=stream.recording_id,
            room_id=stream.room_id or None,
            status=stream.status,
            wanted=stream.wanted,
            max_viewers=viewers.most,
            started_at=stream.started_at,
            ended_at=stream.ended_at,
            error_message=stream.failure or None,
            playback_url=stream.playback_url,
            active_viewers=len(present),
            peak_viewers=viewers.peak,
            total_segments_served=sum(served.segments for served in viewers.served.values()),
            total_bytes_served=sum(served.bytes for served in viewers.served.values()),
            qualities=[
                QualityNow(
                    track=track,
                    quality=labels.get(track, track),
                    viewers=sum(one.rendition == track for one in present),
                    segments=served.segments,
                    bytes=served.bytes,
                )
                for track, served in sorted(viewers.served.items())
            ],
            viewers=[viewer_now(one, labels, time.monotonic()) for one in present],
        )


class RoomStream(BaseModel):
    """The stream of a room that goes on, if any."""

    stream: StreamState | None


def viewer_now(viewer: Viewer, labels: Mapping[str, str], now_s: float) -> ViewerNow:
    """Describes a viewer; `labels` are the qualities by track."""
    silent_s = now_s - viewer.seen_s
    return ViewerNow(
        viewer_id=viewer.id,
        session_id=viewer.session_id,
        quality=labels.get(viewer.rendition, viewer.rendition),
        current_bitrate=round(viewer.rate.bps(now_s) / 1000, 1),
        segments_received=viewer.segments,
        bytes_received=viewer.bytes,
        buffer_health=viewer.buffer_percent,
        connection_quality="good" if silent_s < ATTENTIVE_S else "fair" if silent_s < SLOW_S else "poor",
        watched_seconds=round(now_s - viewer.begun_s, 1),
    )


def profiles_of(view: RecordingView | None) -> list[Profile]:
    """The renditions that a view has by now."""
    found: list[Profile] = []
    for track, index in (view.tracks if view is not None else {}).items():
        best = usual_map(index) if layer_number(track) else best_map(index)
        if best is None:
            continue
        quality = f"{min(best.width, best.height)}p" if is_picture(track) else track
        codecs = needed_codecs(line.codecs for line in index.maps)
        found.append(
            Profile(track=track, quality=quality, width=best.width, height=best.height, codecs=codecs)
        )
    return found
