"""The lobby: who may not come in at once waits at the door, staff let them in or not."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, ClassVar

from vtp.accounts.permissions import Action, require
from vtp.errors import RateLimited
from vtp.http.identity import Principal
from vtp.limits import WindowLimiter
from vtp.rooms.entrance import Entrance, must_wait
from vtp.rooms.live import LiveRoom
from vtp.rooms.lobby import DENIED, Lobby, LobbyChanged
from vtp.rooms.participants import Participant
from vtp.rooms.people import PeopleEvent, PersonChanged
from vtp.rooms.store import Room
from vtp.signalling.audience import Audience
from vtp.signalling.descriptions import describe_end
from vtp.signalling.features import Knock
from vtp.signalling.parts import lobby_messages as lm
from vtp.signalling.seats import Answer, Event, Seat, Stay, Wait

KNOCK_WINDOW_S = 60.0
KNOCKS_OF_ACCOUNT = 6  # per window and room: staff are told of each
KNOCKS_OF_LINK = 60  # from one network: there may be a class behind it
EXPIRED = "Your link has expired."


class LobbyCalls:
    """A feature, and the gate."""

    pushes: ClassVar[Mapping[str, type]] = {"lobby-changed": lm.LobbyChanged}
    states: ClassVar[Mapping[str, Any]] = {"waiting": list[lm.WaitingPerson]}

    def __init__(self, entrance: Entrance, clock: Callable[[], float] = time.monotonic) -> None:
        self._entrance = entrance
        self._clock = clock
        self._of_accounts = WindowLimiter(KNOCKS_OF_ACCOUNT, KNOCK_WINDOW_S)
        self._of_links = WindowLimiter(KNOCKS_OF_LINK, KNOCK_WINDOW_S)

    # The gate

    async def admit(self, principal: Principal, room: Room) -> Principal:
        """As the entrance does."""
        return await self._entrance.admit(principal, room)

    async def open(self, room: Room) -> LiveRoom:
        """As the entrance does."""
        return await self._entrance.open(room)

    def close(self, reason: str) -> None:
        """As the entrance does."""
        self._entrance.close(reason)

    def meet(self, knock: Knock) -> Answer:
        """Lets somebody in, or lets them wait. Raises Forbidden, RateLimited, Unavailable."""
        live, participant = knock.live, knock.participant
        if not must_wait(live, participant):
            return knock.enter()
        self._check_rate(live, participant)
        lobby, id_ = live.part(Lobby), participant.participant_id
        lobby.wait(participant, _AtDoor(knock))
        knock.seat.waiting = Wait(live.id, live.room.slug, id_, lambda: lobby.leave(id_))
        return knock.seat.waiting.answer

    def _check_rate(self, live: LiveRoom, participant: Participant) -> None:
        limiter = self._of_accounts if participant.user_id is not None else self._of_links
        visitor = participant.visitor
        key = f"{live.id}:{visitor.key if visitor is not None else participant.identity}"
        wait_s = limiter.take(key, self._clock())
        if wait_s > 0:
            raise RateLimited("You have asked to come in often; wait a moment.", retry_after_s=wait_s)

    # The feature

    def table(self) -> dict[str, Event]:
        """The calls, both of them staff's."""
        return {
            "admit": Event(lm.NamesWaiting, "", self._admit, None),
            "deny": Event(lm.Deny, "", self._deny, None),
        }

    def state(self, stay: Stay) -> Answer:
        """Who waits, for staff; nobody, for others."""
        return {"waiting": _waiting_as_seen_by(stay.peer.participant, stay.peer.live)}

    def attend(self, audience: Audience) -> Callable[[], None]:
        """Tells staff who waits, and who becomes staff or is it no more."""
        live = audience.live

        def lobby_changed(event: LobbyChanged) -> None:
            told = {"waiting": _describe(live)}
            audience.tell("lobby-changed", told, among=lambda one: one.is_staff)

        def people_changed(event: PeopleEvent) -> None:
            if isinstance(event, PersonChanged):
                one = event.participant
                told = {"waiting": _waiting_as_seen_by(one, live)}
                audience.tell_participant(one.participant_id, "lobby-changed", told)

        stops = [
            live.part(Lobby).add_listener(lobby_changed),
            live.people.add_listener(people_changed),
        ]

        def stop() -> None:
            for one in stops:
                one()

        return stop

    async def _admit(self, seat: Seat, request: lm.NamesWaiting) -> Answer:
        peer = seat.here
        require(peer.principal, Action.ROOM_MODERATE, peer.room)
        peer.live.part(Lobby).admit(request.participant_id)
        return {}

    async def _deny(self, seat: Seat, request: lm.Deny) -> Answer:
        peer = seat.here
        require(peer.principal, Action.ROOM_MODERATE, peer.room)
        peer.live.part(Lobby).deny(request.participant_id, request.reason or DENIED)
        return {}


class _AtDoor:
    """Somebody who waits by Socket.IO. Their seat's wait ends before they are told how."""

    def __init__(self, knock: Knock) -> None:
        self._knock = knock

    def let_in(self) -> None:
        """Others are told of the newcomer first, then the newcomer of the room, then of what comes after."""
        knock = self._knock
        expires_s = knock.seat.principal.expires_at_s
        if expires_s is not None and expires_s < time.time():
            self.turn_away(EXPIRED)
            return
        knock.seat.waiting = None
        knock.participant.joined_at = datetime.now(UTC)
        told = {"roomId": knock.live.room.slug, **knock.enter()}
        knock.tell("admitted", told)
        if knock.seat.answers_by_event:  # what they wait for since they called
            knock.tell("joined-room", told)

    def turn_away(self, reason: str) -> None:
        self._end("denied", {"reason": reason})

    def lose_room(self, reason: str) -> None:
        self._end("room-closed", describe_end(self._knock.live.room, reason))

    def _end(self, event: str, data: Answer) -> None:
        self._knock.seat.waiting = None
        self._knock.tell(event, {"roomId": self._knock.live.room.slug, **data})


def _waiting_as_seen_by(participant: Participant, live: LiveRoom) -> list[lm.WaitingPerson]:
    return _describe(live) if participant.is_staff else []


def _describe(live: LiveRoom) -> list[lm.WaitingPerson]:
    return [
        {
            "participantId": one.participant.participant_id,
            "full_name": one.participant.full_name,
            "role": one.participant.role,
            "since": one.since.isoformat(),
        }
        for one in live.part(Lobby).waiting
    ]
