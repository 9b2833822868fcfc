"""The services of quizzes, built once, and their routes."""

from __future__ import annotations

from dataclasses import dataclass

from vtp.accounts.audit import AuditLog
from vtp.db import Database
from vtp.http.routing import RouteTable
from vtp.quizzes.question_routes import add_question_routes
from vtp.quizzes.questions import Questions


@dataclass(frozen=True, slots=True)
class QuizParts:
    """Everything that people do with quizzes."""

    questions: Questions

    @classmethod
    def build(cls, database: Database, audit: AuditLog) -> QuizParts:
        """Makes the services over one database."""
        return cls(Questions(database, audit))


def build_routes(parts: QuizParts) -> RouteTable:
    """Declares everything about quizzes."""
    table = RouteTable("quizzes", "Quizzes of a course: its questions, attempts, results.")
    add_question_routes(table, parts.questions)
    return table
