"""Quizzes by every kind of caller."""

from __future__ import annotations

from tests.api.callers import MISSING, Endpoint, assert_statuses, everybody, of
from tests.api.course_material import BASE, make_course
from tests.api.quiz_material import SINGLE, add_question
from tests.serving import Api, Person
from vtp.faces import build_tables

C = BASE + "/{id}"
QUESTION = f"{C}/questions/{{question_id}}"
#                     nobody new stu view ass tea own adm room elsewhere
OWNERS = of("              401 403 403 403 403 403 200 200 403 403")
OWNERS_MAKE = of("         401 403 403 403 403 403 201 201 403 403")
OWNERS_MISSING = of("      401 403 403 403 403 403 404 404 403 403")


def endpoints(course: str, question: str) -> list[Endpoint]:
    """What is asked of an active course that is listed; nobody is in it but whose it is."""
    at = f"{BASE}/{course}"
    return [
        Endpoint("GET", f"{at}/questions", OWNERS, f"{C}/questions"),
        Endpoint("POST", f"{at}/questions", OWNERS_MAKE, f"{C}/questions", body=SINGLE),
        Endpoint("GET", f"{at}/questions/{question}", OWNERS, QUESTION),
        Endpoint("PATCH", f"{at}/questions/{question}", OWNERS, QUESTION, body={}),
        Endpoint("DELETE", f"{at}/questions/{MISSING}", OWNERS_MISSING, QUESTION),
    ]


async def test_every_caller_gets_what_the_table_says(api: Api) -> None:
    callers = await everybody(api)
    owner = callers["owner"]
    assert isinstance(owner, Person)
    course = await make_course(api, owner)
    await assert_statuses(api, endpoints(course, await add_question(api, course, owner)), callers)


async def test_the_table_covers_every_endpoint(api: Api) -> None:
    [table] = [table for table in build_tables(api.server.services) if table.tag == "quizzes"]
    routes = {(route.method, route.path) for route in table.routes}
    assert routes == {one.declared for one in endpoints(MISSING, MISSING)}
