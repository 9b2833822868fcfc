"""Reports, checks and forgetting over the log of a school: a hundredth of it, and all where `long` runs.

How long they take is measured by `vtp bench analytics`.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Table, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from tests.explained import scans_in
from tests.fresh_database import begin_fresh
from tests.postgres import PostgresServer, run_apart
from tests.statements import hearing, removals
from vtp.accounts.tables import users
from vtp.analytics.check import differing_rollups
from vtp.analytics.course_store import pages_by_recording, progress_in
from vtp.analytics.exports import log_of
from vtp.analytics.intake_writer import IntakeWriter, SentBatch
from vtp.analytics.lectures import Lecture, read_lecture
from vtp.analytics.playback import EventType, PlaybackSession
from vtp.analytics.playback_store import find_viewer, sessions_of
from vtp.analytics.rollups import FORGOTTEN_AT_ONCE, Rollups
from vtp.analytics.schemas import SendEvents
from vtp.analytics.tables import (
    analytics_batches,
    analytics_events,
    playback_sessions,
    recording_viewers,
)
from vtp.bench.scenarios.term import person_row
from vtp.bench.scenarios.viewing import LENGTH_MS, Viewing, plan_viewing
from vtp.bench.scenarios.watched_school import School, WatchedCourse, fill_school
from vtp.db import Database
from vtp.ids import new_id
from vtp.recording.progress_store import find_progress
from vtp.recording.store import Recording, find_recording
from vtp.recording.tables import recording_progress
from vtp.rooms.tables import rooms

pytestmark = pytest.mark.both_databases

HUNDREDTH = School(recordings=2, events=5_000, viewers=20)
MILLION = School(recordings=10, events=100_000, viewers=200)
TEN_MILLION = School(recordings=100, events=100_000, viewers=200)
LOOKED_AT = 3
"""Recordings that are counted a second time."""


@dataclass(frozen=True)
class Filled:
    """A database with the log of a school."""

    url: str
    database: Database
    size: School
    courses: list[WatchedCourse]

    @property
    def recordings(self) -> list[str]:
        """Some of them, of the first and of the last course."""
        found = [one for course in self.courses for one in course.recordings]
        return [found[0], *found[-(LOOKED_AT - 1) :]]


async def fill(database: Database, size: School) -> list[WatchedCourse]:
    now, teacher_id, room_id = datetime.now(UTC), new_id(), new_id()
    teacher = {**person_row(teacher_id, 0, now), "role": "teacher", "email": "teacher@school.example"}
    room = {
        "id": room_id, "slug": "physics", "name": "Physics", "owner_id": teacher_id, "settings": {},
        "members_only": False, "created_at": now, "updated_at": now,
    }  # fmt: skip
    async with database.transaction() as tx:
        await tx.execute(insert(users), [teacher])
        await tx.execute(insert(rooms), [room])
    return await fill_school(database, size, teacher_id, room_id)


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(("sqlite", HUNDREDTH), id="sqlite-hundredth"),
        pytest.param(("postgresql", HUNDREDTH), id="postgresql-hundredth"),
        pytest.param(("sqlite", MILLION), id="sqlite-million", marks=pytest.mark.long),
        pytest.param(("postgresql", TEN_MILLION), id="postgresql-ten-million", marks=pytest.mark.long),
    ],
)
def filled(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, School, list[WatchedCourse]]]:
    """The address of a database with a school in it, for all tests of this file: the last one forgets it."""
    kind, size = request.param
    courses: list[WatchedCourse] = []

    async def begin(url: str) -> None:
        database = Database.connect(url, patient=True)
        try:
            courses.extend(await fill(database, size))
        finally:
            await database.close()

    if kind == "sqlite":
        url = f"sqlite:///{begin_fresh(tmp_path_factory.mktemp('school'))}"
        run_apart(begin(url))
        yield url, size, courses
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    url = server.create_database(request.getfixturevalue("migrated_postgres")[0])
    run_apart(begin(url))
    yield url, size, courses
    server.drop_database(url)


@pytest.fixture
async def school(filled: tuple[str, School, list[WatchedCourse]]) -> AsyncIterator[Filled]:
    url, size, courses = filled
    database = Database.connect(url, patient=True)
    yield Filled(url, database, size, courses)
    await database.close()


async def counted_naively(database: Database, recording_id: str) -> tuple[dict[str, int], list[int]]:
    """From the log alone, row by row: what a recording's figures are made of, and views by bin."""
    figures: Counter[str] = Counter()
    bins: Counter[int] = Counter()
    watched: dict[str, set[int]] = {}
    now_in: dict[str, tuple[int, int]] = {}  # by session: the bin that it is in, and where it has come to
    c, width_ms = analytics_events.c, LENGTH_MS // 200
    statement = select(c.user_id, c.session_id, c.event_type, c.data).where(c.recording_id == recording_id)
    async with database.read() as tx:
        rows = (await tx.execute(statement.order_by(c.id))).all()
    for user_id, session_id, kind, data in rows:
        if kind == EventType.BUFFERING:
            figures["buffer_events"] += 1
        for start, end, rate in data.get("counted", ()):
            figures["watch_time_ms"] += int((end - start) / rate)
            watched.setdefault(user_id, set()).update(range(start // 1000, end // 1000))
            last, at = now_in.get(session_id, (-1, -1))
            for index in range(start // width_ms, (end - 1) // width_ms + 1):
                bins[index] += not (abs(at - start) <= 1000 and index == last)
            now_in[session_id] = (end - 1) // width_ms, end
    figures |= {"viewers": len({row[0] for row in rows}), "sessions": len({row[1] for row in rows})}
    figures["watched_s"] = sum(map(len, watched.values()))
    return dict(figures), [bins[index] for index in range(200)]


async def lecture_of(database: Database, recording_id: str) -> Lecture:
    async with database.read() as tx:
        recording = await find_recording(tx, recording_id)
        assert recording is not None
        return await read_lecture(tx, recording, 1)


async def test_reports_over_a_school_tell_what_a_naive_count_of_its_log_does(school: Filled) -> None:
    for recording_id in school.recordings:
        figures, views = await counted_naively(school.database, recording_id)
        found = await lecture_of(school.database, recording_id)
        assert {
            "buffer_events": found.buffer_events,
            "watch_time_ms": found.watch_time_ms,
            "viewers": found.viewers,
            "sessions": found.sessions,
        } == {key: value for key, value in figures.items() if key != "watched_s"}
        assert list(found.heat.views) == views
        async with school.database.read() as tx:
            c = recording_progress.c
            watched = select(func.sum(c.watched_ms)).where(c.recording_id == recording_id)
            assert (await tx.execute(watched)).scalar_one() == figures["watched_s"] * 1000


async def test_a_check_of_a_filled_school_finds_that_it_is_what_its_log_says(school: Filled) -> None:
    async with school.database.read() as tx:
        assert await _count(tx, analytics_events) >= school.size.recordings * school.size.events
        found = [sentence async for sentence in differing_rollups(tx)]
    assert found == []


async def test_no_report_and_no_forgetting_reads_a_whole_table(school: Filled) -> None:
    course, database = school.courses[0], school.database
    rollups = Rollups(database, 1, clock=lambda: datetime(2001, 1, 1, tzinfo=UTC))
    with hearing() as heard:
        for recording_id in course.recordings[:2]:
            await lecture_of(database, recording_id)
        async with database.read() as tx:
            await find_progress(tx, course.students[0], course.recordings[0])
            await find_viewer(tx, course.students[0], course.recordings[0])
            await sessions_of(tx, course.recordings[0], course.students[0])
            await log_of(tx, course.recordings[0], course.students[0])
            await progress_in(tx, course.course_id, course.recordings)
            await pages_by_recording(tx, course.course_id, course.recordings)
        await rollups.trim()
        await send(database, course, await recording_of(database, course.recordings[0]), 3)
    asked = {one for one in heard.texts() if not one.startswith("INSERT")}
    statements = {text: parameters for text, parameters in heard.statements if text in asked}
    assert len(statements) > 12
    assert await scans_in(school.url, statements) == []


async def test_a_school_is_forgotten_a_little_at_a_time_while_others_write(school: Filled) -> None:
    database, turns = school.database, 0
    forgotten = asyncio.Event()

    async def write() -> None:
        """Somebody else, who writes all the time."""
        nonlocal turns
        while not forgotten.is_set():
            async with database.transaction() as tx:
                await tx.execute(insert(rooms), [_room(turns)])
            turns += 1
            await asyncio.sleep(0)

    async with database.read() as tx:
        stored = [await _count(tx, table) for table in (analytics_events, analytics_batches)]
    writing = asyncio.create_task(write())
    with removals() as removed:
        await Rollups(database, 1, clock=lambda: datetime.now(UTC) + timedelta(days=31)).trim()
    forgotten.set()
    await writing
    assert sum(removed) == sum(stored)
    assert max(removed) <= FORGOTTEN_AT_ONCE + school.size.viewers, "at once, with who came at the same time"
    assert turns >= min(len(removed) - 1, 3), "somebody waited until all was forgotten"
    async with database.read() as tx:
        left = [await _count(tx, table) for table in (analytics_events, analytics_batches)]
    assert left == [0, 0]
    found = await lecture_of(database, school.recordings[0])
    assert found.viewers == school.size.viewers, "what the log came to stays"


async def _count(tx: AsyncConnection, table: Table) -> int:
    return int((await tx.execute(select(func.count()).select_from(table))).scalar_one())


def _room(number: int) -> dict[str, Any]:
    now = datetime.now(UTC)
    return {
        "id": new_id(), "slug": f"other-{number}", "name": "Other", "owner_id": None, "settings": {},
        "members_only": False, "created_at": now, "updated_at": now,
    }  # fmt: skip


async def recording_of(database: Database, recording_id: str) -> Recording:
    async with database.read() as tx:
        found = await find_recording(tx, recording_id)
    assert found is not None
    return found


async def send(
    database: Database,
    course: WatchedCourse,
    recording: Recording,
    people: int,
    *,
    plans: list[Viewing] | None = None,
) -> None:
    """People of a course watch a recording by their plans, each batch of all of them in one transaction."""
    plans = plans or [plan_viewing(number, 12) for number in range(people)]
    began = datetime.now(UTC).replace(microsecond=0)
    now = began
    writer = IntakeWriter(database, Rollups(database, 0), lambda: now)
    for step in range(max(len(one.batches) for one in plans)):
        sent = []
        for number, plan in enumerate(plans[:people]):
            if step >= len(plan.batches):
                continue
            batch = plan.batches[step]
            now = began + timedelta(milliseconds=batch.at_ms)
            said = {
                "session_id": f"sent-{recording.id[-8:]}-{number}-page-{batch.page}",
                "seq": step,
                "events": [one.wish(recording.id, now) for one in batch.said],
            }
            known = {recording.id: recording}
            batch_said = SendEvents.model_validate(said)
            sent.append(SentBatch.of(course.students[number], batch_said, known, ()))
        for outcome in await writer.write(sent):
            assert outcome.refused == [] or step == 0, outcome


async def test_what_is_filled_is_what_the_intake_would_have_stored(database: Database) -> None:
    """The same plans once filled and once sent, by the same people with another recording."""
    size = School(recordings=2, events=240, viewers=4)
    [course] = await fill(database, size)
    sent_id = course.recordings[1]
    async with database.transaction() as tx:
        for table in (analytics_events, playback_sessions, recording_viewers, recording_progress):
            await tx.execute(table.delete().where(table.c.recording_id == sent_id))
    plans = [plan_viewing(number, size.events // size.viewers) for number in range(size.viewers)]
    await send(database, course, await recording_of(database, sent_id), size.viewers, plans=plans)
    assert await _told(database, sent_id) == await _told(database, course.recordings[0])


async def _told(database: Database, recording_id: str) -> list[dict[str, Any]]:
    """What is stored of each who watched it, with times as they are after the first."""
    log, c = analytics_events.c, recording_progress.c
    told = []
    async with database.read() as tx:
        people = select(c.user_id).where(c.recording_id == recording_id).order_by(c.user_id)
        for user_id in (await tx.execute(people)).scalars().all():
            progress = await find_progress(tx, user_id, recording_id)
            viewer = await find_viewer(tx, user_id, recording_id)
            assert progress is not None and viewer is not None
            began, began_ms = progress.started_at, int(progress.started_at.timestamp() * 1000)
            rows = select(log.event_type, log.course_id, log.happened_at, log.received_at, log.data).where(
                log.recording_id == recording_id, log.user_id == user_id
            )
            told.append(
                {
                    "user_id": user_id,
                    "log": [
                        (row[0], row[1], row[2] - began, row[3] - began, row[4])
                        for row in await tx.execute(rows.order_by(log.id))
                    ],
                    "passes": (viewer.duration_ms, viewer.passes),
                    "pages": [
                        {
                            **{name: getattr(one, name) for name in PlaybackSession.__slots__[5:]},
                            "times": (one.started_at - began, one.last_at - began),
                        }
                        for one in await sessions_of(tx, recording_id, user_id)
                    ],
                    "progress": (
                        progress.pieces, progress.watched_ms, progress.watch_time_ms, progress.position_ms,
                        progress.updated_at - began,
                        [[step, at_ms - began_ms] for step, at_ms in progress.reached],
                        [[one[0], one[1] - began_ms, one[2]] for one in progress.sittings.values()],
                    ),
                }
            )  # fmt: skip
    return told
