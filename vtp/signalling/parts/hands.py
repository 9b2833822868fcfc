"""Raising hands over signalling: everybody their own, staff lower anybody's."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

from vtp.accounts.permissions import Action, require
from vtp.rooms.hands import Hand, Hands, HandsChanged
from vtp.signalling.audience import Audience
from vtp.signalling.messages import Message
from vtp.signalling.parts.hands_messages import HandsChangedPush, LowerHand, RaisedHand
from vtp.signalling.seats import Answer, Event, Seat, Stay


class HandCalls:
    """A feature; see `features`. Lowering a hand is no moderation: those of higher roles can be, too."""

    pushes: ClassVar[Mapping[str, type]] = {"hands-changed": HandsChangedPush}
    states: ClassVar[Mapping[str, Any]] = {"hands": list[RaisedHand]}

    def table(self) -> dict[str, Event]:
        """The calls about hands."""
        return {
            "raise-hand": Event(
                Message,
                "",
                self._raise,
                None,
                announces=True,
            ),
            "lower-hand": Event(
                LowerHand,
                "",
                self._lower,
                None,
                announces=True,
            ),
            "lower-all-hands": Event(Message, "", self._lower_all, None),
        }

    def state(self, stay: Stay) -> Answer:
        """The hands that are up."""
        return {"hands": _describe(stay.peer.live.part(Hands).up)}

    def attend(self, audience: Audience) -> Callable[[], None]:
        """Tells everybody of every change."""

        def changed(event: HandsChanged) -> None:
            told: HandsChangedPush = {"hands": _describe(event.hands)}
            audience.tell("hands-changed", told)

        return audience.live.part(Hands).add_listener(changed)

    async def _raise(self, seat: Seat, request: Message) -> Answer:
        peer = seat.here
        require(peer.principal, Action.ROOM_ENTER, peer.room)
        peer.live.part(Hands).put_up(peer.participant)
        return {}

    async def _lower(self, seat: Seat, request: LowerHand) -> Answer:
        peer = seat.here
        whose = request.participant_id or peer.id
        if whose != peer.id:
            require(peer.principal, Action.ROOM_MODERATE, peer.room)
            peer.live.people.find(whose)
        peer.live.part(Hands).take_down(whose)
        return {}

    async def _lower_all(self, seat: Seat, request: Message) -> Answer:
        peer = seat.here
        require(peer.principal, Action.ROOM_MODERATE, peer.room)
        peer.live.part(Hands).take_all_down()
        return {}


def _describe(hands: Iterable[Hand]) -> list[RaisedHand]:
    return [{"participantId": one.participant_id, "since": one.since.isoformat()} for one in hands]
