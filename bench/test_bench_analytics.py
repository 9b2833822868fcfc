"""Analytics over 100,000 events of one recording: how fast they are taken in, and what reports of them take.

A whole server in this process, asked over HTTP; events are in batches of 100 by 200 people, 8 of whom send at
a time. On SQLite, and on PostgreSQL with VTP_BENCH_POSTGRESQL=postgresql://… (an empty database). Figures are
those of the server and of its client together.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from statistics import quantiles
from typing import Any, TypeVar

import pytest
from sqlalchemy import func, select

from tests.api.course_material import enrol, make_course
from tests.api.recording_material import add_finished, make_room
from tests.serving import Api, Person, serving
from vtp.analytics.tables import analytics_events

PEOPLE, BATCHES, EVENTS = 200, 5, 100
AT_A_TIME = 8
CALLS = 40
KINDS = ("paused", "resumed", "seeked", "buffering", "progress")
T = TypeVar("T")


@dataclass
class Lecture:
    """A recording of an hour in a course, and its class."""

    loop: asyncio.AbstractEventLoop
    api: Api
    teacher: Person
    course: str
    recording: str
    pupils: list[Person] = field(default_factory=list)
    intake_s: float = 0.0

    def run(self, work: Awaitable[T]) -> T:
        return self.loop.run_until_complete(work)

    async def send_all(self) -> None:
        """Everybody's batches, some at a time."""
        gate = asyncio.Semaphore(AT_A_TIME)

        async def one(pupil: Person) -> None:
            for seq in range(BATCHES):
                async with gate:
                    await self._send(pupil, seq)

        began = time.perf_counter()
        await asyncio.gather(*(one(pupil) for pupil in self.pupils))
        self.intake_s = time.perf_counter() - began

    async def _send(self, pupil: Person, seq: int) -> None:
        events: list[dict[str, Any]] = [
            {
                "event_type": KINDS[number % len(KINDS)],
                "timestamp": "2026-03-02T08:00:00Z",
                "recording_id": self.recording,
                "position": seq * 100 + number,
            }
            for number in range(EVENTS)
        ]
        events[4]["segments"] = [{"start": seq * 0.4, "end": seq * 0.4 + 0.4, "rate": 1}]
        wish = {"session_id": f"page-of-{pupil.user_id[-12:]}", "seq": seq, "events": events}
        answer = await self.api.call("POST", "/api/v1/analytics/events", wish, by=pupil)
        assert answer.status == 200 and answer.body["accepted"] == EVENTS, answer


def _urls() -> list[str]:
    given = os.environ.get("VTP_BENCH_POSTGRESQL", "")
    return ["", given] if given else [""]


@pytest.fixture(scope="module", params=_urls(), ids=lambda url: "postgresql" if url else "sqlite")
def lecture(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lecture]:
    loop, stack = asyncio.new_event_loop(), AsyncExitStack()

    async def begin() -> Lecture:
        folder = tmp_path_factory.mktemp("analytics")
        api = await stack.enter_async_context(serving(folder, request.param))
        teacher = await api.person("teacher")
        course = await make_course(api, teacher)
        room = await make_room(api, teacher)
        recording = await add_finished(api, room, teacher, duration_ms=3_600_000)
        path = f"/api/v1/courses/{course}/recordings"
        await api.call("POST", path, {"recording_id": recording}, by=teacher)
        await api.call("POST", f"{path}/{recording}/publish", by=teacher)
        found = Lecture(loop, api, teacher, course, recording)
        for number in range(PEOPLE):
            pupil = await api.person("student", f"pupil{number}@school.example")
            await enrol(api, course, pupil)
            found.pupils.append(pupil)
        await found.send_all()
        async with api.server.services.database.read() as tx:
            stored = (await tx.execute(select(func.count()).select_from(analytics_events))).scalar_one()
        assert stored >= PEOPLE * BATCHES * EVENTS
        return found

    yield loop.run_until_complete(begin())
    loop.run_until_complete(stack.aclose())
    loop.close()


@pytest.mark.parametrize(
    "report", ["lecture", "metrics", "course", "attendance", "engagement", "performance"]
)
def test_bench_report_over_100_000_events(benchmark: Any, lecture: Lecture, report: str) -> None:
    base = "/api/v1/analytics"
    path = {
        "lecture": f"{base}/lecture/{lecture.recording}",
        "metrics": f"{base}/metrics/{lecture.pupils[0].user_id}/{lecture.recording}",
        "course": f"{base}/course/{lecture.course}",
    }.get(report, f"{base}/reports/{report}?course_id={lecture.course}")

    def ask() -> None:
        answer = lecture.run(lecture.api.call("GET", path, by=lecture.teacher))
        assert answer.status == 200, answer

    benchmark.pedantic(ask, rounds=CALLS, warmup_rounds=2)
    slowest = quantiles(benchmark.stats.stats.data, n=20)[-1]
    rate = PEOPLE * BATCHES * EVENTS / lecture.intake_s
    benchmark.extra_info["note"] = f"p95 {slowest * 1000:.0f} ms; intake {rate:,.0f} events/s"
