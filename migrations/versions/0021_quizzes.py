"""Quizzes of courses."""

import sqlalchemy as sa
from alembic import op

from vtp.db.types import UtcDateTime, id_type, json_type

revision = "0021"
down_revision = "0016"
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
