"""Accounts as admins manage them: approve, change roles, disable, create; and how the first admin comes to
be.
"""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.audit import AuditLog, Event, Origin
from vtp.accounts.authenticator import Changes
from vtp.accounts.permissions import Action, parse_role, require
from vtp.accounts.service import AccountService, Clock, SignedIn, utc_now
from vtp.accounts.sessions import Sessions, hash_token
from vtp.accounts.tables import setup_tokens
from vtp.accounts.users import NewUser, User, change_user, count_admins, find_user, lock_admins, page_of_users
from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.errors import Conflict, Gone, NotFound
from vtp.http.identity import Principal, Role
from vtp.ids import parse_id
from vtp.settings import AccountSettings

_TOKEN_BYTES = 32


@dataclass(frozen=True, slots=True)
class Decision:
    """What an admin decides about an account; None leaves things as they are."""

    approved: bool | None = None
    role_word: str | None = None
    disabled: bool | None = None


class Administration:
    """What admins do with other people's accounts."""

    def __init__(
        self,
        database: Database,
        settings: AccountSettings,
        accounts: AccountService,
        *,
        sessions: Sessions,
        changes: Changes,
        audit: AuditLog,
        clock: Clock = utc_now,
    ) -> None:
        self._database = database
        self._settings = settings
        self._accounts = accounts
        self._sessions = sessions
        self._changes = changes
        self._audit = audit
        self._clock = clock

    async def open_setup(self) -> str | None:
        """Makes the one-time token for the first admin, ending earlier ones; None when there is an admin."""
        token, now = secrets.token_urlsafe(_TOKEN_BYTES), self._clock()
        async with self._database.transaction() as tx:
            await tx.execute(delete(setup_tokens).where(setup_tokens.c.used_at.is_(None)))
            if await count_admins(tx):
                return None
            await tx.execute(
                insert(setup_tokens).values(
                    token_hash=hash_token(token),
                    created_at=now,
                    expires_at=now + timedelta(seconds=self._settings.setup_link_ttl_s),
                )
            )
        return token

    @done_over
    async def set_up(self, token: str, email: str, password: str, full_name: str, origin: Origin) -> SignedIn:
        """Makes the first admin and signs them in.

        Raises Gone for a link that is used, expired or unknown.
        """
        password_hash = await self._accounts.hash_new(password, email, full_name)
        new = NewUser(email, password_hash, full_name, Role.ADMIN, approved=True)
        async with self._database.transaction() as tx:
            await self._use_setup_token(tx, token)
            user = await self._accounts.add(tx, new, origin, actor_id=None)
            return await self._accounts.begin_session(tx, user, origin)

    @done_over
    async def create_user(self, email: str, password: str, full_name: str, role_word: str) -> User:
        """Makes an account that is active at once (`vtp admin create-user`).

        Raises Invalid for a weak password, Conflict for an address that has an account.
        """
        role, watch_only = parse_role(role_word)
        password_hash = await self._accounts.hash_new(password, email, full_name)
        new = NewUser(email, password_hash, full_name, role, watch_only=watch_only, approved=True)
        origin = Origin(user_agent="vtp admin create-user")
        async with self._database.transaction() as tx:
            return await self._accounts.add(tx, new, origin, actor_id=None)

    async def list_users(
        self, principal: Principal, *, limit: int, after: str | None, pending: bool | None, search: str
    ) -> list[User]:
        """Accounts, oldest first. Raises Forbidden."""
        require(principal, Action.USER_MANAGE)
        async with self._database.read() as tx:
            return await page_of_users(tx, limit=limit, after=after, pending=pending, search=search)

    async def get(self, principal: Principal, user_id: str) -> User:
        """One account. Raises Forbidden, Invalid for a malformed id, NotFound."""
        require(principal, Action.USER_MANAGE)
        user_id = parse_id(user_id, "/path/user_id")
        async with self._database.read() as tx:
            return _found(await find_user(tx, user_id))

    @done_over
    async def decide(self, principal: Principal, user_id: str, decision: Decision, origin: Origin) -> User:
        """Approves, changes the role of, disables or enables an account; it takes hold with the next request.

        Raises Forbidden, Invalid, NotFound, and Conflict when no admin would be left.
        """
        require(principal, Action.USER_MANAGE)
        user_id = parse_id(user_id, "/path/user_id")
        now = self._clock()
        async with self._database.transaction() as tx:
            await lock_admins(tx)  # two who demote each other must not both find the other still there
            user = _found(await find_user(tx, user_id, lock=True))
            changes = self._changes_of(user, decision, principal)
            if not changes:
                return user
            changed = _found(await change_user(tx, user_id, changes))
            await self._keep_an_admin(tx, user, changed)
            ended = await self._sessions.end_all(tx, user_id, "disabled", now) if changed.disabled_at else []
            await self._audit.record(
                tx,
                Event.RIGHTS_CHANGED,
                origin,
                actor_id=principal.user_id,
                subject=f"user:{user_id}",
                details={"from": _describe(user), "to": _describe(changed)},
            )
        self._changes.change_rights(user_id, changed.rights, now)
        self._changes.end_sessions(ended, now)
        return changed

    def _changes_of(self, user: User, decision: Decision, admin: Principal) -> dict[str, Any]:
        """The columns that a decision writes; empty when it changes nothing."""
        now, changes = self._clock(), dict[str, Any]()
        if decision.approved is True:
            changes |= {"approved_at": user.approved_at or now, "approved_by": admin.user_id}
            if user.requested_role and user.requested_role is not Role.ADMIN:
                changes |= {"role": user.requested_role.value, "requested_role": None}
        if decision.approved is False:
            changes |= {"approved_at": None, "approved_by": None, "requested_role": None}
        if decision.role_word is not None:
            role, watch_only = parse_role(decision.role_word)
            changes |= {"role": role.value, "watch_only": watch_only, "requested_role": None}
        if decision.disabled is not None:
            changes["disabled_at"] = (user.disabled_at or now) if decision.disabled else None
        return changes

    async def _keep_an_admin(self, tx: AsyncConnection, before: User, after: User) -> None:
        lost = after.role is not Role.ADMIN or after.disabled_at is not None
        if before.role is Role.ADMIN and lost and not await count_admins(tx):
            raise Conflict("This is the last administrator: make another one first.", code="last_admin")

    async def _use_setup_token(self, tx: AsyncConnection, token: str) -> None:
        now = self._clock()
        used = await tx.execute(
            update(setup_tokens)
            .where(
                setup_tokens.c.token_hash == hash_token(token),
                setup_tokens.c.used_at.is_(None),
                setup_tokens.c.expires_at > now,
            )
            .values(used_at=now)
        )
        if used.rowcount != 1 or await count_admins(tx):
            raise Gone(
                "This setup link was used or has expired. While there is no administrator, restarting "
                "the server prints a new one.",
                code="setup_link_used",
            )


def _found(user: User | None) -> User:
    if user is None:
        raise NotFound("There is no such account.")
    return user


def _describe(user: User) -> dict[str, object]:
    return {
        "role": user.role.value,
        "watch_only": user.watch_only,
        "approved": user.approved_at is not None,
        "disabled": user.disabled_at is not None,
    }
