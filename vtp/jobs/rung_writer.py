"""Writes the files of a rung: a segment at a time, each whole or not there, and its lines after it.

Until a recording's manifest names the track nobody sees it. A writer that finds the files of an earlier one
goes on behind its last segment.
"""

from __future__ import annotations

import os
import zlib
from pathlib import Path

from vtp.jobs.rung_encoder import RungSegment
from vtp.recording.index import (
    INDEX_NAME,
    EndLine,
    Line,
    MapLine,
    OpenLine,
    PartLine,
    SegmentLine,
    TrackIndex,
    TrackLine,
    encode_line,
    read_lines,
    segment_name,
)
from vtp.recording.muxer import InitSection
from vtp.recording.picture import PictureParameters
from vtp.recording.timebase import VIDEO_TIMESCALE
from vtp.recording.track_writer import write_all


class RungWriter:
    """One rung of one recording. All methods raise OSError when the disk takes nothing more."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(mode=0o750, exist_ok=True)
        lines = _whole(folder) or [TrackLine(folder.name, VIDEO_TIMESCALE)]
        self.index = TrackIndex.of(lines)
        _write(folder / INDEX_NAME, b"".join(map(encode_line, lines)))
        self._file = os.open(folder / INDEX_NAME, os.O_WRONLY | os.O_APPEND)
        self._sections: dict[bytes, tuple[int, InitSection]] = {}
        for line in self.index.maps:
            data = (folder / line.uri).read_bytes()
            section = InitSection(data, line.codecs, VIDEO_TIMESCALE, width=line.width, height=line.height)
            self._sections[data] = line.map, section
        self._known: dict[PictureParameters, bytes] = {}

    @property
    def next_msn(self) -> int:
        """The segment that is missing next."""
        return len(self.index.segments)

    def add(self, source: SegmentLine, made: RungSegment) -> None:
        """Writes the rung's segment that belongs to one of the picture."""
        number, section = self._section(made.parameters)
        data = section.fragment(made.samples, source.msn + 1)
        _write(self.folder / segment_name(source.msn), data)
        whole = (source.msn, source.start, source.duration)
        samples = len(made.samples)
        part = PartLine(source.msn, 0, 0, len(data), *whole[1:], samples, True, number, zlib.crc32(data))
        line = SegmentLine(*whole, len(data), samples, number, source.discontinuity, gap=False)
        self._append(OpenLine(source.msn, source.start, source.discontinuity), part, line)

    def leave_out(self, source: SegmentLine) -> None:
        """Has a gap where the picture has one."""
        msn, start, cut = source.msn, source.start, source.discontinuity
        number = self.index.segments[-1].map if self.index.segments else 0
        line = SegmentLine(msn, start, source.duration, 0, 0, number, cut, gap=True)
        self._append(OpenLine(msn, start, cut), line)

    def finish(self) -> None:
        """Ends the track, whose every byte is on the disk then."""
        if not self.index.ended:
            self._append(EndLine())

    def close(self) -> None:
        """Lets go of the files as they are."""
        os.close(self._file)
        for _, section in self._sections.values():
            section.close()

    def _section(self, parameters: PictureParameters) -> tuple[int, InitSection]:
        data = self._known.get(parameters)
        if data is None:
            section = parameters.section()
            data = self._known[parameters] = section.data
            if data in self._sections:
                section.close()
            else:
                self._sections[data] = self._write_section(section), section
        return self._sections[data]

    def _write_section(self, section: InitSection) -> int:
        number, size = len(self.index.maps), len(section.data)
        name = f"init-{number}.mp4"
        _write(self.folder / name, section.data)
        self._append(MapLine(number, name, size, section.codec_string, section.width, section.height))
        return number

    def _append(self, *lines: Line) -> None:
        write_all(self._file, b"".join(map(encode_line, lines)))
        os.fdatasync(self._file)
        for line in lines:
            self.index.add(line)


def _whole(folder: Path) -> list[Line]:
    """The lines of an earlier writer up to its last whole segment; none when they cannot be believed."""
    try:
        lines, _ = read_lines((folder / INDEX_NAME).read_bytes())
    except FileNotFoundError:
        return []
    kept = 0
    for number, line in enumerate(lines):
        if isinstance(line, MapLine) and _size(folder / line.uri) != line.size:
            break
        if isinstance(line, SegmentLine):
            if not line.gap and _size(folder / segment_name(line.msn)) != line.size:
                break
            kept = number + 1
        elif isinstance(line, EndLine):
            kept = number + 1
    return lines[:kept]


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return -1


def _write(path: Path, data: bytes) -> None:
    """In one step, and on the disk when it returns."""
    draft = path.with_name(f".{path.name}.new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o640)
    try:
        write_all(descriptor, data)
        os.fdatasync(descriptor)
    finally:
        os.close(descriptor)
    draft.replace(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
