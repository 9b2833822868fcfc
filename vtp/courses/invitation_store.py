"""The rows of codes and links by which one joins a course. No rules here, only SQL."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Row, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.courses.tables import course_invitations as table
from vtp.http.identity import Role

InvitationStatus = Literal["good", "revoked", "expired", "used_up"]


class Kind(enum.StrEnum):
    """How it is handed on."""

    CODE = "code"  # typed
    LINK = "link"  # clicked


@dataclass(frozen=True, slots=True)
class CourseInvitation:
    """A way into a course. `code` is what is typed, None for a link."""

    id: str
    course_id: str
    kind: Kind
    code: str | None
    label: str
    role: Role
    max_uses: int | None
    uses: int
    created_by: str | None
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None = None

    def status_at(self, now: datetime) -> InvitationStatus:
        """Whether it lets anybody in, as far as it goes."""
        if self.revoked_at is not None:
            return "revoked"
        if self.expires_at is not None and self.expires_at <= now:
            return "expired"
        return "used_up" if self.max_uses is not None and self.uses >= self.max_uses else "good"


_NAMES = list(CourseInvitation.__slots__)
_ALL = select(*(table.c[name] for name in _NAMES))


async def add_invitation(tx: AsyncConnection, invitation: CourseInvitation, token_hash: str | None) -> None:
    """Adds one, a link with the hash of its token."""
    values = {name: getattr(invitation, name) for name in _NAMES}
    await tx.execute(insert(table).values(**values, token_hash=token_hash))


async def find_invitation(
    tx: AsyncConnection, *, code: str = "", token_hash: str = ""
) -> CourseInvitation | None:
    """The one with this code, or with this token's hash."""
    wanted = table.c.code == code if code else table.c.token_hash == token_hash
    return await _one(tx, wanted)


async def find_invitation_of(
    tx: AsyncConnection, course_id: str, invitation_id: str
) -> CourseInvitation | None:
    """One of a course's."""
    return await _one(tx, table.c.id == invitation_id, table.c.course_id == course_id)


async def count_good(tx: AsyncConnection, course_id: str, now: datetime) -> int:
    """How many of a course's have neither ended nor been ended."""
    c = table.c
    lasts = or_(c.expires_at.is_(None), c.expires_at > now)
    statement = select(func.count()).where(c.course_id == course_id, c.revoked_at.is_(None), lasts)
    return int((await tx.execute(statement)).scalar_one())


async def page_of_invitations(
    tx: AsyncConnection, course_id: str, *, limit: int, before: str | None
) -> list[CourseInvitation]:
    """A course's, newest first."""
    statement = _ALL.where(table.c.course_id == course_id).order_by(table.c.id.desc()).limit(limit)
    if before is not None:
        statement = statement.where(table.c.id < before)
    return [_invitation(row) for row in await tx.execute(statement)]


async def count_use(tx: AsyncConnection, invitation_id: str) -> None:
    """Somebody has come by it."""
    await tx.execute(update(table).where(table.c.id == invitation_id).values(uses=table.c.uses + 1))


async def end_invitation(tx: AsyncConnection, invitation_id: str, now: datetime) -> None:
    """Lets nobody in by it any more."""
    still = table.c.id == invitation_id, table.c.revoked_at.is_(None)
    await tx.execute(update(table).where(*still).values(revoked_at=now))


async def _one(tx: AsyncConnection, *wanted: ColumnElement[bool]) -> CourseInvitation | None:
    row = (await tx.execute(_ALL.where(*wanted))).one_or_none()
    return _invitation(row) if row else None


def _invitation(row: Row[Any]) -> CourseInvitation:
    values = dict(row._mapping)
    return CourseInvitation(**values | {"kind": Kind(values["kind"]), "role": Role(values["role"])})
