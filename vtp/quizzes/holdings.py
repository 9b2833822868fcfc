"""What quizzes have of a person, and what becomes of it at their erasure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import ColumnElement, Table, and_, exists, not_, or_, select

from vtp.own_data.holding import Deleted, Holding, Subject, Theirs, without
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
        without("given_by"),
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
)

EXEMPT: Final[Mapping[Table, str]] = {
    quiz_questions: "the bank of a course, which says nothing of who wrote it",
    quiz_question_tags: "what its questions are about",
    quizzes: "what is asked in a course, likewise",
    quiz_parts: "which questions",
}
