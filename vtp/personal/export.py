"""What this server has written down of a person, for that person (GDPR, articles 15 and 20). Files of courses
are named and recordings are not there: either may be larger than a download that is made in one go.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO, Final

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.audit import AuditLog, Event, Origin
from vtp.accounts.permissions import Action, require
from vtp.accounts.pictures import Pictures
from vtp.accounts.service import Clock, account_of, utc_now
from vtp.accounts.user_administration import found
from vtp.accounts.users import User, find_user
from vtp.db import Database
from vtp.http.identity import Principal
from vtp.ids import parse_id
from vtp.own_data.holding import Holding, Subject
from vtp.personal.bundle import Bundle
from vtp.personal.holdings import HOLDINGS
from vtp.personal.mailbox import mailbox_of

FORMAT: Final = "vtp personal data, version 1"
NOT_THERE: Final = (
    "The bytes of files that you uploaded to courses or handed in: files_of_courses names them; download "
    "them in their courses. Recordings of classes, and the tracks of your own camera, microphone and screen "
    "that were kept beside them. Ask an administrator for what you cannot reach yourself. Passwords, secrets "
    "and what is others' are in no export."
)
"""Said in the file itself."""
AT_ONCE: Final = 2  # exports made together
_ROWS_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class Exported:
    """A finished export; whoever takes it closes `file`."""

    file: BinaryIO
    size: int
    user_id: str
    made_at: datetime


class Export:
    """Makes exports."""

    def __init__(
        self, database: Database, pictures: Pictures, audit: AuditLog, *, clock: Clock = utc_now
    ) -> None:
        self._database = database
        self._pictures = pictures
        self._audit = audit
        self._clock = clock
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def make_own(self, principal: Principal, origin: Origin) -> Exported:
        """The caller's. Raises Forbidden without an account."""
        return await self._make(account_of(principal), principal, origin)

    async def make(self, principal: Principal, user_id: str, origin: Origin) -> Exported:
        """Somebody's, for an administrator who is asked for it. Raises Forbidden, NotFound."""
        require(principal, Action.USER_MANAGE)
        return await self._make(parse_id(user_id, "/path/user_id"), principal, origin)

    async def _make(self, user_id: str, principal: Principal, origin: Origin) -> Exported:
        async with self._turns:
            async with self._database.transaction() as tx:
                user = found(await find_user(tx, user_id))
                await self._audit.record(
                    tx,
                    Event.PERSONAL_DATA_EXPORTED,
                    origin,
                    actor_id=principal.user_id,
                    subject=f"user:{user_id}",
                )
            return await self._write(user)

    async def _write(self, user: User) -> Exported:
        now = self._clock()
        head = {"format": FORMAT, "user_id": user.id, "exported_at": now.isoformat()}
        head["not_in_this_file"] = NOT_THERE
        bundle = await asyncio.to_thread(Bundle, head)
        try:
            async with self._database.read() as tx:
                mailbox = await mailbox_of(tx, user)
                subject = Subject(user.id, user.email, user.full_name, mailbox=mailbox)
                for holding in HOLDINGS:
                    await _write_section(tx, bundle, holding, subject)
            picture = await self._pictures.find(user)
            file, size = await asyncio.to_thread(bundle.finish, picture)
        except BaseException:
            bundle.discard()
            raise
        return Exported(file, size, user.id, now)


async def _write_section(tx: AsyncConnection, bundle: Bundle, holding: Holding, subject: Subject) -> None:
    table = holding.table
    columns = [table.c[name] for name in holding.told]
    statement = select(*columns).where(holding.theirs(subject)).order_by(*table.primary_key.columns)
    bundle.begin(holding.name)
    async with tx.stream(statement) as rows:
        async for some in rows.mappings().partitions(_ROWS_AT_ONCE):
            await asyncio.to_thread(bundle.add, [dict(row) for row in some])
    bundle.end()
