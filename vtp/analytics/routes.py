"""Analytics over HTTP: what players say, and how recordings are watched."""

from __future__ import annotations

from vtp.accounts.routes import origin_of
from vtp.analytics.heat import Bins
from vtp.analytics.intake import Intake
from vtp.analytics.lectures import Lecture, Lectures, Metrics, Sight
from vtp.analytics.paths import Doubled
from vtp.analytics.playback import PlaybackSession
from vtp.analytics.schemas import (
    EventsReply,
    HeatBin,
    LectureReply,
    MetricsReply,
    RefusedEvent,
    ReplayedSection,
    SendEvents,
    SessionReply,
)
from vtp.analytics.told import coarse_lecture, in_steps
from vtp.http.routing import Access, Call, RouteTable
from vtp.recording.watching import resume_ms

SESSIONS_SHOWN = 50


def add_intake_routes(table: Doubled, intake: Intake) -> None:
    """Declares where events go."""

    @table.post(
        "/events",
        body=SendEvents,
        reply=EventsReply,
        access=Access.VERIFIED,
        summary="Send what happened in a player or on a page",
        description="A batch is taken once, by `session_id` and `seq`. Segments count as those of "
        "`/recordings/{id}/progress` do: no faster than the clock. What is not the sender's to see, and "
        "segments that do not count, are named in `refused`; the rest is taken. May be sent "
        "while a page is left (`fetch` with `keepalive`).",
        errors=(403,),
    )
    async def send_analytics_events(call: Call) -> EventsReply:
        outcome = await intake.take(call.principal, call.body, origin_of(call).ip)
        refused = [
            RefusedEvent(index=one.index, segment=one.segment, reason=one.reason) for one in outcome.refused
        ]
        return EventsReply(accepted=outcome.accepted, repeated=outcome.repeated, refused=refused)


def add_lecture_routes(table: Doubled, plain: RouteTable, lectures: Lectures) -> None:
    """Declares reading; what older clients ask of a recording is in the `plain` table alone."""

    @table.get(
        "/metrics/{user_id}/{recording_id}",
        reply=MetricsReply,
        summary="Read how somebody watched a recording",
        description="One's own, those of people in a course that one holds, or any for administrators.",
        errors=(403, 404),
    )
    async def get_analytics_metrics(call: Call) -> MetricsReply:
        path, address = call.path, origin_of(call).ip
        found = await lectures.metrics(call.principal, path["user_id"], path["recording_id"], address)
        return metrics_reply(path["user_id"].lower(), found)

    async def read(call: Call, recording_id: str) -> LectureReply:
        found, sight = await lectures.lecture(call.principal, recording_id, origin_of(call).ip)
        if sight is Sight.NOTHING:
            return _hidden(found)
        return lecture_reply(found) if sight is Sight.ALL else students_reply(found, lectures.at_least)

    @plain.get(
        "/api/v1/recordings/{id}/analytics",
        reply=LectureReply,
        summary="Read how a recording is watched, as `analytics/lecture/{recording_id}` tells it",
        errors=(403, 404),
    )
    async def get_recording_analytics(call: Call) -> LectureReply:
        return await read(call, call.path["id"])

    @table.get(
        "/lecture/{recording_id}",
        reply=LectureReply,
        summary="Read how a recording is watched",
        description="Students are told averages once as many have watched it as `analytics.at_least` says: "
        "shares in steps of 10 %, counts down to a multiple of so many, as they were when a student first "
        "asked within a day. What is null, or empty, is for staff.",
        errors=(403, 404),
    )
    async def get_lecture_analytics(call: Call) -> LectureReply:
        return await read(call, call.path["recording_id"])


def metrics_reply(user_id: str, found: Metrics) -> MetricsReply:
    """Describes one person with one recording."""
    progress, recording = found.progress, found.recording
    position_ms = progress.position_ms if progress is not None else 0
    percent = found.per_mille / 10
    newest = sorted(found.sessions, key=lambda one: one.last_at, reverse=True)[:SESSIONS_SHOWN]
    return MetricsReply(
        user_id=user_id,
        recording_id=recording.id,
        duration_seconds=recording.duration_ms / 1000,
        total_watch_time_seconds=progress.watch_time_ms / 1000 if progress is not None else 0,
        watched_seconds=progress.watched_ms / 1000 if progress is not None else 0,
        completion_percentage=percent,
        completed_at=found.completed_at,
        rewatch_count=found.rewatched,
        avg_quality=found.quality,
        last_watched=progress.updated_at if progress is not None else None,
        resume_position=resume_ms(position_ms, recording.duration_ms) / 1000,
        engagement_score=found.score,
        segments=[(a / 1000, b / 1000) for a, b in progress.pieces] if progress is not None else [],
        passes=list(found.passes),
        sessions=[_session(one, percent) for one in newest],
    )


def _session(one: PlaybackSession, percent: float) -> SessionReply:
    return SessionReply(
        session_id=one.session_id,
        started_at=one.started_at,
        last_at=one.last_at,
        total_duration_seconds=(one.last_at - one.started_at).total_seconds(),
        watched_duration_seconds=one.watch_time_ms / 1000,
        pause_count=one.pauses,
        resume_count=one.resumes,
        seek_count=one.seeks,
        quality_selected=one.quality or None,
        buffer_events=one.buffer_events,
        completion_rate=percent,
    )


def lecture_reply(found: Lecture) -> LectureReply:
    """Describes all viewers of a recording."""
    bins = Bins(found.recording.duration_ms)
    watched_ms = sum(found.quality_ms.values())
    by_bin = zip(found.heat.views, found.heat.viewers, found.remaining, strict=True)
    return LectureReply(
        recording_id=found.recording.id,
        duration_seconds=found.recording.duration_ms / 1000,
        unique_viewers=found.viewers,
        total_views=found.sessions,
        avg_watch_time_seconds=found.watch_time_ms // found.viewers / 1000 if found.viewers else 0,
        completion_rate=found.completed * 1000 // found.viewers / 10 if found.viewers else 0,
        average_completion=found.average_per_mille / 10,
        peak_concurrent_viewers=found.peak,
        total_buffer_events=found.buffer_events,
        quality_distribution={
            name: round(ms / watched_ms, 3) for name, ms in sorted(found.quality_ms.items()) if watched_ms
        },
        most_replayed_section=_replayed(found),
        completion_ratio=found.complete_from / 1000,
        heatmap=[
            HeatBin(start=bins.start_ms(index) / 1000, views=views, viewers=viewers, remaining=remaining)
            for index, (views, viewers, remaining) in enumerate(by_bin)
        ],
    )


def students_reply(found: Lecture, at_least: int) -> LectureReply:
    """The same as students are told of it."""
    exact = lecture_reply(coarse_lecture(found, at_least))
    return exact.model_copy(
        update={
            "unique_viewers": found.viewers // at_least * at_least,
            "completion_rate": in_steps(exact.completion_rate),
            "average_completion": in_steps(exact.average_completion),
            "total_views": None,
            "avg_watch_time_seconds": None,
            "peak_concurrent_viewers": None,
            "total_buffer_events": None,
        }
    )


def _replayed(found: Lecture) -> ReplayedSection | None:
    if found.replayed is None:
        return None
    start, end, replays = found.replayed
    return ReplayedSection(start=start / 1000, end=end / 1000, replays=replays)


def _hidden(found: Lecture) -> LectureReply:
    """That there are too few, and nothing else: not even how many."""
    return LectureReply(
        recording_id=found.recording.id,
        duration_seconds=found.recording.duration_ms / 1000,
        hidden=True,
        unique_viewers=None,
        total_views=None,
        avg_watch_time_seconds=None,
        completion_rate=None,
        average_completion=None,
        peak_concurrent_viewers=None,
        total_buffer_events=None,
        quality_distribution={},
        most_replayed_section=None,
        completion_ratio=found.complete_from / 1000,
        heatmap=[],
    )
