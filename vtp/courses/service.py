"""Courses: made, found, listed, changed, copied, deleted; who may do that is permissions' to say."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any, Protocol

from sqlalchemy import bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.audit import AuditLog, Event, Origin
from vtp.accounts.permissions import Action, require, require_reach
from vtp.accounts.service import Clock, account_of, utc_now
from vtp.accounts.users import User, find_user
from vtp.courses.door import Entered, enter, enter_to_change, entered
from vtp.courses.enrolment import TellNarrowed
from vtp.courses.enrolment_news import EnrolmentNews
from vtp.courses.enrolment_store import count_anew
from vtp.courses.lesson_store import rooms_of_course
from vtp.courses.people import role_of
from vtp.courses.permission_store import Permission, set_permission
from vtp.courses.places import give_places
from vtp.courses.roles import OPEN_TO_STUDENTS, CourseStatus, Member
from vtp.courses.schemas import ChangeCourse, CourseStats, CreateCourse, ReplaceCourse
from vtp.courses.store import (
    Course,
    CourseFilter,
    Seen,
    addition_of,
    change_of,
    find_course,
    page_of_courses,
    remove_course,
)
from vtp.courses.tables import course_recordings
from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.db.kept_rows import Kept
from vtp.db.prepared import Prepared, Values
from vtp.errors import FieldError, Invalid
from vtp.http.identity import Principal, Role
from vtp.ids import new_id, parse_id
from vtp.recording.figures import Before as WatchedBefore
from vtp.recording.figures import Watchings, figures_of, watch_figures
from vtp.rooms.kept import KeptRooms

UnlessChanged = Callable[[int], None]
"""Raises PreconditionFailed for a version that the caller has not seen (`If-Match`)."""
Before = Callable[[AsyncConnection, Entered, Origin], Awaitable[None]]
"""What is done within the transaction that deletes a course, before."""
Opened = Callable[[AsyncConnection, Entered], Awaitable[None]]
"""What is done within the transaction by which a draft becomes active."""


class LiveLessons(Protocol):
    """Told within the transaction by which a course becomes active, or is that no more."""

    async def tell_of_start(self, tx: AsyncConnection, inside: Entered) -> None: ...
    async def tell_of_closing(self, tx: AsyncConnection, inside: Entered) -> None: ...


_FIGURES = watch_figures(
    select(course_recordings.c.recording_id).where(course_recordings.c.course_id == bindparam("course_id"))
)
_NULLABLE = frozenset({"max_students"})  # a null in a change takes the limit away


class Courses:
    """Every method raises Forbidden, and Invalid for malformed ids; those with an id raise NotFound."""

    def __init__(
        self,
        database: Database,
        audit: AuditLog,
        before_deletion: Sequence[Before],
        rooms: KeptRooms,
        tell_narrowed: TellNarrowed,
        news: EnrolmentNews,
        lessons: LiveLessons,
        *,
        clock: Clock = utc_now,
    ) -> None:
        self._tell_narrowed = tell_narrowed
        self._news = news
        self._lessons = lessons
        self._opened: list[Opened] = []
        self.watched_before: WatchedBefore | None = None
        self._database = database
        self._before_deletion = before_deletion
        self._rooms = rooms
        self._audit = audit
        self._clock = clock

    def when_opened(self, opened: Opened) -> None:
        """Has this called, too, within the transaction that lets students into a draft."""
        self._opened.append(opened)

    @done_over
    async def create(self, principal: Principal, wish: CreateCourse, origin: Origin) -> Entered:
        """Makes a course. Who makes it for somebody else teaches in it too."""
        require(principal, Action.COURSE_CREATE)
        own_id, now = account_of(principal), self._clock()
        values = wish.model_dump()
        async with self._database.transaction() as tx:
            instructor = await self._instructor(tx, wish.instructor_id or own_id, own_id)
            values["instructor_id"] = instructor.id
            values["status"] = CourseStatus(values["status"])
            course = Course(id=new_id(), **values, version=1, created_at=now, updated_at=now)
            await self.record(tx, Event.COURSE_CREATED, course, principal, origin, of=addition_of(course))
            if course.instructor_id != own_id:
                await self._keep_teaching(tx, course.id, own_id, own_id)
                return await self._again(tx, principal, course.id)
            return entered(principal, Seen(course, Member(), instructor.full_name, 0, 0))

    async def get(self, principal: Principal, course_id: str) -> Entered:
        """A course to look at."""
        return await enter(self._database, principal, course_id, None)

    async def page(
        self, principal: Principal, wanted: CourseFilter, *, limit: int, before: str | None
    ) -> list[Kept[Seen]]:
        """Those that the caller may know of, newest first."""
        require_reach(principal, Action.COURSE_LIST)
        wanted = replace(wanted, everything=principal.role is Role.ADMIN)
        return await page_of_courses(self._database, wanted, principal.user_id, limit=limit, before=before)

    @done_over
    async def change(
        self,
        principal: Principal,
        course_id: str,
        wish: ChangeCourse | ReplaceCourse,
        origin: Origin,
        unless_changed: UnlessChanged = lambda version: None,
    ) -> Entered:
        """Changes what `wish` names, or all of it. Raises PreconditionFailed when the caller has not seen it
        as it is, Conflict for an archived course that is to stay so."""
        wanted = _values(wish)
        revives = wanted.get("status", CourseStatus.ARCHIVED) != CourseStatus.ARCHIVED
        async with self._database.transaction() as tx:
            inside = await enter_to_change(
                tx, principal, course_id, Action.COURSE_UPDATE, though_archived=revives
            )
            course = inside.course
            unless_changed(course.version)
            changes = {name: value for name, value in wanted.items() if getattr(course, name) != value}
            heir: str | None = changes.get("instructor_id")
            if "instructor_id" in changes:
                await self._hand_over(tx, inside, heir)
            had = await role_of(tx, course.id, course.instructor_id, heir) if heir else None
            changed = inside
            if changes:
                now = self._clock()
                done = change_of(course.id, now, changes)
                fields = sorted(changes)
                await self.record(tx, Event.COURSE_CHANGED, course, principal, origin, of=done, fields=fields)
                as_now = replace(course, **changes, version=course.version + 1, updated_at=now)
                changed = entered(principal, replace(inside.seen, course=as_now))
            if heir is not None:
                await count_anew(tx, [course.id])
                # With their name, and who gave it away in the role that is left to them.
                changed = await self._again(tx, principal, course.id)
            await self._tell_of_status(tx, inside, changed)
            if heir is not None and course.status is CourseStatus.ACTIVE:  # else there was nothing to come
                await self._news.lessons.role_changed(tx, changed.course, heir, had)
            more = "max_students" in changes or heir is not None  # a student may have taken it over
            if more and await give_places(tx, changed.course, self._news, self._clock()):
                changed = await self._again(tx, principal, course.id)  # with how many take part now
        if "status" in changes:
            self._tell_narrowed(course.id)
        return changed

    async def _tell_of_status(self, tx: AsyncConnection, before: Entered, after: Entered) -> None:
        was, is_now = before.course.status, after.course.status
        if was is is_now:
            return
        if was is CourseStatus.ACTIVE:
            await self._lessons.tell_of_closing(tx, before)
        if is_now is CourseStatus.ACTIVE:
            await self._lessons.tell_of_start(tx, after)
        if was is CourseStatus.DRAFT and is_now in OPEN_TO_STUDENTS:
            for opened in self._opened:
                await opened(tx, after)

    @done_over
    async def delete(self, principal: Principal, course_id: str, origin: Origin) -> Course:
        """Deletes a course and everything in it, but for recordings, which are not published any more."""
        async with self._database.transaction() as tx:
            inside = await enter_to_change(
                tx, principal, course_id, Action.COURSE_DELETE, though_archived=True
            )
            for before in self._before_deletion:
                await before(tx, inside, origin)
            lessons = await rooms_of_course(tx, inside.course.id)
            await self._rooms.delete(tx, lessons, self._clock(), "The course was deleted.")
            await remove_course(tx, inside.course.id)
            await self.record(tx, Event.COURSE_DELETED, inside.course, principal, origin)
            return inside.course

    async def stats(self, principal: Principal, course_id: str) -> CourseStats:
        """How a course goes, for who teaches in it."""
        inside = await enter(self._database, principal, course_id, Action.COURSE_TEACH)
        past = await self._watched_before_in(inside.course.id)
        figures = await figures_of(self._database, _FIGURES, {"course_id": inside.course.id}, past)
        return CourseStats(
            course_id=inside.course.id,
            course_name=inside.course.name,
            total_students=inside.seen.enrolled_count,
            total_recordings=figures.recordings,
            published_recordings=figures.published,
            unique_viewers=figures.viewers,
            total_views=figures.views,
            last_accessed=figures.last_opened_at,
            average_engagement=figures.watched_per_mille / 10,
        )

    async def _watched_before_in(self, course_id: str) -> Watchings:
        if self.watched_before is None:
            return Watchings()
        return await self.watched_before(self._database, course_id)

    async def record(
        self,
        tx: AsyncConnection,
        event: Event,
        course: Course,
        by: Principal,
        origin: Origin,
        *,
        of: tuple[Prepared, Values] | None = None,
        **more: Any,
    ) -> None:
        """Writes what was done to a course into the audit log; `of`: and does it, by this change."""
        details = {"code": course.code, "name": course.name, **more}
        await self._audit.record(
            tx, event, origin, actor_id=by.user_id, subject=f"course:{course.id}", details=details, of=of
        )

    async def _again(self, tx: AsyncConnection, principal: Principal, course_id: str) -> Entered:
        """The course as it is now; who has just given it away may not see it any more, and is told all the
        same what they did."""
        found = await find_course(tx, course_id, principal.user_id)
        assert found is not None
        return entered(principal, found)

    async def _instructor(self, tx: AsyncConnection, wanted: str, own_id: str) -> User:
        """Somebody who may have courses. Raises Invalid."""
        user_id = parse_id(wanted, "/instructor_id")
        user = await find_user(tx, user_id)
        if user is None or (user_id != own_id and user.role not in (Role.TEACHER, Role.ADMIN)):
            raise Invalid(
                "A course belongs to a teacher or an administrator.",
                code="no_such_instructor",
                errors=[FieldError("/instructor_id", "no teacher and no administrator has this id")],
            )
        return user

    async def _hand_over(self, tx: AsyncConnection, inside: Entered, instructor_id: str | None) -> None:
        """Only who could delete a course gives it away; whose it was teaches in it still."""
        require(inside.principal, Action.COURSE_DELETE, inside.course)
        by = account_of(inside.principal)
        if instructor_id is None:
            raise Invalid(
                "A course belongs to somebody.", errors=[FieldError("/instructor_id", "cannot be null")]
            )
        await self._instructor(tx, instructor_id, by)
        if inside.course.instructor_id is not None:
            await self._keep_teaching(tx, inside.course.id, inside.course.instructor_id, by)

    async def _keep_teaching(self, tx: AsyncConnection, course_id: str, user_id: str, by: str) -> None:
        permission = Permission(
            course_id, user_id, Role.TEACHER, False, Role.TEACHER.value, by, self._clock()
        )
        await set_permission(tx, permission)


def _values(wish: ChangeCourse | ReplaceCourse) -> dict[str, Any]:
    """The columns that a wish names. Raises Invalid for a null where there must be something."""
    if isinstance(wish, ReplaceCourse):
        values = wish.model_dump()
        values = {k: v for k, v in values.items() if v is not None or k in _NULLABLE}
    else:
        values = wish.model_dump(exclude_unset=True)
    empty = [
        FieldError(f"/{name}", "cannot be null")
        for name, value in values.items()
        if value is None and name not in _NULLABLE | {"instructor_id"}
    ]
    if empty:
        raise Invalid("The body is not acceptable; `errors` says where.", errors=empty)
    if values.get("status") is not None:
        values["status"] = CourseStatus(values["status"])
    if values.get("instructor_id") is not None:
        values["instructor_id"] = parse_id(values["instructor_id"], "/instructor_id")
    return values
