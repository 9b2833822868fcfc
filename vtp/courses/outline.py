"""What sections and lessons have in common: hidden from students until they are released."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.permissions import Action
from vtp.courses.door import Entered
from vtp.courses.outline_store import find_section
from vtp.errors import FieldError, Forbidden, Invalid
from vtp.ids import parse_id


def seen_at(inside: Entered, now: datetime) -> datetime | None:
    """The time by which the caller sees what is released; None for who sees all of it."""
    return None if inside.may(Action.COURSE_TEACH) else now


def not_released() -> Forbidden:
    """The refusal of what students do not see yet."""
    return Forbidden("This is not open yet.", code="not_released")


async def section_id_in(tx: AsyncConnection, inside: Entered, section_id: str | None) -> str | None:
    """The section that something is to be in, which is one of the course's. Raises Invalid."""
    if section_id is None:
        return None
    wanted = parse_id(section_id, "/section_id")
    if await find_section(tx, inside.course.id, wanted) is None:
        raise Invalid(
            "The course has no such section.",
            code="no_such_section",
            errors=[FieldError("/section_id", "is no section of this course")],
        )
    return wanted
