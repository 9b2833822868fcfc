"""Publishes a media source over WHIP: offers its codecs, then feeds the engine in real time."""

import asyncio
import secrets
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from vtp.bench import _client
from vtp.bench.client_sdp import Answer, OfferedCodec, OfferedMedia
from vtp.bench.driver import ClientDriver
from vtp.bench.media_encode import Unit
from vtp.bench.media_source import MediaSource, Track
from vtp.bench.whip_client import MediaClient, RefusedError, WhipHttp

LEAD_S = 0.2
"""How long before its time a unit is handed to the engine, which then sends it to the millisecond."""
_CLOCKS = {"audio": 48_000, "video": 90_000}


@dataclass
class _Outlet:
    index: int
    clock_rate: int
    first_timestamp: int


@dataclass
class Publishing:
    """How it went: the engine's figures, and why it ended before its source did."""

    seconds: float = 0.0
    begin_ns: int = 0
    """When what the source has at 0 s was due (CLOCK_MONOTONIC); later by what it fell behind since."""
    failure: str = ""
    streams: list[dict[str, Any]] = field(default_factory=list)
    key_frame_requests: int = 0


class NotTakenError(RefusedError):
    """The server knows none of the codecs that were offered for one kind of media."""


def offered_media(tracks: list[Track]) -> list[OfferedMedia]:
    """The publisher's m-lines, each with one codec and fresh SSRCs."""
    media = []
    for number, track in enumerate(tracks):
        video = track.kind == "video"
        codec = OfferedCodec(
            track.codec,
            96 if video else 111,
            _CLOCKS[track.kind],
            track.parameters,
            channels=1 if video else 2,
            rtx_payload_type=97 if video else None,
        )
        ssrc, rtx_ssrc = (secrets.randbits(32) | 1 for _ in range(2))
        media.append(OfferedMedia(track.kind, str(number), [codec], ssrc, rtx_ssrc if video else 0))
    return media


class Publisher:
    """One WHIP session that sends one source."""

    def __init__(self, driver: ClientDriver, http: WhipHttp, url: str, tracks: list[Track]) -> None:
        self._engine = driver.engine
        self._session = MediaClient(driver, http, url)
        self._media = offered_media(tracks)
        self._outlets: dict[str, _Outlet] = {}
        self._source: MediaSource | None = None
        self._stop = threading.Event()
        self.publishing = Publishing()

    async def open(self) -> None:
        """Raises RefusedError, its NotTakenError, or ConnectError."""
        await self._session.open(self._media, add_streams=self._add_streams, on_event=self._on_event)

    async def run(self, source: MediaSource) -> Publishing:
        """Sends until the source ends or `stop` is called. Raises SourceError."""
        self._source = source
        started = time.monotonic()
        await asyncio.to_thread(self._feed, source)
        if not self._stop.is_set():
            await self._drain()
        self.publishing.seconds = time.monotonic() - started
        self.publishing.streams = self._session.stats().get("outgoing", [])
        return self.publishing

    def stop(self) -> None:
        """Ends `run` after the unit under way. Thread-safe."""
        self._stop.set()

    async def close(self) -> None:
        """DELETEs the session."""
        await self._session.close()

    def _feed(self, source: MediaSource) -> None:
        """The thread: waits until each unit is almost due, then gives it to the engine."""
        self.publishing.begin_ns = time.monotonic_ns() + 50_000_000
        for unit in source.units():
            due_ns = self.publishing.begin_ns + round(unit.time_s * 1e9)
            late_ns = time.monotonic_ns() - due_ns
            if late_ns > 500_000_000:  # the source stalled or cannot be encoded in time: go on from now
                self.publishing.begin_ns += late_ns
                due_ns += late_ns
            if self._stop.wait(max(0.0, -late_ns / 1e9 - LEAD_S)):
                return
            self._send(unit, due_ns)

    def _send(self, unit: Unit, due_ns: int) -> None:
        outlet = self._outlets.get(unit.kind)
        if outlet is None:
            return
        timestamp = outlet.first_timestamp + round(unit.time_s * outlet.clock_rate)
        self._engine.send_unit(
            self._session.client,
            outlet.index,
            unit.data,
            timestamp & 0xFFFFFFFF,
            due_ns,
            key=unit.key,
            width=unit.width,
            height=unit.height,
        )

    async def _drain(self) -> None:
        """Lets the pacer finish, then leaves time for what receivers still ask for."""
        async with asyncio.timeout(5):
            while any(s["units_waiting"] for s in self._session.stats()["outgoing"]):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        await asyncio.sleep(0.3)

    def _add_streams(self, session: MediaClient, answer: Answer) -> None:
        for offered, answered in zip(self._media, answer.media, strict=False):
            codecs = {codec.payload_type: codec for codec in answered.codecs}
            offer = offered.codecs[0]
            codec = codecs.get(offer.payload_type)
            if answered.refused or codec is None:
                raise NotTakenError(
                    f"The server does not take {offer.name} {offer.parameters}".rstrip() + "."
                )
            index = self._engine.add_outgoing(
                session.client,
                kind=offered.kind,
                ssrc=offered.ssrc,
                rtx_ssrc=offered.rtx_ssrc if codec.rtx_payload_type >= 0 else 0,
                codec=codec.number,
                payload_type=codec.payload_type,
                rtx_payload_type=codec.rtx_payload_type,
                clock_rate=codec.clock_rate,
                mid=answered.mid,
                extensions=answered.extensions,
                ring_packets=2048 if offered.kind == "video" else 256,
            )
            self._outlets[offered.kind] = _Outlet(index, codec.clock_rate, secrets.randbits(32))

    def _on_event(self, kind: int, _value: Any) -> None:
        if kind == _client.EVENT_KEY_FRAME_WANTED:
            self.publishing.key_frame_requests += 1
            if self._source is not None:
                self._source.request_key_frame()
        elif kind == _client.EVENT_EXPIRED:
            self.publishing.failure = "The server stopped answering (no consent for 30 s)."
            self.stop()
