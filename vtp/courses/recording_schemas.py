"""What crosses the wire about recordings of a course. Field names are the older contract's."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, Field

from vtp.courses.outline_schemas import is_place, not_a_cursor
from vtp.courses.recording_store import Filed, FiledPlace
from vtp.http.pagination import Page, PageQuery
from vtp.http.text import check_line
from vtp.recording.store import Status, Visibility

Order = Annotated[int, Field(ge=0, le=1_000_000)]


class FileRecording(BaseModel):
    """A recording for the members of a course."""

    recording_id: Annotated[str, Field(max_length=64)]
    lesson_id: Annotated[str | None, Field(max_length=64, description="Filed under it.")] = None
    lecture_number: Annotated[int | None, Field(ge=0, le=100_000)] = None
    lecture_title: Annotated[
        str, Field(max_length=255, description="Empty: as the recording."), AfterValidator(check_line)
    ] = ""
    sequence_order: Annotated[Order | None, Field(description="null: behind the others.")] = None


class FiledReply(BaseModel):
    """A recording of a course; `published`: its students see it."""

    course_id: str
    recording_id: str
    lesson_id: str | None
    lecture_number: int | None
    lecture_title: str
    sequence_order: int
    title: str
    status: Status
    published: bool
    duration_seconds: float
    started_at: datetime | None
    added_at: datetime

    @classmethod
    def of(cls, filed: Filed) -> Self:
        """Describes a recording of a course."""
        own = ("course_id", "recording_id", "lesson_id", "lecture_number", "sequence_order", "added_at")
        return cls(
            **{name: getattr(filed, name) for name in own},
            lecture_title=filed.lecture_title or filed.title,
            title=filed.title,
            status=Status(filed.status),
            published=filed.visibility != Visibility.STAFF,
            duration_seconds=filed.duration_ms / 1000,
            started_at=filed.started_at,
        )


class FiledPage(Page[FiledReply]):
    """One page of a course's recordings."""


class FiledQuery(PageQuery):
    """Where to go on."""

    def place(self) -> FiledPlace | None:
        """Where the page before ended. Raises Invalid."""
        position = self.position()
        if position is None:
            return None
        if not is_place(position, int, str):
            raise not_a_cursor()
        return position[0], position[1]


class FiledEnded(BaseModel):
    """A recording that is in the course no more."""

    recording_id: str
    status: Literal["deleted"] = "deleted"
    message: str = "The recording is out of the course; it is kept."
