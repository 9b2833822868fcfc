"""Courses for tests: made by the front door, with people in them."""

from __future__ import annotations

from typing import Any

from tests.serving import Answer, Api, Person

BASE = "/api/v1/courses"
WISH = {"code": "PHY-101", "name": "Mechanics", "semester": "fall", "year": 2026}
SERIES = {
    "title": "x",
    "rule": "FREQ=WEEKLY;COUNT=1",
    "time_zone": "Europe/Berlin",
    "first_start": "2026-10-05T08:00",
    "duration_minutes": 45,
}


async def make_course(api: Api, by: Person, **more: Any) -> str:
    """An active course of this teacher; gives its id."""
    made = await api.call("POST", BASE, {**WISH, "status": "active", **more}, by=by)
    assert made.status == 201, made
    return str(made.body["id"])


async def enrol(api: Api, course: str, by: Person, **wish: Any) -> Answer:
    """Enrols the caller, or whom `wish` names."""
    return await api.call("POST", f"{BASE}/{course}/enroll", wish, by=by)


async def student(api: Api, name: str) -> Person:
    """Another student."""
    return await api.person("student", f"{name}@school.example")


async def read(api: Api, course: str, by: Person) -> Any:
    """A course as somebody sees it."""
    answer = await api.call("GET", f"{BASE}/{course}", by=by)
    assert answer.status == 200, answer
    return answer.body


async def add_section(api: Api, course: str, by: Person, **wish: Any) -> str:
    """Another section; gives its id."""
    made = await api.call("POST", f"{BASE}/{course}/sections", {"title": "Week", **wish}, by=by)
    assert made.status == 201, made
    return str(made.body["id"])


async def add_lesson(api: Api, course: str, by: Person, **wish: Any) -> str:
    """Another lesson; gives its id."""
    wanted = {"kind": "material", "title": "Lesson", **wish}
    made = await api.call("POST", f"{BASE}/{course}/lessons", wanted, by=by)
    assert made.status == 201, made
    return str(made.body["id"])
