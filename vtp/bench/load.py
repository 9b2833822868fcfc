"""The benchmark's load: a publisher that keeps a timetable, and viewers that count and time every packet.

Both live in the compiled engine's thread; Python only starts them and reads their figures. A `Source` notes
when each of its packets was handed to the kernel. A `Probe` reads the headers of all packets and
authenticates and decrypts a sample; a number in the payload then tells how the server's sequence numbers map
to the source's, and with that the delay of every packet is known: from the source's send call to the kernel's
receive timestamp.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from vtp.bench import _client
from vtp.bench.client_sdp import AnsweredMedia, OfferedEncoding
from vtp.bench.driver import ClientDriver
from vtp.bench.load_figures import Delays, ProbeFigures, SourceFigures, StreamFigures, merge

__all__ = [
    "Delays", "Layer", "Lecture", "Probe", "ProbeFigures", "Source", "SourceFigures", "StreamFigures",
    "merge",
]  # fmt: skip


@dataclass(frozen=True)
class Layer:
    """One simulcast encoding of a pattern: how large its frames are."""

    rid: str
    packets_per_frame: int
    packet_bytes: tuple[int, int]
    width: int
    height: int

    def bitrate_bps(self, frames_per_s: int) -> float:
        """Of its RTP packets."""
        return 4.0 * sum(self.packet_bytes) * self.packets_per_frame * frames_per_s


@dataclass(frozen=True)
class Lecture:
    """What one publisher sends (design, "targets"): Chromium's pacing of one camera and one microphone.

    Raises ValueError for a pattern that cannot be sent.
    """

    frames_per_s: int = 25
    packets_per_frame: int = 10
    packet_bytes: tuple[int, int] = (1100, 1200)
    """Smallest and largest RTP packet of a frame, header included and SRTP tag not, spread in between."""
    burst_packets: int = 3
    burst_interval_ms: float = 5.0
    audio_per_s: int = 50
    audio_bytes: int = 100
    """Of an RTP packet of sound, header included and SRTP tag not."""
    video: bool = True
    audio: bool = True
    layers: tuple[Layer, ...] = ()
    """Instead of one encoding, the smallest first; `packets_per_frame` and `packet_bytes` are theirs then."""

    def __post_init__(self) -> None:
        low, high = self.packet_bytes
        if not 128 <= low <= high <= 1200 or not 80 <= self.audio_bytes <= 1200:
            raise ValueError("Packets of a picture have 128 to 1200 bytes, packets of sound 80 to 1200.")
        bursts = -(-self.packets_per_frame // max(1, self.burst_packets))
        if min(self.frames_per_s, self.packets_per_frame, self.burst_packets, self.audio_per_s) < 1:
            raise ValueError("Rates and packets of a frame and of a burst are 1 or more.")
        if self.packets_per_frame > 256 or (bursts - 1) * self.burst_interval_ms >= 1000 / self.frames_per_s:
            raise ValueError("A frame has at most 256 packets, and its bursts end before the next frame.")

    @property
    def packets_per_s(self) -> int:
        """Packets of picture and sound together."""
        per_frame = sum(layer.packets_per_frame for layer in self.layers) or self.packets_per_frame
        video = self.frames_per_s * per_frame if self.video else 0
        return video + (self.audio_per_s if self.audio else 0)


_RING_PACKETS = {"video": 1024, "audio": 256}  # kept for retransmission: about 4 s
_SENDABLE = {"video": {"vp8", "h264"}, "audio": {"opus", "pcmu", "pcma"}}
MOST_SELDOM = 8192
"""Packets between two of the sample: SRTP guesses the roll-over of 16-bit numbers from the last one."""


class Source:
    """One publisher: a connected client that sends a pattern by itself, from the engine's thread.

    A key frame comes first and after each request for one, as large as any other frame; NACK is answered with
    RTX; MID, transport-wide numbers, abs-send-time, audio level and sender reports go along where they were
    agreed on.
    """

    def __init__(
        self,
        driver: ClientDriver,
        client: int,
        media: Sequence[AnsweredMedia],
        pattern: Lecture,
        *,
        seed: int = 1,
    ) -> None:
        """`media` are the lines that may be sent, with our SSRCs and the agreed codec first (`Leg.media`).

        `seed` places the frames in time (two seeds do not burst together) and chooses first numbers and
        bytes. Raises ValueError when a line of the pattern is missing or its codec is none that can be sent.
        """
        self.engine = driver.engine
        self.client = client
        self.indexes: dict[str, int] = {}
        self.layers: dict[str, int] = {}
        """By RID, of a pattern with layers; the picture is not in `indexes` then."""
        self._phases: dict[int, int] = {}
        self._random = random.Random(seed)
        for kind, wanted in (("video", pattern.video), ("audio", pattern.audio)):
            if wanted:
                self._add(_line(media, kind), pattern)

    def start(self) -> None:
        """Sends from now on. A second start begins a new timetable on the same streams."""
        _client.start_loads(self.engine, self.client, self._phases)

    def stop(self) -> None:
        """Sends no more media; retransmissions are still answered."""
        _client.stop_loads(self.engine, self.client)

    def packets(self, kinds: frozenset[str]) -> int:
        """What was sent of these kinds so far, without what was sent again. KeyError as for `figures`."""
        lines = self.engine.stats(self.client)["outgoing"]
        return sum(lines[index]["packets"] for kind, index in self.indexes.items() if kind in kinds)

    def figures(self) -> SourceFigures:
        """What was sent so far. KeyError when the client has been removed."""
        lines = self.engine.stats(self.client)["outgoing"]
        lines = [lines[index] for index in (*self.indexes.values(), *self.layers.values())]
        video = [line for line in lines if line["kind"] == "video"]
        return SourceFigures(
            packets=_total(lines, "packets"),
            bytes=_total(lines, "bytes"),
            frames=max((line["load_units"] for line in video), default=0),
            key_frames=_total(video, "load_key_units"),
            key_frame_requests=_total(video, "key_requests"),
            nacks=_total(lines, "nacks"),
            resent=_total(lines, "resent"),
            late_bursts=_total(lines, "late_bursts"),
            latest_ms=max(line["latest_ns"] for line in lines) / 1e6,
            marks=tuple(line["mark"] for line in video),
        )

    def _add(self, line: AnsweredMedia, pattern: Lecture) -> None:
        if line.kind == "video" and pattern.layers:
            self._add_layers(line, pattern)
            return
        packets = pattern.packets_per_frame if line.kind == "video" else 1
        sizes = pattern.packet_bytes if line.kind == "video" else (pattern.audio_bytes,) * 2
        index = self._add_stream(line, OfferedEncoding("", line.ssrc, line.rtx_ssrc))
        self._load(index, line.kind, pattern, Layer("", packets, sizes, 640, 368))
        self.indexes[line.kind] = index
        self._phases[index] = self._random.randrange(1_000_000_000 // _units_per_s(line.kind, pattern))

    def _add_layers(self, line: AnsweredMedia, pattern: Lecture) -> None:
        """A load for each encoding, all of the same pictures at the same time."""
        phase_ns = self._random.randrange(1_000_000_000 // pattern.frames_per_s)
        sent = {encoding.rid: encoding for encoding in line.encodings}
        for layer in pattern.layers:
            if layer.rid not in sent:
                raise ValueError(f"The line has no encoding {layer.rid}.")
            index = self._add_stream(line, sent[layer.rid])
            self._load(index, "video", pattern, layer)
            self.layers[layer.rid] = index
            self._phases[index] = phase_ns

    def _add_stream(self, line: AnsweredMedia, encoding: OfferedEncoding) -> int:
        codec = line.codecs[0]
        return self.engine.add_outgoing(
            self.client,
            kind=line.kind,
            ssrc=encoding.ssrc,
            rtx_ssrc=encoding.rtx_ssrc if codec.rtx_payload_type >= 0 else 0,
            codec=codec.number,
            payload_type=codec.payload_type,
            rtx_payload_type=codec.rtx_payload_type,
            clock_rate=codec.clock_rate,
            mid=line.mid,
            extensions=line.extensions,
            ring_packets=_RING_PACKETS[line.kind],
            rid=encoding.rid,
        )

    def _load(self, index: int, kind: str, pattern: Lecture, layer: Layer) -> None:
        _client.add_load(
            self.engine,
            self.client,
            index,
            units_per_s=_units_per_s(kind, pattern),
            packets_per_unit=layer.packets_per_frame,
            burst_packets=pattern.burst_packets if kind == "video" else 1,
            burst_interval_ns=round(pattern.burst_interval_ms * 1e6),
            smallest=layer.packet_bytes[0],
            largest=layer.packet_bytes[1],
            seed=self._random.getrandbits(64),
            first_timestamp=self._random.getrandbits(32),
            width=layer.width,
            height=layer.height,
        )


def _units_per_s(kind: str, pattern: Lecture) -> int:
    return pattern.frames_per_s if kind == "video" else pattern.audio_per_s


def _line(media: Sequence[AnsweredMedia], kind: str) -> AnsweredMedia:
    """The one line of a kind that can be sent. Raises ValueError."""
    for line in media:
        if line.kind == kind and not line.refused and (line.ssrc or line.encodings) and line.codecs:
            if line.codecs[0].name not in _SENDABLE[kind]:
                raise ValueError(f"{line.codecs[0].name} cannot be sent: use VP8 or H.264, and Opus.")
            return line
    raise ValueError(f"There is no line to send {kind} on.")


def _total(lines: Sequence[dict[str, Any]], name: str) -> int:
    return sum(line[name] for line in lines)


class Probe:
    """One viewer's streams on a connected client: every packet counted and timed, a sample authenticated.

    There may be any number of them, of one publisher or of many.

    It does what a viewer has to: receiver reports once a second, transport-wide feedback, NACK for what is
    missing, a key frame request where it cannot begin. Packets that come before the probe is made only count
    for `first_packet_ns`.
    """

    def __init__(
        self,
        driver: ClientDriver,
        client: int,
        media: Sequence[AnsweredMedia],
        source: Source | Sequence[Source | None] | None,
        *,
        authenticate_every: int = 64,
        feedback_ms: int = 100,
    ) -> None:
        """`media` are the lines to receive (`Leg.media`; refused ones are passed over).

        `source` is the publisher of all of them, or one for each line; without it there are no delays.
        `authenticate_every` (1 to 8192; 1 is all packets) makes the
        sample; the first packets and those after any irregularity are in it always. `feedback_ms` is the
        interval of transport-wide feedback. Raises ValueError when there is nothing to receive, or
        one SSRC is that of two streams.
        """
        sources = source if isinstance(source, Sequence) else [source] * len(media)
        expected = [
            (line, one)
            for line, one in zip(media, sources, strict=True)
            if not line.refused and line.ssrc and line.codecs
        ]
        if not expected:
            raise ValueError("There is no stream to receive: the description names no SSRC.")
        if not 1 <= authenticate_every <= MOST_SELDOM or feedback_ms < 1:
            raise ValueError(f"The sample is one in 1 to {MOST_SELDOM} packets, feedback takes 1 ms or more.")
        self._handle = _client.ProbeHandle(
            driver.engine,
            client,
            authenticate_every=authenticate_every,
            feedback_ms=feedback_ms,
            transport_cc_extension=max(line.extensions.get("transport-cc", 0) for line, _ in expected),
        )
        for line, one in expected:
            self._add(line, one)

    def figures(self) -> ProbeFigures:
        """The window so far. Still right after the client has been removed: as it was then."""
        found = self._handle.figures()
        delay = found.pop("delay")
        return ProbeFigures(
            **found, delay=Delays(delay["count"], delay["min_us"], delay["max_us"], delay["buckets"])
        )

    def streams(self) -> list[StreamFigures]:
        """The same of each stream by itself, in the order of the lines."""
        return [StreamFigures(**found) for found in self._handle.streams()]

    def restart(self) -> None:
        """Begins a new measuring window: packets that arrive from now on, numbers after the newest so far."""
        self._handle.restart()

    def _add(self, line: AnsweredMedia, source: Source | None) -> None:
        index = source.indexes.get(line.kind, -1) if source is not None else -1
        self._handle.add_stream(
            kind=line.kind,
            ssrc=line.ssrc,
            rtx_ssrc=line.rtx_ssrc,
            clock_rate=line.codecs[0].clock_rate,
            nack=any("nack" in codec.feedback for codec in line.codecs),
            source_engine=source.engine if source is not None and index >= 0 else None,
            source_client=source.client if source is not None else -1,
            source_index=index,
        )
