"""One stream: whose viewers are counted, and where its pictures come from, one source after the other."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from datetime import datetime

from vtp.ids import is_id
from vtp.recording.viewers import Viewers


class StreamStatus(enum.StrEnum):
    """Where a stream stands."""

    LIVE = "live"
    ENDED = "ended"


@dataclass(slots=True)
class Stream:
    """Of a room while a class is held, or (`room_id` empty) of a recording.

    A room's source is the recording in progress, else a window of its own. `wanted`: somebody has started it;
    `implied`: it is no more than that a room's recording is followed live, and ends with that.
    """

    id: str
    started_at: datetime
    viewers: Viewers
    started_by: str | None = None
    room_id: str = ""
    slug: str = ""
    wanted: bool = False
    implied: bool = False
    sources: list[str] = field(default_factory=list)
    """Ids of recordings and windows, the present one last."""
    left_s: dict[str, float] = field(default_factory=dict)
    """When a source has ended, by the monotonic clock."""
    recording_id: str | None = None
    """The recording that is the source, or was last."""
    ended_at: datetime | None = None
    failure: str = ""

    @property
    def status(self) -> StreamStatus:
        """Whether it goes on."""
        return StreamStatus.ENDED if self.ended_at else StreamStatus.LIVE

    @property
    def source(self) -> str:
        """Where the pictures come from now."""
        return self.sources[-1]

    def has_failed_since(self, monotonic_s: float) -> bool:
        """Whether something else than the class or a wish has ended it after this time."""
        return bool(self.failure) and self.left_s[self.source] > monotonic_s

    @property
    def media_ids(self) -> list[str]:
        """What grants for its present source are made for."""
        rooms = [live_id(self.slug), live_id(self.room_id)] if self.room_id else []
        return [*rooms, *([self.source] if self.source == self.recording_id else [])]

    @property
    def address(self) -> str:
        """The folder of its playlists."""
        return f"/live/{self.slug}" if self.room_id else f"/api/v1/recordings/{self.recording_id}/stream"

    @property
    def playback_url(self) -> str:
        """What a player loads."""
        return f"{self.address}/master.m3u8"


LIVE = "live:"


def live_id(reference: str) -> str:
    """What grants for a room's stream are made for, and its viewers counted by; `reference` is the room's id,
    in its one spelling from here on, or slug, as in the path.
    """
    return f"{LIVE}{reference.lower() if is_id(reference) else reference}"
