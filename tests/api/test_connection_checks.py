"""Connection checks: the transport that answers, what it gives back, and how it is bounded."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.rtcdatachannel import RTCDataChannel

from tests.serving import Answer, Api, serving
from vtp.settings import LimitSettings
from vtp.signalling import connection_checks

pytestmark = pytest.mark.usefixtures("short_lives")


@pytest.fixture
def short_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_checks, "WITHOUT_DTLS_S", 0.3)


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Api]:
    limits = LimitSettings(connection_checks_at_a_time=3, connection_checks_per_address_per_minute=6)
    async with serving(tmp_path / "data", limits=limits, trusted_proxies=["127.0.0.1"]) as running:
        yield running


@dataclass
class Visitor:
    """A browser's part, by aiortc: four agreed channels and what came on them."""

    connection: RTCPeerConnection = field(
        default_factory=lambda: RTCPeerConnection(RTCConfiguration(iceServers=[]))
    )
    got: asyncio.Queue[bytes | str] = field(default_factory=asyncio.Queue)

    def channel(self, stream_id: int, **more: object) -> RTCDataChannel:
        channel = self.connection.createDataChannel("", negotiated=True, id=stream_id, **more)  # type: ignore[arg-type]
        channel.on("message", self.got.put_nowait)
        return channel

    async def connect(self, server: Api) -> tuple[RTCDataChannel, RTCDataChannel]:
        echo = self.channel(0, ordered=False, maxRetransmits=0)
        self.channel(1, ordered=False, maxRetransmits=0)
        bulk = self.channel(2)
        self.channel(3)
        opened = asyncio.Event()
        bulk.on("open", opened.set)
        await self.connection.setLocalDescription(await self.connection.createOffer())
        sdp = self.connection.localDescription.sdp
        print_ = next(line for line in sdp.splitlines() if line.startswith("a=fingerprint:sha-256"))
        remote = {"fingerprints": [{"algorithm": "sha-256", "value": print_.split()[1]}]}
        answer = await server.call("POST", "/api/v1/connection-checks", {"dtls_parameters": remote})
        assert answer.status == 201, answer
        await self.connection.setRemoteDescription(RTCSessionDescription(answer_sdp(answer), "answer"))
        async with asyncio.timeout(40):
            await opened.wait()
        return echo, bulk

    async def next(self) -> bytes | str:
        async with asyncio.timeout(40):
            return await self.got.get()


def answer_sdp(answer: Answer) -> str:
    ice, dtls = answer.body["ice_parameters"], answer.body["dtls_parameters"]
    lines = [
        "v=0",
        "o=- 1 1 IN IP4 127.0.0.1",
        "s=-",
        "t=0 0",
        "a=ice-lite",
        "a=group:BUNDLE 0",
        "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
        "c=IN IP4 0.0.0.0",
        "a=mid:0",
        f"a=ice-ufrag:{ice['usernameFragment']}",
        f"a=ice-pwd:{ice['password']}",
        f"a=fingerprint:sha-256 {dtls['fingerprints'][0]['value']}",
        "a=setup:passive",
        f"a=sctp-port:{answer.body['sctp_port']}",
    ]
    for one in answer.body["ice_candidates"]:
        lines.append(
            f"a=candidate:{one['foundation']} 1 udp {one['priority']} {one['address']} {one['port']} typ host"
        )
    return "\r\n".join([*lines, "a=end-of-candidates", ""])


@pytest.fixture
async def visitor() -> AsyncIterator[Visitor]:
    made = Visitor()
    yield made
    await made.connection.close()


async def until_none_is_open(server: Api) -> None:
    async with asyncio.timeout(20):
        while len(server.server.services.checks):  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_what_is_sent_to_the_echo_comes_back_as_it_was(server: Api, visitor: Visitor) -> None:
    echo, _ = await visitor.connect(server)
    echo.send(b"\x00\x01ping")
    assert await visitor.next() == b"\x00\x01ping"


async def test_a_message_too_large_for_the_echo_does_not_come_back(server: Api, visitor: Visitor) -> None:
    echo, _ = await visitor.connect(server)
    echo.send(bytes(connection_checks.MAX_ECHO_BYTES + 1))
    echo.send(b"small")
    assert await visitor.next() == b"small"


async def test_the_echo_ends_after_its_number_of_messages(
    server: Api, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_checks, "MAX_ECHOES", 2)
    echo, bulk = await visitor.connect(server)
    for number in range(4):
        echo.send(f"{number}")
    bulk.send("report")
    got = {await visitor.next() for _ in range(3)}
    assert got == {"0", "1", json.dumps({"received_bytes": 0, "elapsed_ms": 0})}


async def test_an_upload_is_counted_and_told(server: Api, visitor: Visitor) -> None:
    _, bulk = await visitor.connect(server)
    for _ in range(20):
        bulk.send(bytes(1000))
    bulk.send("report")
    while True:
        report = json.loads(await visitor.next())
        if report["received_bytes"] == 20_000:
            break


async def test_a_download_is_given_once_and_is_as_large_as_announced(server: Api, visitor: Visitor) -> None:
    _, bulk = await visitor.connect(server)
    bulk.send("send")
    bulk.send("send")
    bulk.send("report")
    total = 0
    while isinstance(block := await visitor.next(), bytes):
        total += len(block)
    blocks = connection_checks.MAX_DOWNLOAD_BYTES // connection_checks.BLOCK_BYTES
    assert total == blocks * connection_checks.BLOCK_BYTES


async def test_who_sends_more_than_is_taken_is_closed(
    server: Api, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_checks, "MAX_UPLOAD_BYTES", 5000)
    _, bulk = await visitor.connect(server)
    for _ in range(10):
        bulk.send(bytes(1000))
    await until_none_is_open(server)


async def test_a_check_ends_with_its_peer(server: Api, visitor: Visitor) -> None:
    await visitor.connect(server)
    assert len(server.server.services.checks) == 1
    await visitor.connection.close()
    await until_none_is_open(server)


async def test_a_check_without_dtls_ends_by_itself_and_leaves_no_router(server: Api) -> None:
    answer = await server.call("POST", "/api/v1/connection-checks")
    assert answer.status == 201
    assert len(server.server.services.checks) == 1
    await until_none_is_open(server)
    assert server.server.services.media.metrics()["routers"] == 0
    assert server.server.services.media.metrics()["transports"] == 0


async def test_a_check_ends_by_itself_while_its_peer_is_there(
    server: Api, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_checks, "LIFETIME_S", 1.0)
    await visitor.connect(server)
    await until_none_is_open(server)


async def test_more_checks_than_may_be_open_are_asked_to_come_later(server: Api) -> None:
    answers = [await server.call("POST", "/api/v1/connection-checks") for _ in range(4)]
    assert [answer.status for answer in answers] == [201, 201, 201, 503]
    assert answers[3].body["code"] == "checks_busy"
    assert int(answers[3].headers["Retry-After"]) >= 1


async def test_one_address_checks_so_often_a_minute(server: Api) -> None:
    statuses: list[int] = []
    for _ in range(8):
        answer = await server.call("POST", "/api/v1/connection-checks")
        statuses.append(answer.status)
        await until_none_is_open(server)
    assert statuses[:6] == [201] * 6
    assert statuses[6:] == [429] * 2


async def test_a_public_visitor_is_told_that_media_has_only_private_addresses(
    server: Api, caplog: pytest.LogCaptureFixture
) -> None:
    headers = {"X-Forwarded-For": "198.51.100.4"}
    documentation = await server.call("POST", "/api/v1/connection-checks", headers=headers)
    assert documentation.body["warnings"] == []  # a network for examples is not the internet
    assert "private addresses only" not in caplog.text
    public = await server.call("POST", "/api/v1/connection-checks", headers={"X-Forwarded-For": "8.8.8.8"})
    assert public.body["warnings"] == ["only_private_addresses"]
    assert "private addresses only" in caplog.text
    assert public.body["visitor"] == {"address": "8.8.8.8", "kind": "public"}


async def test_a_body_that_is_no_dtls_side_is_refused(server: Api) -> None:
    wrong = {"dtls_parameters": {"fingerprints": [{"algorithm": "rot13", "value": "AB"}]}}
    answer = await server.call("POST", "/api/v1/connection-checks", wrong)
    assert answer.status == 422
    assert len(server.server.services.checks) == 0
