"""A recording's ladder over HTTP, by the older contract's names, for those who may change it."""

from __future__ import annotations

from vtp.http.routing import Call, RouteTable
from vtp.jobs.transcode_schemas import PickQuality, TranscodeProgress
from vtp.jobs.transcoding import Transcoding

PATH = "/api/v1/recordings/{id}/transcode"


def add_transcode_routes(table: RouteTable, transcoding: Transcoding) -> None:
    """Declares starting it, of all rungs or one, looking at it, ending it."""

    @table.post(
        PATH,
        reply=TranscodeProgress,
        status=202,
        summary="Have the missing rungs of a recording made",
        description="Those of `jobs.ladder` that the picture allows. What goes on already, or is whole, "
        "stays as it is; what failed or was cancelled begins anew.",
        errors=(403, 404, 409, 410, 503),
    )
    async def transcode_recording(call: Call) -> TranscodeProgress:
        return TranscodeProgress.of(await transcoding.start(call.principal, call.path["id"]))

    @table.post(
        PATH + "/quality",
        body=PickQuality,
        reply=TranscodeProgress,
        status=202,
        summary="Have one rung of a recording made",
        description="Besides those that wait to be made already.",
        errors=(403, 404, 409, 410, 503),
    )
    async def transcode_to_quality(call: Call) -> TranscodeProgress:
        wish: PickQuality = call.body
        return TranscodeProgress.of(await transcoding.start(call.principal, call.path["id"], wish.lines))

    @table.get(
        PATH + "/progress",
        reply=TranscodeProgress,
        summary="See how far the rungs of a recording are, and when they will be made",
        errors=(403, 404),
    )
    async def get_transcode_progress(call: Call) -> TranscodeProgress:
        return TranscodeProgress.of(await transcoding.get(call.principal, call.path["id"]))

    @table.post(
        PATH + "/cancel",
        reply=TranscodeProgress,
        summary="Make no more rungs of a recording; those that it has stay",
        errors=(403, 404, 409),
    )
    async def cancel_transcode(call: Call) -> TranscodeProgress:
        return TranscodeProgress.of(await transcoding.cancel(call.principal, call.path["id"]))
