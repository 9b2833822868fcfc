"""Passwords: forgotten and chosen anew by a link (OWASP, Forgot Password Cheat Sheet), or changed by who is
signed in.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.audit import Event, Origin
from vtp.accounts.claims import Claim, of_person, of_proof
from vtp.accounts.mail_tokens import Purpose, issue, link_used, look, retire, use
from vtp.accounts.notices import Happening
from vtp.accounts.oidc.flows import forget_flows
from vtp.accounts.parts import AccountParts
from vtp.accounts.reauthentication import Reauthentication
from vtp.accounts.sessions import is_signed_in
from vtp.accounts.users import User, change_user, find_by_email, find_user
from vtp.db.conflicts import done_over
from vtp.errors import Conflict, NotFound, NotSignedIn, RateLimited
from vtp.http.identity import Principal
from vtp.limits import WindowLimiter
from vtp.mail import letters
from vtp.mail.links import RESET_PASSWORD

TTL = timedelta(minutes=60)
_RESETTING = (Purpose.RESET_PASSWORD,)
_VOIDED = (Purpose.RESET_PASSWORD, Purpose.CHANGE_EMAIL)
"""What a new password ends: a thief's link to move the account to their address must not outlive them."""
_POINTER = "/new_password"


class Recovery:
    """Nothing here tells whether an address has an account, by answer or by time."""

    def __init__(self, parts: AccountParts) -> None:
        self._parts = parts
        self._people = Reauthentication(parts)
        self._pace = WindowLimiter(parts.settings.limits.password_resets_per_account_per_hour, 3600)

    async def forgot(self, email: str) -> None:
        """Mails a link where there is an account; the answer is given before that is done.

        Raises RateLimited for an address that was asked for too often, known or not.
        """
        wait_s = self._pace.take(email, time.monotonic())
        if wait_s > 0:
            raise RateLimited(
                "A new password was asked for several times: look for the mails, or try again later.",
                retry_after_s=wait_s,
            )
        async with self._parts.database.read() as tx:
            found = await find_by_email(tx, email)
        self._parts.tasks.start(self._send(found[0] if found else None), "a password forgotten")

    @done_over
    async def _send(self, user: User | None) -> None:
        if user is not None and user.disabled_at is None:
            async with self._parts.database.transaction() as tx:
                await self.send(tx, user)

    async def send(self, tx: AsyncConnection, user: User) -> None:
        """Mails the link by which a person chooses a new password; also for administrators to ask for.

        Links of before stay good until one is used: anybody can ask for one, and would end what others hold.
        """
        link = await self._link(tx, user)
        await self._parts.mails.put(tx, letters.reset_password(user.email, user.id, link, TTL))

    @done_over
    async def hand_out(self, email: str, origin: Origin) -> str:
        """The same link for who runs the server, mailed to nobody (`vtp admin password-link`).

        Raises NotFound, Conflict for a disabled account.
        """
        async with self._parts.database.transaction() as tx:
            found = await find_by_email(tx, email)
            if found is None:
                raise NotFound("There is no account of this address.")
            user, _ = found
            if user.disabled_at is not None:
                raise Conflict("This account is disabled: enable it first.", code="account_disabled")
            await self._parts.audit.record(
                tx, Event.PASSWORD_RESET_SENT, origin, subject=f"user:{user.id}", details={"by": "command"}
            )
            return await self._link(tx, user)

    async def _link(self, tx: AsyncConnection, user: User) -> str:
        token = await issue(tx, user.id, Purpose.RESET_PASSWORD, user.email, ttl=TTL, now=self._parts.clock())
        return self._parts.links.to(RESET_PASSWORD, token)

    async def account_of(self, token: str) -> User:
        """Whose link this is, without using it up. Raises Gone."""
        async with self._parts.database.read() as tx:
            said = await look(tx, token, _RESETTING, self._parts.clock())
            user = await find_user(tx, said.user_id)
        if user is None or user.disabled_at is not None or user.email != said.email:
            raise link_used()
        return user

    @done_over
    async def reset(self, token: str, new_password: str, origin: Origin, code: str | None = None) -> User:
        """Sets a new password and ends all sessions; nobody is signed in by it.

        Raises Gone, and what leaves the link good: Invalid for a weak password, NotSignedIn without the code
        of a second factor that is on, RateLimited.
        """
        user = await self.account_of(token)
        hashed = await self._hash(user, new_password, of_proof(user.email, origin))
        await self._parts.second_factor.check_at_sign_in(user, code, origin)
        now, lockout = self._parts.clock(), self._parts.accounts.lockout
        async with self._parts.database.transaction() as tx:
            await use(tx, token, _RESETTING, now)
            await self._end_what_was_begun(tx, user)
            changes: dict[str, Any] = {"password_hash": hashed, "password_changed_at": now}
            by_mail = self._parts.mails.sends  # else an administrator handed it on: who has it has no mailbox
            if (
                by_mail
                and user.email_verified_at is None
                and self._parts.settings.accounts.approval == "mail"
            ):
                changes["email_verified_at"] = now  # who has the link has the mailbox
            details = {"by": "link", "lifts": lockout.lifted_by_link(user.id, user.email)}
            changed = await self._store(tx, user, changes, origin, details)
            ended = await self._parts.sessions.end_all(tx, user.id, "password_reset", now)
            await self._parts.notices.put(tx, Happening.PASSWORD_RESET, user, origin)
        lockout.lift(user.id, user.email)
        self._parts.changes.change_rights(user.id, changed.rights, now)
        self._parts.changes.end_sessions(ended, now)
        return changed

    @done_over
    async def change(
        self,
        principal: Principal,
        current_password: str | None,
        new_password: str,
        origin: Origin,
        *,
        end_other_sessions: bool,
    ) -> list[str]:
        """Changes the caller's own password, keeps their session, and gives the ids of those that ended.

        Raises NotSignedIn for a wrong current password, RateLimited, Invalid for a weak new one.
        """
        user = await self._people.confirm(principal, current_password, origin)
        hashed = await self._hash(user, new_password, of_person(user.id, origin))
        now, ended = self._parts.clock(), list[str]()
        async with self._parts.database.transaction() as tx:
            await find_user(tx, user.id, lock=True)
            if not await is_signed_in(tx, user.id, principal.session_id or "", now):
                raise NotSignedIn("This session has ended: sign in again.", code="session_ended")
            changes = {"password_hash": hashed, "password_changed_at": now}
            await self._store(tx, user, changes, origin, {"by": "owner"})
            await self._end_what_was_begun(tx, user)
            if end_other_sessions:
                own = principal.session_id
                ended = await self._parts.sessions.end_all(tx, user.id, "password_changed", now, besides=own)
            await self._parts.notices.put(tx, Happening.PASSWORD_CHANGED, user, origin)
        self._parts.changes.end_sessions(ended, now)
        return ended

    async def _end_what_was_begun(self, tx: AsyncConnection, user: User) -> None:
        await retire(tx, user.id, _VOIDED, self._parts.clock())
        await forget_flows(tx, user.id)

    async def _hash(self, user: User, new_password: str, claim: Claim) -> str:
        return await self._parts.accounts.hash_new(
            new_password, user.email, user.full_name, claim=claim, pointer=_POINTER
        )

    async def _store(
        self,
        tx: AsyncConnection,
        user: User,
        changes: dict[str, Any],
        origin: Origin,
        details: Mapping[str, object],
    ) -> User:
        changed = await change_user(tx, user.id, changes)
        if changed is None:
            raise link_used()
        await self._parts.audit.record(
            tx,
            Event.PASSWORD_CHANGED,
            origin,
            actor_id=user.id,
            subject=f"user:{user.id}",
            details=details,
        )
        return changed
