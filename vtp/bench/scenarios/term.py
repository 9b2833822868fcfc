"""A term of a whole school, put into a server's database behind its back: by the API it takes an hour."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from sqlalchemy import Table, insert, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.tables import users
from vtp.accounts.users import NO_PASSWORD
from vtp.courses.enrolment_store import count_anew
from vtp.courses.tables import course_enrollments, course_recordings, courses, lessons
from vtp.coursework.tables import assignments, grades, submissions
from vtp.db import Database
from vtp.db.urls import Dialect
from vtp.ids import new_id
from vtp.recording.tables import recording_access_log, recording_progress

AT_ONCE = 5000
LESSONS = 30
"""Of a course: one a week, twice."""
OPENINGS = 2
"""How often each student of a course opened each of its recordings."""
WATCHED_MS = 600_000


@dataclass(frozen=True)
class Term:
    """How large the school is; each person takes as many courses as that makes."""

    courses: int = 500
    people: int = 20_000
    enrolments: int = 100_000
    submissions: int = 50_000

    @property
    def of_a_course(self) -> int:
        """People in each course."""
        return self.enrolments // self.courses


@dataclass(frozen=True)
class Taught:
    """The courses by id, those of them in which recordings are filed, and what there is to hand in."""

    courses: list[str]
    recorded: list[str]
    assigned: list[tuple[str, str]]
    """Courses with their assignments."""


async def fill_term(url: str, term: Term, teacher_id: str, recordings: Sequence[Sequence[str]]) -> Taught:
    """Makes a term's courses of one teacher; `recordings`: by course what everybody in it has watched."""
    database = Database.connect(url)
    now = datetime.now(UTC)
    made = [new_id() for _ in range(term.courses)]
    people = [new_id() for _ in range(term.people)]
    tasks = [new_id() for _ in made]
    try:
        async with database.transaction() as tx:
            await insert_rows(tx, users, (person_row(one, n, now) for n, one in enumerate(people)))
            await insert_rows(
                tx, courses, (course_row(one, n, teacher_id, now) for n, one in enumerate(made))
            )
            await insert_rows(tx, lessons, _lessons(made, now))
            await insert_rows(tx, course_enrollments, _enrolments(term, made, people, now))
            await count_anew(tx, made)
            await insert_rows(
                tx, assignments, (assignment_row(*one, now) for one in zip(tasks, made, strict=True))
            )
            handed_in = list(_handed_in(term, tasks, people))
            await insert_rows(tx, submissions, (submission_row(*one, now) for one in handed_in))
            await insert_rows(tx, grades, (grade_row(*one, now) for one in handed_in))
        for course, of_it in zip(made, recordings, strict=False):
            watchers = list(_taking(term, made.index(course), people))
            async with database.transaction() as tx:
                await insert_rows(tx, course_recordings, (filed_row(course, one, now) for one in of_it))
                await insert_rows(tx, recording_progress, _progress(of_it, watchers, now))
                await insert_rows(tx, recording_access_log, _openings(of_it, watchers, now))
        await analyze(database)
    finally:
        await database.close()
    return Taught(made, made[: len(recordings)], list(zip(made, tasks, strict=True)))


async def analyze(database: Database) -> None:
    """Has PostgreSQL look at what it has, as it does by itself within a minute: until then it plans for
    tables of which it knows nothing."""
    if database.url.dialect is Dialect.POSTGRESQL:
        async with database.transaction() as tx:
            await tx.execute(text("ANALYZE"))


async def approve_everybody(url: str) -> None:
    """Lets those who have registered do more than sign in, as they do from then on."""
    database = Database.connect(url)
    try:
        async with database.transaction() as tx:
            waiting = update(users).where(users.c.approved_at.is_(None))
            await tx.execute(waiting.values(approved_at=datetime.now(UTC)))
    finally:
        await database.close()


async def insert_rows(tx: AsyncConnection, table: Table, rows: Iterator[dict[str, Any]]) -> None:
    """So many at once that no statement is too long."""
    batch: list[dict[str, Any]] = []
    for row in rows:
        batch.append(row)
        if len(batch) == AT_ONCE:
            await tx.execute(insert(table), batch)
            batch = []
    if batch:
        await tx.execute(insert(table), batch)


def person_row(user_id: str, number: int, now: datetime) -> dict[str, Any]:
    """A student."""
    return {
        "id": user_id,
        "email": f"pupil-{number}@school.example",
        "password_hash": NO_PASSWORD,
        "full_name": f"Pupil {number}",
        "role": "student",
        "watch_only": False,
        "approved_at": now,
        "created_at": now,
        "updated_at": now,
    }


def course_row(course_id: str, number: int, teacher_id: str, now: datetime) -> dict[str, Any]:
    """An active course."""
    return {
        "id": course_id,
        "code": f"C-{number}",
        "name": f"Course {number}",
        "description": "What is taught, in a few sentences. " * 5,
        "instructor_id": teacher_id,
        "department": "Science",
        "semester": "fall",
        "year": 2026,
        "status": "active",
        "max_students": 1000,
        "listed": True,
        "self_enrolment": True,
        "waiting_list": True,
        "version": 1,
        "created_at": now,
        "updated_at": now,
    }


def _lessons(made: Sequence[str], now: datetime) -> Iterator[dict[str, Any]]:
    for course in made:
        for number in range(LESSONS):
            yield {
                "id": new_id(),
                "course_id": course,
                "kind": "live",
                "title": f"Lesson {number}",
                "description": "",
                "position": number,
                "published": True,
                "created_at": now,
                "updated_at": now,
            }


def _taking(term: Term, number: int, people: Sequence[str]) -> Iterator[str]:
    """Who takes a course: everybody as many as the others."""
    first = number * term.of_a_course
    for place in range(first, first + term.of_a_course):
        yield people[place % len(people)]


def _enrolments(
    term: Term, made: Sequence[str], people: Sequence[str], now: datetime
) -> Iterator[dict[str, Any]]:
    for number, course in enumerate(made):
        for user_id in _taking(term, number, people):
            yield enrolled_row(course, user_id, now)


def enrolled_row(course: str, user_id: str, now: datetime) -> dict[str, Any]:
    """A student in a course."""
    return {
        "id": new_id(),
        "course_id": course,
        "user_id": user_id,
        "role": "student",
        "status": "active",
        "source": "list",
        "created_at": now,
        "enrolled_at": now,
    }


def assignment_row(assignment_id: str, course: str, now: datetime) -> dict[str, Any]:
    """An essay, due now."""
    return {
        "id": assignment_id,
        "course_id": course,
        "title": "An essay",
        "description": "",
        "published": True,
        "due_at": now,
        "late_policy": "accept",
        "late_percent": 0,
        "centipoints": 1000,
        "rubric": [],
        "for_groups": False,
        "created_at": now,
        "updated_at": now,
    }


def _handed_in(term: Term, tasks: Sequence[str], people: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    """Of each course's assignment as many as the others: a submission, its assignment, whose it is."""
    for number, task in enumerate(tasks):
        for user_id in islice(_taking(term, number, people), term.submissions // len(tasks)):
            yield new_id(), task, user_id


def submission_row(submission_id: str, assignment: str, user_id: str, now: datetime) -> dict[str, Any]:
    """A text that somebody has handed in."""
    return {
        "id": submission_id,
        "assignment_id": assignment,
        "owner": user_id,
        "user_id": user_id,
        "attempt": 1,
        "text": "What somebody has thought about it. " * 20,
        "handed_in_at": now,
        "settled": True,  # by `grade_row`
        "created_at": now,
        "updated_at": now,
    }


def grade_row(submission_id: str, assignment: str, user_id: str, now: datetime) -> dict[str, Any]:
    """A released grade of it."""
    return {
        "id": new_id(),
        "assignment_id": assignment,
        "user_id": user_id,
        "submission_id": submission_id,
        "centipoints": 800,
        "scores": [],
        "feedback": "Good.",
        "released_at": now,
        "version": 1,
        "created_at": now,
        "updated_at": now,
    }


def filed_row(course: str, recording: str, now: datetime) -> dict[str, Any]:
    """A recording in a course."""
    filed = {"course_id": course, "recording_id": recording, "lecture_title": "", "sequence_order": 0}
    return {**filed, "to_announce": False, "added_at": now}


def _progress(of_it: Sequence[str], watchers: Sequence[str], now: datetime) -> Iterator[dict[str, Any]]:
    for recording in of_it:
        for user_id in watchers:
            yield {
                "user_id": user_id,
                "recording_id": recording,
                "pieces": [[0, WATCHED_MS]],
                "watched_ms": WATCHED_MS,
                "watch_time_ms": WATCHED_MS,
                "position_ms": WATCHED_MS,
                "sittings": {},
                "reached": [],
                "started_at": now,
                "updated_at": now,
            }


def _openings(of_it: Sequence[str], watchers: Sequence[str], now: datetime) -> Iterator[dict[str, Any]]:
    for recording in of_it:
        for user_id in [*watchers] * OPENINGS:
            yield {
                "id": new_id(),
                "recording_id": recording,
                "at": now,
                "action": "opened",
                "user_id": user_id,
            }
