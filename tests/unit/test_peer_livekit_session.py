"""LiveKit's signalling, field by field, against a LiveKit of paper; and the protobuf under it."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import jwt
import pytest

from vtp.bench.peers.connect import PeerError
from vtp.bench.peers.livekit import configuration
from vtp.bench.peers.livekit_rooms import Access
from vtp.bench.peers.livekit_session import LiveKitSession, join_request
from vtp.bench.peers.protobuf import Fields, decode, encode, first_bytes, first_int, text

CANDIDATE = "candidate:1 1 udp 2130706431 192.0.2.1 50000 typ host"
Query = dict[str, str]


class PaperLiveKit:
    """The other end of the WebSocket: notes requests, says what it is told to."""

    def __init__(self) -> None:
        self.query: Query = {}
        self.heard: list[Fields] = []
        self._frames: asyncio.Queue[aiohttp.WSMessage | None] = asyncio.Queue()

    async def ws_connect(self, _url: str, *, params: Query, timeout: Any) -> "PaperLiveKit":
        assert timeout.ws_close
        self.query = params
        self.say(1, b"")
        return self

    async def send_bytes(self, message: bytes) -> None:
        self.heard.append(decode(message))

    def say(self, number: int, body: bytes) -> None:
        message = encode([(number, body)])
        self._frames.put_nowait(aiohttp.WSMessage(aiohttp.WSMsgType.BINARY, message, None))

    async def close(self) -> None:
        self._frames.put_nowait(None)

    def request(self, number: int) -> Fields:
        """The last request, which has to be of this kind."""
        assert list(self.heard[-1]) == [number]
        return decode(first_bytes(self.heard[-1], number))

    def __aiter__(self) -> AsyncIterator[aiohttp.WSMessage]:
        return self._read()

    async def _read(self) -> AsyncIterator[aiohttp.WSMessage]:
        while (frame := await self._frames.get()) is not None:
            yield frame


@pytest.fixture
def livekit() -> PaperLiveKit:
    return PaperLiveKit()


@pytest.fixture
async def session(livekit: PaperLiveKit) -> AsyncIterator[LiveKitSession]:
    opened = await LiveKitSession.connect(livekit, "ws://paper", "a token")  # type: ignore[arg-type]
    yield opened
    await opened.close()


@pytest.mark.parametrize("number", [0, 1, 127, 128, 300, 2**32 - 1, 2**63])
def test_numbers_survive_protobuf(number: int) -> None:
    assert first_int(decode(encode([(3, number)])), 3) == number


def test_a_message_of_the_protobuf_documentation_is_written_byte_for_byte() -> None:
    assert encode([(1, 150)]) == bytes.fromhex("089601")
    assert encode([(2, "testing")]) == bytes.fromhex("120774657374696e67")
    assert encode([(3, encode([(1, 150)]))]) == bytes.fromhex("1a03089601")


def test_fields_of_fixed_size_are_read_over() -> None:
    fields = decode(bytes.fromhex("09" + "11" * 8 + "15" + "22" * 4) + encode([(3, "x")]))
    assert text(fields, 3) == "x" and first_bytes(fields, 2) == b"\x22" * 4


@pytest.mark.parametrize("message", ["08", "0896", "1205ab", "09aabb", "0b"])
def test_what_is_cut_off_or_unknown_is_refused(message: str) -> None:
    with pytest.raises(ValueError, match=r"[Pp]rotobuf"):
        decode(bytes.fromhex(message))


def test_joining_subscribes_to_nothing_by_itself_and_forbids_pausing() -> None:
    wrapped = decode(base64.urlsafe_b64decode(join_request()))
    settings = decode(first_bytes(decode(first_bytes(wrapped, 2)), 2))
    assert settings == {1: [0], 2: [0], 3: [0]}


async def test_the_token_and_the_join_request_go_into_the_url(
    livekit: PaperLiveKit, session: LiveKitSession
) -> None:
    assert livekit.query == {"access_token": "a token", "join_request": join_request()}


async def test_a_track_is_announced_with_its_kind_and_source(
    livekit: PaperLiveKit, session: LiveKitSession
) -> None:
    await session.add_track("mine", "audio")
    asked = livekit.request(4)
    assert (text(asked, 1), first_int(asked, 3), first_int(asked, 8)) == ("mine", 0, 2)
    livekit.say(6, encode([(1, "mine"), (2, encode([(1, "TR_server")]))]))
    await session.until_published(["mine"])
    assert session.tracks == {"mine": "TR_server"}


async def test_an_offer_is_answered_once_a_candidate_is_there(
    livekit: PaperLiveKit, session: LiveKitSession
) -> None:
    offering = asyncio.create_task(session.offer("v=0 offer"))
    livekit.say(2, encode([(1, "answer"), (2, "v=0 answer")]))
    livekit.say(4, encode([(1, json.dumps({"candidate": CANDIDATE.replace("udp", "tcp")}))]))
    await asyncio.sleep(0)
    assert not offering.done()
    livekit.say(4, encode([(1, json.dumps({"candidate": CANDIDATE}))]))
    assert await offering == "v=0 answer"
    assert session.candidates == [("192.0.2.1", 50000)]
    asked = livekit.request(1)
    assert (text(asked, 1), text(asked, 2)) == ("offer", "v=0 offer")


async def test_a_subscriber_waits_for_the_sections_its_tracks_need(
    livekit: PaperLiveKit, session: LiveKitSession
) -> None:
    await session.subscribe(["TR_a", "TR_b"])
    assert livekit.request(6) == {1: [b"TR_a", b"TR_b"], 2: [1]}
    livekit.say(25, encode([(1, 1)]))
    waiting = asyncio.create_task(session.until_sections(["audio", "video"]))
    await asyncio.sleep(0)
    assert not waiting.done()
    livekit.say(25, encode([(1, 1), (2, 1)]))
    await waiting


async def test_what_the_benchmark_has_no_use_for_is_let_go(
    livekit: PaperLiveKit, session: LiveKitSession
) -> None:
    livekit.say(12, encode([(1, "quality")]))
    livekit.say(25, encode([(1, 1)]))
    await session.until_sections(["audio"])


async def test_a_session_that_the_server_ends_is_told(livekit: PaperLiveKit, session: LiveKitSession) -> None:
    livekit.say(8, encode([(2, 7)]))
    with pytest.raises(PeerError, match="reason 7"):
        await session.offer("v=0")


def test_a_token_lets_its_holder_either_publish_or_subscribe() -> None:
    secret = "s" * 40
    claims = jwt.decode(Access("ws://x", "key", secret).token("room", publishes=True), secret, ["HS256"])
    grant = claims["video"]
    assert (claims["iss"], grant["room"], grant["roomJoin"]) == ("key", "room", True)
    assert (grant["canPublish"], grant["canSubscribe"]) == (True, False)


def test_livekit_is_configured_with_its_address_and_nothing_it_would_look_up() -> None:
    config = configuration("10.1.2.3", "secret")
    assert config["bind_addresses"] == ["10.1.2.3"]
    assert config["rtc"]["node_ip"] == "10.1.2.3" and config["rtc"]["use_external_ip"] is False
