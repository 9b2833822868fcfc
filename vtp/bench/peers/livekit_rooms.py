"""Rooms of a LiveKit server from its clients' side: each publisher and each subscriber is a participant."""

import asyncio
import contextlib
import dataclasses
import secrets
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import aiohttp
import jwt

from vtp.bench.client_sdp import Answer, OfferedMedia, parse_answer, write_offer
from vtp.bench.driver import ClientDriver
from vtp.bench.peers.connect import Caller, add_client, connect, sent_media
from vtp.bench.peers.livekit_session import LiveKitSession
from vtp.bench.sfu import Leg, View

TOKEN_S = 6 * 3600


@dataclass(frozen=True)
class Participant:
    """What a Leg is for LiveKit: its signalling, and of a publisher what it offered and its tracks as (id,
    kind)."""

    session: LiveKitSession
    media: tuple[OfferedMedia, ...] = ()
    tracks: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Access:
    """Where the server is, and the key that tokens are signed with."""

    url: str
    key: str
    secret: str

    def token(self, room: str, *, publishes: bool) -> str:
        """A participant's token with a name of its own (docs.livekit.io, "Tokens and grants")."""
        now = int(time.time())
        grant = {"room": room, "roomJoin": True, "canPublish": publishes, "canSubscribe": not publishes}
        claims = {"iss": self.key, "sub": secrets.token_hex(8), "nbf": now - 60, "exp": now + TOKEN_S}
        return jwt.encode({**claims, "video": grant}, self.secret, "HS256")


class LiveKitRooms:
    """The rooms of one server; a room is there with its first participant."""

    def __init__(self, http: aiohttp.ClientSession, access: Access, driver: ClientDriver) -> None:
        self._http = http
        self._access = access
        self._driver = driver
        self._sessions: set[LiveKitSession] = set()

    async def publish(self, room: str, media: Sequence[OfferedMedia]) -> Leg:
        """Joins the room, announces the tracks and sends. Raises PeerError, ConnectError."""
        caller, posted_ns = Caller(), time.time_ns()
        async with self._joined(room, publishes=True) as session:
            names = [(f"{caller.cname}-{line.mid}", line.kind) for line in media]
            for name, kind in names:
                await session.add_track(name, kind)
            await session.until_published([name for name, _ in names])
            client, answer = await self._connect(session, caller, media)
            tracks = tuple((session.tracks[name], kind) for name, kind in names)
            participant = Participant(session, tuple(media), tracks)
            return Leg(client, sent_media(media, answer), posted_ns, time.time_ns(), participant)

    async def subscribe(self, room: str, views: Sequence[View]) -> Leg:
        """Joins the room and receives the publishers' tracks over one PeerConnection. Raises PeerError,
        ConnectError."""
        caller, posted_ns = Caller(), time.time_ns()
        tracks = {
            track: view.publisher
            for view in views
            for track, kind in view.publisher.handle.tracks
            if kind in view.kinds
        }
        async with self._joined(room, publishes=False) as session:
            await session.subscribe(list(tracks))
            wanted = [line for view in views for line in _wanted(view)]
            await session.until_sections([line.kind for line in wanted])
            lines = [dataclasses.replace(line, mid=str(mid)) for mid, line in enumerate(wanted)]
            client, answer = await self._connect(session, caller, lines)
            origins = [tracks[line.track] for line in answer.media]
            return Leg(client, answer.media, posted_ns, time.time_ns(), Participant(session), origins)

    async def leave(self, leg: Leg) -> None:
        """Ends a participant on both sides."""
        self._driver.remove_client(leg.client)
        await leg.handle.session.close()
        self._sessions.discard(leg.handle.session)

    async def close(self) -> None:
        """Ends whoever is still there."""
        await asyncio.gather(*(session.close() for session in self._sessions))
        self._sessions.clear()

    @contextlib.asynccontextmanager
    async def _joined(self, room: str, *, publishes: bool) -> AsyncIterator[LiveKitSession]:
        """A participant's signalling, which stays when the block ends well."""
        token = self._access.token(room, publishes=publishes)
        session = await LiveKitSession.connect(self._http, self._access.url, token)
        try:
            yield session
        except BaseException:
            await session.close()
            raise
        self._sessions.add(session)

    async def _connect(
        self, session: LiveKitSession, caller: Caller, media: Sequence[OfferedMedia]
    ) -> tuple[int, Answer]:
        """Offers, and waits for ICE and DTLS. The candidates come beside the answer."""
        offer = write_offer(media, caller.ice, self._driver.identity.fingerprint, caller.cname)
        answer = parse_answer(await session.offer(offer), candidates_follow=True)
        answer.candidates += session.candidates
        client, remote = add_client(self._driver, caller, answer)
        await connect(self._driver, client, remote)
        return client, answer


def _wanted(view: View) -> list[OfferedMedia]:
    """Lines to receive what the publisher offered, of the kinds that are viewed."""
    offered: Participant = view.publisher.handle
    return [dataclasses.replace(m, ssrc=0, rtx_ssrc=0) for m in offered.media if m.kind in view.kinds]
