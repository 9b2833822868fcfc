"""Who is in a course, in which role: said here once, as a query."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Select, and_, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.service import account_of
from vtp.courses.door import Entered
from vtp.courses.roles import CourseStatus, EnrolmentStatus
from vtp.courses.tables import course_enrollments, course_permissions
from vtp.errors import Conflict, Forbidden
from vtp.http.identity import Principal, Role

_enrolled, _given = course_enrollments.c, course_permissions.c


def roles_in(course_id: str, roles: Collection[Role] = ()) -> list[Select[str, str]]:
    """Queries of account and role: of who has a place, and of who was given a role, which ranks above the
    place. `roles`: of these alone. Whose the course is is in none of them.
    """
    same = and_(_given.course_id == _enrolled.course_id, _given.user_id == _enrolled.user_id)
    role = func.coalesce(_given.role, _enrolled.role)
    enrolled = (
        select(_enrolled.user_id, role)
        .select_from(course_enrollments.outerjoin(course_permissions, same))
        .where(_enrolled.course_id == course_id, _enrolled.status == EnrolmentStatus.ACTIVE)
    )
    given = select(_given.user_id, _given.role).where(_given.course_id == course_id)
    if roles:
        return [enrolled.where(role.in_(roles)), given.where(_given.role.in_(roles))]
    return [enrolled, given]


async def people_of(tx: AsyncConnection, course_id: str, instructor_id: str | None) -> dict[str, Role]:
    """Everybody in a course, by account, in the role that they have there."""
    found = {row[0]: Role(row[1]) for one in roles_in(course_id) for row in await tx.execute(one)}
    return found if instructor_id is None else {**found, instructor_id: Role.TEACHER}


async def role_of(
    tx: AsyncConnection, course_id: str, instructor_id: str | None, user_id: str
) -> Role | None:
    """The role of one of them; None for who is not in it."""
    if user_id == instructor_id:
        return Role.TEACHER
    for one in roles_in(course_id):
        row = (await tx.execute(one.where(one.selected_columns.user_id == user_id))).one_or_none()
        if row is not None:
            return Role(row[1])
    return None


async def roles_above(
    tx: AsyncConnection, course_id: str, instructor_id: str | None, user_ids: Collection[str]
) -> dict[str, Role]:
    """The roles of these that rank above how they are enrolled, or will be: whose the course is, and what
    somebody was given."""
    wanted = select(_given.user_id, _given.role).where(
        _given.course_id == course_id, _given.user_id.in_(sorted(user_ids))
    )
    found = {row[0]: Role(row[1]) for row in await tx.execute(wanted)}
    if instructor_id is not None and instructor_id in user_ids:
        found[instructor_id] = Role.TEACHER
    return found


async def given_among(tx: AsyncConnection, course_id: str, user_ids: Collection[str]) -> set[str]:
    """Which of these were given a role in a course, which ranks above a place."""
    wanted = select(_given.user_id).where(_given.course_id == course_id, _given.user_id.in_(sorted(user_ids)))
    return set((await tx.execute(wanted)).scalars())


def require_student(principal: Principal, inside: Entered, what: str) -> str:
    """The account of who may hand something in or attempt something: students who do not only watch.

    `what` is theirs, in the words of the refusal. Raises Forbidden, Conflict in a course that is over.
    """
    user_id = account_of(principal)
    watches = principal.publish is False or inside.seen.member.watch_only
    if inside.role is not Role.STUDENT or watches:
        raise Forbidden(f"{what} the students of the course.", code="not_a_student")
    if inside.course.status is not CourseStatus.ACTIVE:
        raise Conflict("This course is over: nothing is taken any more.", code="course_over")
    return user_id
