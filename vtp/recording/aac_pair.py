"""A mono AAC-LC frame as one of a stereo track with the same in both channels: no second one is encoded.

The single channel element becomes a channel pair (ISO/IEC 14496-3 section 4.4.2.1) in mid and side: its bits
are the middle's, the side is written as empty. The frame must have no noise substitution and no temporal
noise shaping: those are done for each channel after middle and side have become left and right.
"""

from __future__ import annotations

_SCE, _CPE, _FIL, _END = 0, 1, 6, 7  # id_syn_ele, 3 bits
_EIGHT_SHORT = 2
_ALL_MID_SIDE = 2  # ms_mask_present


class _Bits:
    """Reads a frame from its first bit on."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "big")
        self.left = len(data) * 8

    def take(self, count: int) -> int:
        """The next `count` bits; raises ValueError behind the end."""
        self.left -= count
        if self.left < 0:
            raise ValueError("AAC frame is cut short")
        return self._value >> self.left & ((1 << count) - 1)


class _Written:
    """Bits one after another."""

    def __init__(self) -> None:
        self._value = 0
        self._count = 0

    def add(self, value: int, count: int) -> None:
        self._value = self._value << count | value
        self._count += count

    def to_bytes(self) -> bytes:
        """With zeros up to a whole byte."""
        padding = -self._count % 8
        return (self._value << padding).to_bytes((self._count + padding) // 8, "big")


def as_pair(frame: bytes) -> bytes:
    """The same sound on both channels. Raises ValueError for what is no frame with one channel alone."""
    bits = _Bits(frame)
    kind = bits.take(3)
    while kind == _FIL:  # the encoder's name
        count = bits.take(4)
        bits.take(8 * (count if count < 15 else 14 + bits.take(8)))
        kind = bits.take(3)
    if kind != _SCE:
        raise ValueError("AAC frame does not begin with a single channel")
    tag, gain, head = bits.take(4), bits.take(8), bits.take(4)
    if head >> 1 & 3 == _EIGHT_SHORT:
        size, groups = bits.take(4), bits.take(7)
        side = _empty_sections(size, 3) * (8 - groups.bit_count())
        info, info_bits = head << 11 | size << 7 | groups, 15
    else:
        size = bits.take(6)
        if bits.take(1):
            raise ValueError("AAC frame is predicted, which AAC-LC is not")
        side = _empty_sections(size, 5)
        info, info_bits = head << 7 | size << 1, 11
    left = bits.left
    rest = bits.take(left)
    padding = (rest & -rest).bit_length() - 1  # it ends in three ones, and zeros up to a whole byte
    if padding < 0 or rest >> padding & _END != _END:
        raise ValueError("AAC frame has no end")
    written = _Written()
    for value, count in (
        (_CPE, 3),
        (tag, 4),
        (1, 1),  # common_window
        (info, info_bits),
        (_ALL_MID_SIDE, 2),
        (gain, 8),
        (rest >> padding + 3, left - padding - 3),
        (gain, 8),
        *side,
        (0, 3),  # no pulses, no shaping, no gain control
        (_END, 3),
    ):
        written.add(value, count)
    return written.to_bytes()


def _empty_sections(size: int, width: int) -> list[tuple[int, int]]:
    """Section data of one group of `size` bands in which nothing is: values, and how many bits each takes."""
    if not size:
        return []
    most = (1 << width) - 1
    return [(0, 4), *[(most, width)] * (size // most), (size % most, width)]
