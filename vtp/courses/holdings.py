"""What courses have of a person, and what becomes of it at their erasure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sqlalchemy import Table

from vtp.courses.enrolment_store import counted_without
from vtp.courses.tables import (
    calendar_feeds,
    course_announcements,
    course_enrollments,
    course_invitations,
    course_permissions,
    course_recording_quotas,
    course_recording_terms,
    course_recordings,
    course_schedules,
    course_sections,
    courses,
    lessons,
)
from vtp.own_data.holding import Deleted, Holding, without

HOLDINGS: Final = (
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
            "status_at",
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
        ("instructor_id", "version", "students"),
        without("instructor_id"),
    ),
    Holding(
        "courses_taken",
        course_enrollments,
        lambda one: course_enrollments.c.user_id == one.user_id,
        ("id", "course_id", "role", "status", "source", "created_at", "enrolled_at"),
        ("user_id", "invitation_id", "added_by"),
        Deleted(counted_without),
    ),
    Holding(
        "people_enrolled",
        course_enrollments,
        lambda one: course_enrollments.c.added_by == one.user_id,
        ("id", "course_id", "created_at"),
        (),
        without("added_by"),
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
        without("granted_by"),
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
        without("created_by"),
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
        without("added_by"),
    ),
    Holding(
        "announcements",
        course_announcements,
        lambda one: course_announcements.c.author_id == one.user_id,
        ("id", "course_id", "title", "body", "created_at", "updated_at"),
        ("author_id",),
        without("author_id"),
    ),
    Holding(
        "calendars",
        calendar_feeds,
        lambda one: calendar_feeds.c.user_id == one.user_id,
        ("id", "course_id", "created_at", "renewed_at"),
        ("user_id", "scope", "token_hash"),
        Deleted(),
    ),
)

EXEMPT: Final[Mapping[Table, str]] = {
    course_recording_quotas: "what courses may hold",
    course_recording_terms: "how long recordings in them are kept",
    course_sections: "the parts of a course, which say nothing of who wrote them",
    lessons: "what is in a course, likewise",
    course_schedules: "when its live lessons are, likewise",
}
