"""What crosses the wire about calendars."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field

from vtp.courses.calendar_store import Feed
from vtp.http.pagination import Page


class RenewCalendar(BaseModel):
    """A calendar of all one's courses, or of one."""

    model_config = ConfigDict(extra="forbid")

    course_id: Annotated[str | None, Field(max_length=64)] = None


class CalendarReply(BaseModel):
    """A calendar, without its address."""

    id: str
    course_id: str | None
    created_at: datetime
    renewed_at: Annotated[datetime, Field(description="Since when it has the address that it has.")]

    @classmethod
    def of(cls, feed: Feed) -> Self:
        """Describes a calendar."""
        return cls(
            id=feed.id, course_id=feed.course_id, created_at=feed.created_at, renewed_at=feed.renewed_at
        )


class NewCalendar(CalendarReply):
    """A calendar with its address, which is told once; an older address shows nothing from now on."""

    url: Annotated[str, Field(description="Secret: whoever has it reads the calendar.")]


class CalendarPage(Page[CalendarReply]):
    """One page of calendars."""
