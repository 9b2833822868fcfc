"""Staff send somebody away, for now or for good, and end the class for all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from vtp.rooms.ban_store import Ban
from vtp.rooms.bans import Bans
from vtp.rooms.removals import Removals
from vtp.signalling.audience import Audience
from vtp.signalling.messages import Message
from vtp.signalling.parts import removal_messages as rm
from vtp.signalling.seats import Answer, Event, Seat, Stay


class RemovalCalls:
    """A feature."""

    pushes: ClassVar[Mapping[str, type]] = {}
    states: ClassVar[Mapping[str, Any]] = {}

    def __init__(self, removals: Removals, bans: Bans) -> None:
        self._removals = removals
        self._bans = bans

    def table(self) -> dict[str, Event]:
        """The calls, all of them staff's."""
        return {
            "remove": Event(rm.Remove, "", self._remove, None),
            "get-bans": Event(Message, "", self._get_bans, rm.BansReply),
            "unban": Event(rm.Unban, "", self._unban, None),
            "end-room": Event(rm.EndRoom, "", self._end_room, None),
        }

    def state(self, stay: Stay) -> Answer:
        """Nothing: who is away is away."""
        return {}

    def attend(self, audience: Audience) -> Callable[[], None]:
        """Nothing: whoever connected somebody tells them when they are sent away."""
        return _nothing

    async def _remove(self, seat: Seat, request: rm.Remove) -> Answer:
        peer = seat.here
        other = peer.live.people.find(request.participant_id)
        do = self._removals.ban if request.ban else self._removals.remove
        await do(peer.live, peer.participant, other, request.reason, seat.origin)
        return {}

    async def _get_bans(self, seat: Seat, request: Message) -> Answer:
        peer = seat.here
        found = await self._bans.page(peer.principal, peer.room.id)
        return {"bans": [_describe(ban) for ban in found]}

    async def _unban(self, seat: Seat, request: rm.Unban) -> Answer:
        peer = seat.here
        await self._bans.lift(peer.principal, peer.room.id, request.ban_id, seat.origin, "/banId")
        return {}

    async def _end_room(self, seat: Seat, request: rm.EndRoom) -> Answer:
        peer = seat.here
        await self._removals.end(peer.live, peer.participant, request.reason, seat.origin)
        return {}


def _describe(ban: Ban) -> rm.BanDescribed:
    return {
        "banId": ban.id,
        "userId": ban.user_id,
        "linkId": ban.link_id,
        "full_name": ban.full_name,
        "reason": ban.reason,
        "bannedBy": ban.banned_by,
        "since": ban.created_at.isoformat(),
    }


def _nothing() -> None:
    """Nothing to stop."""
