"""Who was in classes, what they did there, and how that is counted."""

import sqlalchemy as sa
from alembic import op

from vtp.db.types import UtcDateTime, id_type, json_type

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def _of(table: str, column: str, other: str, ondelete: str = "CASCADE") -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_{column}_{other}"
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=name, ondelete=ondelete)


def _index(table: str, *columns: str) -> None:
    op.create_index(f"ix_{table}_{'_'.join(columns)}", table, list(columns))


def upgrade() -> None:
    op.add_column("live_sessions", sa.Column("seen_at", UtcDateTime()))
    is_open = sa.text("ended_at IS NULL")
    op.create_index(
        "ix_live_sessions_seen_at",
        "live_sessions",
        ["seen_at"],
        sqlite_where=is_open,
        postgresql_where=is_open,
    )
    table = "participant_activity"
    op.create_table(
        table,
        sa.Column("participation_id", id_type(), nullable=False),
        sa.Column("talks", json_type(), nullable=False),
        sa.Column("camera", json_type(), nullable=False),
        sa.Column("acts", json_type(), nullable=False),
        sa.Column("quality", json_type(), nullable=False),
        sa.PrimaryKeyConstraint("participation_id", name=f"pk_{table}"),
        _of(table, "participation_id", "session_participants"),
    )
    _counted()
    _by_hand()


def _counted() -> None:
    table = "lesson_classes"
    op.create_table(
        table,
        sa.Column("lesson_id", id_type(), nullable=False),
        sa.Column("scheduled_at", UtcDateTime()),
        sa.Column("held_from", UtcDateTime()),
        sa.Column("held_until", UtcDateTime()),
        sa.Column("polls", sa.Integer(), nullable=False),
        sa.Column("counted_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("lesson_id", name=f"pk_{table}"),
        _of(table, "lesson_id", "lessons"),
    )

    table = "lesson_attendance"
    op.create_table(
        table,
        sa.Column("lesson_id", id_type(), nullable=False),
        sa.Column("user_id", id_type(), nullable=False),
        sa.Column("is_staff", sa.Boolean(), nullable=False),
        sa.Column("present_ms", sa.BigInteger(), nullable=False),
        sa.Column("late_ms", sa.BigInteger(), nullable=False),
        sa.Column("early_ms", sa.BigInteger(), nullable=False),
        sa.Column("first_join", UtcDateTime()),
        sa.Column("last_leave", UtcDateTime()),
        sa.Column("connections", sa.Integer(), nullable=False),
        sa.Column("talk_ms", sa.BigInteger(), nullable=False),
        sa.Column("camera_ms", sa.BigInteger(), nullable=False),
        sa.Column("messages", sa.Integer(), nullable=False),
        sa.Column("hands", sa.Integer(), nullable=False),
        sa.Column("reactions", sa.Integer(), nullable=False),
        sa.Column("answers", sa.Integer(), nullable=False),
        sa.Column("activity_score", sa.Float(), nullable=False),
        sa.Column("participation", sa.Float(), nullable=False),
        sa.Column("quality", json_type(), nullable=False),
        sa.PrimaryKeyConstraint("lesson_id", "user_id", name=f"pk_{table}"),
        _of(table, "lesson_id", "lessons"),
        _of(table, "user_id", "users"),
    )
    _index(table, "user_id")


def _by_hand() -> None:
    table = "attendance_corrections"
    op.create_table(
        table,
        sa.Column("id", id_type(), nullable=False),
        sa.Column("lesson_id", id_type(), nullable=False),
        sa.Column("user_id", id_type(), nullable=False),
        sa.Column("status", sa.String(8)),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("given_by", id_type()),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
        sa.CheckConstraint(
            "status IN ('present', 'late', 'partial', 'excused', 'absent')", name=f"ck_{table}_status"
        ),
        _of(table, "lesson_id", "lessons"),
        _of(table, "user_id", "users"),
        _of(table, "given_by", "users", "SET NULL"),
    )
    _index(table, "lesson_id", "user_id", "id")
    _index(table, "user_id")
    _index(table, "given_by")

    table = "attendance_rules"
    op.create_table(
        table,
        sa.Column("course_id", id_type(), nullable=False),
        sa.Column("present_per_mille", sa.Integer(), nullable=False),
        sa.Column("late_per_mille", sa.Integer(), nullable=False),
        sa.Column("partial_per_mille", sa.Integer()),
        sa.Column("late_after_minutes", sa.Integer(), nullable=False),
        sa.Column("credit_days", sa.Integer()),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("course_id", name=f"pk_{table}"),
        _of(table, "course_id", "courses"),
    )
