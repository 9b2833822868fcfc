"""The storyboard over HTTP: its list and its sheets."""

from __future__ import annotations

import re

from aiohttp import web

from vtp.errors import NotFound
from vtp.http.etags import etag_of, matches_none
from vtp.http.routing import Access, Call, Limit, RouteTable
from vtp.recording.admission import Admission
from vtp.recording.rendered_answer import NOT_KEPT, answer
from vtp.recording.service import Recordings
from vtp.recording.storyboard import FOLDER, VTT_NAME, VTT_TYPE
from vtp.recording.thumbnail import JPEG_TYPE

_SHEET = re.compile(r"sheet-(\d{5})(?:\.\d{1,3})?\.jpg\Z", re.ASCII)


def add_storyboard_routes(table: RouteTable, recordings: Recordings, admission: Admission) -> None:
    """Declares both."""
    base = "/api/v1/recordings/{id}"
    options = {"access": Access.MEDIA, "limit": Limit.PLAYBACK, "errors": (401, 403, 404, 410, 503)}

    @table.get(
        f"{base}/{VTT_NAME}",
        summary="Get the storyboard of a recording: small pictures for seeking, as WebVTT",
        reply_types=(VTT_TYPE,),
        also=(304,),
        **options,
    )
    async def get_storyboard(call: Call) -> web.Response:
        recording_id = await admission.admit(call)
        return answer(call, await recordings.playback.storyboard(recording_id), VTT_TYPE)

    @table.get(
        f"{base}/{FOLDER}/{{name}}",
        summary="Fetch a sheet of the storyboard, as JPEG",
        reply_types=(JPEG_TYPE,),
        also=(304,),
        **options,
    )
    async def get_storyboard_sheet(call: Call) -> web.Response:
        recording_id = await admission.admit(call)
        match = _SHEET.match(call.path["name"])
        if match is None:
            raise NotFound("The storyboard has no such file.", code="no_such_file")
        data = await recordings.playback.storyboard_sheet(recording_id, int(match[1]))
        headers = {"ETag": etag_of(data), "Cache-Control": NOT_KEPT}
        if matches_none(call.request, headers["ETag"]):
            return web.Response(status=304, headers=headers)
        return web.Response(body=data, headers=headers | {"Content-Type": JPEG_TYPE})
