"""Socket.IO: the events of the contract, answered by acknowledgement and, to older clients, by an event."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any

from aiohttp import web
from socketio.exceptions import ConnectionRefusedError as Refused

from vtp.accounts.permissions import Action, can, parse_role, require
from vtp.errors import Conflict, Forbidden, Invalid, NotSignedIn, RateLimited, VtpError
from vtp.http.errors import problem_of, problem_of_error
from vtp.http.identity import Principal, Role, guest_of_open_rooms
from vtp.limits import WindowLimiter
from vtp.media.transport import WebRtcTransport
from vtp.rooms.live import LiveRooms
from vtp.rooms.participants import join
from vtp.rooms.service import RoomService
from vtp.rooms.store import Room
from vtp.settings import Settings
from vtp.signalling import messages as m
from vtp.signalling.audience import Audience, Outbox, describe, describe_producer
from vtp.signalling.peers import Peer
from vtp.signalling.socket_server import UNREADABLE, SocketServer, caller_waits
from vtp.tasks import Tasks

logger = logging.getLogger(__name__)

PATH = "socket.io"
CALL_WINDOW_S = 10.0
_RANK = (Role.GUEST, Role.STUDENT, Role.ASSISTANT, Role.TEACHER, Role.ADMIN)

Answer = dict[str, Any]


@dataclass(slots=True)
class Seat:
    """One connection: who it is and what of a room it has."""

    connection: str
    principal: Principal
    answers_by_event: bool
    peer: Peer | None = None
    audience: Audience | None = None

    @property
    def here(self) -> Peer:
        """Its peer. Raises Conflict before it has joined a room, and after that has ended."""
        if self.peer is None or self.peer.closed or self.peer.live.closed:
            raise Conflict("You are in no room: join one first.", code="not_in_a_room")
        return self.peer


@dataclass(frozen=True)
class _Event:
    model: type[m.Message]
    answer: str
    """The event that answers older clients; empty: an acknowledgement only."""
    handle: Callable[[Seat, Any], Awaitable[Answer]]


@dataclass
class SocketParts:
    """What the face works with."""

    settings: Settings
    live_rooms: LiveRooms
    rooms: RoomService
    read_token: Callable[[str], Principal]
    tasks: Tasks
    seats: dict[str, Seat] = field(default_factory=dict)


class SocketFace:
    """Mounted into the application by `attach`."""

    def __init__(self, parts: SocketParts) -> None:
        self._parts = parts
        self._seats = parts.seats
        self._audiences: dict[str, Audience] = {}
        self._calls = WindowLimiter(parts.settings.limits.signalling_calls_per_10_seconds, CALL_WINDOW_S)
        self._server = SocketServer(self._allows_origin)
        self._outbox = Outbox(self._push)
        self._events = self._table()
        self._server.on("connect", self._connect)
        self._server.on("disconnect", self._disconnect)
        self._server.handle_all(self._receive)
        parts.tasks.start(self._outbox.run(), "signalling pushes")

    def attach(self, application: web.Application) -> None:
        """Adds `/socket.io/` to the application."""
        self._server.attach(application, PATH)

    async def close(self) -> None:
        """Ends all connections."""
        for seat in list(self._seats.values()):
            self._leave(seat)
        await self._server.shutdown()

    def end_sessions(self, ended: Callable[[Principal], bool]) -> None:
        """Disconnects whoever `ended` says may not go on."""
        for seat in list(self._seats.values()):
            if ended(seat.principal):
                self._parts.tasks.start(self._server.disconnect(seat.connection), "signalling disconnect")

    # Connections

    def _allows_origin(self, origin: str | None, environ: dict[str, Any]) -> bool:
        """Pages from here and from `http.cors_origins`; programs that name no origin."""
        if origin is None:
            return True
        own = f"{environ.get('HTTP_X_FORWARDED_HOST') or environ.get('HTTP_HOST', '')}".lower()
        return (
            origin.lower().partition("://")[2] == own
            or origin.lower() in self._parts.settings.http.cors_origins
        )

    async def _connect(self, connection: str, environ: dict[str, Any], auth: object = None) -> None:
        try:
            principal, by_event = self._identify(auth)
        except VtpError as error:
            raise Refused(error.detail, {"code": error.code, "problem": problem_of_error(error)}) from None
        self._seats[connection] = Seat(connection, principal, by_event)

    def _identify(self, auth: object) -> tuple[Principal, bool]:
        given = auth if isinstance(auth, dict) else {}
        token = given.get("token")
        by_event = given.get("answers") != "ack"
        if isinstance(token, str) and token:
            return self._parts.read_token(token.removeprefix("Bearer ").strip()), by_event
        if self._parts.settings.rooms.open:
            return guest_of_open_rooms(), by_event
        raise NotSignedIn("Connect with an access token in `auth.token`.")

    async def _disconnect(self, connection: str, reason: str = "") -> None:
        seat = self._seats.pop(connection, None)
        if seat is not None:
            self._leave(seat)

    async def _push(self, event: str, data: dict[str, Any], to: str) -> None:
        await self._server.emit(event, data, to=to)

    # Calls

    async def _receive(self, event: str, connection: str, *arguments: object) -> Answer:
        seat = self._seats.get(connection)
        if seat is None:
            return {"ok": False, "error": "This connection has ended.", "code": "not_connected"}
        try:
            answer, name, request = await self._call(seat, event, arguments)
        except VtpError as error:
            return self._fail(seat, event, problem_of_error(error, instance=event), arguments)
        except Exception:
            logger.exception("The signalling event %r failed.", event)
            sentence = "Something went wrong here; it is in the log."
            return self._fail(seat, event, problem_of(500, sentence, instance=event), arguments)
        if seat.answers_by_event and name:
            self._outbox.put(name, {**_carried_back(request), **answer}, connection)
        return {"ok": True, **answer}

    async def _call(
        self, seat: Seat, event: str, arguments: tuple[object, ...]
    ) -> tuple[Answer, str, m.Message]:
        wait_s = self._calls.take(seat.connection, time.monotonic())
        if wait_s > 0:
            raise RateLimited("Too many calls on this connection; wait a moment.", retry_after_s=wait_s)
        if event == UNREADABLE:
            raise Invalid("This message is no Socket.IO event that can be read.", code="malformed")
        known = self._events.get(event)
        if known is None:
            raise Invalid(f"There is no event {event[:64]!r}.", code="unknown_event")
        expires_s = seat.principal.expires_at_s
        if expires_s is not None and expires_s < time.time():
            raise NotSignedIn("Your link has expired.", code="token_expired")
        request = m.read_payload(known.model, arguments)
        if known.model is not m.JoinRoom and not isinstance(request, m.InRoom):
            self._check_room(seat, request.room_id)
        return await known.handle(seat, request), known.answer, request

    def _fail(self, seat: Seat, event: str, problem: dict[str, Any], arguments: tuple[object, ...]) -> Answer:
        failed = {"error": problem["error"], "code": problem["code"]}
        if seat.answers_by_event:
            given = arguments[0] if arguments and isinstance(arguments[0], dict) else {}
            request_id = given.get("requestId")
            extra = {"requestId": request_id} if isinstance(request_id, str | int) else {}
            self._outbox.put("error", {**failed, "event": event[:64], **extra}, seat.connection)
        return {"ok": False, **failed, "problem": problem}

    @staticmethod
    def _check_room(seat: Seat, name: str | None) -> None:
        if name is not None and seat.peer is not None and not _is_called(seat.peer.room, name):
            raise Conflict("You are in another room.", code="in_another_room")

    # Rooms

    async def _join(self, seat: Seat, request: m.JoinRoom) -> Answer:
        room = await self._parts.rooms.find(request.room_id)
        principal = _lowered(seat.principal, request.role)
        require(principal, Action.ROOM_ENTER, room)
        if seat.peer is not None and not seat.peer.closed and not seat.peer.live.closed:
            if seat.peer.live.id != room.id:
                raise Conflict("You are in another room: leave it first.", code="in_another_room")
            return self._joined(seat.peer)
        self._leave(seat)
        live = await self._parts.live_rooms.open(room.id)
        publishes = can(principal, Action.ROOM_PUBLISH, room)
        is_producer = publishes if request.is_producer is None else request.is_producer and publishes
        audience = self._audiences.get(live.id)
        if audience is None or audience.live is not live:
            audience = self._audiences[live.id] = Audience(live, room.slug, self._outbox)
        peer = Peer(live, room, principal, join(principal, is_producer=is_producer))
        seat.peer, seat.audience = peer, audience
        audience.add(seat.connection, peer.id)
        return self._joined(peer)

    def _joined(self, peer: Peer) -> Answer:
        people = peer.live.people.participants
        return {
            "success": True,
            "room_id": _slug(peer),
            "participant_id": peer.id,
            "participants": [describe(one) for one in people],
            "mediasoup": {
                "rtpCapabilities": peer.live.router.rtp_capabilities.to_json(),
                "peers": [
                    {
                        "peerId": one.participant_id,
                        "userId": one.user_id,
                        "fullName": one.full_name,
                        "role": one.role.value,
                        "isProducer": one.is_producer,
                        "producers": [
                            describe_producer(producer, one.participant_id)
                            for producer in peer.live.producers_of(one.participant_id)
                        ],
                    }
                    for one in people
                    if one.participant_id != peer.id
                ],
            },
        }

    async def _leave_room(self, seat: Seat, request: m.Message) -> Answer:
        slug = _slug(seat.here)
        self._leave(seat)
        return {"success": True, "room_id": slug}

    def _leave(self, seat: Seat) -> None:
        peer, audience = seat.peer, seat.audience
        seat.peer = seat.audience = None
        if audience is not None:
            audience.remove(seat.connection)
        if peer is not None:
            peer.close()
        if audience is not None and not len(audience) and self._audiences.get(audience.live.id) is audience:
            audience.close()
            del self._audiences[audience.live.id]

    async def _participants(self, seat: Seat, request: m.Message) -> Answer:
        people = [describe(one) for one in seat.here.live.people.participants]
        return {"room_id": _slug(seat.here), "participants": people, "count": len(people)}

    async def _room_info(self, seat: Seat, request: m.Message) -> Answer:
        peer = seat.here
        return {
            "roomId": _slug(peer),
            "name": peer.room.name if isinstance(peer.room, Room) else _slug(peer),
            "peerCount": len(peer.live.people),
            "peers": [describe(one) for one in peer.live.people.participants],
            "producerCount": len(peer.live.router.producers),
            "live": peer.live.program.is_live,
            "recording": peer.live.recording,
        }

    # Media

    async def _create_transport(self, seat: Seat, request: m.CreateTransport) -> Answer:
        transport = seat.here.create_transport(request.direction)
        return {**describe_transport(transport), "direction": request.direction, **self._ice_servers()}

    def _ice_servers(self) -> Answer:
        return {"iceServers": [{"urls": url} for url in self._parts.settings.media.ice_servers]}

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
        if seat.audience is not None:
            seat.audience.follow(seat.connection, consumer)
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

    async def _pause_producer(self, seat: Seat, request: m.NamesProducer) -> Answer:
        seat.here.producer(request.producer_id).pause()
        return {"producerId": request.producer_id}

    async def _resume_producer(self, seat: Seat, request: m.NamesProducer) -> Answer:
        seat.here.producer(request.producer_id).resume()
        return {"producerId": request.producer_id}

    async def _close_producer(self, seat: Seat, request: m.NamesProducer) -> Answer:
        seat.here.producer(request.producer_id).close()
        return {"producerId": request.producer_id}

    async def _pause_consumer(self, seat: Seat, request: m.NamesConsumer) -> Answer:
        seat.here.consumer(request.consumer_id).pause()
        return {"consumerId": request.consumer_id}

    async def _resume_consumer(self, seat: Seat, request: m.NamesConsumer) -> Answer:
        seat.here.consumer(request.consumer_id).resume()
        return {"consumerId": request.consumer_id}

    async def _close_consumer(self, seat: Seat, request: m.NamesConsumer) -> Answer:
        consumer = seat.here.consumer(request.consumer_id)
        consumer.app_data["closed_by_owner"] = True
        consumer.close()
        return {"consumerId": request.consumer_id}

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

    def _table(self) -> dict[str, _Event]:
        return {
            "join-room": _Event(m.JoinRoom, "joined-room", self._join),
            "leave-room": _Event(m.Message, "left-room", self._leave_room),
            "get-participants": _Event(m.Message, "participants-list", self._participants),
            "get-room-info": _Event(m.Message, "room-info", self._room_info),
            "create-transport": _Event(m.CreateTransport, "transport-created", self._create_transport),
            "connect-transport": _Event(m.ConnectTransport, "transport-connected", self._connect_transport),
            "restart-ice": _Event(m.NamesTransport, "ice-restarted", self._restart_ice),
            "produce": _Event(m.Produce, "producer-created", self._produce),
            "consume": _Event(m.Consume, "consumer-created", self._consume),
            "pause-producer": _Event(m.NamesProducer, "producer-paused", self._pause_producer),
            "resume-producer": _Event(m.NamesProducer, "producer-resumed", self._resume_producer),
            "close-producer": _Event(m.NamesProducer, "producer-closed", self._close_producer),
            "pause-consumer": _Event(m.NamesConsumer, "consumer-paused", self._pause_consumer),
            "resume-consumer": _Event(m.NamesConsumer, "consumer-resumed", self._resume_consumer),
            "close-consumer": _Event(m.NamesConsumer, "consumer-closed", self._close_consumer),
            "set-preferred-layers": _Event(m.SetPreferredLayers, "", self._prefer_layers),
            "request-keyframe": _Event(m.NamesConsumer, "", self._request_key_frame),
        }


def describe_transport(transport: WebRtcTransport) -> Answer:
    """A transport as mediasoup-client takes it."""
    return {
        "id": transport.id,
        "transportId": transport.id,
        "iceParameters": transport.ice_parameters.to_json(),
        "iceCandidates": [candidate.to_json() for candidate in transport.ice_candidates],
        "dtlsParameters": transport.dtls_parameters.to_json(),
    }


def _carried_back(request: m.Message) -> Answer:
    """What of a request its answering event says again, so that older clients know which it answers."""
    names = {
        "room_id": "roomId",
        "request_id": "requestId",
        "transport_id": "transportId",
        "producer_id": "producerId",
        "consumer_id": "consumerId",
        "direction": "direction",
    }
    found = {told: getattr(request, name, None) for name, told in names.items()}
    return {told: value for told, value in found.items() if value is not None}


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


def _is_called(room: object, name: str) -> bool:
    return isinstance(room, Room) and name.lower() in (room.slug.lower(), room.id.lower())


def _slug(peer: Peer) -> str:
    return peer.room.slug if isinstance(peer.room, Room) else peer.live.id
