"""Assignments for tests, and how they are handed in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from tests.api.course_material import BASE, enrol, make_course, student
from tests.serving import Answer, Api, Person


async def prepared(api: Api, **wish: Any) -> tuple[Person, Person, str]:
    """A teacher, a student, and where an assignment of theirs is."""
    teacher = await api.person("teacher")
    course = await make_course(api, teacher)
    pupil = await student(api, "pupil")
    assert (await enrol(api, course, pupil)).status == 201
    return teacher, pupil, await assign(api, course, teacher, **wish)


async def assign(api: Api, course: str, by: Person, **wish: Any) -> str:
    """Another assignment; gives where it is."""
    path = f"{BASE}/{course}/assignments"
    made = await api.call("POST", path, {"title": "Essay", **wish}, by=by)
    assert made.status == 201, made
    return f"{path}/{made.body['id']}"


async def begin(api: Api, at: str, by: Person, text: str = "My essay") -> str:
    """A draft; gives where it is."""
    made = await api.call("POST", f"{at}/submissions", {"text": text}, by=by)
    assert made.status == 201, made
    return f"{at}/submissions/{made.body['id']}"


async def hand_in(api: Api, draft: str, by: Person) -> Answer:
    """Hands a draft in."""
    return await api.call("POST", f"{draft}/hand-in", by=by)


def soon(**delta: float) -> str:
    """A moment from now, as it is sent."""
    return (datetime.now(UTC) + timedelta(**delta)).isoformat()
