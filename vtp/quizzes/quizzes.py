"""Quizzes: what is asked of a course's students, when, and of some of them longer."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.audit import AuditLog
from vtp.accounts.permissions import Action
from vtp.accounts.service import Clock, utc_now
from vtp.accounts.users import find_user
from vtp.courses.door import Entered, enter, enter_to_change
from vtp.courses.items import CourseItems
from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.errors import Conflict, FieldError, Forbidden, Invalid, NotFound
from vtp.http.identity import Principal
from vtp.ids import new_id, parse_id
from vtp.quizzes.attempt_store import open_attempts, set_ends
from vtp.quizzes.ending import Ending, running_attempts
from vtp.quizzes.question_store import questions_by_id
from vtp.quizzes.quiz_schemas import CreateQuiz
from vtp.quizzes.quiz_store import (
    MAX_QUIZZES,
    ExtraTime,
    Part,
    Quiz,
    Results,
    add_quiz,
    change_quiz,
    count_quizzes,
    extra_minutes,
    find_quiz,
    page_of_extra_time,
    page_of_quizzes,
    remove_quiz,
    set_extra_time,
    set_parts,
    was_attempted,
)
from vtp.quizzes.telling import QuizTeller
from vtp.quizzes.timing import ends_at

_TIMES = frozenset({"closes_at", "time_limit_minutes"})


class Quizzes(CourseItems[Quiz]):
    """See `CourseItems`. What has been attempted is not deleted."""

    noun: ClassVar[str] = "quiz"
    nullable: ClassVar[frozenset[str]] = frozenset(
        {"opens_at", "closes_at", "time_limit_minutes", "attempts_allowed"}
    )

    def __init__(
        self,
        database: Database,
        audit: AuditLog,
        ending: Ending,
        teller: QuizTeller,
        *,
        clock: Clock = utc_now,
    ) -> None:
        super().__init__(database, audit, clock=clock)
        self._ending = ending
        self._teller = teller

    async def page(
        self, principal: Principal, course_id: str, *, limit: int, before: str | None
    ) -> tuple[list[Quiz], bool]:
        """A course's, newest first, and whether the caller is of its staff, who see all of them."""
        async with self._database.read() as tx:
            inside = await enter(tx, principal, course_id, Action.COURSE_VIEW)
            staff = inside.may(Action.COURSE_TEACH)
            found = await page_of_quizzes(tx, inside.course.id, hidden=staff, limit=limit, before=before)
        return found, staff

    async def read(self, principal: Principal, course_id: str, quiz_id: str) -> tuple[Quiz, bool]:
        """One that the caller may see, and whether they are of the staff."""
        async with self._database.read() as tx:
            inside = await enter(tx, principal, course_id, Action.COURSE_VIEW)
            quiz = await self.find(tx, inside, quiz_id)
            await self._check_seen(tx, inside, quiz)
            return quiz, inside.may(Action.COURSE_TEACH)

    async def people_with_more_time(
        self, principal: Principal, course_id: str, quiz_id: str, *, limit: int, after: str | None
    ) -> list[ExtraTime]:
        """Who has more time, by account."""
        async with self._database.read() as tx:
            inside = await enter(tx, principal, course_id, Action.COURSE_TEACH)
            quiz = await self.find(tx, inside, quiz_id)
            return await page_of_extra_time(tx, quiz.id, limit=limit, after=after)

    async def give_time(
        self, principal: Principal, course_id: str, quiz_id: str, user_id: str, minutes: int
    ) -> ExtraTime:
        """Gives somebody so many minutes more than others, also in the attempt that they are at when this is
        called; one whose time was over by then stays over."""
        wanted = parse_id(user_id, "/path/user_id")
        return await self._give_time(principal, course_id, quiz_id, wanted, minutes, self._clock())

    @done_over
    async def _give_time(
        self,
        principal: Principal,
        course_id: str,
        quiz_id: str,
        wanted: str,
        minutes: int,
        asked_at: datetime,
    ) -> ExtraTime:
        async with self._database.transaction() as tx:
            inside = await enter_to_change(tx, principal, course_id, Action.COURSE_TEACH)
            quiz = await self.find(tx, inside, quiz_id)
            await find_quiz(tx, inside.course.id, quiz.id, lock=True)  # as who begins at this moment does
            user = await find_user(tx, wanted)
            if user is None:
                raise NotFound("There is no such account.", code="no_such_account")
            await set_extra_time(tx, quiz.id, wanted, minutes, self._clock())
            running = await running_attempts(tx, quiz.id, asked_at, wanted)
            await set_ends(tx, {one.id: ends_at(quiz, one.begun_at, minutes) for one in running})
        return ExtraTime(wanted, user.full_name, minutes)

    async def regrade(self, principal: Principal, course_id: str, quiz_id: str) -> tuple[int, int]:
        """Grades every attempt that has ended by the questions as they are now; what was given by hand stays.

        Gives how many there are, and how many are worth something else. Raises Conflict in an archived
        course.
        """
        quiz = await self._to_regrade(principal, course_id, quiz_id)
        graded = changed = 0
        after = ""
        while True:
            ids, others = await self._ending.regrade_some(quiz.id, after)
            if not ids:
                return graded, changed
            graded, changed, after = graded + len(ids), changed + others, ids[-1]

    @done_over
    async def _to_regrade(self, principal: Principal, course_id: str, quiz_id: str) -> Quiz:
        async with self._database.transaction() as tx:
            inside = await enter_to_change(tx, principal, course_id, Action.COURSE_TEACH)
            return await self.find(tx, inside, quiz_id)

    async def _make(self, tx: AsyncConnection, inside: Entered, wish: CreateQuiz) -> Quiz:
        if await count_quizzes(tx, inside.course.id) >= MAX_QUIZZES:
            raise Conflict(f"A course has at most {MAX_QUIZZES} quizzes.", code="too_many_quizzes")
        now = self._clock()
        values = {name: getattr(wish, name) for name in CreateQuiz.model_fields if name != "parts"}
        parts = [Part(part.question_id, part.tag, part.count) for part in wish.parts]
        made = Quiz(
            id=new_id(), course_id=inside.course.id, created_at=now, updated_at=now, parts=parts, **values
        )
        await _check(tx, made)
        await add_quiz(tx, made)
        if made.published:
            await self._teller.published(tx, inside.course, made, now)
        return made

    async def _row(self, tx: AsyncConnection, course_id: str, item_id: str) -> Quiz | None:
        return await find_quiz(tx, course_id, item_id)

    async def _check_seen(self, tx: AsyncConnection, inside: Entered, item: Quiz) -> None:
        if not item.published and not inside.may(Action.COURSE_TEACH):
            raise Forbidden("This quiz is not published yet.", code="not_released")

    async def _changes(
        self, tx: AsyncConnection, inside: Entered, item: Quiz, wanted: dict[str, Any]
    ) -> dict[str, Any]:
        if "parts" in wanted:
            wanted["parts"] = [
                Part(one.get("question_id"), one.get("tag"), one.get("count", 1)) for one in wanted["parts"]
            ]
        return wanted

    async def _settle(
        self, tx: AsyncConnection, item: Quiz, values: Mapping[str, Any], asked_at: datetime
    ) -> None:
        """Attempts that were over then stay over."""
        await find_quiz(tx, item.course_id, item.id, lock=True)  # from who begins it
        if _TIMES & values.keys():
            await running_attempts(tx, item.id, asked_at)

    async def _write(
        self, tx: AsyncConnection, inside: Entered, item: Quiz, changed: Quiz, values: dict[str, Any]
    ) -> None:
        await _check(tx, changed, parts="parts" in values)
        columns = {name: value for name, value in values.items() if name != "parts"}
        await change_quiz(tx, item.id, **columns)
        if "parts" in values:
            await set_parts(tx, item.id, changed.parts)
        if _TIMES & values.keys():
            running = await open_attempts(tx, item.id)
            extra = await extra_minutes(tx, item.id, [one.user_id for one in running])
            ends = {one.id: ends_at(changed, one.begun_at, extra.get(one.user_id, 0)) for one in running}
            await set_ends(tx, ends)
        await self._teller.changed(tx, inside.course, item, changed, self._clock())

    async def _remove(self, tx: AsyncConnection, inside: Entered, item: Quiz) -> None:
        await find_quiz(tx, item.course_id, item.id, lock=True)
        if await was_attempted(tx, item.id):
            raise Conflict(
                "This quiz has been attempted: take it back from students by `published` instead.",
                code="quiz_attempted",
            )
        await remove_quiz(tx, item.id)
        await self._teller.removed(tx, item.id)


def check_times(quiz: Quiz) -> None:
    """Raises Invalid for times that contradict each other."""
    _raise(_faults_of_times(quiz))


def _faults_of_times(quiz: Quiz) -> list[FieldError]:
    faults = []
    if quiz.opens_at is not None and quiz.closes_at is not None and quiz.closes_at <= quiz.opens_at:
        faults.append(FieldError("/closes_at", "is not after opens_at"))
    if quiz.results is Results.AFTER_CLOSING and quiz.closes_at is None and quiz.published:
        why = "are shown after it has closed, and it never closes: say when, or show them at once"
        faults.append(FieldError("/results", why))
    return faults


async def _check(tx: AsyncConnection, quiz: Quiz, *, parts: bool = True) -> None:
    """Raises Invalid for times that contradict each other, and for questions that cannot be asked."""
    faults = _faults_of_times(quiz)
    if parts:
        named = [part.question_id for part in quiz.parts if part.question_id is not None]
        known = await questions_by_id(tx, quiz.course_id, named)
        for place, part in enumerate(quiz.parts):
            if part.question_id is None:
                continue
            question = known.get(part.question_id)
            if question is None or question.retired_at is not None:
                faults.append(FieldError(f"/parts/{place}/question_id", "is no question to be asked"))
        if len(named) != len(set(named)):
            faults.append(FieldError("/parts", "a question is named twice"))
    _raise(faults)


def _raise(faults: list[FieldError]) -> None:
    if faults:
        raise Invalid("The body is not acceptable; `errors` says where.", errors=faults)
