"""What crosses the wire about recordings. Field names are the older contract's; nothing is renamed."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, Field

from vtp.http.etags import Twinned
from vtp.http.pagination import DEFAULT_LIMIT, MAX_LIMIT, PageQuery
from vtp.http.text import Name
from vtp.recording.codec_strings import needed_codecs
from vtp.recording.manifest import TrackSource
from vtp.recording.progress_schemas import MyProgress
from vtp.recording.store import ERROR_CODE, PLAYABLE, Recording, Status, Storage, Visibility
from vtp.recording.stretches import DOWNLOAD_PARTS
from vtp.recording.view import RecordingView

MAX_DESCRIPTION = 10_000
MIME_TYPE = "application/vnd.apple.mpegurl"

VisibilityWord = Annotated[
    Literal["staff", "members", "public"],
    Field(
        description="Who sees it: staff (not published); everybody with an account, or the members of the "
        "courses that it is filed in; or anybody."
    ),
]
Description = Annotated[str, Field(max_length=MAX_DESCRIPTION)]


class StartRecording(BaseModel):
    """Starts recording a room. `format` webm is accepted and kept as hls; downloads are MP4. `layout` tracks,
    or both: what each participant sends is a track of its own besides the program.
    """

    room_id: Annotated[str, Field(min_length=1, max_length=64, description="A room's id or slug.")]
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


class RecordingStarted(BaseModel):
    """A recording that has begun; `message` says what of the room cannot be recorded, and when the disk
    will be full before long."""

    recording_id: str
    status: Status
    started_at: datetime
    room_id: str
    message: str | None = None


class RecordingStopped(BaseModel):
    """A recording that has ended and can be played."""

    recording_id: str
    status: Status
    stopped_at: datetime | None
    duration_seconds: float
    message: str | None = None

    @classmethod
    def of(cls, recording: Recording) -> Self:
        """The wire's view of a row."""
        return cls(
            recording_id=recording.id,
            status=recording.status,
            stopped_at=recording.stopped_at,
            duration_seconds=recording.duration_ms / 1000,
            message=recording.error_message or recording.metadata.get("message"),
        )


class UpdateRecording(BaseModel):
    """Fields to change; the others stay as they are."""

    title: Name | None = None
    description: Annotated[str | None, Field(max_length=MAX_DESCRIPTION)] = None
    visibility: VisibilityWord | None = None
    kept: Annotated[
        bool | None,
        Field(description="True: it does not go into the trash by itself (`recording.keep_days`)."),
    ] = None


class ListQuery(PageQuery):
    """Which recordings to list. `roomId` is the older contract's spelling of `room_id`."""

    room_id: Annotated[str, Field(max_length=64)] = ""
    roomId: Annotated[str, Field(max_length=64)] = ""  # noqa: N815  a name of the contract
    status: Status | None = None
    q: Annotated[str, Field(max_length=200, description="Words in title or description.")] = ""
    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT
    offset: Annotated[int, Field(ge=0, le=1_000_000)] = 0


class FollowQuery(BaseModel):
    """What a low-latency player says of a playlist in progress (RFC 8216bis section 6.2.5)."""

    msn: Annotated[
        int | None,
        Field(ge=0, le=1_000_000_000, alias="_HLS_msn", description="Answer when this segment is there."),
    ] = None
    part: Annotated[
        int | None,
        Field(ge=0, le=1_000_000, alias="_HLS_part", description="Answer when this part of it is there."),
    ] = None
    skip: Annotated[
        Literal["YES", "v2"] | None, Field(alias="_HLS_skip", description="Leave out what I have seen.")
    ] = None


class DeleteQuery(BaseModel):
    """`permanent`: not into the trash, but gone."""

    permanent: bool = False


class RecordingRights(BaseModel, frozen=True):
    """What the caller may do with a recording, so that nothing is offered that would be refused."""

    download: bool
    update: bool
    annotate: bool
    share: bool
    delete: bool


class RecordingReply(BaseModel):
    """A recording. `playback_url` is what a player loads; null when there is nothing to play. `download_urls`
    are several when the picture's codec changes, which one MP4 cannot hold.
    """

    id: str
    recording_id: str
    room_id: str
    room_name: str
    title: str
    description: str
    started_by: str | None
    started_at: datetime
    stopped_at: datetime | None
    duration_seconds: float
    status: Status
    visibility: Visibility
    format: str
    layout: str
    file_size_bytes: int
    mime_type: str
    bitrate_kbps: int
    frame_rate_fps: float
    resolution: str | None
    codecs: str
    error_message: str | None
    error_code: Annotated[
        str | None,
        Field(description="A word for why it ended before it was stopped: `disk_full`, `quota_exceeded`."),
    ] = None
    message: str | None
    metadata: dict[str, Any]
    playback_url: str | None
    download_url: str | None
    download_urls: list[str]
    storage: Storage
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None
    kept: Annotated[bool, Field(description="It does not go into the trash by itself.")] = False
    expires_at: Annotated[
        datetime | None,
        Field(
            description="When it goes into the trash by itself, or from the trash for good; null: never, or "
            "not looked at yet, which happens every hour."
        ),
    ] = None
    being_deleted: Annotated[
        bool, Field(description="In the trash, to be deleted for good: it cannot be restored any more.")
    ] = False
    may: RecordingRights

    @classmethod
    def of(cls, recording: Recording, *, room_name: str, may: RecordingRights, **more: Any) -> Self:
        """The wire's view of a row."""
        base = f"/api/v1/recordings/{recording.id}"
        playable = recording.status in PLAYABLE
        finished = recording.status in (Status.READY, Status.INTERRUPTED)
        downloads = [f"{base}/download"]
        if (parts := recording.metadata.get(DOWNLOAD_PARTS, 1)) > 1:
            downloads = [f"{base}/download?part={part}" for part in range(1, parts + 1)]
        downloads = downloads if finished and may.download else []
        return cls(
            id=recording.id,
            recording_id=recording.id,
            room_id=recording.room_id,
            room_name=room_name,
            title=recording.title,
            description=recording.description,
            started_by=recording.started_by,
            started_at=recording.started_at,
            stopped_at=recording.stopped_at,
            duration_seconds=recording.duration_ms / 1000,
            status=recording.status,
            visibility=recording.visibility,
            format="hls" if recording.format == "webm" else recording.format,
            layout=recording.layout,
            file_size_bytes=recording.file_size_bytes,
            mime_type=MIME_TYPE,
            bitrate_kbps=round(recording.bitrate_bps / 1000),
            frame_rate_fps=recording.frame_rate,
            resolution=f"{recording.width}x{recording.height}" if recording.width else None,
            codecs=recording.codecs,
            error_message=recording.error_message or None,
            error_code=recording.metadata.get(ERROR_CODE),
            message=recording.metadata.get("message"),
            metadata=recording.metadata,
            playback_url=f"{base}/stream/master.m3u8" if playable else None,
            download_url=downloads[0] if downloads else None,
            download_urls=downloads,
            storage=recording.storage,
            created_at=recording.created_at,
            updated_at=recording.updated_at,
            deleted_at=recording.deleted_at,
            kept=recording.kept,
            expires_at=recording.expires_at,
            being_deleted=recording.purging_at is not None,
            may=may,
            **more,
        )


class ListedRecording(RecordingReply):
    """The same in a list; `progress` is the caller's own, null when they have not begun. Lists write it by
    itself, so it stays last."""

    progress: MyProgress | None = None


class RecordingPage(Twinned):
    """A page of recordings, under today's name and the older contract's."""

    TWINS = ("items", "recordings")
    items: list[ListedRecording]
    recordings: list[ListedRecording]
    total: int
    limit: int
    offset: int
    next_cursor: str | None = None


class RecordingDeleted(BaseModel):
    """A recording in the trash, or gone."""

    recording_id: str
    status: Status
    deleted_at: datetime | None
    message: str


class DownloadLink(BaseModel):
    """A link that downloads without signing in until it ends."""

    recording_id: str
    url: str
    expires_at: datetime


class TrackPerson(BaseModel):
    """Whose track it is, and what of theirs; `user_id` is null for who had no account."""

    participant_id: str
    user_id: str | None
    name: str
    source: TrackSource


class TrackSpan(BaseModel):
    """A stretch of time in which a track has something, in seconds of the recording."""

    start_seconds: float
    end_seconds: float


class TrackInfo(BaseModel):
    """One track of a recording: the program's, or one participant's (`person`), which begins at
    `start_seconds` and ends at `duration_seconds` of the recording.
    """

    track: str
    person: TrackPerson | None = None
    start_seconds: float = 0
    present: Annotated[
        list[TrackSpan], Field(description="When there is something in it: all but its gaps, in order.")
    ]
    codecs: str
    width: int
    height: int
    segments: int
    size_bytes: int
    duration_seconds: float


class RecordingInfo(BaseModel):
    """What a recording's files hold."""

    recording_id: str
    size_bytes: int
    target_duration_seconds: int
    tracks: list[TrackInfo]

    @classmethod
    def of(cls, recording_id: str, view: RecordingView, *, with_people: bool) -> Self:
        """Reads the indexes; `with_people`: those of participants, too."""
        people = {
            one.track: TrackPerson(
                participant_id=one.participant_id,
                user_id=one.user_id or None,
                name=one.name,
                source=one.source,
            )
            for one in view.manifest.people
        }
        tracks = [
            TrackInfo(
                track=name,
                person=people.get(name),
                start_seconds=round(index.start_s, 3),
                present=[
                    TrackSpan(start_seconds=round(start_s, 3), end_seconds=round(end_s, 3))
                    for start_s, end_s in index.present()
                ],
                codecs=needed_codecs(line.codecs for line in index.maps),
                width=max((line.width for line in index.maps), default=0),
                height=max((line.height for line in index.maps), default=0),
                segments=len(index.segments),
                size_bytes=index.size_bytes,
                duration_seconds=round(index.duration_s, 3),
            )
            for name, index in {**view.tracks, **(view.people if with_people else {})}.items()
        ]
        return cls(
            recording_id=recording_id,
            size_bytes=view.size_bytes,
            target_duration_seconds=view.manifest.target_duration_s,
            tracks=tracks,
        )
