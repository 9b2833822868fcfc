"""Somebody's seat: their connection, and the stay that they have in a room by it; and what a call is."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from vtp.accounts.audit import Origin
from vtp.errors import Conflict
from vtp.http.identity import Principal
from vtp.signalling.audience import Audience
from vtp.signalling.members import Member
from vtp.signalling.messages import Message
from vtp.signalling.peers import Peer
from vtp.signalling.shapes import Shape

Answer = Mapping[str, Any]


@dataclass(slots=True)
class Stay:
    """What somebody has in a room, by whichever of their connections."""

    peer: Peer
    audience: Audience
    member: Member

    @property
    def over(self) -> bool:
        """Whether they or the room have ended."""
        return self.peer.closed or self.peer.live.closed


@dataclass(frozen=True, slots=True)
class Wait:
    """Somebody's wait to be let into a room."""

    room_id: str
    slug: str
    participant_id: str
    stop: Callable[[], None]
    """Called when they leave meanwhile."""

    @property
    def answer(self) -> Answer:
        """What `join-room` answers meanwhile."""
        return {"waiting": True, "participant_id": self.participant_id}


@dataclass(slots=True)
class Seat:
    """One connection: who it is and what of a room it has."""

    connection: str
    principal: Principal
    answers_by_event: bool
    origin: Origin
    resumes: bool = False
    """Whether its client said that it comes back when its connection is lost."""
    stay: Stay | None = None
    resume_token: str = ""
    """What takes its place over, once its connection is lost."""
    waiting: Wait | None = None
    """Set while they wait to be let in."""
    ended: bool = False
    """Set with the connection's end, which may come while one of its calls waits for the database."""

    @property
    def staying(self) -> Stay:
        """Its stay. Raises Conflict before it has joined a room, and after that has ended."""
        if self.waiting is not None:
            raise Conflict("Somebody has to let you in first: wait for that.", code="not_in_a_room")
        if self.stay is None or self.stay.over:
            raise Conflict("You are in no room: join one first.", code="not_in_a_room")
        return self.stay

    @property
    def here(self) -> Peer:
        """Its peer. Raises Conflict as `staying`."""
        return self.staying.peer


@dataclass(frozen=True)
class Event:
    model: type[Message]
    answer: str
    """The event that answers older clients; empty: an acknowledgement only."""
    handle: Callable[[Seat, Any], Awaitable[Answer]]
    reply: Shape | None
    """The TypedDict that the acknowledgement is, besides `ok`; None: `ok` alone."""
    announces: bool = False
    """Whether anybody may make it, and everybody else in the room is told: such calls are counted apart."""
