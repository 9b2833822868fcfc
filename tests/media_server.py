"""A media plane with its WHIP and WHEP routes behind the real HTTP stack, and aiortc as the browser.

Rooms and accounts are the test's: `RoomList` knows two rooms, a bearer token names its principal.
"""

import asyncio
import fractions
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import av
import numpy as np
from aiohttp import web
from aiohttp.test_utils import TestServer
from aiortc import (
    MediaStreamTrack,
    RTCBundlePolicy,
    RTCConfiguration,
    RTCPeerConnection,
    RTCRtpSender,
    RTCSessionDescription,
)

from vtp.accounts.authenticator import Changes, Concerns
from vtp.accounts.guest_tokens import GuestTokens
from vtp.doors import Doors
from vtp.errors import NotFound
from vtp.http.application import HttpParts, build_application
from vtp.http.dispatch import Dispatcher
from vtp.http.identity import Principal, Role
from vtp.http.metrics import HttpMetrics
from vtp.http.pages import Pages
from vtp.http.routing import RouteTable
from vtp.http.security import BrowserGuard
from vtp.http.throttle import Throttle
from vtp.media.plane import MediaPlane, start_media
from vtp.media.transport import WebRtcTransport
from vtp.rooms.ban_list import BanList
from vtp.rooms.entrance import Entrance
from vtp.rooms.live import LiveRoom, LiveRooms
from vtp.rooms.program import Presenter
from vtp.rooms.store import Room
from vtp.settings import Settings
from vtp.signalling.routes import build_routes

WIDTH, HEIGHT, BITS = 320, 240, 8
VIDEO_CLOCK = fractions.Fraction(1, 90_000)
AUDIO_CLOCK = fractions.Fraction(1, 48_000)
AUDIO_SAMPLES = 960


def listed_room(slug: str, room_id: str) -> Room:
    """A room without an owner."""
    return Room(room_id, slug, slug, None, {}, datetime(2026, 1, 1, tzinfo=UTC))


class RoomList:
    """The rooms service's `find`, over two rooms."""

    def __init__(self) -> None:
        self.rooms = {
            "physics": listed_room("physics", "0193a000-0000-7000-8000-000000000001"),
            "maths": listed_room("maths", "0193a000-0000-7000-8000-000000000002"),
        }

    async def as_here(self, principal: Principal, room: Room) -> Principal:
        return principal

    async def find(self, reference: str) -> Room:
        for slug, room in self.rooms.items():
            if reference in (slug, room.room_id):
                return room
        raise NotFound("There is no such room.")


class NamedPrincipals:
    """`Bearer alice` is the verified teacher alice; `Bearer watcher-…` may only watch; no token is nobody."""

    def __init__(self) -> None:
        self._changes = Changes(timedelta(minutes=15))
        self.guests = GuestTokens(self._changes.tell)

    def add_listener(self, listener: Callable[[Concerns], None]) -> None:
        self._changes.add_listener(listener)

    async def authenticate(self, request: web.Request) -> Principal | None:
        scheme, _, name = request.headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer":
            return None
        return Principal(
            user_id=name,
            email="",
            full_name=name.title(),
            role=Role.TEACHER,
            verified=True,
            room=None,
            publish=not name.startswith("watcher"),
            watch=True,
            token_id=name,
            session_id=None,
        )


@dataclass
class MediaServer:
    plane: MediaPlane
    live_rooms: LiveRooms
    rooms: RoomList
    url: str
    http: aiohttp.ClientSession

    def room(self, slug: str = "physics") -> LiveRoom:
        found = self.live_rooms.get(self.rooms.rooms[slug].room_id)
        assert found is not None
        return found


def webrtc_transports(live: LiveRoom) -> list[WebRtcTransport]:
    """Those of a room's transports that are not plain RTP."""
    return [one for one in live.router.transports.values() if isinstance(one, WebRtcTransport)]


async def nobody_is_banned(live: LiveRoom) -> None:
    live.part(BanList).take(())


@asynccontextmanager
async def running_server(threads: int = 1, **settings: object) -> AsyncIterator[MediaServer]:
    """Serves WHIP and WHEP on loopback; all is closed at the end."""
    media = {"host": "127.0.0.1", "udp_port": 0, "threads": threads, **settings}
    configured = Settings.model_validate({"media": media, "http": {"tls": "off"}})
    plane = await start_media(configured)
    live_rooms = LiveRooms(plane, configured)
    rooms = RoomList()
    entrance = Entrance(live_rooms, nobody_is_banned)
    routes = build_routes(live_rooms, entrance, rooms, configured, NamedPrincipals())
    server = TestServer(_application(configured, routes))
    await server.start_server()
    async with aiohttp.ClientSession() as http:
        yield MediaServer(plane, live_rooms, rooms, str(server.make_url("")).rstrip("/"), http)
    await server.close()
    await live_rooms.close()
    await plane.close()


def _application(settings: Settings, *tables: RouteTable) -> web.Application:
    guard = BrowserGuard([])
    dispatcher = Dispatcher(settings, NamedPrincipals(), Throttle(settings.limits), guard, None, Doors())
    parts = HttpParts(
        settings=settings,
        dispatcher=dispatcher,
        guard=guard,
        metrics=HttpMetrics(),
        pages=Pages(Path("/nonexistent")),
        https_port=lambda: 0,
        lasting_tls=lambda: False,
    )
    return build_application(parts, tables)


class NumberedPicture(MediaStreamTrack):
    """A camera whose picture carries its frame number in eight black or white columns."""

    kind = "video"

    def __init__(self, first: int = 0, fps: int = 15) -> None:
        super().__init__()
        self._first, self._number, self._fps, self._started_s = first, first, fps, 0.0

    async def recv(self) -> av.VideoFrame:
        loop = asyncio.get_running_loop()
        self._started_s = self._started_s or loop.time()
        self._number += 1
        due_s = self._started_s + (self._number - self._first) / self._fps
        await asyncio.sleep(max(0.0, due_s - loop.time()))
        frame = av.VideoFrame.from_ndarray(draw_number(self.number_drawn()), format="gray").reformat(
            format="yuv420p"
        )
        frame.pts, frame.time_base = self._number * 90_000 // self._fps, VIDEO_CLOCK
        return frame

    def number_drawn(self) -> int:
        """What the next picture carries."""
        return self._number


class Tone(MediaStreamTrack):
    """A microphone that hears a tone."""

    kind = "audio"

    def __init__(self, hertz: float = 440.0) -> None:
        super().__init__()
        self._hertz, self._samples, self._started_s = hertz, 0, 0.0

    async def recv(self) -> av.AudioFrame:
        loop = asyncio.get_running_loop()
        self._started_s = self._started_s or loop.time()
        await asyncio.sleep(max(0.0, self._started_s + self._samples / 48_000 - loop.time()))
        at = (np.arange(AUDIO_SAMPLES) + self._samples) / 48_000
        wave = (8000 * np.sin(2 * np.pi * self._hertz * at)).astype(np.int16)
        frame = av.AudioFrame.from_ndarray(wave.reshape(1, -1), format="s16", layout="mono")
        frame.pts, frame.sample_rate, frame.time_base = self._samples, 48_000, AUDIO_CLOCK
        self._samples += AUDIO_SAMPLES
        return frame


def draw_number(number: int) -> np.ndarray:
    picture = np.full((HEIGHT, WIDTH), 16, dtype=np.uint8)
    for bit in range(BITS):
        if number >> bit & 1:
            picture[:, bit * WIDTH // BITS : (bit + 1) * WIDTH // BITS] = 235
    return picture


def read_number(frame: av.VideoFrame) -> int:
    luma = frame.to_ndarray(format="gray")
    columns = [luma[:, (2 * bit + 1) * luma.shape[1] // (2 * BITS)].mean() for bit in range(BITS)]
    return sum((mean > 125) << bit for bit, mean in enumerate(columns))


class Client:
    """One aiortc peer connection and its session on the server."""

    def __init__(self, server: MediaServer, token: str) -> None:
        self.server = server
        self.token = token
        configuration = RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)
        self.connection = RTCPeerConnection(configuration)
        self.tracks: dict[str, MediaStreamTrack] = {}
        self.connection.on("track", lambda track: self.tracks.__setitem__(track.kind, track))
        self.closed = asyncio.Event()
        self.connection.on("connectionstatechange", self._state_changed)
        self.location = self.etag = self.notice = ""

    def _state_changed(self) -> None:
        if self.connection.connectionState in ("closed", "failed"):
            self.closed.set()

    async def offer(self) -> str:
        await self.connection.setLocalDescription(await self.connection.createOffer())
        return self.connection.localDescription.sdp

    async def post(self, path: str, sdp: str) -> aiohttp.ClientResponse:
        headers = {"Content-Type": "application/sdp", "Authorization": f"Bearer {self.token}"}
        return await self.server.http.post(f"{self.server.url}{path}", data=sdp, headers=headers)

    async def call(
        self, method: str, data: str | None = None, headers: Mapping[str, str] | None = None
    ) -> aiohttp.ClientResponse:
        all_headers = {"Authorization": f"Bearer {self.token}", **(headers or {})}
        url = self.server.url + self.location
        return await self.server.http.request(method, url, data=data, headers=all_headers)

    async def start(self, path: str) -> None:
        async with await self.post(path, await self.offer()) as response:
            answer = await response.text()
            assert response.status == 201, answer
            self.location, self.etag = response.headers["Location"], response.headers["ETag"]
            self.notice = response.headers.get("Vtp-Notice", "")
        await self.connection.setRemoteDescription(RTCSessionDescription(answer, "answer"))

    async def publish(self, path: str = "/whip/physics", *, codec: str = "video/VP8", first: int = 0) -> None:
        self.connection.addTrack(Tone())
        self.connection.addTrack(NumberedPicture(first))
        codecs = RTCRtpSender.getCapabilities("video").codecs
        wanted = [c for c in codecs if c.mimeType in (codec, "video/rtx")]
        self.connection.getTransceivers()[1].setCodecPreferences(wanted if codec else [])
        await self.start(path)

    async def watch(self, path: str = "/whep/physics", kinds: Sequence[str] = ("audio", "video")) -> None:
        for kind in kinds:
            self.connection.addTransceiver(kind, direction="recvonly")
        await self.start(path)

    async def see(self, count: int) -> list[int]:
        """The next `count` frame numbers."""
        return [read_number(await self.tracks["video"].recv()) for _ in range(count)]  # type: ignore[arg-type]

    async def hear(self) -> float:
        """The strongest frequency of half a second of sound that is not silent, in Hz."""
        samples: list[np.ndarray] = []
        while sum(len(part) for part in samples) < 24_000:
            frame = await self.tracks["audio"].recv()
            part = frame.to_ndarray().reshape(-1, len(frame.layout.channels))[:, 0]  # type: ignore[union-attr]
            if samples or np.abs(part).max() > 1000:
                samples.append(part)
        wave = np.concatenate(samples).astype(float)
        spectrum = np.abs(np.fft.rfft(wave * np.hanning(len(wave))))
        return float(np.argmax(spectrum)) * 48_000 / len(wave)


@asynccontextmanager
async def client(server: MediaServer, token: str) -> AsyncIterator[Client]:
    made = Client(server, token)
    try:
        yield made
    finally:
        await made.connection.close()


def presenter_of(server: MediaServer) -> Presenter:
    """Who presents in the room of physics."""
    presenter = server.room().program.claim
    assert presenter is not None
    return presenter
