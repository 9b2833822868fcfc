"""Accounts that the server's machine vouches for: the first admin, by a printed link, and those of the
command line.
"""

import secrets
from datetime import timedelta

from sqlalchemy import delete, insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.audit import Origin
from vtp.accounts.claims import SYSTEM
from vtp.accounts.moments import Clock, utc_now
from vtp.accounts.permissions import parse_role
from vtp.accounts.service import AccountService, SignedIn
from vtp.accounts.sessions import hash_token
from vtp.accounts.tables import setup_tokens
from vtp.accounts.users import NewUser, User, count_admins
from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.errors import Gone
from vtp.http.identity import Role
from vtp.settings import AccountSettings

_TOKEN_BYTES = 32


class Administration:
    """How the first admin comes to be, and `vtp admin create-user`; the rest is UserAdministration's."""

    def __init__(
        self,
        database: Database,
        settings: AccountSettings,
        accounts: AccountService,
        *,
        clock: Clock = utc_now,
    ) -> None:
        self._database = database
        self._settings = settings
        self._accounts = accounts
        self._clock = clock

    @done_over
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
        password_hash = await self._accounts.hash_new(
            password, email, full_name, claim=self._accounts.lockout.stranger(origin)
        )
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
        password_hash = await self._accounts.hash_new(password, email, full_name, claim=SYSTEM)
        new = NewUser(email, password_hash, full_name, role, watch_only=watch_only, approved=True)
        origin = Origin(user_agent="vtp admin create-user")
        async with self._database.transaction() as tx:
            return await self._accounts.add(tx, new, origin, actor_id=None)

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
