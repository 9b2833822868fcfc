"""Socket.IO: the events of the contract, answered by acknowledgement and, to older clients, by an event."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from socketio.exceptions import ConnectionRefusedError as Refused

from vtp.accounts.audit import Origin
from vtp.accounts.refusals import origin_of_request
from vtp.errors import Conflict, Invalid, NotSignedIn, RateLimited, Unavailable, VtpError
from vtp.http.client import Client
from vtp.http.errors import problem_of, problem_of_error
from vtp.http.identity import Principal, guest_of_open_rooms
from vtp.http.keys import CLIENT
from vtp.limits import WindowLimiter
from vtp.rooms.live import SHUTTING_DOWN
from vtp.rooms.service import RoomService
from vtp.rooms.store import Room
from vtp.settings import Settings
from vtp.signalling import messages as m
from vtp.signalling.calls import Calls
from vtp.signalling.crowds import Crowd, Crowds
from vtp.signalling.features import Feature, Gate
from vtp.signalling.outbox import Outbox
from vtp.signalling.protocol import SignallingProtocol
from vtp.signalling.seats import Answer, Seat
from vtp.signalling.shapes import CONNECTION_EVENTS, ROOM_PUSHES
from vtp.signalling.socket_server import LOST_REASONS, UNREADABLE, SocketServer
from vtp.tasks import Tasks

logger = logging.getLogger(__name__)

PATH = "socket.io"
CALL_WINDOW_S = 10.0
SETTLE_S = 0.5


@dataclass(frozen=True, slots=True)
class SocketParts:
    """What the face works with."""

    settings: Settings
    rooms: RoomService
    read_token: Callable[[str], Principal]
    tasks: Tasks
    features: Sequence[Feature]
    gate: Gate


class SocketFace:
    """Mounted into the application by `attach`."""

    def __init__(self, parts: SocketParts) -> None:
        self._parts = parts
        self._closed = False
        self._seats: dict[str, Seat] = {}
        self._wishes: dict[str, tuple[str, int]] = {}  # to go on, of connections that are being made
        self._crowds = Crowds()
        self._crowds_by_connection: dict[str, list[Crowd]] = {}
        limits = parts.settings.limits
        self._calls = WindowLimiter(limits.signalling_calls_per_10_seconds, CALL_WINDOW_S)
        self._announcements = WindowLimiter(limits.signalling_announcements_per_10_seconds, CALL_WINDOW_S)
        self._server = SocketServer(self._allows_origin)
        self._outbox = Outbox(self._push)
        self._room_calls = Calls(parts.rooms, self._outbox, parts.features, parts.gate)
        self._events = self._room_calls.table()
        self._server.on("connect", self._connect)
        self._server.on("disconnect", self._disconnect)
        self._server.handle_all(self._receive)
        self._server.on_connected = self._connected
        parts.tasks.start(self._outbox.run(), "signalling pushes")

    @property
    def protocol(self) -> SignallingProtocol:
        """All that this face takes and says."""
        parts = self._parts.features
        return SignallingProtocol(
            calls=self._events,
            pushes={**ROOM_PUSHES, **{name: shape for one in parts for name, shape in one.pushes.items()}},
            connection_events=CONNECTION_EVENTS,
            states={name: shape for one in parts for name, shape in one.states.items()},
        )

    @property
    def connection_count(self) -> int:
        """How many are connected, in a room or not."""
        return len(self._seats)

    def attach(self, application: web.Application) -> None:
        """Adds `/socket.io/` to the application."""
        self._server.attach(application, PATH)

    async def close(self) -> None:
        """Tells everybody in a room, then ends all connections. Before the web server's end, which waits."""
        self._closed = True
        self._room_calls.say_goodbye(SHUTTING_DOWN)
        with suppress(TimeoutError):
            async with asyncio.timeout(SETTLE_S):
                await self._outbox.settle()
        for seat in list(self._seats.values()):
            self._room_calls.end(seat)
        for lost in self._room_calls.lost_seats:
            self._room_calls.end(lost)
        await self._server.end()

    def end_sessions(self, ended: Callable[[Principal], bool]) -> None:
        """Disconnects whoever `ended` says may not go on."""
        for seat in list(self._seats.values()):
            if ended(seat.principal):
                self._room_calls.end(seat)
                self._disconnect_later(seat.connection)
        for lost in self._room_calls.lost_seats:
            if ended(lost.principal):
                self._room_calls.end(lost)

    @property
    def people(self) -> set[str]:
        """The accounts that are connected."""
        seats = self._seats.values()
        return {one.principal.user_id for one in seats if one.principal.user_id is not None and not one.ended}

    def tell_people(self, user_ids: Collection[str], event: str, data: Mapping[str, Any]) -> None:
        """Pushes something to all connections of these accounts, in a room or not; it is not kept for who
        is lost."""
        for seat in list(self._seats.values()):
            if seat.principal.user_id in user_ids and not seat.ended:
                self._outbox.put(event, dict(data), seat.connection)

    def _disconnect_later(self, connection: str) -> None:
        self._parts.tasks.start(self._server.disconnect(connection), "signalling disconnect")

    # Connections

    def _allows_origin(self, origin: str | None, environ: dict[str, Any]) -> bool:
        """Pages from here and from `http.cors_origins`; programs, which name no origin."""
        if origin is None:
            return True
        client: Client = environ["aiohttp.request"][CLIENT]
        http = self._parts.settings.http
        return origin.lower() in (client.origin, http.public_url, *http.cors_origins)

    async def _connect(self, connection: str, environ: dict[str, Any], auth: object = None) -> None:
        try:
            if self._closed:
                raise Unavailable(SHUTTING_DOWN, retry_after_s=10)
            given = auth if isinstance(auth, dict) else {}
            principal, by_event = self._identify(given)
            origin = origin_of_request(environ["aiohttp.request"])
            crowds = self._crowds_of(principal, origin)
            self._crowds.add(crowds)
        except VtpError as error:
            raise Refused(error.detail, {"code": error.code, "problem": problem_of_error(error)}) from None
        wish = _read_resume(given)
        resumes = given.get("resume") is True or wish is not None
        self._seats[connection] = Seat(connection, principal, by_event, origin, resumes)
        self._crowds_by_connection[connection] = crowds
        if wish is not None:
            self._wishes[connection] = wish

    def _crowds_of(self, principal: Principal, origin: Origin) -> list[Crowd]:
        """A link's guests are counted by address alone: a whole class comes by one link."""
        limits = self._parts.settings.limits
        crowds = [Crowd(f"address {origin.ip}", limits.signalling_connections_per_address, "this address")]
        if principal.user_id is not None:
            most = limits.signalling_connections_per_account
            crowds.append(Crowd(f"account {principal.user_id}", most, "this account"))
        return crowds

    def _connected(self, connection: str) -> None:
        """The client knows that it is connected: now it can be told what it missed."""
        wish, seat = self._wishes.pop(connection, None), self._seats.get(connection)
        if wish is None or seat is None:
            return
        try:
            older = self._room_calls.resume(seat, *wish)
        except VtpError as error:
            failed = {"code": error.code, "error": error.detail}
            self._outbox.put("resume-failed", failed, connection)
            return
        if older is not None:
            self._disconnect_later(older)

    def _identify(self, given: dict[str, Any]) -> tuple[Principal, bool]:
        token = given.get("token")
        by_event = given.get("answers") != "ack"
        if isinstance(token, str) and token:
            return self._parts.read_token(token.removeprefix("Bearer ").strip()), by_event
        if self._parts.settings.rooms.open:
            return guest_of_open_rooms(), by_event
        raise NotSignedIn("Connect with an access token in `auth.token`.")

    async def _disconnect(self, connection: str, reason: str = "") -> None:
        seat = self._seats.pop(connection, None)
        self._wishes.pop(connection, None)
        self._crowds.remove(self._crowds_by_connection.pop(connection, []))
        if seat is None or seat.ended:
            return
        if reason in LOST_REASONS and not self._closed:
            self._room_calls.lose(seat)
        else:
            self._room_calls.end(seat)

    async def _push(self, event: str, data: dict[str, Any], to: str) -> None:
        await self._server.emit(event, data, to=to)

    # Calls

    async def _receive(self, event: str, connection: str, *arguments: object) -> Answer:
        seat = self._seats.get(connection)
        if seat is None or seat.ended:
            ended = problem_of(
                409, "This connection has ended: connect again.", code="not_connected", instance=event[:64]
            )
            return {"ok": False, "error": ended["error"], "code": ended["code"], "problem": ended}
        try:
            answer, name, request = await self._call(seat, event, arguments)
        except VtpError as error:
            return self._fail(seat, event, problem_of_error(error, instance=event), arguments)
        except Exception:
            logger.exception("The signalling event %r failed.", event)
            sentence = "Something went wrong here; it is in the log."
            return self._fail(seat, event, problem_of(500, sentence, instance=event), arguments)
        if seat.answers_by_event and name and seat.waiting is None:  # who waits is answered when let in
            self._outbox.put(name, {**_carried_back(request), **answer}, connection)
        return {"ok": True, **answer}

    async def _call(
        self, seat: Seat, event: str, arguments: tuple[object, ...]
    ) -> tuple[Answer, str, m.Message]:
        wait_s = self._calls.take(seat.connection, time.monotonic())
        if wait_s > 0:
            raise RateLimited("Too many calls on this connection; wait a moment.", retry_after_s=wait_s)
        if event == UNREADABLE:
            raise Invalid(
                "This message is no Socket.IO event that can be read, or has too much in it.",
                code="malformed",
            )
        known = self._events.get(event)
        if known is None:
            raise Invalid(
                f"There is no call {event[:64]!r}; docs/protocol.md lists those there are.",
                code="unknown_event",
            )
        expires_s = seat.principal.expires_at_s
        if expires_s is not None and expires_s < time.time():
            raise NotSignedIn("Your link has expired.", code="token_expired")
        request = m.read_payload(known.model, arguments)
        if known.model is not m.JoinRoom:
            self._check_room(seat, request.room_id)
        if known.announces:
            self._check_announcements(seat)
        return await known.handle(seat, request), known.answer, request

    def _check_announcements(self, seat: Seat) -> None:
        """An account is counted as a whole, each guest of a link alone. Raises RateLimited."""
        principal = seat.principal
        key = seat.connection if principal.user_id is None else principal.limit_key
        wait_s = self._announcements.take(key, time.monotonic())
        if wait_s > 0:
            raise RateLimited(
                "Everybody in the room is told of this, and you have done it often; wait a moment.",
                retry_after_s=wait_s,
            )

    def _fail(self, seat: Seat, event: str, problem: dict[str, Any], arguments: tuple[object, ...]) -> Answer:
        failed = {"error": problem["error"], "code": problem["code"]}
        if seat.answers_by_event:
            request_id = m.request_id_of(arguments)
            extra = {} if request_id is None else {"requestId": request_id}
            self._outbox.put("error", {**failed, "event": event[:64], **extra}, seat.connection)
        return {"ok": False, **failed, "problem": problem}

    @staticmethod
    def _check_room(seat: Seat, name: str | None) -> None:
        if name is not None and seat.stay is not None and not _is_called(seat.stay.peer.room, name):
            raise Conflict(
                "You are in another room: leave it first, or leave out roomId.", code="in_another_room"
            )


def _read_resume(given: dict[str, Any]) -> tuple[str, int] | None:
    """The `resume_token` and `seq` of a client that wants to go on; without a number: from a snapshot.

    What is no string opens no place, and is answered as any other wrong token.
    """
    token, seq = given.get("resume_token"), given.get("seq")
    if token is None or token == "":
        return None
    token = token if isinstance(token, str) else ""
    return token, seq if isinstance(seq, int) and not isinstance(seq, bool) else -1


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


def _is_called(room: Room, name: str) -> bool:
    return name.lower() in (room.slug.lower(), room.id.lower())
