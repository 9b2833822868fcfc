"""What is said to Janus over its WebSocket and how its answers are matched, against a Janus of paper."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import pytest

from vtp.bench.peers.connect import PeerError
from vtp.bench.peers.janus_session import PLUGIN, JanusSession
from vtp.bench.peers.janus_videoroom import room_request

Message = dict[str, Any]


class PaperJanus:
    """The other end of the WebSocket: notes what is said and answers by `reply`."""

    def __init__(self) -> None:
        self.heard: list[Message] = []
        self.reply: Callable[[Message], list[Message]] = lambda _: [{"janus": "success", "data": {"id": 77}}]
        self._frames: asyncio.Queue[aiohttp.WSMessage | None] = asyncio.Queue()

    async def send_json(self, message: Message) -> None:
        self.heard.append(message)
        for answer in self.reply(message):
            self.say({"transaction": message["transaction"], **answer})

    def say(self, message: Message) -> None:
        self._frames.put_nowait(aiohttp.WSMessage(aiohttp.WSMsgType.TEXT, json.dumps(message), None))

    async def close(self) -> None:
        self._frames.put_nowait(None)

    def __aiter__(self) -> AsyncIterator[aiohttp.WSMessage]:
        return self._read()

    async def _read(self) -> AsyncIterator[aiohttp.WSMessage]:
        while (frame := await self._frames.get()) is not None:
            yield frame

    async def ws_connect(self, _url: str, *, protocols: list[str]) -> "PaperJanus":
        assert protocols == ["janus-protocol"]
        return self


@pytest.fixture
def janus() -> PaperJanus:
    return PaperJanus()


@pytest.fixture
async def session(janus: PaperJanus) -> AsyncIterator[JanusSession]:
    opened = await JanusSession.connect(janus, "ws://paper")  # type: ignore[arg-type]
    yield opened
    janus.reply = lambda _: [{"janus": "success"}]
    await opened.close()


def event(data: Message, **more: Any) -> Message:
    return {"janus": "event", "plugindata": {"plugin": PLUGIN, "data": data}, **more}


async def test_a_session_is_created_and_named_in_what_follows(
    janus: PaperJanus, session: JanusSession
) -> None:
    assert await session.attach() == 77
    create, attach = janus.heard
    assert create["janus"] == "create" and "session_id" not in create
    assert (attach["janus"], attach["plugin"], attach["session_id"]) == ("attach", PLUGIN, 77)
    assert create["transaction"] != attach["transaction"]


async def test_a_plugin_s_answer_is_awaited_past_the_acknowledgement(
    janus: PaperJanus, session: JanusSession
) -> None:
    jsep = {"type": "offer", "sdp": "v=0"}
    janus.reply = lambda _: [{"janus": "ack"}, event({"videoroom": "attached"}, jsep=jsep)]
    answer = await session.ask(5, {"request": "join"}, jsep={"type": "answer", "sdp": "v=0"})
    assert answer == {"videoroom": "attached", "jsep": jsep}
    assert janus.heard[-1]["handle_id"] == 5
    assert janus.heard[-1]["jsep"] == {"type": "answer", "sdp": "v=0"}


async def test_a_plugin_s_refusal_is_told_in_its_words(janus: PaperJanus, session: JanusSession) -> None:
    janus.reply = lambda _: [event({"videoroom": "event", "error": "No such room (9)", "error_code": 426})]
    with pytest.raises(PeerError, match=r"refuses join: No such room \(9\)"):
        await session.ask(5, {"request": "join"})


async def test_the_core_s_refusal_is_told_in_its_words(janus: PaperJanus, session: JanusSession) -> None:
    janus.reply = lambda _: [{"janus": "error", "error": {"code": 459, "reason": "No such handle"}}]
    with pytest.raises(PeerError, match="No such handle"):
        await session.detach(5)


async def test_a_trickle_is_done_with_its_acknowledgement(janus: PaperJanus, session: JanusSession) -> None:
    janus.reply = lambda _: [{"janus": "ack"}]
    await session.no_more_candidates(5)
    assert janus.heard[-1]["candidate"] == {"completed": True}


async def test_what_nobody_asked_for_disturbs_nothing(janus: PaperJanus, session: JanusSession) -> None:
    janus.say({"janus": "slowlink", "session_id": 77, "sender": 5})
    janus.say({"janus": "event", "transaction": "another", "plugindata": {}})
    assert await session.attach() == 77


async def test_a_connection_is_up_when_janus_says_so(janus: PaperJanus, session: JanusSession) -> None:
    waiting = asyncio.create_task(session.until_up(5))
    janus.say({"janus": "webrtcup", "sender": 6})
    await session.attach()
    assert not waiting.done()
    janus.say({"janus": "webrtcup", "sender": 5})
    await waiting


async def test_who_waits_hears_that_the_connection_is_closed(
    janus: PaperJanus, session: JanusSession
) -> None:
    janus.reply = lambda _: []
    waiting = asyncio.create_task(session.attach())
    await asyncio.sleep(0)
    await janus.close()
    with pytest.raises(PeerError, match="closed the connection"):
        await waiting


def test_a_room_has_no_bitrate_cap_and_numbers_packets_transport_wide() -> None:
    request = room_request(3)
    assert (request["room"], request["bitrate"], request["transport_wide_cc_ext"]) == (3, 0, True)
