"""Reactions over signalling: an emoji that everybody who is together sees for a moment. Nothing is kept."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from vtp.accounts.permissions import Action, require
from vtp.errors import RateLimited
from vtp.limits import WindowLimiter
from vtp.rooms.reactions import Reactions
from vtp.signalling.audience import Audience
from vtp.signalling.parts.reactions_messages import ReactionPush, SendReaction
from vtp.signalling.seats import Answer, Event, Seat, Stay

REACTIONS, WINDOW_S = 5, 5.0  # of one participant


class ReactionCalls:
    """A feature."""

    pushes: ClassVar[Mapping[str, type]] = {"reaction": ReactionPush}
    states: ClassVar[Mapping[str, Any]] = {}

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._limiter = WindowLimiter(REACTIONS, WINDOW_S)

    def table(self) -> dict[str, Event]:
        """The one call."""
        return {"react": Event(SendReaction, "", self._react, None)}

    def state(self, stay: Stay) -> Answer:
        """Nothing: who comes later has not seen it."""
        return {}

    def attend(self, audience: Audience) -> Callable[[], None]:
        """Nothing: reactions are no state of a room."""
        return _nothing

    async def _react(self, seat: Seat, request: SendReaction) -> Answer:
        peer, audience = seat.here, seat.staying.audience
        require(peer.principal, Action.ROOM_ENTER, peer.room)
        wait_s = self._limiter.take(f"{peer.live.id}/{peer.id}", self._clock())
        if wait_s > 0:
            raise RateLimited("Those were many reactions; wait a moment.", retry_after_s=wait_s)
        told: ReactionPush = {"peerId": peer.id, "reaction": request.reaction}
        groups = peer.live.groups
        peer.live.part(Reactions).react(peer.id, request.reaction)
        audience.tell("reaction", told, among=lambda one: groups.are_together(one.participant_id, peer.id))
        return {}


def _nothing() -> None:
    """Nothing to stop."""
