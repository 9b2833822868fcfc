"""The rows of quizzes: what is asked, when, of whom longer. No rules here, only SQL."""

from __future__ import annotations

import enum
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, bindparam, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.tables import users
from vtp.db.prepared import Prepared, together
from vtp.db.types import id_type
from vtp.quizzes.grading import Counts
from vtp.quizzes.tables import quiz_attempts, quiz_extra_time, quiz_parts, quiz_questions
from vtp.quizzes.tables import quizzes as table


class Results(enum.StrEnum):
    """When students see what their answers are worth, and what was right."""

    AT_ONCE = "at_once"
    AFTER_CLOSING = "after_closing"
    NEVER = "never"


MAX_QUIZZES = 1000


@dataclass(frozen=True, slots=True)
class Part:
    """One question by name, or some that are drawn from a tag."""

    question_id: str | None
    tag: str | None
    count: int


@dataclass(frozen=True, slots=True)
class Quiz:
    """A quiz of a course."""

    id: str
    course_id: str
    title: str
    description: str
    published: bool
    opens_at: datetime | None
    closes_at: datetime | None
    time_limit_minutes: int | None
    attempts_allowed: int | None
    shuffle_questions: bool
    shuffle_choices: bool
    results: Results
    counts: Counts
    partial_credit: bool
    created_at: datetime
    updated_at: datetime
    parts: Sequence[Part] = ()


@dataclass(frozen=True, slots=True)
class ExtraTime:
    """Somebody has so many minutes more."""

    user_id: str
    full_name: str
    minutes: int


_OWN = [name for name in Quiz.__slots__ if name != "parts"]
_COLUMNS = [table.c[name] for name in _OWN]
_RESULTS, _COUNTS = _OWN.index("results"), _OWN.index("counts")
_extra, _part, _question = quiz_extra_time.c, quiz_parts.c, quiz_questions.c
_course = bindparam("course", type_=id_type())
_ALL = Prepared(select(*_COLUMNS).where(table.c.course_id == _course).order_by(table.c.id).limit(MAX_QUIZZES))
_ALL_PARTS = Prepared(
    select(_part.quiz_id, _part.question_id, _part.tag, _part.count, _question.points)
    .select_from(
        table.join(quiz_parts, _part.quiz_id == table.c.id).outerjoin(
            quiz_questions,
            and_(
                _question.id == _part.question_id,
                _question.course_id == table.c.course_id,
                _question.retired_at.is_(None),
            ),
        )
    )
    .where(table.c.course_id == _course)
    .order_by(_part.quiz_id, _part.position)
)


async def add_quiz(tx: AsyncConnection, quiz: Quiz) -> None:
    """Adds one, with its parts."""
    await tx.execute(insert(table).values({name: getattr(quiz, name) for name in _OWN}))
    await set_parts(tx, quiz.id, quiz.parts)


async def set_parts(tx: AsyncConnection, quiz_id: str, parts: Sequence[Part]) -> None:
    """Says what is asked, in place of what was before."""
    await tx.execute(delete(quiz_parts).where(quiz_parts.c.quiz_id == quiz_id))
    if parts:
        rows = [
            {
                "quiz_id": quiz_id,
                "position": position,
                "question_id": part.question_id,
                "tag": part.tag,
                "count": part.count,
            }
            for position, part in enumerate(parts)
        ]
        await tx.execute(insert(quiz_parts), rows)


async def find_quiz(tx: AsyncConnection, course_id: str, quiz_id: str, *, lock: bool = False) -> Quiz | None:
    """One of a course's; `lock` keeps others from it until the transaction ends."""
    statement = select(*_COLUMNS).where(table.c.id == quiz_id, table.c.course_id == course_id)
    rows = (await tx.execute(statement.with_for_update() if lock else statement)).all()
    return next(iter(await _with_parts(tx, rows)), None)


async def page_of_quizzes(
    tx: AsyncConnection, course_id: str, *, hidden: bool, limit: int, before: str | None
) -> list[Quiz]:
    """A course's, newest first; `hidden`: also those that are not published."""
    statement = select(*_COLUMNS).where(table.c.course_id == course_id)
    if not hidden:
        statement = statement.where(table.c.published.is_(True))
    if before is not None:
        statement = statement.where(table.c.id < before)
    return await _with_parts(tx, (await tx.execute(statement.order_by(table.c.id.desc()).limit(limit))).all())


async def quizzes_of(tx: AsyncConnection, course_id: str, *, after: str, limit: int) -> list[Quiz]:
    """A course's behind one, the oldest first."""
    statement = select(*_COLUMNS).where(table.c.course_id == course_id, table.c.id > after)
    return await _with_parts(tx, (await tx.execute(statement.order_by(table.c.id).limit(limit))).all())


async def quizzes_with_points(tx: AsyncConnection, course_id: str) -> tuple[list[Quiz], Mapping[str, float]]:
    """All of a course, the oldest first, and by question what those are worth that are asked by name; without
    those that are retired."""
    (rows, of_them) = await together(tx, (_ALL, {"course": course_id}), (_ALL_PARTS, {"course": course_id}))
    parts: dict[str, list[Part]] = {}
    points: dict[str, float] = {}
    for quiz_id, question_id, tag, count, worth in of_them:
        parts.setdefault(quiz_id, []).append(Part(question_id, tag, count))
        if worth is not None:
            points[question_id] = worth
    return [_quiz(row, parts) for row in rows], points


async def count_quizzes(tx: AsyncConnection, course_id: str) -> int:
    """How many a course has."""
    return int((await tx.execute(select(func.count()).where(table.c.course_id == course_id))).scalar_one())


async def change_quiz(tx: AsyncConnection, quiz_id: str, **values: Any) -> None:
    """Sets columns of one."""
    await tx.execute(update(table).where(table.c.id == quiz_id).values(**values))


async def remove_quiz(tx: AsyncConnection, quiz_id: str) -> None:
    """Deletes one."""
    await tx.execute(delete(table).where(table.c.id == quiz_id))


async def was_attempted(tx: AsyncConnection, quiz_id: str) -> bool:
    """Whether somebody has begun it."""
    found = select(quiz_attempts.c.id).where(quiz_attempts.c.quiz_id == quiz_id).limit(1)
    return (await tx.execute(found)).first() is not None


async def set_extra_time(
    tx: AsyncConnection, quiz_id: str, user_id: str, minutes: int, now: datetime
) -> None:
    """Gives somebody more time, or none more."""
    mine = _extra.quiz_id == quiz_id, _extra.user_id == user_id
    await tx.execute(delete(quiz_extra_time).where(*mine))
    if minutes:
        row = {"quiz_id": quiz_id, "user_id": user_id, "minutes": minutes, "updated_at": now}
        await tx.execute(insert(quiz_extra_time).values(row))


async def extra_minutes(tx: AsyncConnection, quiz_id: str, user_ids: Collection[str]) -> dict[str, int]:
    """How much more time each of these has; those that have none are missing."""
    found = select(_extra.user_id, _extra.minutes).where(
        _extra.quiz_id == quiz_id, _extra.user_id.in_(user_ids)
    )
    return {row.user_id: row.minutes for row in await tx.execute(found)}


async def extra_minutes_of_course(
    tx: AsyncConnection, course_id: str, user_ids: Collection[str]
) -> dict[tuple[str, str], int]:
    """The same at all quizzes of a course, by (quiz, person)."""
    of_course = select(table.c.id).where(table.c.course_id == course_id)
    found = select(_extra.quiz_id, _extra.user_id, _extra.minutes).where(
        _extra.quiz_id.in_(of_course), _extra.user_id.in_(user_ids)
    )
    return {(row.quiz_id, row.user_id): row.minutes for row in await tx.execute(found)}


async def most_extra_minutes(tx: AsyncConnection, quiz_ids: Collection[str]) -> Mapping[str, int]:
    """By quiz how much more time somebody has at most."""
    found = (
        select(_extra.quiz_id, func.max(_extra.minutes).label("most"))
        .where(_extra.quiz_id.in_(quiz_ids))
        .group_by(_extra.quiz_id)
    )
    return {row.quiz_id: row.most for row in await tx.execute(found)}


async def page_of_extra_time(
    tx: AsyncConnection, quiz_id: str, *, limit: int, after: str | None
) -> list[ExtraTime]:
    """Who has more time, by account."""
    statement = (
        select(_extra.user_id, users.c.full_name, _extra.minutes)
        .join_from(quiz_extra_time, users, users.c.id == _extra.user_id)
        .where(_extra.quiz_id == quiz_id)
    )
    if after is not None:
        statement = statement.where(_extra.user_id > after)
    return [ExtraTime(*row) for row in await tx.execute(statement.order_by(_extra.user_id).limit(limit))]


async def _with_parts(tx: AsyncConnection, rows: Sequence[Row[Any]]) -> list[Quiz]:
    if not rows:
        return []
    c = quiz_parts.c
    found = await tx.execute(
        select(c.quiz_id, c.question_id, c.tag, c.count)
        .where(c.quiz_id.in_([row.id for row in rows]))
        .order_by(c.quiz_id, c.position)
    )
    parts: dict[str, list[Part]] = {}
    for quiz_id, *part in found:
        parts.setdefault(quiz_id, []).append(Part(*part))
    return [_quiz(row, parts) for row in rows]


def _quiz(row: Sequence[Any], parts: Mapping[str, Sequence[Part]]) -> Quiz:
    values = list(row)
    values[_RESULTS], values[_COUNTS] = Results(values[_RESULTS]), Counts(values[_COUNTS])
    values.append(parts.get(values[0], ()))
    return Quiz(*values)
