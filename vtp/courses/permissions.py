"""Roles that people are given in a course, besides how they are enrolled: given, told, taken away."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.audit import AuditLog, Event, Origin
from vtp.accounts.permissions import Action
from vtp.accounts.service import Clock, account_of, utc_now
from vtp.accounts.users import find_user
from vtp.courses.door import Entered, enter, enter_to_change
from vtp.courses.enrolment import TellNarrowed, require_to_give
from vtp.courses.enrolment_news import EnrolmentNews
from vtp.courses.enrolment_store import (
    Enrolment,
    Source,
    activate,
    add_enrolment,
    count_anew,
    find_enrolment,
    remove_enrolment,
)
from vtp.courses.people import role_of
from vtp.courses.permission_store import (
    Permission,
    find_permission,
    page_of_permissions,
    remove_permission,
    set_permission,
)
from vtp.courses.places import free_places, give_places
from vtp.courses.roles import EnrolmentStatus, parse_course_role, role_in_course
from vtp.courses.store import find_course
from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.errors import Conflict, FieldError, Invalid, NotFound
from vtp.http.identity import Principal, Role
from vtp.ids import new_id, parse_id


@dataclass(frozen=True, slots=True)
class Standing:
    """Somebody's role in a course, None for none, in the word for who asks."""

    user_id: str
    role: str | None


class CoursePermissions:
    """Every method raises Forbidden, NotFound, Invalid for malformed ids."""

    def __init__(
        self,
        database: Database,
        audit: AuditLog,
        tell_narrowed: TellNarrowed,
        news: EnrolmentNews,
        *,
        clock: Clock = utc_now,
    ) -> None:
        self._news = news
        self._database = database
        self._tell_narrowed = tell_narrowed
        self._audit = audit
        self._clock = clock

    @done_over
    async def give(
        self, principal: Principal, course_id: str, user_id: str, word: str, origin: Origin
    ) -> Permission:
        """Gives somebody a role, in place of the one they were given before.

        Who becomes a student by it takes a place in the course: they are enrolled for as long as they have
        the role, if they are not else. Raises Conflict where no place is free. Who becomes one of the staff
        frees theirs; who is to watch only takes none.
        """
        wanted = parse_id(user_id, "/user_id")
        role, watch_only = parse_course_role(word)
        async with self._database.transaction() as tx:
            inside = await enter_to_change(tx, principal, course_id, Action.COURSE_APPOINT)
            require_to_give(inside, role)
            await _require_account(tx, wanted)
            before = await find_permission(tx, inside.course.id, wanted)
            if before is not None:
                require_to_give(inside, before.role)
            given = Permission(
                inside.course.id, wanted, role, watch_only, word, account_of(principal), self._clock()
            )
            had = await self._role_of(tx, inside, wanted)
            learns = role is Role.STUDENT  # else by now or later: accounts and courses change hands
            if learns and wanted != inside.course.instructor_id:
                await self._require_place(tx, inside, given)
            await set_permission(tx, given)
            await self._place(tx, given, learns=learns and not watch_only)
            await self._settle(tx, inside, wanted)
            await self._news.lessons.role_changed(tx, inside.course, wanted, had)
            await self._record(tx, Event.COURSE_ROLE_GIVEN, inside, given, origin)
            if wanted != principal.user_id and (before is None or before.role is not role):
                await self._news.role_given(tx, inside.course, wanted, role)
            made = await find_permission(tx, inside.course.id, wanted)
        assert made is not None
        self._tell_narrowed(inside.course.id)  # a lower role sees less
        return made

    async def of(self, principal: Principal, course_id: str, user_id: str) -> Standing:
        """Which role somebody has in a course: one's own, and for staff everybody's."""
        wanted = parse_id(user_id, "/path/user_id")
        async with self._database.read() as tx:
            own = wanted == principal.user_id
            inside = await enter(tx, principal, course_id, None if own else Action.COURSE_ENROL)
            user = await find_user(tx, wanted)
            seen = await find_course(tx, inside.course.id, wanted)
            if user is None or seen is None:
                raise NotFound("There is no such account.", code="no_such_account")
            given = await find_permission(tx, inside.course.id, wanted)
        role = role_in_course(user.role, user.id, seen.course.instructor_id, seen.member)
        if role is Role.GUEST:
            return Standing(wanted, None)
        by_caller = given is not None and given.role is role and given.granted_by == principal.user_id
        return Standing(wanted, given.word if given is not None and by_caller else role.value)

    async def page(
        self, principal: Principal, course_id: str, *, limit: int, after: str | None
    ) -> list[Permission]:
        """Who was given a role, by account."""
        async with self._database.read() as tx:
            inside = await enter(tx, principal, course_id, Action.COURSE_ENROL)
            return await page_of_permissions(tx, inside.course.id, limit=limit, after=after)

    @done_over
    async def take(self, principal: Principal, course_id: str, user_id: str, origin: Origin) -> None:
        """Takes away what somebody was given; how they are enrolled stays. Who is a student by that again is
        one though the course is full."""
        wanted = parse_id(user_id, "/path/user_id")
        async with self._database.transaction() as tx:
            inside = await enter_to_change(tx, principal, course_id, Action.COURSE_APPOINT)
            found = await find_permission(tx, inside.course.id, wanted)
            if found is None:
                raise NotFound("This person was given no role in the course.", code="no_such_permission")
            require_to_give(inside, found.role)
            had = await self._role_of(tx, inside, wanted)
            await remove_permission(tx, inside.course.id, wanted)
            await self._leave_place(tx, inside.course.id, wanted)
            await self._settle(tx, inside, wanted)
            await self._news.lessons.role_changed(tx, inside.course, wanted, had)
            await self._record(tx, Event.COURSE_ROLE_TAKEN, inside, found, origin)
        self._tell_narrowed(inside.course.id)

    async def _require_place(self, tx: AsyncConnection, inside: Entered, given: Permission) -> None:
        """Raises Conflict where somebody becomes a student who would have to wait: the queue is for all.

        Not of who is enrolled as one: taking away the role that they have makes them a student, too."""
        course = inside.course
        whom = given.user_id  # it may be their turn
        await give_places(tx, course, self._news, self._clock(), but_lessons=whom)
        found = await find_enrolment(tx, course.id, given.user_id)
        is_placed = found is not None and found.status is EnrolmentStatus.ACTIVE
        if is_placed and found is not None and Role.STUDENT in (found.held, found.role):
            return
        if given.watch_only and not is_placed:
            return
        if await free_places(tx, course.id, course.max_students) == 0:
            ways = "let it have more students"
            if found is not None and not is_placed:
                ways += ", or wait until it is this person's turn"
            elif found is None and course.waiting_list:
                ways += ", or enrol this person, who waits then"
            raise Conflict(f"This course is full: {ways}.", code="course_full")

    async def _place(self, tx: AsyncConnection, given: Permission, *, learns: bool) -> None:
        """Enrols who is a student by what they were given, and nobody who was enrolled by that alone and is
        none any more."""
        found = await find_enrolment(tx, given.course_id, given.user_id)
        if not learns:
            await self._leave_place(tx, given.course_id, given.user_id)
        elif found is None:
            await add_enrolment(tx, _by_right(given))
        elif found.status is EnrolmentStatus.WAITING:
            await activate(tx, given.course_id, [found.id], given.granted_at)

    async def _leave_place(self, tx: AsyncConnection, course_id: str, user_id: str) -> None:
        """Takes out who was enrolled by what they were given, and not else."""
        found = await find_enrolment(tx, course_id, user_id)
        if found is not None and found.is_by_right:
            await remove_enrolment(tx, found)

    async def _settle(self, tx: AsyncConnection, inside: Entered, user_id: str) -> None:
        """Counts the students by their roles now, and gives what places are free. What somebody's calendar
        lacks then is for `role_changed` to say: they may have a place by it."""
        await count_anew(tx, [inside.course.id])
        await give_places(tx, inside.course, self._news, self._clock(), but_lessons=user_id)

    async def _role_of(self, tx: AsyncConnection, inside: Entered, user_id: str) -> Role | None:
        return await role_of(tx, inside.course.id, inside.course.instructor_id, user_id)

    async def _record(
        self, tx: AsyncConnection, event: Event, inside: Entered, given: Permission, origin: Origin
    ) -> None:
        await self._audit.record(
            tx,
            event,
            origin,
            actor_id=inside.principal.user_id,
            subject=f"course:{inside.course.id}",
            details={"user_id": given.user_id, "role": given.role.value},
        )


def _by_right(given: Permission) -> Enrolment:
    return Enrolment(
        id=new_id(),
        course_id=given.course_id,
        user_id=given.user_id,
        role=Role.STUDENT,
        status=EnrolmentStatus.ACTIVE,
        source=Source.STAFF,
        invitation_id=None,
        added_by=given.granted_by,
        created_at=given.granted_at,
        enrolled_at=None,
    )


async def _require_account(tx: AsyncConnection, user_id: str) -> None:
    user = await find_user(tx, user_id)
    if user is None or user.disabled_at is not None:
        raise Invalid(
            "Nobody has this account.",
            code="no_such_account",
            errors=[FieldError("/user_id", "is no account")],
        )
