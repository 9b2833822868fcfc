"""The benchmark's source and probes over the real packet path: everything arrives, is counted and timed."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
import pytest

from tests.client_pair import RECEIVER_ADDRESS, RECEIVER_ICE, SENDER_ADDRESS, SENDER_ICE, free_addresses
from tests.media_server import running_server
from vtp.bench._emulator import Link
from vtp.bench.client_dtls import Role
from vtp.bench.client_sdp import AnsweredCodec, AnsweredMedia, OfferedCodec, OfferedMedia
from vtp.bench.driver import ClientDriver, Remote
from vtp.bench.load import Lecture, Probe, ProbeFigures, Source, merge
from vtp.bench.relay import Relay
from vtp.bench.watcher import viewer_media
from vtp.bench.whip_client import MediaClient, WhipHttp

H264 = "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f"
SPARSE = Lecture(frames_per_s=50, packets_per_frame=4)
EXTENSIONS = {"mid": 1, "abs-send-time": 2, "transport-cc": 3, "audio-level": 5}


async def until(reached: Callable[[], bool], timeout_s: float = 10.0) -> None:
    async with asyncio.timeout(timeout_s):
        while not reached():  # noqa: ASYNC110 - the engine has no event per packet
            await asyncio.sleep(0.02)


@dataclass
class Room:
    """A source that has not started, and probes of the same room."""

    driver: ClientDriver
    source: Source
    probes: list[Probe]

    async def send(self, packets: int) -> ProbeFigures:
        """Lets the source send so many more, and the viewers get what it sent."""
        before, received = self.source.figures().packets, self._received().packets
        self.source.start()
        await until(lambda: self.source.figures().packets >= before + packets)
        self.source.stop()
        sent = (self.source.figures().packets - before) * len(self.probes)
        await until(lambda: self._received().packets >= received + sent)
        return self._received()

    def _received(self) -> ProbeFigures:
        return merge(probe.figures() for probe in self.probes)


@asynccontextmanager
async def room(codec: str, viewers: int) -> AsyncIterator[Room]:
    """In a real server."""
    video = OfferedCodec(codec, 96, 90_000, H264 if codec == "h264" else "", rtx_payload_type=97)
    sound = OfferedCodec("opus", 111, 48_000, "minptime=10;useinbandfec=1", channels=2)
    media = [OfferedMedia("audio", "0", [sound], 1111), OfferedMedia("video", "1", [video], 2222, 3333)]
    sources: list[Source] = []
    probes: list[Probe] = []
    async with running_server() as server, ClientDriver() as driver, aiohttp.ClientSession() as http:
        sessions = [MediaClient(driver, WhipHttp(http, "alice"), f"{server.url}/whip/physics")]
        await sessions[0].open(
            media,
            add_streams=lambda session, answer: sources.append(
                Source(driver, session.client, ours(media, answer.media), SPARSE)
            ),
        )
        for number in range(viewers):
            viewer = MediaClient(driver, WhipHttp(http, f"watcher-{number}"), f"{server.url}/whep/physics")
            await viewer.open(
                viewer_media(),
                add_streams=lambda session, answer: probes.append(
                    Probe(driver, session.client, answer.media, sources[0], authenticate_every=10)
                ),
            )
            sessions.append(viewer)
        yield Room(driver, sources[0], probes)
        for session in sessions:
            await session.close()


def ours(offered: list[OfferedMedia], answered: list[AnsweredMedia]) -> list[AnsweredMedia]:
    return [
        dataclasses.replace(line, ssrc=own.ssrc, rtx_ssrc=own.rtx_ssrc)
        for own, line in zip(offered, answered, strict=True)
    ]


@pytest.mark.parametrize("codec", ["vp8", "h264"])
async def test_every_packet_of_a_source_reaches_every_probe_and_is_timed(codec: str) -> None:
    async with room(codec, viewers=3) as opened:
        found = await opened.send(500)
        sent = opened.source.figures()
    assert found.packets == 3 * sent.packets
    assert found.lost == found.recovered == found.duplicated == found.reordered == found.skipped == 0
    assert found.authentication_failed == found.resynchronized == found.untimed == found.dropped_here == 0
    assert found.authenticated >= found.packets // 20
    assert found.delay.count == found.packets
    assert found.delay.smallest_us > 0 and (found.delay.percentile_ms(0.5) or 999) < 200
    assert sent.frames > 80 and sent.key_frames >= 1
    assert 0 < found.first_packet_ns < found.ended_ns


async def test_figures_outlive_the_client_and_a_new_window_starts_from_nothing() -> None:
    async with room("vp8", viewers=1) as opened:
        before = await opened.send(100)
        (probe,) = opened.probes
        probe.restart()
        assert probe.figures().packets == 0
        after = await opened.send(100)
    assert probe.figures().packets == after.packets < 2 * before.packets
    assert probe.figures().first_packet_ns == before.first_packet_ns


async def test_the_engine_says_what_it_cost() -> None:
    async with room("vp8", viewers=1) as opened:
        before = opened.driver.engine.figures()
        found = await opened.send(100)
        after = opened.driver.engine.figures()
    assert after["datagrams_received"] - before["datagrams_received"] >= found.packets
    assert after["cpu_ns"] > before["cpu_ns"]
    assert after["wakeups"] > before["wakeups"]


def lines(video_ssrc: int) -> list[AnsweredMedia]:
    vp8 = AnsweredCodec("vp8", 96, 90_000, rtx_payload_type=97, feedback={"nack", "transport-cc"})
    return [AnsweredMedia("video", False, "1", [vp8], EXTENSIONS, video_ssrc, video_ssrc + 1)]


async def test_loss_and_delay_of_the_way_show_in_the_figures() -> None:
    left, right = free_addresses(2)
    up, down = Link(5, delay_ms=20.0), Link(6, delay_ms=20.0)
    relay = await Relay.open(left, right, RECEIVER_ADDRESS, up=up, down=down, left_peer=SENDER_ADDRESS)
    async with ClientDriver() as driver:
        fingerprints = [driver.identity.fingerprint]
        to_receiver = Remote([left], RECEIVER_ICE, fingerprints, Role.CLIENT)
        to_sender = Remote([right], SENDER_ICE, fingerprints, Role.SERVER)
        sender = driver.add_client(to_receiver, SENDER_ICE, bind=SENDER_ADDRESS)
        receiver = driver.add_client(to_sender, RECEIVER_ICE, bind=RECEIVER_ADDRESS)
        source = Source(driver, sender, lines(2222), dataclasses.replace(SPARSE, audio=False))
        probe = Probe(driver, receiver, lines(2222), source)
        await asyncio.gather(driver.connect(sender, to_receiver), driver.connect(receiver, to_sender))
        source.start()
        await until(lambda: probe.figures().packets > 50)
        up.configure(relay.now_ns(), loss=0.05)
        await until(lambda: probe.figures().recovered > 5)
        up.configure(relay.now_ns(), loss=0.0)
        await until(lambda: probe.figures().lost == 0)
        found = probe.figures()
        source.stop()
        assert source.figures().resent >= found.recovered
        assert driver.engine.stats(receiver)["feedback_sent"] > 2
    relay.close()
    assert found.nacks >= found.recovered
    assert 20.0 < (found.delay.percentile_ms(0.5) or 0) < 100.0
    assert found.delay.largest_us > 60_000, "a repaired loss took a round trip more"
    assert found.loss_pct > 0


async def test_a_key_frame_is_sent_when_it_is_asked_for() -> None:
    async with ClientDriver() as driver:
        fingerprints = [driver.identity.fingerprint]
        to_receiver = Remote([RECEIVER_ADDRESS], RECEIVER_ICE, fingerprints, Role.CLIENT)
        to_sender = Remote([SENDER_ADDRESS], SENDER_ICE, fingerprints, Role.SERVER)
        sender = driver.add_client(to_receiver, SENDER_ICE, bind=SENDER_ADDRESS)
        receiver = driver.add_client(to_sender, RECEIVER_ICE, bind=RECEIVER_ADDRESS)
        source = Source(driver, sender, lines(2222), dataclasses.replace(SPARSE, audio=False))
        await asyncio.gather(driver.connect(sender, to_receiver), driver.connect(receiver, to_sender))
        source.start()
        await until(lambda: source.figures().frames > 2)
        probe = Probe(driver, receiver, lines(2222), source)
        await until(lambda: source.figures().key_frames == 2)
        assert source.figures().key_frame_requests == probe.figures().key_frame_requests == 1


def test_a_codec_that_cannot_be_made_up_is_refused() -> None:
    driver = ClientDriver()
    av1 = AnsweredMedia("video", False, "1", [AnsweredCodec("av1", 45, 90_000)], {}, 5)
    with pytest.raises(ValueError, match="av1 cannot be sent"):
        Source(driver, 0, [av1], Lecture(audio=False))
    with pytest.raises(ValueError, match="no line to send audio on"):
        Source(driver, 0, [], Lecture(video=False))
