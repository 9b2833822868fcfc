"""Pages ask for nothing that is refused: the audit log has what people tried, and not that they came."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests.e2e.conftest import poll
from tests.e2e.school import School, person, running_school
from tests.e2e.screenshots import READY, STUDENT, Shown, fill
from tests.serving import Api, Person


@dataclass
class Course:
    """Where a student is, and what is there."""

    school: School
    shown: Shown
    admin: Person
    recording: str


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Course]:
    shown: list[Shown] = []
    admins: list[Person] = []

    async def prepare(loop: Any, api: Api) -> School:
        school = await fill(loop, api, shown)
        admins.append(await api.person("admin", "second@school.example"))
        return school

    with running_school(tmp_path_factory.mktemp("refused") / "data", prepare) as school:
        listed = f"/api/v1/courses/{shown[0].course}/recordings"
        recording = school.call("GET", listed)["items"][0]["recording_id"]
        school.call("POST", f"{listed}/{recording}/publish")
        yield Course(school, shown[0], admins[0], recording)


def refused(course: Course) -> list[str]:
    """The calls that were, by the log."""
    call = course.school.api.call("GET", "/api/v1/audit?event=authz_fail&limit=200", by=course.admin)
    return [
        f"{one['details']['call']} ({one['details']['code']})" for one in course.school.do(call).body["items"]
    ]


def test_a_student_who_looks_at_every_page_is_refused_nothing(course: Course, browser: Browser) -> None:
    student = person(browser, course.school, STUDENT)
    at, shown = f"/courses/{course.shown.course}", course.shown
    own = [path for who, _, path in shown.pages() if who == STUDENT]
    more = [
        *(f"{at}/{tab}" for tab in ("people", "announcements", "schedule", "materials", "recordings")),
        f"{at}/quizzes?quiz={shown.quiz}",
        f"/recordings/{course.recording}",
        *("/courses", "/recordings", "/notifications", "/notifications/settings", "/profile"),
    ]
    for path in (*own, *more):
        student.goto(course.school.api.base_url + path)
        poll(student, READY)
        expect(student.locator("h1").first).to_be_visible()
        assert (path, refused(course)) == (path, [])
