"""What crosses the wire about announcements."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field

from vtp.courses.announcement_store import Announcement
from vtp.http.pagination import Page
from vtp.http.text import Name

Body = Annotated[str, Field(max_length=20_000, description="Plain text, with line breaks.")]


class CreateAnnouncement(BaseModel):
    """What everybody in the course is to know."""

    model_config = ConfigDict(extra="forbid")

    title: Name
    body: Body = ""


class ChangeAnnouncement(BaseModel):
    """What is to be different; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    title: Name | None = None
    body: Body | None = None


class AnnouncementReply(BaseModel):
    """An announcement."""

    id: str
    course_id: str
    author_id: str | None
    author_name: str | None
    title: str
    body: str
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, announcement: Announcement) -> Self:
        """Describes an announcement."""
        return cls(**{name: getattr(announcement, name) for name in cls.model_fields})


class AnnouncementPage(Page[AnnouncementReply]):
    """One page of announcements."""
