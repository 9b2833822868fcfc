"""Reads what samples a fragment holds: the moof's tfhd, tfdt and trun boxes (ISO/IEC 14496-12), and no media.

Only the heads of boxes are read, so that an hour's samples are known without touching its hundreds of
megabytes.
"""

from __future__ import annotations

import os
import struct
import sys
from array import array
from collections.abc import Iterator
from typing import NamedTuple

HEAD_BYTES = 4096  # a moof of a part has some hundred bytes
LARGEST_MOOF = 1 << 20
MOST_SAMPLES = 1 << 16  # of a moof: a run whose samples are all alike says only how many there are
_NON_SYNC = 0x10000  # sample_is_non_sync_sample
_BOX = struct.Struct(">I4s")
_U32 = struct.Struct(">I")
_U64 = struct.Struct(">Q")


class Run(NamedTuple):
    """The samples of one fragment: where their bytes lie in the file, when they begin, and how each is.

    `keys` are the positions of key frames within the run.
    """

    offset: int
    size: int
    start: int
    sizes: array[int]
    durations: array[int]
    keys: list[int]


def big_endian(data: bytes) -> array[int]:
    """32-bit numbers as boxes have them."""
    numbers = array("I", data)
    if sys.byteorder == "little":
        numbers.byteswap()
    return numbers


def read_runs(descriptor: int, offset: int, size: int) -> Iterator[Run]:
    """The fragments within `size` bytes of an open file from `offset` on.

    Raises ValueError with what is wrong when they are not whole, OSError from the disk.
    """
    end = offset + size
    while offset < end:
        head = os.pread(descriptor, min(HEAD_BYTES, end - offset), offset)
        box_size, kind = _head(head)
        if kind == b"moof":
            if len(head) < box_size <= min(LARGEST_MOOF, end - offset):
                head = os.pread(descriptor, box_size, offset)
            run = _read_moof(head[:box_size], box_size, offset)
            data_start = offset + box_size + _BOX.size
            box_size += _mdat_size(descriptor, head, box_size, offset)
            if (
                run.offset != data_start
                or run.offset + run.size != offset + box_size
                or offset + box_size > end
            ):
                raise ValueError("a fragment's media does not lie where its moof says")
            yield run
        offset += box_size


def _head(data: bytes) -> tuple[int, bytes]:
    if len(data) < _BOX.size:
        raise ValueError("it ends within a box")
    size, kind = _BOX.unpack_from(data)
    if size < _BOX.size:
        raise ValueError("a box has no length")
    return size, kind


def _mdat_size(descriptor: int, head: bytes, moof_size: int, offset: int) -> int:
    after = head[moof_size : moof_size + _BOX.size]
    if len(after) < _BOX.size:
        after = os.pread(descriptor, _BOX.size, offset + moof_size)
    size, kind = _head(after)
    if kind != b"mdat":
        raise ValueError("a fragment has no media")
    return size


def _read_moof(moof: bytes, size: int, offset: int) -> Run:
    if len(moof) < size:
        raise ValueError("it ends within a moof")
    start = -1
    defaults = (0, 0, 0)
    runs: list[tuple[int, array[int], array[int], list[int]]] = []
    for kind, body, end in _boxes(moof, _BOX.size, size):
        if kind != b"traf":
            continue
        for inner, at, _ in _boxes(moof, body, end):
            if inner == b"tfhd":
                defaults = _read_tfhd(moof, at)
            elif inner == b"tfdt":
                start = (_U64 if moof[at] else _U32).unpack_from(moof, at + 4)[0]
            elif inner == b"trun":
                runs.append(_read_trun(moof, at, defaults))
    if start < 0 or len(runs) != 1:
        raise ValueError("a moof does not have one run of samples with a time")
    data_offset, sizes, durations, keys = runs[0]
    return Run(offset + data_offset, sum(sizes), start, sizes, durations, keys)


def _boxes(data: bytes, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    while start + 8 <= end:
        size, kind = _BOX.unpack_from(data, start)
        if size < 8 or start + size > end:
            raise ValueError("a box of a moof is longer than its parent")
        yield kind, start + 8, start + size
        start += size


def _read_tfhd(data: bytes, body: int) -> tuple[int, int, int]:
    """Default duration, size and flags."""
    flags = _U32.unpack_from(data, body)[0]
    at = body + 8 + (8 if flags & 0x1 else 0) + (4 if flags & 0x2 else 0)
    found = []
    for bit in (0x8, 0x10, 0x20):
        found.append(_U32.unpack_from(data, at)[0] if flags & bit else 0)
        at += 4 if flags & bit else 0
    return found[0], found[1], found[2]


def _read_trun(
    data: bytes, body: int, defaults: tuple[int, int, int]
) -> tuple[int, array[int], array[int], list[int]]:
    """Data offset, sizes, durations, key frames."""
    flags, count = struct.unpack_from(">II", data, body)
    if not flags & 0x1 or flags & 0x800:
        raise ValueError("a run of samples has no offset, or pictures out of order")
    if count > MOST_SAMPLES:
        raise ValueError("a run has more samples than a fragment can have")
    data_offset = struct.unpack_from(">i", data, body + 8)[0]
    at = body + 12
    first_flags: int | None = None
    if flags & 0x4:
        first_flags = _U32.unpack_from(data, at)[0]
        at += 4
    bits = [bit for bit in (0x100, 0x200, 0x400) if flags & bit]
    columns = big_endian(data[at : at + 4 * len(bits) * count])
    if len(columns) != len(bits) * count:
        raise ValueError("a run of samples is cut off")
    found = [
        columns[bits.index(bit) :: len(bits)] if bit in bits else array("I", [default]) * count
        for bit, default in zip((0x100, 0x200, 0x400), defaults, strict=True)
    ]
    durations, sizes, sample_flags = found
    if first_flags is not None and count:
        sample_flags[0] = first_flags
    keys = [position for position, value in enumerate(sample_flags) if not value & _NON_SYNC]
    return data_offset, sizes, durations, keys
