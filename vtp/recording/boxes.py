"""Reads ISO base media boxes (ISO/IEC 14496-12): where fragments end and what time they hold."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

_TFHD_BASE_DATA_OFFSET = 0x1
_TFHD_DESCRIPTION_INDEX = 0x2
_TFHD_DEFAULT_DURATION = 0x8
_TFHD_DEFAULT_SIZE = 0x10
_TFHD_DEFAULT_FLAGS = 0x20
_TRUN_DATA_OFFSET = 0x1
_TRUN_FIRST_FLAGS = 0x4
_TRUN_DURATION = 0x100
_TRUN_SIZE = 0x200
_TRUN_FLAGS = 0x400
_TRUN_COMPOSITION = 0x800
_NON_SYNC = 0x10000

SAMPLE_ENTRIES = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd")
_FIELDS_BEFORE_BOXES = {b"stsd": 8, b"vp09": 78, b"av01": 78}  # sections 8.5.2 and 12.1.3


@dataclass(frozen=True, slots=True)
class Box:
    """One box: its type, where it starts, where its body starts, where it ends."""

    kind: bytes
    start: int
    body: int
    end: int


@dataclass(frozen=True, slots=True)
class Fragment:
    """One moof with its mdat: bytes [start, end), ticks from `time`, whether a key frame is first."""

    start: int
    end: int
    time: int
    duration: int
    samples: int
    key_frame: bool


def walk(data: bytes | memoryview, start: int = 0, end: int | None = None) -> Iterator[Box]:
    """The complete boxes of one level; stops before the first that is cut off or malformed."""
    limit = len(data) if end is None else end
    while start + 8 <= limit:
        size, kind = struct.unpack_from(">I4s", data, start)
        body = start + 8
        if size == 1 and start + 16 <= limit:
            size = struct.unpack_from(">Q", data, body)[0]
            body += 8
        if size < body - start or start + size > limit:
            return
        yield Box(kind, start, body, start + size)
        start += size


def find(data: bytes | memoryview, *path: bytes, start: int = 0, end: int | None = None) -> Box | None:
    """The first box at a path such as `b"moov", b"trak"`; None when it is not there."""
    for box in walk(data, start, end):
        if box.kind == path[0]:
            inside = box.body + _FIELDS_BEFORE_BOXES.get(box.kind, 0)
            return box if len(path) == 1 else find(data, *path[1:], start=inside, end=box.end)
    return None


def replace_body(data: bytes, path: tuple[bytes, ...], body: bytes) -> bytes:
    """The same boxes with another body at `path`; raises ValueError when there is no such box.

    For sections only: nothing in them counts bytes but the boxes around.
    """
    target = find(data, *path)
    if target is None:
        raise ValueError(f"There is no {path[-1].decode()} box")
    out = bytearray(data)
    out[target.body : target.end] = body
    for depth in range(1, len(path) + 1):
        box = find(data, *path[:depth])
        assert box is not None
        size = box.end - box.start + len(body) - (target.end - target.body)
        out[box.start : box.start + 4] = size.to_bytes(4, "big")
    return bytes(out)


def fragments(data: bytes | memoryview) -> Iterator[Fragment]:
    """The complete fragments (moof, then mdat) of a segment file, in order; ends before anything torn."""
    moof: Box | None = None
    for box in walk(data):
        if box.kind == b"moof":
            moof = box
        elif box.kind == b"mdat" and moof is not None:
            yield _read_fragment(data, moof, box.end)
            moof = None


def media_range(data: bytes) -> tuple[int, int, int]:
    """Of a muxer's whole output: where its moov ends, where its first moof starts, where its last mdat ends.

    Raises ValueError when there is no moov or no fragment in it.
    """
    moov_end = first = last = 0
    for box in walk(data):
        if box.kind == b"moov":
            moov_end = box.end
        elif box.kind == b"moof" and not first:
            first = box.start
        elif box.kind == b"mdat":
            last = box.end
    if not moov_end or not last:
        raise ValueError("The muxer gave no initialization section or no fragment")
    return moov_end, first, last


def _read_fragment(data: bytes | memoryview, moof: Box, end: int) -> Fragment:
    traf = find(data, b"traf", start=moof.body, end=moof.end)
    if traf is None:
        raise ValueError("moof has no track fragment")
    duration_default, flags_default, start_time = 0, 0, 0
    duration = samples = 0
    first_flags: int | None = None
    for box in walk(data, traf.body, traf.end):
        if box.kind == b"tfhd":
            duration_default, flags_default = _read_tfhd(data, box)
        elif box.kind == b"tfdt":
            wide = data[box.body] == 1
            start_time = struct.unpack_from(">Q" if wide else ">I", data, box.body + 4)[0]
        elif box.kind == b"trun":
            count, ticks, flags = _read_trun(data, box, duration_default, flags_default)
            samples += count
            duration += ticks
            first_flags = flags if first_flags is None else first_flags
    key_frame = first_flags is not None and not first_flags & _NON_SYNC
    return Fragment(moof.start, end, start_time, duration, samples, key_frame)


def _read_tfhd(data: bytes | memoryview, box: Box) -> tuple[int, int]:
    flags = struct.unpack_from(">I", data, box.body)[0] & 0xFFFFFF
    offset = box.body + 8
    offset += 8 if flags & _TFHD_BASE_DATA_OFFSET else 0
    offset += 4 if flags & _TFHD_DESCRIPTION_INDEX else 0
    duration = struct.unpack_from(">I", data, offset)[0] if flags & _TFHD_DEFAULT_DURATION else 0
    offset += 4 if flags & _TFHD_DEFAULT_DURATION else 0
    offset += 4 if flags & _TFHD_DEFAULT_SIZE else 0
    sample_flags = struct.unpack_from(">I", data, offset)[0] if flags & _TFHD_DEFAULT_FLAGS else 0
    return duration, sample_flags


def _read_trun(
    data: bytes | memoryview, box: Box, default_duration: int, default_flags: int
) -> tuple[int, int, int]:
    """Sample count, ticks in all, flags of the first sample."""
    flags, count = struct.unpack_from(">II", data, box.body)
    offset = box.body + 8 + (4 if flags & _TRUN_DATA_OFFSET else 0)
    first = default_flags
    if flags & _TRUN_FIRST_FLAGS:
        first = struct.unpack_from(">I", data, offset)[0]
        offset += 4
    fields = [bit for bit in (_TRUN_DURATION, _TRUN_SIZE, _TRUN_FLAGS, _TRUN_COMPOSITION) if flags & bit]
    if _TRUN_FLAGS in fields and count and not flags & _TRUN_FIRST_FLAGS:
        first = struct.unpack_from(">I", data, offset + 4 * fields.index(_TRUN_FLAGS))[0]
    if _TRUN_DURATION not in fields:
        return count, count * default_duration, first
    stride = 4 * len(fields)  # the duration is the first field of each entry
    ticks = sum(struct.unpack_from(">I", data, offset + n * stride)[0] for n in range(count))
    return count, ticks, first
