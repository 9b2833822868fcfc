"""What crosses the wire about series of lessons."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from vtp.courses.outline_schemas import Published, SectionId, Text
from vtp.courses.recurrence import parse_rule, read_local
from vtp.courses.schedule_store import Schedule
from vtp.http.pagination import Page
from vtp.http.text import Name
from vtp.time_zones import known_zone


def _rule(text: str) -> str:
    parts = parse_rule(text)
    return ";".join(f"{name}={value}" for name, value in parts.items())


def _local(text: str) -> str:
    if not 2000 <= read_local(text).year <= 2100:
        raise ValueError("take a year between 2000 and 2100")
    return text


Rule = Annotated[
    str,
    Field(max_length=200),
    AfterValidator(_rule),
    Field(
        description="Of recurrence, as calendars write it (RFC 5545): "
        "`FREQ=WEEKLY;BYDAY=MO,WE;UNTIL=20270210`. Daily, weekly or monthly; at most three "
        "years and 500 classes."
    ),
]
TimeZone = Annotated[
    str,
    Field(max_length=64),
    AfterValidator(known_zone),
    Field(description="By whose clocks the classes are, in summer and in winter: `Europe/Berlin`."),
]
FirstStart = Annotated[
    str,
    Field(max_length=16),
    AfterValidator(_local),
    Field(description="The first class, as a clock there says: `2026-10-05T08:00`."),
]
Minutes = Annotated[int, Field(ge=1, le=1440)]


class CreateSchedule(BaseModel):
    """A series of live lessons, which are made some weeks ahead."""

    model_config = ConfigDict(extra="forbid")

    title: Name
    rule: Rule
    time_zone: TimeZone
    first_start: FirstStart
    duration_minutes: Minutes
    section_id: SectionId = None
    description: Text = ""
    published: Published = True


class ChangeSchedule(BaseModel):
    """What is to be different for what has not begun, and that nobody has moved, cancelled or put elsewhere
    by itself."""

    model_config = ConfigDict(extra="forbid")

    title: Name | None = None
    rule: Rule | None = None
    time_zone: TimeZone | None = None
    first_start: FirstStart | None = None
    duration_minutes: Minutes | None = None
    description: Text | None = None
    section_id: SectionId = None
    published: Published | None = None


class ScheduleReply(BaseModel):
    """A series of live lessons."""

    id: str
    course_id: str
    section_id: Annotated[str | None, Field(description="Where its lessons are put as they are made.")]
    title: str
    description: str
    rule: str
    time_zone: str
    first_start: str
    duration_minutes: int
    published: bool
    skipped: Annotated[list[str], Field(description="Classes whose lesson was deleted, by the clock there.")]
    made_until: Annotated[datetime, Field(description="Lessons are made of all classes up to then.")]
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, schedule: Schedule) -> Self:
        """Describes a series."""
        return cls(**{name: getattr(schedule, name) for name in cls.model_fields})


class SchedulePage(Page[ScheduleReply]):
    """One page of series."""
