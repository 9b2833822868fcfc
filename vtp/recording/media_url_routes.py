"""Addresses of recordings that hold their grant, for players without cookies. Decision 0132.

`/media/t/<grant>/<recording>/master.m3u8`: what playlists name is relative, so that children keep the grant.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from vtp.accounts.routes import origin_of
from vtp.http.routing import Call, RouteTable
from vtp.http.shown_path import MEDIA_BY_PATH
from vtp.recording.grants import TTL_S, Grants, Scope
from vtp.recording.holders import holder_in_path
from vtp.recording.media_routes import MASTER_NAME
from vtp.recording.service import Recordings
from vtp.rooms.link_routes import public_origin

PATH = "/api/v1/recordings/{id}/media-url"
ANY_S = 100 * 365 * 86_400  # the end is said by the wall clock


class MediaUrlQuery(BaseModel):
    """For how long it is good."""

    expires_in_s: Annotated[int, Field(ge=60, le=TTL_S, description="Six hours at most.")] = TTL_S


class MediaUrl(BaseModel):
    """An address that plays a recording without signing in until it ends: who has it can watch."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "recording_id": "01890a5d-ac96-774b-bcce-b302099a8057",
                    "url": "https://school.example/media/t/GRANT/01890a5d-ac96-774b-bcce-b302099a8057/"
                    "master.m3u8",
                    "expires_at": "2026-09-01T14:00:00Z",
                }
            ]
        }
    )

    recording_id: str
    url: str
    expires_at: datetime


def add_media_url_routes(table: RouteTable, recordings: Recordings, grants: Grants) -> None:
    """Declares asking for one."""

    @table.get(
        PATH,
        query=MediaUrlQuery,
        reply=MediaUrl,
        summary="Get an address that plays a recording without cookies: for VLC, Chromecast, other players",
        description="It shows the program, as long as the caller may see the recording, for six hours at "
        "most. `media_url` of a link (`share`) is good for as long as that.",
        errors=(403, 404),
    )
    async def get_media_url(call: Call) -> MediaUrl:
        principal = call.principal
        recording = await recordings.get(principal, call.path["id"], origin_of(call).ip)
        ends = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=call.query.expires_in_s)
        if principal.expires_at_s is not None:
            ends = min(ends, datetime.fromtimestamp(int(principal.expires_at_s), UTC))
        url = media_url(call, grants, recording.id, holder_in_path(principal), ends.timestamp())
        return MediaUrl(recording_id=recording.id, url=url, expires_at=ends)


def media_url(call: Call, grants: Grants, recording_id: str, holder: str, ends_s: float) -> str:
    """An address that is good until then, by the wall clock."""
    grant = grants.make(recording_id, Scope.PLAY, holder, ANY_S, latest_s=ends_s)
    return f"{public_origin(call)}{MEDIA_BY_PATH}{grant}/{recording_id}/{MASTER_NAME}"
