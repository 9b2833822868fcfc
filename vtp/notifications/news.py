"""Something that has happened, as people are told of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

MAX_TITLE: Final = 200
MAX_TEXT: Final = 1000
"""Of a longer text the beginning; the page that the link leads to has all of it."""


@dataclass(frozen=True, slots=True)
class News:
    """What is to be told. `link` is a path within this server, `context` where it happens, in words; `once`:
    the same is not told a second time."""

    kind: str
    title: str
    text: str = ""
    link: str = ""
    context: str = ""
    course_id: str | None = None
    lesson_id: str | None = None
    recording_id: str | None = None
    subject_id: str | None = None
    once: str | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """News as it was told, and to one person when they have read it."""

    id: str
    kind: str
    title: str
    text: str
    link: str
    context: str
    course_id: str | None
    lesson_id: str | None
    recording_id: str | None
    at: datetime
    read_at: datetime | None = None


def cut(text: str, most: int) -> str:
    """The text, or its beginning with an ellipsis."""
    text = text.strip()
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
