"""What is read changes nothing, so that no address that somebody is sent to does (OWASP ASVS 5.0, 3.5.3)."""

from __future__ import annotations

import re

import pytest

from tests.api.assignment_material import assign, begin
from tests.api.callers import MISSING
from tests.api.course_material import add_lesson, add_section, enrol, student
from tests.api.coursework_material import add_material, upload, versions_of
from tests.api.quiz_material import add_question, make_quiz
from tests.api.quiz_material import begin as attempt
from tests.api.test_db_statements import ROOM, Pupils, all_reads, prepared
from tests.serving import Api, Person
from tests.statements import hearing
from vtp.faces import build_tables

CHANGES = re.compile(
    r"\s*(INSERT INTO (?!audit_log)|UPDATE|DELETE"
    r"|WITH\b.*\b(INSERT INTO (?!audit_log)|UPDATE \w+ SET|DELETE FROM))",
    re.DOTALL,
)
"""But what is noted of who read, or was refused it: no read changes that."""


async def contents(api: Api, who: Pupils, pupil: Person) -> dict[str, str]:
    """Makes one of each that a course holds, and a mail; gives the id by the word before it in an address."""
    course, by = who.course_id, who.teacher
    assert (await enrol(api, course, pupil)).status == 201
    material = await add_material(api, course, by)
    uploaded = await upload(api, versions_of(course, material), by)
    at = await assign(api, course, by)
    draft = await begin(api, at, pupil)
    question = await add_question(api, course, by)
    quiz = await make_quiz(api, course, by, [question])
    begun = await attempt(api, course, quiz, pupil)
    wanted = {"email": "new@school.example", "full_name": "New", "role": "student"}
    assert (await api.call("POST", "/api/v1/users", wanted, by=who.admin)).status == 201
    written = await api.call("GET", "/api/v1/mails", by=who.admin)
    return {
        "materials": material,
        "files": uploaded.body["id"],
        "assignments": at.rpartition("/")[2],
        "submissions": draft.rpartition("/")[2],
        "questions": question,
        "quizzes": quiz,
        "attempts": begun.body["id"],
        "lessons": await add_lesson(api, course, by),
        "sections": await add_section(api, course, by),
        "mails": written.body["items"][0]["mail_id"],
        "grades": pupil.user_id,
        "courses": course,
        "course": course,
        "rooms": ROOM,
        "users": by.user_id,
        "webhooks": who.hook_id,
    }


def addresses(api: Api, known: dict[str, str]) -> list[str]:
    """Every route that reads, of what there is."""
    routes = [route for table in build_tables(api.server.services) for route in table.routes]
    return [
        re.sub(r"([\w-]+)/{\w+[^}]*}", lambda found: f"{found[1]}/{known.get(found[1], MISSING)}", route.path)
        for route in routes
        if route.method == "GET" and route.path.startswith("/api/v1")
    ]


async def test_no_read_changes_a_row(api: Api) -> None:
    who = await prepared(api)
    pupil = await student(api, "reader")
    known = await contents(api, who, pupil)
    changed, answered = {}, set()
    for path in dict.fromkeys([*all_reads(api, who), *addresses(api, known)]):
        for by in (who.admin, who.teacher, pupil):
            cookie = {"Cookie": f"vtp_refresh={by.refresh_token}", "Sec-Fetch-Site": "same-origin"}
            with hearing() as heard:
                answer = await api.call("GET", path, by=by, headers=cookie)
            assert answer.status < 500, (path, answer)
            if answer.status == 200:
                answered.add(path)
            if found := [text for text in heard.of_calls if CHANGES.match(text)]:
                changed[path] = found
    assert not changed, changed
    single = ("materials", "files", "assignments", "submissions", "questions", "quizzes", "attempts", "mails")
    for noun in single:  # or the test would look at refusals alone
        assert any(f"/{noun}/{known[noun]}" in path for path in answered), noun


@pytest.mark.parametrize(
    ("text", "changes"),
    [
        ("WITH due AS (SELECT id FROM a)\nUPDATE a SET b = 1", True),
        ("WITH gone AS (DELETE FROM a RETURNING id) SELECT id FROM gone", True),
        ("WITH due AS (SELECT id FROM updates) SELECT * FROM due", False),
        ("UPDATE a SET b = 1", True),
        ("INSERT INTO audit_log (id) VALUES (1)", False),
        ("SELECT 1", False),
    ],
)
def test_a_change_is_heard_wherever_it_stands_in_a_statement(text: str, changes: bool) -> None:
    assert bool(CHANGES.match(text)) is changes
