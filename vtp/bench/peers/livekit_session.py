"""LiveKit's signalling from a client's side: protobuf over a WebSocket, one connection per participant.

The client of today has a single PeerConnection and always is the one to offer (`/rtc/v1`): a subscriber
asks for tracks, hears how many media sections they need, and offers so many to receive. The numbers are
those of livekit_rtc.proto and livekit_models.proto in LiveKit's protocol repository.
"""

import asyncio
import base64
import contextlib
import json
import time
from collections.abc import Callable, Sequence

import aiohttp

from vtp.bench.client_sdp import parse_candidate
from vtp.bench.peers.connect import PeerError
from vtp.bench.peers.protobuf import Field, Fields, decode, encode, first_bytes, first_int, text

ANSWER_LIMIT_S = 10.0
PING_S = 5.0
CLOSE_S = 1.0
PROTOCOL = 16
_OFFER, _ADD_TRACK, _SUBSCRIPTION, _LEAVE, _PING = 1, 4, 6, 8, 16  # fields of SignalRequest
_TRACK_TYPES = {"audio": 0, "video": 1}
_SOURCES = {"audio": 2, "video": 1}  # microphone, camera


class LiveKitSession:
    """One participant. What the server says is noted here; who waits for it is woken."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._changed = asyncio.Condition()
        self._tasks: list[asyncio.Task[None]] = []
        self._end = ""
        self._takers: dict[int, Callable[[Fields], None]] = {
            1: self._take_join,
            2: self._take_answer,
            4: self._take_candidate,
            6: self._take_published,
            8: self._take_leave,
            25: self._take_sections,
        }
        self._joined = False
        self._answer = ""
        self._sections = (0, 0)
        self.tracks: dict[str, str] = {}
        """Server's track id by our own."""
        self.candidates: list[tuple[str, int]] = []

    @classmethod
    async def connect(cls, http: aiohttp.ClientSession, url: str, token: str) -> "LiveKitSession":
        """Joins as the participant the token names, subscribed to nothing yet. Raises PeerError."""
        query = {"access_token": token, "join_request": join_request()}
        try:
            async with asyncio.timeout(ANSWER_LIMIT_S):
                closing = aiohttp.ClientWSTimeout(ws_close=CLOSE_S)
                socket = await http.ws_connect(url, params=query, timeout=closing)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise PeerError(f"LiveKit does not answer at {url}: {error}.") from error
        session = cls(socket)
        session._tasks = [
            asyncio.create_task(session._read(), name="livekit-read"),
            asyncio.create_task(session._ping(), name="livekit-ping"),
        ]
        try:
            await session._until("that we have joined", lambda: session._joined)
        except PeerError:
            await session.close()
            raise
        return session

    async def add_track(self, own_id: str, kind: str) -> None:
        """Announces a track; the offer that follows has it under the same id."""
        names: list[Field] = [(1, own_id), (2, own_id)]
        await self._send(_ADD_TRACK, encode([*names, (3, _TRACK_TYPES[kind]), (8, _SOURCES[kind])]))

    async def offer(self, sdp: str) -> str:
        """Offers; gives the answer, once it and a candidate of the server's are there. Raises PeerError."""
        self._answer = ""
        await self._send(_OFFER, encode([(1, "offer"), (2, sdp), (3, 1)]))
        await self._until("its answer and a candidate", lambda: bool(self._answer and self.candidates))
        return self._answer

    async def subscribe(self, tracks: Sequence[str]) -> None:
        """Asks for tracks by the server's ids."""
        await self._send(_SUBSCRIPTION, encode([*((1, track) for track in tracks), (2, 1)]))

    async def until_published(self, own_ids: Sequence[str]) -> None:
        """Waits until announced tracks have ids of the server. Raises PeerError, as all waiting does."""
        await self._until("that the tracks are published", lambda: set(own_ids) <= set(self.tracks))

    async def until_sections(self, kinds: Sequence[str]) -> None:
        """Waits until the server says that these kinds need a media section each."""
        needed = (kinds.count("audio"), kinds.count("video"))
        await self._until("how many media sections it needs", lambda: self._sections == needed)

    async def close(self) -> None:
        """Leaves the room."""
        with contextlib.suppress(PeerError):
            await self._send(_LEAVE, encode([(2, 1)]))  # reason: client initiated
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._socket.close()

    async def _send(self, number: int, message: bytes) -> None:
        try:
            await self._socket.send_bytes(encode([(number, message)]))
        except (ConnectionError, aiohttp.ClientError) as error:
            raise PeerError("LiveKit has closed the connection.") from error

    async def _read(self) -> None:
        async for frame in self._socket:
            if frame.type is aiohttp.WSMsgType.BINARY:
                await self._take(frame.data)
        async with self._changed:
            self._end = self._end or "LiveKit has closed the connection."
            self._changed.notify_all()

    async def _take(self, message: bytes) -> None:
        """Notes one SignalResponse; what the benchmark has no use for is let go."""
        async with self._changed:
            for number, take in self._takers.items():
                for body in decode(message).get(number, []):
                    take(decode(body) if isinstance(body, bytes) else {})
            self._changed.notify_all()

    def _take_join(self, _: Fields) -> None:
        self._joined = True

    def _take_answer(self, fields: Fields) -> None:
        self._answer = text(fields, 2)

    def _take_candidate(self, fields: Fields) -> None:
        init = json.loads(text(fields, 1))
        candidate = parse_candidate(init["candidate"].removeprefix("candidate:"))
        if candidate is not None:
            self.candidates.append(candidate)

    def _take_published(self, fields: Fields) -> None:
        self.tracks[text(fields, 1)] = text(decode(first_bytes(fields, 2)), 1)

    def _take_leave(self, fields: Fields) -> None:
        self._end = f"LiveKit ends the session (reason {first_int(fields, 2)})."

    def _take_sections(self, fields: Fields) -> None:
        self._sections = (first_int(fields, 1), first_int(fields, 2))

    async def _until(self, what: str, there: Callable[[], bool]) -> None:
        try:
            async with asyncio.timeout(ANSWER_LIMIT_S), self._changed:
                await self._changed.wait_for(lambda: bool(self._end) or there())
        except TimeoutError as error:
            raise PeerError(f"LiveKit does not say {what}.") from error
        if self._end:
            raise PeerError(self._end)

    async def _ping(self) -> None:
        while True:
            await asyncio.sleep(PING_S)
            with contextlib.suppress(PeerError):
                await self._send(_PING, encode([(1, time.time_ns() // 1_000_000)]))


def join_request() -> str:
    """How `/rtc/v1` is joined: a wrapped JoinRequest in the URL, without automatic subscription."""
    client = encode([(3, PROTOCOL)])
    settings = encode([(1, 0), (2, 0), (3, 0)])  # auto_subscribe, adaptive_stream, subscriber_allow_pause
    request = encode([(1, client), (2, settings)])
    return base64.urlsafe_b64encode(encode([(1, 0), (2, request)])).decode()
