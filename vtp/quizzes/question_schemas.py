"""What crosses the wire about questions."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from vtp.http.pagination import Page, PageQuery
from vtp.http.text import check_line
from vtp.quizzes.grading import QuestionKind, Tolerance, fold
from vtp.quizzes.question_store import Question

_BOUND: Final = 1e15  # numbers that are written without loss
CHOICE_ID: Final = r"^[0-9a-f]{12}$"
_PARTS: Final[dict[QuestionKind, tuple[str, ...]]] = {
    QuestionKind.SINGLE: ("choices",),
    QuestionKind.MULTIPLE: ("choices",),
    QuestionKind.NUMERIC: ("value", "tolerance", "tolerance_kind"),
    QuestionKind.TEXT: ("accepted", "ignore_case", "ignore_space", "ignore_form"),
}
SOLUTION: Final = tuple(dict.fromkeys(name for names in _PARTS.values() for name in names))


def _no_nul(value: str) -> str:
    if "\0" in value:
        raise ValueError("the character NUL is not allowed here")
    return value


LongText = Annotated[str, Field(max_length=20_000), AfterValidator(_no_nul)]
Points = Annotated[float, Field(ge=0, le=1000, multiple_of=0.01, allow_inf_nan=False)]
Number = Annotated[float, Field(ge=-_BOUND, le=_BOUND, allow_inf_nan=False)]
Tag = Annotated[str, Field(max_length=50), AfterValidator(check_line), Field(min_length=1)]
Tags = Annotated[list[Tag], Field(max_length=20), AfterValidator(lambda tags: sorted(set(tags)))]
Accepted = Annotated[
    str,
    Field(max_length=500),
    AfterValidator(check_line),
    Field(min_length=1, description="An answer that is right."),
]


class ChoiceWish(BaseModel):
    """One of the choices."""

    model_config = ConfigDict(extra="forbid")

    id: Annotated[
        str | None, Field(pattern=CHOICE_ID, description="Of one that is there; new ones get theirs.")
    ] = None
    text: Annotated[str, Field(min_length=1, max_length=2000), AfterValidator(_no_nul)]
    right: bool = False


Choices = Annotated[list[ChoiceWish], Field(max_length=50)]


class CreateQuestion(BaseModel):
    """A question, with what is right. Which fields it has depends on its kind."""

    model_config = ConfigDict(extra="forbid")

    kind: Annotated[
        QuestionKind,
        Field(description="`single` and `multiple` have `choices`, `numeric` a `value`, `text` `accepted`."),
    ]
    text: Annotated[LongText, Field(min_length=1)]
    points: Points = 1.0
    feedback: Annotated[LongText, Field(description="Shown with the result.")] = ""
    tags: Tags = []
    choices: Choices | None = None
    value: Number | None = None
    tolerance: Annotated[float, Field(ge=0, le=_BOUND, allow_inf_nan=False)] | None = None
    tolerance_kind: Annotated[
        Tolerance | None, Field(description="`relative`: a part of the value, 0.05 is 5 %.")
    ] = None
    accepted: Annotated[list[Accepted], Field(max_length=100)] | None = None
    ignore_case: bool | None = None
    ignore_space: Annotated[
        bool | None, Field(description="At the ends, and how much there is between words.")
    ] = None
    ignore_form: Annotated[
        bool | None, Field(description="Full width, ligatures and the like (Unicode NFKC).")
    ] = None

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        own = _PARTS[self.kind]
        foreign = [name for name in SOLUTION if name not in own and getattr(self, name) is not None]
        if foreign:
            raise ValueError(f"a question of the kind {self.kind.value} has no {foreign[0]}")
        if "choices" in own:
            self._check_choices()
        if self.kind is QuestionKind.NUMERIC and self.value is None:
            raise ValueError("a numeric question needs a value")
        if self.kind is QuestionKind.TEXT:
            self._check_accepted()
        return self

    def _check_choices(self) -> None:
        choices = self.choices or []
        right = sum(choice.right for choice in choices)
        if len(choices) < 2:
            raise ValueError("there must be two choices at least")
        if self.kind is QuestionKind.SINGLE and right != 1:
            raise ValueError("one of the choices is right, and one alone")
        if not right:
            raise ValueError("one of the choices must be right")
        known = [choice.id for choice in choices if choice.id is not None]
        if len(known) != len(set(known)):
            raise ValueError("two choices have the same id")

    def _check_accepted(self) -> None:
        if not self.accepted:
            raise ValueError("a question of the kind text needs an accepted answer")
        rules = self.solution()
        if not all(fold(one, rules) for one in self.accepted):
            raise ValueError("an accepted answer says nothing")

    def solution(self) -> dict[str, Any]:
        """What is right, as it is stored."""
        if self.choices is not None:
            return {
                "choices": [
                    {"id": one.id or secrets.token_hex(6), "text": one.text, "right": one.right}
                    for one in self.choices
                ]
            }
        if self.kind is QuestionKind.NUMERIC:
            kind = self.tolerance_kind or Tolerance.ABSOLUTE
            return {"value": self.value, "tolerance": self.tolerance or 0.0, "tolerance_kind": kind.value}
        rules = {name: getattr(self, name) is not False for name in _PARTS[QuestionKind.TEXT][1:]}
        return {"accepted": self.accepted, **rules}


class ChangeQuestion(BaseModel):
    """What is to be different; what is left out stays. A question stays of its kind."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[LongText, Field(min_length=1)] | None = None
    points: Points | None = None
    feedback: LongText | None = None
    tags: Tags | None = None
    retired: Annotated[bool | None, Field(description="True: asked no more. False: asked again.")] = None
    choices: Choices | None = None
    value: Number | None = None
    tolerance: Annotated[float, Field(ge=0, le=_BOUND, allow_inf_nan=False)] | None = None
    tolerance_kind: Tolerance | None = None
    accepted: Annotated[list[Accepted], Field(max_length=100)] | None = None
    ignore_case: bool | None = None
    ignore_space: bool | None = None
    ignore_form: bool | None = None


class ChoiceReply(BaseModel):
    """One of the choices."""

    id: str
    text: str
    right: bool


class QuestionReply(BaseModel):
    """A question, as staff see it."""

    id: str
    course_id: str
    kind: QuestionKind
    text: str
    points: float
    feedback: str
    tags: list[str]
    retired_at: datetime | None
    choices: list[ChoiceReply] | None = None
    value: float | None = None
    tolerance: float | None = None
    tolerance_kind: str | None = None
    accepted: list[str] | None = None
    ignore_case: bool | None = None
    ignore_space: bool | None = None
    ignore_form: bool | None = None
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, question: Question) -> Self:
        """Describes a question."""
        own = [name for name in Question.__slots__ if name != "solution"]
        said: Mapping[str, Any] = question.solution
        solution = {name: said[name] for name in _PARTS[question.kind] if name in said}
        return cls(**{name: getattr(question, name) for name in own}, **solution)


class QuestionPage(Page[QuestionReply]):
    """One page of questions."""

    tags: Annotated[
        list[str] | None,
        Field(
            description="On the first page all that the bank's questions have, retired ones too; else null."
        ),
    ] = None
    tag_counts: Annotated[
        dict[str, int] | None,
        Field(description="On the first page how many questions each tag draws from; else null."),
    ] = None


class QuestionQuery(PageQuery):
    """Which questions to list."""

    q: Annotated[str, Field(max_length=200, description="With these words in their text, or a tag.")] = ""
    tag: Annotated[str, Field(max_length=50, description="With this tag.")] = ""
    quiz_id: Annotated[str | None, Field(max_length=64, description="Those that this quiz asks by name.")] = (
        None
    )
    kind: QuestionKind | None = None
    retired: Annotated[bool, Field(description="Those that are asked no more, instead of the others.")] = (
        False
    )
