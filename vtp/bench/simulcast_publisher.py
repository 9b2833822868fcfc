"""Publishes a clip in several layers over WHIP: what a page with simulcast sends, without its encoder."""

from __future__ import annotations

import asyncio
import dataclasses
import secrets
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from vtp.bench import _client
from vtp.bench.client_sdp import Answer, OfferedEncoding, OfferedMedia
from vtp.bench.driver import ClientDriver
from vtp.bench.media_source import Track
from vtp.bench.peers.connect import PeerError, sent_media
from vtp.bench.publisher import NotTakenError, offered_media
from vtp.bench.simulcast_budget import LayerBudget
from vtp.bench.simulcast_clip import Clip
from vtp.bench.simulcast_reel import Reel
from vtp.bench.whip_client import MediaClient, WhipHttp

LEAD_S = 0.02
"""How long before its time a frame is handed to the engine; a request that comes later waits for the next."""
PARAMETERS = {"vp8": "", "h264": "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f"}
DRAIN_S = 0.3


@dataclass
class LayersSent:
    """How it went: by RID what was sent and asked for, and why it ended before its time."""

    seconds: float = 0.0
    failure: str = ""
    key_frame_requests: dict[str, int] = field(default_factory=dict)
    paused_s: dict[str, float] = field(default_factory=dict)
    """How long each layer was left out because of the link."""
    streams: list[dict[str, Any]] = field(default_factory=list)


def simulcast_offer(clip: Clip) -> list[OfferedMedia]:
    """The picture with an encoding for each layer, and sound where the clip has any."""
    tracks = [Track("video", clip.codec, False, PARAMETERS[clip.codec], clip.codec)]
    if clip.sound:
        tracks.append(Track("audio", "opus", False, "minptime=10;useinbandfec=1", "opus"))
    picture, *rest = offered_media(tracks)
    encodings = [
        OfferedEncoding(layer.format.rid, secrets.randbits(32) | 1, secrets.randbits(32) | 1)
        for layer in clip.layers
    ]
    return [dataclasses.replace(picture, ssrc=0, rtx_ssrc=0, encodings=encodings), *rest]


class SimulcastPublisher:
    """One WHIP session. Layers that the server does not take are not sent."""

    def __init__(self, driver: ClientDriver, http: WhipHttp, url: str, clip: Clip) -> None:
        self._engine = driver.engine
        self._session = MediaClient(driver, http, url)
        self._clip = clip
        self._media = simulcast_offer(clip)
        self._layers = {layer.format.rid: layer for layer in clip.layers}
        self._reels: dict[int, tuple[str, Reel]] = {}
        """By the engine's index, the smallest layer first."""
        self._sound = -1
        self._stop = threading.Event()
        self._first_timestamps: dict[int, int] = {}
        self.sent = LayersSent()

    async def open(self) -> None:
        """Raises RefusedError, its NotTakenError, or ConnectError."""
        await self._session.open(self._media, add_streams=self._add_streams, on_event=self._on_event)

    async def run(self, *, loop: bool) -> LayersSent:
        """Sends the clip once, or until `stop` is called."""
        started_s = time.monotonic()
        await asyncio.to_thread(self._feed, loop)
        await asyncio.sleep(DRAIN_S)
        self.sent.seconds = time.monotonic() - started_s
        self.sent.streams = self._session.stats().get("outgoing", [])
        return self.sent

    def stop(self) -> None:
        """Ends `run`. Thread-safe."""
        self._stop.set()

    async def close(self) -> None:
        """DELETEs the session."""
        await self._session.close()

    def _feed(self, loop: bool) -> None:
        """The thread: a frame of each layer at its time, and the sound that is due with it."""
        clip, tick = self._clip, 0
        budget = LayerBudget([self._layers[rid].format.bitrate_bps for rid, _ in self._reels.values()])
        start_ns = time.monotonic_ns() + round(1e9 * LEAD_S)
        while loop or tick < clip.frames:
            due_ns = start_ns + round(tick * 1e9 / clip.fps)
            if self._stop.wait(max(0.0, (due_ns - time.monotonic_ns()) / 1e9 - LEAD_S)):
                return
            self._choose(budget)
            self._send_pictures(tick, due_ns)
            self._send_sound(tick, due_ns)
            tick += 1

    def _choose(self, budget: LayerBudget) -> None:
        stats = self._session.stats()
        if not stats:
            return
        told = stats["feedback_arrived"], stats["feedback_missing"], stats["remb_bps"]
        allowed = budget.layers(time.monotonic(), *told)
        for number, (rid, reel) in enumerate(self._reels.values()):
            reel.paused = number >= allowed
            if reel.paused:
                self.sent.paused_s[rid] = self.sent.paused_s.get(rid, 0.0) + 1 / self._clip.fps

    def _send_pictures(self, tick: int, due_ns: int) -> None:
        for index, (rid, reel) in self._reels.items():
            frame = reel.take(tick)
            if frame is not None:
                data, key = frame
                layer = self._layers[rid]
                self._send(index, data, tick / self._clip.fps, due_ns, key, layer.width, layer.format.height)

    def _send_sound(self, tick: int, due_ns: int) -> None:
        """What belongs to the time of this frame."""
        if self._sound < 0:
            return
        round_, frame = divmod(tick, self._clip.frames)
        begin_s, end_s = frame / self._clip.fps, (frame + 1) / self._clip.fps
        for unit in self._clip.sound:
            if begin_s <= unit.time_s < end_s:
                later_ns = round(1e9 * (unit.time_s - begin_s))
                at_s = round_ * self._clip.seconds + unit.time_s
                self._send(self._sound, unit.data, at_s, due_ns + later_ns, True)

    def _send(
        self, index: int, data: bytes, at_s: float, due_ns: int, key: bool, width: int = 0, height: int = 0
    ) -> None:
        clock = 48_000 if index == self._sound else 90_000
        timestamp = (self._first_timestamps[index] + round(at_s * clock)) & 0xFFFFFFFF
        self._engine.send_unit(
            self._session.client, index, data, timestamp, due_ns, key=key, width=width, height=height
        )

    def _add_streams(self, session: MediaClient, answer: Answer) -> None:
        try:
            lines = sent_media(self._media, answer)
        except PeerError as error:
            raise NotTakenError(str(error)) from error
        for line in lines:
            codec = line.codecs[0]
            for encoding in line.encodings or [OfferedEncoding("", line.ssrc, line.rtx_ssrc)]:
                index = self._engine.add_outgoing(
                    session.client,
                    kind=line.kind,
                    ssrc=encoding.ssrc,
                    rtx_ssrc=encoding.rtx_ssrc if codec.rtx_payload_type >= 0 else 0,
                    codec=codec.number,
                    payload_type=codec.payload_type,
                    rtx_payload_type=codec.rtx_payload_type,
                    clock_rate=codec.clock_rate,
                    mid=line.mid,
                    extensions=line.extensions,
                    ring_packets=1024 if line.kind == "video" else 256,
                    rid=encoding.rid,
                )
                self._first_timestamps[index] = secrets.randbits(32)
                if line.kind == "audio":
                    self._sound = index
                else:
                    self._reels[index] = (encoding.rid, Reel(self._layers[encoding.rid].groups))

    def _on_event(self, kind: int, value: Any) -> None:
        if kind == _client.EVENT_KEY_FRAME_WANTED and value in self._reels:
            rid, reel = self._reels[value]
            self.sent.key_frame_requests[rid] = self.sent.key_frame_requests.get(rid, 0) + 1
            reel.request_key_frame()
        elif kind == _client.EVENT_EXPIRED:
            self.sent.failure = "The server stopped answering (no consent for 30 s)."
            self.stop()
