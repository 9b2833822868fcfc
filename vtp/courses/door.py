"""Finds the course that a call is about, and lets in who may do what it asks for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.permissions import Action, can, require, require_reach
from vtp.courses.roles import CourseStatus, as_in_course
from vtp.courses.store import Course, Seen, find_course, find_course_alone
from vtp.db.prepared import Source
from vtp.errors import Conflict, Forbidden, NotFound
from vtp.http.identity import Principal, Role
from vtp.ids import parse_id

S = TypeVar("S")
RIGHTS = {
    "view": Action.COURSE_VIEW,
    "teach": Action.COURSE_TEACH,
    "enrol": Action.COURSE_ENROL,
    "update": Action.COURSE_UPDATE,
    "appoint": Action.COURSE_APPOINT,
    "delete": Action.COURSE_DELETE,
}


@dataclass(frozen=True, slots=True)
class Entered:
    """A course, and the caller in the role that they have in it."""

    seen: Seen
    principal: Principal

    @property
    def course(self) -> Course:
        """The course itself."""
        return self.seen.course

    @property
    def role(self) -> Role:
        """The caller's role in it."""
        return self.principal.role

    def may(self, action: Action) -> bool:
        """Whether the caller may do this there."""
        return can(self.principal, action, self.course)

    @property
    def rights(self) -> tuple[str, ...]:
        """What the caller may do there, in the words of `RIGHTS`."""
        return tuple(name for name, action in RIGHTS.items() if self.may(action))

    @property
    def may_look(self) -> bool:
        """Whether the caller may know of it: members, who waits, and everybody what the catalogue has."""
        known = self.course.listed or self.seen.member.enrolment is not None
        return self.may(Action.COURSE_VIEW) or (known and self.course.status is CourseStatus.ACTIVE)


def entered(principal: Principal, seen: Seen) -> Entered:
    """A course with the caller as they are in it."""
    return Entered(seen, as_in_course(principal, seen.course.instructor_id, seen.member))


async def enter(source: Source, principal: Principal, course_id: str, action: Action | None) -> Entered:
    """The course, for somebody who may do this there; None: for who may know of it.

    Raises Invalid for a malformed id, NotFound, Forbidden.
    """
    return await _enter(find_course, source, principal, course_id, action)


async def _enter(
    find: Callable[[S, str, str | None], Awaitable[Seen | None]],
    source: S,
    principal: Principal,
    course_id: str,
    action: Action | None,
) -> Entered:
    require_reach(principal, Action.COURSE_LIST)
    found = await find(source, parse_id(course_id, "/path/id"), principal.user_id)
    if found is None:
        raise NotFound("There is no such course.", code="no_such_course")
    inside = entered(principal, found)
    if action is not None:
        require(inside.principal, action, inside.course)
    elif not inside.may_look:
        raise Forbidden("This course is for those who take part in it.", code="not_in_course")
    return inside


async def enter_to_change(
    tx: AsyncConnection,
    principal: Principal,
    course_id: str,
    action: Action | None,
    *,
    though_archived: bool = False,
) -> Entered:
    """The same while nobody else changes it. Raises Conflict, too, for a course that is put away."""
    inside = await _enter(find_course_alone, tx, principal, course_id, action)
    if not though_archived:
        refuse_archived(inside)
    return inside


def refuse_archived(inside: Entered) -> None:
    """Raises Conflict for a course that is put away."""
    if inside.course.status is CourseStatus.ARCHIVED:
        raise Conflict(
            "This course is archived: give it another status before you change anything in it.",
            code="course_archived",
        )
