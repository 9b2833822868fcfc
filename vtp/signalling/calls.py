"""What each event of Socket.IO does: entering and leaving rooms, and the media objects of the peer.

Nothing here knows of acknowledgements, answering events or connections' ends; that is `socket_face`'s.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from vtp.accounts.permissions import Action, can, parse_role, require
from vtp.errors import Conflict, Forbidden, Invalid
from vtp.http.identity import Principal, Role
from vtp.media.consumer import Consumer
from vtp.media.producer import Producer
from vtp.media.transport import WebRtcTransport
from vtp.rooms.live import LiveRooms
from vtp.rooms.participants import join
from vtp.rooms.service import RoomService
from vtp.signalling import messages as m
from vtp.signalling.audience import (
    CLOSED_BY_OWNER,
    Audience,
    describe,
    describe_peers,
)
from vtp.signalling.members import Member
from vtp.signalling.outbox import Outbox
from vtp.signalling.peers import Peer
from vtp.signalling.resuming import Places
from vtp.signalling.socket_server import caller_waits

_RANK = (Role.GUEST, Role.STUDENT, Role.ASSISTANT, Role.TEACHER, Role.ADMIN)

Answer = dict[str, Any]


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


@dataclass(slots=True)
class Seat:
    """One connection: who it is and what of a room it has."""

    connection: str
    principal: Principal
    answers_by_event: bool
    resumes: bool = False
    """Whether its client said that it comes back when its connection is lost."""
    stay: Stay | None = None
    resume_token: str = ""
    """What takes its place over, once its connection is lost."""
    ended: bool = False
    """Set with the connection's end, which may come while one of its calls waits for the database."""

    @property
    def staying(self) -> Stay:
        """Its stay. Raises Conflict before it has joined a room, and after that has ended."""
        if self.stay is None or self.stay.over:
            raise Conflict("You are in no room: join one first.", code="not_in_a_room")
        return self.stay

    @property
    def here(self) -> Peer:
        """Its peer. Raises Conflict as `staying`."""
        return self.staying.peer


@dataclass(frozen=True)
class Event:
    model: type[m.Message]
    answer: str
    """The event that answers older clients; empty: an acknowledgement only."""
    handle: Callable[[Seat, Any], Awaitable[Answer]]


class Calls:
    """Made once per process. Every call raises VtpError, and has then changed nothing."""

    def __init__(
        self, live_rooms: LiveRooms, rooms: RoomService, outbox: Outbox, ice_servers: Sequence[str]
    ) -> None:
        self._live_rooms = live_rooms
        self._rooms = rooms
        self._outbox = outbox
        self._ice_urls = ice_servers
        self._audiences: dict[str, Audience] = {}
        self._places: Places[Seat] = Places(self.leave)

    # Rooms

    async def _join(self, seat: Seat, request: m.JoinRoom) -> Answer:
        room = await self._rooms.find(request.room_id)
        principal = _lowered(seat.principal, request.role)
        require(principal, Action.ROOM_ENTER, room)
        if seat.stay is not None and not seat.stay.over:
            if seat.stay.peer.live.id != room.id:
                raise Conflict("You are in another room: leave it first.", code="in_another_room")
            return self._joined(seat, seat.stay)
        self.leave(seat)
        live = await self._live_rooms.open(room.id)
        if seat.ended:
            raise Conflict("This connection has ended.", code="not_connected")  # while the room was looked up
        publishes = can(principal, Action.ROOM_PUBLISH, room)
        is_producer = publishes if request.is_producer is None else request.is_producer and publishes
        self._remove_ghosts(principal, live.id)
        audience = self._audiences.get(live.id)
        if audience is None or audience.live is not live:
            audience = self._audiences[live.id] = Audience(live, room.slug, self._outbox)
        peer = Peer(live, room, principal, join(principal, is_producer=is_producer))
        seat.stay = Stay(peer, audience, Member(peer.id, seat.connection))
        audience.add(seat.stay.member)
        seat.resume_token = self._places.give(seat)
        return self._joined(seat, seat.stay)

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
            "participants": [describe(one) for one in people],
            "mediasoup": {
                "rtpCapabilities": peer.live.router.rtp_capabilities.to_json(),
                "peers": describe_peers(peer.live, but=peer.id),
            },
        }

    async def _leave_room(self, seat: Seat, request: m.Message) -> Answer:
        slug = seat.here.room.slug
        self.leave(seat)
        return {"success": True, "room_id": slug}

    def end(self, seat: Seat) -> None:
        """Leaves for good: the connection is gone, or may not go on."""
        seat.ended = True
        self.leave(seat)

    def leave(self, seat: Seat) -> None:
        """Closes what somebody has in a room, if they are in one."""
        stay, seat.stay = seat.stay, None
        self._places.forget(seat.resume_token)
        if stay is None:
            return
        audience = stay.audience
        audience.remove(stay.peer.id)
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
        seat.resume_token = self._places.give(seat)
        told: Answer = {"roomId": peer.room.slug, "room_id": peer.room.slug, "participant_id": peer.id}
        told |= {"resume_token": seat.resume_token, "seq": member.seq}
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
            audience.tell("room-closed", {"room_id": audience.slug, "reason": reason})
            audience.dismiss()

    async def _participants(self, seat: Seat, request: m.Message) -> Answer:
        people = [describe(one) for one in seat.here.live.people.participants]
        return {"room_id": seat.here.room.slug, "participants": people, "count": len(people)}

    async def _room_info(self, seat: Seat, request: m.Message) -> Answer:
        peer = seat.here
        return {
            "roomId": peer.room.slug,
            "name": peer.room.name,
            "peerCount": len(peer.live.people),
            "peers": describe_peers(peer.live),
            "createdAt": peer.room.created_at.isoformat(),
            "producerCount": len(peer.live.router.producers),
            "live": peer.live.program.is_live,
            "recording": peer.live.recording,
        }

    # Media

    async def _create_transport(self, seat: Seat, request: m.CreateTransport) -> Answer:
        transport = seat.here.create_transport(request.direction, enable_sctp=request.enable_sctp)
        return {**describe_transport(transport), "direction": request.direction, **self._ice_servers()}

    def _ice_servers(self) -> Answer:
        return {"iceServers": [{"urls": url} for url in self._ice_urls]}

    async def _connect_transport(self, seat: Seat, request: m.ConnectTransport) -> Answer:
        transport = seat.here.connect_transport(request.transport_id, request.dtls_parameters)
        return {"transportId": transport.id}

    async def _restart_ice(self, seat: Seat, request: m.NamesTransport) -> Answer:
        ice = seat.here.restart_ice(request.transport_id)
        return {"transportId": request.transport_id, "iceParameters": ice.to_json()}

    async def _produce(self, seat: Seat, request: m.Produce) -> Answer:
        producer = seat.here.produce(
            request.transport_id,
            request.kind,
            request.rtp_parameters,
            paused=request.paused,
            app_data=request.app_data,
        )
        return {"id": producer.id, "producerId": producer.id, "kind": producer.kind}

    async def _consume(self, seat: Seat, request: m.Consume) -> Answer:
        paused = caller_waits() if request.paused is None else request.paused
        consumer = seat.here.consume(
            request.transport_id, request.producer_id, request.rtp_capabilities, paused=paused
        )
        seat.staying.audience.follow(seat.staying.member, consumer)
        producer = consumer.producer
        return {
            "id": consumer.id,
            "consumerId": consumer.id,
            "producerId": request.producer_id,
            "kind": consumer.kind,
            "rtpParameters": consumer.rtp_parameters.to_json(),
            "type": producer.type if producer is not None else "simple",
            "paused": consumer.paused,
            "producerPaused": consumer.producer_paused,
        }

    async def _close_consumer(self, seat: Seat, request: m.NamesConsumer) -> Answer:
        consumer = seat.here.consumer(request.consumer_id)
        consumer.app_data[CLOSED_BY_OWNER] = True
        consumer.close()
        return {"consumerId": request.consumer_id}

    async def _produce_data(self, seat: Seat, request: m.ProduceData) -> Answer:
        made = seat.here.produce_data(
            request.transport_id,
            request.sctp_stream_parameters,
            request.label,
            request.protocol,
            paused=request.paused,
            app_data=request.app_data,
        )
        return {"id": made.id, "dataProducerId": made.id}

    async def _consume_data(self, seat: Seat, request: m.ConsumeData) -> Answer:
        made = seat.here.consume_data(request.transport_id, request.data_producer_id, paused=request.paused)
        seat.staying.audience.follow_data(seat.staying.member, made)
        return {
            "id": made.id,
            "dataConsumerId": made.id,
            "dataProducerId": request.data_producer_id,
            "sctpStreamParameters": made.sctp_stream_parameters.to_json(),
            "label": made.label,
            "protocol": made.protocol,
            "paused": made.paused,
        }

    async def _close_data_producer(self, seat: Seat, request: m.NamesDataProducer) -> Answer:
        seat.here.data_producer(request.data_producer_id).close()
        return {"dataProducerId": request.data_producer_id}

    async def _resume_data_consumer(self, seat: Seat, request: m.NamesDataConsumer) -> Answer:
        seat.here.data_consumer(request.data_consumer_id).resume()
        return {"dataConsumerId": request.data_consumer_id}

    async def _close_data_consumer(self, seat: Seat, request: m.NamesDataConsumer) -> Answer:
        consumer = seat.here.data_consumer(request.data_consumer_id)
        consumer.app_data[CLOSED_BY_OWNER] = True
        consumer.close()
        return {"dataConsumerId": request.data_consumer_id}

    async def _prefer_layers(self, seat: Seat, request: m.SetPreferredLayers) -> Answer:
        consumer = seat.here.consumer(request.consumer_id)
        if consumer.kind != "video":
            raise Invalid("Sound has no layers.", code="no_layers")
        return {"consumerId": consumer.id, "spatialLayer": request.spatial_layer}

    async def _request_key_frame(self, seat: Seat, request: m.NamesConsumer) -> Answer:
        producer = seat.here.consumer(request.consumer_id).producer
        if producer is not None:
            await producer.request_key_frame()
        return {"consumerId": request.consumer_id}

    def table(self) -> dict[str, Event]:
        """All events, with what they take and what answers them."""
        return {
            "join-room": Event(m.JoinRoom, "joined-room", self._join),
            "leave-room": Event(m.Message, "left-room", self._leave_room),
            "get-participants": Event(m.Message, "participants-list", self._participants),
            "get-room-info": Event(m.Message, "room-info", self._room_info),
            "create-transport": Event(m.CreateTransport, "transport-created", self._create_transport),
            "connect-transport": Event(m.ConnectTransport, "transport-connected", self._connect_transport),
            "restart-ice": Event(m.NamesTransport, "ice-restarted", self._restart_ice),
            "produce": Event(m.Produce, "producer-created", self._produce),
            "consume": Event(m.Consume, "consumer-created", self._consume),
            "pause-producer": Event(m.NamesProducer, "producer-paused", _to_producer(Producer.pause)),
            "resume-producer": Event(m.NamesProducer, "producer-resumed", _to_producer(Producer.resume)),
            "close-producer": Event(m.NamesProducer, "producer-closed", _to_producer(Producer.close)),
            "pause-consumer": Event(m.NamesConsumer, "consumer-paused", _to_consumer(Consumer.pause)),
            "resume-consumer": Event(m.NamesConsumer, "consumer-resumed", _to_consumer(Consumer.resume)),
            "close-consumer": Event(m.NamesConsumer, "consumer-closed", self._close_consumer),
            "produce-data": Event(m.ProduceData, "data-producer-created", self._produce_data),
            "consume-data": Event(m.ConsumeData, "data-consumer-created", self._consume_data),
            "close-data-producer": Event(
                m.NamesDataProducer, "data-producer-closed", self._close_data_producer
            ),
            "resume-data-consumer": Event(m.NamesDataConsumer, "", self._resume_data_consumer),
            "close-data-consumer": Event(
                m.NamesDataConsumer, "data-consumer-closed", self._close_data_consumer
            ),
            "set-preferred-layers": Event(m.SetPreferredLayers, "", self._prefer_layers),
            "request-keyframe": Event(m.NamesConsumer, "", self._request_key_frame),
        }


def _to_producer(do: Callable[[Producer], None]) -> Callable[[Seat, m.NamesProducer], Awaitable[Answer]]:
    """Does one thing to a producer of the caller's own."""

    async def handle(seat: Seat, request: m.NamesProducer) -> Answer:
        do(seat.here.producer(request.producer_id))
        return {"producerId": request.producer_id}

    return handle


def _to_consumer(do: Callable[[Consumer], None]) -> Callable[[Seat, m.NamesConsumer], Awaitable[Answer]]:
    """Does one thing to a consumer of the caller's own."""

    async def handle(seat: Seat, request: m.NamesConsumer) -> Answer:
        do(seat.here.consumer(request.consumer_id))
        return {"consumerId": request.consumer_id}

    return handle


def describe_transport(transport: WebRtcTransport) -> Answer:
    """A transport as mediasoup-client takes it."""
    return {
        "id": transport.id,
        "transportId": transport.id,
        "iceParameters": transport.ice_parameters.to_json(),
        "iceCandidates": [candidate.to_json() for candidate in transport.ice_candidates],
        "dtlsParameters": transport.dtls_parameters.to_json(),
        **({"sctpParameters": transport.sctp_parameters.to_json()} if transport.sctp_parameters else {}),
    }


def _lowered(principal: Principal, word: str | None) -> Principal:
    """The principal with a lower role, when that is what it asks for. Raises Invalid, Forbidden."""
    if not word:
        return principal
    try:
        role, watch_only = parse_role(word)
    except ValueError as error:
        raise Invalid(f"role: {error}.") from None
    if _RANK.index(role) > _RANK.index(principal.role):
        if principal.role is Role.GUEST:
            return principal  # older clients name a role always; a link's guest stays what the link says
        raise Forbidden(f"Your account does not have the role {role.value}.")
    return replace(principal, role=role, publish=False if watch_only else principal.publish)
