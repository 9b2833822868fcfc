"""A course with something of every kind in it, made by the front door."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.api.course_material import BASE, SERIES, add_lesson, add_section, make_course
from tests.api.coursework_material import PDF, add_material, upload, versions_of
from tests.api.quiz_material import MULTIPLE, NUMERIC, SINGLE, TEXT, add_question, make_quiz
from tests.serving import Api, Person

WEEKLY = {**SERIES, "title": "Lecture", "rule": "FREQ=WEEKLY;BYDAY=MO;UNTIL=20261214"}
RUBRIC = [{"id": "a", "title": "Ideas", "points": 6}, {"id": "b", "title": "Words", "points": 4}]
NEWEST = PDF + b"newest"


@dataclass(frozen=True)
class FullCourse:
    """What was made."""

    id: str
    section: str
    lesson: str
    material: str
    questions: list[str]


async def full_course(api: Api, by: Person, **more: Any) -> FullCourse:
    """An active course of this teacher; released in October 2026, due before and after clocks change."""
    course = await make_course(api, by, description="Light\nand lenses", **more)
    at = f"{BASE}/{course}"
    section = await add_section(api, course, by, title="Lenses", release_at="2026-10-01T06:00:00Z")
    lesson = await add_lesson(api, course, by, title="Read this", section_id=section)
    await add_lesson(
        api, course, by, title="Excursion", kind="live", starts_at="2026-11-20T08:00:00Z", section_id=section
    )
    made = await api.call("POST", f"{at}/schedules", {**WEEKLY, "section_id": section}, by=by)
    assert made.status == 201, made
    material = await add_material(api, course, by, title="Notes", lesson_id=lesson)
    for data in (PDF, NEWEST):
        assert (await upload(api, versions_of(course, material), by, data)).status == 201
    await add_material(api, course, by, title="Empty", release_at="2026-10-10T06:00:00Z")
    assignment = {
        "title": "Essay",
        "lesson_id": lesson,
        "due_at": "2026-10-20T21:59:00Z",
        "late_policy": "deduct",
        "late_percent": 10,
        "late_until": "2026-10-27T22:59:00Z",
        "points": 10,
        "rubric": RUBRIC,
        "max_attempts": 2,
    }
    assert (await api.call("POST", f"{at}/assignments", assignment, by=by)).status == 201
    wishes = (SINGLE, MULTIPLE, NUMERIC, TEXT)
    questions = [await add_question(api, course, by, one, tags=["light"]) for one in wishes]
    retired = await api.call("PATCH", f"{at}/questions/{questions[2]}", {"retired": True}, by=by)
    assert retired.status == 200, retired
    parts = [{"question_id": questions[0]}, {"tag": "light", "count": 2}]
    await make_quiz(api, course, by, [], parts=parts, closes_at="2026-12-01T12:00:00Z")
    said = await api.call("POST", f"{at}/announcements", {"title": "Welcome", "body": "a\nb"}, by=by)
    assert said.status == 201, said
    return FullCourse(course, section, lesson, material, questions)


async def items(api: Api, course: str, kind: str, by: Person) -> list[Any]:
    """The first page of what a course has of a kind."""
    answer = await api.call("GET", f"{BASE}/{course}/{kind}?limit=200", by=by)
    assert answer.status == 200, answer
    return list(answer.body["items"])
