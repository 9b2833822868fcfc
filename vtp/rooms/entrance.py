"""Who comes into an open room: not the banned, at once or after waiting, by whatever face they come.

Rights are asked before, by `accounts.permissions`; this says what the room itself makes of who has them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from vtp.accounts.permissions import Action, can
from vtp.errors import Forbidden, Unavailable
from vtp.http.identity import Principal
from vtp.rooms.ban_list import BanList
from vtp.rooms.chat_rules import person_of
from vtp.rooms.live import LiveRoom, LiveRooms
from vtp.rooms.lobby import BANNED, Lobby
from vtp.rooms.membership import Members, Membership
from vtp.rooms.participants import Participant
from vtp.rooms.store import Room
from vtp.rooms.visitors import visitor_of

ReadBans = Callable[[LiveRoom], Awaitable[None]]


class Entrance:
    """Opens rooms for all faces. `read_bans` fills the BanList of a room that has just been opened."""

    def __init__(
        self, live_rooms: LiveRooms, read_bans: ReadBans, membership: Membership | None = None
    ) -> None:
        self._live_rooms = live_rooms
        self._read_bans = read_bans
        self._members = Members(live_rooms, membership)

    async def admit(self, principal: Principal, room: Room) -> Principal:
        """Somebody in the role that they come in with, before the room is opened for them.

        Raises Forbidden for who is no member of a room that is for members alone, or comes too early.
        """
        return await self._members.admit(principal, room)

    async def open(self, room: Room) -> LiveRoom:
        """The room, opened when it was not, whose bans are known.

        Raises as LiveRooms.open, and Unavailable when the room was closed while they were read.
        """
        live = await self._live_rooms.open(room)
        live.part(Lobby)  # from now on it remembers who was there
        if not live.part(BanList).is_read:
            await self._read_bans(live)
            if live.closed:  # and perhaps changed or deleted since it was looked up
                raise Unavailable("The room was closed at this moment; try again.", retry_after_s=1.0)
        return live

    def close(self, reason: str) -> None:
        """Tells everybody who waits anywhere that they wait in vain."""
        for live in self._live_rooms.rooms:
            live.part(Lobby).dismiss(reason)


def require_not_banned(live: LiveRoom, participant: Participant) -> None:
    """Raises Forbidden for who is banned."""
    if live.part(BanList).holds(participant.visitor):
        raise Forbidden(BANNED, code="banned")


def must_wait(live: LiveRoom, participant: Participant, *, named: bool = True) -> bool:
    """Whether somebody waits until they are let in; `named` as in `Lobby.knows`.

    Raises Forbidden for the banned, and for those whom a locked room keeps out.
    """
    require_not_banned(live, participant)
    room = live.room
    if can(participant.principal, Action.ROOM_MODERATE, room):
        return False
    if not (room.rules.lobby or room.rules.locked) or live.part(Lobby).knows(participant, named=named):
        return False
    if room.rules.locked:
        raise Forbidden("The room is locked: nobody else comes in now.", code="room_locked")
    return True


def require_inside(principal: Principal, live: LiveRoom) -> None:
    """Raises Forbidden for who is not in a class behind a lobby or a lock: it is not theirs to follow.

    Of those who share a link nothing says here who is in it: they learn it in the class.
    """
    closed = live.room.rules.lobby or live.room.rules.locked
    inside = (person_of(one.principal, one.participant_id) for one in live.people.participants)
    if closed and person_of(principal, "") not in inside:
        raise Forbidden("Join the class first: not everybody is let in.", code="not_in_the_class")


def require_to_look_in(principal: Principal, address: str, live: LiveRoom) -> None:
    """Raises Forbidden for who is banned at this address, and as `require_inside`, but not for staff."""
    if live.part(BanList).holds(visitor_of(principal, address)):
        raise Forbidden(BANNED, code="banned")
    if not can(live.people.as_here(principal), Action.ROOM_MODERATE, live.room):
        require_inside(principal, live)


def may_look_in(principal: Principal, address: str, live: LiveRoom) -> bool:
    """Whether somebody may know who is in the class, who is not there or has not yet been let in."""
    try:
        require_to_look_in(principal, address, live)
    except Forbidden:
        return False
    return True


def require_entry(live: LiveRoom, participant: Participant) -> None:
    """For faces by which nobody can wait. Raises Forbidden for who cannot come in at once."""
    if participant.is_producer and _is_for_publishing(participant.principal):
        require_not_banned(live, participant)
    elif must_wait(live, participant, named=False):
        raise Forbidden(
            "People are let in one by one here: join with a page first and wait to be let in.",
            code="not_admitted",
        )


def _is_for_publishing(principal: Principal) -> bool:
    """A token that publishes and nothing else: staff gave it to a program. Most guests' links publish too."""
    return principal.room is not None and principal.publish is True and principal.watch is False
