"""python-socketio as we need it: messages that cannot be read come to the handler too, bytes are not kept,
and whether a caller waits for an acknowledgement is known. The one file that touches its private names.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any

# What its clients and managers take where it is there, and no server needs: 6 and 20 MB, and half of a start.
_withheld = [name for name in ("requests", "redis") if name not in sys.modules]
sys.modules.update(dict.fromkeys(_withheld))  # type: ignore[arg-type]
import engineio  # noqa: E402
import socketio  # noqa: E402

for _name in _withheld:
    del sys.modules[_name]

from aiohttp import web  # noqa: E402
from engineio.async_drivers.aiohttp import WebSocket as AioWebSocket  # noqa: E402
from engineio.exceptions import EngineIOError  # noqa: E402
from socketio import packet  # noqa: E402

from vtp.json_bounds import MOST_VALUES, has_more_values  # noqa: E402

MAX_MESSAGE_BYTES = 2_000_000  # what is over the payloads' own limits is still answered with a sentence
MAX_WAITING_BYTES = 8_000_000  # for a client that does not read; a full room's pushes are a tenth of it
CONNECT_WITHIN_S = 20.0  # for a client to say who it is once it has reached us, or was disconnected
UNREADABLE = "unreadable-message"
CLOSED_BY_CLIENT = 499  # nginx's, for what nobody is sent
_FROM_CLIENTS = frozenset({packet.CONNECT, packet.DISCONNECT, packet.EVENT, packet.ACK})
_RESERVED = frozenset({"connect", "disconnect", "connect_error", "__disconnect_final", "*"})
LOST_REASONS = frozenset(
    {
        socketio.AsyncServer.reason.PING_TIMEOUT,
        socketio.AsyncServer.reason.TRANSPORT_CLOSE,
        socketio.AsyncServer.reason.TRANSPORT_ERROR,
    }
)
"""Why a connection ends that its client did not end."""
PING_INTERVAL_S = 15.0
PING_TIMEOUT_S = 15.0

_wants_answer: ContextVar[bool] = ContextVar("wants_answer", default=False)

OriginCheck = Callable[[str | None, dict[str, Any]], bool]


def caller_waits() -> bool:
    """Whether the event that is being handled carries an acknowledgement callback."""
    return _wants_answer.get()


class _Json:
    """What the packets are read with: a message that is no JSON, or has too much in it, becomes an event of
    its own."""

    @staticmethod
    def dumps(value: object, **options: Any) -> str:
        return json.dumps(value, **options)

    @staticmethod
    def loads(text: str, **options: Any) -> Any:
        if has_more_values(text, MOST_VALUES):
            return [UNREADABLE]
        try:
            return json.loads(text, **options)
        except (ValueError, RecursionError):
            return [UNREADABLE]


class _Packet(socketio.packet.Packet):  # type: ignore[misc]
    json = _Json
    packet_type: int

    def decode(self, encoded_packet: str | bytes) -> int:
        """Reads a packet. What is none becomes a message that cannot be read, not an error in the log; so
        does what announces bytes: no event takes them, and the library would keep as many as are announced.
        """
        try:
            super().decode(encoded_packet)
            kind = self.packet_type
        except (ValueError, TypeError):
            kind, self.namespace, self.id = packet.CONNECT_ERROR, None, None
        if kind not in _FROM_CLIENTS:
            self.packet_type, self.data = packet.EVENT, [UNREADABLE]
        return 0


class _Frame(engineio.packet.Packet):  # type: ignore[misc]
    """A packet of the transport. One that is none becomes a message that cannot be read: the library would
    end its reading with an error, and leave the rest of the connection to its time limit.
    """

    packet_type: int

    def decode(self, encoded_packet: str | bytes) -> None:
        """Reads a packet."""
        try:
            super().decode(encoded_packet)
            known = self.packet_type < len(engineio.packet.packet_names)
        except (ValueError, RecursionError):
            known = False
        if not known:
            self.binary, self.packet_type, self.data = False, engineio.packet.MESSAGE, UNREADABLE


class _Transport(engineio.async_socket.AsyncSocket):  # type: ignore[misc]
    async def handle_post_request(self, environ: dict[str, Any]) -> None:
        """Takes the packets of a body. What is none, or no client's to send, ends the transport at once,
        answered with 400: the library would wait with its answer until the client asks for what is there.
        """
        try:
            await super().handle_post_request(environ)
        except (ValueError, KeyError, EngineIOError) as error:
            await self.server.give_up(self)
            raise EngineIOError("The body holds no packets.") from error


engineio.packet.Packet, engineio.async_socket.AsyncSocket = _Frame, _Transport


class _Parcel:
    """A packet on its way to one client, gone once it is written: the library's writer holds the last that it
    wrote until there is another, which of a full room is 16 KB for each who listens."""

    __slots__ = ("_packet", "packet_type")

    def __init__(self, packet: Any) -> None:
        self._packet: Any = packet
        self.packet_type: int = packet.packet_type

    @property
    def data(self) -> Any:
        """What the library's log shows of it."""
        return None if self._packet is None else self._packet.data

    def encode(self, b64: bool = False) -> str | bytes:
        """Its text, or its bytes; once."""
        sent, self._packet = self._packet, None
        encoded: str | bytes = sent.encode(b64)
        return encoded


class _Line(AioWebSocket):  # type: ignore[misc]
    """A WebSocket without compression: browsers offer it, and its windows are 0.1 MB for each of them."""

    async def __call__(self, environ: dict[str, Any]) -> web.StreamResponse:
        line = web.WebSocketResponse(max_msg_size=self.server.max_http_buffer_size, compress=False)
        self._sock = line
        try:
            await line.prepare(environ["aiohttp.request"])
        except ConnectionResetError:  # the page was left meanwhile; its session ends by its pings
            return web.Response(status=CLOSED_BY_CLIENT)
        self.environ = environ
        await self.handler(self)
        return line


class _Engine(engineio.AsyncServer):  # type: ignore[misc]
    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._async: dict[str, Any] = {**self._async, "websocket": _Line}

    async def handle_request(self, request: web.Request) -> Any:
        """Answers a request; one for a session that has just ended is as any other of an unknown session."""
        found = self.sockets.get(request.query.get("sid"))
        if found is not None and found.closed:
            del self.sockets[found.sid]
        return await super().handle_request(request)

    async def send_packet(self, sid: str, pkt: Any) -> None:
        """Sends a packet, or ends a connection for which too much waits: who answers pings may not read."""
        found = self.sockets.get(sid)
        if found is not None:
            # A socket takes its whole queue at once: what was put since it was empty is what waits.
            waiting = 0 if found.queue.empty() else getattr(found, "waiting_bytes", 0)
            found.waiting_bytes = waiting + len(pkt.data or "")
            if found.waiting_bytes > MAX_WAITING_BYTES:
                await self.give_up(found)
                return
        await super().send_packet(sid, _Parcel(pkt))

    async def give_up(self, found: Any) -> None:
        """Ends a connection without waiting for its client to take what is there for it."""
        await found.close(wait=False, abort=True)
        while not found.queue.empty():
            found.queue.get_nowait()
        found.queue.put_nowait(None)  # ends its writer, or its poll


def _is_event(data: object) -> bool:
    """A name, and not one of those by which the library calls its own handlers."""
    return isinstance(data, list) and bool(data) and isinstance(data[0], str) and data[0] not in _RESERVED


class SocketServer(socketio.AsyncServer):  # type: ignore[misc]
    """Handles one client's events in order."""

    def __init__(self, allow_origin: OriginCheck) -> None:
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self.on_connected: Callable[[str], None] = lambda connection: None
        """Called with a connection once its client has been told that it is connected."""
        super().__init__(
            async_mode="aiohttp",
            async_handlers=False,
            cors_allowed_origins=allow_origin,
            cors_credentials=False,
            max_http_buffer_size=MAX_MESSAGE_BYTES,
            ping_interval=PING_INTERVAL_S,
            ping_timeout=PING_TIMEOUT_S,
            serializer=_Packet,
            logger=False,
            engineio_logger=False,
        )

    def _engineio_server_class(self) -> type[_Engine]:
        return _Engine

    async def _handle_eio_connect(self, eio_sid: str, environ: dict[str, Any]) -> None:
        await super()._handle_eio_connect(eio_sid, environ)
        self._look_later(eio_sid)

    async def _handle_connect(self, eio_sid: str, namespace: str, data: Any) -> None:
        await super()._handle_connect(eio_sid, namespace, data)
        connection = self.manager.sid_from_eio_sid(eio_sid, namespace or "/")
        if connection is not None and self.manager.is_connected(connection, namespace or "/"):
            self.on_connected(connection)

    async def _handle_eio_disconnect(self, eio_sid: str, reason: str) -> None:
        try:
            await super()._handle_eio_disconnect(eio_sid, reason)
        finally:
            self._forget_timer(eio_sid)

    async def disconnect(self, sid: str, namespace: str | None = None, ignore_queue: bool = False) -> None:
        """Disconnects a client, whose transport ends soon too; most close it by themselves."""
        eio_sid = self.manager.eio_sid_from_sid(sid, namespace or "/")
        await super().disconnect(sid, namespace, ignore_queue)
        if eio_sid is not None:
            self._look_later(eio_sid)

    async def _handle_disconnect(self, eio_sid: str, namespace: str, reason: str | None = None) -> None:
        await super()._handle_disconnect(eio_sid, namespace, reason)
        self._look_later(eio_sid)

    async def end(self) -> None:
        """Ends all transports after what waits for them; clients of a server that restarts come back."""
        for found in list(self.eio.sockets.values()):
            if not found.closed:
                await found.close(wait=False)
                found.queue.put_nowait(None)
        await self.shutdown()

    def _look_later(self, eio_sid: str) -> None:
        self._forget_timer(eio_sid)
        if eio_sid in self.eio.sockets:
            later = asyncio.get_running_loop().call_later(CONNECT_WITHIN_S, self._look_if_silent, eio_sid)
            self._timers[eio_sid] = later

    def _forget_timer(self, eio_sid: str) -> None:
        timer = self._timers.pop(eio_sid, None)
        if timer is not None:
            timer.cancel()

    def _look_if_silent(self, eio_sid: str) -> None:
        """Ends a transport that nobody has connected on: it would be free to hold for ever."""
        self._timers.pop(eio_sid, None)
        found = self.eio.sockets.get(eio_sid)
        if found is not None and not self.manager.sid_from_eio_sid(eio_sid, "/"):
            self.start_background_task(self.eio.give_up, found)

    async def _handle_event(self, eio_sid: str, namespace: str, id: int | None, data: Any) -> None:
        token = _wants_answer.set(id is not None)
        try:
            await super()._handle_event(eio_sid, namespace, id, data if _is_event(data) else [UNREADABLE])
        finally:
            _wants_answer.reset(token)

    def handle_all(self, handler: Callable[..., Awaitable[Any]]) -> None:
        """Calls `handler(event, sid, *arguments)` for every event but connect and disconnect."""
        self.on("*", handler)
