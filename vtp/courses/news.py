"""What people in a course are told at once, on whichever pages they have open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class News:
    """Something that has happened in a course, and whom it is told; `kind` is a stable word for programs."""

    user_ids: frozenset[str]
    kind: str
    title: str
    text: str
    at: datetime
    course_id: str
    lesson_id: str | None = None
    recording_id: str | None = None


def shape_of(news: News) -> Mapping[str, str | None]:
    """As it is pushed: `vtp.signalling.shapes.News`."""
    return {
        "kind": news.kind,
        "title": news.title,
        "text": news.text,
        "at": news.at.isoformat(),
        "course_id": news.course_id,
        "lesson_id": news.lesson_id,
        "recording_id": news.recording_id,
    }
