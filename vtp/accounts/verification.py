"""Addresses: confirmed by a link that is sent to them, at registration and when they change."""

from __future__ import annotations

import time
from datetime import timedelta

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.audit import Event, Origin
from vtp.accounts.mail_tokens import MailToken, Purpose, issue, link_used, retire, use
from vtp.accounts.notices import Happening
from vtp.accounts.parts import AccountParts
from vtp.accounts.reauthentication import Reauthentication
from vtp.accounts.users import User, change_user, find_by_email, find_user
from vtp.db.conflicts import done_over
from vtp.errors import Conflict, FieldError, RateLimited
from vtp.http.identity import Principal
from vtp.limits import WindowLimiter
from vtp.mail import letters
from vtp.mail.links import PROFILE, VERIFY_EMAIL

TTL = timedelta(hours=24)  # NIST SP 800-63A: at most
_CONFIRMING = (Purpose.VERIFY_EMAIL, Purpose.CHANGE_EMAIL)


class Verification:
    """Sends links to addresses and takes them back."""

    def __init__(self, parts: AccountParts) -> None:
        self._parts = parts
        self._people = Reauthentication(parts)
        self._pace = WindowLimiter(parts.settings.limits.verification_mails_per_address_per_minute, 60)

    async def send(self, tx: AsyncConnection, user: User) -> None:
        """Mails the link that confirms an account's address."""
        token = await issue(tx, user.id, Purpose.VERIFY_EMAIL, user.email, ttl=TTL, now=self._parts.clock())
        link = self._parts.links.to(VERIFY_EMAIL, token)
        await self._parts.mails.put(tx, letters.verify_email(user.email, user.id, link, TTL))

    async def resend(self, email: str) -> None:
        """Mails the link once more where it is of use. Nothing tells whether there is such an account: the
        answer is the same, and given before the work is done.

        Raises RateLimited for an address that was asked for a moment ago, known or not.
        """
        self.check_pace(email)
        async with self._parts.database.read() as tx:
            found = await find_by_email(tx, email)
        self._parts.tasks.start(self._resend(found[0] if found else None), "a confirmation asked for again")

    @done_over
    async def _resend(self, user: User | None) -> None:
        if user is None or user.email_verified_at is not None or user.disabled_at is not None:
            return
        if self._parts.settings.accounts.approval == "mail":
            async with self._parts.database.transaction() as tx:
                await self.send(tx, user)

    def check_pace(self, email: str) -> None:
        """Counts a mail to an address. Raises RateLimited."""
        wait_s = self._pace.take(email, time.monotonic())
        if wait_s > 0:
            raise RateLimited(
                "A mail was asked for a moment ago: look for it, or wait a minute and try again.",
                retry_after_s=wait_s,
            )

    @done_over
    async def verify(self, token: str, origin: Origin) -> User:
        """Takes a link's token: the address is confirmed, or takes the place of the old one.

        Raises Gone; Conflict when the new address has got another account meanwhile.
        """
        now = self._parts.clock()
        try:
            async with self._parts.database.transaction() as tx:
                said = await use(tx, token, _CONFIRMING, now)
                user = await find_user(tx, said.user_id, lock=True)
                if user is None or user.disabled_at is not None:
                    raise link_used()
                user = await self._confirm(tx, user, said, origin)
        except IntegrityError as error:
            raise _taken() from error
        self._parts.changes.change_rights(user.id, user.rights, now)
        return user

    async def change(
        self, principal: Principal, new_email: str, password: str | None, origin: Origin
    ) -> None:
        """Asks to change the caller's address: it changes once the new one is confirmed.

        An address that has an account is answered alike, and gets no link. Raises NotSignedIn for a wrong
        password, RateLimited.
        """
        user = await self._people.confirm(principal, password, origin)
        self.check_pace(new_email)  # once, however often the transaction is done over
        await self._ask_for_change(user, new_email, origin)

    @done_over
    async def _ask_for_change(self, user: User, new_email: str, origin: Origin) -> None:
        async with self._parts.database.transaction() as tx:
            await self._send_change(tx, user, new_email)
            await self._parts.notices.put(tx, Happening.EMAIL_CHANGING, user, origin)
            await self._record(tx, user, origin, "email_asked")

    async def _send_change(self, tx: AsyncConnection, user: User, new_email: str) -> None:
        now = self._parts.clock()
        await retire(tx, user.id, [Purpose.CHANGE_EMAIL], now)
        token = await issue(tx, user.id, Purpose.CHANGE_EMAIL, new_email, ttl=TTL, now=now)
        link, owner = self._parts.links.to(VERIFY_EMAIL, token), await find_by_email(tx, new_email)
        letter = letters.change_email(new_email, user.id, link, TTL)
        if owner is not None:  # told the truth in as much time
            letter = letters.address_in_use(new_email, owner[0].id, self._parts.links.to(PROFILE))
        await self._parts.mails.put(tx, letter)

    async def _confirm(self, tx: AsyncConnection, user: User, said: MailToken, origin: Origin) -> User:
        now = self._parts.clock()
        changes: dict[str, object] = {}
        if user.verified or self._parts.settings.accounts.approval == "mail":  # else an admin lets them in
            changes["email_verified_at"] = now
        if said.purpose is Purpose.CHANGE_EMAIL:
            if await find_by_email(tx, said.email) is not None:
                raise _taken()
            changes["email"] = said.email
            await retire(tx, user.id, Purpose, now)  # what was sent to the old address opens nothing any more
            await self._parts.notices.put(tx, Happening.EMAIL_CHANGED, user, origin)
        elif said.email != user.email:
            raise link_used()
        changed = await change_user(tx, user.id, changes)
        assert changed is not None
        await self._record(tx, changed, origin, "email" if "email" in changes else "email_verified_at")
        return changed

    async def _record(self, tx: AsyncConnection, user: User, origin: Origin, field: str) -> None:
        await self._parts.audit.record(
            tx,
            Event.USER_UPDATED,
            origin,
            actor_id=user.id,
            subject=f"user:{user.id}",
            details={"fields": [field]},
        )


def _taken() -> Conflict:
    return Conflict(
        "This address has an account by now: take another.",
        code="email_taken",
        errors=[FieldError("/new_email", "has an account already")],
    )
