"""Quizzes in the grade book of their course: for staff, as a table, and for a student alone."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest

from tests.api.course_material import BASE, enrol, make_course, student
from tests.api.quiz_material import (
    SINGLE,
    TEXT,
    add_question,
    begin,
    end,
    make_quiz,
    save,
    times_are_over,
)
from tests.serving import Api, Person
from vtp.quizzes.tables import quiz_attempts, quizzes


async def right(api: Api, course: str, quiz: str, question: str, by: Person, *, ends: bool = True) -> str:
    """Answers one question of an attempt as it should be; gives the attempt's id."""
    attempt = (await begin(api, course, quiz, by)).body
    [asked] = [one for one in attempt["questions"] if one["question_id"] == question]
    [choice] = [one["id"] for one in asked["choices"] if one["text"] == "Jupiter"]
    assert (await save(api, course, attempt, question, {"choices": [choice]}, by)).status == 200
    if ends:
        assert (await end(api, course, attempt, by)).status == 200
    return str(attempt["id"])


async def test_quizzes_count_in_the_grade_book_as_assignments_do(api: Api, teacher: Person) -> None:
    course = await make_course(api, teacher)
    ann, ben = await student(api, "ann"), await student(api, "ben")
    for pupil in (ann, ben):
        await enrol(api, course, pupil)
    asked = await add_question(api, course, teacher, SINGLE)
    await add_question(api, course, teacher, TEXT, tags=["x"])
    await add_question(api, course, teacher, TEXT, tags=["x"], points=2.5)
    parts = [{"question_id": asked}, {"tag": "x", "count": 1}]
    quiz = await make_quiz(api, course, teacher, [], parts=parts, title="Planets")
    secret = await make_quiz(api, course, teacher, [asked], results="never", title="Secret")
    hidden = await make_quiz(api, course, teacher, [asked], published=False, title="Draft")
    made = await api.call("POST", f"{BASE}/{course}/assignments", {"title": "Essay", "points": 6}, by=teacher)
    essay = f"{BASE}/{course}/assignments/{made.body['id']}/grades/{ann.user_id}"
    assert (await api.call("PATCH", essay, {"points": 3, "released": True}, by=teacher)).status == 200
    await right(api, course, quiz, asked, ann)
    await right(api, course, secret, asked, ann)
    now = datetime.now(UTC)
    await times_are_over(api, quizzes, quiz, closes_at=now - timedelta(minutes=1))
    book = (await api.call("GET", f"{BASE}/{course}/grades", by=teacher)).body["items"]
    columns = [[(one["quiz_id"], one["status"], one["points"]) for one in row["quizzes"]] for row in book]
    assert columns[0] == [(hidden, "floating", None), (secret, "on_time", 2), (quiz, "on_time", 2)]
    assert columns[1] == [(hidden, "floating", None), (secret, "floating", None), (quiz, "missing", None)]
    of_drawn = book[0]["quizzes"][2]["out_of"]
    assert of_drawn in (3.5, 4.5), "of the attempt"
    assert book[1]["quizzes"][2]["out_of"] == 4.0, "in the mean of what can be drawn"
    got, most = 3 + 2 + 2, 6 + 2 + of_drawn
    assert book[0]["percent_to_date"] == int(got * 1000 / most) / 10
    assert (book[1]["percent_to_date"], book[1]["percent_overall"]) == (None, 0.0)
    mine = (await api.call("GET", f"{BASE}/{course}/grades/mine?limit=1", by=ann)).body
    assert [(one["quiz_id"], one["points"], one["released"]) for one in mine["quizzes"]] == [
        (secret, None, False),
        (quiz, 2, True),
    ]
    table = (await api.call("GET", f"{BASE}/{course}/grades/export", by=teacher)).body
    header, first, second = csv.reader(io.StringIO(str(table).lstrip("\ufeff")))
    assert header[3:11] == [
        "Essay (6)",
        "Essay: status",
        "Planets (4)",
        "Planets: status",
        "Secret (2)",
        "Secret: status",
        "Draft (2)",
        "Draft: status",
    ]
    assert first[3:11] == ["3.0", "floating", "2.0", "on_time", "2.0", "on_time", "", "floating"]
    assert second[5:9] == ["", "missing", "", "floating"]


@pytest.mark.sqlite_alone
async def test_an_attempt_whose_time_is_over_counts_and_those_of_other_courses_are_left_alone(
    api: Api, teacher: Person
) -> None:
    pupil, attempts, courses = await student(api, "ann"), [], []
    for _ in range(2):
        course = await make_course(api, teacher)
        await enrol(api, course, pupil)
        asked = await add_question(api, course, teacher, SINGLE)
        quiz = await make_quiz(api, course, teacher, [asked], time_limit_minutes=10)
        attempts.append(await right(api, course, quiz, asked, pupil, ends=False))
        courses.append(course)
    for one in attempts:
        await times_are_over(api, quiz_attempts, one, ends_at=datetime.now(UTC) - timedelta(minutes=1))
    mine = (await api.call("GET", f"{BASE}/{courses[0]}/grades/mine", by=pupil)).body["quizzes"]
    assert [(one["status"], one["points"]) for one in mine] == [("on_time", 2)]
    async with api.server.services.database.read() as tx:
        rows = await tx.execute(quiz_attempts.select().order_by(quiz_attempts.c.id))
        assert [row.ended_by for row in rows] == ["time", None]
