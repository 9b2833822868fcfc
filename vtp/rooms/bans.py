"""Bans from rooms: made, read when a room opens, listed, lifted. Whom they keep out is `visitors`' to say."""

from __future__ import annotations

import asyncio

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.audit import AuditLog, Event, Origin
from vtp.accounts.permissions import Action, require
from vtp.accounts.service import Clock, utc_now
from vtp.accounts.users import find_user
from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.errors import Conflict, Forbidden, NotFound
from vtp.http.identity import Principal, Role
from vtp.ids import new_id, parse_id
from vtp.rooms.ban_list import BanList
from vtp.rooms.ban_store import Ban, add_ban, count_bans, delete_ban, find_ban, page_of_bans
from vtp.rooms.live import LiveRoom
from vtp.rooms.participants import Participant
from vtp.rooms.service import RoomService
from vtp.rooms.store import Room

MAX_BANS = 500  # of one room; all are kept in memory while it is open


class Bans:
    """Every method that takes a principal raises NotFound, Invalid for a name of no room, and Forbidden."""

    def __init__(
        self, database: Database, rooms: RoomService, audit: AuditLog, *, clock: Clock = utc_now
    ) -> None:
        self._database = database
        self._rooms = rooms
        self._audit = audit
        self._clock = clock
        self._reading = asyncio.Lock()  # a class enters at once; one of them reads
        self._changes = 0  # in any room since the start

    async def read(self, live: LiveRoom) -> None:
        """Fills the BanList of an open room, unless it is."""
        async with self._reading:
            found, changes = list[Ban](), -1
            while not live.part(BanList).is_read and changes != self._changes:
                changes = self._changes
                async with self._database.read() as tx:
                    found = await page_of_bans(tx, live.id)
            if not live.part(BanList).is_read:
                live.part(BanList).take(ban.visitor for ban in found)

    @done_over
    async def add(
        self, live: LiveRoom, by: Participant, other: Participant, reason: str, origin: Origin
    ) -> LiveRoom | None:
        """Keeps somebody out until the ban is lifted; of one who is banned already the older ban stays.
        Gives the room as it is open now.

        Raises Forbidden for an account above the moderator's role, Conflict for whom nothing tells apart, or
        when there are too many.
        """
        visitor = other.visitor
        if visitor is None:
            raise Conflict(
                "They have neither an account nor a link, so no ban would keep them out: only remove them.",
                code="cannot_be_banned",
            )
        ban = Ban(
            new_id(),
            live.id,
            visitor.user_id,
            visitor.link_id,
            visitor.network,
            other.full_name,
            reason,
            by.user_id,
            self._clock(),
        )
        async with self._database.transaction() as tx:
            if await count_bans(tx, live.id) >= MAX_BANS:
                raise Conflict(f"This room has {MAX_BANS} bans: lift some first.", code="too_many_bans")
            await self._check_account(tx, by, visitor.user_id)
            require(by.principal, Action.ROOM_MODERATE, live.room)  # roles may have changed meanwhile
            if await add_ban(tx, ban):
                await self._record(tx, Event.PARTICIPANT_BANNED, ban, by.principal, origin)
        self._changes += 1
        now = self._rooms.live(live.room)  # perhaps opened anew meanwhile
        if now is not None:
            now.part(BanList).add(visitor)
        return now

    async def page(
        self, principal: Principal, reference: str, *, limit: int | None = None, before: str | None = None
    ) -> list[Ban]:
        """Bans of a room, newest first."""
        room = await self._room(principal, reference)
        async with self._database.read() as tx:
            return await page_of_bans(tx, room.id, limit=limit, before=before)

    @done_over
    async def lift(
        self, principal: Principal, reference: str, ban_id: str, origin: Origin, pointer: str = "/path/id"
    ) -> Ban:
        """Lets somebody come again; `pointer` is where the id was given."""
        room = await self._room(principal, reference)
        wanted = parse_id(ban_id, pointer)
        async with self._database.transaction() as tx:
            ban = await find_ban(tx, room.id, wanted)
            if ban is None:
                raise _no_ban()
            if (
                ban.user_id is not None
                and ban.user_id == principal.user_id
                and principal.role is not Role.ADMIN
            ):
                raise Forbidden("You cannot lift a ban of your own account: ask somebody else of the staff.")
            if not await delete_ban(tx, ban.id):
                raise _no_ban()
            await self._record(tx, Event.BAN_LIFTED, ban, principal, origin)
        self._changes += 1
        live = self._rooms.live(room)
        if live is not None:
            live.part(BanList).lift(ban.visitor)
        return ban

    async def _room(self, principal: Principal, reference: str) -> Room:
        room = await self._rooms.get(principal, reference)
        require(await self._rooms.as_here(principal, room), Action.ROOM_MODERATE, room)
        return room

    async def _check_account(self, tx: AsyncConnection, by: Participant, user_id: str | None) -> None:
        """In the room they may have a lower role than the one of the account that the ban is for."""
        account = await find_user(tx, user_id) if user_id is not None else None
        if account is not None and account.role.rank > by.role.rank:
            raise Forbidden(
                f"You cannot ban somebody whose account has the role {account.role}.", code="above_your_role"
            )

    async def _record(
        self, tx: AsyncConnection, event: Event, ban: Ban, principal: Principal, origin: Origin
    ) -> None:
        who = {"user_id": ban.user_id} if ban.user_id else {"link_id": ban.link_id, "network": ban.network}
        details = {"ban_id": ban.id, "full_name": ban.full_name, "reason": ban.reason, **who}
        subject, actor = f"room:{ban.room_id}", principal.user_id
        await self._audit.record(tx, event, origin, actor_id=actor, subject=subject, details=details)


def _no_ban() -> NotFound:
    return NotFound("There is no such ban in this room.", code="no_such_ban")
