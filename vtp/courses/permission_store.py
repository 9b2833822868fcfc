"""The rows of roles that somebody was given in a course. No rules here, only SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.tables import users
from vtp.courses.roles import EnrolmentStatus
from vtp.courses.tables import course_enrollments
from vtp.courses.tables import course_permissions as table
from vtp.db.statements import insert_if_absent
from vtp.http.identity import Role


@dataclass(frozen=True, slots=True)
class Permission:
    """A role that somebody was given in a course; `word`: as it was said."""

    course_id: str
    user_id: str
    role: Role
    watch_only: bool
    word: str
    granted_by: str | None
    granted_at: datetime
    full_name: str = ""
    email: str = ""


_OWN = [name for name in Permission.__slots__ if name not in ("full_name", "email")]
_WITH_NAMES = select(*(table.c[name] for name in _OWN), users.c.full_name, users.c.email).select_from(
    table.join(users, users.c.id == table.c.user_id)
)


async def set_permission(tx: AsyncConnection, permission: Permission) -> None:
    """Gives somebody a role in place of the one they were given before."""
    values = {name: getattr(permission, name) for name in _OWN}
    if not await insert_if_absent(tx, table, values):
        await tx.execute(update(table).where(*_of(permission.course_id, permission.user_id)).values(values))


async def find_permission(tx: AsyncConnection, course_id: str, user_id: str) -> Permission | None:
    """What somebody was given in a course."""
    row = (await tx.execute(_WITH_NAMES.where(*_of(course_id, user_id)))).one_or_none()
    return _permission(row) if row else None


async def page_of_permissions(
    tx: AsyncConnection, course_id: str, *, limit: int, after: str | None
) -> list[Permission]:
    """Who was given a role in a course, by account; after the one that the page before ended with."""
    statement = _WITH_NAMES.where(table.c.course_id == course_id).order_by(table.c.user_id).limit(limit)
    if after is not None:
        statement = statement.where(table.c.user_id > after)
    return [_permission(row) for row in await tx.execute(statement)]


async def remove_permission(tx: AsyncConnection, course_id: str, user_id: str) -> bool:
    """Takes away what somebody was given; tells whether that was something."""
    return (await tx.execute(delete(table).where(*_of(course_id, user_id)))).rowcount == 1


async def staff_of(tx: AsyncConnection, course_id: str) -> dict[str, Role]:
    """Who teaches or assists in a course, by account: by what they were given, else as they are enrolled."""
    e = course_enrollments.c
    enrolled = select(e.user_id, e.role).where(
        e.course_id == course_id, e.status == EnrolmentStatus.ACTIVE, e.role != Role.STUDENT
    )
    given = select(table.c.user_id, table.c.role).where(table.c.course_id == course_id)
    roles = [(row[0], Role(row[1])) for one in (enrolled, given) for row in await tx.execute(one)]
    return {user_id: role for user_id, role in dict(roles).items() if role is not Role.STUDENT}


async def add_permissions(tx: AsyncConnection, permissions: Sequence[Permission]) -> None:
    """Adds several, of which none is there."""
    if permissions:
        rows = [{name: getattr(one, name) for name in _OWN} for one in permissions]
        await tx.execute(insert(table), rows)


def _of(course_id: str, user_id: str) -> tuple[Any, Any]:
    return table.c.course_id == course_id, table.c.user_id == user_id


def _permission(row: Row[Any, *tuple[Any, ...]]) -> Permission:
    return Permission(**dict(row._mapping) | {"role": Role(row.role)})
