"""What crosses the wire about links to recordings, the older contract's names beside ours."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from vtp.accounts.links import LinkStatus
from vtp.http.text import check_line
from vtp.recording.share_store import Share
from vtp.recording.store import Recording, Visibility
from vtp.rooms.link_schemas import DAY_S, MAX_TERM_S


class ShareRecording(BaseModel):
    """A new link. `download`: also to take the MP4 home."""

    model_config = ConfigDict(extra="forbid")

    title: Annotated[
        str,
        Field(max_length=200, description="Whom it is for; nobody else reads it."),
        AfterValidator(check_line),
    ] = ""
    download: bool = False
    expires_in_s: Annotated[int, Field(ge=60, le=MAX_TERM_S)] = 30 * DAY_S


class ShareReply(BaseModel):
    """A link, without its token. `resting`: while the recording is not published it opens nothing."""

    id: str
    recording_id: str
    title: str
    download: bool
    status: LinkStatus
    resting: bool
    created_by: str | None
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    share_type: Literal["link"] = "link"
    access_level: Literal["view", "download"]
    expiry_at: datetime
    is_revoked: bool

    @classmethod
    def of(cls, share: Share, recording: Recording, now: datetime, **more: Any) -> Self:
        """Describes a link as of now."""
        return cls(
            **asdict(share),
            status=share.status_at(now),
            resting=recording.visibility is Visibility.STAFF,
            access_level="download" if share.download else "view",
            expiry_at=share.expires_at,
            is_revoked=share.revoked_at is not None,
            **more,
        )


class NewShare(ShareReply):
    """The same with what opens the recording, which is shown this once."""

    token: str
    share_link_token: str
    url: str
    media_url: Annotated[
        str,
        Field(
            description="The program for players without cookies (VLC, Chromecast, other sites' pages), as "
            "long as the link is good. It is in the address: who has that can watch."
        ),
    ]


class SharePage(BaseModel):
    """One page of links."""

    items: list[ShareReply]
    next_cursor: str | None
