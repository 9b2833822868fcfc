"""The benchmark's meeting on a real vtp: peers of `/sfu` with one transport each way."""

from collections.abc import AsyncIterator

import pytest

from tests.media.peer_material import meet, publisher_media
from vtp.bench.client_dtls import Identity
from vtp.bench.driver import ClientDriver
from vtp.bench.peers.connect import PeerError
from vtp.bench.scenarios.stage import SRTP_PROFILES
from vtp.bench.sfu import View
from vtp.bench.vtp_server import VtpServer


@pytest.fixture
async def driver() -> AsyncIterator[ClientDriver]:
    async with ClientDriver(Identity(SRTP_PROFILES)) as driver:
        yield driver


@pytest.fixture
async def server(driver: ClientDriver) -> AsyncIterator[VtpServer]:
    server = VtpServer("127.0.0.1")
    await server.start(driver)
    yield server
    await server.stop()


async def test_a_participant_has_one_transport_each_way_and_gets_the_right_streams(
    driver: ClientDriver, server: VtpServer
) -> None:
    for stream in await meet(driver, server):
        assert stream.timed == stream.packets > 0, "by the marks in them: they are the right publisher's"
        assert (stream.lost, stream.duplicated, stream.authentication_failed) == (0, 0, 0)
    (room,) = (await server.call("GET", "/sfu/rooms"))["rooms"]
    assert (room["roomId"], room["peerCount"]) == ("meeting", 3)
    peers = (await server.call("GET", "/sfu/rooms/meeting"))["peers"]
    assert [peer["producerCount"] for peer in peers] == [2, 2, 2]
    assert [peer["consumerCount"] for peer in peers] == [0, 0, 0], "they ended with the transport"


async def test_what_the_server_refuses_is_told_in_its_words(driver: ClientDriver, server: VtpServer) -> None:
    leg = await server.attend("meeting", publisher_media())
    leg.handle.producers["audio"] = "0190a5d0-0000-7000-8000-000000000000"
    with pytest.raises(PeerError, match="404"):
        await server.receive("meeting", leg, [View(leg)])
