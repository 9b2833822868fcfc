"""Pictures of a recording over HTTP."""

from __future__ import annotations

from typing import Annotated

from aiohttp import web
from pydantic import BaseModel, Field

from vtp.http.etags import etag_of, matches_none
from vtp.http.routing import Access, Call, Limit, RouteTable
from vtp.recording.admission import Admission
from vtp.recording.service import Recordings
from vtp.recording.thumbnail import JPEG_TYPE

DEFAULT_WIDTH = 320
WIDTHS = (160, 320, 640, 1280)
"""Those that are made, however many are asked for: each is work, and kept for who comes next."""


class ThumbnailQuery(BaseModel):
    """Which picture, and how large."""

    t: Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False, description="Seconds from its start.")] = 0.0
    width: Annotated[
        int, Field(ge=16, le=WIDTHS[-1], description="Pixels; the next of 160, 320, 640 and 1280 is given.")
    ] = DEFAULT_WIDTH

    @property
    def given_width(self) -> int:
        """The width that is made."""
        return next(width for width in WIDTHS if width >= self.width)


def add_thumbnail_routes(table: RouteTable, recordings: Recordings, admission: Admission) -> None:
    """Declares the thumbnail."""

    @table.get(
        "/api/v1/recordings/{id}/thumbnail",
        summary="Get a picture of a recording: the key frame at or before a time, as JPEG",
        access=Access.MEDIA,
        limit=Limit.PLAYBACK,
        query=ThumbnailQuery,
        errors=(401, 403, 404, 410, 503),
        reply_types=(JPEG_TYPE,),
        also=(304,),
    )
    async def get_thumbnail(call: Call) -> web.Response:
        recording_id = await admission.admit(call)
        query: ThumbnailQuery = call.query
        data = await recordings.playback.thumbnail(recording_id, query.t, query.given_width)
        headers = {"ETag": etag_of(data), "Cache-Control": "no-store"}
        if matches_none(call.request, headers["ETag"]):
            return web.Response(status=304, headers=headers)
        return web.Response(body=data, headers=headers | {"Content-Type": JPEG_TYPE})
