"""A real LiveKit under a little of the benchmark's load; skipped where it has not been built."""

import pytest

from tests.media.peer_material import (
    AES_128_GCM,
    listen,
    meet,
    publisher_media,
    received,
    running,
    send_two_seconds,
)
from vtp.bench.go_program import built
from vtp.bench.peers.livekit import PACKAGE, VERSION, LiveKit


@pytest.fixture(autouse=True)
def program() -> None:
    if built(PACKAGE, VERSION) is None:
        pytest.skip("LiveKit is not built: `vtp bench --peer livekit` builds it")


async def test_every_packet_since_a_key_frame_reaches_every_subscriber_under_aes_gcm() -> None:
    livekit = LiveKit()
    await livekit.prepare()
    async with running(livekit) as driver:
        publisher = await livekit.publish("class", publisher_media())
        subscribers = [await livekit.subscribe("class", publisher) for _ in range(3)]
        for leg in subscribers:
            listen(driver, leg)
        sent = await send_two_seconds(driver, publisher)
        assert sent == {"audio": 100, "video": 500}
        for leg in subscribers:
            figures = received(driver, leg)
            assert figures["audio"]["packets"] == 100
            assert figures["video"]["packets"] in (400, 500)  # from the first or the second key frame on
            assert figures["video"]["lost"] == figures["video"]["duplicates"] == 0
        clients = [publisher.client, *(leg.client for leg in subscribers)]
        assert {driver.srtp_profile(client) for client in clients} == {AES_128_GCM}


async def test_a_subscriber_gets_the_kinds_it_wants_and_can_leave() -> None:
    livekit = LiveKit()
    await livekit.prepare()
    async with running(livekit) as driver:
        publisher = await livekit.publish("class", publisher_media())
        leg = await livekit.subscribe("class", publisher, kinds=frozenset({"audio"}))
        assert [media.kind for media in leg.media] == ["audio"]
        await livekit.leave(leg)
        with pytest.raises(KeyError):
            driver.engine.stats(leg.client)


async def test_one_connection_brings_what_several_publishers_send_each_stream_its_own() -> None:
    livekit = LiveKit()
    await livekit.prepare()
    async with running(livekit) as driver:
        for stream in await meet(driver, livekit):
            assert stream.timed == stream.packets > 0, "by the marks in them: they are the right publisher's"
            assert (stream.lost, stream.duplicated, stream.authentication_failed) == (0, 0, 0)
