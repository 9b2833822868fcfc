"""A renewal that waits for a change of role is held to the new one."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from vtp.accounts.audit import Origin
from vtp.accounts.sessions import Renewed, Sessions
from vtp.accounts.users import NewUser, add_user, change_user
from vtp.db import Database
from vtp.db.urls import Dialect
from vtp.http.identity import Role
from vtp.settings import AccountSettings

SETTINGS = AccountSettings()
WAITING = text("SELECT count(*) FROM pg_locks WHERE NOT granted")


async def until_it_waits(database: Database, renewal: asyncio.Task[Renewed]) -> None:
    """For the lock of a row; where there is one writer at a time it waits to begin."""
    async with asyncio.timeout(60):
        while database.url.dialect is Dialect.POSTGRESQL and not renewal.done():
            async with database.read() as tx:
                if (await tx.execute(WAITING)).scalar_one():
                    return
            await asyncio.sleep(0.01)


async def test_a_session_renewed_while_its_owner_becomes_an_admin_ends_as_admins_do(
    database: Database,
) -> None:
    sessions, now = Sessions(SETTINGS, b"k" * 32), datetime.now(UTC).replace(microsecond=0)
    async with database.transaction() as tx:
        new = NewUser("a@school.example", "hash", "Ada", Role.TEACHER, approved=True)
        user = await add_user(tx, new, now)
        assert user is not None
        session, token = await sessions.begin(tx, user.id, user.role, Origin(), now)

    async def renew() -> Renewed:
        async with database.transaction() as tx:
            return await sessions.renew(tx, token, now, lambda _: None)

    async with database.transaction() as tx:
        await change_user(tx, user.id, {"role": Role.ADMIN.value})
        assert not await sessions.hold_to(tx, user.id, Role.ADMIN, now)
        renewal = asyncio.create_task(renew())
        await until_it_waits(database, renewal)
    assert (await renewal).token
    async with database.read() as tx:
        renewed = await sessions.find(tx, session.id)
    assert renewed is not None
    assert renewed.idle_expires_at == now + timedelta(seconds=SETTINGS.admin_refresh_idle_s)
