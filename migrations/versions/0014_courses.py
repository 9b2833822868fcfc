"""Courses: what is in them, who takes part, how one joins, which recordings are filed in them."""

import sqlalchemy as sa
from alembic import op

from vtp.db.types import UtcDateTime, id_type

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _make_courses()
    _make_sections()
    _make_lessons()
    _make_enrollments()
    _make_permissions()
    _make_invitations()
    _make_recordings()
    _make_announcements()


def _refers(table: str, column: str, to: str, ondelete: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_{column}_{to}"
    return sa.ForeignKeyConstraint([column], [f"{to}.id"], name=name, ondelete=ondelete)


def _course(table: str) -> sa.ForeignKeyConstraint:
    return _refers(table, "course_id", "courses", "CASCADE")


def _account(table: str, column: str) -> sa.ForeignKeyConstraint:
    return _refers(table, column, "users", "SET NULL")


def _index(table: str, *columns: str) -> None:
    op.create_index(f"ix_{table}_{'_'.join(columns)}", table, list(columns))


def _one_of(table: str, column: str, *words: str) -> sa.CheckConstraint:
    listed = ", ".join(f"'{word}'" for word in words)
    return sa.CheckConstraint(f"{column} IN ({listed})", name=f"ck_{table}_{column}")


def _make_courses() -> None:
    table = "courses"
    op.create_table(
        table,
        sa.Column("id", id_type(), nullable=False),
        sa.Column("code", sa.String(50), nullable=False),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("instructor_id", id_type()),
        sa.Column("department", sa.String(200), nullable=False),
        sa.Column("semester", sa.String(50), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("max_students", sa.Integer()),
        sa.Column("listed", sa.Boolean(), nullable=False),
        sa.Column("self_enrolment", sa.Boolean(), nullable=False),
        sa.Column("waiting_list", sa.Boolean(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
        _account(table, "instructor_id"),
        _one_of(table, "status", "draft", "active", "archived", "completed"),
    )
    _index(table, "instructor_id")


def _make_sections() -> None:
    table = "course_sections"
    op.create_table(
        table,
        sa.Column("id", id_type(), nullable=False),
        sa.Column("course_id", id_type(), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("published", sa.Boolean(), nullable=False),
        sa.Column("release_at", UtcDateTime()),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
        _course(table),
    )
    _index(table, "course_id", "position")


def _make_lessons() -> None:
    table = "lessons"
    op.create_table(
        table,
        sa.Column("id", id_type(), nullable=False),
        sa.Column("course_id", id_type(), nullable=False),
        sa.Column("section_id", id_type()),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("published", sa.Boolean(), nullable=False),
        sa.Column("release_at", UtcDateTime()),
        sa.Column("starts_at", UtcDateTime()),
        sa.Column("ends_at", UtcDateTime()),
        sa.Column("room_id", id_type()),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
        _course(table),
        _refers(table, "section_id", "course_sections", "SET NULL"),
        _refers(table, "room_id", "rooms", "SET NULL"),
        _one_of(table, "kind", "live", "recording", "material", "assignment"),
    )
    _index(table, "course_id", "position")
    _index(table, "section_id")
    _index(table, "room_id")


def _make_enrollments() -> None:
    table = "course_enrollments"
    op.create_table(
        table,
        sa.Column("id", id_type(), nullable=False),
        sa.Column("course_id", id_type(), nullable=False),
        sa.Column("user_id", id_type(), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("source", sa.String(16), nullable=False),
        sa.Column("invitation_id", id_type()),
        sa.Column("added_by", id_type()),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("enrolled_at", UtcDateTime()),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
        _course(table),
        _refers(table, "user_id", "users", "CASCADE"),
        _account(table, "added_by"),
        _one_of(table, "role", "teacher", "assistant", "student"),
        _one_of(table, "status", "active", "waiting"),
        _one_of(table, "source", "staff", "self", "code", "link", "list"),
        sa.UniqueConstraint("course_id", "user_id", name=f"uq_{table}_course_id_user_id"),
    )
    _index(table, "course_id", "status", "role", "id")
    _index(table, "course_id", "id")
    _index(table, "user_id", "id")
    _index(table, "status", "course_id")
    _index(table, "added_by")


def _make_permissions() -> None:
    table = "course_permissions"
    op.create_table(
        table,
        sa.Column("course_id", id_type(), nullable=False),
        sa.Column("user_id", id_type(), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("watch_only", sa.Boolean(), nullable=False),
        sa.Column("word", sa.String(16), nullable=False),
        sa.Column("granted_by", id_type()),
        sa.Column("granted_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("course_id", "user_id", name=f"pk_{table}"),
        _course(table),
        _refers(table, "user_id", "users", "CASCADE"),
        _account(table, "granted_by"),
        _one_of(table, "role", "admin", "teacher", "assistant", "student"),
    )
    _index(table, "user_id")
    _index(table, "granted_by")


def _make_invitations() -> None:
    table = "course_invitations"
    op.create_table(
        table,
        sa.Column("id", id_type(), nullable=False),
        sa.Column("course_id", id_type(), nullable=False),
        sa.Column("kind", sa.String(8), nullable=False),
        sa.Column("code", sa.String(16)),
        sa.Column("token_hash", sa.String(64)),
        sa.Column("label", sa.String(200), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("max_uses", sa.Integer()),
        sa.Column("uses", sa.Integer(), nullable=False),
        sa.Column("created_by", id_type()),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("expires_at", UtcDateTime()),
        sa.Column("revoked_at", UtcDateTime()),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
        _course(table),
        _account(table, "created_by"),
        _one_of(table, "kind", "code", "link"),
        _one_of(table, "role", "teacher", "assistant", "student"),
        sa.UniqueConstraint("code", name=f"uq_{table}_code"),
        sa.UniqueConstraint("token_hash", name=f"uq_{table}_token_hash"),
    )
    _index(table, "course_id", "id")
    _index(table, "created_by")


def _make_recordings() -> None:
    table = "course_recordings"
    op.create_table(
        table,
        sa.Column("course_id", id_type(), nullable=False),
        sa.Column("recording_id", id_type(), nullable=False),
        sa.Column("lesson_id", id_type()),
        sa.Column("lecture_number", sa.Integer()),
        sa.Column("lecture_title", sa.String(255), nullable=False),
        sa.Column("sequence_order", sa.Integer(), nullable=False),
        sa.Column("added_by", id_type()),
        sa.Column("added_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("course_id", "recording_id", name=f"pk_{table}"),
        _course(table),
        _refers(table, "recording_id", "recordings", "CASCADE"),
        _refers(table, "lesson_id", "lessons", "SET NULL"),
        _account(table, "added_by"),
    )
    _index(table, "recording_id")
    _index(table, "lesson_id")
    _index(table, "added_by")


def _make_announcements() -> None:
    table = "course_announcements"
    op.create_table(
        table,
        sa.Column("id", id_type(), nullable=False),
        sa.Column("course_id", id_type(), nullable=False),
        sa.Column("author_id", id_type()),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
        _course(table),
        _account(table, "author_id"),
    )
    _index(table, "course_id", "id")
    _index(table, "author_id")
