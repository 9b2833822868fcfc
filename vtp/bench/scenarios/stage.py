"""A running server with its load: who publishes, who watches, and everything taken down at the end."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Sequence

from vtp.bench.client_dtls import Identity
from vtp.bench.client_sdp import OfferedCodec, OfferedEncoding, OfferedMedia
from vtp.bench.driver import ClientDriver
from vtp.bench.load import Layer, Lecture, Probe, ProbeFigures, Source, SourceFigures, merge
from vtp.bench.sfu import BOTH_KINDS, Leg, Sfu, View

JOINS_AT_ONCE = 10
REST_US = 100
"""Between two looks at the viewers' sockets. Without it the client is woken 17,000 times a second at 60,000
packets, which the kernel charges to the server, as viewers elsewhere would not. Delays do not suffer: the
kernel's timestamps tell them."""
SRTP_PROFILES = ("SRTP_AEAD_AES_128_GCM",)
"""What the client offers: the same cipher for all servers, and the cheapest for all."""


def publisher_media() -> list[OfferedMedia]:
    """A publisher's two lines: Opus, and VP8 with RTX, with SSRCs of their own."""
    opus = OfferedCodec("opus", 111, 48_000, "minptime=10;useinbandfec=1", channels=2)
    vp8 = OfferedCodec("vp8", 96, 90_000, rtx_payload_type=97)
    return [
        OfferedMedia("audio", "0", [opus], _ssrc()),
        OfferedMedia("video", "1", [vp8], _ssrc(), _ssrc()),
    ]


def simulcast_media(layers: Sequence[Layer]) -> list[OfferedMedia]:
    """The same with an encoding for each layer."""
    sound, picture = publisher_media()
    encodings = [OfferedEncoding(layer.rid, _ssrc(), _ssrc()) for layer in layers]
    return [sound, dataclasses.replace(picture, ssrc=0, rtx_ssrc=0, encodings=encodings)]


def _ssrc() -> int:
    return secrets.randbits(31) | 1


class Stage:
    """One server under load. Made by `opened`, which ends all of it."""

    def __init__(self, sfu: Sfu, driver: ClientDriver) -> None:
        self.sfu = sfu
        self.driver = driver
        self.sources: list[Source] = []
        self.probes: list[Probe] = []
        self.viewers: list[Leg] = []
        self._sources: dict[int, Source] = {}
        """By the publisher's client."""
        self._watched: Counter[tuple[Source, frozenset[str]]] = Counter()

    async def publish(self, room: str, pattern: Lecture, *, seed: int = 1) -> tuple[Leg, Source]:
        """A publisher, connected; its source does not send yet."""
        leg = await self.sfu.publish(room, publisher_media())
        return leg, self._source(leg, pattern, seed)

    async def attend(self, room: str, pattern: Lecture, *, seed: int = 1) -> tuple[Leg, Source]:
        """A participant of a meeting, connected to send; the source does not send yet."""
        leg = await self.sfu.attend(room, publisher_media())
        return leg, self._source(leg, pattern, seed)

    def _source(self, leg: Leg, pattern: Lecture, seed: int) -> Source:
        source = Source(self.driver, leg.client, leg.media, pattern, seed=seed)
        self.sources.append(source)
        self._sources[leg.client] = source
        return source

    async def watch(
        self, room: str, publisher: Leg, source: Source, kinds: frozenset[str] = BOTH_KINDS
    ) -> tuple[Leg, Probe]:
        """A viewer, connected and probed."""
        leg = await self.sfu.subscribe(room, publisher, kinds=kinds)
        probe = Probe(self.driver, leg.client, leg.media, source)
        self.viewers.append(leg)
        self.probes.append(probe)
        self._watched[source, kinds] += 1
        return leg, probe

    async def receive(self, room: str, participant: Leg, views: Sequence[View]) -> tuple[Leg, Probe]:
        """What a participant sees and hears, over one transport, probed stream by stream."""
        leg = await self.sfu.receive(room, participant, views)
        sources = [self._sources[origin.client] for origin in leg.origins]
        probe = Probe(self.driver, leg.client, leg.media, sources)
        self.viewers.append(leg)
        self.probes.append(probe)
        for view in views:
            self._watched[self._sources[view.publisher.client], view.kinds] += 1
        return leg, probe

    async def fill(self, room: str, publisher: Leg, source: Source, viewers: int) -> None:
        """So many viewers of one room, some at a time."""
        limit = asyncio.Semaphore(JOINS_AT_ONCE)

        async def one() -> None:
            async with limit:
                await self.watch(room, publisher, source)

        async with asyncio.TaskGroup() as group:
            for _ in range(viewers):
                group.create_task(one())

    def restart(self) -> None:
        """All probes begin a new window."""
        for probe in self.probes:
            probe.restart()

    def received(self, probes: Sequence[Probe] | None = None) -> ProbeFigures:
        """What these probes, or all, have received in their window."""
        return merge(probe.figures() for probe in (self.probes if probes is None else probes))

    def due(self) -> int:
        """How many packets the sources have sent for the viewers of now so far, each viewer's by itself."""
        return sum(viewers * source.packets(kinds) for (source, kinds), viewers in self._watched.items())

    def sent(self) -> list[SourceFigures]:
        """What each source has sent."""
        return [source.figures() for source in self.sources]


@contextlib.asynccontextmanager
async def opened(sfu: Sfu) -> AsyncIterator[Stage]:
    """The server, started, and a load client; both are gone afterwards."""
    async with ClientDriver(Identity(SRTP_PROFILES), rest_us=REST_US) as driver:
        try:
            await sfu.start(driver)
            yield Stage(sfu, driver)
        finally:
            await sfu.stop()
