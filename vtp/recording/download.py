"""The MP4 download: one file with picture and AAC sound, remuxed by PyAV from the segments, moov first.

An MP4 track of FFmpeg's has one sample entry, so where the parameter sets change later on, they travel in the
picture's first sample, which decoders follow.
"""

from __future__ import annotations

import heapq
import io
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, TypeAlias

import av
from av.container import InputContainer

from vtp.recording.audio_tracks import AAC_TRACK, OPUS_TRACK
from vtp.recording.files import OpenFile
from vtp.recording.index import SegmentLine, TrackIndex, segment_name
from vtp.recording.segmenter import VIDEO_TRACK

Packet: TypeAlias = "av.Packet[Any]"


class _Chain(io.RawIOBase):
    """Several files read as one, one at a time."""

    def __init__(self, open_file: OpenFile, names: Iterable[str]) -> None:
        self._open_file = open_file
        self._names = iter(names)
        self._file: Any = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while True:
            if self._file is None:
                name = next(self._names, None)
                if name is None:
                    return 0
                self._file = self._open_file(name)
            count = self._file.readinto(buffer)
            if count:
                return int(count)
            self._file.close()
            self._file = None

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
        super().close()


def remux_to_mp4(open_file: OpenFile, tracks: dict[str, TrackIndex], target: Path) -> None:
    """Writes `target` in one step from the files that `open_file` opens by name, such as `video/init-0.mp4`.

    Takes about a second per hour and GHz, so it belongs in a thread. Raises ValueError when there is
    nothing to play, OSError from the disk.
    """
    sound = next((name for name in (AAC_TRACK, OPUS_TRACK) if _has_media(tracks, name)), None)
    names = [name for name in (VIDEO_TRACK, sound) if name is not None and _has_media(tracks, name)]
    if not names:
        raise ValueError("The recording has nothing to play, so there is nothing to download")
    temporary = target.with_suffix(".part")
    try:
        with av.open(str(temporary), "w", format="mp4", options={"movflags": "faststart"}) as output:
            readers = [_TrackReader(open_file, name, tracks[name], output) for name in names]
            streams = [reader.packets() for reader in readers]
            for packet in heapq.merge(*streams, key=_decoding_time):
                output.mux_one(packet)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def _decoding_time(packet: Packet) -> Fraction:
    return Fraction(packet.dts or 0) * (packet.time_base or 1)


def _has_media(tracks: dict[str, TrackIndex], name: str) -> bool:
    return name in tracks and tracks[name].has_media


class _TrackReader:
    """Reads one track, section by section, as packets of one output stream."""

    def __init__(
        self, open_file: OpenFile, track: str, index: TrackIndex, output: av.container.OutputContainer
    ) -> None:
        self._open_file = open_file
        self._track = track
        self._index = index
        self._time_base = Fraction(1, index.timescale)
        self._runs = list(_runs(index))
        with self._open(self._runs[0]) as container:
            self._extradata = container.streams[0].codec_context.extradata or b""
            self._stream = output.add_stream_from_template(container.streams[0], opaque=True)
        self._stream.time_base = self._time_base

    def packets(self) -> Iterator[Packet]:
        """All packets in order, on the recording's timeline."""
        for run in self._runs:
            with self._open(run) as container:
                yield from self._packets_of(container)

    def _packets_of(self, container: InputContainer) -> Iterator[Packet]:
        extradata = container.streams[0].codec_context.extradata or b""
        inband = b"" if extradata == self._extradata else _parameter_sets(extradata)
        for packet in container.demux(container.streams[0]):
            if packet.pts is None:
                continue
            out: Packet = av.Packet(inband + bytes(packet)) if inband and packet.is_keyframe else packet
            out.stream = self._stream
            out.time_base = self._time_base
            out.pts, out.dts, out.duration = packet.pts, packet.dts, packet.duration
            out.is_keyframe = packet.is_keyframe
            yield out

    def _open(self, run: list[SegmentLine]) -> InputContainer:
        section = next(line.uri for line in self._index.maps if line.map == run[0].map)
        names = [f"{self._track}/{name}" for name in (section, *(segment_name(s.msn) for s in run))]
        reader = io.BufferedReader(_Chain(self._open_file, names), 1 << 16)
        return av.open(reader, mode="r", format="mp4")


def _runs(index: TrackIndex) -> Iterator[list[SegmentLine]]:
    """Segments with media, grouped as long as their section stays the same."""
    run: list[SegmentLine] = []
    for segment in index.segments:
        if segment.gap:
            continue
        if run and run[0].map != segment.map:
            yield run
            run = []
        run.append(segment)
    if run:
        yield run


def _parameter_sets(avcc: bytes) -> bytes:
    """The parameter sets of an AVCDecoderConfigurationRecord (ISO/IEC 14496-15), length-prefixed."""
    if len(avcc) < 7 or avcc[0] != 1:
        return b""
    out = bytearray()
    offset = 6
    for count in (avcc[5] & 0x1F, None):
        if count is None:
            count, offset = avcc[offset], offset + 1
        for _ in range(count):
            size = int.from_bytes(avcc[offset : offset + 2], "big")
            out += size.to_bytes(4, "big") + avcc[offset + 2 : offset + 2 + size]
            offset += 2 + size
    return bytes(out)
