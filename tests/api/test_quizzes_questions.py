"""The bank of a course: questions are made, corrected, tagged, found; students see none of it."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest

from tests.api.course_material import BASE, enrol, make_course
from tests.api.quiz_material import MULTIPLE, NUMERIC, SINGLE, TEXT, add_question, new_question
from tests.serving import Api, Person


async def test_a_question_of_each_kind_is_made_changed_and_found(api: Api, teacher: Person) -> None:
    course = await make_course(api, teacher)
    at = f"{BASE}/{course}/questions"
    made = [
        (await new_question(api, course, teacher, wish, tags=["week 1", kind])).body
        for kind, wish in (("c", SINGLE), ("c", MULTIPLE), ("n", NUMERIC), ("t", TEXT))
    ]
    assert [one["kind"] for one in made] == ["single", "multiple", "numeric", "text"]
    assert made[0]["choices"][0]["text"] == "Jupiter" and made[0]["value"] is None
    assert made[2]["tolerance_kind"] == "absolute" and made[3]["ignore_case"] is True
    page = (await api.call("GET", f"{at}?limit=3&tag=week%201", by=teacher)).body
    rest = (await api.call("GET", f"{at}?limit=3&tag=week%201&cursor={page['next_cursor']}", by=teacher)).body
    assert page["items"] + rest["items"] == made[::-1] and rest["next_cursor"] is None
    assert (await api.call("GET", f"{at}?tag=c&kind=multiple", by=teacher)).body["items"] == [made[1]]

    one = f"{at}/{made[2]['id']}"
    tag = (await api.call("GET", one, by=teacher)).headers["ETag"]
    wish = {"value": 9.8, "tolerance_kind": "relative", "tags": ["n"], "feedback": "Galilei"}
    changed = await api.call("PATCH", one, wish, by=teacher, headers={"If-Match": tag})
    assert changed.status == 200 and changed.body["tolerance"] == 0.01
    assert {name: changed.body[name] for name in wish} == wish
    stale = await api.call("PATCH", one, {"value": 1}, by=teacher, headers={"If-Match": tag})
    assert stale.status == 412
    assert (await api.call("PATCH", one, {"retired": True}, by=teacher)).body["retired_at"]
    assert len((await api.call("GET", at, by=teacher)).body["items"]) == 3
    assert len((await api.call("GET", f"{at}?retired=true", by=teacher)).body["items"]) == 1
    assert (await api.call("DELETE", one, by=teacher)).status == 204
    assert (await api.call("GET", one, by=teacher)).body["code"] == "no_such_question"


async def test_questions_are_found_by_words_and_by_the_quiz_that_names_them(
    api: Api, teacher: Person
) -> None:
    course = await make_course(api, teacher)
    at = f"{BASE}/{course}/questions"
    made = {}
    for text, tags in (("The speed of LIGHT?", ["optics"]), ("100 % light", []), ("Heat?", ["light work"])):
        made[text] = await add_question(api, course, teacher, text=text, tags=tags)

    async def found(**wish: str) -> list[str]:
        got = await api.call("GET", f"{at}?{urlencode(wish)}", by=teacher)
        assert got.status == 200, got
        return [one["text"] for one in got.body["items"]]

    assert await found(q="light") == ["Heat?", "100 % light", "The speed of LIGHT?"]
    assert await found(q="light speed") == ["The speed of LIGHT?"]
    assert await found(q="%") == ["100 % light"]
    assert await found(q="light optics") == ["The speed of LIGHT?"]
    page = (await api.call("GET", at, by=teacher)).body
    assert page["tag_counts"] == {"optics": 1, "light work": 1}
    assert (await api.call("PATCH", f"{at}/{made['Heat?']}", {"retired": True}, by=teacher)).status == 200
    page = (await api.call("GET", at, by=teacher)).body
    assert (page["tags"], page["tag_counts"]) == (["light work", "optics"], {"optics": 1})
    parts = [{"question_id": made["100 % light"]}, {"tag": "optics", "count": 1}]
    quiz = await api.call("POST", f"{BASE}/{course}/quizzes", {"title": "Test", "parts": parts}, by=teacher)
    assert quiz.status == 201, quiz
    assert await found(quiz_id=quiz.body["id"]) == ["100 % light"]


async def test_students_read_nothing_of_the_bank(api: Api, teacher: Person) -> None:
    course, pupil = await make_course(api, teacher), await api.person("student")
    await enrol(api, course, pupil)
    question = await add_question(api, course, teacher)
    for path in ("questions", f"questions/{question}"):
        assert (await api.call("GET", f"{BASE}/{course}/{path}", by=pupil)).status == 403
    assert (await new_question(api, course, pupil)).status == 403


ONE = [{"text": "a", "right": True}]
BOTH = [{"text": "a", "right": True}, {"text": "b", "right": True}]
WRONG: list[tuple[Any, dict[str, Any]]] = [
    (SINGLE, {"choices": ONE}),
    (SINGLE, {"choices": BOTH}),
    (MULTIPLE, {"choices": [{"text": "a"}, {"text": "b"}]}),
    (SINGLE, {"choices": [{"id": "0123456789ab", "text": "a", "right": True}, {"text": "b"}]}),
    (SINGLE, {"value": 1}),
    (NUMERIC, {"value": None}),
    (NUMERIC, {"value": 1e300}),
    (NUMERIC, {"tolerance": -1}),
    (TEXT, {"accepted": []}),
    (TEXT, {"accepted": ["  "]}),
    (TEXT, {"text": "NUL \0"}),
    (TEXT, {"points": -1}),
    (TEXT, {"points": 0.001}),
    (TEXT, {"kind": "essay"}),
]


async def test_a_question_that_has_no_right_answer_is_refused_with_its_fault(
    api: Api, teacher: Person
) -> None:
    course = await make_course(api, teacher)
    for wish, more in WRONG:
        refused = await new_question(api, course, teacher, wish, **more)
        assert refused.status == 422 and refused.body["errors"], (more, refused)
    question = await add_question(api, course, teacher)
    one = f"{BASE}/{course}/questions/{question}"
    for more in ({"choices": BOTH}, {"value": 1}, {"text": None}, {"choices": None}):
        assert (await api.call("PATCH", one, more, by=teacher)).status == 422, more
    assert (await api.call("GET", one, by=teacher)).body["text"] == SINGLE["text"]


@pytest.mark.sqlite_alone
async def test_a_question_of_another_course_is_not_found(api: Api, teacher: Person) -> None:
    course, other = await make_course(api, teacher), await make_course(api, teacher)
    question = await add_question(api, course, teacher)
    for method in ("GET", "PATCH", "DELETE"):
        path = f"{BASE}/{other}/questions/{question}"
        assert (await api.call(method, path, {} if method == "PATCH" else None, by=teacher)).status == 404
