"""What crosses the wire about sections and lessons."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field

from vtp.courses.outline_store import Lesson, LessonKind, LessonPlace, Section, SectionPlace
from vtp.errors import FieldError, Invalid
from vtp.http.moment import Moment
from vtp.http.pagination import Page, PageQuery
from vtp.http.text import Name
from vtp.ids import is_id

MAX_TEXT = 20_000
MAX_SECTIONS = 200
MAX_LESSONS = 1000


Text = Annotated[str, Field(max_length=MAX_TEXT)]
Published = Annotated[bool, Field(description="Students see it, once it is released.")]
ReleaseAt = Annotated[Moment | None, Field(description="Hidden from students until then; null: at once.")]
StartsAt = Annotated[Moment | None, Field(description="Of a live lesson.")]
SectionId = Annotated[str | None, Field(max_length=64, description="null: in no section.")]
Id = Annotated[str, Field(max_length=64)]


class CreateSection(BaseModel):
    """A new section, behind the others."""

    model_config = ConfigDict(extra="forbid")

    title: Name
    description: Text = ""
    published: Published = True
    release_at: ReleaseAt = None


class ChangeSection(BaseModel):
    """What is to be different; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    title: Name | None = None
    description: Text | None = None
    published: Published | None = None
    release_at: ReleaseAt = None


class SectionReply(BaseModel):
    """A section of a course."""

    id: str
    course_id: str
    title: str
    description: str
    position: int
    published: Published
    release_at: datetime | None
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, section: Section) -> Self:
        """Describes a section."""
        return cls(**{name: getattr(section, name) for name in cls.model_fields})


class SectionPage(Page[SectionReply]):
    """One page of sections."""


class SectionQuery(PageQuery):
    """Where to go on."""

    def place(self) -> SectionPlace | None:
        """Where the page before ended. Raises Invalid."""
        position = self.position()
        if position is None:
            return None
        if not is_place(position, int, str):
            raise not_a_cursor()
        return position[0], position[1]


class CreateLesson(BaseModel):
    """A new lesson, behind the others of its section."""

    model_config = ConfigDict(extra="forbid")

    kind: LessonKind
    title: Name
    section_id: SectionId = None
    description: Text = ""
    published: Published = True
    release_at: ReleaseAt = None
    starts_at: StartsAt = None
    ends_at: StartsAt = None


class ChangeLesson(BaseModel):
    """What is to be different; what is left out stays. In another section it is the last."""

    model_config = ConfigDict(extra="forbid")

    title: Name | None = None
    section_id: SectionId = None
    description: Text | None = None
    published: Published | None = None
    release_at: ReleaseAt = None
    starts_at: StartsAt = None
    ends_at: StartsAt = None
    cancelled: Annotated[
        bool | None, Field(description="A live lesson does not take place; false: it does after all.")
    ] = None


class LessonReply(BaseModel):
    """A lesson of a course."""

    id: str
    course_id: str
    section_id: str | None
    kind: LessonKind
    title: str
    description: str
    position: Annotated[int, Field(description="Within its section.")]
    published: Published
    release_at: datetime | None
    starts_at: datetime | None
    ends_at: datetime | None
    cancelled: bool
    over_at: Annotated[
        datetime | None,
        Field(description="When its class was ended for all: it is over unless staff hold it again."),
    ]
    schedule_id: Annotated[str | None, Field(description="The series that it belongs to.")]
    occurrence: Annotated[
        str | None,
        Field(description="Which class of the series it is, by the clock there, wherever it was moved."),
    ]
    touched: Annotated[
        bool, Field(description="It was moved or cancelled by itself: the series moves it no more.")
    ]
    room_id: Annotated[str | None, Field(description="Of a live lesson: where it is held.")]
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, lesson: Lesson) -> Self:
        """Describes a lesson."""
        return cls(**{name: getattr(lesson, name) for name in cls.model_fields})


class LessonPage(Page[LessonReply]):
    """One page of lessons, in the order of the course."""


class LessonQuery(PageQuery):
    """Which lessons to list."""

    kind: LessonKind | None = None
    section_id: Annotated[str, Field(max_length=64)] = ""

    def place(self) -> LessonPlace | None:
        """Where the page before ended. Raises Invalid."""
        position = self.position()
        if position is None:
            return None
        if not is_place(position, int, str, int, str):
            raise not_a_cursor()
        return position[0], position[1], position[2], position[3]


class SectionOrder(BaseModel):
    """A section with its lessons in their order."""

    model_config = ConfigDict(extra="forbid")

    id: Id
    lessons: Annotated[list[Id], Field(max_length=MAX_LESSONS)] = Field(default_factory=list)


class Outline(BaseModel):
    """The order of a whole course: every section and every lesson of it once."""

    model_config = ConfigDict(extra="forbid")

    lessons: Annotated[list[Id], Field(max_length=MAX_LESSONS, description="Those in no section.")] = Field(
        default_factory=list
    )
    sections: Annotated[list[SectionOrder], Field(max_length=MAX_SECTIONS)] = Field(default_factory=list)


def is_place(position: Any, *kinds: type) -> bool:
    """Whether a cursor was made of positions (int) and ids (str) of these kinds; an id may be empty."""
    if not isinstance(position, list) or [type(one) for one in position] != list(kinds):
        return False
    numbers = [one for one in position if isinstance(one, int)]
    texts = [one for one in position if isinstance(one, str)]
    return all(-1 <= n < 2**31 for n in numbers) and all(not one or is_id(one) for one in texts)


def not_a_cursor() -> Invalid:
    """The refusal of a cursor of another list."""
    return Invalid(
        "This cursor was not made by this list; start again without one.",
        errors=[FieldError("/query/cursor", "not a cursor of this list")],
    )
