"""Who somebody is in a course, and what a course shows to whom. No I/O.

What a role may do is for `accounts.permissions.can` to say, which is asked with the caller as they are in the
course: see `as_in_course`.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace
from typing import Final

from vtp.accounts.permissions import OLD_ROLE_WORDS, WATCH_ONLY_WORDS
from vtp.http.identity import Principal, Role


class CourseStatus(enum.StrEnum):
    """Where a course stands."""

    DRAFT = "draft"  # staff see it
    ACTIVE = "active"
    COMPLETED = "completed"  # members read, nobody joins by themselves
    ARCHIVED = "archived"  # staff read


class EnrolmentStatus(enum.StrEnum):
    """Whether somebody takes part already."""

    ACTIVE = "active"
    WAITING = "waiting"  # for a place


ENROLLED_ROLES: Final = (Role.TEACHER, Role.ASSISTANT, Role.STUDENT)
COURSE_STAFF: Final = (Role.ADMIN, Role.TEACHER, Role.ASSISTANT)
OPEN_TO_STUDENTS: Final = (CourseStatus.ACTIVE, CourseStatus.COMPLETED)


@dataclass(frozen=True, slots=True)
class Member:
    """What the rows say of somebody in a course: how they are enrolled, and what they were given besides."""

    enrolled_as: Role | None = None
    enrolment: EnrolmentStatus | None = None
    permission: Role | None = None
    watch_only: bool = False


def role_in_course(
    account_role: Role, user_id: str | None, instructor_id: str | None, member: Member
) -> Role:
    """The role that an account has in a course; that of a guest for who has none."""
    if user_id is None:
        return Role.GUEST
    if account_role is Role.ADMIN:
        return Role.ADMIN
    if user_id == instructor_id:
        return Role.TEACHER
    if member.permission is not None:
        return member.permission
    if member.enrolment is EnrolmentStatus.ACTIVE and member.enrolled_as is not None:
        return member.enrolled_as
    return Role.GUEST


def as_in_course(principal: Principal, instructor_id: str | None, member: Member) -> Principal:
    """The caller as rights in a course see them."""
    role = role_in_course(principal.role, principal.user_id, instructor_id, member)
    return replace(principal, role=role)


def parse_course_role(word: str) -> tuple[Role, bool]:
    """Reads a role in a course, the older contract's words included.

    Gives the role and whether it only watches. Raises ValueError with a sentence for another word.
    """
    word = word.strip().lower()
    role = OLD_ROLE_WORDS.get(word)
    if role is None and word in {Role.ADMIN, *ENROLLED_ROLES}:
        role = Role(word)
    if role is None:
        known = ", ".join((Role.ADMIN, *ENROLLED_ROLES))
        raise ValueError(f"there is no such role in a course; take one of {known}")
    return role, word in WATCH_ONLY_WORDS
