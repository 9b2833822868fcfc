"""Who presents and what is pinned, over signalling: staff say both, everybody is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from vtp.accounts.permissions import Action, require
from vtp.rooms.pin import Pin, Pinned
from vtp.rooms.program import PresenterChanged
from vtp.signalling.audience import Audience
from vtp.signalling.parts.stage_messages import PinnedShape, PinProducer, PresenterShape, SetPresenter
from vtp.signalling.peers import Peer
from vtp.signalling.seats import Answer, Event, Seat, Stay


class StageCalls:
    """A feature."""

    pushes: ClassVar[Mapping[str, type]] = {"presenter-changed": PresenterShape, "pinned": PinnedShape}
    states: ClassVar[Mapping[str, Any]] = {"presenter": PresenterShape, "pinned": PinnedShape}

    def table(self) -> dict[str, Event]:
        """The calls, both of them staff's."""
        return {
            "set-presenter": Event(SetPresenter, "", self._set_presenter, PresenterShape),
            "pin": Event(PinProducer, "", self._pin, PinnedShape),
        }

    def state(self, stay: Stay) -> Answer:
        """Who presents, and what is pinned."""
        live = stay.peer.live
        return {
            "presenter": _describe_presenter(live.program.standing),
            "pinned": _describe_pinned(live.part(Pin).pinned),
        }

    def attend(self, audience: Audience) -> Callable[[], None]:
        """Tells everybody of both."""
        live = audience.live
        stops = [
            live.program.add_presenter_listener(
                lambda event: audience.tell("presenter-changed", _describe_presenter(event))
            ),
            live.part(Pin).add_listener(lambda event: audience.tell("pinned", _describe_pinned(event))),
        ]

        def stop() -> None:
            for one in stops:
                one()

        return stop

    async def _set_presenter(self, seat: Seat, request: SetPresenter) -> Answer:
        live, chosen = _staff(seat).live, request.participant_id
        live.choose_presenter(None if chosen is None else live.people.find(chosen))
        return _describe_presenter(live.program.standing)

    async def _pin(self, seat: Seat, request: PinProducer) -> Answer:
        peer = _staff(seat)
        pin = peer.live.part(Pin)
        if request.producer_id is None:
            pin.take_off()
        else:
            pin.put(peer.participant, request.producer_id)
        return _describe_pinned(pin.pinned)


def _staff(seat: Seat) -> Peer:
    peer = seat.here
    require(peer.principal, Action.ROOM_MODERATE, peer.room)
    return peer


def _describe_presenter(event: PresenterChanged) -> PresenterShape:
    return {"participantId": event.participant_id, "waiting": event.waiting}


def _describe_pinned(pinned: Pinned) -> PinnedShape:
    return {"producerId": pinned.producer_id or None, "peerId": pinned.participant_id or None}
