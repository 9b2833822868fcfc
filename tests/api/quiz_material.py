"""Quizzes for tests: made by the front door."""

from __future__ import annotations

from typing import Any

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
