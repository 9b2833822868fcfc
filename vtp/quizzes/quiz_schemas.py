"""What crosses the wire about quizzes."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from vtp.http.moment import Moment
from vtp.http.pagination import Page
from vtp.http.text import Name
from vtp.ids import is_id
from vtp.quizzes.grading import Counts
from vtp.quizzes.question_schemas import LongText, Tag
from vtp.quizzes.quiz_store import Part, Quiz, Results


def _id(value: str) -> str:
    if not is_id(value):
        raise ValueError("is no identifier")
    return value.lower()


class PartWish(BaseModel):
    """One question by its id, or `count` drawn from those with a tag, anew for each attempt."""

    model_config = ConfigDict(extra="forbid", from_attributes=True)

    question_id: Annotated[str, AfterValidator(_id)] | None = None
    tag: Tag | None = None
    count: Annotated[int, Field(ge=1, le=200)] = 1

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        if (self.question_id is None) == (self.tag is None):
            raise ValueError("a part names a question_id or a tag, and one of them alone")
        if self.question_id is not None and self.count != 1:
            raise ValueError("a question is asked once")
        return self


Parts = Annotated[list[PartWish], Field(max_length=200)]
Minutes = Annotated[int, Field(ge=1, le=100_000)]
Attempts = Annotated[int, Field(ge=1, le=1000)]


class CreateQuiz(BaseModel):
    """A quiz."""

    model_config = ConfigDict(extra="forbid")

    title: Name
    description: LongText = ""
    published: Annotated[bool, Field(description="Students see it.")] = False
    opens_at: Moment | None = None
    closes_at: Moment | None = None
    time_limit_minutes: Annotated[Minutes | None, Field(description="Null: until it closes.")] = None
    attempts_allowed: Annotated[Attempts | None, Field(description="Null: any number.")] = 1
    parts: Parts = []
    shuffle_questions: bool = False
    shuffle_choices: bool = True
    results: Annotated[
        Results,
        Field(description="`after_closing`: also for those who have extra time. To staff: always."),
    ] = Results.AFTER_CLOSING
    counts: Annotated[Counts, Field(description="Which of several attempts.")] = Counts.BEST
    partial_credit: Annotated[
        bool,
        Field(description="Multiple choice: right minus wrong choices, never below 0. Or all or nothing."),
    ] = True


class ChangeQuiz(BaseModel):
    """What is to be different; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    title: Name | None = None
    description: LongText | None = None
    published: bool | None = None
    opens_at: Moment | None = None
    closes_at: Moment | None = None
    time_limit_minutes: Minutes | None = None
    attempts_allowed: Attempts | None = None
    parts: Parts | None = None
    shuffle_questions: bool | None = None
    shuffle_choices: bool | None = None
    results: Results | None = None
    counts: Counts | None = None
    partial_credit: bool | None = None


class PartReply(BaseModel):
    """One question by name, or some that are drawn."""

    question_id: str | None
    tag: str | None
    count: int

    @classmethod
    def of(cls, part: Part) -> Self:
        """Describes a part."""
        return cls(question_id=part.question_id, tag=part.tag, count=part.count)


class QuizReply(BaseModel):
    """A quiz."""

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
    parts: Annotated[list[PartReply] | None, Field(description="Null for students.")]
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, quiz: Quiz, *, staff: bool = True) -> Self:
        """Describes a quiz."""
        own = {name: getattr(quiz, name) for name in Quiz.__slots__ if name != "parts"}
        return cls(**own, parts=[PartReply.of(part) for part in quiz.parts] if staff else None)


class QuizPage(Page[QuizReply]):
    """One page of quizzes."""


class SetExtraTime(BaseModel):
    """How much more time somebody has."""

    model_config = ConfigDict(extra="forbid")

    minutes: Annotated[int, Field(ge=0, le=100_000, description="0: none.")]


class ExtraTimeReply(BaseModel):
    """Somebody has more time."""

    user_id: str
    full_name: str
    minutes: int


class ExtraTimePage(Page[ExtraTimeReply]):
    """One page of people."""


class RegradeReply(BaseModel):
    """What grading anew has done."""

    attempts: Annotated[int, Field(description="That have ended.")]
    changed: Annotated[int, Field(description="That are worth something else now.")]
