"""The report of networks and quality of a course: 100 classes of 30 people, half of whom had trouble.

A whole server in this process, asked over HTTP. On SQLite, and on PostgreSQL with
VTP_BENCH_POSTGRESQL=postgresql://… (an empty database). Figures are those of the server and of its client
together.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from statistics import quantiles
from typing import Any

import pytest
from sqlalchemy import insert

from tests.api.course_material import enrol, make_course
from tests.serving import Api, Person, serving
from vtp.analytics.class_tables import lesson_attendance, lesson_classes
from vtp.courses.tables import lessons
from vtp.ids import new_id

CLASSES, PEOPLE, CALLS, SEED = 100, 30, 40, 7
EIGHT = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
LENGTH_MS = 2_700_000
REASONS = ("fair/loss_sending", "poor/loss_receiving", "fair/narrow", "lost/silent", "poor/delay")


@dataclass
class Course:
    """One whose classes were held."""

    loop: asyncio.AbstractEventLoop
    api: Api
    teacher: Person
    id: str


def _lesson(course: str, number: int) -> dict[str, Any]:
    at = EIGHT + timedelta(days=number)
    return {
        "id": new_id(),
        "course_id": course,
        "title": f"Class {number}",
        "description": "",
        "kind": "live",
        "position": number,
        "published": True,
        "starts_at": at,
        "ends_at": at + timedelta(milliseconds=LENGTH_MS),
        "touched": False,
        "sequence": 0,
        "created_at": at,
        "updated_at": at,
    }


def _attendance(lesson: str, user_id: str, dice: Random) -> dict[str, Any]:
    rtt, loss = dice.uniform(10, 300), dice.uniform(0, 0.04)
    readings = LENGTH_MS // 5000
    of_it = {reason: dice.randrange(20_000, 900_000) for reason in dice.sample(REASONS, 2)}
    return {
        "lesson_id": lesson,
        "user_id": user_id,
        "is_staff": False,
        "present_ms": LENGTH_MS,
        "late_ms": 0,
        "early_ms": 0,
        "first_join": EIGHT,
        "last_leave": EIGHT + timedelta(milliseconds=LENGTH_MS),
        "connections": 1,
        "talk_ms": 1000,
        "camera_ms": 1000,
        "messages": 1,
        "hands": 1,
        "reactions": 1,
        "answers": 1,
        "activity_score": 1.0,
        "participation": 0.5,
        "quality": of_it if dice.random() < 0.5 else {},
        "network": {
            "readings": readings,
            "limited": readings // 7,
            "reconnects": dice.randrange(4),
            "connected_ms": LENGTH_MS,
            "rtt_ms": [readings, rtt * readings, rtt * 3, rtt / 2],
            "jitter_ms": [readings, 5.0 * readings, 20.0, 1.0],
            "loss_sending": [readings, loss * readings, 0.2, 0.0],
            "loss_receiving": [readings, loss * readings, 0.2, 0.0],
        },
    }


async def _hold_classes(api: Api, course: str, people: list[str]) -> None:
    dice = Random(SEED)
    held = [_lesson(course, number) for number in range(CLASSES)]
    async with api.server.services.database.transaction() as tx:
        await tx.execute(insert(lessons), held)
        times = [
            {
                "lesson_id": one["id"],
                "scheduled_at": one["starts_at"],
                "held_from": one["starts_at"],
                "held_until": one["ends_at"],
                "polls": 1,
                "counted_at": datetime.now(UTC),
            }
            for one in held
        ]
        await tx.execute(insert(lesson_classes), times)
        rows = [_attendance(one["id"], user_id, dice) for one in held for user_id in people]
        await tx.execute(insert(lesson_attendance), rows)


def _urls() -> list[str]:
    given = os.environ.get("VTP_BENCH_POSTGRESQL", "")
    return ["", given] if given else [""]


@pytest.fixture(scope="module", params=_urls(), ids=lambda url: "postgresql" if url else "sqlite")
def course(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Course]:
    loop, stack = asyncio.new_event_loop(), AsyncExitStack()

    async def begin() -> Course:
        api = await stack.enter_async_context(serving(tmp_path_factory.mktemp("network"), request.param))
        teacher = await api.person("teacher")
        made = await make_course(api, teacher)
        people = []
        for number in range(PEOPLE):
            pupil = await api.person("student", f"pupil{number}@school.example")
            await enrol(api, made, pupil)
            people.append(pupil.user_id)
        await _hold_classes(api, made, people)
        return Course(loop, api, teacher, made)

    yield loop.run_until_complete(begin())
    loop.run_until_complete(stack.aclose())
    loop.close()


@pytest.mark.parametrize("report", ["network", "network-without-connections", "attendance", "engagement"])
@pytest.mark.parametrize("form", ["json", "csv"])
def test_bench_report_over_100_classes_of_30(benchmark: Any, course: Course, report: str, form: str) -> None:
    name, _, less = report.partition("-")
    path = f"/api/v1/analytics/reports/{name}?course_id={course.id}&format={form}"
    path += "&connections=false" if less else ""

    def ask() -> None:
        answer = course.loop.run_until_complete(course.api.call("GET", path, by=course.teacher))
        assert answer.status == 200, answer
        if (report, form) == ("network", "json"):
            assert len(answer.body["connections"]) == CLASSES * PEOPLE

    benchmark.pedantic(ask, rounds=CALLS, warmup_rounds=2)
    slowest = quantiles(benchmark.stats.stats.data, n=20)[-1]
    benchmark.extra_info["note"] = f"p95 {slowest * 1000:.0f} ms"
