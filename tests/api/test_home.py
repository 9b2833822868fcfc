"""One's home: what is next, due and new in all of one's courses."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.api.assignment_material import assign, begin, hand_in, prepared, soon
from tests.api.course_material import BASE, add_lesson, enrol, make_course, student
from tests.api.quiz_material import add_question, end, make_quiz, times_are_over
from tests.api.quiz_material import begin as begin_quiz
from tests.serving import Api, Person
from tests.statements import hearing
from vtp.courses.tables import course_announcements
from vtp.quizzes.tables import quizzes


async def home(api: Api, who: Person) -> dict[str, Any]:
    answer = await api.call("GET", "/api/v1/home", by=who)
    assert answer.status == 200, answer
    body: dict[str, Any] = answer.body
    return body


def titles(of: list[dict[str, Any]]) -> list[str]:
    return [one["title"] for one in of]


@pytest.fixture
async def school(api: Api) -> tuple[Person, Person, str]:
    """A teacher, a student of theirs, and where the course is."""
    teacher = await api.person("teacher")
    course = await make_course(api, teacher)
    pupil = await student(api, "pupil")
    assert (await enrol(api, course, pupil)).status == 201
    return teacher, pupil, course


async def test_lessons_that_run_or_come_within_a_week_are_in_the_order_of_time(
    api: Api, school: tuple[Person, Person, str]
) -> None:
    teacher, pupil, course = school

    async def lesson(title: str, starts: dict[str, float], ends: dict[str, float], **more: Any) -> None:
        times = {"starts_at": soon(**starts), "ends_at": soon(**ends)}
        await add_lesson(api, course, teacher, kind="live", title=title, **times, **more)

    await lesson("tomorrow", {"days": 1}, {"days": 1, "hours": 1})
    await lesson("now", {"hours": -1}, {"hours": 1})
    await lesson("over", {"hours": -3}, {"hours": -2})
    await lesson("too far", {"days": 8}, {"days": 8, "hours": 1})
    await lesson("hidden", {"days": 2}, {"days": 2, "hours": 1}, published=False)
    assert titles((await home(api, pupil))["lessons"]) == ["now", "tomorrow"]
    assert titles((await home(api, teacher))["lessons"]) == ["now", "tomorrow", "hidden"]


async def test_what_is_due_is_what_a_student_sees_has_not_handed_in_and_still_can(api: Api) -> None:
    teacher, pupil, done = await prepared(api, title="done", due_at=soon(days=1))
    course = done.split("/")[4]
    await assign(api, course, teacher, title="later", due_at=soon(days=3))
    await assign(api, course, teacher, title="sooner", due_at=soon(days=2), points=5)
    await assign(api, course, teacher, title="late", due_at=soon(days=-1), late_policy="accept")
    await assign(api, course, teacher, title="refused", due_at=soon(days=-1), late_policy="refuse")
    await assign(api, course, teacher, title="hidden", due_at=soon(days=2), published=False)
    await assign(api, course, teacher, title="far", due_at=soon(days=20))
    endless = [await assign(api, course, teacher, title=f"at any time {n}") for n in range(3)]
    assert (await hand_in(api, await begin(api, done, pupil), pupil)).status == 200
    due = (await home(api, pupil))["due"]
    assert [(one["title"], one["status"]) for one in due] == [
        ("late", "missing"),
        ("sooner", "floating"),
        ("later", "floating"),
        *((f"at any time {n}", "floating") for n in range(3)),
    ]
    assert (await hand_in(api, await begin(api, endless[0], pupil), pupil)).status == 200
    for released, left in ((False, [1, 2]), (True, [2])):
        grade = {"points": 1, "released": released}
        path = f"{endless[1]}/grades/{pupil.user_id}"
        assert (await api.call("PATCH", path, grade, by=teacher)).status == 200
        assert titles((await home(api, pupil))["due"])[3:] == [f"at any time {n}" for n in left]
    assert (due[1]["course_id"], due[1]["points"]) == (course, 5)
    assert (await home(api, teacher))["due"] == []


async def test_what_ones_group_has_handed_in_is_not_due(api: Api) -> None:
    teacher, pupil, at = await prepared(api, due_at=soon(days=1), for_groups=True)
    other = await student(api, "other")
    await enrol(api, at.split("/")[4], other)
    group = {"name": "x", "members": [pupil.user_id, other.user_id]}
    assert (await api.call("PUT", f"{at}/groups", {"groups": [group]}, by=teacher)).status == 200
    assert titles((await home(api, other))["due"]) == ["Essay"]
    assert (await hand_in(api, await begin(api, at, pupil), pupil)).status == 200
    assert (await home(api, other))["due"] == []


@pytest.mark.both_databases
async def test_what_one_has_handed_in_alone_is_not_due_beside_groups_of_other_assignments(api: Api) -> None:
    teacher, pupil, alone = await prepared(api, title="alone", due_at=soon(days=1))
    course = alone.split("/")[4]
    for title in ("first", "second"):
        at = await assign(api, course, teacher, title=title, due_at=soon(days=2), for_groups=True)
        group = {"name": "x", "members": [pupil.user_id]}
        assert (await api.call("PUT", f"{at}/groups", {"groups": [group]}, by=teacher)).status == 200
    assert titles((await home(api, pupil))["due"]) == ["alone", "first", "second"]
    assert (await hand_in(api, await begin(api, alone, pupil), pupil)).status == 200
    assert titles((await home(api, pupil))["due"]) == ["first", "second"]
    assert (await hand_in(api, await begin(api, at, pupil), pupil)).status == 200
    assert titles((await home(api, pupil))["due"]) == ["first"]


async def test_a_quiz_is_due_that_a_student_can_take_and_has_not_taken(
    api: Api, school: tuple[Person, Person, str]
) -> None:
    teacher, pupil, course = school
    question = await add_question(api, course, teacher)

    async def quiz(title: str, **more: Any) -> str:
        return await make_quiz(api, course, teacher, [question], title=title, **more)

    soon_over = await quiz("soon", closes_at=soon(hours=1), time_limit_minutes=20)
    await quiz("later", closes_at=soon(days=3), attempts_allowed=3)
    done = await quiz("done", closes_at=soon(days=3), attempts_allowed=3)
    at = await quiz("at it")
    closed = await quiz("closed with more time", closes_at=soon(days=1))
    await quiz("not open", opens_at=soon(hours=1), closes_at=soon(days=1))
    await quiz("hidden", closes_at=soon(days=1), published=False)
    await quiz("far", closes_at=soon(days=20))
    endless = await quiz("at any time", attempts_allowed=3)
    await quiz("not open for ever", opens_at=soon(hours=1))
    await times_are_over(api, quizzes, closed, closes_at=datetime.now(UTC) - timedelta(minutes=10))
    await end(api, course, (await begin_quiz(api, course, done, pupil)).body, pupil)
    assert (await begin_quiz(api, course, at, pupil)).status == 201
    seen = (await home(api, pupil))["quizzes"]
    assert titles(seen) == ["soon", "later", "at it", "at any time"]
    assert (seen[0]["id"], seen[0]["time_limit_minutes"], seen[0]["begun"]) == (soon_over, 20, False)
    assert (seen[2]["begun"], seen[2]["ends_at"]) == (True, None)
    extra = f"{BASE}/{course}/quizzes/{closed}/extra-time/{pupil.user_id}"
    for minutes, is_open in ((5, False), (60, True)):
        assert (await api.call("PUT", extra, {"minutes": minutes}, by=teacher)).status == 200
        assert ("closed with more time" in titles((await home(api, pupil))["quizzes"])) is is_open
    await end(api, course, (await begin_quiz(api, course, endless, pupil)).body, pupil)
    assert "at any time" not in titles((await home(api, pupil))["quizzes"])
    assert (await home(api, teacher))["quizzes"] == []


async def test_teachers_have_what_waits_for_a_grade_until_its_students_see_one(api: Api) -> None:
    teacher, pupil, at = await prepared(api, title="Later", due_at=soon(days=2))
    course = at.split("/")[4]
    other = await student(api, "other")
    await enrol(api, course, other)
    together = await assign(api, course, teacher, title="Together", due_at=soon(days=1), for_groups=True)
    group = {"name": "x", "members": [pupil.user_id, other.user_id]}
    assert (await api.call("PUT", f"{together}/groups", {"groups": [group]}, by=teacher)).status == 200
    await begin(api, at, other)  # a draft is nobody's business

    async def waiting() -> list[tuple[str, int]]:
        return [(one["title"], one["waiting"]) for one in (await home(api, teacher))["to_grade"]]

    assert await waiting() == []
    for where in (at, together):
        assert (await hand_in(api, await begin(api, where, pupil), pupil)).status == 200
    assert await waiting() == [("Together", 2), ("Later", 1)]
    assert (await home(api, pupil))["to_grade"] == []
    grade = f"{at}/grades/{pupil.user_id}"
    assert (await api.call("PATCH", grade, {"points": 1}, by=teacher)).status == 200
    assert await waiting() == [("Together", 2), ("Later", 1)], "nobody sees a draft"
    assert (await api.call("POST", f"{at}/release-grades", by=teacher)).status == 200
    assert await waiting() == [("Together", 2)]
    assert (await hand_in(api, await begin(api, at, pupil), pupil)).status == 200
    assert await waiting() == [("Together", 2), ("Later", 1)], "it was handed in again"
    assert (await api.call("PATCH", grade, {"points": 2, "released": False}, by=teacher)).status == 200
    assert (await hand_in(api, await begin(api, at, pupil), pupil)).status == 200
    assert (await api.call("POST", f"{at}/release-grades", by=teacher)).status == 200
    assert await waiting() == [("Together", 2), ("Later", 1)], "what was released is of the one before"
    everybody = {"points": 1, "for_group": True, "released": True}
    one = f"{together}/grades/{other.user_id}"
    assert (await api.call("PATCH", one, everybody, by=teacher)).status == 200
    assert await waiting() == [("Later", 1)]


@pytest.mark.sqlite_alone
async def test_who_watches_alone_is_told_of_no_work(api: Api) -> None:
    teacher, pupil, at = await prepared(api, due_at=soon(days=1))
    course = at.split("/")[4]
    question = await add_question(api, course, teacher)
    await make_quiz(api, course, teacher, [question], title="Quiz", closes_at=soon(days=1))
    viewer: Person = await api.person("viewer")
    assert (await enrol(api, course, viewer)).status == 201

    async def work(who: Person) -> list[str]:
        seen = await home(api, who)
        return titles(seen["due"]) + titles(seen["quizzes"])

    assert (await work(pupil), await work(viewer)) == (["Essay", "Quiz"], [])
    given = {"user_id": pupil.user_id, "role": "observer"}
    assert (await api.call("POST", f"{BASE}/{course}/permissions", given, by=teacher)).status == 201
    assert await work(pupil) == []


@pytest.mark.sqlite_alone
async def test_announcements_that_came_with_an_old_course_are_not_new(
    api: Api, school: tuple[Person, Person, str]
) -> None:
    teacher, pupil, course = school
    at = f"{BASE}/{course}/announcements"
    ids = [(await api.call("POST", at, {"title": one}, by=teacher)).body["id"] for one in ("old", "new")]
    was = datetime.now(UTC) - timedelta(days=90)
    await times_are_over(api, course_announcements, ids[0], created_at=was)
    assert titles((await home(api, pupil))["announcements"]) == ["new"]


async def test_announcements_and_unread_are_of_active_courses_that_one_takes_part_in(
    api: Api, school: tuple[Person, Person, str]
) -> None:
    teacher, pupil, course = school
    elsewhere = await make_course(api, teacher)
    for one, title in ((course, "first"), (elsewhere, "not mine"), (course, "then")):
        path = f"{BASE}/{one}/announcements"
        assert (await api.call("POST", path, {"title": title}, by=teacher)).status == 201
    seen = await home(api, pupil)
    assert titles(seen["announcements"]) == ["then", "first"]
    assert ([one["id"] for one in seen["courses"]], seen["unread"]) == ([course], 2)
    assert seen["courses"][0]["teaches"] is False
    assert (await api.call("PATCH", f"{BASE}/{course}", {"status": "archived"}, by=teacher)).status == 200
    seen = await home(api, pupil)
    assert (seen["courses"], seen["announcements"]) == ([], [])


async def test_a_home_of_many_courses_asks_as_much_as_one_of_a_single_one(
    api: Api, school: tuple[Person, Person, str]
) -> None:
    teacher, pupil, course = school
    asked = []
    for _ in range(2):
        await assign(api, course, teacher, due_at=soon(days=1))
        with hearing() as heard:
            seen = await home(api, pupil)
        asked.append(len(heard.of_calls))
        for _ in range(3):
            course = await make_course(api, teacher)
            assert (await enrol(api, course, pupil)).status == 201
    assert len(seen["courses"]) == 4
    assert asked[0] == asked[1], asked
