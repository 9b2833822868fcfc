"""Reads and writes single bits, the highest first, as the headers of VP9 and AV1 are made of."""

from __future__ import annotations


class BitReader:
    """Reads from `data` on; raises ValueError past its end."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "big")
        self._bits = len(data) * 8
        self.position = 0

    def read(self, width: int) -> int:
        """The next `width` bits as a number."""
        self.position += width
        if self.position > self._bits:
            raise ValueError("The header ends too early")
        return self._value >> (self._bits - self.position) & ((1 << width) - 1)

    def flag(self) -> bool:
        """The next bit."""
        return self.read(1) == 1
