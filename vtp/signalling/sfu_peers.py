"""The peers that services bring into rooms by `/sfu`: found by the ids in a call, ended when forgotten.

A peer of a service has no connection of its own, so it lives by its calls and by its media: LIFETIME_S after
its last call it has left, unless one of its transports is connected.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace

from vtp.accounts.audit import Origin
from vtp.accounts.permissions import Action, can, parse_role, require
from vtp.accounts.users import User
from vtp.doors import Doors
from vtp.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable
from vtp.http.identity import Principal, Role
from vtp.ids import is_id
from vtp.rooms.entrance import Entrance, require_not_banned
from vtp.rooms.live import LiveRoom, LiveRooms, RoomClosed, RoomEvent
from vtp.rooms.participants import join
from vtp.rooms.people import PeopleEvent, PersonRemoved
from vtp.rooms.service import RoomService
from vtp.rooms.store import Room
from vtp.signalling.peers import Peer

LIFETIME_S = 60.0
LOOK_EVERY_S = 5.0
MAX_PEERS = 5_000  # of all services together
_HIGHEST = Role.TEACHER


@dataclass(frozen=True, slots=True)
class Wish:
    """Whom a service brings, in its own words; it vouches for all of it."""

    room_name: str
    peer_id: str
    user_id: str
    email: str
    full_name: str
    role: str
    is_producer: bool | None


@dataclass(slots=True, eq=False)
class SfuPeer:
    """One peer of a service; `email` is told to services only."""

    peer: Peer
    email: str
    active_s: float


@dataclass(slots=True, eq=False)
class SfuRoom:
    """A live room with peers of services in it, and whose the media objects are."""

    room: Room
    live: LiveRoom
    peers: dict[str, SfuPeer] = field(default_factory=dict)
    owners: dict[str, SfuPeer] = field(default_factory=dict)
    stop: Callable[[], None] = lambda: None


@dataclass(frozen=True, slots=True)
class SfuParts:
    """What the service works with; `find_account` looks for an account by its id."""

    live_rooms: LiveRooms
    entrance: Entrance
    rooms: RoomService
    doors: Doors
    find_account: Callable[[str], Awaitable[User | None]]


class SfuPeers:
    """All services share their peers, so that a new token goes on where an old one ended.

    Ids that are not of a service's peer in the room that is named do not exist here: NotFound.
    """

    def __init__(self, parts: SfuParts, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self._parts = parts
        self._rooms: dict[str, SfuRoom] = {}
        parts.live_rooms.add_listener(self._room_changed)

    def __len__(self) -> int:
        return sum(len(one.peers) for one in self._rooms.values())

    # Entering and leaving

    async def join(self, service: Principal, room_name: str, wish: Wish, origin: Origin) -> Peer:
        """Brings a peer into a room, which is made when there is none and the service may.

        The same peer again is the peer that is there. Raises Invalid, NotFound, Forbidden, Conflict,
        Unavailable; nobody has entered then.
        """
        if len(self) >= MAX_PEERS:
            raise Unavailable(f"Services have {MAX_PEERS} peers already.", retry_after_s=10)
        role, watch_only = _read_role(wish.role)
        account = await self._account(wish.user_id)
        room = await self._find_or_create(service, room_name, wish, origin)
        principal = _principal(service, room, wish, role, account)
        principal = replace(principal, publish=False) if watch_only else principal
        principal = await self._as_member(principal, room)
        require(principal, Action.ROOM_ENTER, room)
        live = await self._parts.entrance.open(room)
        # Nothing waits from here on: of two calls for the same peer the second finds what the first made.
        known = self._rooms.get(room.id)
        if known is not None and wish.peer_id in known.peers:
            return self._touch(known.peers[wish.peer_id])
        self._check_free(live, wish.peer_id)
        publishes = can(principal, Action.ROOM_PUBLISH, room)
        participant = join(
            principal,
            is_producer=publishes and wish.is_producer is not False,
            participant_id=wish.peer_id,
            given_user_id="" if account else wish.user_id,
        )
        require_not_banned(live, participant)
        here = self._rooms.get(room.id)
        if here is None:
            here = self._rooms[room.id] = SfuRoom(room, live)
            here.stop = live.people.add_listener(self._people_changed(here))
        peer = Peer(live, participant)
        here.peers[peer.id] = SfuPeer(peer, wish.email, self.clock())
        return peer

    def leave(self, room_name: str, peer_id: str, reason: str = "It left the room.") -> None:
        """Closes all that is a peer's. Raises NotFound."""
        here = self._here(room_name)
        self._end(here, _peer_in(here, peer_id), reason)

    def end_peers(self, concerns: Callable[[Principal], bool]) -> None:
        """Ends those whose account has changed its rights: the service may bring them again."""
        for here in list(self._rooms.values()):
            for one in list(here.peers.values()):
                if concerns(one.peer.principal):
                    self._end(here, one, "Its account was changed.")

    async def run(self) -> None:
        """Looks for abandoned peers until it is cancelled."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            self.end_abandoned()

    def end_abandoned(self) -> None:
        """Ends who has neither called nor had a connected transport for LIFETIME_S."""
        now_s = self.clock()
        for here in list(self._rooms.values()):
            for one in list(here.peers.values()):
                if any(transport.is_up for transport in one.peer.transports):
                    one.active_s = now_s
                elif now_s - one.active_s >= LIFETIME_S:
                    self._end(here, one, f"Nothing was heard of it for {LIFETIME_S:g} s.")

    # What calls name

    def peer(self, room_name: str, peer_id: str) -> Peer:
        """The peer of a call. Raises NotFound."""
        return self._touch(_peer_in(self._here(room_name), peer_id))

    def owner(self, room_name: str, object_id: str, peer_id: str | None = None) -> Peer:
        """Whose a transport, producer or consumer is; `peer_id` when the call names them too.

        Raises NotFound.
        """
        owner = self._here(room_name).owners.get(object_id)
        if owner is None or peer_id not in (None, owner.peer.id):
            raise NotFound(
                "There is nothing of this id that a peer of yours has in this room.", code="no_such_object"
            )
        return self._touch(owner)

    def owned(self, peer: Peer, object_id: str) -> None:
        """Notes that a peer has made something."""
        here = self._rooms[peer.live.id]
        here.owners[object_id] = here.peers[peer.id]

    def disowned(self, peer: Peer, object_id: str) -> None:
        """Notes that something has ended."""
        here = self._rooms.get(peer.live.id)
        if here is not None:
            here.owners.pop(object_id, None)

    def emails(self, live: LiveRoom) -> dict[str, str]:
        """What services said of their peers in a room, by peer."""
        here = self._rooms.get(live.id)
        return {id_: one.email for id_, one in here.peers.items()} if here is not None else {}

    def _here(self, room_name: str) -> SfuRoom:
        name = room_name.lower()
        for here in self._rooms.values():
            if room_name == here.room.slug or name == here.room.id:
                return here
        raise NotFound("No peer of yours is in such a room: POST one first.", code="no_such_room")

    def _touch(self, one: SfuPeer) -> Peer:
        one.active_s = self.clock()
        return one.peer

    # Entering

    async def _find_or_create(self, service: Principal, room_name: str, wish: Wish, origin: Origin) -> Room:
        try:
            return await self._parts.rooms.find(room_name)
        except NotFound:
            if is_id(room_name) or not can(service, Action.ROOM_CREATE):
                raise
        self._parts.doors.check()
        try:
            return await self._parts.rooms.create(service, room_name, wish.room_name or room_name, {}, origin)
        except Conflict:
            return await self._parts.rooms.find(room_name)  # made by another call meanwhile

    async def _as_member(self, principal: Principal, room: Room) -> Principal:
        """A service vouches for no members: in a room of theirs it brings who is one, with no more rights."""
        if not room.members_only:
            return principal
        if principal.user_id is None:
            raise Forbidden("This room is for members: name an account by userId.", code="members_only")
        member = await self._parts.entrance.admit(replace(principal, room=None), room)  # as no link's guest
        lower = member if member.role.rank < principal.role.rank else principal
        return replace(lower, publish=False) if member.publish is False else lower

    async def _account(self, user_id: str) -> User | None:
        account = await self._parts.find_account(user_id.lower()) if is_id(user_id) else None
        if account is not None and account.disabled_at is not None:
            raise Forbidden("The account of this userId is disabled.", code="account_disabled")
        return account

    def _check_free(self, live: LiveRoom, peer_id: str) -> None:
        if any(one.participant_id == peer_id for one in live.people.participants):
            raise Conflict(
                "Somebody of this peerId is in the room already, and not by /sfu: take another id.",
                code="peer_exists",
            )

    # The end

    def _end(self, here: SfuRoom, one: SfuPeer, reason: str) -> None:
        here.peers.pop(one.peer.id, None)
        one.peer.close(reason)
        here.owners = {id_: owner for id_, owner in here.owners.items() if owner is not one}
        if not here.peers and self._rooms.get(here.room.id) is here:
            del self._rooms[here.room.id]
            here.stop()

    def _people_changed(self, here: SfuRoom) -> Callable[[PeopleEvent], None]:
        """Ends who is sent away; the service may bring them again, unless they are banned."""

        def changed(event: PeopleEvent) -> None:
            if not isinstance(event, PersonRemoved):
                return
            one = here.peers.get(event.participant.participant_id)
            if one is not None:
                self._end(here, one, "It was sent away.")

        return changed

    def _room_changed(self, event: RoomEvent) -> None:
        if isinstance(event, RoomClosed):
            self._rooms.pop(event.room.id, None)


def _peer_in(here: SfuRoom, peer_id: str) -> SfuPeer:
    one = here.peers.get(peer_id)
    if one is None:
        raise NotFound("You have no such peer in this room: POST it first.", code="no_such_peer")
    return one


def _read_role(word: str) -> tuple[Role, bool]:
    """The role and whether it only watches; never more than a teacher, whatever the word."""
    try:
        role, watch_only = parse_role(word or Role.STUDENT.value)
    except ValueError as error:
        raise Invalid(f"role: {error}.") from None
    return (_HIGHEST if role is Role.ADMIN else role), watch_only


def _principal(service: Principal, room: Room, wish: Wish, role: Role, account: User | None) -> Principal:
    """The peer as rights see it: the service vouches, so it is verified, and each owns its own things.

    A guest is somebody within one room only.
    """
    return replace(
        service,
        user_id=account.id if account is not None else None,
        email=wish.email,
        full_name=wish.full_name or (account.full_name if account is not None else ""),
        role=role,
        room=room.id if role is Role.GUEST else None,
        token_id=f"sfu:{room.id}:{wish.peer_id}",
        expires_at_s=None,
    )
