"""What the index of a track may say that somebody brings: it becomes playlists, addresses and sizes here.

Its lines are those that a recorder writes: numbers within bounds, segments one after the other, parts that
make up their segment, names that follow from numbers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import fields
from typing import Final, get_type_hints

from vtp.recording.index import (
    VERSION,
    EndLine,
    Line,
    MapLine,
    PartLine,
    SegmentLine,
    TrackIndex,
    TrackLine,
    read_lines,
)
from vtp.recording.sample_table import MOST_TICKS

MAX_INDEX_BYTES: Final = 64 << 20
MAX_SECTION_BYTES: Final = 64 << 10
MAX_SEGMENT_BYTES: Final = 256 << 20
MAX_SECTIONS: Final = 10_000
TRACK: Final = re.compile(r"(video(-[0-9]{1,5})?|layer-[0-9]{1,2}|opus|aac)")
"""A program's tracks: its picture with rungs that were made or recorded, and its sound."""
_URI: Final = re.compile(r"init-[0-9]{1,6}\.mp4")
_CODECS: Final = re.compile(r"[A-Za-z0-9.]{1,64}")
_MOST: Final = {"timescale": 10_000_000, "width": 16_384, "height": 16_384, "crc": 0xFFFF_FFFF}


def read_index(track: str, data: bytes) -> TrackIndex:
    """An index that somebody brought. Raises ValueError with what is wrong."""
    lines, good = read_lines(data)
    if good != len(data) or not lines:
        raise ValueError("it has lines that are not known")
    for line in lines:
        _check_fields(line)
    first = lines[0]
    if not isinstance(first, TrackLine) or any(isinstance(one, TrackLine) for one in lines[1:]):
        raise ValueError("it does not begin with its track, once")
    if first.track != track or first.timescale < 1 or first.version != VERSION:
        raise ValueError("it is that of another track or version")
    if not isinstance(lines[-1], EndLine) or any(isinstance(one, EndLine) for one in lines[:-1]):
        raise ValueError("it does not end with its end")
    index = TrackIndex.of(lines)
    _check_sections(index.maps)
    _check_segments(index)
    return index


def _check_fields(line: Line) -> None:
    """Of the types that they are declared with, within bounds: a dataclass takes anything."""
    hints = get_type_hints(type(line))
    for one in fields(line):
        value, wanted = getattr(line, one.name), hints[one.name]
        if type(value) is not wanted:
            raise ValueError(f"{one.name} of a line is no {wanted.__name__}")
        if wanted is int and not 0 <= value <= _MOST.get(one.name, MOST_TICKS):
            raise ValueError(f"{one.name} of a line cannot be {value}"[:120])


def _check_sections(maps: Iterable[MapLine]) -> None:
    for number, line in enumerate(maps):
        if line.map != number or number >= MAX_SECTIONS:
            raise ValueError("its initialization sections are not numbered")
        if line.uri != f"init-{number}.mp4" or not _URI.fullmatch(line.uri):
            raise ValueError("an initialization section is called otherwise")
        if not _CODECS.fullmatch(line.codecs):
            raise ValueError("a codec has no name that codecs have")
        if not 8 <= line.size <= MAX_SECTION_BYTES:
            raise ValueError("an initialization section has no size that it could have")


def _check_segments(index: TrackIndex) -> None:
    end, last = 0, -1
    for segment in index.written:
        if segment.msn != last + 1 or segment.start < end or segment.duration < 1:
            raise ValueError("its segments do not follow each other")
        last, end = segment.msn, segment.end
        if segment.gap:
            if segment.size or segment.samples:
                raise ValueError("a gap has something in it")
        elif segment.map >= len(index.maps) or not 8 <= segment.size <= MAX_SEGMENT_BYTES:
            raise ValueError("a segment has no section, or no size that it could have")
        _check_parts(segment, index.parts.get(segment.msn, []), len(index.maps))
    if max(index.parts, default=-1) > last:
        raise ValueError("it has parts of no segment")


def _check_parts(segment: SegmentLine, parts: list[PartLine], maps: int) -> None:
    """Where there are any, they are all of their segment."""
    if not parts:
        return
    offset = 0
    for number, part in enumerate(parts):
        if part.part != number or part.offset != offset or part.map >= max(maps, 1):
            raise ValueError("the parts of a segment do not follow each other")
        offset += part.size
    if offset != segment.size:
        raise ValueError("the parts of a segment are not all of it")
