"""What analytics have of a person, and what becomes of it at their erasure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sqlalchemy import ColumnElement, CompoundSelect, Table, and_, func, or_, select, union

from vtp.accounts.audit import Event
from vtp.accounts.tables import audit_log
from vtp.analytics.alert_words import told_of
from vtp.analytics.tables import (
    analytics_alerts,
    analytics_anonymizing,
    analytics_batches,
    analytics_events,
    analytics_pushes,
    attendance_corrections,
    attendance_rules,
    course_totals,
    lesson_attendance,
    lesson_classes,
    lesson_credits,
    participant_activity,
    playback_sessions,
    recording_totals,
    recording_viewers,
    server_load,
    usage_days,
)
from vtp.courses.roles import COURSE_STAFF
from vtp.courses.tables import course_enrollments, course_permissions, courses
from vtp.mail.outbox import MailKind
from vtp.mail.tables import mails
from vtp.notifications.tables import news, notifications
from vtp.own_data.holding import Deleted, Holding, Subject, without
from vtp.rooms.tables import session_participants

_ROLES_CHANGED: Final = (Event.COURSE_ROLE_GIVEN, Event.COURSE_ROLE_TAKEN, Event.COURSE_LEFT)


def _about(user_id: str) -> ColumnElement[bool]:
    """News that tell of alerts about somebody, by name."""
    alerts = select(analytics_alerts.c.id).where(analytics_alerts.c.user_id == user_id)
    return news.c.subject_id.in_(alerts)


def _staff_around(user_id: str) -> CompoundSelect[str]:
    """Who is staff of the courses in which there were alerts about somebody, or was: the audit log says whose
    role there, or place, has been changed."""
    of = select(analytics_alerts.c.course_id).where(analytics_alerts.c.user_id == user_id)
    placed, noted = course_enrollments.c, audit_log.c
    about = select("course:" + analytics_alerts.c.course_id).where(analytics_alerts.c.user_id == user_id)
    changed = noted.subject.in_(about), noted.event.in_(_ROLES_CHANGED)
    return union(
        select(courses.c.instructor_id).where(courses.c.id.in_(of)),
        select(course_permissions.c.user_id).where(course_permissions.c.course_id.in_(of)),
        select(placed.user_id).where(placed.course_id.in_(of), placed.role.in_(COURSE_STAFF)),
        select(noted.details["user_id"].as_string()).where(*changed),
    )


def _waits_for_who_was_told(user_id: str) -> ColumnElement[bool]:
    """Mails of news that are not sent yet, to whom such news were told before they were written, and to the
    staff of their courses: an alert that is closed is in nobody's news any more, and may still be in a mail.
    What they say is sealed, so all of those go. Their readers have the news in their lists."""
    c, alerts = mails.c, analytics_alerts.c
    told = select(notifications.c.user_id).join(news, news.c.id == notifications.c.news_id)
    first = select(func.min(alerts.created_at)).where(alerts.user_id == user_id).scalar_subquery()
    of_news = c.kind.in_((MailKind.NEWS, MailKind.DIGEST))
    waits = c.body.is_not(None), c.sent_at.is_(None), c.created_at >= first
    readers = c.user_id.in_(told.where(_about(user_id))), c.user_id.in_(_staff_around(user_id))
    return and_(or_(*readers), of_news, *waits)


def _sent_with_their_name(one: Subject) -> ColumnElement[bool]:
    """Mails to the staff of their courses whose subject has it: versions before wrote it there."""
    c = mails.c
    # Of who is erased already the name is not known, and those mails are gone.
    told = f": {told_of(one.full_name)}"
    name = c.subject.endswith(told, autoescape=True) if one.full_name else c.subject == ""
    is_sent = c.kind == MailKind.NEWS, c.sent_at.is_not(None)
    return and_(c.user_id.in_(_staff_around(one.user_id)), *is_sent, name)


HOLDINGS: Final = (
    Holding(
        "done_in_classes",
        participant_activity,
        lambda one: participant_activity.c.participation_id.in_(
            select(session_participants.c.id).where(session_participants.c.user_id == one.user_id)
        ),
        ("participation_id", "talks", "camera", "acts", "quality", "network"),
        (),
        Deleted(),
    ),
    Holding(
        "attendance",
        lesson_attendance,
        lambda one: lesson_attendance.c.user_id == one.user_id,
        (
            "lesson_id",
            "is_staff",
            "present_ms",
            "late_ms",
            "early_ms",
            "first_join",
            "last_leave",
            "connections",
            "talk_ms",
            "camera_ms",
            "messages",
            "hands",
            "reactions",
            "answers",
            "activity_score",
            "participation",
            "quality",
            "network",
        ),
        ("user_id",),
        Deleted(),
    ),
    Holding(
        "watched_of_recordings_that_are_gone",
        lesson_credits,
        lambda one: lesson_credits.c.user_id == one.user_id,
        ("lesson_id", "recording_id", "reached"),
        ("user_id",),
        Deleted(),
    ),
    Holding(
        "mails_about_them_that_wait",
        mails,
        lambda one: _waits_for_who_was_told(one.user_id),
        ("id", "kind", "created_at"),
        (
            "user_id",
            "to_address",
            "subject",
            "body",
            "calendars",
            "unsubscribe",
            "expires_at",
            "sent_at",
            "failed_at",
            "attempts",
            "next_try_at",
            "last_error",
        ),
        Deleted(),
    ),
    Holding(
        "mails_about_them_that_were_sent",
        mails,
        _sent_with_their_name,
        ("id", "kind", "created_at", "sent_at"),
        (),
        Deleted(),
    ),
    Holding(
        "told_to_staff_about_them",
        news,
        lambda one: _about(one.user_id),  # before the alerts, by which they are found
        ("id", "kind", "title", "text", "context", "course_id", "at"),
        ("link", "lesson_id", "recording_id", "subject_id", "once"),
        Deleted(),
    ),
    Holding(
        "alerts_about_them",
        analytics_alerts,
        lambda one: analytics_alerts.c.user_id == one.user_id,
        (
            "id",
            "course_id",
            "rule",
            "severity",
            "reason",
            "recommendation",
            "evidence",
            "status",
            "created_at",
            "updated_at",
            "closed_at",
            "note",
        ),
        ("user_id", "closed_by"),
        Deleted(),
    ),
    Holding(
        "alerts_closed",
        analytics_alerts,
        lambda one: analytics_alerts.c.closed_by == one.user_id,
        ("id", "course_id", "status", "closed_at"),
        (),
        without("closed_by"),
    ),
    Holding(
        "attendance_corrected",
        attendance_corrections,
        lambda one: attendance_corrections.c.user_id == one.user_id,
        ("id", "lesson_id", "status", "reason", "created_at"),
        ("user_id", "given_by"),
        Deleted(),
    ),
    Holding(
        "attendance_corrected_for_others",
        attendance_corrections,
        lambda one: attendance_corrections.c.given_by == one.user_id,
        ("id", "lesson_id", "created_at"),
        (),
        without("given_by"),
    ),
    Holding(
        "events_of_playback",
        analytics_events,
        lambda one: analytics_events.c.user_id == one.user_id,
        (
            "id",
            "recording_id",
            "course_id",
            "session_id",
            "event_type",
            "happened_at",
            "received_at",
            "data",
        ),
        ("user_id",),
        Deleted(),
    ),
    Holding(
        "batches_of_events",
        analytics_batches,
        lambda one: analytics_batches.c.user_id == one.user_id,
        ("session_id", "seq", "received_at"),
        ("user_id",),
        Deleted(),
    ),
    Holding(
        "pages_with_recordings",
        playback_sessions,
        lambda one: playback_sessions.c.user_id == one.user_id,
        (
            "recording_id",
            "session_id",
            "started_at",
            "last_at",
            "watch_time_ms",
            "position_ms",
            "pauses",
            "resumes",
            "seeks",
            "buffer_events",
            "quality",
            "quality_ms",
            "completed",
        ),
        ("user_id", "run_end_ms"),
        Deleted(),
    ),
    Holding(
        "parts_of_recordings_watched",
        recording_viewers,
        lambda one: recording_viewers.c.user_id == one.user_id,
        ("recording_id", "duration_ms", "passes"),
        ("user_id",),
        Deleted(),
    ),
)

EXEMPT: Final[Mapping[Table, str]] = {
    lesson_classes: "when classes were held, which says nothing of who was there",
    attendance_rules: "what courses count as attended",
    usage_days: "how many people and classes there were on a day, of whom none is named",
    server_load: "how busy the server was",
    course_totals: "sums over the students of courses that are long over, of whom none is known",
    recording_totals: "sums over people who watched recordings, of whom none is known",
    analytics_anonymizing: "how far figures were made nobody's",
    analytics_pushes: "how far the log was pushed to a learning record store",
}
