"""Enrolment: by staff, by oneself, by a code or a link; leaving; who takes part.

Of several who come at once for the last place one gets it, because each waits for the course's row.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.audit import AuditLog, Event, Origin
from vtp.accounts.permissions import Action, require, require_reach
from vtp.accounts.service import Clock, account_of, utc_now
from vtp.accounts.users import User, find_by_email, find_user
from vtp.courses.door import Entered, enter, enter_to_change, entered
from vtp.courses.enrolment_news import EnrolmentNews
from vtp.courses.enrolment_schemas import EnrolRequest
from vtp.courses.enrolment_store import (
    Enrolment,
    EnrolmentFilter,
    Source,
    add_enrolment,
    enrol_besides,
    find_enrolment,
    page_of_enrolments,
    page_of_memberships,
    remove_enrolment,
)
from vtp.courses.people import role_of, roles_above
from vtp.courses.permission_store import find_permission, remove_permission
from vtp.courses.places import free_places, give_places
from vtp.courses.roles import CourseStatus, EnrolmentStatus
from vtp.courses.store import find_courses
from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.errors import Conflict, FieldError, Forbidden, Invalid, NotFound
from vtp.http.identity import Principal, Role
from vtp.ids import new_id, parse_id

TellNarrowed = Callable[[str], None]
"""Hears the id of a course of which somebody may see less than before."""


@dataclass(frozen=True, slots=True)
class Coming:
    """Somebody who is to take part, and how they came."""

    user_id: str
    role: Role
    source: Source
    invitation_id: str | None = None


class Enrolments:
    """Every method raises Forbidden, NotFound for a course that is not there, Invalid for malformed ids."""

    def __init__(
        self,
        database: Database,
        audit: AuditLog,
        tell_narrowed: TellNarrowed,
        news: EnrolmentNews,
        *,
        clock: Clock = utc_now,
    ) -> None:
        self._database = database
        self._news = news
        self._tell_narrowed = tell_narrowed
        self._audit = audit
        self._clock = clock

    @done_over
    async def enrol(
        self, principal: Principal, course_id: str, wish: EnrolRequest, origin: Origin
    ) -> Enrolment:
        """Takes somebody in: the caller, or whom staff name. Who comes too late waits for a place.

        Raises Conflict for who is there already, for a full course that keeps no waiting list, and for one
        that nobody joins by themselves now; Invalid for who has no account.
        """
        own_id = account_of(principal)
        async with self._database.transaction() as tx:
            inside = await enter_to_change(tx, principal, course_id, None)
            whom = await self._named(tx, inside, wish, own_id)
            if whom != own_id or inside.may(Action.COURSE_ENROL):
                require_to_give(inside, Role(wish.role))
                coming = Coming(whom, Role(wish.role), Source.STAFF)
            else:
                refuse_to_join(inside, wish.role)
                coming = Coming(own_id, Role.STUDENT, Source.SELF)
            return await self.take_in(tx, inside, coming, origin)

    async def take_in(
        self, tx: AsyncConnection, inside: Entered, coming: Coming, origin: Origin
    ) -> Enrolment:
        """Enrols somebody within a transaction that has locked the course. Raises Conflict.

        Only who is a student by the role that holds takes a place. Who is one by what they were given has
        theirs, and is enrolled besides.
        """
        course, now = inside.course, self._clock()
        found = await find_enrolment(tx, course.id, coming.user_id)
        if found is not None:
            if not found.is_by_right:
                raise _there_already(found)
            return await self._enrol_besides(tx, inside, found, coming, origin)
        waits = False
        above = await roles_above(tx, course.id, course.instructor_id, [coming.user_id])
        if above.get(coming.user_id, coming.role) is Role.STUDENT:
            await give_places(tx, course, self._news, now)
            waits = await free_places(tx, course.id, course.max_students) == 0
        if waits and not course.waiting_list:
            raise Conflict("This course is full.", code="course_full")
        enrolment = Enrolment(
            id=new_id(),
            course_id=course.id,
            user_id=coming.user_id,
            role=coming.role,
            status=EnrolmentStatus.WAITING if waits else EnrolmentStatus.ACTIVE,
            source=coming.source,
            invitation_id=coming.invitation_id,
            added_by=inside.principal.user_id,
            created_at=now,
            enrolled_at=None if waits else now,
        )
        await add_enrolment(tx, enrolment)
        if coming.source is Source.STAFF and coming.user_id != inside.principal.user_id:
            await self._news.taken_in(tx, course, [coming.user_id], coming.role, waits=waits)
        if not waits:
            await self._news.lessons.came(tx, course, [coming.user_id], coming.role)
        await self._record(tx, Event.COURSE_ENROLLED, inside, enrolment, origin)
        made = await find_enrolment(tx, course.id, coming.user_id)
        assert made is not None
        return made

    async def _enrol_besides(
        self, tx: AsyncConnection, inside: Entered, found: Enrolment, coming: Coming, origin: Origin
    ) -> Enrolment:
        """They take part as before, so they are told nothing."""
        enrolled = replace(
            found,
            role=coming.role,
            source=coming.source,
            invitation_id=coming.invitation_id,
            added_by=inside.principal.user_id,
            enrolled_at=found.created_at,
        )
        await enrol_besides(tx, enrolled)
        await self._record(tx, Event.COURSE_ENROLLED, inside, enrolled, origin)
        return enrolled

    @done_over
    async def leave(
        self, principal: Principal, course_id: str, user_id: str, origin: Origin
    ) -> tuple[Enrolment, int]:
        """Takes somebody out, oneself or as staff, with what they were given in the course; gives how many
        who waited have got a place by that. Raises NotFound for who is not in it, and Forbidden for who is
        let only watch: by coming again they would be more than that."""
        wanted = parse_id(user_id, "/path/student_id")
        own = wanted == account_of(principal)
        async with self._database.transaction() as tx:
            inside = await enter_to_change(tx, principal, course_id, None if own else Action.COURSE_ENROL)
            found = await find_enrolment(tx, inside.course.id, wanted)
            if found is None:
                raise NotFound("This person is not in the course.", code="not_enrolled")
            had = found.role
            if not own:
                had = await _require_to_take(tx, inside, found)
            elif inside.role is Role.STUDENT and inside.seen.member.watch_only:
                raise Forbidden(
                    "You only watch in this course: ask who teaches it to take you out.", code="watch_only"
                )
            before = await role_of(tx, inside.course.id, inside.course.instructor_id, wanted)
            await remove_enrolment(tx, found)
            await remove_permission(tx, inside.course.id, wanted)
            if not own:
                await self._news.taken_out(tx, inside.course, wanted, had)
            await self._news.lessons.role_changed(tx, inside.course, wanted, before)
            moved = await give_places(tx, inside.course, self._news, self._clock())
            await self._record(tx, Event.COURSE_LEFT, inside, found, origin, moved_up=moved)
        self._tell_narrowed(inside.course.id)
        return found, moved

    async def page(
        self,
        principal: Principal,
        course_id: str,
        wanted: EnrolmentFilter,
        *,
        limit: int,
        after: str | None,
    ) -> list[Enrolment]:
        """Who takes part in a course or waits for it, in the order of coming; for its staff."""
        async with self._database.read() as tx:
            inside = await enter(tx, principal, course_id, Action.COURSE_ENROL)
            return await page_of_enrolments(tx, inside.course.id, wanted, limit=limit, after=after)

    async def memberships(
        self, principal: Principal, *, limit: int, before: str | None
    ) -> list[tuple[Enrolment, Entered]]:
        """What the caller takes part in or waits for, the latest first, also where they may not look now."""
        require_reach(principal, Action.COURSE_LIST)
        own_id = account_of(principal)
        async with self._database.read() as tx:
            found = await page_of_memberships(tx, own_id, limit=limit, before=before)
            seen = await find_courses(tx, [one.course_id for one in found], own_id)
        inside = {one.course.id: entered(principal, one) for one in seen}
        return [(one, inside[one.course_id]) for one in found]

    async def _named(self, tx: AsyncConnection, inside: Entered, wish: EnrolRequest, own_id: str) -> str:
        """Whose account it is about; only staff learn whether an address has one. Raises Invalid."""
        if wish.student_id is None and wish.email is None:
            return own_id
        if wish.student_id is not None:
            user_id = parse_id(wish.student_id, "/student_id")
            if user_id == own_id:
                return own_id
        require(inside.principal, Action.COURSE_ENROL, inside.course)
        user: User | None
        if wish.email is not None:
            found = await find_by_email(tx, wish.email)
            user = found[0] if found is not None else None
        else:
            user = await find_user(tx, user_id)
        if user is None or user.disabled_at is not None:
            pointer = "/student_id" if wish.email is None else "/email"
            raise Invalid(
                "Nobody has this account: invite the person first.",
                code="no_such_account",
                errors=[FieldError(pointer, "is no account")],
            )
        return user.id

    async def _record(
        self,
        tx: AsyncConnection,
        event: Event,
        inside: Entered,
        enrolment: Enrolment,
        origin: Origin,
        **more: object,
    ) -> None:
        details = {
            "user_id": enrolment.user_id,
            "role": enrolment.role.value,
            "status": enrolment.status.value,
            "source": enrolment.source.value,
            **more,
        }
        await self._audit.record(
            tx,
            event,
            origin,
            actor_id=inside.principal.user_id,
            subject=f"course:{inside.course.id}",
            details=details,
        )


def require_to_give(inside: Entered, role: Role) -> None:
    """Raises Forbidden for who may not give somebody this role in a course, nor take it."""
    needed = {
        Role.STUDENT: Action.COURSE_ENROL,
        Role.ASSISTANT: Action.COURSE_APPOINT,
        Role.TEACHER: Action.COURSE_APPOINT,
    }
    require(inside.principal, needed.get(role, Action.COURSE_DELETE), inside.course)


async def _require_to_take(tx: AsyncConnection, inside: Entered, found: Enrolment) -> Role:
    """Raises Forbidden for who may not take somebody out: with them goes what they were given besides. Gives
    the role that they have there until then."""
    require_to_give(inside, found.role)
    given = await find_permission(tx, inside.course.id, found.user_id)
    if given is None:
        return found.role
    require_to_give(inside, given.role)
    return given.role


def refuse_code_for_others(principal: Principal, wish: EnrolRequest) -> None:
    """Raises Invalid for a code by which somebody else is to be enrolled: it is for who types it."""
    others = [
        pointer
        for pointer, is_other in (
            ("/student_id", wish.student_id is not None and wish.student_id.lower() != principal.user_id),
            ("/email", wish.email is not None),
        )
        if is_other
    ]
    if others:
        raise Invalid(
            "By a code one enrols oneself: leave it out to enrol somebody else.",
            code="code_for_oneself",
            errors=[FieldError(pointer, "goes with no code") for pointer in others],
        )


def refuse_to_join(inside: Entered, role: str, *, invited: bool = False) -> None:
    """Raises Conflict while nobody joins a course, Forbidden where one needs a code or a link."""
    if inside.course.status is not CourseStatus.ACTIVE:
        raise Conflict("Nobody joins this course now: it is not active.", code="course_not_open")
    if invited:
        return
    if not inside.course.self_enrolment:
        raise Forbidden(
            "One joins this course by a code or a link: ask who teaches it.", code="invitation_needed"
        )
    if role != Role.STUDENT:
        raise Forbidden("Whoever enrols by themselves is a student.", code="role_not_given")


def _there_already(found: Enrolment) -> Conflict:
    if found.status is EnrolmentStatus.WAITING:
        return Conflict("This person waits for a place already.", code="already_waiting")
    return Conflict("This person is in the course already.", code="already_enrolled")
