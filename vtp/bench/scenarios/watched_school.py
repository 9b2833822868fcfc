"""Recordings that whole classes have watched, put into a server's database behind its back.

By players that takes as long as watching.

Rows come in the order in which the intake would have written them, people beside each other: so that they lie
as far apart in the database as they would.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Dialect as SqlDialect
from sqlalchemy import Table, insert, text
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.tables import users
from vtp.analytics.intake_writer import DOOR
from vtp.analytics.playback import PlaybackSession, ViewerPasses
from vtp.analytics.tables import (
    analytics_batches,
    analytics_events,
    playback_sessions,
    recording_viewers,
)
from vtp.bench.scenarios.term import analyze, course_row, enrolled_row, filed_row, person_row
from vtp.bench.scenarios.viewing import LENGTH_MS, Viewing, plan_viewing
from vtp.courses.enrolment_store import count_anew
from vtp.courses.tables import course_enrollments, course_recordings, courses
from vtp.db import Database
from vtp.ids import new_id, uuid7
from vtp.recording.progress_store import Progress
from vtp.recording.store import Recording, Status, add_recording
from vtp.recording.tables import recording_progress

PLANS: Final = 20
"""How differently people watch."""
ROWS_AT_ONCE: Final = 50_000
APART_MS: Final = 31
"""Between one who begins and the next: all of a class within one report of each other."""
_EVENT: Final = (
    "id", "user_id", "recording_id", "course_id", "session_id", "event_type", "happened_at", "received_at",
    "data",
)  # fmt: skip
_BATCH: Final = ("user_id", "session_id", "seq", "received_at")


@dataclass(frozen=True)
class School:
    """How much was watched: so many recordings, ten to a course, each by all of its class."""

    recordings: int = 10
    events: int = 100_000
    """Rows of the log of each recording, or a few more."""
    viewers: int = 200
    of_a_course: int = 10


@dataclass(frozen=True)
class WatchedCourse:
    """A course, with what was watched of it."""

    course_id: str
    recordings: list[str]
    students: list[str]


async def fill_school(
    database: Database, school: School, teacher_id: str, room_id: str
) -> list[WatchedCourse]:
    """Makes courses of this teacher, with recordings of this room that their students have watched."""
    plans = [plan_viewing(number, school.events // school.viewers) for number in range(PLANS)]
    now = datetime.now(UTC).replace(microsecond=0)
    began = now - timedelta(days=school.recordings, hours=8)
    made = []
    for first in range(0, school.recordings, school.of_a_course):
        days = range(first, min(first + school.of_a_course, school.recordings))
        students = [new_id() for _ in range(school.viewers)]
        course = WatchedCourse(new_id(), [new_id() for _ in days], students)
        watched = [
            _Watching(course, recording_id, plans, began + timedelta(days=day))
            for day, recording_id in zip(days, course.recordings, strict=True)
        ]
        async with database.transaction() as tx:
            await _add_course(tx, course, first, teacher_id, room_id, watched)
        for one in watched:
            await one.write(database)
        made.append(course)
    await analyze(database)
    return made


class _Watching:
    """One recording, watched by everybody of a course."""

    def __init__(
        self, course: WatchedCourse, recording_id: str, plans: Sequence[Viewing], began: datetime
    ) -> None:
        self._course = course
        self.recording_id = recording_id
        self.began = began
        self._random = random.Random(recording_id)
        self._people = [
            (user_id, began + timedelta(milliseconds=number * APART_MS), plans[number % len(plans)])
            for number, user_id in enumerate(course.students)
        ]

    async def write(self, database: Database) -> None:
        """The log, and what it comes to."""
        steps = max(len(plan.batches) for _, _, plan in self._people)
        at_once = max(1, ROWS_AT_ONCE // (2 * len(self._people)))
        for first in range(0, steps, at_once):
            async with database.transaction() as tx:
                await self._write_log(tx, range(first, min(first + at_once, steps)))
        async with database.transaction() as tx:
            await tx.execute(insert(recording_progress), [self._progress(*one) for one in self._people])
            await tx.execute(insert(recording_viewers), [self._passes(*one) for one in self._people])
            pages = [page for one in self._people for page in self._pages(*one)]
            await tx.execute(insert(playback_sessions), pages)

    async def _write_log(self, tx: AsyncConnection, steps: Iterable[int]) -> None:
        events: list[tuple[Any, ...]] = []
        batches: list[tuple[Any, ...]] = []
        ready_time = _ready(analytics_events, "received_at", tx.dialect)
        ready_data = _ready(analytics_events, "data", tx.dialect)
        spelled: dict[int, Any] = {}
        for step in steps:
            for user_id, began, plan in self._people:
                if step >= len(plan.batches):
                    continue
                batch = plan.batches[step]
                now = began + timedelta(milliseconds=batch.at_ms)
                at, at_ns = ready_time(now), round(now.timestamp() * 1000) * 1_000_000
                page = self._page(user_id, f"page-{batch.page}")
                batches.append((user_id, page, step, at))
                for number, row in enumerate(plan.rows[step]):
                    data = spelled.get(id(row)) or spelled.setdefault(id(row), ready_data(row.data))
                    course = None  # players name the recording alone
                    row_id = uuid7(at_ns + 1000 * number, self._random.getrandbits(64))
                    events.append(
                        (row_id, user_id, self.recording_id, course, page, row.kind.value, at, at, data)
                    )
        await _add(tx, analytics_events, _EVENT, events)
        await _add(tx, analytics_batches, _BATCH, batches)

    def _page(self, user_id: str, name: str) -> str:
        return f"{self.recording_id[-8:]}-{user_id[-12:]}-{name}"

    def _progress(self, user_id: str, began: datetime, plan: Viewing) -> dict[str, Any]:
        one = plan.progress
        moved = plan.moved_by(began)
        moved_ms = round(moved / timedelta(milliseconds=1))
        sittings = {
            DOOR + self._page(user_id, name.removeprefix(DOOR)): [
                number,
                at_ms + moved_ms,
                left_ms,
                since_ms + moved_ms,
                late_ms,
            ]
            for name, (number, at_ms, left_ms, since_ms, late_ms) in one.sittings.items()
        }
        return {
            **{name: getattr(one, name) for name in Progress.__slots__},
            "user_id": user_id,
            "recording_id": self.recording_id,
            "started_at": one.started_at + moved,
            "updated_at": one.updated_at + moved,
            "reached": [[step, at_ms + moved_ms] for step, at_ms in one.reached],
            "sittings": sittings,
        }

    def _passes(self, user_id: str, _: datetime, plan: Viewing) -> dict[str, Any]:
        found = {name: getattr(plan.viewer, name) for name in ViewerPasses.__slots__}
        return {**found, "user_id": user_id, "recording_id": self.recording_id}

    def _pages(self, user_id: str, began: datetime, plan: Viewing) -> Iterator[dict[str, Any]]:
        moved = plan.moved_by(began)
        for name, page in plan.pages.items():
            yield {
                **{name: getattr(page, name) for name in PlaybackSession.__slots__},
                "user_id": user_id,
                "recording_id": self.recording_id,
                "session_id": self._page(user_id, name),
                "started_at": page.started_at + moved,
                "last_at": page.last_at + moved,
            }


def _ready(table: Table, column: str, dialect: SqlDialect) -> Callable[[Any], Any]:
    """How a value is made ready for the driver."""
    found = table.c[column].type.dialect_impl(dialect).bind_processor(dialect)
    return found if found is not None else lambda value: value


async def _add(
    tx: AsyncConnection, table: Table, names: tuple[str, ...], rows: Sequence[tuple[Any, ...]]
) -> None:
    """Adds rows whose values are as the driver takes them."""
    if tx.dialect.name == "postgresql":
        await tx.execute(text("SET LOCAL session_replication_role = replica"))  # what they name is there
        driver: Any = (await tx.get_raw_connection()).driver_connection
        await driver.copy_records_to_table(table.name, records=rows, columns=names)
        return
    places = ", ".join("?" * len(names))
    await tx.exec_driver_sql(f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({places})", list(rows))


async def _add_course(
    tx: AsyncConnection,
    course: WatchedCourse,
    first: int,
    teacher_id: str,
    room_id: str,
    watched: Sequence[_Watching],
) -> None:
    now = datetime.now(UTC)
    numbers = range(first * len(course.students), (first + 1) * len(course.students))
    people = [person_row(*one, now) for one in zip(course.students, numbers, strict=True)]
    await tx.execute(insert(users), people)
    await tx.execute(insert(courses), [course_row(course.course_id, first, teacher_id, now)])
    await tx.execute(
        insert(course_enrollments), [enrolled_row(course.course_id, one, now) for one in course.students]
    )
    await count_anew(tx, [course.course_id])
    for one in watched:
        ended = one.began + timedelta(milliseconds=LENGTH_MS)
        recording = Recording(
            one.recording_id, room_id, "A lecture", "", teacher_id, Status.READY, "hls", "program",
            one.began, one.began, ended, ended, LENGTH_MS,
        )  # fmt: skip
        await add_recording(tx, recording)
    filed = [filed_row(course.course_id, one.recording_id, now) for one in watched]
    await tx.execute(insert(course_recordings), filed)
