"""Copies of whole courses: what they have, what becomes of dates, and what is left of one that fails."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from tests.api.course_material import BASE
from tests.api.coursework_material import add_material, lying, rows, until, upload, versions_of
from tests.api.full_course import NEWEST, full_course, items
from tests.serving import Api, Person
from vtp.courses.contents import CourseContents
from vtp.courses.tables import courses
from vtp.quizzes import contents
from vtp.rooms.tables import rooms

TERM = {"semester": "spring", "year": 2027}


async def test_a_copy_without_dates_has_everything_but_what_is_of_one_term(api: Api, teacher: Person) -> None:
    full = await full_course(api, teacher)
    made = await api.call("POST", f"{BASE}/{full.id}/copy", TERM, by=teacher)
    assert made.status == 201, made
    copy = made.body["id"]
    lessons = len(await items(api, full.id, "lessons", teacher))
    assert made.body["dates"] == "dropped"
    assert made.body["carried"] == {
        "sections": 1,
        "lessons": lessons,
        "materials": 2,
        "files": 1,
        "assignments": 1,
        "questions": 4,
        "quizzes": 1,
    }
    assert made.body["left"] == {"series": 1, "announcements": 1, "recordings": 0}
    [section] = await items(api, copy, "sections", teacher)
    assert (section["published"], section["release_at"]) == (False, None)
    copied = await items(api, copy, "lessons", teacher)
    assert {(one["starts_at"], one["schedule_id"]) for one in copied} == {(None, None)}
    [essay] = await items(api, copy, "assignments", teacher)
    [lesson] = [one["id"] for one in copied if one["title"] == "Read this"]
    assert (essay["due_at"], essay["late_until"], essay["published"]) == (None, None, True)
    assert [(one["id"], one["points"]) for one in essay["rubric"]] == [("a", 6), ("b", 4)]
    assert (essay["late_policy"], essay["late_percent"], essay["lesson_id"]) == ("deduct", 10, lesson)
    empty, notes = await items(api, copy, "materials", teacher)
    assert (empty["title"], empty["published"], empty["file"]) == ("Empty", False, None)
    assert (notes["lesson_id"], notes["versions"], notes["file"]["version"]) == (lesson, 1, 1)
    path = f"{BASE}/{copy}/files/{notes['file']['id']}"
    assert (await api.call("GET", path, by=teacher)).body == NEWEST
    assert (await api.call("DELETE", f"{BASE}/{full.id}", by=teacher)).status == 200

    async def is_alone() -> bool:
        await api.server.services.coursework.files.sweep()
        return len(lying(api)) == len(await rows(api)) == 1

    await until(is_alone)
    assert (await api.call("GET", path, by=teacher)).body == NEWEST, "it is the copy's own"


async def test_a_copied_quiz_asks_the_copied_questions(api: Api, teacher: Person) -> None:
    full = await full_course(api, teacher)
    copy = (await api.call("POST", f"{BASE}/{full.id}/copy", TERM, by=teacher)).body["id"]
    asked = [one for one in await items(api, copy, "questions", teacher) if one["kind"] == "single"]
    [quiz] = await items(api, copy, "quizzes", teacher)
    assert quiz["parts"] == [
        {"question_id": asked[0]["id"], "tag": None, "count": 1},
        {"question_id": None, "tag": "light", "count": 2},
    ]
    assert asked[0]["id"] not in full.questions
    assert [one["right"] for one in asked[0]["choices"]] == [True, False, False]
    retired = await api.call("GET", f"{BASE}/{copy}/questions?retired=true", by=teacher)
    assert [one["kind"] for one in retired.body["items"]] == ["numeric"]


async def test_shifted_dates_are_by_the_clock_on_the_wall_and_series_meet_by_their_rule(
    api: Api, teacher: Person
) -> None:
    full = await full_course(api, teacher)
    moved = next(one for one in await items(api, full.id, "lessons", teacher) if one["occurrence"])
    lesson = f"{BASE}/{full.id}/lessons/{moved['id']}"
    late = {"starts_at": "2026-10-06T10:00:00Z", "ends_at": "2026-10-06T11:00:00Z", "title": "Opening"}
    assert (await api.call("PATCH", lesson, late, by=teacher)).status == 200
    wish = {**TERM, "shift_days": 175}
    made = await api.call("POST", f"{BASE}/{full.id}/copy", wish, by=teacher)
    assert made.status == 201, made
    copy = made.body["id"]
    assert (made.body["dates"], made.body["left"]["series"], made.body["carried"]["series"]) == (
        "shifted",
        0,
        1,
    )
    [series] = await items(api, copy, "schedules", teacher)
    assert series["first_start"] == "2027-03-29T08:00", "25 weeks later, in summer as before"
    assert series["rule"] == "FREQ=WEEKLY;BYDAY=MO;UNTIL=20270607"
    lessons = {one["title"]: one for one in await items(api, copy, "lessons", teacher) if one["starts_at"]}
    first, other = lessons["Opening"], lessons["Excursion"]
    assert (first["starts_at"], first["touched"]) == ("2027-03-29T06:00:00Z", False)
    assert first["occurrence"] == series["first_start"]
    assert other["starts_at"] == "2027-05-14T07:00:00Z", "nine by the clock, in winter and in summer"
    [essay] = await items(api, copy, "assignments", teacher)
    assert (essay["due_at"], essay["late_until"]) == ("2027-04-13T21:59:00Z", "2027-04-20T21:59:00Z")
    [section] = await items(api, copy, "sections", teacher)
    assert (section["published"], section["release_at"]) == (True, "2027-03-25T07:00:00Z")
    [quiz] = await items(api, copy, "quizzes", teacher)
    assert quiz["closes_at"] == "2027-05-25T11:00:00Z"


@pytest.mark.parametrize("wish", [{"shift_days": 4000}, {"shift_days": 7, "time_zone": "Mars/Olympus"}])
@pytest.mark.sqlite_alone
async def test_a_shift_that_cannot_be_is_refused(api: Api, teacher: Person, wish: dict[str, object]) -> None:
    full = await full_course(api, teacher)
    assert (await api.call("POST", f"{BASE}/{full.id}/copy", {**TERM, **wish}, by=teacher)).status == 422


@pytest.mark.parametrize("harm", [Path.unlink, lambda path: os.truncate(path, 100)])
@pytest.mark.sqlite_alone
async def test_a_course_with_a_lost_file_is_copied_without_it(
    api: Api, teacher: Person, harm: Callable[[Path], object]
) -> None:
    full = await full_course(api, teacher)
    other = await add_material(api, full.id, teacher, title="Lost")
    lost = await upload(api, versions_of(full.id, other), teacher)
    assert lost.status == 201
    [path] = [one for one in lying(api) if one.name == lost.body["id"]]
    harm(path)
    gone = await api.call("GET", f"{BASE}/{full.id}/files/{lost.body['id']}", by=teacher)
    assert (gone.status, gone.body["code"]) == (410, "file_lost")
    made = await api.call("POST", f"{BASE}/{full.id}/copy", TERM, by=teacher)
    assert made.status == 201, made
    assert (made.body["carried"]["materials"], made.body["carried"]["files"]) == (3, 1)
    assert made.body["lost_files"] == [lost.body["name"]]
    copied = await items(api, made.body["id"], "materials", teacher)
    assert {one["title"]: one["file"] is not None for one in copied} == {
        "Notes": True,
        "Empty": False,
        "Lost": False,
    }


@pytest.mark.sqlite_alone
async def test_a_file_that_is_uploaded_meanwhile_has_the_copy_made_again(
    api: Api, teacher: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = await full_course(api, teacher)
    real = CourseContents.link_files

    async def link(contents: CourseContents, course_id: str, by: str) -> Any:
        found = await real(contents, course_id, by)
        assert (await upload(api, versions_of(full.id, full.material), teacher)).status == 201
        return found

    with monkeypatch.context() as patch:
        patch.setattr(CourseContents, "link_files", link)
        refused = await api.call("POST", f"{BASE}/{full.id}/copy", TERM, by=teacher)
    assert (refused.status, refused.body["code"]) == (409, "file_replaced")
    assert len(lying(api)) == len(await rows(api)) == 3
    assert (await api.call("POST", f"{BASE}/{full.id}/copy", TERM, by=teacher)).status == 201


async def test_nothing_is_left_of_a_copy_that_fails(
    api: Api, teacher: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = await full_course(api, teacher)
    database = api.server.services.database

    async def counted() -> tuple[int, ...]:
        async with database.read() as tx:
            found = [len((await tx.execute(select(table.c.id))).all()) for table in (courses, rooms)]
        return (*found, len(await rows(api)), len(lying(api)))

    before = await counted()

    async def fail(*_: object) -> None:
        raise ValueError("no more")

    monkeypatch.setattr(contents, "add_quiz", fail)
    assert (await api.call("POST", f"{BASE}/{full.id}/copy", TERM, by=teacher)).status == 500
    assert await counted() == before
