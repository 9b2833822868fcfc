"""The samples of one ended track: made once from its fragments, then kept beside them in `samples.bin`.

The file is a view that can be made anew at any time: a header, and zlib-compressed arrays of 32-bit numbers.
It names the index that it was made from, so that one that does not fit (any more) is made again.
"""

from __future__ import annotations

import os
import struct
import sys
import threading
import zlib
from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from vtp.recording.fragment_samples import big_endian, read_runs
from vtp.recording.index import PartLine, SegmentLine, TrackIndex, segment_name

TABLE_NAME = "samples.bin"
_MAGIC = b"vtpS"
_VERSION = 1
MOST_TICKS = 1 << 40  # months
_HEAD = struct.Struct(">4sIIIIIII")  # magic, version, timescale, chunks, samples, keys, index, body's crc
_CHUNK = struct.Struct(">IIIQIIII")

Find = Callable[[str], Path]
"""Gives where a file such as `video/seg-00000.m4s` of a recording lies on this machine; may block."""


class Chunk(NamedTuple):
    """The samples of one fragment, `size` bytes of segment `msn`'s file from `offset` on.

    `start` and `duration` are ticks, `crc` is that of the part that they belong to.
    """

    msn: int
    offset: int
    size: int
    start: int
    duration: int
    samples: int
    map: int
    crc: int

    @property
    def end(self) -> int:
        """The tick after its last sample."""
        return self.start + self.duration


def _numbers() -> array[int]:
    return array("I")


@dataclass(slots=True)
class SampleTable:
    """Chunks in order, and size and duration of each sample; `keys` is empty when all are key frames."""

    timescale: int
    chunks: list[Chunk] = field(default_factory=list)
    sizes: array[int] = field(default_factory=_numbers)
    durations: array[int] = field(default_factory=_numbers)
    keys: array[int] = field(default_factory=_numbers)

    def positions(self) -> list[int]:
        """The first sample of each chunk, and the count of all."""
        found = [0]
        for chunk in self.chunks:
            found.append(found[-1] + chunk.samples)
        return found

    @property
    def end(self) -> int:
        """The tick after the last sample."""
        return self.chunks[-1].end if self.chunks else 0

    def end_by(self, time: int) -> None:
        """Has the last sample end by `time`, where the next begins: a late picture was written as if the one
        before it lasted longer (`VideoTrack.write_early`).
        """
        overlap = self.end - time
        if self.chunks and 0 < overlap < self.durations[-1]:
            self.durations[-1] -= overlap
            self.chunks[-1] = self.chunks[-1]._replace(duration=self.chunks[-1].duration - overlap)

    def sample_at(self, time: int) -> tuple[int, int]:
        """The last sample that begins by `time` and when it does; the first when none does."""
        at = max(bisect_right(self.chunks, time, key=lambda chunk: chunk.start) - 1, 0)
        chunk = self.chunks[at]
        sample = sum(earlier.samples for earlier in self.chunks[:at])
        begin = chunk.start
        for duration in self.durations[sample : sample + chunk.samples - 1]:
            if begin + duration > time:
                break
            begin += duration
            sample += 1
        return sample, begin

    def key_at(self, sample: int) -> int:
        """The key frame that decoding of `sample` begins with."""
        if not self.keys:
            return sample
        return self.keys[max(bisect_right(self.keys, sample) - 1, 0)]

    def cut(self, first: int, last: int) -> SampleTable:
        """The samples from `first` up to, not including, `last`."""
        cut = SampleTable(self.timescale, sizes=self.sizes[first:last], durations=self.durations[first:last])
        cut.keys = array("I", [key - first for key in self.keys if first <= key < last])
        begin = 0
        for chunk in self.chunks:
            low, high = max(first - begin, 0), min(last - begin, chunk.samples)
            if low < high:
                cut.chunks.append(self._cut_chunk(chunk, begin, low, high))
            begin += chunk.samples
        return cut

    def _cut_chunk(self, chunk: Chunk, begin: int, low: int, high: int) -> Chunk:
        return chunk._replace(
            offset=chunk.offset + sum(self.sizes[begin : begin + low]),
            size=sum(self.sizes[begin + low : begin + high]),
            start=chunk.start + sum(self.durations[begin : begin + low]),
            duration=sum(self.durations[begin + low : begin + high]),
            samples=high - low,
        )


def load_table(
    folder: Path,
    index: TrackIndex,
    pause: Callable[[], None] = lambda: None,
    find: Find | None = None,
) -> SampleTable:
    """A track's samples, from the side file, or else from its fragments, which makes the side file.

    `pause` is called between segments while they are read; `find` gives where `video/seg-00000.m4s` is when
    that is not in `folder`. Raises ValueError with a sentence when segments
    are damaged, OSError when they are missing; a disk that does not take the side file is no error.
    """
    found = read_kept(folder, index)
    if found is None:
        found = read_fragments(folder, index, pause, find)
        try:
            _keep(folder / TABLE_NAME, encode(found, index))
        except OSError:
            return found
    return found


def read_kept(folder: Path, index: TrackIndex) -> SampleTable | None:
    """The side file's samples; None when there is none, or not of this index, or a damaged one."""
    try:
        return decode((folder / TABLE_NAME).read_bytes(), index)
    except (OSError, ValueError):
        return None


def read_fragments(
    folder: Path,
    index: TrackIndex,
    pause: Callable[[], None] = lambda: None,
    find: Find | None = None,
) -> SampleTable:
    """Reads all moof boxes of a track."""
    find = find or folder.parent.joinpath
    table = SampleTable(index.timescale)
    keys: list[int] = []
    for segment in index.segments:
        if segment.gap:
            continue
        try:
            path = find(f"{folder.name}/{segment_name(segment.msn)}")
            _read_segment(path, segment, _parts(index, segment), table, keys)
        except (ValueError, struct.error) as error:
            raise ValueError(
                f"The file {folder.name}/{segment_name(segment.msn)} is damaged: {error}. "
                "Restore it from a backup."
            ) from error
        pause()
    if len(keys) != len(table.sizes):
        table.keys = array("I", keys)
    return table


def _parts(index: TrackIndex, segment: SegmentLine) -> Iterator[tuple[int, int, int]]:
    """Offset, size and checksum of a segment's parts; the whole of it when it has no lines of parts."""
    parts: list[PartLine] = index.parts.get(segment.msn, [])
    if not parts:
        yield 0, segment.size, 0
    for part in parts:
        if not part.gap:
            yield part.offset, part.size, part.crc


def _read_segment(
    path: Path,
    segment: SegmentLine,
    parts: Iterator[tuple[int, int, int]],
    table: SampleTable,
    keys: list[int],
) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        if os.fstat(descriptor).st_size < segment.size:
            raise ValueError("it is shorter than its index says")
        for offset, size, crc in parts:
            for run in read_runs(descriptor, offset, size):
                table.end_by(run.start)
                ticks = sum(run.durations)
                if max(run.start, ticks) > MOST_TICKS:
                    raise ValueError("its times are none that were recorded")
                chunk = Chunk(
                    segment.msn,
                    run.offset,
                    run.size,
                    run.start,
                    ticks,
                    len(run.sizes),
                    segment.map,
                    crc,
                )
                table.chunks.append(chunk)
                keys += [len(table.sizes) + key for key in run.keys]
                table.sizes += run.sizes
                table.durations += run.durations
    finally:
        os.close(descriptor)


def encode(table: SampleTable, index: TrackIndex) -> bytes:
    """The side file's bytes."""
    columns = b"".join(to_big_endian(column) for column in (table.sizes, table.durations, table.keys))
    body = zlib.compress(b"".join(_CHUNK.pack(*chunk) for chunk in table.chunks) + columns, 1)
    counts = (table.timescale, len(table.chunks), len(table.sizes), len(table.keys))
    return _HEAD.pack(_MAGIC, _VERSION, *counts, _fingerprint(index), zlib.crc32(body)) + body


def decode(data: bytes, index: TrackIndex) -> SampleTable:
    """Reads `encode`'s bytes; raises ValueError when they are damaged or of another index."""
    if len(data) < _HEAD.size:
        raise ValueError("The samples end within their header")
    magic, version, timescale, chunks, samples, keys, of_index, crc = _HEAD.unpack_from(data)
    if (magic, version, of_index) != (_MAGIC, _VERSION, _fingerprint(index)):
        raise ValueError("The samples are those of another index or version")
    if zlib.crc32(data[_HEAD.size :]) != crc:
        raise ValueError("The samples are damaged")
    body = zlib.decompress(data[_HEAD.size :])
    at = chunks * _CHUNK.size
    table = SampleTable(timescale, list(map(Chunk._make, _CHUNK.iter_unpack(body[:at]))))
    columns = big_endian(body[at:])
    table.sizes = columns[:samples]
    table.durations = columns[samples : 2 * samples]
    table.keys = columns[2 * samples : 2 * samples + keys]
    return table


def to_big_endian(numbers: array[int]) -> bytes:
    """32-bit numbers as boxes want them."""
    if sys.byteorder == "little":
        numbers = numbers[:]
        numbers.byteswap()
    return numbers.tobytes()


def _fingerprint(index: TrackIndex) -> int:
    """Tells one index from another: an index only grows, so that its last lines tell all of it."""
    parts = index.parts.get(index.segments[-1].msn, []) if index.segments else []
    return zlib.crc32(repr((index.maps, len(index.segments), index.segments[-1:], parts)).encode())


def _keep(path: Path, data: bytes) -> None:
    """In one step; a download may make it at the same time as the thread that does when a recording ends."""
    temporary = path.with_name(f"{path.name}.{threading.get_ident():x}")
    try:
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
