"""What tests of real peers share: their namespace, a publisher's media, a subscriber's figures."""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import pytest

from vtp.bench.client_dtls import Identity
from vtp.bench.client_sdp import OfferedCodec, OfferedMedia
from vtp.bench.driver import ClientDriver
from vtp.bench.load import Lecture, Probe, Source, StreamFigures
from vtp.bench.namespace import NamespaceError, private_network
from vtp.bench.sfu import Leg, Sfu, View

CAMERA = Lecture(frames_per_s=25, packets_per_frame=4)
AES_128_GCM = 7  # IANA's number of the SRTP profile
FRAMES, FRAME_NS, FRAME_BYTES = 50, 40_000_000, 11_400
KEY_FRAMES = 10
"""Each so many frames: often, as nobody here listens to requests for them."""


def publisher_media() -> list[OfferedMedia]:
    """Sound and picture as the benchmark's publisher offers them."""
    opus = OfferedCodec("opus", 111, 48_000, "minptime=10;useinbandfec=1", channels=2)
    vp8 = OfferedCodec("vp8", 96, 90_000, rtx_payload_type=97)
    return [OfferedMedia("audio", "0", [opus], 1111), OfferedMedia("video", "1", [vp8], 2222, 3333)]


@contextmanager
def namespace() -> Iterator[None]:
    """The benchmark's private network; skips where there can be none."""
    network = private_network()
    try:
        network.__enter__()
    except NamespaceError as error:
        pytest.skip(str(error))
    try:
        yield
    finally:
        network.__exit__(None, None, None)


@asynccontextmanager
async def running(peer: Sfu) -> AsyncIterator[ClientDriver]:
    """The peer in the namespace, and a driver whose clients offer AES-128-GCM alone."""
    with namespace():
        async with ClientDriver(Identity(("SRTP_AEAD_AES_128_GCM",))) as driver:
            await peer.start(driver)
            try:
                yield driver
            finally:
                await peer.stop()


def listen(driver: ClientDriver, leg: Leg) -> None:
    """Makes the engine count what a subscriber receives."""
    for media in leg.media:
        if media.refused or not media.ssrc:
            continue
        driver.engine.add_incoming(
            leg.client,
            kind=media.kind,
            ssrc=media.ssrc,
            rtx_ssrc=media.rtx_ssrc,
            payloads=[(c.payload_type, c.number, c.clock_rate, c.rtx_payload_type) for c in media.codecs],
            nack=media.kind == "video",
            transport_cc_extension=media.extensions.get("transport-cc", 0),
        )


async def send_two_seconds(driver: ClientDriver, leg: Leg) -> dict[str, int]:
    """Sends 50 VP8 frames of ten packets, and Opus beside it; the packets sent of each kind."""
    indexes = {media.kind: _add_outgoing(driver, leg, media) for media in leg.media}
    start_ns = time.monotonic_ns() + 20_000_000
    for number in range(FRAMES):
        due_ns = start_ns + number * FRAME_NS
        key = number % KEY_FRAMES == 0
        frame = _vp8(key)
        driver.engine.send_unit(
            leg.client, indexes["video"], frame, number * 3600, due_ns, key=key, width=640, height=480
        )
        for half in range(2):
            sound_ns = due_ns + half * FRAME_NS // 2
            timestamp = 960 * (2 * number + half)
            driver.engine.send_unit(leg.client, indexes["audio"], os.urandom(80), timestamp, sound_ns)
        await asyncio.sleep(max(0.0, (due_ns - time.monotonic_ns()) / 1e9))
    await asyncio.sleep(0.1)
    return {line["kind"]: line["packets"] for line in driver.engine.stats(leg.client)["outgoing"]}


async def meet(driver: ClientDriver, peer: Sfu) -> list[StreamFigures]:
    """Three participants of a meeting send; the first gets all of one and the sound of the other."""
    legs = [await peer.attend("meeting", publisher_media()) for _ in range(3)]
    sources = {
        leg.client: Source(driver, leg.client, leg.media, CAMERA, seed=n) for n, leg in enumerate(legs)
    }
    leg = await peer.receive("meeting", legs[0], [View(legs[1]), View(legs[2], frozenset({"audio"}))])
    lines = sorted((line.kind, legs.index(of)) for line, of in zip(leg.media, leg.origins, strict=True))
    assert lines == [("audio", 1), ("audio", 2), ("video", 1)]
    probe = Probe(driver, leg.client, leg.media, [sources[origin.client] for origin in leg.origins])
    for source in sources.values():
        source.start()
    async with asyncio.timeout(40):
        while any(stream.packets < 50 for stream in probe.streams()):  # noqa: ASYNC110 - no event per packet
            await asyncio.sleep(0.02)
    found = probe.streams()
    await peer.leave(leg)
    with pytest.raises(KeyError):
        driver.engine.stats(leg.client)
    return found


def received(driver: ClientDriver, leg: Leg) -> dict[str, dict[str, Any]]:
    """The engine's figures of a subscriber, by kind."""
    return {line["kind"]: line for line in driver.engine.stats(leg.client)["incoming"]}


def _add_outgoing(driver: ClientDriver, leg: Leg, media: Any) -> int:
    codec = media.codecs[0]
    return driver.engine.add_outgoing(
        leg.client,
        kind=media.kind,
        ssrc=media.ssrc,
        rtx_ssrc=media.rtx_ssrc,
        codec=codec.number,
        payload_type=codec.payload_type,
        rtx_payload_type=codec.rtx_payload_type,
        clock_rate=codec.clock_rate,
        mid=media.mid,
        extensions=media.extensions,
    )


def _vp8(key: bool) -> bytes:
    """A frame tag that says key frame or not (RFC 6386 section 9.1), then noise."""
    if key:
        return b"\x10\0\0\x9d\x01\x2a\x80\x02\xe0\x01" + os.urandom(FRAME_BYTES)
    return b"\x11\0\0" + os.urandom(FRAME_BYTES)
