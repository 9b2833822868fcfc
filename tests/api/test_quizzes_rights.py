"""Quizzes by every kind of caller."""

from __future__ import annotations

from tests.api.callers import MISSING, Endpoint, assert_covers, assert_statuses, everybody, of
from tests.api.course_material import BASE, make_course
from tests.api.quiz_material import SINGLE, add_question, make_quiz
from tests.serving import Api, Person

OF_AN_ATTEMPT: list[tuple[str, str, str, object]] = [
    ("GET", "", "", None),
    ("PUT", f"/answers/{MISSING}", "/answers/{question_id}", {"answer": None}),
    ("POST", "/end", "/end", None),
    ("PUT", f"/points/{MISSING}", "/points/{question_id}", {"points": 1, "reason": "x"}),
]
C = BASE + "/{id}"
QUIZ = f"{C}/quizzes/{{quiz_id}}"
QUESTION = f"{C}/questions/{{question_id}}"
#                     nobody new stu view ass tea own adm room elsewhere
OWNERS = of("              401 403 403 403 403 403 200 200 403 403")
OWNERS_MAKE = of("         401 403 403 403 403 403 201 201 403 403")
OWNERS_MISSING = of("      401 403 403 403 403 403 404 404 403 403")


def endpoints(course: str, question: str, quiz: str) -> list[Endpoint]:
    """What is asked of an active course that is listed; nobody is in it but whose it is."""
    at = f"{BASE}/{course}"
    return [
        Endpoint("GET", f"{at}/questions", OWNERS, f"{C}/questions"),
        Endpoint("POST", f"{at}/questions", OWNERS_MAKE, f"{C}/questions", body=SINGLE),
        Endpoint("GET", f"{at}/questions/{question}", OWNERS, QUESTION),
        Endpoint("PATCH", f"{at}/questions/{question}", OWNERS, QUESTION, body={}),
        Endpoint("DELETE", f"{at}/questions/{MISSING}", OWNERS_MISSING, QUESTION),
        Endpoint("GET", f"{at}/quizzes", OWNERS, f"{C}/quizzes"),
        Endpoint("POST", f"{at}/quizzes", OWNERS_MAKE, f"{C}/quizzes", body={"title": "x"}),
        Endpoint("GET", f"{at}/quizzes/{quiz}", OWNERS, QUIZ),
        Endpoint("PATCH", f"{at}/quizzes/{quiz}", OWNERS, QUIZ, body={}),
        Endpoint("DELETE", f"{at}/quizzes/{MISSING}", OWNERS_MISSING, QUIZ),
        Endpoint("GET", f"{at}/quizzes/{quiz}/extra-time", OWNERS, f"{QUIZ}/extra-time"),
        Endpoint(
            "PUT",
            f"{at}/quizzes/{quiz}/extra-time/{MISSING}",
            OWNERS_MISSING,
            f"{QUIZ}/extra-time/{{user_id}}",
            body={"minutes": 5},
        ),
        Endpoint("POST", f"{at}/quizzes/{quiz}/regrade", OWNERS, f"{QUIZ}/regrade"),
        Endpoint("GET", f"{at}/quiz-results/export", OWNERS, f"{C}/quiz-results/export"),
        Endpoint("GET", f"{at}/quizzes/{quiz}/attempts", OWNERS, f"{QUIZ}/attempts"),
        Endpoint("POST", f"{at}/quizzes/{quiz}/attempts", of("401" + " 403" * 9), f"{QUIZ}/attempts"),
        *(
            Endpoint(
                method,
                f"{at}/quizzes/{quiz}/attempts/{MISSING}{path}",
                OWNERS_MISSING,
                f"{QUIZ}/attempts/{{attempt_id}}{route}",
                body=body,
            )
            for method, path, route, body in OF_AN_ATTEMPT
        ),
    ]


async def test_every_caller_gets_what_the_table_says(api: Api) -> None:
    callers = await everybody(api)
    owner = callers["owner"]
    assert isinstance(owner, Person)
    course = await make_course(api, owner)
    question = await add_question(api, course, owner)
    quiz = await make_quiz(api, course, owner, [question])
    await assert_statuses(api, endpoints(course, question, quiz), callers)


async def test_the_table_covers_every_endpoint(api: Api) -> None:
    assert_covers(api, "quizzes", endpoints(MISSING, MISSING, MISSING))
