"""The videoroom plugin from a client's side: rooms, publishers that offer, subscribers that are offered to.

Each publisher and each subscriber has a handle of its own, as pages that use janus.js have. The subscriber's
half is the multistream API of Janus 1.x: it names the feed's streams that it wants.
"""

import dataclasses
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from vtp.bench.client_answer import write_answer
from vtp.bench.client_dtls import Role
from vtp.bench.client_sdp import OfferedMedia, parse_answer, write_offer
from vtp.bench.driver import ClientDriver
from vtp.bench.peers.connect import Caller, PeerError, add_client, connect, sent_media
from vtp.bench.peers.janus_session import JanusSession
from vtp.bench.sfu import Leg, View

MAX_PUBLISHERS = 1000
VIDEO_CODECS = "vp8,h264,vp9,av1"


@dataclass(frozen=True)
class Feed:
    """What a Leg is for Janus: its handle, and of a publisher its id in the room and its (mid, kind)s."""

    handle: int
    number: int = 0
    streams: tuple[tuple[str, str], ...] = ()


class Videoroom:
    """The rooms of one session."""

    def __init__(self, session: JanusSession, driver: ClientDriver) -> None:
        self._session = session
        self._driver = driver
        self._control = 0
        self._rooms: dict[str, int] = {}

    async def publish(self, room: str, media: Sequence[OfferedMedia]) -> Leg:
        """Joins the room, made first where it is missing, and sends. Raises PeerError, ConnectError."""
        number = await self._room(room)
        caller, posted_ns = Caller(), time.time_ns()
        handle = await self._session.attach()
        join = {"request": "join", "ptype": "publisher", "room": number}
        feed = int((await self._session.ask(handle, join))["id"])
        offer = write_offer(media, caller.ice, self._driver.identity.fingerprint, caller.cname)
        configured = await self._session.ask(handle, {"request": "publish"}, jsep=_jsep("offer", offer))
        answer = parse_answer(_description(configured))
        sent = sent_media(media, answer)
        client, remote = add_client(self._driver, caller, answer)
        await connect(self._driver, client, remote, self._session.no_more_candidates(handle))
        await self._session.until_up(handle)
        streams = tuple((line["mid"], line["type"]) for line in configured["streams"])
        return Leg(client, sent, posted_ns, time.time_ns(), Feed(handle, feed, streams))

    async def subscribe(self, room: str, views: Sequence[View]) -> Leg:
        """Receives the publishers' streams over one PeerConnection. Raises PeerError, ConnectError.

        We are the DTLS server. A ClientHello of ours would come before Janus's own check has nominated, be
        dropped, and be repeated by OpenSSL's timer a second later only.
        """
        caller, posted_ns = Caller(), time.time_ns()
        handle = await self._session.attach()
        streams = [
            {"feed": view.publisher.handle.number, "mid": mid}
            for view in views
            for mid, kind in view.publisher.handle.streams
            if kind in view.kinds
        ]
        join = {"request": "join", "ptype": "subscriber", "room": self._rooms[room], "streams": streams}
        attached = await self._session.ask(handle, join)
        offer = _description(attached)
        description = dataclasses.replace(parse_answer(offer), role=Role.SERVER)
        answer = write_answer(offer, caller.ice, self._driver.identity.fingerprint, role=description.role)
        client, remote = add_client(self._driver, caller, description, offered=True)
        started = self._session.ask(handle, {"request": "start"}, jsep=_jsep("answer", answer))
        await connect(self._driver, client, remote, started)
        publishers = {view.publisher.handle.number: view.publisher for view in views}
        feeds = {line["mid"]: publishers[line["feed_id"]] for line in attached["streams"]}
        origins = [feeds[line.mid] for line in description.media]
        return Leg(client, description.media, posted_ns, time.time_ns(), Feed(handle), origins)

    async def leave(self, leg: Leg) -> None:
        """Ends a publisher or a subscriber on both sides. Raises PeerError."""
        self._driver.remove_client(leg.client)
        await self._session.detach(leg.handle.handle)

    async def _room(self, name: str) -> int:
        if name not in self._rooms:
            self._control = self._control or await self._session.attach()
            number = len(self._rooms) + 1
            await self._session.ask(self._control, room_request(number))
            self._rooms[name] = number
        return self._rooms[name]


def room_request(number: int) -> dict[str, Any]:
    """Makes a room without a bitrate cap that takes the codecs we may send; all else is Janus's default."""
    return {
        "request": "create",
        "room": number,
        "publishers": MAX_PUBLISHERS,
        "bitrate": 0,
        "audiocodec": "opus",
        "videocodec": VIDEO_CODECS,
        "transport_wide_cc_ext": True,
    }


def _jsep(kind: str, sdp: str) -> dict[str, Any]:
    return {"type": kind, "sdp": sdp}


def _description(answer: dict[str, Any]) -> str:
    """The session description in an answer of the plugin. Raises PeerError when there is none."""
    jsep = answer["jsep"]
    if not jsep:
        raise PeerError("Janus answered without a session description.")
    return str(jsep["sdp"])
