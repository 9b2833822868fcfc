"""What students see of a course's work: what is released, and of a lesson's once that is."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, Table, and_, or_

from vtp.courses.outline_store import is_released
from vtp.courses.tables import course_sections, lessons


def seen_by_students(
    table: Table, now: datetime | ColumnElement[datetime]
) -> tuple[ColumnElement[bool], ...]:
    """For statements in which `table` is joined with its lesson and the lesson's section, if it has them."""
    section = or_(lessons.c.section_id.is_(None), is_released(course_sections, now))
    of_lesson = or_(table.c.lesson_id.is_(None), and_(is_released(lessons, now), section))
    return is_released(table, now), of_lesson
