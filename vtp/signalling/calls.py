"""Calls about rooms: entering, leaving, coming back and looking around; all others are features'.

Nothing here knows of acknowledgements, answering events or connections' ends; that is `socket_face`'s.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from vtp.accounts.permissions import Action, can, parse_role, require
from vtp.errors import Conflict, Forbidden, Invalid
from vtp.http.identity import Principal, Role
from vtp.rooms.device_kinds import device_of
from vtp.rooms.live import LiveRoom
from vtp.rooms.participants import Participant, join
from vtp.rooms.people import PeopleEvent, PersonRemoved
from vtp.rooms.service import RoomService
from vtp.signalling import messages as m
from vtp.signalling import shapes as s
from vtp.signalling.audience import Audience
from vtp.signalling.descriptions import describe, describe_end, describe_own, describe_peers, may
from vtp.signalling.features import Feature, Gate, Knock
from vtp.signalling.members import Member
from vtp.signalling.outbox import Outbox
from vtp.signalling.peers import Peer
from vtp.signalling.resuming import Places
from vtp.signalling.seats import Answer, Event, Seat, Stay


class Calls:
    """Made once per process. Every call raises VtpError, and has then changed nothing."""

    def __init__(
        self,
        rooms: RoomService,
        outbox: Outbox,
        features: Sequence[Feature],
        gate: Gate,
    ) -> None:
        self._rooms = rooms
        self._outbox = outbox
        self._features = features
        self._gate = gate
        self._seats: dict[str, Seat] = {}  # by participant, the lost ones too
        self._audiences: dict[str, Audience] = {}
        self._places: Places[Seat] = Places(self.leave)

    # Rooms

    async def _join(self, seat: Seat, request: m.JoinRoom) -> Answer:
        room = await self._rooms.find(request.room_id)
        member = await self._gate.admit(seat.principal, room)
        principal = _lowered(member, request.role)
        require(principal, Action.ROOM_ENTER, room)
        if seat.stay is not None and not seat.stay.over:
            if seat.stay.peer.live.id != room.id:
                raise Conflict("You are in another room: leave it first.", code="in_another_room")
            return self._joined(seat, seat.stay)
        if seat.waiting is not None and seat.waiting.room_id == room.id:
            return seat.waiting.answer
        elsewhere = seat.waiting  # until this call has not failed
        if elsewhere is None:
            self.leave(seat)
        live = await self._gate.open(room)
        if seat.ended:
            # While the room was looked up.
            raise Conflict("This connection has ended: connect again.", code="not_connected")
        if seat.stay is not None:
            raise Conflict("You were just let into another room: leave it first.", code="in_another_room")
        principal = _lower_of(principal, live.people.as_here(member), request.role)
        publishes = can(principal, Action.ROOM_PUBLISH, live.room)
        is_producer = publishes if request.is_producer is None else request.is_producer and publishes
        participant = join(
            principal,
            is_producer=is_producer,
            full_name=request.full_name,
            guest_key=request.guest_key or "",
            address=seat.origin.ip,
            device=device_of(seat.origin.user_agent),
        )
        answer = self._gate.meet(
            Knock(
                seat,
                live,
                participant,
                enter=lambda: self._enter(seat, live, participant),
                tell=lambda event, data: self._outbox.put(event, dict(data), seat.connection),
            )
        )
        if elsewhere is not None:
            elsewhere.stop()
            if seat.waiting is elsewhere:
                seat.waiting = None
        return answer

    def _enter(self, seat: Seat, live: LiveRoom, participant: Participant) -> Answer:
        """Makes somebody a peer of the room, whose connection is there and whose room is open."""
        self._remove_ghosts(participant.principal, live.id)
        audience = self._audiences.get(live.id)
        if audience is None or audience.live is not live:
            audience = self._audiences[live.id] = Audience(live, self._outbox)
            audience.attend(live.people.add_listener(self._people_changed))
            for feature in self._features:
                audience.attend(feature.attend(audience))
        peer = Peer(live, participant)
        seat.stay = Stay(peer, audience, Member(peer.id, seat.connection))
        self._seats[peer.id] = seat
        audience.add(seat.stay.member)
        seat.resume_token = self._places.give(seat)
        return self._joined(seat, seat.stay)

    def _people_changed(self, event: PeopleEvent) -> None:
        if not isinstance(event, PersonRemoved):
            return
        seat = self._seats.get(event.participant.participant_id)
        if seat is not None and seat.stay is not None:
            told = {"reason": event.reason, "banned": event.banned}
            seat.stay.audience.tell_one(seat.stay.member, "kicked", told)
            self.leave(seat)

    def _remove_ghosts(self, principal: Principal, room_id: str) -> None:
        """A page that was loaded again joins anew: what it has left then goes at once."""
        for lost in self.lost_seats:
            same = lost.principal.session_id is not None and lost.principal.session_id == principal.session_id
            if same and lost.stay is not None and lost.stay.peer.live.id == room_id:
                self.leave(lost)

    def _joined(self, seat: Seat, stay: Stay) -> Answer:
        peer = stay.peer
        people = peer.live.people.participants
        return {
            "success": True,
            "room_id": peer.room.slug,
            "participant_id": peer.id,
            "resume_token": seat.resume_token,
            "seq": stay.member.seq,
            "open_for_ms": peer.live.open_for_ms,
            "participants": [describe(one) for one in people],
            "settings": peer.room.rules.model_dump(),
            "may": may(peer.principal, peer.room),
            "state": {name: said for one in self._features for name, said in one.state(stay).items()},
            "mediasoup": {
                "rtpCapabilities": peer.live.router.rtp_capabilities_json,
                "peers": describe_peers(peer.live, but=peer.id, viewer=peer.id),
                "own": describe_own(peer.own_transports),
            },
        }

    async def _leave_room(self, seat: Seat, request: m.Message) -> Answer:
        slug = seat.waiting.slug if seat.waiting is not None else seat.here.room.slug
        self.leave(seat)
        return {"success": True, "room_id": slug}

    def end(self, seat: Seat) -> None:
        """Leaves for good: the connection is gone, or may not go on."""
        seat.ended = True
        self.leave(seat)

    def leave(self, seat: Seat) -> None:
        """Closes what somebody has in a room, if they are in one, or wait to be."""
        stay, seat.stay = seat.stay, None
        waiting, seat.waiting = seat.waiting, None
        if waiting is not None:
            waiting.stop()
        self._places.forget(seat.resume_token)
        if stay is None:
            return
        audience = stay.audience
        audience.remove(stay.peer.id)
        self._seats.pop(stay.peer.id, None)
        stay.peer.close()
        if not len(audience) and self._audiences.get(audience.live.id) is audience:
            audience.close()
            del self._audiences[audience.live.id]

    @property
    def lost_seats(self) -> list[Seat]:
        """Those whose connection is lost, and who may come back yet."""
        return self._places.lost

    def lose(self, seat: Seat) -> None:
        """The connection is gone without a word: who said that they come back has some seconds for it."""
        if not seat.resumes or seat.stay is None or seat.stay.over:
            self.end(seat)
            return
        seat.ended = True
        seat.stay.member.connection = None
        self._places.lose(seat.resume_token)

    def resume(self, seat: Seat, token: str, seq: int) -> str | None:
        """Gives a new connection the place of an older one, with what was missed since number `seq`.

        Returns the older connection when it is still there: it is to be ended. Raises Conflict.
        """
        old = self._places.take(token, seat.principal)
        stay = old.stay
        if stay is None or stay.over:
            self.leave(old)
            raise Conflict("The room has ended meanwhile: join anew.", code="nothing_to_resume")
        peer, member = stay.peer, stay.member
        older, member.connection = member.connection, seat.connection
        seat.stay, old.stay, old.ended = stay, None, True
        self._seats[peer.id] = seat
        seat.resume_token = self._places.give(seat)
        told = {
            "roomId": peer.room.slug,
            "room_id": peer.room.slug,
            "participant_id": peer.id,
            "resume_token": seat.resume_token,
            "seq": member.seq,
        }
        if member.keeps_all_since(seq):
            self._outbox.put("resumed", {**told, "missed": member.seq - seq}, seat.connection)
            member.catch_up(self._outbox, seq)
        else:
            snapshot = self._joined(seat, stay)
            self._outbox.put("resumed", {**told, "missed": 0, "snapshot": snapshot}, seat.connection)
        return older

    def say_goodbye(self, reason: str) -> None:
        """Tells everybody in all rooms that these end, and nothing after that."""
        for audience in self._audiences.values():
            audience.tell("room-closed", describe_end(audience.live.room, reason))
            audience.dismiss()
        self._gate.close(reason)

    async def _participants(self, seat: Seat, request: m.Message) -> Answer:
        people = [describe(one) for one in seat.here.live.people.participants]
        return {"room_id": seat.here.room.slug, "participants": people, "count": len(people)}

    async def _room_info(self, seat: Seat, request: m.Message) -> Answer:
        peer = seat.here
        return {
            "roomId": peer.room.slug,
            "name": peer.room.name,
            "peerCount": len(peer.live.people),
            "peers": describe_peers(peer.live, viewer=peer.id),
            "createdAt": peer.room.created_at.isoformat(),
            "producerCount": len(peer.live.router.producers),
            "live": peer.live.program.is_live,
            "recording": peer.live.recording,
            "streamed": peer.live.streamed,
        }

    def table(self) -> dict[str, Event]:
        """All events, with what they take and what answers them."""
        return {
            "join-room": Event(
                m.JoinRoom,
                "joined-room",
                self._join,
                s.Joined | s.Waiting,
                announces=True,
            ),
            "leave-room": Event(
                m.Message,
                "left-room",
                self._leave_room,
                s.Left,
                announces=True,
            ),
            "get-participants": Event(m.Message, "participants-list", self._participants, s.Participants),
            "get-room-info": Event(m.Message, "room-info", self._room_info, s.RoomInfo),
            **{name: event for one in self._features for name, event in one.table().items()},
        }


def _lower_of(wished: Principal, here: Principal, word: str | None) -> Principal:
    """The role that the room gave them, or the one that they asked for when that is lower."""
    if word and wished.role.rank <= here.role.rank:
        return wished
    return replace(wished, role=here.role)


def _lowered(principal: Principal, word: str | None) -> Principal:
    """The principal with a lower role, when that is what it asks for. Raises Invalid, Forbidden."""
    if not word:
        return principal
    try:
        role, watch_only = parse_role(word)
    except ValueError as error:
        raise Invalid(f"role: {error}.") from None
    if role.rank > principal.role.rank:
        if principal.role is Role.GUEST:
            return principal  # older clients name a role always; a link's guest stays what the link says
        raise Forbidden(f"Your account does not have the role {role.value}.")
    return replace(principal, role=role, publish=False if watch_only else principal.publish)
