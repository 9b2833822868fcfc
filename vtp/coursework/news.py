"""What people in a course are told of its coursework."""

from __future__ import annotations

from typing import Final

from vtp.courses.news import context_of, page_of
from vtp.courses.store import Course
from vtp.notifications.kinds import Kind, MailChoice
from vtp.notifications.news import News

MATERIAL_ADDED: Final = Kind("material_added", "New files in courses", MailChoice.DAILY)
ASSIGNED: Final = Kind("assignment_added", "New assignments", MailChoice.AT_ONCE)
GRADED: Final = Kind("grade_released", "Grades that are released", MailChoice.AT_ONCE)

KINDS: Final = (MATERIAL_ADDED, ASSIGNED, GRADED)


def news_of(
    kind: Kind, course: Course, title: str, text: str, *, subject_id: str, lesson_id: str | None
) -> News:
    """Something new in a course; `subject_id` is what it is about, with which it can be taken back."""
    return News(
        kind.word,
        title,
        text,
        page_of(course.id),
        context_of(course),
        course.id,
        lesson_id,
        subject_id=subject_id,
    )
