"""What this server holds of a person: every table, whose rows are theirs, what of them is told in their
export and what becomes of them at their erasure. docs/decisions/0064 says why.

A table or a column that is missing here fails tests/unit/test_personal_holdings.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Table, and_, exists, func, not_, or_, select

from vtp.accounts.tables import (
    account_tokens,
    audit_log,
    backup_codes,
    external_identities,
    invitations,
    oidc_flows,
    refresh_tokens,
    sessions,
    setup_tokens,
    users,
)
from vtp.accounts.users import NO_PASSWORD
from vtp.analytics.tables import (
    analytics_alerts,
    analytics_batches,
    analytics_events,
    analytics_pushes,
    attendance_corrections,
    attendance_rules,
    lesson_attendance,
    lesson_classes,
    participant_activity,
    playback_sessions,
    recording_viewers,
    server_load,
    usage_days,
)
from vtp.courses.tables import (
    calendar_feeds,
    course_announcements,
    course_enrollments,
    course_invitations,
    course_permissions,
    course_recording_quotas,
    course_recordings,
    course_schedules,
    course_sections,
    courses,
    lessons,
)
from vtp.coursework.tables import (
    assignment_group_members,
    assignment_groups,
    assignments,
    coursework_files,
    grades,
    materials,
    submissions,
)
from vtp.db.tables import idempotency_keys
from vtp.http.identity import Role
from vtp.jobs.tables import recording_jobs
from vtp.mail.tables import mails
from vtp.notifications.tables import (
    news,
    notification_choices,
    notification_people,
    notifications,
)
from vtp.personal.scrubbing import scrub_details, scrub_message
from vtp.quizzes.tables import (
    quiz_answers,
    quiz_attempts,
    quiz_extra_time,
    quiz_overrides,
    quiz_parts,
    quiz_question_tags,
    quiz_questions,
    quizzes,
)
from vtp.recording.tables import (
    recording_access_log,
    recording_caption_lines,
    recording_captions,
    recording_chapters,
    recording_progress,
    recording_quotas,
    recording_shares,
    recordings,
)
from vtp.rooms.tables import (
    chat_messages,
    guest_links,
    live_sessions,
    poll_votes,
    polls,
    room_bans,
    rooms,
    session_participants,
)
from vtp.webhooks.tables import webhook_deliveries, webhooks

ERASED_NAME: Final = "Erased person"
NOBODY: Final = "erased"  # in the place of who somebody was in a chat


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose data it is; `alias` stands where something must, and is nobody's."""

    user_id: str
    email: str
    full_name: str = ""
    alias: str = ""
    marks: tuple[str, ...] = ()  # by which answers kept for repeated requests name them

    @property
    def key(self) -> str:
        """As limits, chats and the audit log name an account."""
        return f"user:{self.user_id}"

    @property
    def voter(self) -> str:
        """As votes name an account."""
        return f"u:{self.user_id}"


Theirs = Callable[[Subject], ColumnElement[bool]]


@dataclass(frozen=True, slots=True)
class Deleted:
    """The rows go."""


@dataclass(frozen=True, slots=True)
class Emptied:
    """The rows stay, for they are others' too; these columns get these values."""

    values: Callable[[Subject, datetime], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Rewritten:
    """The rows stay; one column is written anew (None: it says nothing of the person)."""

    column: str
    rewrite: Callable[[Subject, Any], Any | None]


@dataclass(frozen=True, slots=True)
class Kept:
    """The rows stay as they are."""

    why: str


@dataclass(frozen=True, slots=True)
class Holding:
    """Some rows of one table. `withheld`: columns that are not told, secrets and what is others'."""

    name: str
    table: Table
    theirs: Theirs
    told: tuple[str, ...]
    withheld: tuple[str, ...]
    erasure: Deleted | Emptied | Rewritten | Kept


def erased_address(user_id: str) -> str:
    """What stands in the place of an address, unlike all others; RFC 2606: in a domain that never is."""
    return f"{user_id}@erased.invalid"


def _account_gone(subject: Subject, now: datetime) -> dict[str, Any]:
    """What is left is an id, so that tokens which name it are refused until they have run out."""
    return {
        "email": erased_address(subject.user_id),
        "password_hash": NO_PASSWORD,
        "full_name": ERASED_NAME,
        "phone": None,
        "role": Role.STUDENT.value,
        "requested_role": None,
        "watch_only": False,
        "email_verified_at": None,
        "approved_at": None,
        "approved_by": None,
        "approval_withdrawn_at": None,
        "disabled_at": now,
        "updated_at": now,
        "rights_changed_at": now,
        "password_changed_at": None,
        "totp_secret": None,
        "totp_enabled_at": None,
        "totp_last_step": None,
        "picture_key": None,
        "erased_at": func.coalesce(users.c.erased_at, now),
    }


def _session_gone(_: Subject, now: datetime) -> dict[str, Any]:
    return {
        "ip": None,
        "user_agent": None,
        "revoked_at": func.coalesce(sessions.c.revoked_at, now),
        "revoked_reason": NOBODY,
    }


def _message_gone(_: Subject, now: datetime) -> dict[str, Any]:
    """As a message that was deleted: what others answered keeps its place."""
    return {
        "from_person": NOBODY,
        "from_participant_id": NOBODY,
        "from_name": ERASED_NAME,
        "text": "",
        "folded": "",
        "client_key": None,
        "deleted_at": func.coalesce(chat_messages.c.deleted_at, now),
    }


def _without(column: str, **more: Any) -> Emptied:
    return Emptied(lambda _subject, _now: {column: None, **more})


_of_sessions: Theirs = lambda one: refresh_tokens.c.session_id.in_(  # noqa: E731 - a condition like the others
    select(sessions.c.id).where(sessions.c.user_id == one.user_id)
)


def _of_attempts(column: ColumnElement[str]) -> Theirs:
    return lambda one: column.in_(select(quiz_attempts.c.id).where(quiz_attempts.c.user_id == one.user_id))


def _attempts_with_results(one: Subject) -> ColumnElement[bool]:
    """Those that told early would show which answers are right while others are still asked."""
    now, others = datetime.now(UTC), quiz_attempts.alias("others").c
    has_closed = exists().where(
        quizzes.c.id == quiz_attempts.c.quiz_id,
        or_(quizzes.c.results == "at_once", quizzes.c.closes_at <= now),
    )
    somebody_writes = exists().where(
        others.quiz_id == quiz_attempts.c.quiz_id, others.ended_at.is_(None), others.ends_at > now
    )
    return and_(quiz_attempts.c.user_id == one.user_id, has_closed, not_(somebody_writes))


HOLDINGS: Final = (
    Holding(
        "profile",
        users,
        lambda one: users.c.id == one.user_id,
        (
            "id",
            "email",
            "full_name",
            "phone",
            "role",
            "requested_role",
            "watch_only",
            "email_verified_at",
            "approved_at",
            "approval_withdrawn_at",
            "disabled_at",
            "created_at",
            "updated_at",
            "password_changed_at",
            "totp_enabled_at",
        ),
        (
            "password_hash",
            "approved_by",
            "rights_changed_at",
            "totp_secret",
            "totp_last_step",
            "picture_key",
            "erased_at",
        ),
        Emptied(_account_gone),
    ),
    Holding(
        "accounts_approved",
        users,
        lambda one: users.c.approved_by == one.user_id,
        ("id", "approved_at"),
        (),
        _without("approved_by"),
    ),
    Holding(
        "refresh_tokens",
        refresh_tokens,
        _of_sessions,
        ("created_at", "used_at"),
        ("token_hash", "session_id", "parent_hash", "replaced_by"),
        Deleted(),
    ),
    Holding(
        "sessions",
        sessions,
        lambda one: sessions.c.user_id == one.user_id,
        (
            "id",
            "created_at",
            "last_seen_at",
            "ip",
            "user_agent",
            "expires_at",
            "revoked_at",
            "revoked_reason",
        ),
        ("user_id", "idle_expires_at"),
        Emptied(_session_gone),
    ),
    Holding(
        "links_sent_by_mail",
        account_tokens,
        lambda one: or_(account_tokens.c.user_id == one.user_id, account_tokens.c.email == one.email),
        ("purpose", "email", "created_at", "expires_at", "used_at"),
        ("token_hash", "user_id"),
        Deleted(),
    ),
    Holding(
        "invitations_received",
        invitations,
        lambda one: or_(invitations.c.accepted_by == one.user_id, invitations.c.email == one.email),
        (
            "id",
            "email",
            "full_name",
            "role",
            "watch_only",
            "created_at",
            "expires_at",
            "accepted_at",
            "revoked_at",
        ),
        ("token_hash", "created_by", "accepted_by"),
        Deleted(),
    ),
    Holding(
        "invitations_sent",
        invitations,
        lambda one: invitations.c.created_by == one.user_id,
        ("id", "role", "created_at", "expires_at", "accepted_at", "revoked_at"),
        ("email", "full_name"),
        _without("created_by"),
    ),
    Holding(
        "backup_codes",
        backup_codes,
        lambda one: backup_codes.c.user_id == one.user_id,
        ("created_at", "used_at"),
        ("user_id", "code_hash"),
        Deleted(),
    ),
    Holding(
        "identities",
        external_identities,
        lambda one: external_identities.c.user_id == one.user_id,
        ("issuer", "subject", "email", "created_at", "last_used_at"),
        ("user_id",),
        Deleted(),
    ),
    Holding(
        "sign_ins_elsewhere_begun",
        oidc_flows,
        lambda one: oidc_flows.c.user_id == one.user_id,
        ("provider", "created_at"),
        ("state_hash", "nonce", "code_verifier", "browser_hash", "return_to", "user_id"),
        Deleted(),
    ),
    Holding(
        "mails",
        mails,
        lambda one: or_(mails.c.user_id == one.user_id, mails.c.to_address == one.email),
        (
            "id",
            "kind",
            "to_address",
            "subject",
            "created_at",
            "expires_at",
            "sent_at",
            "failed_at",
            "attempts",
        ),
        ("user_id", "body", "calendars", "unsubscribe", "next_try_at", "last_error"),
        Deleted(),
    ),
    Holding(
        "activity",
        audit_log,
        lambda one: audit_log.c.actor_id == one.user_id,
        ("id", "at", "event", "subject", "ip", "user_agent", "request_id", "details"),
        ("actor_id",),
        Rewritten("details", scrub_details),
    ),
    Holding(
        "log_about_the_account",
        audit_log,
        lambda one: and_(
            audit_log.c.subject == one.key,
            or_(audit_log.c.actor_id.is_(None), audit_log.c.actor_id != one.user_id),
        ),
        ("id", "at", "event", "details"),
        ("actor_id", "ip", "user_agent", "request_id"),  # somebody else's
        Rewritten("details", scrub_details),
    ),
    Holding(
        "rooms",
        rooms,
        lambda one: rooms.c.owner_id == one.user_id,
        ("id", "slug", "name", "settings", "created_at", "updated_at", "deleted_at"),
        ("owner_id", "members_only"),
        _without("owner_id"),
    ),
    Holding(
        "guest_links",
        guest_links,
        lambda one: guest_links.c.created_by == one.user_id,
        ("id", "room_id", "label", "publish", "watch", "created_at", "expires_at", "revoked_at"),
        ("full_name", "created_by"),  # the guest's
        _without("created_by"),
    ),
    Holding(
        "chat_messages_written",
        chat_messages,
        lambda one: chat_messages.c.from_person == one.key,
        (
            "id",
            "room_id",
            "group_id",
            "from_participant_id",
            "from_name",
            "from_role",
            "to_name",
            "text",
            "reply_to",
            "sent_at",
            "edited_at",
            "deleted_at",
            "cleared",
        ),
        ("from_person", "to_person", "to_participant_id", "to_role", "folded", "client_key"),
        Emptied(_message_gone),
    ),
    Holding(
        "chat_messages_received",
        chat_messages,
        lambda one: chat_messages.c.to_person == one.key,
        ("id", "room_id", "from_name", "text", "sent_at", "edited_at", "deleted_at"),
        (),
        Emptied(
            lambda _one, _now: {
                "to_person": NOBODY,  # never null: that would show a private message to all
                "to_participant_id": NOBODY,
                "to_name": ERASED_NAME,
            }
        ),
    ),
    Holding(
        "bans",
        room_bans,
        lambda one: room_bans.c.user_id == one.user_id,
        ("id", "room_id", "full_name", "reason", "created_at"),
        ("user_id", "link_id", "network", "banned_by"),
        Deleted(),
    ),
    Holding(
        "bans_made",
        room_bans,
        lambda one: room_bans.c.banned_by == one.user_id,
        ("id", "room_id", "created_at"),
        (),
        _without("banned_by"),
    ),
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
        "participations",
        session_participants,
        lambda one: session_participants.c.user_id == one.user_id,
        ("id", "live_session_id", "full_name", "role", "is_producer", "joined_at", "left_at"),
        ("user_id",),
        _without("user_id", full_name=ERASED_NAME),
    ),
    Holding(
        "polls",
        polls,
        lambda one: polls.c.created_by == one.user_id,
        (
            "id",
            "room_id",
            "question",
            "options",
            "multiple",
            "anonymous",
            "results",
            "counts",
            "votes",
            "created_by_name",
            "created_at",
            "closed_at",
            "shared_at",
        ),
        ("created_by",),
        _without("created_by", created_by_name=ERASED_NAME),
    ),
    Holding(
        "votes",
        poll_votes,
        lambda one: or_(poll_votes.c.user_id == one.user_id, poll_votes.c.voter_key == one.voter),
        ("poll_id", "full_name", "choices"),
        ("voter_key", "user_id"),
        Emptied(
            lambda one, _now: {
                "user_id": None,
                "voter_key": f"{NOBODY}:{one.alias}",
                "full_name": ERASED_NAME,
            }
        ),
    ),
    Holding(
        "recordings_started",
        recordings,
        lambda one: recordings.c.started_by == one.user_id,
        (
            "id",
            "room_id",
            "title",
            "description",
            "status",
            "format",
            "layout",
            "started_at",
            "stopped_at",
            "duration_ms",
            "file_size_bytes",
            "width",
            "height",
            "frame_rate",
            "bitrate_bps",
            "codecs",
            "error_message",
            "metadata",
            "created_at",
            "updated_at",
            "deleted_at",
            "visibility",
            "chapters_set_at",
        ),
        ("started_by", "instance_id", "storage", "stored_url", "stored_at", "access_changed_at"),
        _without("started_by"),
    ),
    Holding(
        "links_to_recordings",
        recording_shares,
        lambda one: recording_shares.c.created_by == one.user_id,
        ("id", "recording_id", "title", "download", "created_at", "expires_at", "revoked_at"),
        ("created_by",),
        _without("created_by"),
    ),
    Holding(
        "recordings_watched",
        recording_progress,
        lambda one: recording_progress.c.user_id == one.user_id,
        (
            "recording_id",
            "pieces",
            "watched_ms",
            "watch_time_ms",
            "position_ms",
            "started_at",
            "updated_at",
            "completed_at",
        ),
        ("user_id", "sittings"),
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
        _without("closed_by"),
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
        _without("given_by"),
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
    Holding(
        "recordings_opened",
        recording_access_log,
        lambda one: recording_access_log.c.user_id == one.user_id,
        ("id", "recording_id", "at", "action", "ip_address", "user_agent"),
        ("user_id", "link_id"),
        _without("user_id", ip_address=None, user_agent=None),
    ),
    Holding(
        "captions_written",
        recording_captions,
        lambda one: recording_captions.c.written_by == one.user_id,
        ("recording_id", "language", "label", "is_typed", "text", "cues", "created_at", "updated_at"),
        ("written_by",),
        _without("written_by"),
    ),
    Holding(
        "captions_typed",
        recording_caption_lines,
        lambda one: recording_caption_lines.c.written_by == one.user_id,
        ("id", "recording_id", "language", "start_ms", "text"),
        ("written_by",),
        _without("written_by"),
    ),
    Holding(
        "chapters_of_recordings",
        recording_chapters,
        lambda one: recording_chapters.c.person_id == one.user_id,
        ("id", "recording_id", "start_ms", "kind", "title", "person_name"),
        ("person_id",),
        _without("person_id", person_name=ERASED_NAME),
    ),
    Holding(
        "courses",
        courses,
        lambda one: courses.c.instructor_id == one.user_id,
        (
            "id",
            "code",
            "name",
            "description",
            "department",
            "semester",
            "year",
            "status",
            "max_students",
            "listed",
            "self_enrolment",
            "waiting_list",
            "lesson_opens_minutes",
            "lesson_grace_minutes",
            "mail_lessons",
            "record_lessons",
            "publish_rule",
            "created_at",
            "updated_at",
        ),
        ("instructor_id", "version"),
        _without("instructor_id"),
    ),
    Holding(
        "courses_taken",
        course_enrollments,
        lambda one: course_enrollments.c.user_id == one.user_id,
        ("id", "course_id", "role", "status", "source", "created_at", "enrolled_at"),
        ("user_id", "invitation_id", "added_by"),
        Deleted(),
    ),
    Holding(
        "people_enrolled",
        course_enrollments,
        lambda one: course_enrollments.c.added_by == one.user_id,
        ("id", "course_id", "created_at"),
        (),
        _without("added_by"),
    ),
    Holding(
        "roles_in_courses",
        course_permissions,
        lambda one: course_permissions.c.user_id == one.user_id,
        ("course_id", "role", "watch_only", "granted_at"),
        ("user_id", "word", "granted_by"),
        Deleted(),
    ),
    Holding(
        "roles_in_courses_given",
        course_permissions,
        lambda one: course_permissions.c.granted_by == one.user_id,
        ("course_id", "role", "granted_at"),
        (),
        _without("granted_by"),
    ),
    Holding(
        "invitations_to_courses",
        course_invitations,
        lambda one: course_invitations.c.created_by == one.user_id,
        (
            "id",
            "course_id",
            "kind",
            "label",
            "role",
            "max_uses",
            "uses",
            "created_at",
            "expires_at",
            "revoked_at",
        ),
        ("code", "token_hash", "created_by"),
        _without("created_by"),
    ),
    Holding(
        "recordings_filed_in_courses",
        course_recordings,
        lambda one: course_recordings.c.added_by == one.user_id,
        (
            "course_id",
            "recording_id",
            "lesson_id",
            "lecture_number",
            "lecture_title",
            "sequence_order",
            "added_at",
        ),
        ("added_by", "to_announce"),
        _without("added_by"),
    ),
    Holding(
        "announcements",
        course_announcements,
        lambda one: course_announcements.c.author_id == one.user_id,
        ("id", "course_id", "title", "body", "created_at", "updated_at"),
        ("author_id",),
        _without("author_id"),
    ),
    Holding(
        "materials",
        materials,
        lambda one: materials.c.created_by == one.user_id,
        (
            "id",
            "course_id",
            "lesson_id",
            "title",
            "description",
            "published",
            "release_at",
            "versions",
            "created_at",
            "updated_at",
        ),
        ("created_by",),
        _without("created_by"),
    ),
    Holding(
        "assignments",
        assignments,
        lambda one: assignments.c.created_by == one.user_id,
        (
            "id",
            "course_id",
            "lesson_id",
            "title",
            "description",
            "published",
            "release_at",
            "due_at",
            "late_policy",
            "late_until",
            "late_percent",
            "centipoints",
            "rubric",
            "for_groups",
            "max_attempts",
            "created_at",
            "updated_at",
        ),
        ("created_by", "to_tell"),
        _without("created_by"),
    ),
    Holding(
        "groups_in_assignments",
        assignment_group_members,
        lambda one: assignment_group_members.c.user_id == one.user_id,
        ("assignment_id", "group_id"),
        ("user_id",),
        Deleted(),
    ),
    Holding(
        "answers_in_quizzes",
        quiz_answers,
        _of_attempts(quiz_answers.c.attempt_id),
        ("attempt_id", "question_id", "position", "choice_order", "answer", "version", "saved_at"),
        ("points", "override_points"),  # while it goes on they would tell what is right
        Deleted(),
    ),
    Holding(
        "points_by_hand_in_quizzes",
        quiz_overrides,
        _of_attempts(quiz_overrides.c.attempt_id),
        ("id", "attempt_id", "question_id", "points", "reason", "created_at"),
        ("given_by",),
        Deleted(),
    ),
    Holding(
        "points_given_in_quizzes",
        quiz_overrides,
        lambda one: quiz_overrides.c.given_by == one.user_id,
        ("id", "points", "reason", "created_at"),
        (),
        _without("given_by"),
    ),
    Holding(
        "points_in_quizzes",
        quiz_attempts,
        _attempts_with_results,
        ("id", "quiz_id", "points", "max_points"),
        (),
        Deleted(),
    ),
    Holding(
        "attempts_at_quizzes",
        quiz_attempts,
        lambda one: quiz_attempts.c.user_id == one.user_id,
        ("id", "quiz_id", "number", "begun_at", "ends_at", "ended_at", "ended_by"),
        ("user_id", "seed", "points", "max_points"),
        Deleted(),
    ),
    Holding(
        "extra_time_in_quizzes",
        quiz_extra_time,
        lambda one: quiz_extra_time.c.user_id == one.user_id,
        ("quiz_id", "minutes", "updated_at"),
        ("user_id",),
        Deleted(),
    ),
    Holding(
        "handed_in",
        submissions,
        lambda one: and_(submissions.c.user_id == one.user_id, submissions.c.owner == one.user_id),
        ("id", "assignment_id", "attempt", "text", "handed_in_at", "created_at", "updated_at"),
        ("owner", "user_id", "group_id"),
        Deleted(),
    ),
    Holding(
        "handed_in_for_groups",
        submissions,
        lambda one: and_(submissions.c.user_id == one.user_id, submissions.c.owner != one.user_id),
        ("id", "assignment_id", "attempt", "text", "handed_in_at", "created_at", "updated_at"),
        (),
        _without("user_id"),
    ),
    Holding(
        "grades",
        grades,
        lambda one: grades.c.user_id == one.user_id,
        (
            "id",
            "assignment_id",
            "submission_id",
            "centipoints",
            "scores",
            "feedback",
            "released_at",
            "created_at",
            "updated_at",
        ),
        ("user_id", "graded_by", "version"),
        Deleted(),
    ),
    Holding(
        "grades_given",
        grades,
        lambda one: grades.c.graded_by == one.user_id,
        ("id", "assignment_id", "updated_at"),
        (),
        _without("graded_by"),
    ),
    Holding(
        "files_of_courses",
        coursework_files,
        lambda one: coursework_files.c.uploaded_by == one.user_id,
        ("id", "course_id", "version", "name", "media_type", "size_bytes", "sha256", "created_at"),
        ("uploaded_by", "material_id", "submission_id", "grade_id", "state"),
        _without("uploaded_by"),
    ),
    Holding(
        "calendars",
        calendar_feeds,
        lambda one: calendar_feeds.c.user_id == one.user_id,
        ("id", "course_id", "created_at", "renewed_at"),
        ("user_id", "scope", "token_hash"),
        Deleted(),
    ),
    Holding(
        "told",
        news,
        lambda one: news.c.id.in_(
            select(notifications.c.news_id).where(notifications.c.user_id == one.user_id)
        ),
        ("id", "kind", "title", "text", "link", "context", "course_id", "lesson_id", "recording_id", "at"),
        ("subject_id", "once"),
        Kept("it is others' news too, and says nothing of who is told"),
    ),
    Holding(
        "notifications",
        notifications,
        lambda one: notifications.c.user_id == one.user_id,
        ("news_id", "read_at"),
        ("user_id", "mail"),
        Deleted(),
    ),
    Holding(
        "mails_chosen",
        notification_choices,
        lambda one: notification_choices.c.user_id == one.user_id,
        ("kind", "mail"),
        ("user_id",),
        Deleted(),
    ),
    Holding(
        "hour_of_the_daily_mail",
        notification_people,
        lambda one: notification_people.c.user_id == one.user_id,
        ("time_zone", "digest_hour"),
        ("user_id",),
        Deleted(),
    ),
    Holding(
        "webhooks",
        webhooks,
        lambda one: webhooks.c.created_by == one.user_id,
        (
            "id",
            "url",
            "description",
            "events",
            "room_id",
            "active",
            "created_at",
            "updated_at",
            "disabled_reason",
        ),
        ("secret", "old_secret", "old_secret_until", "created_by"),
        _without("created_by"),
    ),
    Holding(
        "messages_to_webhooks",
        webhook_deliveries,
        lambda one: webhook_deliveries.c.body.contains(one.user_id, autoescape=True),
        ("id", "type", "created_at"),
        (
            "webhook_id",
            "event_id",
            "body",  # also of others; what it says of the person stands in the other tables
            "next_try_at",
            "tries",
            "status",
            "tried_at",
            "answer_status",
            "answer",
        ),
        Rewritten("body", scrub_message),
    ),
    Holding(
        "answers_kept_for_a_day",
        idempotency_keys,
        lambda one: or_(
            idempotency_keys.c.principal == one.key,
            *(idempotency_keys.c.people.contains(mark, autoescape=True) for mark in one.marks),
        ),
        ("route", "status", "created_at"),
        ("key", "principal", "body_hash", "headers", "response", "people"),
        Deleted(),
    ),
)

EXEMPT: Final[Mapping[Table, str]] = {
    setup_tokens: "hashes of one-time links to nobody's account yet",
    lesson_classes: "when classes were held, which says nothing of who was there",
    attendance_rules: "what courses count as attended",
    usage_days: "how many people and classes there were on a day, of whom none is named",
    server_load: "how busy the server was",
    analytics_pushes: "how far the log was pushed to a learning record store",
    live_sessions: "when classes were held; who was there is in session_participants",
    recording_quotas: "what rooms may hold",
    course_recording_quotas: "what courses may hold",
    course_sections: "the parts of a course, which say nothing of who wrote them",
    lessons: "what is in a course, likewise",
    assignment_groups: "what groups are called; who is in them stands in another table",
    course_schedules: "when its live lessons are, likewise",
    quiz_questions: "the bank of a course, which says nothing of who wrote it",
    quiz_question_tags: "what its questions are about",
    quizzes: "what is asked in a course, likewise",
    quiz_parts: "which questions",
    recording_jobs: "what the server does with recordings by itself",
}
