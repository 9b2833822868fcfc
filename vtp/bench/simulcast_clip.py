"""Encodes the beginning of a file or stream in several sizes, once, so that sending them costs nothing later.

Every layer has the same pictures and a key frame each second: any group of pictures can follow any other.
All of it blocks: run it in a thread.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import av
import av.container
from av.video.frame import PictureType

from vtp.bench.media_encode import OpusEncoder, Unit
from vtp.bench.media_source import SourceError, open_source

CLIP_S = 10.0
GROUP_S = 1.0
"""Between two key frames: who asks for one gets the next group at once."""
MOST_FPS = 30
ENCODERS = {"vp8": "libvpx", "h264": "libx264"}
_OPTIONS = {
    "vp8": {"deadline": "realtime", "cpu-used": "16", "lag-in-frames": "0", "auto-alt-ref": "0",
            "error-resilient": "1"},
    "h264": {"preset": "veryfast", "tune": "zerolatency", "profile": "baseline", "forced-idr": "1",
             "x264-params": "scenecut=0"},
}  # fmt: skip


@dataclass(frozen=True)
class LayerFormat:
    """One encoding of the picture."""

    rid: str
    height: int
    bitrate_bps: int


LAYERS = (LayerFormat("l", 180, 150_000), LayerFormat("m", 360, 500_000), LayerFormat("h", 720, 1_500_000))
"""The smallest first."""


@dataclass
class ClipLayer:
    """A layer's groups of pictures, each a list of frames that begins with a key frame."""

    format: LayerFormat
    width: int
    groups: list[list[bytes]] = field(default_factory=list)

    @property
    def bytes(self) -> int:
        return sum(len(frame) for group in self.groups for frame in group)


@dataclass
class Clip:
    """What was encoded. `sound` is timed from 0 and empty when the source has none."""

    codec: str
    fps: int
    layers: list[ClipLayer]
    sound: list[Unit]

    @property
    def group_frames(self) -> int:
        """Frames of a group; the last group of a clip has as many."""
        return len(self.layers[0].groups[0])

    @property
    def frames(self) -> int:
        return self.group_frames * len(self.layers[0].groups)

    @property
    def seconds(self) -> float:
        return self.frames / self.fps


def read_layers(text: str) -> list[LayerFormat]:
    """Of "180:150,360:500,720:1500": heights and kbit/s, the smallest first. Raises ValueError."""
    formats = []
    for rid, part in zip("lmh", text.split(","), strict=False):
        height, _, kbit_per_s = part.partition(":")
        if not height.strip().isdecimal() or not kbit_per_s.strip().isdecimal():
            raise ValueError(f"{part} is no layer: write HEIGHT:KBIT, as 360:500.")
        formats.append(LayerFormat(rid, int(height) // 2 * 2, 1000 * int(kbit_per_s)))
    if text.count(",") > 2:
        raise ValueError("There are at most three layers.")
    if any(b.height <= a.height for a, b in itertools.pairwise(formats)):
        raise ValueError("Layers are given from the smallest to the largest.")
    if any(not 16 <= layer.height <= 2160 or layer.bitrate_bps < 10_000 for layer in formats):
        raise ValueError("A layer is 16 to 2160 pixels high and has 10 kbit/s or more.")
    return formats


def encode_clip(
    url: str, codec: str, formats: Sequence[LayerFormat] = LAYERS, *, seconds: float = CLIP_S
) -> Clip:
    """The first seconds of the source, or all it has. Raises SourceError."""
    sound = list(_sound(url, seconds))
    with open_source(url) as container:
        if not container.streams.video:
            raise SourceError(f"{url} has no picture in it.")
        stream = container.streams.video[0]
        fps = max(1, min(MOST_FPS, round(float(stream.average_rate or stream.guessed_rate or 25))))
        encoders: list[_LayerEncoder] = []
        try:
            for number, frame in enumerate(_paced(container, stream, fps, seconds)):
                if not encoders:
                    encoders = [_LayerEncoder(codec, one, frame, fps) for one in formats]
                for encoder in encoders:
                    encoder.take(frame, number)
        except av.FFmpegError as error:
            raise SourceError(f"{url} broke off: {error.strerror or error}.") from error
    if not encoders:
        raise SourceError(f"{url} has no picture in it.")
    layers = [encoder.finish() for encoder in encoders]
    return Clip(codec, fps, layers, [unit for unit in sound if unit.time_s < _seconds(layers[0], fps)])


def _seconds(layer: ClipLayer, fps: int) -> float:
    return sum(map(len, layer.groups)) / fps


def _paced(container: av.container.InputContainer, stream: Any, fps: int, seconds: float) -> Iterator[Any]:
    """A picture for each tick: repeated where the source has none, left out where it has more."""
    first_s: float | None = None
    count, most = 0, max(1, round(seconds * fps))
    for frame in container.decode(stream):
        if frame.time is None:
            continue
        first_s = frame.time if first_s is None else first_s
        while count < min(most, int((frame.time - first_s) * fps + 1.001)):
            yield frame
            count += 1
        if count == most:
            return


def _sound(url: str, seconds: float) -> Iterator[Unit]:
    with open_source(url) as container:
        if not container.streams.audio:
            return
        encoder = OpusEncoder(container.streams.audio[0])
        first_s: float | None = None
        for packet in container.demux(container.streams.audio[0]):
            for unit in encoder.take(packet):
                first_s = unit.time_s if first_s is None else first_s
                if unit.time_s - first_s >= seconds:
                    return
                yield unit.later_by(-first_s)


class _LayerEncoder:
    """Scales and encodes one layer; a key frame begins each group."""

    def __init__(self, codec: str, layer: LayerFormat, first: av.VideoFrame, fps: int) -> None:
        width = max(16, round(first.width * layer.height / first.height) // 2 * 2)
        self._layer = ClipLayer(layer, width)
        self._group = max(1, round(GROUP_S * fps))
        encoder = av.CodecContext.create(ENCODERS[codec], "w")
        assert isinstance(encoder, av.VideoCodecContext)
        encoder.width, encoder.height, encoder.pix_fmt = width, layer.height, "yuv420p"
        encoder.time_base, encoder.framerate = Fraction(1, fps), Fraction(fps)
        encoder.bit_rate = layer.bitrate_bps
        encoder.gop_size = self._group
        encoder.max_b_frames = 0
        encoder.thread_count = 1  # beside others, waiting for its threads takes libvpx longer than encoding
        bound = {"maxrate": str(layer.bitrate_bps), "bufsize": str(layer.bitrate_bps // 2)}
        encoder.options = {**_OPTIONS[codec], **bound}
        self._encoder = encoder

    def take(self, frame: av.VideoFrame, number: int) -> None:
        picture = frame.reformat(width=self._layer.width, height=self._layer.format.height, format="yuv420p")
        picture.pts, picture.time_base = number, self._encoder.time_base
        picture.pict_type = PictureType.NONE if number % self._group else PictureType.I
        self._keep(self._encoder.encode(picture))

    def finish(self) -> ClipLayer:
        """Whole groups only, so that each can follow each; a clip of less than one is one."""
        self._keep(self._encoder.encode(None))
        groups = self._layer.groups
        if len(groups) > 1 and len(groups[-1]) < self._group:
            groups.pop()
        return self._layer

    def _keep(self, packets: Sequence[Any]) -> None:
        for packet in packets:
            if packet.is_keyframe:
                self._layer.groups.append([])
            self._layer.groups[-1].append(bytes(packet))
