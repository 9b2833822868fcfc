"""What crosses the wire about assignments and their groups."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from vtp.courses.outline_schemas import Id, Published, ReleaseAt, Text
from vtp.coursework.assignment_store import Assignment, Group
from vtp.coursework.late import LatePolicy
from vtp.coursework.material_schemas import LessonId
from vtp.http.moment import Moment
from vtp.http.pagination import Page
from vtp.http.text import Name

MAX_POINTS = 10_000
MAX_CRITERIA = 50
MAX_GROUPS = 500
MAX_IN_GROUP = 100


def _hundredths(value: float) -> float:
    if round(value, 2) != value:
        raise ValueError("points have at most two decimals")
    return value


Points = Annotated[float, Field(ge=0, le=MAX_POINTS), AfterValidator(_hundredths)]
DueAt = Annotated[Moment | None, Field(description="null: whenever they like.")]
LateUntil = Annotated[
    Moment | None, Field(description="Nothing is taken after that, whatever the policy; null: at any time.")
]
Percent = Annotated[int, Field(ge=0, le=100, description="Taken off for each day begun, by `deduct`.")]
Attempts = Annotated[
    int | None, Field(ge=1, le=100, description="How often it can be handed in; null: any number of times.")
]


class Criterion(BaseModel):
    """A line of a rubric."""

    model_config = ConfigDict(extra="forbid")

    id: Annotated[str, Field(pattern=r"^[a-zA-Z0-9_-]{1,32}$", description="By which scores name it.")]
    title: Name
    description: Annotated[str, Field(max_length=2000)] = ""
    points: Points


Rubric = Annotated[
    list[Criterion],
    Field(max_length=MAX_CRITERIA, description="Criteria whose points are those of the assignment in all."),
]


class CreateAssignment(BaseModel):
    """A new assignment."""

    model_config = ConfigDict(extra="forbid")

    title: Name
    description: Text = ""
    lesson_id: LessonId = None
    published: Published = True
    release_at: ReleaseAt = None
    due_at: DueAt = None
    late_policy: LatePolicy = LatePolicy.ACCEPT
    late_until: LateUntil = None
    late_percent: Percent = 0
    points: Points = 100
    rubric: Rubric = []
    for_groups: bool = False
    max_attempts: Attempts = None


class ChangeAssignment(BaseModel):
    """What is to be different; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    title: Name | None = None
    description: Text | None = None
    lesson_id: LessonId = None
    published: Published | None = None
    release_at: ReleaseAt = None
    due_at: DueAt = None
    late_policy: LatePolicy | None = None
    late_until: LateUntil = None
    late_percent: Percent | None = None
    points: Points | None = None
    rubric: Rubric | None = None
    for_groups: bool | None = None
    max_attempts: Attempts = None


class AssignmentReply(BaseModel):
    """An assignment of a course."""

    id: str
    course_id: str
    lesson_id: str | None
    title: str
    description: str
    published: bool
    release_at: datetime | None
    due_at: datetime | None
    late_policy: LatePolicy
    late_until: datetime | None
    late_percent: int
    closes_at: Annotated[datetime | None, Field(description="After that nothing is taken; null: never.")]
    points: float
    rubric: list[Criterion]
    for_groups: bool
    max_attempts: int | None
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, assignment: Assignment) -> Self:
        """Describes an assignment."""
        made: dict[str, Any] = {
            "rubric": [Criterion(**one) for one in assignment.rubric],
            "closes_at": assignment.deadline.closes_at,
        }
        own = {name: getattr(assignment, name) for name in cls.model_fields if name not in made}
        return cls(**own, **made)


class AssignmentPage(Page[AssignmentReply]):
    """One page of assignments, newest first."""


class WantedGroup(BaseModel):
    """Some who work together."""

    model_config = ConfigDict(extra="forbid")

    id: Annotated[Id | None, Field(description="Of a group that is there already and stays.")] = None
    name: Name
    members: Annotated[list[Id], Field(min_length=1, max_length=MAX_IN_GROUP, description="Accounts.")]


class WantedGroups(BaseModel):
    """All groups of an assignment."""

    model_config = ConfigDict(extra="forbid")

    groups: Annotated[list[WantedGroup], Field(max_length=MAX_GROUPS)]


class GroupMember(BaseModel):
    """Somebody in a group."""

    user_id: str
    full_name: str


class GroupReply(BaseModel):
    """A group of an assignment."""

    id: str
    name: str
    members: list[GroupMember]

    @classmethod
    def of(cls, group: Group) -> Self:
        """Describes a group."""
        people = [GroupMember(user_id=one, full_name=name) for one, name in group.members]
        return cls(id=group.id, name=group.name, members=people)


class GroupPage(Page[GroupReply]):
    """One page of groups."""
