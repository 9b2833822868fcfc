"""Guests by link: staff invite people without an account into one room, and send them away again."""

from __future__ import annotations

from datetime import timedelta

from vtp.accounts.audit import AuditLog, Event, Origin
from vtp.accounts.guest_tokens import GuestTokens
from vtp.accounts.links import RevokedLinks
from vtp.accounts.permissions import Action, require
from vtp.accounts.service import Clock, utc_now
from vtp.accounts.tokens import Tokens, room_claims
from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.errors import Conflict, Forbidden, NotFound
from vtp.http.identity import Principal
from vtp.ids import parse_id
from vtp.rooms.ban_store import is_banned
from vtp.rooms.link_schemas import CreateLink
from vtp.rooms.link_store import GUEST_LINKS, GuestLink
from vtp.rooms.lobby import BANNED
from vtp.rooms.service import RoomService
from vtp.rooms.store import Room
from vtp.rooms.visitors import visitor_of

MAX_LINKS = 500  # of one room, good at the same time


class GuestLinks:
    """Every method that takes a principal raises NotFound, Invalid for a name of no room, and Forbidden."""

    def __init__(
        self,
        database: Database,
        rooms: RoomService,
        tokens: Tokens,
        guests: GuestTokens,
        audit: AuditLog,
        *,
        clock: Clock = utc_now,
    ) -> None:
        self._database = database
        self._rooms = rooms
        self._tokens = tokens
        self.revoked = RevokedLinks(database, GUEST_LINKS, guests, clock)
        self._audit = audit
        self._clock = clock

    @done_over
    async def create(
        self, principal: Principal, reference: str, wish: CreateLink, origin: Origin
    ) -> tuple[Room, GuestLink, str]:
        """Makes a link; gives its room and its token, which is kept nowhere. Raises Conflict for too many."""
        room = await self._room(principal, reference)
        if wish.publish:
            require(principal, Action.ROOM_PUBLISH, room)
        now = self._clock()
        claims = room_claims(
            room.id,
            publish=wish.publish,
            watch=wish.watch,
            full_name=wish.name or "",
            now=now,
            ttl=timedelta(seconds=wish.expires_in_s),
        )
        link = GuestLink(
            id=claims.token_id,
            room_id=room.id,
            label=wish.label,
            full_name=claims.full_name,
            publish=claims.publish,
            watch=claims.watch,
            created_by=principal.user_id,
            created_at=now,
            expires_at=claims.expires_at,
        )
        async with self._database.transaction() as tx:
            if await is_banned(tx, room.id, visitor_of(principal, origin.ip)):
                raise Forbidden(BANNED, code="banned")  # or they would come in as somebody's guest
            if await GUEST_LINKS.count_good(tx, room.id, now) >= MAX_LINKS:
                raise Conflict(
                    f"This room has {MAX_LINKS} good links: revoke some first.",
                    code="too_many_links",
                )
            await GUEST_LINKS.add(tx, link)
            details = {"link_id": link.id, "publish": link.publish, "watch": link.watch, "label": link.label}
            subject, actor = f"room:{room.id}", principal.user_id
            await self._audit.record(
                tx, Event.LINK_CREATED, origin, actor_id=actor, subject=subject, details=details
            )
        return room, link, self._tokens.sign_room(claims, now)

    async def page(
        self, principal: Principal, reference: str, *, limit: int, before: str | None
    ) -> list[GuestLink]:
        """Links of a room, newest first."""
        room = await self._room(principal, reference)
        async with self._database.read() as tx:
            return await GUEST_LINKS.page(tx, room.id, limit=limit, before=before)

    @done_over
    async def revoke(self, principal: Principal, reference: str, link_id: str, origin: Origin) -> GuestLink:
        """Refuses a link from now on and disconnects who is here by it; twice is no error."""
        room = await self._room(principal, reference)
        wanted = parse_id(link_id, "/path/id")
        now = self._clock()
        async with self._database.transaction() as tx:
            link = await GUEST_LINKS.find(tx, room.id, wanted)
            if link is None:
                raise NotFound("There is no such link of this room.", code="no_such_link")
            await GUEST_LINKS.revoke(tx, link.id, now)
            details, actor = {"link_id": link.id}, principal.user_id
            await self._audit.record(
                tx, Event.LINK_REVOKED, origin, actor_id=actor, subject=f"room:{room.id}", details=details
            )
        return self.revoked.add(link, now)

    async def _room(self, principal: Principal, reference: str) -> Room:
        room = await self._rooms.get(principal, reference)
        require(await self._rooms.as_here(principal, room), Action.ROOM_INVITE, room)
        return room
