"""What coursework have of a person, and what becomes of it at their erasure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sqlalchemy import Table, and_

from vtp.coursework.tables import (
    assignment_group_members,
    assignment_groups,
    assignments,
    coursework_files,
    grades,
    materials,
    submissions,
)
from vtp.own_data.holding import Deleted, Holding, without

HOLDINGS: Final = (
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
        ("created_by", "to_tell"),
        without("created_by"),
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
        without("created_by"),
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
        "handed_in",
        submissions,
        lambda one: and_(submissions.c.user_id == one.user_id, submissions.c.owner == one.user_id),
        ("id", "assignment_id", "attempt", "text", "handed_in_at", "created_at", "updated_at"),
        ("owner", "user_id", "group_id", "settled"),
        Deleted(),
    ),
    Holding(
        "handed_in_for_groups",
        submissions,
        lambda one: and_(submissions.c.user_id == one.user_id, submissions.c.owner != one.user_id),
        ("id", "assignment_id", "attempt", "text", "handed_in_at", "created_at", "updated_at"),
        (),
        without("user_id"),
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
        without("graded_by"),
    ),
    Holding(
        "files_of_courses",
        coursework_files,
        lambda one: coursework_files.c.uploaded_by == one.user_id,
        ("id", "course_id", "version", "name", "media_type", "size_bytes", "sha256", "created_at"),
        (
            "uploaded_by",
            "material_id",
            "submission_id",
            "grade_id",
            "state",
            "instance_id",
            "stored_url",
            "stored_at",
        ),
        without("uploaded_by"),
    ),
)

EXEMPT: Final[Mapping[Table, str]] = {
    assignment_groups: "what groups are called; who is in them stands in another table",
}
