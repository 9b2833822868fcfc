"""Writes the boxes of a progressive MP4's moov (ISO/IEC 14496-12), with sample tables as large as a day.

Times are 64 bits wide (version 1) everywhere. What says how to decode is copied from initialization sections.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterable, Sequence
from itertools import groupby

from vtp.recording.sample_table import to_big_endian

MOVIE_TIMESCALE = 90_000
_MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
_UNDETERMINED = 0x55C4  # "und", ISO 639-2 packed
MDAT_HEAD = 16


def box(kind: bytes, *parts: bytes) -> bytes:
    """A box of these parts."""
    return struct.pack(">I4s", 8 + sum(map(len, parts)), kind) + b"".join(parts)


def full_box(kind: bytes, version: int, flags: int, *parts: bytes) -> bytes:
    """A box with version and flags."""
    return box(kind, struct.pack(">I", version << 24 | flags), *parts)


def ftyp() -> bytes:
    """What this file is: ISO base media with edit lists, as MP4 players take it."""
    return box(b"ftyp", b"mp42", struct.pack(">I", 0), b"mp42", b"isom", b"iso2")


def mdat_head(size: int) -> bytes:
    """The head of an mdat with `size` bytes of media, which may be more than 32 bits say."""
    return struct.pack(">I4sQ", 1, b"mdat", MDAT_HEAD + size)


def mvhd(duration: int, next_track: int) -> bytes:
    """The movie's header; `duration` in ticks of MOVIE_TIMESCALE."""
    times = struct.pack(">QQIQ", 0, 0, MOVIE_TIMESCALE, duration)
    rest = (
        struct.pack(">IHHII", 0x10000, 0x0100, 0, 0, 0) + _MATRIX + bytes(24) + struct.pack(">I", next_track)
    )
    return full_box(b"mvhd", 1, 0, times, rest)


def tkhd(track: int, duration: int, width: int, height: int) -> bytes:
    """A track's header; sound has no width and height."""
    times = struct.pack(">QQIIQ", 0, 0, track, 0, duration)
    volume = 0 if width else 0x0100
    rest = (
        struct.pack(">IIHHHH", 0, 0, 0, 0, volume, 0)
        + _MATRIX
        + struct.pack(">II", width << 16, height << 16)
    )
    return full_box(b"tkhd", 1, 3, times, rest)


def mdhd(timescale: int, duration: int) -> bytes:
    """The media's header; `duration` in its own ticks."""
    return full_box(b"mdhd", 1, 0, struct.pack(">QQIQHH", 0, 0, timescale, duration, _UNDETERMINED, 0))


def edts(edits: Iterable[tuple[int, int]]) -> bytes:
    """Edits: (duration in the movie's ticks, time in the media's, -1 for nothing)."""
    entries = [struct.pack(">Qqhh", duration, time, 1, 0) for duration, time in edits]
    return box(b"edts", full_box(b"elst", 1, 0, struct.pack(">I", len(entries)), *entries))


def stsd(entries: Sequence[bytes]) -> bytes:
    """Sample entries, each a whole box."""
    return full_box(b"stsd", 0, 0, struct.pack(">I", len(entries)), *entries)


def stts(durations: array[int]) -> bytes:
    """How long each sample lasts."""
    runs = [struct.pack(">II", len(list(same)), ticks) for ticks, same in groupby(durations)]
    return full_box(b"stts", 0, 0, struct.pack(">I", len(runs)), *runs)


def stss(keys: array[int]) -> bytes:
    """Which samples decoding may begin with, counted from 0 here and from 1 in the box."""
    return full_box(
        b"stss", 0, 0, struct.pack(">I", len(keys)), to_big_endian(array("I", [key + 1 for key in keys]))
    )


def stsz(sizes: array[int]) -> bytes:
    """How many bytes each sample has."""
    return full_box(b"stsz", 0, 0, struct.pack(">II", 0, len(sizes)), to_big_endian(sizes))


def stsc(chunks: Iterable[tuple[int, int]]) -> bytes:
    """How many samples each chunk has, and which entry of stsd they follow (from 1)."""
    entries = []
    first = 1
    for (samples, entry), same in groupby(chunks):
        entries.append(struct.pack(">III", first, samples, entry))
        first += len(list(same))
    return full_box(b"stsc", 0, 0, struct.pack(">I", len(entries)), *entries)


def co64(offsets: array[int]) -> bytes:
    """Where each chunk begins in the file."""
    return full_box(b"co64", 0, 0, struct.pack(f">I{len(offsets)}Q", len(offsets), *offsets))
