"""The rows of questions. No rules here, only SQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.quizzes.grading import QuestionKind
from vtp.quizzes.tables import quiz_answers, quiz_parts
from vtp.quizzes.tables import quiz_question_tags as tags_table
from vtp.quizzes.tables import quiz_questions as table


@dataclass(frozen=True, slots=True)
class Question:
    """A question of a course."""

    id: str
    course_id: str
    kind: QuestionKind
    text: str
    points: float
    feedback: str
    solution: Mapping[str, Any]
    retired_at: datetime | None
    created_at: datetime
    updated_at: datetime
    tags: Sequence[str] = ()

    @property
    def title(self) -> str:
        """What the audit log calls it."""
        return self.text[:100]


_OWN = [name for name in Question.__slots__ if name != "tags"]
_COLUMNS = [table.c[name] for name in _OWN]


async def add_question(tx: AsyncConnection, question: Question) -> None:
    """Adds one, with its tags."""
    await tx.execute(insert(table).values({name: getattr(question, name) for name in _OWN}))
    await _add_tags(tx, question.course_id, question.id, question.tags)


async def add_questions(tx: AsyncConnection, questions: Sequence[Question]) -> None:
    """Adds some, with their tags."""
    await tx.execute(insert(table), [{name: getattr(one, name) for name in _OWN} for one in questions])
    tags = [
        {"question_id": one.id, "tag": tag, "course_id": one.course_id}
        for one in questions
        for tag in one.tags
    ]
    if tags:
        await tx.execute(insert(tags_table), tags)


async def questions_of(tx: AsyncConnection, course_id: str, *, after: str, limit: int) -> list[Question]:
    """A course's behind one, the oldest first, retired ones too."""
    statement = select(*_COLUMNS).where(table.c.course_id == course_id, table.c.id > after)
    return await _with_tags(tx, (await tx.execute(statement.order_by(table.c.id).limit(limit))).all())


async def count_questions(tx: AsyncConnection, course_id: str) -> int:
    """How many a course has."""
    return int((await tx.execute(select(func.count()).where(table.c.course_id == course_id))).scalar_one())


async def find_question(tx: AsyncConnection, course_id: str, question_id: str) -> Question | None:
    """One of a course's."""
    found = await questions_by_id(tx, course_id, [question_id])
    return found.get(question_id)


async def questions_by_id(
    tx: AsyncConnection, course_id: str, question_ids: Collection[str]
) -> dict[str, Question]:
    """Those of a course's that have these ids, with their tags."""
    wanted = table.c.id.in_(question_ids), table.c.course_id == course_id
    rows = (await tx.execute(select(*_COLUMNS).where(*wanted))).all()
    return {question.id: question for question in await _with_tags(tx, rows)}


async def page_of_questions(
    tx: AsyncConnection,
    course_id: str,
    *,
    words: Sequence[str] = (),
    tag: str,
    quiz_id: str | None = None,
    kind: QuestionKind | None,
    retired: bool,
    limit: int,
    before: str | None,
) -> list[Question]:
    """A course's, newest first; of `words` each in the text or in a tag."""
    statement = select(*_COLUMNS).where(table.c.course_id == course_id)
    for word in words:
        c = tags_table.c
        tagged = select(c.question_id).where(c.course_id == course_id, c.tag.icontains(word, autoescape=True))
        said = table.c.text.icontains(word, autoescape=True)
        statement = statement.where(or_(said, table.c.id.in_(tagged)))
    statement = statement.where(table.c.retired_at.is_not(None) if retired else table.c.retired_at.is_(None))
    if tag:
        statement = statement.where(table.c.id.in_(_tagged(course_id, tag)))
    if quiz_id is not None:
        named = select(quiz_parts.c.question_id).where(quiz_parts.c.quiz_id == quiz_id)
        statement = statement.where(table.c.id.in_(named))
    if kind is not None:
        statement = statement.where(table.c.kind == kind)
    if before is not None:
        statement = statement.where(table.c.id < before)
    rows = (await tx.execute(statement.order_by(table.c.id.desc()).limit(limit))).all()
    return await _with_tags(tx, rows)


async def tags_of_course(tx: AsyncConnection, course_id: str) -> list[str]:
    """All that its questions have, each once."""
    c = tags_table.c
    return list(
        (await tx.execute(select(c.tag).where(c.course_id == course_id).distinct().order_by(c.tag))).scalars()
    )


async def count_by_tag(tx: AsyncConnection, course_id: str) -> dict[str, int]:
    """How many questions of a course have each tag, of those that are not retired."""
    c = tags_table.c
    found = await tx.execute(
        select(c.tag, func.count().label("questions"))
        .join_from(tags_table, table, table.c.id == c.question_id)
        .where(c.course_id == course_id, table.c.retired_at.is_(None))
        .group_by(c.tag)
    )
    return {row.tag: row.questions for row in found}


async def change_question(
    tx: AsyncConnection, question: Question, *, tags: Sequence[str] | None, **values: Any
) -> None:
    """Sets columns of one, and its tags unless that is None."""
    await tx.execute(update(table).where(table.c.id == question.id).values(**values))
    if tags is not None:
        await tx.execute(delete(tags_table).where(tags_table.c.question_id == question.id))
        await _add_tags(tx, question.course_id, question.id, tags)


async def remove_question(tx: AsyncConnection, question_id: str) -> None:
    """Deletes one."""
    await tx.execute(delete(table).where(table.c.id == question_id))


async def was_asked(tx: AsyncConnection, question_id: str) -> bool:
    """Whether some attempt was given it."""
    found = select(quiz_answers.c.attempt_id).where(quiz_answers.c.question_id == question_id).limit(1)
    return (await tx.execute(found)).first() is not None


async def is_named(tx: AsyncConnection, question_id: str) -> bool:
    """Whether some quiz asks for it by name."""
    found = select(quiz_parts.c.quiz_id).where(quiz_parts.c.question_id == question_id).limit(1)
    return (await tx.execute(found)).first() is not None


async def mean_points_by_tag(tx: AsyncConnection, course_id: str) -> dict[str, tuple[int, float]]:
    """By tag how many questions of a course there are that are not retired, and what one is worth."""
    c = tags_table.c
    found = await tx.execute(
        select(c.tag, func.count(), func.avg(table.c.points))
        .join_from(tags_table, table, table.c.id == c.question_id)
        .where(c.course_id == course_id, table.c.retired_at.is_(None))
        .group_by(c.tag)
    )
    return {tag: (count, float(mean)) for tag, count, mean in found}


async def tagged_questions(
    tx: AsyncConnection, course_id: str, tags: Collection[str]
) -> dict[str, list[str]]:
    """By tag the ids of a course's questions that are not retired, the oldest first."""
    c = tags_table.c
    found = await tx.execute(
        select(c.tag, c.question_id)
        .join_from(tags_table, table, table.c.id == c.question_id)
        .where(c.course_id == course_id, c.tag.in_(tags), table.c.retired_at.is_(None))
        .order_by(c.question_id)
    )
    by_tag: dict[str, list[str]] = {}
    for tag, question_id in found:
        by_tag.setdefault(tag, []).append(question_id)
    return by_tag


def _tagged(course_id: str, tag: str) -> Any:
    return select(tags_table.c.question_id).where(
        tags_table.c.course_id == course_id, tags_table.c.tag == tag
    )


async def _add_tags(tx: AsyncConnection, course_id: str, question_id: str, tags: Sequence[str]) -> None:
    if tags:
        rows = [{"question_id": question_id, "tag": tag, "course_id": course_id} for tag in tags]
        await tx.execute(insert(tags_table), rows)


async def _with_tags(tx: AsyncConnection, rows: Sequence[Row[Any]]) -> list[Question]:
    if not rows:
        return []
    c = tags_table.c
    found = await tx.execute(
        select(c.question_id, c.tag).where(c.question_id.in_([row.id for row in rows])).order_by(c.tag)
    )
    tags: dict[str, list[str]] = {}
    for question_id, tag in found:
        tags.setdefault(question_id, []).append(tag)
    return [
        Question(**{**row._mapping, "kind": QuestionKind(row.kind)}, tags=tags.get(row.id, ()))
        for row in rows
    ]
