"""Other people's accounts as administrators manage them: made, changed, approved, disabled, signed out.

At least one administrator who can sign in stays: who takes a right away locks all administrators first, so
that two who demote each other do not both find the other still there.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.audit import Event, Origin
from vtp.accounts.invitations import Invitations
from vtp.accounts.notices import Happening
from vtp.accounts.parts import AccountParts
from vtp.accounts.permissions import Action, parse_role, require
from vtp.accounts.recovery import Recovery
from vtp.accounts.sessions import Session
from vtp.accounts.tables import account_tokens
from vtp.accounts.users import (
    NO_PASSWORD,
    NewUser,
    User,
    UserFilter,
    can_sign_in,
    change_user,
    count_admins,
    find_user,
    known_addresses,
    lock_admins,
    page_of_users,
)
from vtp.db.conflicts import done_over
from vtp.errors import Conflict, FieldError, NotFound
from vtp.http.identity import Principal, Role
from vtp.ids import parse_id
from vtp.mail.addresses import masked

PROFILE: Final = ("full_name", "email", "phone")

UnlessChanged = Callable[[User], None]
"""Raises PreconditionFailed for an account that is not what the caller has seen of it (`If-Match`)."""


@dataclass(frozen=True, slots=True)
class NewAccount:
    """What an administrator says of somebody new."""

    email: str
    full_name: str
    role_word: str
    phone: str | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What an admin decides about an account; None leaves things as they are, and so does what is not in
    `profile` (full_name, email, phone).
    """

    approved: bool | None = None
    role_word: str | None = None
    disabled: bool | None = None
    profile: Mapping[str, str | None] = field(default_factory=dict)


class UserAdministration:
    """What admins do with other people's accounts."""

    def __init__(self, parts: AccountParts, invitations: Invitations, recovery: Recovery) -> None:
        self._database = parts.database
        self._accounts = parts.accounts
        self._sessions = parts.sessions
        self._changes = parts.changes
        self._audit = parts.audit
        self._notices = parts.notices
        self._clock = parts.clock
        self._invitations = invitations
        self._recovery = recovery

    async def list_users(
        self, principal: Principal, wanted: UserFilter, *, limit: int, after: str | None
    ) -> list[User]:
        """Accounts, oldest first. Raises Forbidden."""
        require(principal, Action.USER_MANAGE)
        async with self._database.read() as tx:
            return await page_of_users(tx, wanted, limit=limit, after=after)

    async def get(self, principal: Principal, user_id: str) -> User:
        """One account. Raises Forbidden, Invalid for a malformed id, NotFound."""
        user_id = _checked(principal, user_id)
        async with self._database.read() as tx:
            return found(await find_user(tx, user_id))

    @done_over
    async def add(self, principal: Principal, new: NewAccount, origin: Origin) -> User:
        """Makes an account without a password and invites the person. Raises Forbidden, Conflict."""
        require(principal, Action.USER_MANAGE)
        async with self._database.transaction() as tx:
            return await self.add_within(tx, principal, new, origin)

    async def add_within(
        self, tx: AsyncConnection, principal: Principal, new: NewAccount, origin: Origin
    ) -> User:
        """The same within a transaction, for who may."""
        role, watch_only = parse_role(new.role_word)
        account = NewUser(
            new.email,
            NO_PASSWORD,
            new.full_name,
            role,
            phone=new.phone,
            watch_only=watch_only,
            approved=True,
            approved_by=principal.user_id,
        )
        user = await self._accounts.add(tx, account, origin, actor_id=principal.user_id)
        await self._invite(tx, user, principal, origin)
        return user

    @done_over
    async def send_password_reset(self, principal: Principal, user_id: str, origin: Origin) -> User:
        """Mails somebody the link by which they choose a new password; the old one is good until then.

        Raises Forbidden, NotFound, Conflict for a disabled account.
        """
        user_id = _checked(principal, user_id)
        async with self._database.transaction() as tx:
            user = found(await find_user(tx, user_id))
            if user.disabled_at is not None:
                raise Conflict("This account is disabled: enable it first.", code="account_disabled")
            await self._recovery.send(tx, user)
            await self._audit.record(
                tx, Event.PASSWORD_RESET_SENT, origin, actor_id=principal.user_id, subject=f"user:{user_id}"
            )
        return user

    @done_over
    async def change(
        self,
        principal: Principal,
        user_id: str,
        decision: Decision,
        origin: Origin,
        unless_changed: UnlessChanged = lambda user: None,
    ) -> User:
        """Changes an account; what it changes of rights takes hold with the next request.

        Raises Forbidden, Invalid, NotFound, PreconditionFailed when it is not what the caller has seen, and
        Conflict when no admin would be left or the address is somebody else's.
        """
        user_id = _checked(principal, user_id)
        try:
            async with self._database.transaction() as tx:
                changed, ended = await self._change(tx, principal, user_id, decision, origin, unless_changed)
        except IntegrityError:  # somebody took the address since it was looked for
            raise _taken() from None
        self._changes.change_rights(user_id, changed.rights, self._clock())
        self._changes.end_sessions(ended, self._clock())
        return changed

    async def sessions_of(
        self, principal: Principal, user_id: str, *, limit: int, before: str | None
    ) -> list[Session]:
        """Where somebody is signed in. Raises Forbidden, NotFound."""
        user_id, now = _checked(principal, user_id), self._clock()
        async with self._database.read() as tx:
            found(await find_user(tx, user_id))
            return await self._sessions.list_alive(tx, user_id, now, limit=limit, before=before)

    @done_over
    async def end_session(self, principal: Principal, user_id: str, session_id: str, origin: Origin) -> None:
        """Signs somebody out on one device. Raises Forbidden, NotFound."""
        user_id, session_id = _checked(principal, user_id), parse_id(session_id, "/path/session_id")
        now = self._clock()
        async with self._database.transaction() as tx:
            session = await self._sessions.find(tx, session_id)
            if session is None or session.user_id != user_id:
                raise NotFound("There is no such session of this account.")
            await self._sessions.end(tx, session_id, "ended_by_admin", now)
            await self._note_ended(tx, principal, f"session:{session_id}", user_id, 1, origin)
        self._changes.end_sessions([session_id], now)

    @done_over
    async def end_sessions(self, principal: Principal, user_id: str, origin: Origin) -> int:
        """Signs somebody out everywhere; gives on how many devices. Raises Forbidden, NotFound."""
        user_id = _checked(principal, user_id)
        now = self._clock()
        async with self._database.transaction() as tx:
            found(await find_user(tx, user_id))
            alive = await self._sessions.list_alive(tx, user_id, now)
            ended = await self._sessions.end_all(tx, user_id, "ended_by_admin", now)
            await self._note_ended(tx, principal, f"user:{user_id}", user_id, len(alive), origin)
        self._changes.end_sessions(ended, now)
        return len(alive)

    async def _change(
        self,
        tx: AsyncConnection,
        principal: Principal,
        user_id: str,
        decision: Decision,
        origin: Origin,
        unless_changed: UnlessChanged,
    ) -> tuple[User, list[str]]:
        """The account as it is then, and the sessions that ended by it."""
        await lock_admins(tx)
        user = found(await find_user(tx, user_id, lock=True))
        unless_changed(user)
        rights = self._rights_of(user, decision, principal)
        profile = {name: value for name, value in decision.profile.items() if getattr(user, name) != value}
        if "email" in profile:
            await _check_address(tx, str(profile["email"]))
            await tx.execute(delete(account_tokens).where(account_tokens.c.user_id == user_id))
            rights |= self._vouch_for(user, principal)
        if not rights and not profile:
            return user, []
        changed = found(await change_user(tx, user_id, rights | profile))
        await keep_an_admin(tx, user, changed)
        if "email" in profile:
            await self._move(tx, principal, user, changed, origin)
        ended = await self._end_what_may_not_go_on(tx, user, changed)
        await self._note_change(tx, principal, user, changed, origin)
        return changed, ended

    async def _end_what_may_not_go_on(self, tx: AsyncConnection, before: User, after: User) -> list[str]:
        """All sessions of who is disabled; of another role's those that live longer than it lets them."""
        now = self._clock()
        if after.disabled_at is not None:
            return await self._sessions.end_all(tx, after.id, "disabled", now)
        if after.role is before.role:
            return []
        return await self._sessions.hold_to(tx, after.id, after.role, now)

    def _rights_of(self, user: User, decision: Decision, admin: Principal) -> dict[str, Any]:
        """The columns that a decision on rights writes; empty when it changes nothing."""
        now, changes = self._clock(), dict[str, Any]()
        if decision.approved is True:
            changes |= {"approved_at": user.approved_at or now, "approved_by": admin.user_id}
            changes |= {"approval_withdrawn_at": None}
            if user.requested_role and user.requested_role is not Role.ADMIN:
                changes |= {"role": user.requested_role.value, "requested_role": None}
        if decision.approved is False:
            changes |= {"approved_at": None, "approved_by": None, "requested_role": None}
            changes |= {"approval_withdrawn_at": user.approval_withdrawn_at or now}
        if decision.role_word is not None:
            role, watch_only = parse_role(decision.role_word)
            changes |= {"role": role.value, "watch_only": watch_only, "requested_role": None}
        if decision.disabled is not None:
            changes["disabled_at"] = (user.disabled_at or now) if decision.disabled else None
        return changes

    def _vouch_for(self, user: User, admin: Principal) -> dict[str, Any]:
        """Nobody has confirmed an address that an admin wrote: the admin answers for it where it counted."""
        approved = {"approved_at": self._clock(), "approved_by": admin.user_id}
        answered = approved if user.verified and user.approved_at is None else {}
        return {"email_verified_at": None, **answered}

    async def _move(
        self, tx: AsyncConnection, admin: Principal, before: User, after: User, origin: Origin
    ) -> None:
        """Links to the old address are void; who was to choose a password by one gets another."""
        await self._invitations.withdraw(tx, before.email, admin, origin)
        if not await can_sign_in(tx, after.id):
            await self._invite(tx, after, admin, origin)
        else:
            await self._notices.put(tx, Happening.EMAIL_CHANGED_FOR_THEM, before, Origin())

    async def _invite(self, tx: AsyncConnection, user: User, by: Principal, origin: Origin) -> None:
        await self._invitations.invite(tx, user.email, user.full_name, user.role, user.watch_only, by, origin)

    async def _note_change(
        self, tx: AsyncConnection, admin: Principal, before: User, after: User, origin: Origin
    ) -> None:
        old, new, subject = _describe(before), _describe(after), f"user:{before.id}"
        if old != new:
            details: dict[str, object] = {"from": old, "to": new}
            await self._audit.record(
                tx, Event.RIGHTS_CHANGED, origin, actor_id=admin.user_id, subject=subject, details=details
            )
        fields = [name for name in PROFILE if getattr(before, name) != getattr(after, name)]
        if not fields:
            return
        details = {"fields": fields}
        if "email" in fields:
            details["email"] = {"from": masked(before.email), "to": masked(after.email)}
        await self._audit.record(
            tx, Event.USER_UPDATED, origin, actor_id=admin.user_id, subject=subject, details=details
        )

    async def _note_ended(
        self, tx: AsyncConnection, admin: Principal, subject: str, user_id: str, count: int, origin: Origin
    ) -> None:
        details = {"reason": "ended_by_admin", "user_id": user_id, "sessions": count}
        await self._audit.record(
            tx, Event.SESSION_ENDED, origin, actor_id=admin.user_id, subject=subject, details=details
        )


async def keep_an_admin(tx: AsyncConnection, before: User, after: User | None) -> None:
    """Raises Conflict when a change (to None: erasure) leaves no administrator who can sign in.

    To be called once it is written, within a transaction that began with `lock_admins`.
    """
    governs = (
        after is not None
        and after.role is Role.ADMIN
        and after.disabled_at is None
        and not after.approval_withdrawn
    )
    if before.role is Role.ADMIN and not governs and not await count_admins(tx):
        raise Conflict("This is the last administrator: make another one first.", code="last_admin")


def found(user: User | None) -> User:
    """The account, or NotFound."""
    if user is None:
        raise NotFound("There is no such account.")
    return user


def _checked(principal: Principal, user_id: str) -> str:
    require(principal, Action.USER_MANAGE)
    return parse_id(user_id, "/path/user_id")


async def _check_address(tx: AsyncConnection, email: str) -> None:
    if await known_addresses(tx, [email]):
        raise _taken()


def _taken() -> Conflict:
    return Conflict(
        "This email address belongs to another account: take another.",
        code="email_taken",
        errors=[FieldError("/email", "has an account already")],
    )


def _describe(user: User) -> dict[str, object]:
    return {
        "role": user.role.value,
        "watch_only": user.watch_only,
        "approved": user.approved_at is not None,
        "approval_withdrawn": user.approval_withdrawn,
        "disabled": user.disabled_at is not None,
    }
