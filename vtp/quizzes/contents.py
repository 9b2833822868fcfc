"""Questions and quizzes as they are put into other courses: without attempts and extra time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Annotated, ClassVar, Final, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.courses.contents import ContentKind, Label, Packed, Source, Target
from vtp.courses.dates import DateRule
from vtp.errors import FieldError, Invalid
from vtp.http.moment import Moment
from vtp.quizzes.question_schemas import CreateQuestion, Tag
from vtp.quizzes.question_store import Question, add_questions, questions_of
from vtp.quizzes.questions import MAX_QUESTIONS
from vtp.quizzes.quiz_schemas import CreateQuiz
from vtp.quizzes.quiz_store import MAX_QUIZZES, Part, Quiz, Results, add_quiz, quizzes_of
from vtp.quizzes.quizzes import check_times

QUESTIONS: Final = "questions"
_AT_ONCE: Final = 200


class PackedQuestion(CreateQuestion, Packed):
    """A question, with what is right."""

    retired_at: Moment | None = None


class PackedPart(BaseModel):
    """One question by its label, or so many of a tag."""

    model_config = ConfigDict(extra="forbid")

    question_id: Label | None = None
    tag: Tag | None = None
    count: Annotated[int, Field(ge=1, le=200)] = 1

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        if (self.question_id is None) == (self.tag is None):
            raise ValueError("a part names a question_id or a tag, and one of them alone")
        return self


class PackedQuiz(CreateQuiz, Packed):
    """A quiz."""

    parts: Annotated[list[PackedPart], Field(max_length=200)]  # type: ignore[assignment]


class QuestionContents(ContentKind[PackedQuestion]):
    """The bank of a course, what is asked no more too."""

    name: ClassVar[str] = QUESTIONS
    model: ClassVar[type[PackedQuestion]] = PackedQuestion
    most: ClassVar[int] = MAX_QUESTIONS

    async def pages(self, tx: AsyncConnection, source: Source) -> AsyncIterator[Sequence[PackedQuestion]]:
        """The oldest first."""
        after = ""
        while found := await questions_of(tx, source.course_id, after=after, limit=_AT_ONCE):
            yield [
                PackedQuestion(
                    id=source.label(QUESTIONS, one.id),
                    kind=one.kind,
                    text=one.text,
                    points=one.points,
                    feedback=one.feedback,
                    tags=list(one.tags),
                    retired_at=one.retired_at,
                    **one.solution,
                )
                for one in found
            ]
            after = found[-1].id

    def row(self, target: Target, item: PackedQuestion) -> Question:
        """A question of the course; its choices keep their ids, by which answers name them."""
        return Question(
            target.take(QUESTIONS, item.id),
            target.course.id,
            item.kind,
            item.text,
            item.points,
            item.feedback,
            item.solution(),
            item.retired_at,
            target.now,
            target.now,
            item.tags,
        )

    async def write(self, tx: AsyncConnection, target: Target, rows: Sequence[Question]) -> None:
        """All at once."""
        await add_questions(tx, rows)


class QuizContents(ContentKind[PackedQuiz]):
    """Quizzes. Without dates those that opened by themselves, or showed results after closing, are not
    published."""

    name: ClassVar[str] = "quizzes"
    model: ClassVar[type[PackedQuiz]] = PackedQuiz
    most: ClassVar[int] = MAX_QUIZZES

    async def pages(self, tx: AsyncConnection, source: Source) -> AsyncIterator[Sequence[PackedQuiz]]:
        """The oldest first."""
        own = set(CreateQuiz.model_fields) - {"parts"}
        after = ""
        while found := await quizzes_of(tx, source.course_id, after=after, limit=_AT_ONCE):
            yield [
                PackedQuiz(
                    id=source.label(self.name, one.id),
                    parts=[
                        PackedPart(
                            question_id=source.named(QUESTIONS, part.question_id),
                            tag=part.tag,
                            count=part.count,
                        )
                        for part in one.parts
                    ],
                    **{name: getattr(one, name) for name in own},
                )
                for one in found
            ]
            after = found[-1].id

    def row(self, target: Target, item: PackedQuiz) -> Quiz:
        """A quiz of the course."""
        named = [one.question_id for one in item.parts if one.question_id is not None]
        if len(set(named)) < len(named):
            raise Invalid(
                "A quiz asks a question once.", errors=[FieldError("/parts", "a question is named twice")]
            )
        dates = target.dates
        closing = item.closes_at if item.results is Results.AFTER_CLOSING else None
        values = item.model_dump(exclude={"id", "parts"}) | {
            "published": dates.published(item.published, item.opens_at, closing),
            "opens_at": dates.of(item.opens_at),
            "closes_at": dates.of(item.closes_at),
        }
        parts = [
            Part(target.named(QUESTIONS, one.question_id, f"/parts/{place}/question_id"), one.tag, one.count)
            for place, one in enumerate(item.parts)
        ]
        quiz = Quiz(
            id=target.take(self.name, item.id),
            course_id=target.course.id,
            created_at=target.now,
            updated_at=target.now,
            parts=parts,
            **values,
        )
        if dates.rule is not DateRule.DROPPED:
            check_times(quiz)
        return quiz

    async def write(self, tx: AsyncConnection, target: Target, rows: Sequence[Quiz]) -> None:
        """One after the other."""
        for one in rows:
            await add_quiz(tx, one)
