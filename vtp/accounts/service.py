"""Accounts as their owners use them: sign in, renew, sign out, profile."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NoReturn

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.audit import AuditLog, Event, Origin
from vtp.accounts.authenticator import Changes
from vtp.accounts.claims import Claim, of_person
from vtp.accounts.lockout import Attempt, Lockout
from vtp.accounts.moments import Clock as Clock  # rooms and webhooks take them from here
from vtp.accounts.moments import utc_now as utc_now
from vtp.accounts.notices import Happening, Notices
from vtp.accounts.password_rules import PasswordRules
from vtp.accounts.passwords import Passwords, Verdict
from vtp.accounts.second_factor import SecondFactor
from vtp.accounts.sessions import TOO_MANY, Renewal, Renewed, Session, Sessions
from vtp.accounts.tokens import AccessClaims, Tokens
from vtp.accounts.users import (
    NewUser,
    User,
    add_user,
    change_user,
    find_by_email,
    find_user,
    find_with_hash,
    lock_with_hash,
)
from vtp.db import Database
from vtp.db.after import after_commit
from vtp.db.conflicts import Conflicted, done_over
from vtp.errors import Conflict, FieldError, Forbidden, NotSignedIn, RateLimited, Unavailable
from vtp.http.identity import Principal
from vtp.ids import new_id
from vtp.limits import WindowLimiter
from vtp.mail.addresses import known_as
from vtp.settings import AccountSettings, LimitSettings

KEPT_AFTER_END = timedelta(days=7)  # what a stolen token was used for can be looked into meanwhile


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session just begun or renewed: the person, and the tokens to hand over."""

    user: User
    session: Session
    access_token: str
    refresh_token: str
    expires_in_s: int
    ends_in_s: int
    """The session, when nobody uses it."""
    lasts_s: int
    """The session, however it is used."""


class AccountService:
    """What people do with their own account. `clock` is the wall clock; throttling counts monotonic time."""

    def __init__(
        self,
        database: Database,
        settings: AccountSettings,
        limits: LimitSettings,
        *,
        passwords: Passwords,
        tokens: Tokens,
        sessions: Sessions,
        changes: Changes,
        audit: AuditLog,
        second_factor: SecondFactor,
        lockout: Lockout,
        notices: Notices,
        clock: Clock = utc_now,
    ) -> None:
        self._database = database
        self._settings = settings
        self._passwords = passwords
        self._rules = PasswordRules(settings)
        self._tokens = tokens
        self._sessions = sessions
        self._changes = changes
        self._audit = audit
        self._second_factor = second_factor
        self._notices = notices
        self._clock = clock
        self.lockout = lockout
        self._renewals = WindowLimiter(limits.refreshes_per_account_per_5_minutes, 300)

    async def start(self) -> None:
        """Recalls the sessions ended before a restart, whose access tokens may still be about."""
        now = self._clock()
        since = now - timedelta(seconds=self._settings.access_token_ttl_s)
        async with self._database.read() as tx:
            self._changes.end_sessions(await self._sessions.ended_since(tx, since), now)

    @done_over
    async def forget_over(self) -> int:
        """Deletes the sessions over for so long that nobody asks any more; gives how many."""
        async with self._database.transaction() as tx:
            return await self._sessions.forget_over(tx, self._clock() - KEPT_AFTER_END)

    async def hash_new(self, password: str, *context: str, claim: Claim, pointer: str = "/password") -> str:
        """Checks a password that somebody chooses, and hashes it. Raises Invalid, Unavailable."""
        self._rules.check(password, *context, pointer=pointer)
        return await self._passwords.hash(password, claim)

    async def add(self, tx: AsyncConnection, new: NewUser, origin: Origin, *, actor_id: str | None) -> User:
        """Adds an account within a transaction, with its audit entry. Raises Conflict."""
        user = await add_user(tx, new, self._clock())
        if user is None:
            raise Conflict(
                "This email address has an account already: sign in, or register with another.",
                code="email_taken",
                errors=[FieldError("/email", "has an account already")],
            )
        details = {"role": user.role, "requested_role": user.requested_role, "approved": new.approved}
        subject = f"user:{user.id}"
        await self._audit.record(
            tx, Event.USER_CREATED, origin, actor_id=actor_id, subject=subject, details=details
        )
        return user

    def knows_device(self, email: str, device_tokens: Sequence[str]) -> bool:
        """Whether one of these tokens is of a device that has signed in to this account before."""
        return self.lockout.attempt(known_as(email), device_tokens, Origin()).known_device

    @done_over
    async def login(
        self,
        email: str,
        password: str,
        origin: Origin,
        *,
        code: str | None = None,
        device_tokens: Sequence[str] = (),
    ) -> SignedIn:
        """Begins a session. Raises NotSignedIn for a wrong pair and without the second factor, RateLimited
        after too many, Forbidden for a disabled account (told only to who knows the password).

        `device_tokens`: what the device holds from having signed in before; see `Lockout`.
        """
        email = known_as(email)
        attempt = self.lockout.attempt(email, device_tokens, origin)
        self.lockout.check(attempt)
        user, encoded, verdict = await self._look_at_password(attempt, password)
        if user.disabled_at is not None:
            await self._note_refusal(user.id, origin, "disabled")
            raise _disabled()
        await self._second_factor.check_at_sign_in(user, code, origin, key=attempt.key)
        self.lockout.succeed(attempt)
        rehashed = await self._rehash(user, password) if verdict.needs_rehash else None
        async with self._database.transaction() as tx:
            if not await lock_with_hash(tx, user.id, encoded):
                raise Conflicted  # another password was chosen meanwhile, whose choice ends all sessions
            if rehashed:
                await change_user(tx, user.id, {"password_hash": rehashed})
            if not attempt.known_device:
                await self.tell_of_new_device(tx, user, origin)
            return await self.begin_session(tx, user, origin)

    async def _look_at_password(self, attempt: Attempt, password: str) -> tuple[User, str, Verdict]:
        """Whose it is, their hash and what it says. In one turn with all that a failure costs, so that
        guesses crowd nobody out of the database; the same work whether or not there is such an account.
        """
        with self.lockout.trying(attempt) as claim:
            async with self._passwords.turn(claim) as hasher:
                async with self._database.read() as tx:
                    found = await find_by_email(tx, attempt.account)
                verdict = await hasher.verify(found[1] if found else None, password)
                self.lockout.check(attempt)  # tries made at once do not get around the wait
                if found is None or not verdict.right:
                    await self._refuse_login(attempt, found[0] if found else None)
                return *found, verdict

    async def _rehash(self, user: User, password: str) -> str | None:
        try:
            return await self._passwords.hash(password, of_person(user.id))
        except Unavailable:  # at another sign-in
            return None

    async def confirm_password(self, principal: Principal, password: str, origin: Origin) -> User:
        """Gives the caller's account when the password is theirs, before what needs more than a session.

        Raises NotSignedIn (`wrong_password`), RateLimited, Forbidden for callers without an account.
        """
        user_id = account_of(principal)
        attempt = self.lockout.confirmation(user_id)
        self.lockout.check(attempt)
        async with self._database.read() as tx:
            found = await find_with_hash(tx, user_id)
        claim = of_person(user_id, origin)
        verdict = await self._passwords.verify(found[1] if found else None, password, claim)
        self.lockout.check(attempt)
        if found is None or not verdict.right:
            failures = self.lockout.fail(attempt)
            await self._note_refusal(user_id, origin, "wrong_password")
            await self._note_wait(attempt, failures, found[0] if found else None, origin)
            raise NotSignedIn("This is not your password.", code="wrong_password")
        self.lockout.succeed(attempt)
        return found[0]

    async def begin_session(self, tx: AsyncConnection, user: User, origin: Origin) -> SignedIn:
        """Signs a person in within a transaction. Raises Forbidden for an account disabled meanwhile."""
        now = self._clock()
        user = _present(await find_user(tx, user.id, lock=True))  # or a session would outlive its ending
        if user.disabled_at is not None:
            raise _disabled()
        session, refresh_token = await self._sessions.begin(tx, user.id, user.role, origin, now)
        await self._audit.record(
            tx, Event.SIGNED_IN, origin, actor_id=user.id, subject=f"session:{session.id}"
        )
        await self._end_oldest(tx, user, origin, now)
        return self._signed_in(user, session, refresh_token, now)

    async def _end_oldest(self, tx: AsyncConnection, user: User, origin: Origin, now: datetime) -> None:
        """Of more sessions than anybody needs; wherever they are in use is told once this is stored."""
        ended = await self._sessions.end_oldest(tx, user.id, now)
        if not ended:
            return
        after_commit(tx, lambda: self._changes.end_sessions(ended, now))
        subject = f"session:{ended[0]}" if len(ended) == 1 else f"user:{user.id}"
        details = {"reason": TOO_MANY, "sessions": len(ended)}
        await self._audit.record(
            tx, Event.SESSION_ENDED, origin, actor_id=user.id, subject=subject, details=details
        )

    @done_over
    async def refresh(
        self, refresh_token: str, origin: Origin, *, unused: timedelta = timedelta()
    ) -> SignedIn:
        """Renews a session: a new access token, and a new refresh token in place of this one.

        `unused`: see `Sessions.renew`.

        Raises NotSignedIn when the token is unknown, used before or its session over, RateLimited.
        """
        now = self._clock()
        async with self._database.transaction() as tx:
            renewed = await self._sessions.renew(tx, refresh_token, now, self._check_renewals, unused=unused)
            user = renewed.user
            if user is None and renewed.session is not None:
                user = await find_user(tx, renewed.session.user_id)
            if renewed.outcome is Renewal.REUSED and user is not None and renewed.session is not None:
                await self._audit.record(
                    tx, Event.TOKEN_REUSED, origin, actor_id=user.id, subject=f"session:{renewed.session.id}"
                )
                await self._notices.put(tx, Happening.TOKEN_REUSED, user, origin)
        return self._accept_renewal(renewed, user, now)

    @done_over
    async def logout(self, principal: Principal | None, refresh_token: str | None, origin: Origin) -> bool:
        """Ends the session of the access token and that of the refresh token; tells whether one was alive."""
        ended: dict[str, str] = {}
        now = self._clock()
        async with self._database.transaction() as tx:
            if principal and principal.session_id and principal.user_id:
                ended[principal.session_id] = principal.user_id
            if refresh_token and (session := await self._sessions.find_by_token(tx, refresh_token)):
                ended[session.id] = session.user_id
            for session_id, user_id in ended.items():
                await self._end_session(tx, session_id, user_id, "logout", origin)
        self._changes.end_sessions(ended, now)
        return bool(ended)

    async def profile(self, principal: Principal) -> User:
        """The caller's account. Raises Forbidden for callers without one (room tokens, open rooms)."""
        user_id = account_of(principal)
        return _present(await find_user(self._database, user_id))

    @done_over
    async def change_profile(
        self, principal: Principal, changes: dict[str, Any], origin: Origin, check: Callable[[User], None]
    ) -> User:
        """Writes the fields given of the caller's account, if `check` agrees to the account as it was; gives
        it as it is then."""
        user_id = account_of(principal)
        async with self._database.transaction() as tx:
            user = _present(await find_user(tx, user_id, lock=True))
            check(user)
            if changes:
                user = _present(await change_user(tx, user_id, changes))
            details = {"fields": sorted(changes)}
            await self._audit.record(
                tx, Event.USER_UPDATED, origin, actor_id=user_id, subject=f"user:{user_id}", details=details
            )
            return user

    async def _end_session(
        self, tx: AsyncConnection, session_id: str, user_id: str, reason: str, origin: Origin
    ) -> None:
        await self._sessions.end(tx, session_id, reason, self._clock())
        await self._audit.record(
            tx,
            Event.SESSION_ENDED,
            origin,
            actor_id=user_id,
            subject=f"session:{session_id}",
            details={"reason": reason},
        )

    async def tell_of_new_device(self, tx: AsyncConnection, user: User, origin: Origin) -> None:
        """Unless it is the first one at all, or has the address and the program of another sign-in."""
        wanted = self._settings.notify_of_new_devices and self._notices.sends
        if wanted and await self._sessions.is_news(tx, user.id, origin):
            await self._notices.put(tx, Happening.NEW_DEVICE, user, origin)

    async def _refuse_login(self, attempt: Attempt, user: User | None) -> NoReturn:
        user_id, reason = (user.id, "wrong_password") if user else (None, "unknown_account")
        failures = self.lockout.fail(attempt)
        await self._note_refusal(user_id, attempt.origin, reason)
        await self._note_wait(attempt, failures, user, attempt.origin)
        raise NotSignedIn("The email address or the password is wrong.", code="wrong_credentials")

    async def _note_wait(self, attempt: Attempt, failures: int, user: User | None, origin: Origin) -> None:
        """In the audit log, by which other processes and the next start know of it too (`LockoutWatch`)."""
        if failures:
            details = {"known_device": attempt.known_device, "failures": failures, "key": attempt.key}
            subject = f"user:{user.id}" if user else ""
            await self._audit.note(Event.SIGN_IN_LOCKED, origin, subject=subject, details=details)

    async def _note_refusal(self, user_id: str | None, origin: Origin, reason: str) -> None:
        subject = f"user:{user_id}" if user_id else ""
        await self._audit.note(Event.SIGN_IN_REFUSED, origin, subject=subject, details={"reason": reason})

    def _check_renewals(self, session: Session) -> None:
        wait_s = self._renewals.take(session.id, time.monotonic())
        if wait_s > 0:
            raise RateLimited("This session is renewed too often; wait a moment.", retry_after_s=wait_s)

    def _accept_renewal(self, renewed: Renewed, user: User | None, now: datetime) -> SignedIn:
        session = renewed.session
        if renewed.outcome is Renewal.REUSED and session is not None:
            self._changes.end_sessions([session.id], now)
            raise NotSignedIn(
                "This refresh token was used before, so its session has been ended: sign in again.",
                code="refresh_token_reused",
            )
        if renewed.outcome is Renewal.ENDED:
            raise NotSignedIn("This session has ended: sign in again.", code="session_ended")
        if session is None or user is None:
            raise NotSignedIn("This refresh token is not valid: sign in again.", code="refresh_token_invalid")
        return self._signed_in(user, session, renewed.token, now)

    def _signed_in(self, user: User, session: Session, refresh_token: str, now: datetime) -> SignedIn:
        ttl_s = self._settings.access_token_ttl_s
        ends_at = min(session.expires_at, session.idle_expires_at)
        expires_at = min(now + timedelta(seconds=ttl_s), ends_at)
        claims = AccessClaims(
            user.id, user.email, user.full_name, session.id, user.rights, new_id(), expires_at
        )
        access_token = self._tokens.sign_access(claims, now)
        left_s = (int((at - now).total_seconds()) for at in (expires_at, ends_at, session.expires_at))
        return SignedIn(user, session, access_token, refresh_token, *left_s)


def account_of(principal: Principal) -> str:
    """The caller's user id. Raises Forbidden for callers without an account."""
    if principal.user_id is None:
        raise Forbidden("This token belongs to no account: sign in with one.", code="no_account")
    return principal.user_id


def _disabled() -> Forbidden:
    return Forbidden("This account is disabled: ask an administrator.", code="account_disabled")


def _present(user: User | None) -> User:
    if user is None:
        raise NotSignedIn("This account does not exist any more.", code="session_ended")
    return user
