"""A large course of a term, put into a server's database behind its back: much of all that pages list."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Table

from vtp.accounts.tables import users
from vtp.bench.scenarios.term import (
    assignment_row,
    course_row,
    enrolled_row,
    grade_row,
    insert_rows,
    person_row,
    submission_row,
)
from vtp.courses.enrolment_store import count_anew
from vtp.courses.tables import course_announcements, course_enrollments, courses, lessons
from vtp.coursework.tables import assignments, coursework_files, grades, materials, submissions
from vtp.db import Database
from vtp.ids import new_id
from vtp.notifications.tables import news, notifications
from vtp.quizzes.tables import (
    quiz_answers,
    quiz_attempts,
    quiz_parts,
    quiz_question_tags,
    quiz_questions,
    quizzes,
)

OF_A_QUIZ: Final = 10
"""Questions."""
TAGS: Final = 20


@dataclass(frozen=True)
class LargeCourse:
    """How much there is in it. All students have handed in every assignment, taken every quiz, and have
    grades for that."""

    students: int = 200
    assignments: int = 30
    quizzes: int = 10
    questions: int = 2000
    materials: int = 60
    announcements: int = 60
    lessons: int = 15
    """A week, of this course and of every other that is named."""
    news: int = 200
    """Of each of its students."""

    def describe(self) -> str:
        """In words."""
        work = f"{self.assignments} assignments and {self.quizzes} quizzes that all of them have done"
        return (
            f"a course of {self.students} students, {work}, {self.questions} questions, "
            f"{self.materials} materials"
        )


@dataclass(frozen=True)
class Filled:
    """The ids of what was made."""

    course: str
    students: Sequence[str]
    assignments: Sequence[str]
    quizzes: Sequence[str]


async def fill_large_course(
    url: str, wanted: LargeCourse, teacher_id: str, pupil_id: str, others: Sequence[str]
) -> Filled:
    """Makes it for this teacher, with this pupil among its students; both are in the first six of the other
    courses, too. All courses have weekly lessons then."""
    now = datetime.now(UTC)
    course = new_id()
    pupils = [pupil_id, *(new_id() for _ in range(wanted.students - 1))]
    made = Filled(course, pupils, _ids(wanted.assignments), _ids(wanted.quizzes))
    questions = _ids(wanted.questions)
    near = others[:6]
    database = Database.connect(url, patient=True)
    try:
        async with database.transaction() as tx:

            async def add(table: Table, rows: Iterator[dict[str, Any]]) -> None:
                await insert_rows(tx, table, rows)

            await add(users, (person_row(one, 1_000_000 + n, now) for n, one in enumerate(pupils[1:])))
            await add(courses, iter([course_row(course, 9999, teacher_id, now)]))
            await add(course_enrollments, (enrolled_row(course, one, now) for one in pupils))
            for role, who in (("teacher", teacher_id), ("student", pupil_id)):
                await add(course_enrollments, ({**enrolled_row(one, who, now), "role": role} for one in near))
            await count_anew(tx, [course, *near])
            await add(lessons, _lessons([course, *others], wanted.lessons, now))
            await add(assignments, (assignment_row(one, course, now) for one in made.assignments))
            work = [(new_id(), task, pupil) for task in made.assignments for pupil in pupils]
            await add(submissions, (submission_row(*one, now) for one in work))
            await add(grades, (grade_row(*one, now) for one in work))
            for table, rows in (*_materials(wanted, course, now), *_quizzes(made, questions, now)):
                await add(table, rows())
            await add(course_announcements, _announcements(wanted, course, teacher_id, now))
            told = _ids(wanted.news)
            await add(news, (_news(one, course, now) for one in told))
            await add(notifications, ({"user_id": who, "news_id": one} for who in pupils for one in told))
    finally:
        await database.close()
    return made


Rows = Callable[[], Iterator[dict[str, Any]]]


def _ids(count: int) -> list[str]:
    return [new_id() for _ in range(count)]


def _stamps(now: datetime) -> dict[str, Any]:
    return {"created_at": now, "updated_at": now}


def _lessons(made: Sequence[str], weeks: int, now: datetime) -> Iterator[dict[str, Any]]:
    for course in made:
        for week in range(weeks):
            starts_at = now + timedelta(days=7 * (week - weeks // 2), hours=week % 5)
            yield {
                "id": new_id(),
                "course_id": course,
                "kind": "live",
                "title": f"Week {week}",
                "description": "",
                "position": 1000 + week,
                "published": True,
                "starts_at": starts_at,
                "ends_at": starts_at + timedelta(minutes=45),
                "touched": False,
                "sequence": 0,
                "told": True,
                **_stamps(now),
            }


def _materials(wanted: LargeCourse, course: str, now: datetime) -> list[tuple[Table, Rows]]:
    made = _ids(wanted.materials)

    def kept(material_id: str) -> dict[str, Any]:
        return {
            "id": new_id(),
            "course_id": course,
            "material_id": material_id,
            "version": 1,
            "state": "kept",
            "name": "slides.pdf",
            "media_type": "application/pdf",
            "size_bytes": 1_000_000,
            "sha256": "0" * 64,
            "created_at": now,
        }

    def described(number: int, material_id: str) -> dict[str, Any]:
        about = {"title": f"Slides {number}", "description": "What was shown. " * 10, "published": True}
        return {"id": material_id, "course_id": course, "versions": 1, **about, **_stamps(now)}

    return [
        (materials, lambda: (described(number, one) for number, one in enumerate(made))),
        (coursework_files, lambda: map(kept, made)),
    ]


def _quizzes(made: Filled, questions: Sequence[str], now: datetime) -> list[tuple[Table, Rows]]:
    asked = questions[:OF_A_QUIZ]
    attempts = [(new_id(), quiz, pupil) for quiz in made.quizzes for pupil in made.students]
    return [
        (quiz_questions, lambda: (_question(n, one, made.course, now) for n, one in enumerate(questions))),
        (quiz_question_tags, lambda: (_tagged(n, one, made.course) for n, one in enumerate(questions))),
        (quizzes, lambda: (_quiz(n, one, made.course, now) for n, one in enumerate(made.quizzes))),
        (quiz_parts, lambda: (_part(*at, quiz) for quiz in made.quizzes for at in enumerate(asked))),
        (quiz_attempts, lambda: (_attempt(*one, now) for one in attempts)),
        (quiz_answers, lambda: (_answer(*at, one[0], now) for one in attempts for at in enumerate(asked))),
    ]


def _question(number: int, question_id: str, course: str, now: datetime) -> dict[str, Any]:
    solution = {"value": number * 2.0, "tolerance": 0.0, "tolerance_kind": "absolute"}
    about = {"kind": "numeric", "text": f"How much is {number} and {number}?", "points": 1.0, "feedback": ""}
    return {"id": question_id, "course_id": course, **about, "solution": solution, **_stamps(now)}


def _tagged(number: int, question_id: str, course: str) -> dict[str, Any]:
    return {"question_id": question_id, "tag": f"chapter {number % TAGS}", "course_id": course}


def _quiz(number: int, quiz_id: str, course: str, now: datetime) -> dict[str, Any]:
    return {
        "id": quiz_id,
        "course_id": course,
        "title": f"Quiz {number}",
        "description": "",
        "published": True,
        "shuffle_questions": True,
        "shuffle_choices": True,
        "results": "at_once",
        "counts": "best",
        "partial_credit": False,
        **_stamps(now),
    }


def _part(position: int, question_id: str, quiz_id: str) -> dict[str, Any]:
    return {"quiz_id": quiz_id, "position": position, "question_id": question_id, "count": 1}


def _attempt(attempt_id: str, quiz_id: str, pupil: str, now: datetime) -> dict[str, Any]:
    return {
        "id": attempt_id,
        "quiz_id": quiz_id,
        "user_id": pupil,
        "number": 1,
        "seed": "0",
        "begun_at": now,
        "ended_at": now,
        "ended_by": "student",
        "points": OF_A_QUIZ - 1.0,
        "max_points": float(OF_A_QUIZ),
    }


def _answer(position: int, question_id: str, attempt_id: str, now: datetime) -> dict[str, Any]:
    return {
        "attempt_id": attempt_id,
        "question_id": question_id,
        "position": position,
        "choice_order": [],
        "answer": {"value": 1.0},
        "version": 1,
        "saved_at": now,
        "points": 0.9,
    }


def _announcements(wanted: LargeCourse, course: str, author: str, now: datetime) -> Iterator[dict[str, Any]]:
    for number in range(wanted.announcements):
        about = {"title": f"News {number}", "body": "What everybody should know. " * 10}
        yield {"id": new_id(), "course_id": course, "author_id": author, **about, **_stamps(now)}


def _news(news_id: str, course: str, now: datetime) -> dict[str, Any]:
    return {
        "id": news_id,
        "kind": "announcement",
        "title": "Something new",
        "text": "What everybody should know. " * 5,
        "link": f"/courses/{course}/news",
        "context": "C-9999, Course 9999",
        "course_id": course,
        "at": now,
    }
