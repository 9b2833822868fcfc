"""What crosses the wire about attempts."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field

from vtp.http.pagination import Page, PageQuery
from vtp.http.text import Name
from vtp.quizzes.attempt_store import Attempt, Given, Override
from vtp.quizzes.attempts import AttemptView
from vtp.quizzes.grading import QuestionKind
from vtp.quizzes.question_schemas import CHOICE_ID, LongText, Number, Points


class AnswerWish(BaseModel):
    """An answer: `choices`, `value` or `text`, as the question's kind wants it."""

    model_config = ConfigDict(extra="forbid")

    choices: Annotated[list[Annotated[str, Field(pattern=CHOICE_ID)]] | None, Field(max_length=50)] = None
    value: Number | None = None
    text: Annotated[LongText | None, Field(max_length=5000)] = None


class SaveAnswer(BaseModel):
    """What to save; saying the same again changes nothing."""

    model_config = ConfigDict(extra="forbid")

    answer: Annotated[AnswerWish | None, Field(description="Null: none.")]
    version: Annotated[
        int | None,
        Field(
            ge=0,
            le=2**31 - 1,
            description="Of the answer as it was read: 409 `answer_changed` for another. Null: any.",
        ),
    ] = None


class ChosenReply(BaseModel):
    """A choice, as it was shown; `right` is null until results are shown."""

    id: str
    text: str
    right: bool | None


class GivenReply(BaseModel):
    """A question of an attempt; what was right, feedback and points are null until results are shown."""

    question_id: str
    kind: QuestionKind
    text: str
    max_points: float
    choices: list[ChosenReply] | None
    answer: dict[str, Any] | None
    version: int
    saved_at: datetime | None
    points: float | None
    override_points: Annotated[float | None, Field(description="Given by hand, instead of `points`.")]
    feedback: str | None
    solution: Annotated[
        dict[str, Any] | None, Field(description="Of numbers and texts: what is right, by which rules.")
    ]

    @classmethod
    def of(cls, given: Given, with_results: bool) -> Self:
        """Describes a question of an attempt."""
        texts = {choice["id"]: choice for choice in given.solution.get("choices", ())}
        chooses = given.kind in (QuestionKind.SINGLE, QuestionKind.MULTIPLE)
        choices = [
            ChosenReply(id=one, text=texts[one]["text"], right=texts[one]["right"] if with_results else None)
            for one in given.choice_order
            if one in texts
        ]
        return cls(
            question_id=given.question_id,
            kind=given.kind,
            text=given.text,
            max_points=given.max_points,
            choices=choices if chooses else None,
            answer=dict(given.answer) if given.answer is not None else None,
            version=given.version,
            saved_at=given.saved_at,
            points=given.points if with_results else None,
            override_points=given.override_points if with_results else None,
            feedback=given.feedback if with_results else None,
            solution=dict(given.solution) if with_results and not chooses else None,
        )


class AttemptReply(BaseModel):
    """An attempt; `points` is null until results are shown."""

    id: str
    quiz_id: str
    user_id: str
    full_name: str
    number: int
    begun_at: datetime
    ends_at: Annotated[datetime | None, Field(description="By itself; by the clock of the server.")]
    ended_at: datetime | None
    ended_by: Annotated[str | None, Field(description="`student` or `time`.")]
    points: float | None
    max_points: float

    @classmethod
    def of(cls, attempt: Attempt, with_results: bool) -> Self:
        """Describes an attempt."""
        return cls(**_fields(attempt, with_results))


def _fields(attempt: Attempt, with_results: bool) -> dict[str, Any]:
    values = {name: getattr(attempt, name) for name in AttemptReply.model_fields}
    return values if with_results else {**values, "points": None}


class OverrideReply(BaseModel):
    """Points that somebody gave by hand."""

    id: str
    question_id: str
    points: Annotated[float | None, Field(description="Null: by rule again.")]
    reason: str
    given_by: str | None
    created_at: datetime

    @classmethod
    def of(cls, override: Override) -> Self:
        """Describes what somebody gave."""
        return cls(**{name: getattr(override, name) for name in cls.model_fields})


class FullAttemptReply(AttemptReply):
    """An attempt with its questions."""

    results_shown: bool
    questions: list[GivenReply]
    overrides: list[OverrideReply]

    @classmethod
    def of_view(cls, view: AttemptView) -> Self:
        """Describes an attempt as somebody sees it."""
        shown = view.with_results
        return cls(
            **_fields(view.attempt, shown),
            results_shown=shown,
            questions=[GivenReply.of(one, shown) for one in view.given],
            overrides=[OverrideReply.of(one) for one in view.overrides],
        )


class AttemptCountsReply(BaseModel):
    """How much has come of a quiz."""

    people: Annotated[int, Field(description="Who have begun.")]
    attempts: int
    ended: Annotated[int, Field(description="Of the attempts.")]


class AttemptPage(Page[AttemptReply]):
    """One page of attempts."""

    counts: Annotated[
        AttemptCountsReply | None, Field(description="Of all, on the first page for staff; else null.")
    ] = None


class AttemptQuery(PageQuery):
    """Whose attempts to list."""

    user_id: Annotated[str | None, Field(max_length=36, description="For staff: of this account.")] = None


class GivePoints(BaseModel):
    """Points by hand, and why."""

    model_config = ConfigDict(extra="forbid")

    points: Annotated[
        Points | None, Field(description="At most what the question gives; null: by rule again.")
    ]
    reason: Name
