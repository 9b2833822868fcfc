"""Quizzes of courses."""

import sqlalchemy as sa
from alembic import op

from vtp.db.types import UtcDateTime, id_type, json_type

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def _of(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_{column}_{other}"
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=name, ondelete="CASCADE")


def _index(table: str, *columns: str) -> None:
    op.create_index(f"ix_{table}_{'_'.join(columns)}", table, list(columns))


def upgrade() -> None:
    table = "quiz_questions"
    op.create_table(
        table,
        sa.Column("id", id_type(), nullable=False),
        sa.Column("course_id", id_type(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("points", sa.Float(), nullable=False),
        sa.Column("feedback", sa.Text(), nullable=False),
        sa.Column("solution", json_type(), nullable=False),
        sa.Column("retired_at", UtcDateTime()),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
        sa.CheckConstraint("kind IN ('single', 'multiple', 'numeric', 'text')", name=f"ck_{table}_kind"),
        _of(table, "course_id", "courses"),
    )
    _index(table, "course_id", "id")

    table = "quiz_question_tags"
    op.create_table(
        table,
        sa.Column("question_id", id_type(), nullable=False),
        sa.Column("tag", sa.String(50), nullable=False),
        sa.Column("course_id", id_type(), nullable=False),
        sa.PrimaryKeyConstraint("question_id", "tag", name=f"pk_{table}"),
        _of(table, "question_id", "quiz_questions"),
        _of(table, "course_id", "courses"),
    )
    _index(table, "course_id", "tag", "question_id")
    _quizzes()
    _attempts()
    _by_hand()


def _quizzes() -> None:
    table = "quizzes"
    op.create_table(
        table,
        sa.Column("id", id_type(), nullable=False),
        sa.Column("course_id", id_type(), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("description", sa.Text(), nullable=False),
        sa.Column("published", sa.Boolean(), nullable=False),
        sa.Column("opens_at", UtcDateTime()),
        sa.Column("closes_at", UtcDateTime()),
        sa.Column("time_limit_minutes", sa.Integer()),
        sa.Column("attempts_allowed", sa.Integer()),
        sa.Column("shuffle_questions", sa.Boolean(), nullable=False),
        sa.Column("shuffle_choices", sa.Boolean(), nullable=False),
        sa.Column("results", sa.String(16), nullable=False),
        sa.Column("counts", sa.String(16), nullable=False),
        sa.Column("partial_credit", sa.Boolean(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
        sa.CheckConstraint("results IN ('at_once', 'after_closing', 'never')", name=f"ck_{table}_results"),
        sa.CheckConstraint("counts IN ('best', 'last', 'average')", name=f"ck_{table}_counts"),
        _of(table, "course_id", "courses"),
    )
    _index(table, "course_id", "id")

    table = "quiz_parts"
    op.create_table(
        table,
        sa.Column("quiz_id", id_type(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("question_id", id_type()),
        sa.Column("tag", sa.String(50)),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("quiz_id", "position", name=f"pk_{table}"),
        _of(table, "quiz_id", "quizzes"),
        _of(table, "question_id", "quiz_questions"),
    )
    _index(table, "question_id")


def _attempts() -> None:
    table = "quiz_attempts"
    op.create_table(
        table,
        sa.Column("id", id_type(), nullable=False),
        sa.Column("quiz_id", id_type(), nullable=False),
        sa.Column("user_id", id_type(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("seed", sa.String(16), nullable=False),
        sa.Column("begun_at", UtcDateTime(), nullable=False),
        sa.Column("ends_at", UtcDateTime()),
        sa.Column("ended_at", UtcDateTime()),
        sa.Column("ended_by", sa.String(8)),
        sa.Column("points", sa.Float()),
        sa.Column("max_points", sa.Float(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
        sa.UniqueConstraint("quiz_id", "user_id", "number", name=f"uq_{table}_quiz_id_user_id_number"),
        sa.CheckConstraint("ended_by IN ('student', 'time')", name=f"ck_{table}_ended_by"),
        _of(table, "quiz_id", "quizzes"),
        _of(table, "user_id", "users"),
    )
    _index(table, "quiz_id", "id")
    _index(table, "user_id")
    _index(table, "ended_at", "ends_at")

    table = "quiz_answers"
    op.create_table(
        table,
        sa.Column("attempt_id", id_type(), nullable=False),
        sa.Column("question_id", id_type(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("choice_order", json_type(), nullable=False),
        sa.Column("answer", json_type()),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("saved_at", UtcDateTime()),
        sa.Column("points", sa.Float()),
        sa.Column("override_points", sa.Float()),
        sa.PrimaryKeyConstraint("attempt_id", "question_id", name=f"pk_{table}"),
        _of(table, "attempt_id", "quiz_attempts"),
        _of(table, "question_id", "quiz_questions"),
    )
    _index(table, "question_id")


def _by_hand() -> None:
    table = "quiz_overrides"
    op.create_table(
        table,
        sa.Column("id", id_type(), nullable=False),
        sa.Column("attempt_id", id_type(), nullable=False),
        sa.Column("question_id", id_type(), nullable=False),
        sa.Column("points", sa.Float()),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("given_by", id_type()),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
        _of(table, "attempt_id", "quiz_attempts"),
        _of(table, "question_id", "quiz_questions"),
        sa.ForeignKeyConstraint(
            ["given_by"], ["users.id"], name=f"fk_{table}_given_by_users", ondelete="SET NULL"
        ),
    )
    _index(table, "attempt_id", "id")
    _index(table, "question_id")
    _index(table, "given_by")

    table = "quiz_extra_time"
    op.create_table(
        table,
        sa.Column("quiz_id", id_type(), nullable=False),
        sa.Column("user_id", id_type(), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("quiz_id", "user_id", name=f"pk_{table}"),
        _of(table, "quiz_id", "quizzes"),
        _of(table, "user_id", "users"),
    )
    _index(table, "user_id")
