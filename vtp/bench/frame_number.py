"""A frame's number as black and white cells along its top edge, readable after coding and scaling.

The strip is the top twelfth of the picture, 32 cells wide: white, black, 22 bits of the number (highest
first), a 6-bit check, white, black. The four known cells give the threshold and prove that there is a strip.
The same geometry is in tests/e2e/frame_number.js.
"""

import numpy as np
import numpy.typing as npt

CELLS = 32
STRIP_SHARE = 12
NUMBER_BITS = 22
CHECK_BITS = 6
MINIMUM_CONTRAST = 60
_KNOWN = {0: 1, 1: 0, 30: 1, 31: 0}


def check_of(number: int) -> int:
    """Six bits that change when any bit of the number does (CRC-6 with the polynomial x^6 + x + 1)."""
    register = number << CHECK_BITS
    for bit in range(NUMBER_BITS + CHECK_BITS - 1, CHECK_BITS - 1, -1):
        if register >> bit & 1:
            register ^= 0b1000011 << (bit - CHECK_BITS)
    return register ^ 0b101101  # an all-black strip is not number 0


def cells_of(number: int) -> list[int]:
    """The 32 cells, 1 for white. ValueError when the number needs more than 22 bits."""
    if not 0 <= number < 1 << NUMBER_BITS:
        raise ValueError(f"A frame number has {NUMBER_BITS} bits, {number} does not fit.")
    bits = [number >> bit & 1 for bit in range(NUMBER_BITS - 1, -1, -1)]
    check = [check_of(number) >> bit & 1 for bit in range(CHECK_BITS - 1, -1, -1)]
    return [1, 0, *bits, *check, 1, 0]


def draw_frame_number(luma: npt.NDArray[np.uint8], number: int) -> None:
    """Draws the strip into a luma plane (height, width), in place."""
    height, width = luma.shape
    edges = [round(cell * width / CELLS) for cell in range(CELLS + 1)]
    for cell, white in enumerate(cells_of(number)):
        luma[: height // STRIP_SHARE, edges[cell] : edges[cell + 1]] = 235 if white else 16


def read_frame_number(gray: npt.NDArray[np.uint8]) -> int | None:
    """The number in a gray picture of any size, or None when there is no strip or its check fails."""
    levels = _cell_levels(gray)
    white = min(levels[cell] for cell, bit in _KNOWN.items() if bit)
    black = max(levels[cell] for cell, bit in _KNOWN.items() if not bit)
    if white - black < MINIMUM_CONTRAST:
        return None
    threshold = (white + black) / 2
    value = 0
    for level in levels[2 : 2 + NUMBER_BITS + CHECK_BITS]:
        value = value << 1 | (level > threshold)
    number, check = value >> CHECK_BITS, value & (1 << CHECK_BITS) - 1
    return number if check == check_of(number) else None


def _cell_levels(gray: npt.NDArray[np.uint8]) -> list[float]:
    """The mean of the middle half of every cell, both ways."""
    height, width = gray.shape[:2]
    strip = height / STRIP_SHARE
    rows = slice(int(strip * 0.25), max(int(strip * 0.75), int(strip * 0.25) + 1))
    levels = []
    for cell in range(CELLS):
        left = int((cell + 0.25) * width / CELLS)
        right = max(int((cell + 0.75) * width / CELLS), left + 1)
        levels.append(float(gray[rows, left:right].mean()))
    return levels
