"""Advice on rungs over HTTP, by the older contract's names, for who may watch the recording."""

from __future__ import annotations

from vtp.accounts.permissions import Action
from vtp.accounts.routes import origin_of
from vtp.http.routing import Access, Call, Limit, RouteTable
from vtp.recording.admission import HOLDER, Admission
from vtp.recording.holders import session_of
from vtp.recording.service import Recordings
from vtp.streaming.abr import advise, level_for, levels_of, nearest_level
from vtp.streaming.abr_reports import AbrReports, carried_kbps, sum_up
from vtp.streaming.abr_schemas import AbrStats, AskQuality, MetricsTaken, QualityAdvice, SegmentMetrics

PATH = "/api/v1/recordings/{id}/abr"
_ERRORS = (401, 403, 404, 410, 503)


def add_abr_routes(
    table: RouteTable, recordings: Recordings, admission: Admission, reports: AbrReports
) -> None:
    """Declares asking for a rung, reporting, and the sums of reports."""
    options = {"access": Access.MEDIA, "limit": Limit.PLAYBACK, "errors": _ERRORS}

    @table.post(
        PATH + "/quality",
        body=AskQuality,
        reply=QualityAdvice,
        summary="Find the rung that a connection carries",
        **options,
    )
    async def choose_quality(call: Call) -> QualityAdvice:
        recording_id = await admission.admit(call)
        levels = levels_of(await recordings.view(recording_id))
        wish: AskQuality = call.body
        return QualityAdvice.of(level_for(levels, wish.bandwidth), wish.bandwidth)

    @table.post(
        PATH + "/metrics",
        body=SegmentMetrics,
        reply=MetricsTaken,
        summary="Report a segment that a player has fetched, and hear whether another rung would do better",
        description="The newest reports of a viewer are kept in memory for two minutes. Of a stream its "
        "viewers show `buffer_health`.",
        **options,
    )
    async def report_segment(call: Call) -> MetricsTaken:
        recording_id = await admission.admit(call)
        levels = levels_of(await recordings.view(recording_id))
        said: SegmentMetrics = call.body
        session = session_of(call.request[HOLDER], origin_of(call).ip)
        reports.add(recording_id, session, said.report)
        admission.viewership.report(recording_id, session, said.buffer_occupancy_percent)
        carried = carried_kbps(reports.of(recording_id, session))
        current = nearest_level(levels, said.bitrate_kbps)
        return MetricsTaken.of(advise(levels, current, carried, said.buffer_occupancy_percent), carried)

    @table.get(
        PATH + "/stats",
        reply=AbrStats,
        summary="Read what viewers have reported of their connections",
        **options,
    )
    async def get_abr_stats(call: Call) -> AbrStats:
        recording_id = await admission.admit(call)
        levels = levels_of(await recordings.view(recording_id))
        session = session_of(call.request[HOLDER], origin_of(call).ip)
        if await _sees_all(call, recording_id):
            sums = sum_up(reports.of_all(recording_id))
        else:
            own = reports.of(recording_id, session)
            sums = sum_up([own] if own else [])
        return AbrStats.of(levels, level_for(levels, sums.carried_kbps or 0), sums)

    async def _sees_all(call: Call, recording_id: str) -> bool:
        principal = call.principal_or_none
        if principal is None:
            return False
        seen = await recordings.seen(principal, recording_id, origin_of(call).ip)
        return seen.may(Action.RECORDING_UPDATE)
