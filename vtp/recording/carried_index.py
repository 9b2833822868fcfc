"""What the index of a track may say that somebody brings: it becomes playlists, addresses and sizes here.

Its lines are those that a recorder writes: numbers within bounds, segments one after the other, parts that
make up their segment, names that follow from numbers.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final, get_args, get_type_hints

from vtp.recording.index import (
    VERSION,
    EndLine,
    Line,
    MapLine,
    PartLine,
    SegmentLine,
    TrackIndex,
    TrackLine,
    decode_line,
)
from vtp.recording.sample_table import MOST_TICKS

MAX_SECTION_BYTES: Final = 64 << 10
MAX_SEGMENT_BYTES: Final = 256 << 20
MAX_SECTIONS: Final = 10_000
MAX_LINE_BYTES: Final = 1_024
LINES_AT_ONCE: Final = 500
"""Between them others have their turn."""
TRACK: Final = re.compile(r"(video(-[0-9]{1,5})?|layer-[0-9]{1,2}|opus|aac)")
"""A program's tracks: its picture with rungs that were made or recorded, and its sound."""
_URI: Final = re.compile(r"init-[0-9]{1,6}\.mp4")
_CODECS: Final = re.compile(r"[A-Za-z0-9.]{1,64}")
_MOST: Final = {"timescale": 10_000_000, "width": 16_384, "height": 16_384, "crc": 0xFFFF_FFFF}


@dataclass(slots=True)
class IndexBudget:
    """Lines and bytes that indexes may have still; `within`: what those of more recordings share."""

    lines: int
    size: int
    within: IndexBudget | None = None

    @classmethod
    def of_file(cls) -> IndexBudget:
        """What all recordings in one file may have: a term of 60 lessons of two hours."""
        return cls(6_000_000, 1 << 30)

    @classmethod
    def of_recording(cls, within: IndexBudget | None = None) -> IndexBudget:
        """What all tracks of one may have: eight hours of a picture and two sounds, with their parts."""
        return cls(400_000, 64 << 20, within)

    def take(self, lines: int, size: int) -> None:
        """Uses some up. Raises ValueError where nothing is left."""
        self.lines -= lines
        self.size -= size
        if self.lines < 0 or self.size < 0:
            raise ValueError("its indexes are longer than those of recordings are")
        if self.within is not None:
            self.within.take(lines, size)


def read_index(track: str, pieces: Iterable[bytes], budget: IndexBudget) -> Generator[None, None, TrackIndex]:
    """An index that somebody brings, some lines at each step. Raises ValueError with what is wrong."""
    index, last = TrackIndex(), None
    for number, raw in enumerate(_lines(pieces)):
        if number % LINES_AT_ONCE == 0:
            yield
        budget.take(1, len(raw) + 1)
        line = _line(raw)
        if isinstance(line, TrackLine) != (number == 0):
            raise ValueError("it does not begin with its track, once")
        if isinstance(last, EndLine):
            raise ValueError("it does not end with its end")
        if isinstance(line, TrackLine) and (
            line.track != track or line.timescale < 1 or line.version != VERSION
        ):
            raise ValueError("it is that of another track or version")
        index.add(line)
        last = line
    if not isinstance(last, EndLine):
        raise ValueError("it does not end with its end")
    _check_sections(index.maps)
    yield from _check_segments(index)
    if not index.has_media:
        raise ValueError(f"{track} has nothing but gaps")
    return index


def _lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Without their ends."""
    rest = b""
    for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        if len(rest) > MAX_LINE_BYTES:
            raise ValueError("it has lines that are not known")
        yield from whole
    if rest:
        raise ValueError("it does not end with its end")


def _line(raw: bytes) -> Line:
    """As it is read from then on, by which a carriage return ends a line."""
    try:
        if b"\r" in raw:
            raise ValueError
        line = decode_line(raw)
    except (ValueError, RecursionError):
        raise ValueError("it has lines that are not known") from None
    _check_fields(line)
    return line


def _fields(kind: type[Any]) -> Sequence[tuple[str, type[Any], int]]:
    """Of a kind of lines: their names and types, and the most that numbers are."""
    hints = get_type_hints(kind)
    return [(one.name, hints[one.name], _MOST.get(one.name, MOST_TICKS)) for one in fields(kind)]


_FIELDS: Final = {kind.type: _fields(kind) for kind in get_args(Line)}


def _check_fields(line: Line) -> None:
    """Of the types that they are declared with, within bounds: a dataclass takes anything."""
    for name, wanted, most in _FIELDS[line.type]:
        value = getattr(line, name)
        if type(value) is not wanted:
            raise ValueError(f"{name} of a line is no {wanted.__name__}")
        if wanted is int and not 0 <= value <= most:
            raise ValueError(f"{name} of a line cannot be {value}"[:120])


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


def _check_segments(index: TrackIndex) -> Generator[None, None, None]:
    end, last = 0, -1
    for segment in index.written:
        if segment.msn % LINES_AT_ONCE == 0:
            yield
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
