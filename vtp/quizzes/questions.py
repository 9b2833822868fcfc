"""Questions: the bank of a course, which its staff see and nobody else."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.permissions import Action, require
from vtp.courses.door import Entered, enter
from vtp.courses.items import CourseItems
from vtp.errors import Conflict, FieldError, Invalid
from vtp.http.identity import Principal
from vtp.ids import new_id
from vtp.quizzes.question_schemas import SOLUTION, CreateQuestion
from vtp.quizzes.question_store import (
    Question,
    add_question,
    change_question,
    count_by_tag,
    count_questions,
    find_question,
    is_named,
    page_of_questions,
    remove_question,
    tags_of_course,
    was_asked,
)

MAX_QUESTIONS: Final = 10_000


class Questions(CourseItems[Question]):
    """See `CourseItems`. Deleting one that has been asked retires it."""

    noun: ClassVar[str] = "question"

    async def page(
        self, principal: Principal, course_id: str, *, before: str | None, **wanted: Any
    ) -> tuple[list[Question], list[str] | None, dict[str, int] | None]:
        """A course's, newest first; `wanted` as in `page_of_questions`. With the first page: all tags, and
        of how many questions each draws."""
        async with self._database.read() as tx:
            inside = await enter(tx, principal, course_id, Action.COURSE_TEACH)
            found = await page_of_questions(tx, inside.course.id, before=before, **wanted)
            if before is not None:
                return found, None, None
            tags = await tags_of_course(tx, inside.course.id)
            return found, tags, await count_by_tag(tx, inside.course.id)

    async def _make(self, tx: AsyncConnection, inside: Entered, wish: CreateQuestion) -> Question:
        now = self._clock()
        if await count_questions(tx, inside.course.id) >= MAX_QUESTIONS:
            raise Conflict(f"A course has at most {MAX_QUESTIONS} questions.", code="too_many_questions")
        if any(choice.id is not None for choice in wish.choices or ()):
            raise Invalid(
                "The choices of a new question get their ids from the server.",
                errors=[FieldError("/choices", "name no ids")],
            )
        made = Question(
            new_id(),
            inside.course.id,
            wish.kind,
            wish.text,
            wish.points,
            wish.feedback,
            wish.solution(),
            None,
            now,
            now,
            wish.tags,
        )
        await add_question(tx, made)
        return made

    async def _row(self, tx: AsyncConnection, course_id: str, item_id: str) -> Question | None:
        return await find_question(tx, course_id, item_id)

    async def _check_seen(self, tx: AsyncConnection, inside: Entered, item: Question) -> None:
        require(inside.principal, Action.COURSE_TEACH, inside.course)

    async def _changes(
        self, tx: AsyncConnection, inside: Entered, item: Question, wanted: dict[str, Any]
    ) -> dict[str, Any]:
        values = {name: value for name, value in wanted.items() if name not in (*SOLUTION, "retired")}
        if "retired" in wanted:
            values["retired_at"] = (item.retired_at or self._clock()) if wanted["retired"] else None
        solution = {name: wanted[name] for name in SOLUTION if name in wanted}
        if solution:
            values["solution"] = await self._corrected(tx, item, solution)
        return values

    async def _corrected(self, tx: AsyncConnection, item: Question, wanted: dict[str, Any]) -> dict[str, Any]:
        """What is right from now on. Raises Invalid, Conflict for other choices than were asked."""
        try:
            solution = CreateQuestion.model_validate(
                {"kind": item.kind, "text": "x", **item.solution, **wanted}
            ).solution()
        except ValidationError as error:
            faults = [FieldError("/" + "/".join(map(str, one["loc"])), one["msg"]) for one in error.errors()]
            raise Invalid("The body is not acceptable; `errors` says where.", errors=faults) from None
        before = {choice["id"] for choice in item.solution.get("choices", ())}
        named = {choice.get("id") for choice in wanted.get("choices", ())} - {None}
        if not named <= before:
            raise Invalid(
                "A choice has an id that this question does not have.",
                errors=[FieldError("/choices", "names an id that is none of its choices'")],
            )
        after = {choice["id"] for choice in solution.get("choices", ())}
        if before != after and await was_asked(tx, item.id):
            raise Conflict(
                "This question has been asked: its choices can be reworded and be right or wrong, but none "
                "be added or removed. Retire it and make another.",
                code="question_asked",
            )
        return solution

    async def _write(
        self,
        tx: AsyncConnection,
        inside: Entered,
        item: Question,
        changed: Question,
        values: dict[str, Any],
    ) -> None:
        columns = {name: value for name, value in values.items() if name != "tags"}
        await change_question(tx, item, tags=values.get("tags"), **columns)

    async def _remove(self, tx: AsyncConnection, inside: Entered, item: Question) -> None:
        if await is_named(tx, item.id) or await was_asked(tx, item.id):
            await change_question(tx, item, tags=None, retired_at=item.retired_at or self._clock())
        else:
            await remove_question(tx, item.id)
