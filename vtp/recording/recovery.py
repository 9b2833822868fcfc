"""Makes a recording that was killed playable: everything up to the last complete part of each track.

The bytes are the truth. A segment that has no line yet is walked box by box, cut behind its last complete
fragment, and the lines that are missing are written from what the boxes say. A closed segment whose bytes are
lost becomes a gap, and segments that no line leads to are moved aside. Nothing else is touched, and a second
run changes nothing.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import takewhile
from pathlib import Path

from vtp.recording import boxes
from vtp.recording.index import (
    INDEX_NAME,
    EndLine,
    Line,
    MapLine,
    PartLine,
    SegmentLine,
    TrackIndex,
    encode_line,
    read_lines,
    segment_name,
)
from vtp.recording.manifest import Manifest, read_manifest, write_manifest
from vtp.recording.timebase import to_ns

LARGEST_SEGMENT_BYTES = 1 << 28
ASIDE = ".aside"  # behind the names of segments that no line leads to
INTERRUPTED = "The server ended while this was being recorded; everything up to that moment is here."


@dataclass(frozen=True, slots=True)
class Recovered:
    """What a recording holds after recovery."""

    manifest: Manifest
    tracks: dict[str, TrackIndex]
    truncated_bytes: int
    people: dict[str, TrackIndex] = field(default_factory=dict)


def load_tracks(directory: Path, names: Iterable[str]) -> dict[str, TrackIndex]:
    """The indexes of these tracks, as far as their lines are whole; raises OSError."""
    tracks: dict[str, TrackIndex] = {}
    for track in names:
        path = directory / track / INDEX_NAME
        if path.exists():
            tracks[track] = TrackIndex.of(read_lines(path.read_bytes())[0])
    return tracks


def recover(directory: Path, failure: str = "", failure_code: str = "") -> Recovered:
    """Recovers one recording's folder and closes it; `failure` says why it has ended.

    Of one that nobody had closed, and for which nothing is said, that is that it was interrupted: the folder
    tells so to who writes the row, whoever came first.

    Raises FileNotFoundError when there is no manifest, ValueError when it is damaged, OSError from the disk.
    """
    manifest = read_manifest(directory)
    tracks, truncated = _recover_tracks(directory, manifest.tracks)
    people, lost = _recover_tracks(directory, (one.track for one in manifest.people))
    ends = [to_ns(index.segments[-1].end, index.timescale) for index in tracks.values() if index.segments]
    longest = [
        -(-segment.duration // index.timescale)
        for index in tracks.values()
        for segment in index.segments
        if not segment.gap
    ]
    manifest = replace(
        manifest,
        tracks=tuple(tracks),
        people=tuple(one for one in manifest.people if one.track in people),
        duration_ns=max(ends, default=0),
        target_duration_s=manifest.target_duration_s or max(4, *longest, 4),
        message=manifest.message or failure,
        closed=True,
        failure=failure or manifest.failure or ("" if manifest.closed else INTERRUPTED),
        failure_code=failure_code or manifest.failure_code,
    )
    write_manifest(directory, manifest)
    return Recovered(manifest, tracks, truncated + lost, people)


def _recover_tracks(directory: Path, names: Iterable[str]) -> tuple[dict[str, TrackIndex], int]:
    truncated = 0
    tracks: dict[str, TrackIndex] = {}
    for track in names:
        if (directory / track / INDEX_NAME).exists():
            tracks[track], lost = _recover_track(directory / track)
            truncated += lost
    return {name: index for name, index in tracks.items() if index.timescale}, truncated


def _recover_track(folder: Path) -> tuple[TrackIndex, int]:
    path = folder / INDEX_NAME
    raw = path.read_bytes()
    lines, good = read_lines(raw)
    lines = _believable(folder, lines)
    index = TrackIndex.of(lines)
    truncated = 0
    if not index.ended and index.timescale:
        lines, truncated = _complete(folder, index, lines)
        index = TrackIndex.of(lines)
    encoded = b"".join(encode_line(line) for line in lines)
    if encoded != raw[:good] or good != len(raw):
        _replace(path, encoded)
    return index, truncated


def _believable(folder: Path, lines: list[Line]) -> list[Line]:
    """The lines up to the first whose bytes are missing: when power fails a line may outlive its bytes.

    A closed segment that others with their bytes follow has not ended the track: it becomes a gap.
    """
    sizes = {line.msn: _size(folder / segment_name(line.msn)) for line in lines if isinstance(line, PartLine)}
    lines = _with_gaps(lines, sizes)
    for number, line in enumerate(lines):
        match line:
            case MapLine() if _size(folder / line.uri) < line.size:
                return lines[:number]
            case PartLine() if not line.gap and sizes[line.msn] < line.offset + line.size:
                return lines[:number]
            case _:
                pass
    return lines


def _with_gaps(lines: list[Line], sizes: Mapping[int, int]) -> list[Line]:
    """The same with a gap for each closed segment whose bytes are not all there, before the last that has
    bytes; what is left of its file stays."""
    parts = [line for line in lines if isinstance(line, PartLine) and not line.gap]
    last = max((one.msn for one in parts if one.offset + one.size <= sizes[one.msn]), default=-1)
    short = {one.msn for one in parts if one.offset + one.size > sizes[one.msn]}
    lost = {line.msn for line in lines if isinstance(line, SegmentLine) and line.msn < last} & short
    found: list[Line] = []
    for line in lines:
        if isinstance(line, SegmentLine) and line.msn in lost:
            found.append(replace(line, size=0, samples=0, gap=True))
        elif not (isinstance(line, PartLine) and line.msn in lost):
            found.append(line)
    return found


def _complete(folder: Path, index: TrackIndex, lines: list[Line]) -> tuple[list[Line], int]:
    """The lines with those of the open segment and the end; and how many bytes had to go."""
    msn = index.segments[-1].msn + 1 if index.segments else 0
    truncated = 0
    if index.maps and (folder / segment_name(msn)).exists():
        added, truncated = _complete_segment(folder, index, msn, lines)
        known = [line for line in lines if not (isinstance(line, PartLine) and line.msn == msn)]
        lines = [*known, *added]
    for leftover in _later_segments(folder, msn):  # without lines nothing plays them, but they may be media
        truncated += _size(leftover)
        leftover.rename(leftover.with_name(leftover.name + ASIDE))
    return [*lines, EndLine()], truncated


def _complete_segment(folder: Path, index: TrackIndex, msn: int, lines: list[Line]) -> tuple[list[Line], int]:
    path = folder / segment_name(msn)
    data = path.read_bytes()[:LARGEST_SEGMENT_BYTES]
    known = _told_of(lines, msn)
    parts = [part for part in takewhile(bool, (_whole_one(data, told) for told in known)) if part]
    if len(parts) == len(known):
        begin = _end(parts)
        for fragment in boxes.fragments(memoryview(data)[begin:]):
            parts.append(_part_line(msn, len(parts), begin, fragment, index.maps[-1].map, data))
    end = _end(parts)
    if not end:
        path.unlink()
        return [], len(data)
    if end < len(data):
        _truncate(path, end)
    return [*parts, _segment_line(index, msn, parts)], len(data) - end


def _told_of(lines: list[Line], msn: int) -> list[list[PartLine]]:
    """Each part's lines, in order of the parts: one that was written again has two."""
    told: dict[int, list[PartLine]] = {}
    for line in lines:
        if isinstance(line, PartLine) and line.msn == msn:
            told.setdefault(line.part, []).append(line)
    return list(told.values())


def _whole_one(data: bytes, told: list[PartLine]) -> PartLine | None:
    """The newest of a part's lines whose bytes are there: that of the older, if it ended between the line and
    the bytes of the newer."""
    return next((line for line in reversed(told) if _is_whole(data, line)), None)


def _is_whole(data: bytes, part: PartLine) -> bool:
    """Whether its bytes are those that were written; one without bytes, in which nothing begins, is."""
    return zlib.crc32(memoryview(data)[part.offset : part.offset + part.size]) == part.crc


def _end(parts: list[PartLine]) -> int:
    return parts[-1].offset + parts[-1].size if parts else 0


def _part_line(
    msn: int, number: int, begin: int, fragment: boxes.Fragment, map_number: int, data: bytes
) -> PartLine:
    """Of a fragment that no line tells of; its bytes are counted from `begin`."""
    offset, size = begin + fragment.start, fragment.end - fragment.start
    return PartLine(
        msn=msn,
        part=number,
        offset=offset,
        size=size,
        start=fragment.time,
        duration=fragment.duration,
        samples=fragment.samples,
        independent=fragment.key_frame,
        map=map_number,
        crc=zlib.crc32(memoryview(data)[offset : offset + size]),
    )


def _segment_line(index: TrackIndex, msn: int, parts: list[PartLine]) -> SegmentLine:
    opened = index.open if index.open is not None and index.open.msn == msn else None
    start = opened.start if opened else parts[0].start
    return SegmentLine(
        msn=msn,
        start=start,
        duration=parts[-1].start + parts[-1].duration - start,
        size=_end(parts),
        samples=sum(part.samples for part in parts),
        map=parts[-1].map,
        discontinuity=opened is not None and opened.discontinuity,
        gap=False,
    )


def _later_segments(folder: Path, msn: int) -> list[Path]:
    names = {segment_name(n) for n in range(msn + 1)}
    return [path for path in folder.glob("seg-*.m4s") if path.name not in names]


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return -1


def _truncate(path: Path, size: int) -> None:
    with path.open("r+b") as file:
        file.truncate(size)
        os.fdatasync(file.fileno())


def _replace(path: Path, data: bytes) -> None:
    temporary = path.with_suffix(".new")
    with temporary.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
