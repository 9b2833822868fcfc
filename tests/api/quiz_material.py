"""Quizzes for tests: made by the front door."""

from __future__ import annotations

from typing import Any

from sqlalchemy import update

from tests.api.course_material import BASE
from tests.serving import Answer, Api, Person

SINGLE = {
    "kind": "single",
    "text": "Which planet is the largest?",
    "points": 2,
    "choices": [{"text": "Jupiter", "right": True}, {"text": "Mars"}, {"text": "Venus"}],
}
MULTIPLE = {
    "kind": "multiple",
    "text": "Which are prime?",
    "points": 3,
    "choices": [
        {"text": "2", "right": True},
        {"text": "3", "right": True},
        {"text": "4"},
        {"text": "5", "right": True},
    ],
}
NUMERIC = {"kind": "numeric", "text": "g in m/s²?", "points": 1, "value": 9.81, "tolerance": 0.01}
TEXT = {"kind": "text", "text": "The capital of France?", "points": 1.5, "accepted": ["Paris"]}


async def add_question(api: Api, course: str, by: Person, wish: Any = None, **more: Any) -> str:
    """Another question; gives its id."""
    made = await new_question(api, course, by, wish, **more)
    assert made.status == 201, made
    return str(made.body["id"])


async def new_question(api: Api, course: str, by: Person, wish: Any = None, **more: Any) -> Answer:
    """Asks for another question, `SINGLE` unless another is wished."""
    return await api.call("POST", f"{BASE}/{course}/questions", {**(wish or SINGLE), **more}, by=by)


async def make_quiz(api: Api, course: str, by: Person, questions: list[str], **more: Any) -> str:
    """A published quiz of these questions; gives its id."""
    parts = [{"question_id": one} for one in questions]
    wish = {"title": "Test", "published": True, "results": "at_once", "parts": parts, **more}
    made = await api.call("POST", f"{BASE}/{course}/quizzes", wish, by=by)
    assert made.status == 201, made
    return str(made.body["id"])


async def begin(api: Api, course: str, quiz: str, by: Person) -> Answer:
    """Begins an attempt."""
    return await api.call("POST", f"{BASE}/{course}/quizzes/{quiz}/attempts", by=by)


async def save(
    api: Api, course: str, attempt: Any, question: str, answer: Any, by: Person, **more: Any
) -> Answer:
    """Saves one answer of an attempt."""
    path = f"{BASE}/{course}/quizzes/{attempt['quiz_id']}/attempts/{attempt['id']}/answers/{question}"
    return await api.call("PUT", path, {"answer": answer, **more}, by=by)


async def end(api: Api, course: str, attempt: Any, by: Person) -> Answer:
    """Ends an attempt."""
    path = f"{BASE}/{course}/quizzes/{attempt['quiz_id']}/attempts/{attempt['id']}/end"
    return await api.call("POST", path, by=by)


async def look(api: Api, course: str, attempt: Any, by: Person) -> Answer:
    """Reads an attempt."""
    return await api.call(
        "GET", f"{BASE}/{course}/quizzes/{attempt['quiz_id']}/attempts/{attempt['id']}", by=by
    )


async def times_are_over(api: Api, table: Any, row_id: str, **times: Any) -> None:
    """Sets times of a row: nobody waits for minutes."""
    async with api.server.services.database.transaction() as tx:
        await tx.execute(update(table).where(table.c.id == row_id).values(**times))
