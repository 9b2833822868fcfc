"""How far somebody is with a recording, over HTTP."""

from __future__ import annotations

from vtp.accounts.routes import origin_of
from vtp.http.routing import Call, RouteTable
from vtp.recording.progress import WatchProgress
from vtp.recording.progress_schemas import ProgressReply, ReportProgress

PATH = "/api/v1/recordings/{id}/progress"


def add_progress_routes(table: RouteTable, progress: WatchProgress) -> None:
    """Declares reporting and reading."""

    @table.get(PATH, reply=ProgressReply, summary="Read how far one is with a recording", errors=(403, 404))
    async def get_progress(call: Call) -> ProgressReply:
        found = await progress.get(call.principal, call.path["id"], origin_of(call).ip)
        return ProgressReply.in_full(found)

    @table.post(
        PATH,
        body=ReportProgress,
        reply=ProgressReply,
        summary="Report what one has played of a recording",
        description="What cannot have been played, or not in the time since the session's last report, does "
        "not count, and is named in `refused`.",
        errors=(403, 404),
    )
    async def report_progress(call: Call) -> ProgressReply:
        body: ReportProgress = call.body
        address = origin_of(call).ip
        return ProgressReply.in_full(
            await progress.report(call.principal, call.path["id"], body.report, address)
        )
