"""One WHEP viewer: offers to receive everything the server speaks, counts what comes."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from vtp.bench import _client
from vtp.bench.client_sdp import Answer, OfferedCodec, OfferedMedia
from vtp.bench.driver import ClientDriver
from vtp.bench.whip_client import MediaClient, WhipHttp

_H264_PROFILES = ("42e01f", "42001f", "4d001f", "64001f", "640c1f")


def viewer_media() -> list[OfferedMedia]:
    """What a viewer offers to receive: sound and picture in all codecs, RTX for every video codec."""
    video = [
        ("vp8", ""),
        ("vp9", "profile-id=0"),
        ("av1", "profile=0;level-idx=5;tier=0"),
        *(
            ("h264", f"level-asymmetry-allowed=1;packetization-mode=1;profile-level-id={profile}")
            for profile in _H264_PROFILES
        ),
    ]
    return [
        OfferedMedia(
            "audio",
            "0",
            [
                OfferedCodec("opus", 120, 48000, "minptime=10;useinbandfec=1", channels=2),
                OfferedCodec("pcmu", 0, 8000),
                OfferedCodec("pcma", 8, 8000),
            ],
        ),
        OfferedMedia(
            "video",
            "1",
            [
                OfferedCodec(name, 96 + 2 * i, 90000, parameters, rtx_payload_type=97 + 2 * i)
                for i, (name, parameters) in enumerate(video)
            ],
        ),
    ]


@dataclass
class Viewing:
    """What one viewer saw; `streams` are the engine's figures, `failure` is why it saw nothing or no more."""

    started_ns: int
    joined_ms: float = 0.0
    ended_ns: int = 0
    failure: str = ""
    streams: list[dict[str, Any]] = field(default_factory=list)
    client: dict[str, Any] = field(default_factory=dict)


class Watcher:
    """Joins a room by WHEP, watches, leaves."""

    def __init__(self, driver: ClientDriver, http: WhipHttp, url: str, *, marked: bool = False) -> None:
        """`marked` says that a `Source` publishes: its packets tell which encoding they are of."""
        self._driver = driver
        self._marked = marked
        self._session = MediaClient(driver, http, url)
        self.viewing = Viewing(time.time_ns())

    async def join(self) -> None:
        """Raises RefusedError or ConnectError."""
        self.viewing.started_ns = time.time_ns()
        await self._session.open(viewer_media(), add_streams=self._add_streams, on_event=self._on_event)
        self.viewing.joined_ms = (time.time_ns() - self.viewing.started_ns) / 1e6

    def streams(self) -> list[dict[str, Any]]:
        """The engine's figures of its streams now; none before it has joined or when it has left."""
        found: list[dict[str, Any]] = self._session.stats().get("incoming", [])
        return found

    def picture(self) -> dict[str, Any] | None:
        """Those of its picture."""
        return next((stream for stream in self.streams() if stream["kind"] == "video"), None)

    def read(self) -> Viewing:
        """The figures as they are now."""
        stats = self._session.stats()
        if stats:
            self.viewing.streams = stats.pop("incoming")
            self.viewing.client = stats
            self.viewing.ended_ns = time.time_ns()
        return self.viewing

    async def restart_ice(self) -> None:
        """New credentials on both sides, as after a change of network; waits for the first answer.

        Raises RefusedError, ConnectError.
        """
        await self._session.restart_ice()

    def request_key_frame(self) -> bool:
        """Sends a PLI; False before any picture has come."""
        return self._driver.engine.request_key_frame(self._session.client)

    async def leave(self) -> None:
        await self._session.close()

    def _add_streams(self, session: MediaClient, answer: Answer) -> None:
        for media in answer.media:
            if media.refused or not media.ssrc:
                continue
            self._driver.engine.add_incoming(
                session.client,
                kind=media.kind,
                ssrc=media.ssrc,
                rtx_ssrc=media.rtx_ssrc,
                payloads=[(c.payload_type, c.number, c.clock_rate, c.rtx_payload_type) for c in media.codecs],
                nack=any("nack" in codec.feedback for codec in media.codecs),
                transport_cc_extension=media.extensions.get("transport-cc", 0),
                capture_extension=media.extensions.get("abs-capture-time", 0),
                marked=self._marked,
            )

    def _on_event(self, kind: int, _value: Any) -> None:
        if kind == _client.EVENT_EXPIRED:
            self.viewing.failure = "The server stopped answering (no consent for 30 s)."


def merged_percentile_ms(histograms: Sequence[dict[str, Any]], share: float) -> float | None:
    """The value below which `share` of all samples lie, in milliseconds; None without samples."""
    buckets: dict[int, int] = {}
    for histogram in histograms:
        for value_us, count in histogram["buckets"].items():
            buckets[value_us] = buckets.get(value_us, 0) + count
    left = share * sum(buckets.values())
    for value_us in sorted(buckets):
        left -= buckets[value_us]
        if left <= 0:
            return value_us / 1000
    return None
