"""Input for the recorder's tests: H.264 and Opus made by PyAV, placed in time; and readers."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cache
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
from av.container import InputContainer

from vtp.bench.lecture_picture import LecturePicture
from vtp.recording.h264 import H264Reader
from vtp.recording.index import INDEX_NAME, Line, TrackIndex, read_lines, segment_name
from vtp.recording.picture import PictureReader
from vtp.recording.segmenter import Segmenter
from vtp.recording.source import Placed, PlacedPicture, PlacedSound
from vtp.recording.timebase import NS
from vtp.recording.track_writer import TrackWriter
from vtp.recording.units import PlainUnit


@cache
def h264_units(
    count: int, *, fps: int = 30, gop: int = 60, width: int = 320, height: int = 180
) -> tuple[PlainUnit, ...]:
    """Frames whose brightness is their number (modulo 64, times 3, plus 16), from RTP timestamp 0."""
    levels = (16 + 3 * (number % 64) for number in range(count))
    flat = (_flat_picture(width, height, level) for level in levels)
    return tuple(encoded_h264(flat, fps=fps, gop=gop, width=width, height=height))


@cache
def numbered_units(
    count: int, *, fps: int = 30, gop: int = 60, width: int = 320, height: int = 180
) -> tuple[PlainUnit, ...]:
    """Pictures of the lecture clip, each with its number in it, from RTP timestamp 0."""
    lecture = LecturePicture(width, height, fps)
    drawn = (_picture(lecture.planes(number)) for number in range(count))
    return tuple(encoded_h264(drawn, fps=fps, gop=gop, width=width, height=height))


def _flat_picture(width: int, height: int, level: int) -> av.VideoFrame:
    frame = av.VideoFrame(width, height, "yuv420p")
    for plane, value in zip(frame.planes, (level, 128, 128), strict=True):
        plane.update(bytes([value]) * plane.buffer_size)
    return frame


def _picture(planes: Sequence[npt.NDArray[np.uint8]]) -> av.VideoFrame:
    height, width = planes[0].shape
    return av.VideoFrame.from_ndarray(
        np.concatenate([plane.reshape(-1, width) for plane in planes]).reshape(height * 3 // 2, width),
        format="yuv420p",
    )


def encoded_h264(
    pictures: Iterator[av.VideoFrame], *, fps: int, gop: int, width: int, height: int
) -> Iterator[PlainUnit]:
    """One unit for each picture."""
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.time_base = Fraction(1, fps)
    encoder.framerate = Fraction(fps)
    encoder.profile = "Constrained Baseline"
    encoder.options = {
        "preset": "ultrafast",
        "tune": "zerolatency",
        "g": str(gop),
        "sc_threshold": "0",
        "crf": "18",
    }
    for number, frame in enumerate(pictures):
        frame.pts = number
        (packet,) = encoder.encode(frame)
        yield PlainUnit(
            data=bytes(packet),
            rtp_timestamp=number * 90_000 // fps,
            arrival_ns=number * NS // fps,
            key_frame=bool(packet.is_keyframe),
            width=width if packet.is_keyframe else 0,
            height=height if packet.is_keyframe else 0,
        )


@cache
def opus_units(count: int, *, frequency: float = 440.0, from_packet: int = 0) -> tuple[PlainUnit, ...]:
    """Packets of 20 ms with a tone from the packet `from_packet` on, first packet at RTP timestamp 0."""
    encoder = av.CodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.layout, encoder.format = 48_000, "stereo", "s16"
    encoder.time_base = Fraction(1, 48_000)
    encoder.options = {"frame_duration": "20"}
    units: list[PlainUnit] = []
    for number in range(count + 1):
        ticks = np.arange(number * 960, number * 960 + 960)
        tone = (np.sin(ticks * (2 * np.pi * frequency / 48_000)) * 12_000).astype(np.int16)
        tone *= number >= from_packet
        frame = av.AudioFrame.from_ndarray(np.repeat(tone, 2)[None, :], format="s16", layout="stereo")
        frame.sample_rate, frame.pts, frame.time_base = 48_000, number * 960, Fraction(1, 48_000)
        for packet in encoder.encode(frame):
            index = len(units)
            units.append(PlainUnit(bytes(packet), index * 960, index * NS // 50, key_frame=True))
    return tuple(units[:count])


def shifted(units: Sequence[PlainUnit], by_ns: int) -> list[PlainUnit]:
    """The units as if sent later."""
    return [replace(unit, arrival_ns=unit.arrival_ns + by_ns) for unit in units]


def placed(units: Sequence[PlainUnit], reader: PictureReader | None = None) -> list[PlacedPicture]:
    """The units, of H.264 when no reader is given, as pictures; those that cannot be read are left out."""
    reader = reader or H264Reader()
    pictures = []
    for unit in units:
        with contextlib.suppress(ValueError):
            media_ns = unit.rtp_timestamp * NS // 90_000
            pictures.append(PlacedPicture(unit.arrival_ns, reader.read(unit), media_ns))
    return pictures


def show(segmenter: Segmenter, pictures: Sequence[PlacedPicture]) -> None:
    """Gives pictures at their times, and no time passes otherwise."""
    for one in pictures:
        segmenter.add_video(one.picture, one.time_ns)


def feed(
    segmenter: Segmenter,
    video: Sequence[PlainUnit] | Sequence[PlacedPicture],
    audio: Sequence[PlainUnit],
    *,
    tick_ns: int = 50_000_000,
) -> None:
    """Gives units in order of arrival (their time on the timeline), ticking as the recorder does.

    Units of video are of H.264; other codecs come as pictures.
    """
    units = [one for one in video if isinstance(one, PlainUnit)]
    pictures = placed(units) or [one for one in video if isinstance(one, PlacedPicture)]
    events: list[tuple[int, int, int, Placed]] = sorted(
        [(one.time_ns, 0, n, one) for n, one in enumerate(pictures)]
        + [(unit.arrival_ns, 1, n, PlacedSound(unit.arrival_ns, unit.data)) for n, unit in enumerate(audio)],
        key=lambda event: event[:3],
    )
    clock = 0
    for arrival, _, _, one in events:
        while clock + tick_ns <= arrival:
            clock += tick_ns
            segmenter.tick(clock)
        if isinstance(one, PlacedSound):
            segmenter.add_audio(one.packet, one.time_ns)
        else:
            segmenter.add_video(one.picture, one.time_ns)


@dataclass
class Recorded:
    """A directory that a segmenter writes into, and how to read it."""

    directory: Path
    lines: list[tuple[str, Line]] = field(default_factory=list)
    writers: list[TrackWriter] = field(default_factory=list)

    def segmenter(self) -> Segmenter:
        """A segmenter that writes here."""
        self.lines, self.writers = [], []
        return Segmenter(self.open)

    def open(self, track: str, timescale: int) -> TrackWriter:
        """A track to be written here."""
        writer = TrackWriter(
            self.directory / track, track, timescale, lambda name, line: self.lines.append((name, line))
        )
        self.writers.append(writer)
        return writer

    def index(self, track: str) -> TrackIndex:
        """The index of a track, which must be whole."""
        data = (self.directory / track / INDEX_NAME).read_bytes()
        lines, good = read_lines(data)
        assert good == len(data), "the index holds something that is not a line"
        return TrackIndex.of(lines)

    def media(self, track: str, map_number: int) -> bytes:
        """A section and all its segments, as a player would append them."""
        index = self.index(track)
        folder = self.directory / track
        parts = [(folder / index.maps[map_number].uri).read_bytes()]
        parts += [
            (folder / segment_name(s.msn)).read_bytes()
            for s in index.segments
            if not s.gap and s.map == map_number
        ]
        return b"".join(parts)

    def packets(self, track: str, map_number: int = 0) -> list[tuple[int, int]]:
        """(time, duration) of every sample, as PyAV reads them."""
        with open_bytes(self.media(track, map_number)) as container:
            packets = [p for p in container.demux(container.streams[0]) if p.pts is not None]
            return [(packet.pts or 0, packet.duration or 0) for packet in packets]

    def brightness(self, map_number: int = 0) -> Iterator[tuple[int, int]]:
        """(time, frame number modulo 64) of every picture."""
        with open_bytes(self.media("video", map_number)) as container:
            for frame in container.decode(video=0):
                yield frame.pts or 0, round((bytes(frame.planes[0])[0] - 16) / 3)

    def audio(self, track: str) -> tuple[int, npt.NDArray[np.float32]]:
        """First tick and sound (mono) of an audio track."""
        with open_bytes(self.media(track, 0)) as container:
            frames = list(container.decode(audio=0))
        return frames[0].pts or 0, np.concatenate([frame.to_ndarray()[0] for frame in frames])


def open_bytes(data: bytes) -> InputContainer:
    """Bytes as PyAV, the independent reader, sees them."""
    return av.open(io.BytesIO(data), mode="r")


def strength(sound: npt.NDArray[np.float32], hertz: float, start_s: float, end_s: float) -> float:
    """The amplitude, of 1, of a tone in a stretch of sound at 48 kHz."""
    part = sound[round(start_s * 48_000) : round(end_s * 48_000)]
    turning = np.exp(-2j * np.pi * hertz / 48_000 * np.arange(len(part)))
    window = np.hanning(len(part))
    return float(2 * abs(np.sum(part * window * turning)) / np.sum(window))


def strengths(
    sound: npt.NDArray[np.float32], hertz: float, start_s: float, end_s: float
) -> npt.NDArray[np.float64]:
    """The same in each tenth of a second: what a real sender sends has jumps of phase, and holes."""
    starts = np.arange(start_s, end_s - 0.1, 0.1)
    return np.array([strength(sound, hertz, start, start + 0.1) for start in starts])
