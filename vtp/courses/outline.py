"""What sections and lessons have in common: found in their course, hidden until released, changed."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.audit import AuditLog, Event, Origin
from vtp.accounts.permissions import Action
from vtp.courses.door import Entered
from vtp.courses.outline_store import Lesson, Section, find_lesson, find_section
from vtp.errors import FieldError, Forbidden, Invalid, NotFound
from vtp.ids import parse_id

_NULLABLE = frozenset({"release_at", "section_id", "starts_at", "ends_at"})


async def section_in(tx: AsyncConnection, inside: Entered, section_id: str) -> Section:
    """A section of a course. Raises NotFound, Invalid."""
    found = await find_section(tx, inside.course.id, parse_id(section_id, "/path/section_id"))
    if found is None:
        raise NotFound("This course has no such section.", code="no_such_section")
    return found


async def lesson_in(tx: AsyncConnection, inside: Entered, lesson_id: str) -> Lesson:
    """A lesson of a course. Raises NotFound, Invalid."""
    found = await find_lesson(tx, inside.course.id, parse_id(lesson_id, "/path/lesson_id"))
    if found is None:
        raise NotFound("This course has no such lesson.", code="no_such_lesson")
    return found


def seen_at(inside: Entered, now: datetime) -> datetime | None:
    """The time by which the caller sees what is released; None for who sees all of it."""
    return None if inside.may(Action.COURSE_TEACH) else now


def not_released() -> Forbidden:
    """The refusal of what students do not see yet."""
    return Forbidden("This is not open yet.", code="not_released")


def changes_of(wish: BaseModel) -> dict[str, Any]:
    """The columns that a change names. Raises Invalid for a null where there must be something."""
    values = wish.model_dump(exclude_unset=True)
    empty = [
        FieldError(f"/{name}", "cannot be null")
        for name, value in values.items()
        if value is None and name not in _NULLABLE
    ]
    if empty:
        raise Invalid("The body is not acceptable; `errors` says where.", errors=empty)
    return values


async def note_removal(
    audit: AuditLog, tx: AsyncConnection, inside: Entered, origin: Origin, **what: str
) -> None:
    """Writes into the audit log what of a course was deleted."""
    await audit.record(
        tx,
        Event.COURSE_CHANGED,
        origin,
        actor_id=inside.principal.user_id,
        subject=f"course:{inside.course.id}",
        details={"did": "deleted", **what},
    )
