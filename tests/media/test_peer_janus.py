"""A real Janus under a little of the benchmark's load; skipped where Debian's package is not installed."""

from pathlib import Path

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
from vtp.bench.peers.debian import installed_version
from vtp.bench.peers.janus import PACKAGE, Janus


@pytest.fixture(autouse=True)
async def package() -> None:
    if not await installed_version(PACKAGE):
        pytest.skip(f"Debian's package {PACKAGE} is not installed: `vtp bench --peer janus` installs it")


@pytest.mark.parametrize("event_loops", [0, 2], ids=["as_shipped", "event_loops_2"])
async def test_every_packet_reaches_every_subscriber_under_aes_gcm(event_loops: int) -> None:
    janus = Janus("any", event_loops=event_loops)
    async with running(janus) as driver:
        publisher = await janus.publish("class", publisher_media())
        subscribers = [await janus.subscribe("class", publisher) for _ in range(3)]
        for leg in subscribers:
            listen(driver, leg)
        sent = await send_two_seconds(driver, publisher)
        assert sent == {"audio": 100, "video": 500}
        for leg in subscribers:
            figures = received(driver, leg)
            assert {kind: line["packets"] for kind, line in figures.items()} == sent
            assert figures["video"]["lost"] == figures["video"]["duplicates"] == 0
        clients = [publisher.client, *(leg.client for leg in subscribers)]
        assert {driver.srtp_profile(client) for client in clients} == {AES_128_GCM}
        assert driver.engine.stats(subscribers[0].client)["feedback_sent"] > 0


async def test_a_subscriber_gets_the_kinds_it_wants_and_can_leave() -> None:
    janus = Janus("as_shipped")
    async with running(janus) as driver:
        publisher = await janus.publish("class", publisher_media())
        leg = await janus.subscribe("class", publisher, kinds=frozenset({"audio"}))
        assert [media.kind for media in leg.media] == ["audio"]
        assert 0 < leg.joined_ns - leg.posted_ns < 5e9
        await janus.leave(leg)
        with pytest.raises(KeyError):
            driver.engine.stats(leg.client)


async def test_the_process_is_counted_while_it_runs_and_gone_afterwards() -> None:
    janus = Janus("as_shipped")
    assert janus.pids == []
    async with running(janus):
        (pid,) = janus.pids
        assert Path(f"/proc/{pid}/comm").read_text().strip() == "janus"
    assert janus.pids == [] and not Path(f"/proc/{pid}").exists()


async def test_one_connection_brings_what_several_publishers_send_each_stream_its_own() -> None:
    janus = Janus("event_loops_2", event_loops=2)
    async with running(janus) as driver:
        for stream in await meet(driver, janus):
            assert stream.timed == stream.packets > 0, "by the marks in them: they are the right publisher's"
            assert (stream.lost, stream.duplicated, stream.authentication_failed) == (0, 0, 0)
