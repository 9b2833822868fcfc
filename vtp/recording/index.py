"""The index of one track: JSON lines, each appended after the bytes it names; playlists are views of it.

    {"type":"track", "version":1, "track":"video", "timescale":90000}
    {"type":"map", "map":0, "uri":"init-0.mp4", "size":784, "codecs":"avc1.42c01f", "width":640, "height":360}
    {"type":"open", "msn":0, "start":0, "discontinuity":false}
    {"type":"part", "msn":0, "part":0, "offset":0, "size":31234, "start":0, "duration":30000, "samples":10,
     "independent":true, "map":0, "crc":…}
    {"type":"segment", "msn":0, "start":0, "duration":180000, "size":190123, "samples":60, "map":0,
     "discontinuity":false, "gap":false}
    {"type":"end"}

A part that is told of again has been written again in its place, as its segment ended: the line comes
first, then the bytes.
Times are ticks of the track's timescale on the recording's timeline. A segment's file is `seg-NNNNN.m4s`,
NNNNN being its media sequence number (msn), the same in all tracks; a gap has a line and no file.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, get_type_hints

INDEX_NAME = "index.jsonl"
VERSION = 1


def segment_name(msn: int) -> str:
    """The file of a segment."""
    return f"seg-{msn:05d}.m4s"


def part_name(msn: int, part: int) -> str:
    """The address of a part: bytes of its segment's file."""
    return f"seg-{msn:05d}.{part}.m4s"


@dataclass(frozen=True, slots=True)
class TrackLine:
    """What the track is; always the first line."""

    type: ClassVar[str] = "track"
    track: str
    timescale: int
    version: int = VERSION


@dataclass(frozen=True, slots=True)
class MapLine:
    """One initialization section."""

    type: ClassVar[str] = "map"
    map: int
    uri: str
    size: int
    codecs: str
    width: int = 0
    height: int = 0


@dataclass(frozen=True, slots=True)
class OpenLine:
    """A segment begins; its parts follow, then its `SegmentLine`."""

    type: ClassVar[str] = "open"
    msn: int
    start: int
    discontinuity: bool


@dataclass(frozen=True, slots=True)
class PartLine:
    """One part: bytes of its segment's file that begin and end at box boundaries.

    One without bytes is a stretch in which nothing begins; `start` and `duration` are of the stretch.
    """

    type: ClassVar[str] = "part"
    msn: int
    part: int
    offset: int
    size: int
    start: int
    duration: int
    samples: int
    independent: bool
    map: int
    crc: int

    @property
    def gap(self) -> bool:
        """Whether there is nothing to fetch."""
        return self.size == 0


@dataclass(frozen=True, slots=True)
class SegmentLine:
    """One finished segment, or a stretch of time without media (`gap`)."""

    type: ClassVar[str] = "segment"
    msn: int
    start: int
    duration: int
    size: int
    samples: int
    map: int
    discontinuity: bool
    gap: bool

    @property
    def end(self) -> int:
        """The tick after the segment."""
        return self.start + self.duration


@dataclass(frozen=True, slots=True)
class EndLine:
    """Nothing will follow: the track was closed."""

    type: ClassVar[str] = "end"


Line = TrackLine | MapLine | OpenLine | PartLine | SegmentLine | EndLine
_LINES: dict[str, type[Any]] = {
    line.type: line for line in (TrackLine, MapLine, OpenLine, PartLine, SegmentLine, EndLine)
}
_TO_JSON = json.JSONEncoder(separators=(",", ":")).encode
_FIELDS = {kind: tuple(one.name for one in fields(line)) for kind, line in _LINES.items()}
_PART_TYPES = get_type_hints(PartLine)


def encode_line(line: Line) -> bytes:
    """One JSON line with its newline."""
    if isinstance(line, PartLine):  # most of them: without asking for the kind of each field
        return (
            f'{{"type":"part","msn":{line.msn},"part":{line.part},"offset":{line.offset},"size":{line.size},'
            f'"start":{line.start},"duration":{line.duration},"samples":{line.samples},'
            f'"independent":{"true" if line.independent else "false"},"map":{line.map},"crc":{line.crc}}}\n'
        ).encode()
    kind = line.type
    told = {"type": kind, **{name: getattr(line, name) for name in _FIELDS[kind]}}
    return _TO_JSON(told).encode() + b"\n"


def decode_line(text: bytes) -> Line:
    """Reads one line; raises ValueError when it is not one of ours."""
    try:
        fields = json.loads(text)
        kind = fields.pop("type")
        line: Line = _LINES[kind](**fields)
        if isinstance(line, PartLine) and not all(
            type(getattr(line, name)) is _PART_TYPES[name] for name in _FIELDS[kind]
        ):
            raise TypeError(f"a part is not told by {line}")
    except (TypeError, KeyError, AttributeError, UnicodeDecodeError) as error:
        raise ValueError("The index holds a line that is not known") from error
    return line


@dataclass(frozen=True, slots=True)
class Beginning:
    """Where what is there begins: the first segment's number, and the discontinuities before it."""

    msn: int = 0
    discontinuities: int = 0


@dataclass(slots=True)
class TrackIndex:
    """All lines of a track, sorted by what they are.

    Of an ended one `segments` lacks the gaps at its end, which only those know who followed it.
    """

    track: str = ""
    timescale: int = 0
    maps: list[MapLine] = field(default_factory=list)
    segments: list[SegmentLine] = field(default_factory=list)
    parts: dict[int, list[PartLine]] = field(default_factory=dict)
    open: OpenLine | None = None
    ended: bool = False
    beginning: Beginning = Beginning()
    written: list[SegmentLine] = field(init=False, compare=False)  # with the gaps at the end

    def __post_init__(self) -> None:
        self.written = self.segments

    def add(self, line: Line) -> None:
        """Takes the next line."""
        match line:
            case TrackLine():
                self.track, self.timescale = line.track, line.timescale
            case MapLine():
                self.maps.append(line)
            case OpenLine():
                self.open = line
            case PartLine():
                self._add_part(line)
            case SegmentLine():
                self.written.append(line)
            case EndLine():
                self.ended = True
                kept = len(self.written)
                while kept and self.written[kept - 1].gap:
                    kept -= 1  # nobody came back: it ends with the last who sent
                self.segments = self.written[:kept]

    def _add_part(self, line: PartLine) -> None:
        parts = self.parts.setdefault(line.msn, [])
        if 0 <= line.part < len(parts) and parts[line.part].part == line.part:
            parts[line.part] = line
        else:
            parts.append(line)

    @classmethod
    def of(cls, lines: Iterable[Line]) -> TrackIndex:
        """The index of all these lines."""
        index = cls()
        for line in lines:
            index.add(line)
        return index

    @property
    def has_media(self) -> bool:
        """Whether anything but gaps is in it."""
        return any(not segment.gap for segment in self.segments)

    @property
    def size_bytes(self) -> int:
        """Bytes of all finished segments and sections."""
        return sum(s.size for s in self.segments) + sum(m.size for m in self.maps)

    @property
    def start_s(self) -> float:
        """When the first segment begins, on the recording's timeline."""
        return self.segments[0].start / self.timescale if self.segments and self.timescale else 0.0

    @property
    def duration_s(self) -> float:
        """From the recording's start to the end of the last finished segment."""
        return self.segments[-1].end / self.timescale if self.segments and self.timescale else 0.0

    def present(self) -> list[tuple[float, float]]:
        """When there is something in it, in seconds of the recording: everything but the gaps, in order."""
        spans: list[tuple[int, int]] = []
        for segment in self.segments:
            if segment.gap:
                continue
            if spans and spans[-1][1] == segment.start:
                spans[-1] = (spans[-1][0], segment.end)
            else:
                spans.append((segment.start, segment.end))
        return [(start / self.timescale, end / self.timescale) for start, end in spans]


def read_lines(data: bytes) -> tuple[list[Line], int]:
    """All valid lines up to the first that is torn or unknown, and how many bytes they take."""
    lines: list[Line] = []
    good = 0
    for raw in data.splitlines(keepends=True):
        if not raw.endswith(b"\n"):
            break
        try:
            lines.append(decode_line(raw))
        except ValueError:
            break
        good += len(raw)
    return lines, good


def without_replaced(lines: Sequence[Line]) -> list[Line]:
    """The same with one line for each part: the last of those that tell of it, in the place of the first."""
    newest = {(one.msn, one.part): one for one in lines if isinstance(one, PartLine)}
    found: list[Line] = []
    for one in lines:
        if not isinstance(one, PartLine):
            found.append(one)
        elif (last := newest.pop((one.msn, one.part), None)) is not None:
            found.append(last)
    return found
