"""Invitations: a link by mail with which somebody makes an account that may do at once what its role may.

Administrators invite for any role, teachers students and assistants. Who accepts has the mailbox, so the
address is confirmed too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.audit import Event, Origin
from vtp.accounts.claims import of_proof
from vtp.accounts.mail_tokens import link_used, new_token
from vtp.accounts.parts import AccountParts
from vtp.accounts.permissions import RULES, Action, Reach, require, require_reach
from vtp.accounts.service import SignedIn
from vtp.accounts.sessions import hash_token
from vtp.accounts.tables import invitations, users
from vtp.accounts.users import (
    NO_PASSWORD,
    NewUser,
    User,
    can_sign_in,
    change_user,
    find_by_email,
    find_user,
)
from vtp.db.conflicts import done_over
from vtp.errors import Conflict, FieldError, Forbidden, NotFound
from vtp.http.identity import Principal, Role
from vtp.ids import new_id, parse_id
from vtp.mail import letters
from vtp.mail.links import INVITATION

TTL = timedelta(days=7)
BY_TEACHERS = frozenset({Role.STUDENT, Role.ASSISTANT})


@dataclass(frozen=True, slots=True)
class Invitation:
    """One that was sent; `link` is there only when it is to be handed on, because no SMTP server is set."""

    id: str
    email: str
    full_name: str
    role: Role
    watch_only: bool
    created_by: str | None
    created_at: datetime
    expires_at: datetime
    accepted_at: datetime | None
    revoked_at: datetime | None
    inviter_name: str = ""
    link: str | None = None

    @property
    def room_id(self) -> None:
        """It belongs to no room."""
        return None

    @property
    def owner_id(self) -> str | None:
        """Who may take it back, besides administrators."""
        return self.created_by


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What somebody who accepts says."""

    full_name: str
    password: str
    phone: str | None


_OWN = [name for name in Invitation.__slots__ if name not in ("inviter_name", "link")]
_COLUMNS = [*(invitations.c[name] for name in _OWN), users.c.full_name.label("inviter_name")]
_FROM = invitations.outerjoin(users, users.c.id == invitations.c.created_by)


class Invitations:
    """Every method that takes a principal raises Forbidden."""

    def __init__(self, parts: AccountParts) -> None:
        self._parts = parts

    @done_over
    async def create(
        self, principal: Principal, email: str, full_name: str, role: Role, watch_only: bool, origin: Origin
    ) -> Invitation:
        """Invites somebody. Raises Conflict for an address that has an account.

        Only administrators invite again who has an account without a password: its role may be above that of
        the caller, who without SMTP is shown the link. They invite it as what it is: Conflict else.
        """
        async with self._parts.database.transaction() as tx:
            found = await find_by_email(tx, email)
            waits = found is not None and found[1] == NO_PASSWORD and principal.role is Role.ADMIN
            if found is not None and not waits:
                require(principal, Action.USER_INVITE)
                raise _taken("/email")
            if found is not None and (found[0].role, found[0].watch_only) != (role, watch_only):
                raise _other_role(found[0])
            return await self.invite(tx, email, full_name, role, watch_only, principal, origin)

    async def invite(
        self,
        tx: AsyncConnection,
        email: str,
        full_name: str,
        role: Role,
        watch_only: bool,
        by: Principal,
        origin: Origin,
    ) -> Invitation:
        """Invites somebody within a transaction; an earlier invitation of the same address ends."""
        require(by, Action.USER_INVITE)
        if by.role is not Role.ADMIN and role not in BY_TEACHERS:
            raise Forbidden("Teachers invite students and assistants: ask an administrator to invite others.")
        if by.role is not Role.ADMIN and await self._is_invited_higher(tx, email):
            raise Conflict("This address is invited already, as more than that.", code="invited_already")
        await self.withdraw(tx, email, by, origin)
        now = self._parts.clock()
        made = Invitation(
            new_id(), email, full_name, role, watch_only, by.user_id, now, now + TTL, None, None, by.full_name
        )
        token = new_token()
        values = {name: getattr(made, name) for name in _OWN}
        await tx.execute(insert(invitations).values(**values, token_hash=hash_token(token)))
        await self._record(tx, Event.INVITATION_CREATED, made.id, role.value, by, origin)
        return await self._send(tx, made, token)

    async def withdraw(self, tx: AsyncConnection, email: str, by: Principal, origin: Origin) -> None:
        """Makes every open invitation of an address void."""
        c = invitations.c
        open_ = c.email == email, c.accepted_at.is_(None), c.revoked_at.is_(None)
        void = update(invitations).where(*open_).values(revoked_at=self._parts.clock())
        for invitation_id, role in (await tx.execute(void.returning(c.id, c.role))).all():
            await self._record(tx, Event.INVITATION_REVOKED, invitation_id, role, by, origin)

    async def _is_invited_higher(self, tx: AsyncConnection, email: str) -> bool:
        """Whether an open invitation of this address is for what teachers cannot give, nor take back."""
        c = invitations.c
        open_ = c.accepted_at.is_(None), c.revoked_at.is_(None), c.expires_at > self._parts.clock()
        higher = select(c.id).where(c.email == email, *open_, c.role.not_in(sorted(BY_TEACHERS)))
        return (await tx.execute(higher.limit(1))).first() is not None

    async def page(self, principal: Principal, *, limit: int, before: str | None) -> list[Invitation]:
        """Invitations, newest first: all for administrators, their own for teachers."""
        reach = require_reach(principal, Action.INVITATION_MANAGE)
        statement = select(*_COLUMNS).select_from(_FROM).order_by(invitations.c.id.desc()).limit(limit)
        if reach is Reach.OWN:
            statement = statement.where(invitations.c.created_by == principal.user_id)
        if before is not None:
            statement = statement.where(invitations.c.id < before)
        async with self._parts.database.read() as tx:
            return [_invitation(row) for row in await tx.execute(statement)]

    @done_over
    async def revoke(self, principal: Principal, invitation_id: str, origin: Origin) -> None:
        """Makes an invitation's link void. Raises NotFound, Invalid; Gone when it was accepted."""
        async with self._parts.database.transaction() as tx:
            found = await self._find_open(tx, principal, invitation_id)
            await self._change(tx, found.id, {"revoked_at": self._parts.clock()})
            await self._record(tx, Event.INVITATION_REVOKED, found.id, found.role.value, principal, origin)

    @done_over
    async def resend(self, principal: Principal, invitation_id: str, origin: Origin) -> Invitation:
        """Sends a new link, good for another week; the old one is void. Raises as `revoke`.

        To an account that waits, as what it is by now.
        """
        async with self._parts.database.transaction() as tx:
            found = await self._as_it_waits(tx, await self._find_open(tx, principal, invitation_id))
            token = new_token()
            found = replace(found, expires_at=self._parts.clock() + TTL)
            told = {name: getattr(found, name) for name in ("expires_at", "role", "watch_only")}
            await self._change(tx, found.id, {"token_hash": hash_token(token), **told})
            await self._record(tx, Event.INVITATION_CREATED, found.id, found.role.value, principal, origin)
            return await self._send(tx, found, token)

    async def look(self, token: str) -> Invitation:
        """What a link's token says, without using it up: of an account that waits, what it is by now.

        Raises Gone."""
        async with self._parts.database.read() as tx:
            invitation = await self._by_token(tx, token)
            return await self._as_it_waits(tx, invitation)

    async def _as_it_waits(self, tx: AsyncConnection, invitation: Invitation) -> Invitation:
        """Of an account that waits for its person, with what the account is by now."""
        found = await find_by_email(tx, invitation.email)
        if found is None or found[1] != NO_PASSWORD:
            return invitation
        return replace(invitation, role=found[0].role, watch_only=found[0].watch_only)

    @done_over
    async def accept(self, token: str, said: Acceptance, origin: Origin) -> SignedIn:
        """Makes the account, or gives the one that waits for it its password, and signs the person in.

        Raises Gone, Invalid for a weak password, Conflict when the address has got an account meanwhile.
        """
        email = (await self.look(token)).email
        claim = of_proof(email, origin)
        hashed = await self._parts.accounts.hash_new(said.password, email, said.full_name, claim=claim)
        now = self._parts.clock()
        async with self._parts.database.transaction() as tx:
            invitation = await self._by_token(tx, token)
            used = await self._change(tx, invitation.id, {"accepted_at": now})
            if used != 1:
                raise link_used()
            user = await self._account(tx, invitation, said, hashed, origin)
            await tx.execute(
                update(invitations).where(invitations.c.id == invitation.id).values(accepted_by=user.id)
            )
            signed_in = await self._parts.accounts.begin_session(tx, user, origin)
        self._parts.changes.change_rights(user.id, user.rights, now)
        return signed_in

    async def _account(
        self, tx: AsyncConnection, invitation: Invitation, said: Acceptance, hashed: str, origin: Origin
    ) -> User:
        now = self._parts.clock()
        found = await find_by_email(tx, invitation.email)
        if not await self._stands(tx, invitation, account_waits=found is not None):
            raise link_used()
        if found is None:
            new = NewUser(
                email=invitation.email,
                password_hash=hashed,
                full_name=said.full_name,
                role=invitation.role,
                phone=said.phone,
                watch_only=invitation.watch_only,
                approved=True,
            )
            user = await self._parts.accounts.add(tx, new, origin, actor_id=invitation.created_by)
            changes: dict[str, Any] = {"approved_by": invitation.created_by}
        else:
            user, _ = found
            if user.disabled_at is not None or await can_sign_in(tx, user.id):  # by a provider, too
                raise _taken("/token")
            changes = {"full_name": said.full_name, "password_hash": hashed}
            changes |= {} if user.approval_withdrawn else {"approved_at": now}
            changes |= {"phone": said.phone} if said.phone else {}
        if self._parts.mails.sends:  # else the link came from who invites, and proves no mailbox
            changes["email_verified_at"] = now
        changed = await change_user(tx, user.id, {**changes, "password_changed_at": now})
        assert changed is not None
        await self._parts.audit.record(
            tx,
            Event.INVITATION_ACCEPTED,
            origin,
            actor_id=changed.id,
            subject=f"invitation:{invitation.id}",
            details={"role": changed.role},
        )
        return changed

    async def _stands(self, tx: AsyncConnection, invitation: Invitation, *, account_waits: bool) -> bool:
        """Whether who invited may still do so: their invitations end with their right to send them.

        An account that waits has a role of its own, which only administrators hand over.
        """
        by = await find_user(tx, invitation.created_by) if invitation.created_by is not None else None
        if by is None or by.disabled_at is not None or not by.verified:
            return False
        if by.role is Role.ADMIN:
            return True
        may = by.role in RULES[Action.USER_INVITE] and invitation.role in BY_TEACHERS
        return may and not account_waits

    async def _send(self, tx: AsyncConnection, invitation: Invitation, token: str) -> Invitation:
        link = self._parts.links.to(INVITATION, token)
        letter = letters.invitation(
            invitation.email, invitation.inviter_name, invitation.role.value, link, TTL
        )
        await self._parts.mails.put(tx, letter)
        return invitation if self._parts.mails.sends else replace(invitation, link=link)

    async def _find_open(self, tx: AsyncConnection, principal: Principal, invitation_id: str) -> Invitation:
        require_reach(principal, Action.INVITATION_MANAGE)
        invitation_id = parse_id(invitation_id, "/path/invitation_id")
        statement = select(*_COLUMNS).select_from(_FROM).where(invitations.c.id == invitation_id)
        row = (await tx.execute(statement)).one_or_none()
        if row is None:
            raise NotFound("There is no such invitation.")
        found = _invitation(row)
        require(principal, Action.INVITATION_MANAGE, found)
        if found.accepted_at is not None or found.revoked_at is not None:
            raise link_used()
        return found

    async def _by_token(self, tx: AsyncConnection, token: str) -> Invitation:
        statement = select(*_COLUMNS).select_from(_FROM)
        row = (await tx.execute(statement.where(invitations.c.token_hash == hash_token(token)))).one_or_none()
        found = _invitation(row) if row is not None else None
        if found is None or found.accepted_at or found.revoked_at or found.expires_at <= self._parts.clock():
            raise link_used()
        return found

    async def _change(self, tx: AsyncConnection, invitation_id: str, changes: dict[str, Any]) -> int:
        """Changes one that is open; of two who do so at once, the second changes none."""
        statement = update(invitations).where(
            invitations.c.id == invitation_id,
            invitations.c.accepted_at.is_(None),
            invitations.c.revoked_at.is_(None),
        )
        return (await tx.execute(statement.values(**changes))).rowcount

    async def _record(
        self,
        tx: AsyncConnection,
        event: Event,
        invitation_id: str,
        role: str,
        by: Principal,
        origin: Origin,
    ) -> None:
        await self._parts.audit.record(
            tx,
            event,
            origin,
            actor_id=by.user_id,
            subject=f"invitation:{invitation_id}",
            details={"role": role},
        )


def _invitation(row: Row[Any]) -> Invitation:
    values = dict(row._mapping)
    return Invitation(**values | {"role": Role(values["role"]), "inviter_name": values["inviter_name"] or ""})


def _other_role(user: User) -> Conflict:
    what = f"{user.role.value} who only watches" if user.watch_only else user.role.value
    return Conflict(
        f"An account of this address waits for its person, as {what}: invite them as that, or change its "
        "role first.",
        code="role_differs",
        errors=[FieldError("/role", f"the account is {what}")],
    )


def _taken(pointer: str) -> Conflict:
    return Conflict(
        "This email address has an account already: sign in with it.",
        code="email_taken",
        errors=[FieldError(pointer, "has an account already")],
    )
