"""Who sees whose figures: oneself, the staff of a course that one is in, administrators. No clock."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, exists, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.permissions import STAFF, require_verified
from vtp.courses.audience import CourseAudience
from vtp.courses.roles import COURSE_STAFF, EnrolmentStatus
from vtp.courses.tables import course_enrollments, course_permissions, course_recordings, courses
from vtp.db.types import id_type
from vtp.errors import Forbidden
from vtp.http.identity import Principal, Role
from vtp.recording.store import Recording


async def require_figures_of(
    tx: AsyncConnection, principal: Principal, user_id: str, recording: Recording
) -> None:
    """Raises Forbidden unless the caller may see how this person watched this recording, which they may see
    themselves: their own; of people in a course that it is filed in, and that the caller holds; as an
    administrator all."""
    require_verified(principal)
    if principal.user_id == user_id or principal.role is Role.ADMIN:
        return
    if principal.user_id is not None and await _holds_a_course_of(
        tx, principal.user_id, user_id, recording.id
    ):
        return
    raise Forbidden(
        "How somebody watched a recording is for themselves and for who holds a course that both are in.",
        code="not_your_student",
    )


async def sees_all_viewers(
    tx: AsyncConnection, principal: Principal, audience: CourseAudience, recording: Recording
) -> bool:
    """Whether the caller sees all figures of a recording, or students' averages alone: who made it, the staff
    of a course that it is filed in, administrators."""
    if principal.role is Role.ADMIN or (
        principal.user_id is not None and recording.started_by == principal.user_id
    ):
        return True
    there = (await audience.as_members(tx, principal, [recording.id])).get(recording.id)
    return there is not None and there.role in STAFF  # none: it is filed nowhere, nobody's class


async def _holds_a_course_of(
    tx: AsyncConnection, teacher_id: str, student_id: str, recording_id: str
) -> bool:
    found = holds_a_course_of(teacher_id, literal(student_id, id_type()), recording_id)
    return bool((await tx.execute(select(found))).scalar_one())


def holds_a_course_of(
    teacher_id: str, student_id: ColumnElement[str], recording_id: str
) -> ColumnElement[bool]:
    """Whether the recording is filed in a course that somebody is in and the teacher holds."""
    taught, enrolled, given = courses.c, course_enrollments.c, course_permissions.c
    mine = course_enrollments.alias("mine").c
    my_role = course_permissions.alias("my_role").c
    holds = or_(
        taught.instructor_id == teacher_id,
        exists().where(
            my_role.course_id == taught.id, my_role.user_id == teacher_id, my_role.role.in_(COURSE_STAFF)
        ),
        and_(
            exists().where(
                mine.course_id == taught.id,
                mine.user_id == teacher_id,
                mine.status == EnrolmentStatus.ACTIVE,
                mine.role.in_(COURSE_STAFF),
            ),
            ~exists().where(my_role.course_id == taught.id, my_role.user_id == teacher_id),
        ),
    )
    is_in = or_(
        exists()
        .where(enrolled.course_id == taught.id, enrolled.user_id == student_id)
        .correlate_except(course_enrollments),
        exists()
        .where(given.course_id == taught.id, given.user_id == student_id)
        .correlate_except(course_permissions),
    )
    filed = exists().where(
        course_recordings.c.course_id == taught.id, course_recordings.c.recording_id == recording_id
    )
    return exists(select(taught.id).where(holds, is_in, filed))
