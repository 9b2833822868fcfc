"""What crosses the wire about grades."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from vtp.courses.outline_schemas import not_a_cursor
from vtp.coursework.assignment_schemas import MAX_CRITERIA, Points
from vtp.coursework.grade_store import Grade, PupilPlace
from vtp.coursework.late import WorkStatus
from vtp.coursework.material_schemas import FileReply
from vtp.coursework.quiz_entries import QuizEntry
from vtp.coursework.roster import RosterCounts, RosterRow
from vtp.coursework.standing import Entry
from vtp.http.pagination import Page, PageQuery
from vtp.ids import is_id

_NAME = re.compile(r"[^\0\ud800-\udfff]{0,150}", re.DOTALL)
"""What databases take in a cursor; one letter may be three where it is small."""
Feedback = Annotated[str, Field(max_length=50_000, description="Plain text, with line breaks.")]


class Score(BaseModel):
    """What a criterion of the rubric gave."""

    model_config = ConfigDict(extra="forbid")

    id: Annotated[str, Field(max_length=32, description="The criterion's.")]
    points: Points
    comment: Annotated[str, Field(max_length=5000)] = ""


class ChangeGrade(BaseModel):
    """What is to be different; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    points: Annotated[
        Points | None, Field(description="Before anything is taken off; left out with `scores`: their sum.")
    ] = None
    scores: Annotated[list[Score] | None, Field(max_length=MAX_CRITERIA)] = None
    feedback: Feedback | None = None
    released: Annotated[bool | None, Field(description="Whether its student sees it.")] = None
    for_group: Annotated[
        bool, Field(description="The same for everybody in the student's group, whatever they had.")
    ] = False
    files_for_group: Annotated[
        bool,
        Field(
            description="With `for_group`: the files of this grade are everybody's there, in place of the "
            "files that they had; 422 without it."
        ),
    ] = False
    for_newest: Annotated[
        bool,
        Field(
            description="Points that are sent as they were are for the newest attempt, too; without it they "
            "stay for the one that they were given for. Points that are different are for the newest."
        ),
    ] = False

    @field_validator("files_for_group")
    @classmethod
    def _is_for_a_group(cls, value: bool, info: ValidationInfo) -> bool:
        if value and not info.data.get("for_group", True):  # left out: it is wrong itself
            raise ValueError("is for a group: say for_group, too")
        return value


class GradeReply(BaseModel):
    """Somebody's grade in an assignment."""

    assignment_id: str
    user_id: str
    submission_id: Annotated[
        str | None, Field(description="The attempt that the points are for; null: for none.")
    ]
    newest_submission_id: Annotated[
        str | None, Field(description="The newest attempt that is handed in; null for students.")
    ]
    points: Annotated[float | None, Field(description="Before anything is taken off; null: none yet.")]
    scores: list[Score]
    feedback: str
    files: list[FileReply]
    released: bool
    released_at: datetime | None
    graded_by: str | None
    version: Annotated[int, Field(description="0: nothing was said yet.")]

    @classmethod
    def of(cls, grade: Grade) -> Self:
        """Describes a grade."""
        made: dict[str, Any] = {
            "points": None if grade.centipoints is None else grade.centipoints / 100,
            "scores": [Score(**one) for one in grade.scores],
            "files": [FileReply.of(one) for one in grade.files],
            "released": grade.released_at is not None,
        }
        own = {name: getattr(grade, name) for name in cls.model_fields if name not in made}
        return cls(**own, **made)


class Released(BaseModel):
    """How many grades students see from now on."""

    released: int


class EntryReply(BaseModel):
    """Where a student stands with an assignment."""

    assignment_id: str
    title: str
    status: WorkStatus
    submission_id: Annotated[str | None, Field(description="The newest attempt that is handed in.")]
    handed_in_at: datetime | None
    out_of: Annotated[float, Field(description="What the assignment is worth.")]
    points: float | None
    percent_off: Annotated[int, Field(description="For being late.")]
    final_points: Annotated[float | None, Field(description="After that.")]
    released: bool

    @classmethod
    def of(cls, entry: Entry) -> Self:
        """Describes an entry."""
        return cls.model_validate(entry, from_attributes=True)


class QuizEntryReply(BaseModel):
    """Where a student stands with a quiz."""

    quiz_id: str
    title: str
    status: Annotated[
        WorkStatus, Field(description="`on_time` once an attempt has ended, `missing` once it has closed.")
    ]
    ended_at: datetime | None
    out_of: Annotated[float, Field(description="Of the student's own attempts, once there are any.")]
    points: Annotated[float | None, Field(description="By the quiz's rule of what counts.")]
    released: Annotated[bool, Field(description="Whether its student is shown results.")]
    attempt_id: Annotated[
        str | None,
        Field(description="The best attempt where that counts, else the last; as points are shown."),
    ]

    @classmethod
    def of(cls, entry: QuizEntry) -> Self:
        """Describes an entry."""
        return cls.model_validate(entry, from_attributes=True)


class BookRowReply(BaseModel):
    """A student in the grade book (`vtp.coursework.written_book`)."""

    user_id: str
    full_name: str
    email: str
    percent_to_date: Annotated[float | None, Field(description="Of what is graded; null: nothing is.")]
    percent_overall: Annotated[float | None, Field(description="Of all that there is, the rest as nothing.")]
    entries: Annotated[list[EntryReply], Field(description="One for each assignment, newest first.")]
    quizzes: Annotated[list[QuizEntryReply], Field(description="One for each quiz, newest first.")]


class BookQuery(PageQuery):
    """Whom to list."""

    q: Annotated[str, Field(max_length=200, description="In their name or address.")] = ""

    def place(self) -> PupilPlace | None:
        """Where the page before ended. Raises Invalid."""
        position = self.position()
        if position is None:
            return None
        match position:
            case [str(name), str(enrolment)] if is_id(enrolment) and _NAME.fullmatch(name):
                return name, enrolment
        raise not_a_cursor()


class GradeBookPage(Page[BookRowReply]):
    """One page of the grade book."""


class RosterQuery(PageQuery):
    """Whom to list."""

    q: Annotated[str, Field(max_length=200, description="In their name or address.")] = ""
    student_id: Annotated[
        str | None, Field(max_length=64, description="Begin with this student; others before are left out.")
    ] = None


class RosterRowReply(BaseModel):
    """A student with an assignment."""

    user_id: str
    full_name: str
    entry: EntryReply

    @classmethod
    def of(cls, row: RosterRow) -> Self:
        """Describes a row."""
        return cls(user_id=row.pupil.user_id, full_name=row.pupil.full_name, entry=EntryReply.of(row.entry))


class RosterCountsReply(BaseModel):
    """Of all students of the course."""

    students: int
    handed_in: Annotated[int, Field(description="Who has, or whose group has.")]
    drafts: Annotated[int, Field(description="Grades that their students do not see.")]

    @classmethod
    def of(cls, counts: RosterCounts) -> Self:
        """Describes them."""
        return cls(**{name: getattr(counts, name) for name in cls.model_fields})


class RosterPage(Page[RosterRowReply]):
    """One page of an assignment's students."""

    counts: Annotated[RosterCountsReply | None, Field(description="On the first page; else null.")] = None


class OwnGradesPage(Page[EntryReply]):
    """One page of one's own grades, by assignment, newest first."""

    quizzes: Annotated[
        list[QuizEntryReply] | None,
        Field(description="On the first page all of one's quizzes, newest first; null on others."),
    ]
