"""The rows of attempts and their answers. No rules here, only SQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Row, Select, bindparam, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.tables import users
from vtp.db.lists import among, filled
from vtp.db.prepared import Prepared, Source
from vtp.db.types import UtcDateTime, id_type
from vtp.quizzes.grading import QuestionKind
from vtp.quizzes.tables import quiz_answers, quiz_attempts, quiz_overrides, quiz_questions, quizzes


@dataclass(frozen=True, slots=True)
class Attempt:
    """Somebody's attempt at a quiz."""

    id: str
    quiz_id: str
    user_id: str
    number: int
    seed: str
    begun_at: datetime
    ends_at: datetime | None
    ended_at: datetime | None
    ended_by: str | None
    points: float | None
    max_points: float
    full_name: str = ""

    def is_due(self, now: datetime) -> bool:
        """Whether its time is over and nobody has ended it yet."""
        return self.ended_at is None and self.ends_at is not None and self.ends_at <= now


class Ended(NamedTuple):
    """What an attempt that has ended is worth."""

    quiz_id: str
    user_id: str
    points: float
    max_points: float
    ended_at: datetime | None
    id: str


@dataclass(frozen=True, slots=True)
class Given:
    """A question of an attempt as it is now, and what was answered."""

    attempt_id: str
    question_id: str
    position: int
    choice_order: Sequence[str]
    answer: Mapping[str, Any] | None
    version: int
    saved_at: datetime | None
    points: float | None
    override_points: float | None
    kind: QuestionKind
    text: str
    max_points: float
    feedback: str
    solution: Mapping[str, Any]

    @property
    def worth(self) -> float | None:
        """What it counts."""
        return self.points if self.override_points is None else self.override_points


@dataclass(frozen=True, slots=True)
class Override:
    """What somebody gave by hand, and why."""

    id: str
    attempt_id: str
    question_id: str
    points: float | None
    reason: str
    given_by: str | None
    created_at: datetime


_OWN = [name for name in Attempt.__slots__ if name != "full_name"]
_a, _ans, _q = quiz_attempts.c, quiz_answers.c, quiz_questions.c
_ATTEMPTS = select(*(_a[name] for name in _OWN), users.c.full_name).join_from(
    quiz_attempts, users, users.c.id == _a.user_id
)
_ENDED = select(*(_a[name] for name in Ended._fields))
_GIVEN = select(
    *(_ans[name] for name in Given.__slots__[:9]),
    _q.kind,
    _q.text,
    _q.points.label("max_points"),
    _q.feedback,
    _q.solution,
).join_from(quiz_answers, quiz_questions, _q.id == _ans.question_id)


async def add_attempt(tx: AsyncConnection, attempt: Attempt, orders: Mapping[str, Sequence[str]]) -> None:
    """Adds one; `orders`: its questions in their order, and the choices of each."""
    await tx.execute(insert(quiz_attempts).values({name: getattr(attempt, name) for name in _OWN}))
    rows = [
        {
            "attempt_id": attempt.id,
            "question_id": question_id,
            "position": position,
            "choice_order": list(order),
            "version": 0,
        }
        for position, (question_id, order) in enumerate(orders.items())
    ]
    await tx.execute(insert(quiz_answers), rows)


async def find_attempt(tx: AsyncConnection, course_id: str, quiz_id: str, attempt_id: str) -> Attempt | None:
    """One of a quiz of a course."""
    statement = _ATTEMPTS.join(quizzes, quizzes.c.id == _a.quiz_id).where(
        _a.id == attempt_id, _a.quiz_id == quiz_id, quizzes.c.course_id == course_id
    )
    row = (await tx.execute(statement)).one_or_none()
    return _attempt(row) if row else None


async def lock_attempt(tx: AsyncConnection, attempt_id: str) -> None:
    """Keeps others from one until the transaction ends; what is read of it after that stays so."""
    await tx.execute(select(_a.id).where(_a.id == attempt_id).with_for_update())


async def attempts_of(tx: AsyncConnection, quiz_id: str, user_id: str) -> list[Attempt]:
    """Somebody's at a quiz, the first one first."""
    statement = _ATTEMPTS.where(_a.quiz_id == quiz_id, _a.user_id == user_id).order_by(_a.number)
    return [_attempt(row) for row in await tx.execute(statement)]


async def ended_among(tx: AsyncConnection, quiz_ids: Sequence[str], user_ids: Sequence[str]) -> list[Ended]:
    """Those of these people at these quizzes that have ended; of each person the first one first."""
    found: list[Ended] = []
    for quizzes_, of_quizzes in filled("quiz", quiz_ids):
        for people, of_people in filled("person", user_ids):
            rows = await _ended(quizzes_, people).rows(tx, of_quizzes | of_people)
            found += map(Ended._make, rows)
    return found


@cache
def _ended(quizzes_: int, people: int) -> Prepared:
    statement = _ENDED.where(
        among(_a.quiz_id, "quiz", quizzes_),
        among(_a.user_id, "person", people),
        _a.points.is_not(None),
        _a.ended_at.is_not(None),
    )
    return Prepared(statement.order_by(_a.quiz_id, _a.user_id, _a.number))


async def page_of_attempts(
    tx: AsyncConnection, quiz_id: str, *, user_id: str | None, limit: int, before: str | None
) -> list[Attempt]:
    """A quiz's, or one person's, newest first."""
    statement = _ATTEMPTS.where(_a.quiz_id == quiz_id)
    if user_id is not None:
        statement = statement.where(_a.user_id == user_id)
    if before is not None:
        statement = statement.where(_a.id < before)
    return [_attempt(row) for row in await tx.execute(statement.order_by(_a.id.desc()).limit(limit))]


@dataclass(frozen=True, slots=True)
class AttemptCounts:
    """How many have begun a quiz, their attempts, and those that have ended."""

    people: int
    attempts: int
    ended: int


async def count_attempts_of(tx: AsyncConnection, quiz_id: str) -> AttemptCounts:
    """All of a quiz."""
    counted = select(func.count(_a.user_id.distinct()), func.count(), func.count(_a.ended_at))
    return AttemptCounts(*(await tx.execute(counted.where(_a.quiz_id == quiz_id))).one())


async def open_attempts(tx: AsyncConnection, quiz_id: str, user_id: str | None = None) -> list[Attempt]:
    """Those that have not ended, locked."""
    statement = _ATTEMPTS.where(_a.quiz_id == quiz_id, _a.ended_at.is_(None))
    if user_id is not None:
        statement = statement.where(_a.user_id == user_id)
    locked = statement.order_by(_a.id).with_for_update(of=quiz_attempts)
    return [_attempt(row) for row in await tx.execute(locked)]


async def any_due(source: Source, now: datetime, quiz_id: str | None, course_id: str | None) -> bool:
    """Whether there is one whose time is over: of a quiz, of a course, or anywhere."""
    given = {"of_quiz": quiz_id, "of_course": course_id}
    values = {name: value for name, value in given.items() if value is not None}
    return await _is_due(frozenset(values)).row(source, {**values, "at": now}) is not None


async def due_attempts(
    tx: AsyncConnection, now: datetime, limit: int, *, quiz_id: str | None, course_id: str | None
) -> list[str]:
    """The ids of those, locked, but for what others have locked."""
    given = {"of_quiz": quiz_id, "of_course": course_id}
    values = {name: value for name, value in given.items() if value is not None}
    statement = _due(values).limit(limit).with_for_update(skip_locked=True)
    return list((await tx.execute(statement, {**values, "at": now})).scalars())


@lru_cache(maxsize=4)
def _is_due(given: frozenset[str]) -> Prepared:
    return Prepared(_due(given).limit(1))


def _due(given: Collection[str]) -> Select[str]:
    """What ends first comes first; `given`: of what, by the names of its parameters."""
    statement = select(_a.id).where(_a.ended_at.is_(None), _a.ends_at <= bindparam("at", type_=UtcDateTime()))
    if "of_quiz" in given:
        statement = statement.where(_a.quiz_id == bindparam("of_quiz", type_=id_type()))
    if "of_course" in given:
        own = select(quizzes.c.id).where(quizzes.c.course_id == bindparam("of_course", type_=id_type()))
        statement = statement.where(_a.quiz_id.in_(own))
    return statement.order_by(_a.ends_at)


async def attempts_to_grade(tx: AsyncConnection, quiz_id: str, limit: int, after: str) -> list[str]:
    """The ids of a quiz's that have ended, locked, from one on."""
    statement = select(_a.id).where(_a.quiz_id == quiz_id, _a.ended_at.is_not(None), _a.id > after)
    rows = await tx.execute(statement.order_by(_a.id).limit(limit).with_for_update())
    return list(rows.scalars())


async def end_attempts(tx: AsyncConnection, ids: Collection[str], ended_at: Any, ended_by: str) -> None:
    """Says that these have ended, those that have not yet."""
    where = _a.id.in_(ids), _a.ended_at.is_(None)
    await tx.execute(update(quiz_attempts).where(*where).values(ended_at=ended_at, ended_by=ended_by))


async def partial_of(tx: AsyncConnection, ids: Collection[str]) -> dict[str, tuple[bool, float | None]]:
    """By attempt whether its quiz gives partial credit, and what it was worth so far."""
    found = (
        select(_a.id, quizzes.c.partial_credit, _a.points)
        .join_from(quiz_attempts, quizzes, quizzes.c.id == _a.quiz_id)
        .where(_a.id.in_(ids))
    )
    return {attempt_id: (partial, points) for attempt_id, partial, points in await tx.execute(found)}


async def given_of(tx: AsyncConnection, ids: Collection[str]) -> list[Given]:
    """The questions of these attempts, in their order."""
    return await _given(tx, _GIVEN.where(_ans.attempt_id.in_(ids)).order_by(_ans.attempt_id, _ans.position))


async def find_given(tx: AsyncConnection, attempt_id: str, question_id: str) -> Given | None:
    """One question of an attempt."""
    where = _ans.attempt_id == attempt_id, _ans.question_id == question_id
    return next(iter(await _given(tx, _GIVEN.where(*where))), None)


async def change_answer(tx: AsyncConnection, given: Given, **values: Any) -> None:
    """Sets columns of one answer."""
    where = _ans.attempt_id == given.attempt_id, _ans.question_id == given.question_id
    await tx.execute(update(quiz_answers).where(*where).values(**values))


async def set_answer_points(tx: AsyncConnection, rows: list[dict[str, Any]]) -> None:
    """Says what answers are worth by rule: `of_attempt`, `of_question`, `worth`."""
    if rows:
        where = _ans.attempt_id == bindparam("of_attempt"), _ans.question_id == bindparam("of_question")
        await tx.execute(update(quiz_answers).where(*where).values(points=bindparam("worth")), rows)


async def set_points(tx: AsyncConnection, rows: list[dict[str, Any]]) -> None:
    """Says what attempts are worth: `of_attempt`, `worth`, `most`."""
    if rows:
        values: dict[str, Any] = {"points": bindparam("worth"), "max_points": bindparam("most")}
        await tx.execute(update(quiz_attempts).where(_a.id == bindparam("of_attempt")).values(values), rows)


async def set_ends(tx: AsyncConnection, ends: Mapping[str, datetime | None]) -> None:
    """Says when attempts end by themselves."""
    if ends:
        rows = [{"of_attempt": attempt_id, "until": until} for attempt_id, until in ends.items()]
        statement = update(quiz_attempts).where(_a.id == bindparam("of_attempt"))
        await tx.execute(statement.values(ends_at=bindparam("until")), rows)


async def add_override(tx: AsyncConnection, override: Override) -> None:
    """Adds what somebody gave by hand."""
    row = {name: getattr(override, name) for name in Override.__slots__}
    await tx.execute(insert(quiz_overrides).values(row))


async def overrides_of(tx: AsyncConnection, attempt_id: str) -> list[Override]:
    """What was given by hand in an attempt, the first one first."""
    c = quiz_overrides.c
    statement = select(*(c[name] for name in Override.__slots__)).where(c.attempt_id == attempt_id)
    return [Override(*row) for row in await tx.execute(statement.order_by(c.id))]


async def _given(tx: AsyncConnection, statement: Select[Any]) -> list[Given]:
    rows = await tx.execute(statement)
    return [Given(**{**row._mapping, "kind": QuestionKind(row.kind)}) for row in rows]


def _attempt(row: Row[Any, *tuple[Any, ...]]) -> Attempt:
    return Attempt(**row._mapping)
