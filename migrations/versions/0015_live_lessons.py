"""Live lessons own rooms for the members of their course, come in series, and go into calendars."""

import sqlalchemy as sa
from alembic import op

from vtp.db.types import UtcDateTime, id_type, json_type

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    _keep_rooms()
    _say_how_lessons_are_held()
    _make_schedules()
    _let_lessons_belong_to_them()
    _make_feeds()


def _keep_rooms() -> None:
    column = sa.Column("members_only", sa.Boolean(), nullable=False, server_default=sa.false())
    op.add_column("rooms", column)
    op.create_index("ix_rooms_members_only_id", "rooms", ["members_only", "id"])


def _say_how_lessons_are_held() -> None:
    for column in (
        sa.Column("lesson_opens_minutes", sa.Integer(), nullable=False, server_default="15"),
        sa.Column("lesson_grace_minutes", sa.Integer(), nullable=False, server_default="30"),
        sa.Column("mail_lessons", sa.Boolean(), nullable=False, server_default=sa.true()),
        sa.Column("record_lessons", sa.String(16), nullable=False, server_default="by_hand"),
        sa.Column("publish_rule", sa.String(16), nullable=False, server_default="after_review"),
    ):
        op.add_column("courses", column)
    op.add_column("lessons", sa.Column("cancelled_at", UtcDateTime()))
    waits = sa.Column("to_announce", sa.Boolean(), nullable=False, server_default=sa.false())
    op.add_column("course_recordings", waits)
    op.create_index("ix_course_recordings_to_announce", "course_recordings", ["to_announce"])


def _refers(table: str, column: str, to: str, ondelete: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_{column}_{to}"
    return sa.ForeignKeyConstraint([column], [f"{to}.id"], name=name, ondelete=ondelete)


def _make_schedules() -> None:
    table = "course_schedules"
    op.create_table(
        table,
        sa.Column("id", id_type(), nullable=False),
        sa.Column("course_id", id_type(), nullable=False),
        sa.Column("section_id", id_type()),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("rule", sa.String(200), nullable=False),
        sa.Column("time_zone", sa.String(64), nullable=False),
        sa.Column("first_start", sa.String(16), nullable=False),
        sa.Column("duration_minutes", sa.Integer(), nullable=False),
        sa.Column("published", sa.Boolean(), nullable=False),
        sa.Column("skipped", json_type(), nullable=False),
        sa.Column("made_until", UtcDateTime(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
        _refers(table, "course_id", "courses", "CASCADE"),
        _refers(table, "section_id", "course_sections", "SET NULL"),
    )
    op.create_index(f"ix_{table}_course_id_id", table, ["course_id", "id"])
    op.create_index(f"ix_{table}_section_id", table, ["section_id"])
    op.create_index(f"ix_{table}_made_until", table, ["made_until"])


def _let_lessons_belong_to_them() -> None:
    for column in (
        sa.Column("schedule_id", id_type()),
        sa.Column("occurrence", sa.String(16)),
        sa.Column("touched", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("sequence", sa.Integer(), nullable=False, server_default="0"),
    ):
        op.add_column("lessons", column)
    columns = ["schedule_id", "occurrence"]
    op.create_index("ix_lessons_schedule_id_occurrence", "lessons", columns, unique=True)
    op.create_index("ix_lessons_course_id_starts_at", "lessons", ["course_id", "starts_at"])


def _make_feeds() -> None:
    table = "calendar_feeds"
    op.create_table(
        table,
        sa.Column("id", id_type(), nullable=False),
        sa.Column("user_id", id_type(), nullable=False),
        sa.Column("course_id", id_type()),
        sa.Column("scope", sa.String(36), nullable=False),
        sa.Column("token_hash", sa.String(64), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("renewed_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
        sa.UniqueConstraint("token_hash", name=f"uq_{table}_token_hash"),
        sa.UniqueConstraint("user_id", "scope", name=f"uq_{table}_user_id_scope"),
        _refers(table, "user_id", "users", "CASCADE"),
        _refers(table, "course_id", "courses", "CASCADE"),
    )
    op.create_index(f"ix_{table}_course_id", table, ["course_id"])
    op.add_column("mails", sa.Column("calendars", sa.Text()))
