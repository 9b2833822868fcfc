"""`courses`: what each page of a course reads in a term's worth of data, one answer at a time."""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import text

from vtp.bench.login_crowd import LOGIN, PASSWORD, TEACHER
from vtp.bench.postgres import database_settings
from vtp.bench.results import Figures, ReadFigures, Spread, spread
from vtp.bench.scenarios.large_course import Filled, LargeCourse, fill_large_course
from vtp.bench.scenarios.record import vtp_server
from vtp.bench.scenarios.stage import Stage
from vtp.bench.scenarios.term import Term, analyze, fill_term
from vtp.bench.scenarios.window import Window
from vtp.bench.vtp_server import VtpServer
from vtp.db import Database
from vtp.db.urls import Dialect

PUPIL: Final = "pupil@school.example"
HEAD: Final = "head@school.example"
"""Who teaches all the other courses."""
COUNTED: Final = 5
"""Calls of each read by which statements are counted."""


@dataclass(frozen=True)
class CourseReads:
    """Every read so often, each begun when the last was answered; vtp only."""

    calls: int = 40
    database: str = "sqlite"
    term: Term = field(default_factory=Term)
    course: LargeCourse = field(default_factory=LargeCourse)

    def describe(self) -> dict[str, Any]:
        """The point's key figures."""
        return {"database": self.database}

    def load(self) -> dict[str, Any]:
        """In a sentence."""
        one = self.term
        school = f"{one.courses} courses, {one.people} people, {one.enrolments} enrolments, "
        school += f"{one.submissions} submissions, and {self.course.describe()}"
        return {"text": f"{school}; each page asked for {self.calls} times, one after the other"}

    @contextlib.asynccontextmanager
    async def settings(self) -> AsyncIterator[Mapping[str, str]]:
        """Where the rows are."""
        async with database_settings(self.database, counting=True) as found:
            yield found

    async def measure(self, stage: Stage) -> Figures:
        """One run on a server that has just been started."""
        server = vtp_server(stage)
        people = {word: await _signed_in(server, email, role) for word, email, role in PEOPLE}
        url = server.database_url
        taught = await fill_term(url, self.term, people["head"].user_id, [])
        teacher, pupil = people["teacher"].user_id, people["pupil"].user_id
        made = await fill_large_course(url, self.course, teacher, pupil, taught.courses)
        tokens = {word: one.token for word, one in people.items()}
        feeds = {word: await _feed(server, one.token) for word, one in people.items()}
        figures = Figures(api={}, reads={})
        async with _counting(url) as counted:
            for name, (who, path) in READS.items():
                at = path.format(**_places(made), feed=feeds[who])
                took, read = await self._one(server, at, tokens[who], counted)
                figures["api"][name], figures["reads"][name] = took, read
        return figures

    async def _one(
        self, server: VtpServer, path: str, token: str, counted: Counter
    ) -> tuple[Spread, ReadFigures]:
        """The first call is not timed: it reads from the disk."""
        size = await server.drain(path, token=token)
        window, took = Window(server.pids), []
        for _ in range(self.calls):
            began_s = time.monotonic()
            await server.drain(path, token=token)
            took.append(1000 * (time.monotonic() - began_s))
        spent_ms = 1000 * window.close().server.total_s / self.calls
        figures = ReadFigures(cpu_ms=round(spent_ms, 2), answer_kb=round(size / 1000, 3))
        before = await counted.so_far()
        if before is not None:
            for _ in range(COUNTED):
                await server.drain(path, token=token)
            after = await counted.so_far() or before
            figures["statements"] = round((after - before) / COUNTED, 1)
        return spread(took), figures


@dataclass(frozen=True)
class _Person:
    user_id: str
    token: str


PEOPLE: Final = (("head", HEAD, "teacher"), ("teacher", TEACHER, "teacher"), ("pupil", PUPIL, "student"))
_COURSE: Final = "/api/v1/courses/{course}"
_TASK: Final = _COURSE + "/assignments/{task}"
READS: Final[Mapping[str, tuple[str, str]]] = {
    "course": ("teacher", _COURSE),
    "people, 50": ("teacher", _COURSE + "/enrollments?limit=50"),
    "people, 200": ("teacher", _COURSE + "/enrollments?limit=200"),
    "people, by name": ("teacher", _COURSE + "/enrollments?limit=50&q=00019"),
    "grade book, 25": ("teacher", _COURSE + "/grades?limit=25"),
    "grade book, 50": ("teacher", _COURSE + "/grades?limit=50"),
    "grade book, 200": ("teacher", _COURSE + "/grades?limit=200"),
    "grade book, CSV": ("teacher", _COURSE + "/grades/export"),
    "own grades": ("pupil", _COURSE + "/grades/mine?limit=50"),
    "assignments": ("teacher", _COURSE + "/assignments?limit=50"),
    "assignments, student": ("pupil", _COURSE + "/assignments?limit=50"),
    "roster, 50": ("teacher", _TASK + "/roster?limit=50"),
    "roster, 200": ("teacher", _TASK + "/roster?limit=200"),
    "submissions, 50": ("teacher", _TASK + "/submissions?limit=50"),
    "submissions, 200": ("teacher", _TASK + "/submissions?limit=200"),
    "materials": ("pupil", _COURSE + "/materials?limit=50"),
    "quizzes": ("pupil", _COURSE + "/quizzes?limit=50"),
    "attempts, 50": ("teacher", _COURSE + "/quizzes/{quiz}/attempts?limit=50"),
    "question bank, 50": ("teacher", _COURSE + "/questions?limit=50"),
    "question bank, searched": ("teacher", _COURSE + "/questions?limit=20&q=199"),
    "quiz results, CSV": ("teacher", _COURSE + "/quiz-results/export"),
    "lessons": ("pupil", _COURSE + "/lessons?limit=50"),
    "sections": ("pupil", _COURSE + "/sections?limit=50"),
    "schedules": ("teacher", _COURSE + "/schedules?limit=50"),
    "announcements": ("pupil", _COURSE + "/announcements?limit=50"),
    "my courses": ("pupil", "/api/v1/courses/my-enrollments"),
    "home": ("pupil", "/api/v1/home"),
    "home, teacher": ("teacher", "/api/v1/home"),
    "home, teacher of all": ("head", "/api/v1/home"),
    "calendar": ("pupil", "{feed}"),
    "calendar, teacher": ("teacher", "{feed}"),
    "calendar, teacher of all": ("head", "{feed}"),
    "notifications": ("pupil", "/api/v1/notifications?limit=50"),
    "unread": ("pupil", "/api/v1/notifications/unread"),
}
"""By name: who asks for it, and where."""


def _places(made: Filled) -> dict[str, str]:
    middle = made.assignments[len(made.assignments) // 2]
    return {"course": made.course, "task": middle, "quiz": made.quizzes[-1]}


async def _signed_in(server: VtpServer, email: str, role: str) -> _Person:
    await server.add_account(email, role, PASSWORD)
    found = await server.call("POST", LOGIN, {"email": email, "password": PASSWORD})
    return _Person(found["user"]["user_id"], found["access_token"])


async def _feed(server: VtpServer, token: str) -> str:
    """The path of somebody's calendar, which opens it to any program."""
    found: Any = await server.call("POST", "/api/v1/calendars", {}, token=token)
    url = str(found["url"])
    return "/" + url.split("/", 3)[3]


class Counter:
    """How many statements a database has been sent; PostgreSQL tells, SQLite does not."""

    def __init__(self, database: Database | None) -> None:
        self._database = database

    async def so_far(self) -> int | None:
        """Without those that begin and end transactions; None where nobody counts."""
        if self._database is None:
            return None
        async with self._database.read() as tx:
            asked = "SELECT sum(calls) FROM pg_stat_statements WHERE query NOT LIKE '%pg_stat_statements%'"
            return int((await tx.execute(text(asked))).scalar_one())


@contextlib.asynccontextmanager
async def _counting(url: str) -> AsyncIterator[Counter]:
    database = Database.connect(url, patient=True)
    try:
        if database.url.dialect is Dialect.SQLITE:
            yield Counter(None)
            return
        async with database.transaction() as tx:
            await tx.execute(text("CREATE EXTENSION IF NOT EXISTS pg_stat_statements"))
        await analyze(database)
        yield Counter(database)
    finally:
        await database.close()
