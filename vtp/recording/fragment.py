"""Writes the fragments of a part, moof and mdat (ISO/IEC 14496-12 section 8.8), of samples as they are.

Byte for byte what FFmpeg's muxer gives for the same samples, a muxer for each part: what all samples share
stands once in tfhd, what is told for each stands in trun, and a key frame begins a fragment.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from itertools import pairwise

from vtp.recording.units import Sample

_TRACK_ID = 1  # of the only track in a section
_TFHD_FLAGS = 0x02003A  # default-base-is-moof; sample description, duration, size and flags by default
_VERSION_1 = 1 << 24  # of tfdt: 64 bits; of trun
_DATA_OFFSET, _FIRST_FLAGS, _DURATION, _SIZE, _FLAGS = 0x1, 0x4, 0x100, 0x200, 0x400  # of trun
_SYNC = 0x0200_0000  # depends on no other
_NOT_SYNC = 0x0101_0000
_LONGEST = (1 << 31) - 1
_HEAD = struct.Struct(">I4s I4sII I4s I4sIIIIII I4sIQ I4sIIi")
_SIZES = 8, 16, 8, 32, 20, 20  # of moof's and traf's head, mfhd, tfhd, tfdt, trun without its table
_BOX_BYTES = 8


def write_fragments(samples: Sequence[Sample], sequence: int, *, pictures: bool) -> bytes:
    """Each sample lasts until the next one's time. `sequence`: the first moof's number.

    Raises ValueError where there is no sample, or one that is not later than the one before.
    """
    samples = [sample for sample in samples if sample.data]
    if not samples:
        raise ValueError("A fragment needs a sample")
    durations = [after.time - before.time for before, after in pairwise(samples)]
    durations.append(samples[-1].duration)
    if min(durations[:-1], default=1) <= 0 or durations[-1] < 0 or max(durations) > _LONGEST:
        raise ValueError("A fragment's samples do not follow each other in time")
    begins = [at for at, sample in enumerate(samples) if at and pictures and sample.key_frame]
    return b"".join(
        piece
        for number, (first, end) in enumerate(pairwise([0, *begins, len(samples)]))
        for piece in _fragment(samples[first:end], durations[first:end], sequence + number, pictures)
    )


def _fragment(
    samples: Sequence[Sample], durations: Sequence[int], sequence: int, pictures: bool
) -> Iterator[bytes]:
    sizes = [len(sample.data) for sample in samples]
    usual = _NOT_SYNC if pictures else _SYNC
    first = _SYNC if samples[0].key_frame else _NOT_SYNC
    others = {sample.key_frame for sample in samples[1:]}
    columns: list[Sequence[int]] = []
    flags = _DATA_OFFSET
    if durations.count(durations[0]) < len(samples):
        flags |= _DURATION
        columns.append(durations)
    if sizes.count(sizes[0]) < len(samples):
        flags |= _SIZE
        columns.append(sizes)
    if others - {usual == _SYNC}:
        flags |= _FLAGS
        columns.append([_SYNC if sample.key_frame else _NOT_SYNC for sample in samples])
    table = [value for row in zip(*columns, strict=True) for value in row]
    if first != usual and not flags & _FLAGS:
        flags |= _FIRST_FLAGS
        table.insert(0, first)
    trun = 20 + 4 * len(table)
    moof = sum(_SIZES) + 4 * len(table)
    yield _HEAD.pack(
        *(moof, b"moof", 16, b"mfhd", 0, sequence, moof - 24, b"traf"),
        *(32, b"tfhd", _TFHD_FLAGS, _TRACK_ID, 1, durations[0], sizes[0], usual),
        *(20, b"tfdt", _VERSION_1, samples[0].time),
        *(trun, b"trun", _VERSION_1 | flags, len(samples), moof + _BOX_BYTES),
    )
    yield struct.pack(f">{len(table)}II4s", *table, _BOX_BYTES + sum(sizes), b"mdat")
    for sample in samples:
        yield sample.data
