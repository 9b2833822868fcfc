"""Codes and links by which people join a course: made, listed, ended by staff, used by whoever has them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.audit import AuditLog, Event, Origin
from vtp.accounts.mail_tokens import new_token
from vtp.accounts.permissions import Action, require_reach
from vtp.accounts.service import Clock, account_of, utc_now
from vtp.accounts.sessions import hash_token
from vtp.accounts.users import find_user
from vtp.courses.codes import as_stored, new_code
from vtp.courses.door import Entered, enter, enter_to_change, entered
from vtp.courses.enrolment import Coming, Enrolments, refuse_to_join, require_to_give
from vtp.courses.enrolment_schemas import CreateInvitation
from vtp.courses.enrolment_store import Enrolment, Source
from vtp.courses.invitation_store import (
    CourseInvitation,
    Kind,
    add_invitation,
    count_good,
    count_use,
    end_invitation,
    find_invitation,
    find_invitation_of,
    page_of_invitations,
)
from vtp.courses.places import places_left
from vtp.courses.roles import role_in_course
from vtp.courses.store import find_course, lock_course
from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.errors import Conflict, Gone, NotFound
from vtp.http.identity import Principal, Role
from vtp.ids import new_id, parse_id
from vtp.mail.links import COURSE_INVITATION, Links

MAX_GOOD = 200  # of one course at a time


@dataclass(frozen=True, slots=True)
class Secret:
    """What somebody shows who wants to join: what they have typed, or a link's token."""

    code: str | None = None
    token: str | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """What a code or a link is for; `places_left`: None for any number."""

    invitation: CourseInvitation
    inside: Entered
    places_left: int | None


class CourseInvitations:
    """Every method raises Forbidden; those with a course's id NotFound, and Invalid for malformed ids."""

    def __init__(
        self,
        database: Database,
        enrolments: Enrolments,
        audit: AuditLog,
        links: Links,
        *,
        clock: Clock = utc_now,
    ) -> None:
        self._database = database
        self._enrolments = enrolments
        self._audit = audit
        self._links = links
        self._clock = clock

    @done_over
    async def create(
        self, principal: Principal, course_id: str, wish: CreateInvitation, origin: Origin
    ) -> tuple[CourseInvitation, str | None, str | None]:
        """Makes a code, or a link with its token and address. Raises Conflict for too many."""
        now = self._clock()
        token = new_token() if wish.kind is Kind.LINK else None
        async with self._database.transaction() as tx:
            inside = await enter_to_change(tx, principal, course_id, Action.COURSE_ENROL)
            require_to_give(inside, Role(wish.role))
            if await count_good(tx, inside.course.id, now) >= MAX_GOOD:
                raise Conflict(
                    f"This course has {MAX_GOOD} invitations: end some first.", code="too_many_invitations"
                )
            made = CourseInvitation(
                id=new_id(),
                course_id=inside.course.id,
                kind=wish.kind,
                code=new_code() if wish.kind is Kind.CODE else None,
                label=wish.label,
                role=Role(wish.role),
                max_uses=wish.max_uses,
                uses=0,
                created_by=principal.user_id,
                created_at=now,
                expires_at=now + timedelta(seconds=wish.ttl_seconds) if wish.ttl_seconds else None,
            )
            await add_invitation(tx, made, hash_token(token) if token else None)
            await self._record(tx, Event.COURSE_INVITATION_CREATED, made, principal, origin)
        return made, token, self._links.to(COURSE_INVITATION, token) if token else None

    async def page(
        self, principal: Principal, course_id: str, *, limit: int, before: str | None
    ) -> list[CourseInvitation]:
        """A course's, newest first."""
        async with self._database.read() as tx:
            inside = await enter(tx, principal, course_id, Action.COURSE_ENROL)
            return await page_of_invitations(tx, inside.course.id, limit=limit, before=before)

    @done_over
    async def revoke(
        self, principal: Principal, course_id: str, invitation_id: str, origin: Origin
    ) -> CourseInvitation:
        """Ends one; ending it again changes nothing. Raises NotFound."""
        wanted = parse_id(invitation_id, "/path/invitation_id")
        async with self._database.transaction() as tx:
            inside = await enter_to_change(
                tx, principal, course_id, Action.COURSE_ENROL, though_archived=True
            )
            found = await find_invitation_of(tx, inside.course.id, wanted)
            if found is None:
                raise NotFound("There is no such invitation.", code="no_such_invitation")
            if found.revoked_at is None:
                await end_invitation(tx, found.id, self._clock())
                await self._record(tx, Event.COURSE_INVITATION_REVOKED, found, principal, origin)
            return found

    async def look(self, principal: Principal, secret: Secret) -> Told:
        """What a code or a link is for. Raises Gone."""
        require_reach(principal, Action.COURSE_LIST)
        async with self._database.read() as tx:
            found = await self._find(tx, secret)
            inside = await self._inside(tx, principal, found)
            refuse_to_join(inside, found.role, invited=True)
            free = await places_left(tx, inside.course.id, inside.course.max_students)
        return Told(found, inside, free if found.role is Role.STUDENT else None)

    @done_over
    async def join(
        self, principal: Principal, secret: Secret, origin: Origin, *, course_id: str | None = None
    ) -> Enrolment:
        """Takes the caller into the course that a code or a link is for.

        Raises Gone for one that is none, is over, or is for another course than `course_id`; Conflict as
        `Enrolments.enrol`. Of two who use the last use of one, the second finds it over.
        """
        require_reach(principal, Action.COURSE_LIST)
        own_id = account_of(principal)
        wanted = parse_id(course_id, "/path/id") if course_id is not None else None
        async with self._database.transaction() as tx:
            first = await self._find(tx, secret)
            if wanted is not None and first.course_id != wanted:
                raise _over()
            await lock_course(tx, first.course_id)
            found = await self._find(tx, secret)
            inside = await self._inside(tx, principal, found)
            refuse_to_join(inside, found.role, invited=True)
            source = Source.CODE if found.kind is Kind.CODE else Source.LINK
            coming = Coming(own_id, found.role, source, found.id)
            enrolment = await self._enrolments.take_in(tx, inside, coming, origin)
            await count_use(tx, found.id)
            return enrolment

    async def _find(self, tx: AsyncConnection, secret: Secret) -> CourseInvitation:
        """One that lets somebody in now; what is none, or over, is answered alike."""
        code = as_stored(secret.code) if secret.code is not None else None
        found = None
        if code is not None:
            found = await find_invitation(tx, code=code)
        elif secret.token is not None:
            found = await find_invitation(tx, token_hash=hash_token(secret.token))
        if found is None or found.status_at(self._clock()) != "good":
            raise _over()
        return found

    async def _inside(
        self, tx: AsyncConnection, principal: Principal, invitation: CourseInvitation
    ) -> Entered:
        """The course, if who made the invitation could still give its role: their right ends with them."""
        seen = await find_course(tx, invitation.course_id, principal.user_id)
        if seen is None or not await self._stands(tx, invitation):
            raise _over()
        return entered(principal, seen)

    async def _stands(self, tx: AsyncConnection, invitation: CourseInvitation) -> bool:
        """Invitations for students are the course's; one that makes staff hangs on who made it."""
        if invitation.role is Role.STUDENT:
            return True
        by = await find_user(tx, invitation.created_by) if invitation.created_by is not None else None
        if by is None or by.disabled_at is not None or not by.verified:
            return False
        seen = await find_course(tx, invitation.course_id, by.id)
        if seen is None:
            return False
        role = role_in_course(by.role, by.id, seen.course.instructor_id, seen.member)
        return role in (Role.ADMIN, Role.TEACHER)

    async def _record(
        self,
        tx: AsyncConnection,
        event: Event,
        invitation: CourseInvitation,
        by: Principal,
        origin: Origin,
    ) -> None:
        details = {"invitation": invitation.id, "kind": invitation.kind.value, "role": invitation.role.value}
        subject = f"course:{invitation.course_id}"
        await self._audit.record(tx, event, origin, actor_id=by.user_id, subject=subject, details=details)


def _over() -> Gone:
    return Gone(
        "This code or link lets nobody in (any more): ask who teaches the course.", code="invitation_over"
    )
