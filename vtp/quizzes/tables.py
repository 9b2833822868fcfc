"""What is stored of quizzes."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    String,
    Table,
    Text,
)

from vtp.db.metadata import metadata
from vtp.db.types import UtcDateTime, id_type, json_type


def _of(table: str, name: str, *, key: bool = False, index: bool = False) -> Column[str]:
    reference = ForeignKey(f"{table}.id", ondelete="CASCADE")
    return Column(name, id_type(), reference, nullable=False, primary_key=key, index=index or None)


quiz_questions = Table(
    "quiz_questions",
    metadata,
    Column("id", id_type(), primary_key=True),
    _of("courses", "course_id"),
    Column("kind", String(16), nullable=False),
    Column("text", Text, nullable=False),
    Column("points", Float, nullable=False),
    Column("feedback", Text, nullable=False, comment="shown with the result"),
    Column("solution", json_type(), nullable=False, comment="choices, or the value, or the accepted words"),
    Column("retired_at", UtcDateTime, comment="asked no more; kept, for it has been asked"),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    CheckConstraint("kind IN ('single', 'multiple', 'numeric', 'text')", name="kind"),
    Index(None, "course_id", "id"),
)

quiz_question_tags = Table(
    "quiz_question_tags",
    metadata,
    _of("quiz_questions", "question_id", key=True),
    Column("tag", String(50), primary_key=True),
    _of("courses", "course_id"),
    Index(None, "course_id", "tag", "question_id"),
)
