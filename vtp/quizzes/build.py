"""The services of quizzes, built once, and their routes."""

from __future__ import annotations

from dataclasses import dataclass

from vtp.accounts.audit import AuditLog
from vtp.courses.contents import CourseContents
from vtp.db import Database
from vtp.http.routing import RouteTable
from vtp.notifications.notifier import Notifier
from vtp.quizzes.attempt_routes import add_attempt_routes
from vtp.quizzes.attempts import Attempts
from vtp.quizzes.book import QuizzesInBook
from vtp.quizzes.contents import QuestionContents, QuizContents
from vtp.quizzes.ending import Ending
from vtp.quizzes.question_routes import add_question_routes
from vtp.quizzes.questions import Questions
from vtp.quizzes.quiz_routes import add_grading_routes, add_quiz_routes
from vtp.quizzes.quizzes import Quizzes
from vtp.quizzes.results import QuizResults
from vtp.quizzes.telling import KINDS, QuizTeller


@dataclass(frozen=True, slots=True)
class QuizParts:
    """Everything that people do with quizzes."""

    questions: Questions
    quizzes: Quizzes
    attempts: Attempts
    results: QuizResults
    ending: Ending
    book: QuizzesInBook
    teller: QuizTeller

    @classmethod
    def build(
        cls, database: Database, audit: AuditLog, contents: CourseContents, notifier: Notifier
    ) -> QuizParts:
        """Makes the services over one database."""
        notifier.kinds.add(*KINDS)
        contents.add(QuestionContents(), QuizContents())
        ending, teller = Ending(database), QuizTeller(notifier)
        return cls(
            Questions(database, audit),
            Quizzes(database, audit, ending, teller),
            Attempts(database, audit, ending),
            QuizResults(database, ending),
            ending,
            QuizzesInBook(ending),
            teller,
        )


def build_routes(parts: QuizParts) -> RouteTable:
    """Declares everything about quizzes."""
    table = RouteTable("quizzes", "Quizzes of a course: its questions, attempts, results.")
    add_question_routes(table, parts.questions)
    add_quiz_routes(table, parts.quizzes)
    add_attempt_routes(table, parts.attempts)
    add_grading_routes(table, parts.quizzes, parts.results)
    return table
