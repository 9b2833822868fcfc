"""`analytics`: what reports take over a log of millions of events, and how large that is."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from sqlalchemy import text

from vtp.bench.login_crowd import PASSWORD, TEACHER
from vtp.bench.postgres import database_settings
from vtp.bench.results import Figures, LogFigures, Percentiles, percentiles
from vtp.bench.scenarios.record import vtp_server
from vtp.bench.scenarios.stage import Stage
from vtp.bench.scenarios.watched_school import School, WatchedCourse, fill_school
from vtp.bench.scenarios.window import Window
from vtp.bench.vtp_server import VtpServer
from vtp.db import Database
from vtp.db.urls import Dialect

ROOM: Final = "physics"
BASE: Final = "/api/v1/analytics"
TABLES: Final = ("analytics_events", "analytics_batches", "playback_sessions", "recording_viewers")
"""What is kept of watching; `recording_progress` is there without analytics, too."""


@dataclass(frozen=True)
class Analytics:
    """Reports over a school's log, each asked for so often; vtp only."""

    school: School = field(default_factory=School)
    calls: int = 40
    database: str = "sqlite"

    def describe(self) -> dict[str, Any]:
        """The point's key figures."""
        events = self.school.recordings * self.school.events
        return {"database": self.database, "events": events, "recordings": self.school.recordings}

    def load(self) -> dict[str, Any]:
        """In a sentence."""
        one = self.school
        return {
            "text": f"{one.recordings} recordings of 40 minutes, {one.of_a_course} in a course, each watched "
            f"by {one.viewers} students: {one.events} rows of the log (events) of each; every report asked "
            f"for {self.calls} times in turn over courses and recordings, one after the other, by their "
            "teacher over HTTP"
        }

    @contextlib.asynccontextmanager
    async def settings(self) -> AsyncIterator[Mapping[str, str]]:
        """Where the rows are; nothing is forgotten meanwhile."""
        kept = {"VTP_ANALYTICS__KEEP_DAYS": "36500"}
        async with database_settings(self.database) as found:
            yield {**kept, **found}

    async def measure(self, stage: Stage) -> Figures:
        """One run on a server that has just been started."""
        server = vtp_server(stage)
        await server.add_account(TEACHER, "teacher", PASSWORD)
        teacher_id = await _sign_in(server)
        wish = {"room_id": ROOM, "room_name": ROOM.title()}
        room = await server.call("POST", "/api/v1/signalling/room/create", wish)
        database = Database.connect(server.database_url, patient=True)
        try:
            began_s = time.monotonic()
            courses = await fill_school(database, self.school, teacher_id, room["room_id"])
            filled_s = time.monotonic() - began_s
            log = await _sizes(database)
        finally:
            await database.close()
        log["filled_s"] = round(filled_s, 1)
        api: dict[str, Percentiles] = {}
        log["cpu_ms"] = {}
        for name in REPORTS:
            await _sign_in(server)  # millions of rows take longer than a token is good for
            await self._timed(server, courses, name, 0)  # the first reads from the disk
            window = Window(server.pids)
            took = [await self._timed(server, courses, name, number) for number in range(self.calls)]
            api[name] = percentiles(took)
            log["cpu_ms"][name] = round(1000 * window.close().server.total_s / self.calls, 1)
        return Figures(log=log, api=api)

    async def _timed(self, server: VtpServer, courses: list[WatchedCourse], name: str, number: int) -> float:
        """Milliseconds until all of an answer is there, of an export until it begins."""
        course = courses[number % len(courses)]
        recording = course.recordings[number // len(courses) % len(course.recordings)]
        student = course.students[number * 7 % len(course.students)]
        path = BASE + REPORTS[name].format(course=course.course_id, recording=recording, student=student)
        began_s = time.monotonic()
        await server.drain(path, first_byte=name == "export")
        return 1000 * (time.monotonic() - began_s)


REPORTS: Final = {
    "lecture": "/lecture/{recording}",
    "viewers": "/lecture/{recording}/viewers",
    "metrics": "/metrics/{student}/{recording}",
    "course": "/course/{course}",
    "engagement": "/reports/engagement?course_id={course}",
    "attendance": "/reports/attendance?course_id={course}",
    "performance": "/reports/performance?course_id={course}",
    "performance, CSV": "/reports/performance?course_id={course}&format=csv",
    "export": "/export?course_id={course}",
}
"""By name: where they are asked for; the heat is in `lecture`."""


async def _sign_in(server: VtpServer) -> str:
    """As the teacher; gives their account."""
    signed_in = await server.call("POST", "/api/v1/auth/login", {"email": TEACHER, "password": PASSWORD})
    server.act_as(signed_in["access_token"])
    return str(signed_in["user"]["user_id"])


async def _sizes(database: Database) -> LogFigures:
    """How much there is."""
    async with database.read() as tx:
        counted = {
            name: int((await tx.execute(text(f"SELECT count(*) FROM {name}"))).scalar_one())
            for name in TABLES
        }
        events = max(1, counted["analytics_events"])
        if database.url.dialect is Dialect.SQLITE:
            folder, name = database.url.file.parent, database.url.file.name
            size = await asyncio.to_thread(_bytes_of, folder, name)
            return LogFigures(
                events=events, rows=counted, bytes=size, bytes_per_event=round(size / events, 1)
            )
        of_table = {
            name: int((await tx.execute(text(f"SELECT pg_total_relation_size('{name}')"))).scalar_one())
            for name in TABLES
        }
        size = sum(of_table.values())
        return LogFigures(
            events=events,
            rows=counted,
            bytes=size,
            bytes_per_event=round(size / events, 1),
            of_table=of_table,
        )


def _bytes_of(folder: Path, name: str) -> int:
    return sum(one.stat().st_size for one in folder.glob(f"{name}*"))
