"""Writes one track's files: sections, one growing file per segment, index lines after the bytes they name.

Called by the recorder's thread alone, so that nothing here may wait for the event loop. Bytes are handed to
the kernel at each part (they outlive the process), and `fdatasync` at each segment's end (they outlive the
machine).
"""

from __future__ import annotations

import logging
import os
import threading
import zlib
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from vtp.recording.index import (
    INDEX_NAME,
    EndLine,
    Line,
    MapLine,
    OpenLine,
    PartLine,
    SegmentLine,
    TrackLine,
    encode_line,
    segment_name,
)
from vtp.recording.muxer import InitSection
from vtp.recording.picture import unreadable
from vtp.recording.units import Sample

logger = logging.getLogger(__name__)

LineListener = Callable[[str, Line], None]
_write = os.write  # the one place where a disk can refuse; tests make it do so


def write_all(descriptor: int, data: bytes) -> None:
    """Writes everything; raises OSError (a full disk)."""
    view = memoryview(data)
    while view:
        view = view[_write(descriptor, view) :]


class TrackWriter:
    """The files of one track. All methods raise OSError when the disk does not take the bytes.

    `lasting` files are to outlive the process and the machine; of others there is no index on the disk.
    """

    def __init__(
        self, directory: Path, track: str, timescale: int, listener: LineListener, *, lasting: bool = True
    ) -> None:
        self.track = track
        self.timescale = timescale
        self._directory = directory
        self._listener = listener
        self._lasting = lasting
        self._section: InitSection | None = None
        self._map = -1
        self._sequence = 0
        self._segment: _OpenSegment | None = None
        self._parts = 0
        self._unheard: list[PartLine | SegmentLine] = []  # is in the index; the listener hears of it later
        self._open_line = OpenLine(0, 0, False)
        self._has_new_names = False
        self._unsynced: list[Path] | None = None  # segments' files within `many_at_once`
        self._syncing: threading.Thread | None = None
        directory.mkdir(parents=True, exist_ok=True)
        index = directory / INDEX_NAME if lasting else Path(os.devnull)
        self._index = os.open(index, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640)
        self._folder = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        self._append(TrackLine(track, timescale))

    @contextmanager
    def many_at_once(self) -> Iterator[None]:
        """For segments of a time that is past, of which there may be thousands: the recorder, who has more to
        write, does not wait for the disk at each of them. A thread does, after the block, and `close` waits
        for it. What the machine loses before is found by recovery, as of parts.
        """
        self._unsynced = []
        try:
            yield
        finally:
            unsynced, self._unsynced = self._unsynced, None
            self._sync_names()
            if unsynced and self._lasting:  # not one by one here: of an hour of sound there are 1,800
                self._syncing = threading.Thread(target=_sync_files, args=(unsynced,), name="segments")
                self._syncing.start()

    def use_section(self, section: InitSection) -> None:
        """Makes the segments from now on follow `section`, unless its bytes are those of the one in force."""
        if self._section is not None and self._section.data == section.data:
            section.close()
            return
        if self._section is not None:
            self._section.close()
        self._map += 1
        self._section = section
        name = f"init-{self._map}.mp4"
        descriptor = os.open(self._directory / name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o640)
        try:
            write_all(descriptor, section.data)
            self._sync(descriptor)
        finally:
            os.close(descriptor)
        size = len(section.data)
        self._append(MapLine(self._map, name, size, section.codec_string, section.width, section.height))

    def begin_segment(self, msn: int, start: int, *, discontinuity: bool) -> None:
        """Begins segment `msn` at tick `start`; the listener hears of it with the end of the one before, as
        what may be promised of it hangs on whether it is a discontinuity."""
        self._open_line = OpenLine(msn, start, discontinuity)
        self._parts = 0
        write_all(self._index, encode_line(self._open_line))
        self._tell_unheard()
        self._listener(self.track, self._open_line)
        self._sync_names()

    def write_part(self, samples: Sequence[Sample], start: int, end: int, *, last: bool = False) -> None:
        """Appends one part, which stands for that stretch of ticks; the first opens the segment's file.

        Samples that the muxer does not take are left out. The listener hears of the `last` one of a segment
        together with the segment's end: until then it would expect another part.
        """
        section = self._section
        if section is None:
            raise RuntimeError(f"Track {self.track} has no initialization section yet.")
        msn = self._open_line.msn
        try:
            data = section.fragment(samples, self._sequence + 1)
        except unreadable() as error:  # somebody's bytes, not the disk
            logger.warning("A part of track %s is left out: %s", self.track, error)
            self.leave_out_part(start, end, last=last)
            return
        self._sequence += 1
        segment = self._segment = self._segment or _OpenSegment(self._directory / segment_name(msn))
        line = PartLine(
            msn=msn,
            part=self._parts,
            offset=segment.size,
            size=len(data),
            start=start,
            duration=end - start,
            samples=len(samples),
            independent=samples[0].key_frame,
            map=self._map,
            crc=zlib.crc32(data),
        )
        segment.append(data, len(samples))
        segment.last_part = _WrittenPart(line, samples, self._sequence)
        self._append_part(line, last=last)

    def leave_out_part(self, start: int, end: int, *, last: bool = False) -> None:
        """Says that nothing begins in that stretch of ticks: a part without bytes."""
        offset = self._segment.size if self._segment else 0
        line = PartLine(
            self._open_line.msn, self._parts, offset, 0, start, end - start, 0, False, max(self._map, 0), 0
        )
        self._append_part(line, last=last)

    def end_segment(self, end: int, *, goes_on: bool = False) -> None:
        """Ends the segment at tick `end`; without parts it is a gap. Another begins, or `close` follows;
        `goes_on`: it begins with a sample that goes on from here.
        """
        opened = self._open_line
        segment, self._segment = self._segment, None
        if segment is not None:
            if not goes_on:
                self._end_samples(segment, end)
            if self._unsynced is None:
                segment.close(self._sync)
            else:
                segment.abandon()
                self._unsynced.append(self._directory / segment_name(opened.msn))
            self._has_new_names = True
        line = SegmentLine(
            msn=opened.msn,
            start=opened.start,
            duration=end - opened.start,
            size=segment.size if segment else 0,
            samples=segment.samples if segment else 0,
            map=max(self._map, 0),
            discontinuity=opened.discontinuity,
            gap=segment is None,
        )
        write_all(self._index, encode_line(line))
        self._unheard.append(line)

    def _end_samples(self, segment: _OpenSegment, end: int) -> None:
        """Has no sample last beyond an end, where one was written before it was known how long it lasts
        (`VideoTrack.write_early`): players drop what goes beyond what the manifest names, or play on.
        """
        part = segment.last_part
        if part is None or self._section is None or not part.samples[-1].time < end < part.samples[-1].end:
            return
        *before, last = part.samples
        for until in (end, end - 1):  # as long as the others it would be written without a table
            duration = max(until - last.time, 1)
            data = self._section.fragment([*before, last._replace(duration=duration)], part.sequence)
            if len(data) == part.line.size:
                self._write_again(segment, part, data)
                return

    def _write_again(self, segment: _OpenSegment, part: _WrittenPart, data: bytes) -> None:
        """The line first, and on the disk: whatever ends the process or the machine, the bytes are those of
        one of both lines, and recovery believes that one.
        """
        line = replace(part.line, crc=zlib.crc32(data))
        write_all(self._index, encode_line(line))
        self._sync(self._index)
        segment.write_again(line.offset, data)
        self._unheard.append(line)

    def close(self) -> None:
        """Ends the track: its index is whole."""
        try:
            self._tell_unheard()
            self._append(EndLine())
            if not self._has_new_names:  # with them the index is synced anyway, and *Stop* waits
                self._sync(self._index)
            self._sync_names()
            if self._syncing is not None:
                self._syncing.join()
        finally:
            self.abandon()

    def abandon(self) -> None:
        """Lets go of the files as they are, without a word to the disk."""
        if self._index < 0:
            return
        os.close(self._index)
        os.close(self._folder)
        self._index = -1
        if self._segment is not None:
            self._segment.abandon()
            self._segment = None
        if self._section is not None:
            self._section.close()
            self._section = None

    def _tell_unheard(self) -> None:
        unheard, self._unheard = self._unheard, []
        for line in unheard:
            self._listener(self.track, line)

    def _sync_names(self) -> None:
        """Has the names of segments that have ended, too, outlive the machine."""
        if self._unsynced is not None:
            return
        if self._has_new_names and self._lasting:
            os.fdatasync(self._index)
            os.fsync(self._folder)
        self._has_new_names = False

    def _sync(self, descriptor: int) -> None:
        if self._lasting:
            os.fdatasync(descriptor)

    def _append_part(self, line: PartLine, *, last: bool) -> None:
        self._parts += 1
        if last:
            write_all(self._index, encode_line(line))
            self._unheard.append(line)
        else:
            self._append(line)

    def _append(self, line: Line) -> None:
        write_all(self._index, encode_line(line))
        self._listener(self.track, line)


def _sync_files(paths: Sequence[Path]) -> None:
    """Has what is in files outlive the machine; in a thread of its own."""
    for path in paths:
        try:
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.fdatasync(descriptor)
            finally:
                os.close(descriptor)
        except FileNotFoundError:  # the recording is deleted
            return
        except OSError as error:
            logger.warning("The disk does not say that it has %s: %s", path.name, error)


@dataclass(frozen=True, slots=True)
class _WrittenPart:
    """What a part was made of."""

    line: PartLine
    samples: Sequence[Sample]
    sequence: int


class _OpenSegment:
    """The file that grows now."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o640)
        self.size = 0
        self.samples = 0
        self.last_part: _WrittenPart | None = None

    def write_again(self, offset: int, data: bytes) -> None:
        """Writes over what is there where it differs: a few bytes, between which nothing ends."""
        before, size = os.pread(self._descriptor, len(data), offset), len(data)
        begin = bisect_left(range(size), x=True, key=lambda at: before[: at + 1] != data[: at + 1])
        end = size - bisect_left(range(size), x=True, key=lambda at: before[~at:] != data[~at:])
        os.pwrite(self._descriptor, data[begin:end], offset + begin)

    def append(self, data: bytes, samples: int) -> None:
        write_all(self._descriptor, data)
        self.size += len(data)
        self.samples += samples

    def close(self, sync: Callable[[int], None]) -> None:
        try:
            sync(self._descriptor)
        finally:
            self.abandon()

    def abandon(self) -> None:
        os.close(self._descriptor)
