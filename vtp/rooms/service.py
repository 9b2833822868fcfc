"""Rooms: made, found by id or slug, listed, looked into, deleted; who may do that is permissions' to say."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.audit import AuditLog, Event, Origin
from vtp.accounts.permissions import Action, can, require
from vtp.accounts.service import Clock, utc_now
from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.errors import NotFound
from vtp.http.identity import Principal, Role
from vtp.ids import is_id
from vtp.media.events import Emitter
from vtp.rooms.kept import KeptRooms
from vtp.rooms.live import LiveRoom, LiveRooms, RoomClosed, RoomEvent
from vtp.rooms.membership import Members, Membership, kept_elsewhere
from vtp.rooms.naming import add_new_room, check_reference
from vtp.rooms.rules import merge_rules
from vtp.rooms.store import Room, add_room, change_room, delete_room, find_room, find_rooms, page_of_rooms


@dataclass(frozen=True)
class RoomCreated:
    """There is a new room."""

    room: Room


@dataclass(frozen=True)
class RoomDeleted:
    """A room is no more; what went on in it has ended."""

    room: Room


CatalogueEvent = RoomCreated | RoomDeleted


class RoomService:
    """What people do with rooms.

    `open_rooms`: as in `vtp serve --open-rooms`, rooms come to be when entered.
    """

    def __init__(
        self,
        database: Database,
        live_rooms: LiveRooms,
        audit: AuditLog,
        *,
        open_rooms: bool = False,
        membership: Membership | None = None,
        clock: Clock = utc_now,
    ) -> None:
        self._database = database
        self._live_rooms = live_rooms
        self._audit = audit
        self._open_rooms = open_rooms
        self._clock = clock
        self._entered: dict[str, Room] = {}  # rooms open now by what they were called: a class enters at once
        self._changes = 0  # of any room since the start
        self._emitter: Emitter[CatalogueEvent] = Emitter()
        self._members = Members(live_rooms, membership)
        self.kept = KeptRooms(live_rooms, self._made, self._changed, self._gone)
        live_rooms.add_listener(self._live_changed)

    def add_listener(self, listener: Callable[[CatalogueEvent], None]) -> Callable[[], None]:
        """Hears of rooms made and deleted; the returned function stops that."""
        return self._emitter.add_listener(listener)

    async def find(self, reference: str) -> Room:
        """The room that somebody wants to enter, by id or slug; with open rooms it is made by being entered.

        Raises Invalid for a name that no room can have, NotFound.
        """
        name = reference.lower() if is_id(reference) else reference
        entered = self._entered.get(name)
        if entered is not None:
            return entered
        room, changes = None, -1
        while changes != self._changes:  # as it still is: nothing has changed while it was looked up
            changes = self._changes
            room = await self._lookup(reference)
        if room is not None:
            if self._live_rooms.get(room.id) is not None:
                self._entered[name] = room
            return room
        if self._open_rooms and not is_id(reference):
            return await self._open(reference)
        raise _no_room()

    async def get(self, principal: Principal, reference: str) -> Room:
        """A room to look at. Raises Invalid, NotFound, Forbidden."""
        room = await self._lookup(reference)
        if room is None:
            raise _no_room()
        require(await self._members.as_member(principal, room), Action.ROOM_ENTER, room)
        return room

    async def as_member(self, principal: Principal, room: Room) -> Principal:
        """Somebody as rights see them in a room, open or not. Raises Forbidden."""
        return await self._members.as_member(principal, room)

    async def as_here(self, principal: Principal, room: Room) -> Principal:
        """The same, in the role that they were given in the room while it is open. Raises Forbidden."""
        return await self._members.as_here(principal, room)

    async def course_of(self, room: Room) -> str | None:
        """The course that a room belongs to, if it does."""
        return await self._members.course_of(room)

    async def admit(self, principal: Principal, room: Room) -> Principal:
        """Somebody who may come in, or follow what goes on there, now. Raises Forbidden."""
        return await self._members.admit(principal, room)

    @done_over
    async def create(
        self, principal: Principal, slug: str | None, name: str, settings: dict[str, Any], origin: Origin
    ) -> Room:
        """Makes a room; without a slug one is made from the name.

        Raises Forbidden, Conflict for a taken slug.
        """
        require(principal, Action.ROOM_CREATE)
        async with self._database.transaction() as tx:
            room = await add_new_room(tx, slug, name, principal.user_id, settings, self._clock())
            await self._record(tx, Event.ROOM_CREATED, room, principal, origin)
        self._made(room)
        return room

    @done_over
    async def change(
        self,
        principal: Principal,
        reference: str,
        origin: Origin,
        *,
        name: str | None = None,
        settings: dict[str, Any] | None = None,
        right: Action = Action.ROOM_UPDATE,
    ) -> Room:
        """Changes a room's name and some of its settings; who is in it is told, and what asks `find` sees it.

        `right` is what the caller needs: who holds the class has another one than who owns the room.
        Raises Invalid, NotFound, Forbidden.
        """
        check_reference(reference)
        async with self._database.transaction() as tx:
            room = await find_room(tx, reference, to_change=True)
            if room is None:
                raise _no_room()
            if right is Action.ROOM_UPDATE and room.members_only:
                principal = await self._of_kept(principal, room, rename=name is not None)
            else:
                require(principal, right, room)
            changed = replace(
                room, name=name or room.name, settings=merge_rules(room.settings, settings or {})
            )
            if changed != room:
                values = {"name": changed.name, "settings": changed.settings}
                await change_room(tx, room.id, self._clock(), **values)
                settings = changed.settings
                await self._record(tx, Event.ROOM_CHANGED, changed, principal, origin, settings=settings)
        self._changed(changed)
        return changed

    async def _of_kept(self, principal: Principal, room: Room, *, rename: bool) -> Principal:
        """Whoever teaches there changes the settings of a kept room, and nobody its name."""
        principal = await self._members.as_member(principal, room)
        require(principal, Action.ROOM_APPOINT, room)
        if rename:
            raise kept_elsewhere()
        return principal

    @done_over
    async def delete(self, principal: Principal, reference: str, origin: Origin) -> Room:
        """Deletes a room and ends what goes on in it. Raises Invalid, NotFound, Forbidden."""
        room = await self._lookup(reference)
        if room is None:
            raise _no_room()
        if room.members_only:
            require(await self._members.as_member(principal, room), Action.ROOM_APPOINT, room)
            raise kept_elsewhere()
        require(principal, Action.ROOM_DELETE, room)
        async with self._database.transaction() as tx:
            if not await delete_room(tx, room.id, self._clock()):
                raise _no_room()
            await self._record(tx, Event.ROOM_DELETED, room, principal, origin)
        await self._live_rooms.delete_room(room.id)
        self._gone(room)
        return room

    async def list_rooms(self, principal: Principal, *, limit: int, before: str | None) -> list[Room]:
        """Rooms, newest first. Raises Forbidden."""
        require(principal, Action.ROOM_LIST)
        async with self._database.read() as tx:
            return await page_of_rooms(tx, limit=limit, before=before)

    def live(self, room: Room) -> LiveRoom | None:
        """The room's media, while it is open."""
        return self._live_rooms.get(room.id)

    async def list_live(self, principal: Principal) -> list[tuple[Room, LiveRoom]]:
        """The rooms open now that the caller may enter, with their media, but for those that are kept, which
        only administrators see here. Raises Forbidden."""
        require(principal, Action.ROOM_LIST)
        open_now = {live.id: live for live in self._live_rooms.rooms}
        async with self._database.read() as tx:
            found = await find_rooms(tx, open_now)
        shown = [room for room in found if not room.members_only or principal.role is Role.ADMIN]
        return [(room, open_now[room.id]) for room in shown if can(principal, Action.ROOM_ENTER, room)]

    def _made(self, room: Room) -> None:
        self._emitter.emit(RoomCreated(room))

    def _gone(self, room: Room) -> None:
        self._emitter.emit(RoomDeleted(room))

    def _changed(self, changed: Room) -> None:
        """A room is stored with another name or other settings: what was looked up before is not true."""
        self._changes += 1
        self._entered = {key: changed if one.id == changed.id else one for key, one in self._entered.items()}
        live = self._live_rooms.get(changed.id)
        if live is not None and live.room != changed:  # also where an earlier commit was not answered
            live.change_room(changed)

    def _live_changed(self, event: RoomEvent) -> None:
        """Forgets a room with the end of its media; it may be closed because it was deleted."""
        if isinstance(event, RoomClosed):
            self._entered = {name: room for name, room in self._entered.items() if room.id != event.room.id}

    async def _lookup(self, reference: str) -> Room | None:
        check_reference(reference)
        async with self._database.read() as tx:
            return await find_room(tx, reference)

    @done_over
    async def _open(self, slug: str) -> Room:
        """Makes the room of open rooms; of two who enter at once one makes it, both get it."""
        async with self._database.transaction() as tx:
            made = await add_room(tx, slug, slug, None, {}, self._clock())
            room = made or await find_room(tx, slug)
        if room is None:
            raise _no_room()
        if made is not None:
            self._made(made)
        return room

    async def _record(
        self, tx: AsyncConnection, event: Event, room: Room, principal: Principal, origin: Origin, **more: Any
    ) -> None:
        details = {"slug": room.slug, "name": room.name, **more}
        subject = f"room:{room.id}"
        await self._audit.record(
            tx, event, origin, actor_id=principal.user_id, subject=subject, details=details
        )


def _no_room() -> NotFound:
    return NotFound("There is no such room.", code="no_such_room")
