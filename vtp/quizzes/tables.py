"""What is stored of quizzes."""

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
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

quizzes = Table(
    "quizzes",
    metadata,
    Column("id", id_type(), primary_key=True),
    _of("courses", "course_id"),
    Column("title", String(200), nullable=False),
    Column("description", Text, nullable=False),
    Column("published", Boolean, nullable=False),
    Column("opens_at", UtcDateTime),
    Column("closes_at", UtcDateTime),
    Column("time_limit_minutes", Integer, comment="null: as long as it is open"),
    Column("attempts_allowed", Integer, comment="null: any number"),
    Column("shuffle_questions", Boolean, nullable=False),
    Column("shuffle_choices", Boolean, nullable=False),
    Column("results", String(16), nullable=False, comment="when students see what was right"),
    Column("counts", String(16), nullable=False, comment="which of several attempts"),
    Column("partial_credit", Boolean, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    CheckConstraint("results IN ('at_once', 'after_closing', 'never')", name="results"),
    CheckConstraint("counts IN ('best', 'last', 'average')", name="counts"),
    Index(None, "course_id", "id"),
)

quiz_parts = Table(
    "quiz_parts",
    metadata,
    _of("quizzes", "quiz_id", key=True),
    Column("position", Integer, primary_key=True),
    Column("question_id", id_type(), ForeignKey("quiz_questions.id", ondelete="CASCADE"), index=True),
    Column("tag", String(50), comment="or so many of these, drawn for each attempt"),
    Column("count", Integer, nullable=False),
)

quiz_attempts = Table(
    "quiz_attempts",
    metadata,
    Column("id", id_type(), primary_key=True),
    _of("quizzes", "quiz_id"),
    _of("users", "user_id", index=True),
    Column("number", Integer, nullable=False),
    Column("seed", String(16), nullable=False, comment="of what was drawn and shuffled"),
    Column("begun_at", UtcDateTime, nullable=False),
    Column("ends_at", UtcDateTime, comment="by itself"),
    Column("ended_at", UtcDateTime),
    Column("ended_by", String(8)),
    Column("points", Float, comment="null until it has ended"),
    Column("max_points", Float, nullable=False),
    CheckConstraint("ended_by IN ('student', 'time')", name="ended_by"),
    UniqueConstraint("quiz_id", "user_id", "number"),
    Index(None, "quiz_id", "id"),
    Index(None, "ended_at", "ends_at"),
)

quiz_answers = Table(
    "quiz_answers",
    metadata,
    _of("quiz_attempts", "attempt_id", key=True),
    _of("quiz_questions", "question_id", key=True, index=True),
    Column("position", Integer, nullable=False),
    Column("choice_order", json_type(), nullable=False),
    Column("answer", json_type()),
    Column("version", Integer, nullable=False, comment="counted up by saving"),
    Column("saved_at", UtcDateTime),
    Column("points", Float, comment="by rule"),
    Column("override_points", Float, comment="by hand, instead"),
)

quiz_overrides = Table(
    "quiz_overrides",
    metadata,
    Column("id", id_type(), primary_key=True),
    _of("quiz_attempts", "attempt_id"),
    _of("quiz_questions", "question_id", index=True),
    Column("points", Float, comment="null: by rule again"),
    Column("reason", Text, nullable=False),
    Column("given_by", id_type(), ForeignKey("users.id", ondelete="SET NULL"), index=True),
    Column("created_at", UtcDateTime, nullable=False),
    Index(None, "attempt_id", "id"),
)

quiz_extra_time = Table(
    "quiz_extra_time",
    metadata,
    _of("quizzes", "quiz_id", key=True),
    _of("users", "user_id", key=True, index=True),
    Column("minutes", Integer, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
)
