"""What people in a course are told: the kinds of it, and who they are."""

from __future__ import annotations

import enum
from collections.abc import Collection
from typing import Final

from sqlalchemy import select, union

from vtp.accounts.tables import users
from vtp.courses.people import roles_in
from vtp.courses.roles import COURSE_STAFF
from vtp.courses.store import Course
from vtp.http.identity import Role
from vtp.notifications.kinds import Kind, MailChoice
from vtp.notifications.news import News
from vtp.notifications.store import To

LESSONS: Final = "lessons"
"""What goes into calendars, by mails that lessons have of their own."""
MOST_SINGLY: Final = 3
"""Of more that become visible at once a class is told in one sentence."""


def _of_lessons(word: str, title: str) -> Kind:
    return Kind(word, title, MailChoice.AT_ONCE, LESSONS, own_mails=True)


ANNOUNCEMENT: Final = Kind("announcement", "Announcements", MailChoice.AT_ONCE, own_words=True)
SCHEDULED: Final = _of_lessons("lesson_scheduled", "New live lessons")
MOVED: Final = _of_lessons("lesson_moved", "Live lessons that are moved or changed")
CANCELLED: Final = _of_lessons("lesson_cancelled", "Live lessons that do not take place")
BEGINS: Final = Kind("lesson_begins", "Live lessons that begin", MailChoice.NONE)
READY: Final = Kind("recording_ready", "Recordings that can be watched", MailChoice.DAILY)
TO_REVIEW: Final = Kind("recording_to_review", "Recordings that wait to be published", MailChoice.DAILY)
EARLIER: Final = Kind("date_earlier", "Assignments and quizzes with an earlier date", MailChoice.AT_ONCE)
ENROLLED: Final = Kind("enrolled", "Being enrolled by somebody", MailChoice.DAILY)
PLACE: Final = Kind("place_free", "A place in a course that you waited for", MailChoice.AT_ONCE)
ROLE: Final = Kind("role_given", "Roles that you are given in a course", MailChoice.DAILY)
REMOVED: Final = Kind("removed", "Being taken out of a course", MailChoice.DAILY)

KINDS: Final = (
    ANNOUNCEMENT,
    SCHEDULED,
    MOVED,
    CANCELLED,
    BEGINS,
    READY,
    TO_REVIEW,
    EARLIER,
    ENROLLED,
    PLACE,
    ROLE,
    REMOVED,
)


class Whom(enum.Enum):
    """Which of the people in a course, in the role that they have there."""

    EVERYBODY = enum.auto()
    STAFF = enum.auto()
    STUDENTS = enum.auto()


_ROLES: Final[dict[Whom, tuple[Role, ...]]] = {
    Whom.EVERYBODY: (),
    Whom.STAFF: tuple(COURSE_STAFF),
    Whom.STUDENTS: (Role.STUDENT,),
}


def people_in(
    course_id: str, instructor_id: str | None, whom: Whom, but_not: Collection[str | None] = ()
) -> To:
    """The accounts of who is in a course, as a query."""
    parts = [one.with_only_columns(one.selected_columns.user_id) for one in roles_in(course_id, _ROLES[whom])]
    left_out = {one for one in but_not if one is not None}
    if instructor_id is not None and whom is Whom.STUDENTS:
        left_out.add(instructor_id)
    elif instructor_id is not None:
        parts.append(select(users.c.id).where(users.c.id == instructor_id))
    people = select(users.c.id).where(users.c.id.in_(union(*parts)))
    return people.where(users.c.id.not_in(sorted(left_out))) if left_out else people


def news_in(
    course: Course,
    kind: Kind,
    title: str,
    text: str,
    *,
    page: str = "",
    lesson_id: str | None = None,
    subject_id: str | None = None,
) -> News:
    """Something new in a course, with the way to it: `page` of the course, its lessons where there is none.
    `subject_id`: with what it can be taken back."""
    return News(
        kind.word,
        title,
        text,
        link=f"/courses/{course.id}" + (f"/{page}" if page else ""),
        context=f"{course.code}, {course.name}",
        course_id=course.id,
        lesson_id=lesson_id,
        subject_id=subject_id,
    )
