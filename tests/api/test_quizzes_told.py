"""Students are told of quizzes."""

from __future__ import annotations

import asyncio

import pytest

from tests.api.course_material import BASE, enrol, make_course, student
from tests.api.notification_material import told
from tests.api.quiz_material import add_question, make_quiz
from tests.api.test_courses_schedules import series
from tests.serving import Api, Person
from vtp.coursework.news import ASSIGNED


async def test_a_class_is_told_of_a_quiz_once_when_it_is_published(api: Api, teacher: Person) -> None:
    course, pupil, other = (
        await make_course(api, teacher),
        await student(api, "told"),
        await student(api, "o"),
    )
    assert (await enrol(api, course, pupil)).status == 201
    question = await add_question(api, course, teacher)
    opens = {"opens_at": "2199-01-01T08:00:00Z", "closes_at": "2199-01-02T08:00:00Z"}
    quiz = await make_quiz(api, course, teacher, [question], published=False, **opens)
    path = f"{BASE}/{course}/quizzes/{quiz}"

    async def news() -> list[tuple[str, str]]:
        found = await told(api, pupil)
        return [(one["text"], one["link"]) for one in found if one["kind"] == "quiz_added"]

    async def set_to(published: bool) -> None:
        assert (await api.call("PATCH", path, {"published": published}, by=teacher)).status == 200

    assert await news() == []
    await asyncio.gather(set_to(True), set_to(True))
    await set_to(False)
    await set_to(True)
    text = "There is a new quiz: “Test”. It opens on 1 January 2199 at 08:00 UTC."
    closes = " It closes on 2 January 2199 at 08:00 UTC."
    assert await news() == [(text + closes, f"/courses/{course}/quizzes?quiz={quiz}")]
    for person in (teacher, other):
        assert "quiz_added" not in [one["kind"] for one in await told(api, person)]
    at_once = await make_quiz(api, course, teacher, [question])
    assert len(await news()) == 2
    assert (await api.call("DELETE", f"{BASE}/{course}/quizzes/{at_once}", by=teacher)).status == 204
    assert len(await news()) == 1, "what is gone leads nowhere"


async def test_what_was_told_of_a_quizs_times_stays_true_and_earlier_ones_are_told_anew(
    api: Api, teacher: Person
) -> None:
    course, pupil = await make_course(api, teacher), await student(api, "told")
    assert (await enrol(api, course, pupil)).status == 201
    question = await add_question(api, course, teacher)
    quiz = await make_quiz(api, course, teacher, [question], closes_at="2199-01-04T08:00:00Z")
    path = f"{BASE}/{course}/quizzes/{quiz}"

    async def told_after(**wish: object) -> list[str]:
        assert (await api.call("PATCH", path, wish, by=teacher)).status == 200
        found = [one for one in await told(api, pupil) if one["kind"] in ("quiz_added", "date_earlier")]
        assert {one["link"] for one in found} <= {f"/courses/{course}/quizzes?quiz={quiz}"}
        return [one["text"] for one in reversed(found)]

    def closes(day: int, title: str = "Test") -> str:
        return f"There is a new quiz: “{title}”. It closes on {day} January 2199 at 08:00 UTC."

    assert await told_after(title="Optics") == [closes(4, "Optics")]
    assert await told_after(title="Test", closes_at="2199-01-09T08:00:00Z") == [closes(9)]
    assert await told_after(opens_at="2020-01-01T08:00:00Z", closes_at="2199-01-02T08:00:00Z") == [
        "There is a new quiz: “Test”. It opens on 1 January 2020 at 08:00 UTC."
        " It closes on 2 January 2199 at 08:00 UTC.",
        "“Test” has other times. It opens on 1 January 2020 at 08:00 UTC."
        " It closes on 2 January 2199 at 08:00 UTC.",
    ]
    assert await told_after(opens_at=None, closes_at=None) == [
        "There is a new quiz: “Test”.",
        "“Test” has other times. It is open at any time.",
    ]
    assert (await told_after(closes_at="2199-01-09T08:00:00Z"))[1:] == [
        "“Test” has other times. It is open until 9 January 2199 at 08:00 UTC."
    ]
    assert len(await told_after(published=False)) == 2
    assert await told_after(closes_at="2199-01-02T08:00:00Z") == [], "it leads nowhere, and was not true"
    assert await told_after(published=True) == [closes(2)]
    [first] = [one["id"] for one in await told(api, pupil) if one["kind"] == "quiz_added"]
    hidden = {"published": False, "closes_at": "2199-01-04T08:00:00Z"}
    assert await told_after(**hidden, title="Secret") == [closes(2)], "what is hidden"
    assert await told_after(published=True) == [closes(4, "Secret")]
    assert (await told(api, pupil))[0]["id"] == first, "once"
    assert await told_after(title="Test", opens_at="2020-01-01T08:00:00Z") == [
        "There is a new quiz: “Test”. It opens on 1 January 2020 at 08:00 UTC."
        " It closes on 4 January 2199 at 08:00 UTC."
    ], "it was open"
    assert await told_after(closes_at="2020-01-02T08:00:00Z") == [], "nobody can do anything about it"
    assert await told_after(opens_at=None, closes_at="2199-01-03T08:00:00Z") == [closes(3)]
    assert (await told(api, pupil))[0]["id"] != first, "it is open again, and sooner over"
    opens = " It opens on 2 January 2199 at 08:00 UTC. It closes on 3 January 2199 at 08:00 UTC."
    news, moved = await told_after(opens_at="2199-01-02T08:00:00Z")
    assert (news, moved) == (f"There is a new quiz: “Test”.{opens}", f"“Test” has other times.{opens}")
    assert await told_after(opens_at=None) == [
        closes(3),
        "“Test” has other times. It is open until 3 January 2199 at 08:00 UTC.",
    ]


async def test_times_are_told_by_the_clocks_of_the_courses_newest_series(api: Api, teacher: Person) -> None:
    course, pupil = await make_course(api, teacher), await student(api, "clocks")
    assert (await enrol(api, course, pupil)).status == 201
    for zone in ("America/Lima", "Europe/Berlin"):
        await series(api, course, teacher, time_zone=zone)
    question = await add_question(api, course, teacher)
    opens = {"opens_at": "2199-01-01T08:00:00Z", "closes_at": "2199-07-01T23:30:00Z"}
    quiz = await make_quiz(api, course, teacher, [question], **opens)
    due = {"title": "Essay", "due_at": "2199-07-01T22:30:00Z"}
    assert (await api.call("POST", f"{BASE}/{course}/assignments", due, by=teacher)).status == 201
    found = {one["kind"]: one["text"] for one in await told(api, pupil)}
    assert found["quiz_added"] == (
        "There is a new quiz: “Test”. It opens on 1 January 2199 at 09:00 (Europe/Berlin)."
        " It closes on 2 July 2199 at 01:30 (Europe/Berlin)."
    )
    assert found[ASSIGNED.word] == (
        "There is a new assignment: “Essay”. It is due on 2 July 2199 at 00:30 (Europe/Berlin)."
    )
    early = await api.call("POST", f"{BASE}/{course}/quizzes/{quiz}/attempts", by=pupil)
    assert (early.status, early.body["detail"]) == (
        409,
        "This quiz opens on 1 January 2199 at 09:00 (Europe/Berlin).",
    )


async def test_a_course_that_students_do_not_come_into_is_told_of_no_quiz(api: Api, teacher: Person) -> None:
    course, pupil = await make_course(api, teacher, status="draft"), await student(api, "early")
    assert (await enrol(api, course, teacher, email="early@school.example")).status == 201
    await make_quiz(api, course, teacher, [await add_question(api, course, teacher)])
    assert "quiz_added" not in [one["kind"] for one in await told(api, pupil)]


async def test_of_a_quiz_that_has_closed_nobody_is_told(api: Api, teacher: Person) -> None:
    course, pupil = await make_course(api, teacher), await student(api, "late")
    assert (await enrol(api, course, pupil)).status == 201
    question = await add_question(api, course, teacher)
    await make_quiz(api, course, teacher, [question], closes_at="2020-01-01T08:00:00Z")
    later = await make_quiz(
        api, course, teacher, [question], published=False, closes_at="2020-01-01T08:00:00Z"
    )
    shown = await api.call("PATCH", f"{BASE}/{course}/quizzes/{later}", {"published": True}, by=teacher)
    assert shown.status == 200
    assert "quiz_added" not in [one["kind"] for one in await told(api, pupil)]


async def test_a_draft_that_becomes_active_tells_its_class_of_what_is_published_in_it(
    api: Api, teacher: Person
) -> None:
    course, pupil = await make_course(api, teacher, status="draft"), await student(api, "first")
    assert (await enrol(api, course, teacher, email="first@school.example")).status == 201
    question = await add_question(api, course, teacher)
    await make_quiz(api, course, teacher, [question], title="Seen")
    await make_quiz(api, course, teacher, [question], title="Hidden", published=False)
    await make_quiz(api, course, teacher, [question], title="Over", closes_at="2020-01-01T08:00:00Z")
    path = f"{BASE}/{course}/assignments"
    for title, more in (("Essay", {}), ("Later", {"published": False})):
        made = await api.call("POST", path, {"title": title, **more}, by=teacher)
        assert made.status == 201, made
    assert [one for one in await told(api, pupil) if one["kind"] in ("quiz_added", ASSIGNED.word)] == []

    async def open_it(status: str) -> list[tuple[str, str]]:
        answer = await api.call("PATCH", f"{BASE}/{course}", {"status": status}, by=teacher)
        assert answer.status == 200, answer
        wanted = ("quiz_added", ASSIGNED.word)
        return sorted((one["kind"], one["title"]) for one in await told(api, pupil) if one["kind"] in wanted)

    first = await open_it("active")
    assert first == sorted([("quiz_added", "Seen"), (ASSIGNED.word, "Essay")])
    await open_it("draft")
    assert await open_it("active") == first, "once"


async def test_of_many_that_are_there_at_once_a_class_is_told_in_one_sentence(
    api: Api, teacher: Person
) -> None:
    course, pupil = await make_course(api, teacher, status="draft"), await student(api, "many")
    assert (await enrol(api, course, teacher, email="many@school.example")).status == 201
    question = await add_question(api, course, teacher)
    for number in range(5):
        await make_quiz(api, course, teacher, [question], title=f"Quiz {number}")
        wish = {"title": f"Essay {number}"}
        assert (await api.call("POST", f"{BASE}/{course}/assignments", wish, by=teacher)).status == 201
    assert (await api.call("PATCH", f"{BASE}/{course}", {"status": "active"}, by=teacher)).status == 200
    found = {
        one["title"]: one for one in await told(api, pupil) if one["kind"] in ("quiz_added", ASSIGNED.word)
    }
    assert set(found) == {"5 quizzes", "5 assignments"}
    assert found["5 quizzes"]["text"] == "There are 5 new quizzes."
    assert found["5 assignments"]["link"] == f"/courses/{course}/assignments"


async def test_a_quiz_that_opens_at_once_is_told_anew(api: Api, teacher: Person) -> None:
    course, pupil = await make_course(api, teacher), await student(api, "told")
    assert (await enrol(api, course, pupil)).status == 201
    question = await add_question(api, course, teacher)
    for number, opens_at in enumerate((None, "2020-01-01T08:00:00Z")):
        quiz = await make_quiz(api, course, teacher, [question], opens_at="2199-01-02T08:00:00Z")
        path = f"{BASE}/{course}/quizzes/{quiz}"
        assert (await api.call("PATCH", path, {"opens_at": opens_at}, by=teacher)).status == 200
        assert [one["kind"] for one in await told(api, pupil)].count("date_earlier") == number + 1


async def test_a_quiz_that_was_published_after_its_time_by_mistake_is_told_with_the_right_one(
    api: Api, teacher: Person
) -> None:
    course, pupil = await make_course(api, teacher), await student(api, "told")
    assert (await enrol(api, course, pupil)).status == 201
    question = await add_question(api, course, teacher)
    quiz = await make_quiz(api, course, teacher, [question], closes_at="2020-01-02T08:00:00Z")
    wish = {"closes_at": "2199-01-02T08:00:00Z"}
    path = f"{BASE}/{course}/quizzes/{quiz}"
    assert (await api.call("PATCH", path, wish, by=teacher)).status == 200
    found = [one["text"] for one in await told(api, pupil) if one["kind"] == "quiz_added"]
    assert found == ["There is a new quiz: “Test”. It closes on 2 January 2199 at 08:00 UTC."]


@pytest.mark.both_databases
@pytest.mark.parametrize("status", ["active", "completed"])
async def test_of_many_that_a_class_knows_only_those_with_an_earlier_date_are_new_to_it(
    api: Api, teacher: Person, status: str
) -> None:
    course, pupil = await make_course(api, teacher, status="draft"), await student(api, "many")
    assert (await enrol(api, course, teacher, email="many@school.example")).status == 201
    question = await add_question(api, course, teacher)
    quizzes = [
        await make_quiz(
            api, course, teacher, [question], title=f"Quiz {number}", closes_at="2199-01-04T08:00:00Z"
        )
        for number in range(5)
    ]

    async def set_to(path: str, wish: dict[str, str]) -> None:
        assert (await api.call("PATCH", f"{BASE}/{course}{path}", wish, by=teacher)).status == 200

    async def texts() -> list[str]:
        found = [one for one in await told(api, pupil) if one["kind"] in ("quiz_added", "date_earlier")]
        return [one["text"] for one in reversed(found)]

    await set_to("", {"status": status})
    assert await texts() == ["There are 5 new quizzes."]
    await set_to("", {"status": "draft"})
    await set_to(f"/quizzes/{quizzes[0]}", {"closes_at": "2199-01-02T08:00:00Z"})
    await set_to("", {"status": status})
    assert await texts() == [
        "There are 5 new quizzes.",
        "There is a new quiz: “Quiz 0”. It closes on 2 January 2199 at 08:00 UTC.",
    ]
    await set_to("", {"status": "draft"})
    await set_to(f"/quizzes/{quizzes[0]}", {"title": "Secret"})
    assert "Secret" not in " ".join(await texts())
    await set_to("", {"status": status})
    assert "There is a new quiz: “Secret”. It closes on 2 January 2199 at 08:00 UTC." in await texts()
    assert len(await texts()) == 2
