"""What the rows say of how a course's recordings are watched. No rules here, only SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.analytics.tables import analytics_events, playback_sessions
from vtp.courses.enrolment_store import IS_STUDENT
from vtp.courses.tables import course_enrollments, course_recordings, lessons
from vtp.coursework.tables import assignments, submissions
from vtp.quizzes.tables import quiz_attempts, quizzes
from vtp.recording.store import Status
from vtp.recording.tables import recording_progress, recordings
from vtp.rooms.tables import live_sessions, session_participants


@dataclass(frozen=True, slots=True)
class FiledRecording:
    """A recording that the class can watch, in the order in which it was made."""

    recording_id: str
    title: str
    lesson_id: str | None
    duration_ms: int
    started_at: datetime


async def watchable(tx: AsyncConnection, course_id: str) -> list[FiledRecording]:
    """The published recordings of a course, the oldest first."""
    filed, c = course_recordings.c, recordings.c
    title = func.coalesce(func.nullif(filed.lecture_title, ""), c.title)
    statement = (
        select(filed.recording_id, title, filed.lesson_id, c.duration_ms, c.started_at)
        .join_from(course_recordings, recordings, c.id == filed.recording_id)
        .where(
            filed.course_id == course_id,
            c.visibility != "staff",
            c.status.in_((Status.READY, Status.INTERRUPTED)),
        )
    )
    rows = await tx.execute(statement.order_by(c.started_at, c.id))
    return [FiledRecording(*row) for row in rows]


def _students(course_id: str) -> Any:
    c = course_enrollments.c
    return select(c.user_id).where(c.course_id == course_id, IS_STUDENT)


def _theirs(
    user: ColumnElement[str], recording: ColumnElement[str], course_id: str, ids: Sequence[str]
) -> tuple[ColumnElement[bool], ...]:
    return recording.in_(ids), user.in_(_students(course_id))


async def progress_in(
    tx: AsyncConnection, course_id: str, ids: Sequence[str], since: datetime | None = None
) -> list[Any]:
    """How far the students are with each of these, of those who began after a time."""
    c = recording_progress.c
    statement = select(c.user_id, c.recording_id, c.watched_ms, c.watch_time_ms, c.reached, c.updated_at)
    statement = statement.where(*_theirs(c.user_id, c.recording_id, course_id, ids))
    if since is not None:
        statement = statement.where(c.started_at > since)
    return list((await tx.execute(statement)).all())


async def pages_in(
    tx: AsyncConnection, course_id: str, ids: Sequence[str], since: datetime | None = None
) -> dict[str, list[tuple[datetime, int]]]:
    """When each student opened pages of these, and how long was watched, from a time on."""
    c = playback_sessions.c
    statement = select(c.user_id, c.started_at, c.watch_time_ms).where(
        *_theirs(c.user_id, c.recording_id, course_id, ids)
    )
    if since is not None:
        statement = statement.where(c.started_at >= since)
    found: dict[str, list[tuple[datetime, int]]] = {}
    for user_id, at, watched in await tx.execute(statement):
        found.setdefault(user_id, []).append((at, watched))
    return found


async def pages_by_recording(
    tx: AsyncConnection, course_id: str, ids: Sequence[str], since: datetime | None = None
) -> dict[str, tuple[int, int]]:
    """How often each was opened by students after a time, and how often playing stood still."""
    c = playback_sessions.c
    statement = (
        select(c.recording_id, func.count(), func.sum(c.buffer_events))
        .where(*_theirs(c.user_id, c.recording_id, course_id, ids))
        .group_by(c.recording_id)
    )
    if since is not None:
        statement = statement.where(c.started_at > since)
    return {row[0]: (int(row[1]), int(row[2] or 0)) for row in await tx.execute(statement)}


async def last_seen(tx: AsyncConnection, course_id: str) -> dict[str, datetime]:
    """When each student was last seen in a course: in its classes, with its recordings, on its pages, handing
    in, taking quizzes."""
    who, at, lesson = session_participants.c, live_sessions.c, lessons.c
    filed, seen, event = course_recordings.c, recording_progress.c, analytics_events.c
    in_class = (
        select(who.user_id.label("user_id"), who.joined_at.label("at"))
        .join_from(session_participants, live_sessions, at.id == who.live_session_id)
        .join(lessons, lesson.room_id == at.room_id)
        .where(lesson.course_id == course_id, who.user_id.is_not(None))
    )
    watching = (
        select(seen.user_id, seen.updated_at)
        .join_from(recording_progress, course_recordings, filed.recording_id == seen.recording_id)
        .where(filed.course_id == course_id)
    )
    looking = select(event.user_id, event.received_at).where(event.course_id == course_id)
    all_of_it = union_all(in_class, watching, looking, *_working(course_id)).subquery()
    statement = select(all_of_it.c.user_id, func.max(all_of_it.c.at)).group_by(all_of_it.c.user_id)
    return {row[0]: row[1] for row in await tx.execute(statement)}


def _working(course_id: str) -> tuple[Select[tuple[str, datetime]], ...]:
    """When who wrote at what they hand in, and took quizzes."""
    written, took = submissions.c, quiz_attempts.c
    handing_in = (
        select(written.user_id, written.updated_at)
        .join_from(submissions, assignments, assignments.c.id == written.assignment_id)
        .where(assignments.c.course_id == course_id, written.user_id.is_not(None))
    )
    taking = (
        select(took.user_id, func.coalesce(took.ended_at, took.begun_at))
        .join_from(quiz_attempts, quizzes, quizzes.c.id == took.quiz_id)
        .where(quizzes.c.course_id == course_id)
    )
    return handing_in, taking
