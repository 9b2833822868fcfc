"""Attempts: begun, answered one question after the other, ended, looked at, given points by hand.

What is said after the time is over is refused, what was saved before counts. The server's clock decides, as
it is when a call comes, before it waits for others; but an attempt that has been ended stays so, and a call
of another process that came later may be first to end it.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.audit import AuditLog, Event, Origin
from vtp.accounts.permissions import Action
from vtp.accounts.service import Clock, account_of, utc_now
from vtp.courses.clocks import WITHOUT_SERIES, zone_of
from vtp.courses.door import Entered, enter, enter_to_change
from vtp.courses.people import require_student
from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.errors import Conflict, FieldError, Forbidden, Invalid, NotFound
from vtp.http.identity import Principal
from vtp.ids import new_id, parse_id
from vtp.quizzes.attempt_store import (
    Attempt,
    AttemptCounts,
    Given,
    Override,
    add_attempt,
    add_override,
    attempts_of,
    change_answer,
    count_attempts_of,
    find_attempt,
    find_given,
    given_of,
    lock_attempt,
    overrides_of,
    page_of_attempts,
)
from vtp.quizzes.drawing import draw, order_of_choices
from vtp.quizzes.ending import BY_STUDENT, BY_TIME, Ending, end_now, grade_attempts
from vtp.quizzes.grading import QuestionKind, total
from vtp.quizzes.question_store import questions_by_id, tagged_questions
from vtp.quizzes.quiz_store import Quiz, extra_minutes, find_quiz, most_extra_minutes
from vtp.quizzes.timing import ends_at, require_open, shows_results


@dataclass(frozen=True, slots=True)
class AttemptView:
    """An attempt as somebody sees it: `with_results` only for who may."""

    attempt: Attempt
    given: Sequence[Given]
    overrides: Sequence[Override]
    with_results: bool


class Attempts:
    """Every method raises Forbidden, NotFound, Invalid for malformed ids."""

    def __init__(
        self, database: Database, audit: AuditLog, ending: Ending, *, clock: Clock = utc_now
    ) -> None:
        self._database = database
        self._audit = audit
        self._ending = ending
        self._clock = clock

    async def begin(self, principal: Principal, course_id: str, quiz_id: str) -> AttemptView:
        """Begins one, or gives the one that the caller is at when this is called. Raises Conflict where there
        is none to have; whether the quiz is open is asked as it begins, or it could be over at once."""
        return await self._begin_own(principal, course_id, quiz_id, self._clock())

    @done_over
    async def _begin_own(
        self, principal: Principal, course_id: str, quiz_id: str, asked_at: datetime
    ) -> AttemptView:
        async with self._database.transaction() as tx:
            inside = await enter(tx, principal, course_id, Action.COURSE_VIEW)
            user_id = require_student(principal, inside, "Quizzes are for")
            quiz = await self._quiz(tx, inside, quiz_id, lock=True)
            before = await attempts_of(tx, quiz.id, user_id)
            if before and before[-1].ended_at is None:
                if not before[-1].is_due(asked_at):
                    return await self._view(tx, inside, quiz, before[-1])
                await self._end(tx, before[-1], BY_TIME, asked_at)
            now = self._clock()
            extra = (await extra_minutes(tx, quiz.id, [user_id])).get(user_id, 0)
            early = quiz.opens_at is not None and now < quiz.opens_at
            time_zone = await zone_of(tx, inside.course.id) if early else WITHOUT_SERIES
            require_open(quiz, now, extra, time_zone)
            if quiz.attempts_allowed is not None and len(before) >= quiz.attempts_allowed:
                raise Conflict("You have had all your attempts at this quiz.", code="no_attempts_left")
            attempt = await self._begin(tx, quiz, user_id, len(before) + 1, extra, now)
            return await self._view(tx, inside, quiz, attempt)

    async def page(
        self,
        principal: Principal,
        course_id: str,
        quiz_id: str,
        *,
        user_id: str | None,
        limit: int,
        before: str | None,
    ) -> tuple[list[tuple[Attempt, bool]], AttemptCounts | None]:
        """A quiz's for its staff, the caller's own for others; and whether results are shown. With the first
        page of all: how many there are."""
        wanted = None if user_id is None else parse_id(user_id, "/query/user_id")
        await self._ending.finish_due(parse_id(quiz_id, "/path/quiz_id"))
        async with self._database.read() as tx:
            inside = await enter(tx, principal, course_id, Action.COURSE_VIEW)
            quiz = await self._quiz(tx, inside, quiz_id)
            staff = inside.may(Action.COURSE_TEACH)
            mine = wanted if staff else account_of(inside.principal)
            found = await page_of_attempts(tx, quiz.id, user_id=mine, limit=limit, before=before)
            most = (await most_extra_minutes(tx, [quiz.id])).get(quiz.id, 0)
            counts = await count_attempts_of(tx, quiz.id) if mine is None and before is None else None
        now = self._clock()
        return [(one, staff or shows_results(quiz, one.ended_at, most, now)) for one in found], counts

    async def get(self, principal: Principal, course_id: str, quiz_id: str, attempt_id: str) -> AttemptView:
        """One's own, or for staff anybody's."""
        now = self._clock()
        async with self._database.read() as tx:
            inside, quiz, attempt = await self._found(tx, principal, course_id, quiz_id, attempt_id)
            if not attempt.is_due(now):
                return await self._view(tx, inside, quiz, attempt)
        return await self._end_due(principal, course_id, quiz_id, attempt_id, now)

    @done_over
    async def _end_due(
        self, principal: Principal, course_id: str, quiz_id: str, attempt_id: str, now: datetime
    ) -> AttemptView:
        async with self._database.transaction() as tx:
            inside, quiz, attempt = await self._locked(tx, principal, course_id, quiz_id, attempt_id)
            if attempt.is_due(now):
                attempt = await self._end(tx, attempt, BY_TIME, now)
            return await self._view(tx, inside, quiz, attempt)

    async def save(
        self,
        principal: Principal,
        course_id: str,
        quiz_id: str,
        attempt_id: str,
        question_id: str,
        answer: Mapping[str, Any] | None,
        version: int | None,
    ) -> Given:
        """Saves one answer, None for none; `version`: of the answer that the caller has seen.

        Saying the same again changes nothing. Raises Conflict where the time is over when this is called, and
        where somebody else (another tab) has saved something different since that version.
        """
        wanted = parse_id(question_id, "/path/question_id")
        return await self._save(
            principal, course_id, quiz_id, attempt_id, wanted, answer, version, self._clock()
        )

    @done_over
    async def _save(
        self,
        principal: Principal,
        course_id: str,
        quiz_id: str,
        attempt_id: str,
        wanted: str,
        answer: Mapping[str, Any] | None,
        version: int | None,
        now: datetime,
    ) -> Given:
        async with self._database.transaction() as tx:
            inside, _, attempt = await self._locked(tx, principal, course_id, quiz_id, attempt_id)
            _require_own(inside, attempt)
            if attempt.ended_at is not None or attempt.is_due(now):
                raise Conflict("This attempt is over: what was saved before counts.", code="attempt_over")
            given = await find_given(tx, attempt.id, wanted)
            if given is None:
                raise NotFound("This attempt has no such question.", code="no_such_question")
            value = _checked(given, answer)
            if value == given.answer:
                return given
            if version is not None and version != given.version:
                raise Conflict(
                    "This answer was changed elsewhere, perhaps in another tab: read it again.",
                    code="answer_changed",
                )
            await change_answer(tx, given, answer=value, version=given.version + 1, saved_at=now)
            saved = await find_given(tx, attempt.id, wanted)
        assert saved is not None
        return saved

    async def end(self, principal: Principal, course_id: str, quiz_id: str, attempt_id: str) -> AttemptView:
        """Ends one's own at the moment of this call; one that has ended stays as it is."""
        return await self._end_own(principal, course_id, quiz_id, attempt_id, self._clock())

    @done_over
    async def _end_own(
        self, principal: Principal, course_id: str, quiz_id: str, attempt_id: str, now: datetime
    ) -> AttemptView:
        async with self._database.transaction() as tx:
            inside, quiz, attempt = await self._locked(tx, principal, course_id, quiz_id, attempt_id)
            _require_own(inside, attempt)
            if attempt.ended_at is None:
                by = BY_TIME if attempt.is_due(now) else BY_STUDENT
                attempt = await self._end(tx, attempt, by, now)
            return await self._view(tx, inside, quiz, attempt)

    async def give_points(
        self,
        principal: Principal,
        course_id: str,
        quiz_id: str,
        attempt_id: str,
        question_id: str,
        points: float | None,
        reason: str,
        origin: Origin,
    ) -> AttemptView:
        """Gives points by hand, None: by rule again. Raises Conflict where the attempt goes on when this is
        called and in an archived course, Invalid for more than the question gives."""
        wanted = parse_id(question_id, "/path/question_id")
        return await self._give_points(
            principal, course_id, quiz_id, attempt_id, wanted, points, reason, origin, self._clock()
        )

    @done_over
    async def _give_points(
        self,
        principal: Principal,
        course_id: str,
        quiz_id: str,
        attempt_id: str,
        wanted: str,
        points: float | None,
        reason: str,
        origin: Origin,
        asked_at: datetime,
    ) -> AttemptView:
        async with self._database.transaction() as tx:
            await enter_to_change(tx, principal, course_id, Action.COURSE_TEACH)
            inside, quiz, attempt = await self._locked(
                tx, principal, course_id, quiz_id, attempt_id, Action.COURSE_TEACH
            )
            if attempt.is_due(asked_at):
                attempt = await self._end(tx, attempt, BY_TIME, asked_at)
            if attempt.ended_at is None:
                raise Conflict("This attempt has not ended yet.", code="attempt_running")
            given = await find_given(tx, attempt.id, wanted)
            if given is None:
                raise NotFound("This attempt has no such question.", code="no_such_question")
            if points is not None and points > given.max_points:
                raise Invalid(
                    "These are more points than the question gives.",
                    errors=[FieldError("/points", f"at most {given.max_points:g}")],
                )
            await change_answer(tx, given, override_points=points)
            who = account_of(inside.principal)
            await add_override(tx, Override(new_id(), attempt.id, wanted, points, reason, who, self._clock()))
            await grade_attempts(tx, [attempt.id])
            await self._audit.record(
                tx,
                Event.COURSE_CHANGED,
                origin,
                actor_id=who,
                subject=f"course:{inside.course.id}",
                details={"did": "points by hand", "attempt": attempt.id, "question": wanted},
            )
            again = await find_attempt(tx, inside.course.id, quiz.id, attempt.id)
            assert again is not None
            return await self._view(tx, inside, quiz, again)

    async def _begin(
        self, tx: AsyncConnection, quiz: Quiz, user_id: str, number: int, extra: int, now: datetime
    ) -> Attempt:
        seed = secrets.token_hex(8)
        dice = Random(seed)
        tags = {part.tag for part in quiz.parts if part.tag is not None}
        tagged = await tagged_questions(tx, quiz.course_id, tags)
        ids = {one for found in tagged.values() for one in found}
        ids |= {part.question_id for part in quiz.parts if part.question_id is not None}
        known = await questions_by_id(tx, quiz.course_id, ids)
        askable = {one.id for one in known.values() if one.retired_at is None}
        drawn = draw(quiz.parts, askable, tagged, dice)
        if not drawn:
            raise Conflict("This quiz has no questions yet.", code="quiz_empty")
        if quiz.shuffle_questions:
            dice.shuffle(drawn)
        orders = {one: order_of_choices(known[one], quiz.shuffle_choices, dice) for one in drawn}
        most = total(known[one].points for one in drawn)
        until = ends_at(quiz, now, extra)
        attempt = Attempt(new_id(), quiz.id, user_id, number, seed, now, until, None, None, None, most)
        await add_attempt(tx, attempt, orders)
        made = await find_attempt(tx, quiz.course_id, quiz.id, attempt.id)
        assert made is not None
        return made

    async def _quiz(self, tx: AsyncConnection, inside: Entered, quiz_id: str, *, lock: bool = False) -> Quiz:
        wanted = parse_id(quiz_id, "/path/quiz_id")
        quiz = await find_quiz(tx, inside.course.id, wanted, lock=lock)
        if quiz is None:
            raise NotFound("This course has no such quiz.", code="no_such_quiz")
        if not quiz.published and not inside.may(Action.COURSE_TEACH):
            raise Forbidden("This quiz is not published yet.", code="not_released")
        return quiz

    async def _found(
        self,
        tx: AsyncConnection,
        principal: Principal,
        course_id: str,
        quiz_id: str,
        attempt_id: str,
        action: Action = Action.COURSE_VIEW,
    ) -> tuple[Entered, Quiz, Attempt]:
        inside = await enter(tx, principal, course_id, action)
        wanted = parse_id(attempt_id, "/path/attempt_id")
        quiz = await self._quiz(tx, inside, quiz_id)
        attempt = await find_attempt(tx, inside.course.id, quiz.id, wanted)
        if attempt is None:
            raise NotFound("This quiz has no such attempt.", code="no_such_attempt")
        if not inside.may(Action.COURSE_TEACH):
            _require_own(inside, attempt)
        return inside, quiz, attempt

    async def _locked(
        self,
        tx: AsyncConnection,
        principal: Principal,
        course_id: str,
        quiz_id: str,
        attempt_id: str,
        action: Action = Action.COURSE_VIEW,
    ) -> tuple[Entered, Quiz, Attempt]:
        """The same while nobody else changes the attempt."""
        await lock_attempt(tx, parse_id(attempt_id, "/path/attempt_id"))
        return await self._found(tx, principal, course_id, quiz_id, attempt_id, action)

    async def _end(self, tx: AsyncConnection, attempt: Attempt, by: str, now: datetime) -> Attempt:
        """Ends one that is locked."""
        await end_now(tx, [attempt.id], by, now)
        ended = await attempts_of(tx, attempt.quiz_id, attempt.user_id)
        return next(one for one in ended if one.id == attempt.id)

    async def _view(self, tx: AsyncConnection, inside: Entered, quiz: Quiz, attempt: Attempt) -> AttemptView:
        given = await given_of(tx, [attempt.id])
        most = (await most_extra_minutes(tx, [quiz.id])).get(quiz.id, 0)
        shown = inside.may(Action.COURSE_TEACH) or shows_results(quiz, attempt.ended_at, most, self._clock())
        overrides = await overrides_of(tx, attempt.id) if shown else []
        return AttemptView(attempt, given, overrides, shown)


def _require_own(inside: Entered, attempt: Attempt) -> None:
    if attempt.user_id != inside.principal.user_id:
        raise Forbidden("This attempt is somebody else's.", code="not_your_attempt")


def _checked(given: Given, answer: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """An answer as it is stored. Raises Invalid for one that is none to this question."""
    if answer is None:
        return None
    chooses = given.kind in (QuestionKind.SINGLE, QuestionKind.MULTIPLE)
    field = {QuestionKind.NUMERIC: "value", QuestionKind.TEXT: "text"}.get(given.kind, "choices")
    value = answer.get(field)
    faults = [
        FieldError(f"/{name}", "is no answer to a question of this kind")
        for name, said in answer.items()
        if said is not None and name != field
    ]
    if value is None:
        faults.append(FieldError(f"/{field}", "is missing; leave the answer null for none"))
    elif chooses:
        if len(value) != len(set(value)) or not set(value) <= set(given.choice_order):
            faults.append(FieldError("/choices", "names what is no choice of this question, or one twice"))
        if given.kind is QuestionKind.SINGLE and len(value) != 1:
            faults.append(FieldError("/choices", "takes one choice"))
        value = sorted(value)
    if faults:
        raise Invalid("The body is not acceptable; `errors` says where.", errors=faults)
    return {field: value}
