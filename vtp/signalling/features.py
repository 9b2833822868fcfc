"""What each part of a class (hands, chat, polls…) gives to signalling. No part knows another.

A part keeps what belongs to one open room in `LiveRoom.part(…)`, what lasts in the database, and is made once
per process.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from vtp.http.identity import Principal
from vtp.rooms.live import LiveRoom
from vtp.rooms.participants import Participant
from vtp.rooms.store import Room
from vtp.signalling.audience import Audience
from vtp.signalling.seats import Answer, Event, Seat, Stay
from vtp.signalling.shapes import Shape


class Feature(Protocol):
    """One part of a class."""

    @property
    def pushes(self) -> Mapping[str, Shape]:
        """All events that it pushes, and the TypedDict that each carries besides `roomId` and `seq`."""

    @property
    def states(self) -> Mapping[str, Any]:
        """All names that `state` may say, and the type of what it says of each."""

    def table(self) -> dict[str, Event]:
        """The calls that it answers, by their events."""

    def state(self, stay: Stay) -> Answer:
        """What `joined-room` says of it in `state`, by name, as this one may see it."""

    def attend(self, audience: Audience) -> Callable[[], None]:
        """Hears what happens in a room and tells its audience, until the returned function is called."""


@dataclass(frozen=True, slots=True)
class Knock:
    """Somebody at a room's door who has the right to enter. `enter` makes them a peer and gives the answer;
    `tell` pushes to their connection without a number, which only a peer's pushes have.
    """

    seat: Seat
    live: LiveRoom
    participant: Participant
    enter: Callable[[], Answer]
    tell: Callable[[str, Mapping[str, Any]], None]


class Gate(Protocol):
    """Decides whether somebody who has the right to enter comes in now, later or not."""

    async def admit(self, principal: Principal, room: Room) -> Principal:
        """Somebody in the role that they come in with. Raises Forbidden."""

    async def open(self, room: Room) -> LiveRoom:
        """The room, opened when it was not, and ready for `meet`. Raises NotFound, Unavailable."""

    def meet(self, knock: Knock) -> Answer:
        """What `enter` answers, or that they wait: then `seat.waiting` is set until they are in.

        Raises Forbidden for who may not come in, RateLimited, Unavailable.
        """

    def close(self, reason: str) -> None:
        """Tells all who wait that the rooms end."""
