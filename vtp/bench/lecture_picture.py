"""The pictures of the lecture clip: slides, a pointer that moves, a clock, the number, a flash a second."""

import numpy as np
import numpy.typing as npt

from vtp.bench.frame_number import draw_frame_number

FLASH_FRAMES_S = 0.08
"""How long the square is white at the start of every second."""
SLIDE_S = 10

Plane = npt.NDArray[np.uint8]

# 3 x 5 digits, rows from the top, highest bit left
_DIGITS = {
    "0": (7, 5, 5, 5, 7), "1": (2, 6, 2, 2, 7), "2": (7, 1, 7, 4, 7), "3": (7, 1, 3, 1, 7),
    "4": (5, 5, 7, 1, 1), "5": (7, 4, 7, 1, 7), "6": (7, 4, 7, 5, 7), "7": (7, 1, 2, 2, 2),
    "8": (7, 5, 7, 5, 7), "9": (7, 5, 7, 1, 7), ":": (0, 2, 0, 2, 0),
}  # fmt: skip
_SLIDE_TINTS = ((118, 138), (142, 122), (110, 118), (136, 140), (124, 112))


class LecturePicture:
    """Draws frame after frame as planes of yuv420p."""

    def __init__(self, width: int, height: int, fps: int) -> None:
        """Raises ValueError when the size is odd or too small for the number strip to be read."""
        if width % 2 or height % 2 or width < 160 or height < 120:
            raise ValueError(f"The clip's size must be even and at least 160x120, got {width}x{height}.")
        self.width, self.height, self.fps = width, height, fps
        self._slides = [self._slide(index) for index in range(len(_SLIDE_TINTS))]

    def planes(self, number: int) -> tuple[Plane, Plane, Plane]:
        """Luma, and the two chroma planes at half size."""
        index = number // (SLIDE_S * self.fps) % len(self._slides)
        luma = self._slides[index].copy()
        self._draw_pointer(luma, number)
        self._draw_clock(luma, number)
        self._draw_flash(luma, number)
        draw_frame_number(luma, number)
        return luma, *self._tint(index)

    def flash_box(self) -> tuple[slice, slice]:
        """Rows and columns of the square that flashes, bottom right."""
        return (
            slice(int(self.height * 0.78), int(self.height * 0.96)),
            slice(int(self.width * 0.86), int(self.width * 0.97)),
        )

    def is_flashing(self, number: int) -> bool:
        return number % self.fps < max(1, round(FLASH_FRAMES_S * self.fps))

    def _slide(self, index: int) -> Plane:
        """A light page with a title and lines of something like text, different for every slide."""
        rng = np.random.default_rng(index + 1)
        luma = np.full((self.height, self.width), 200, np.uint8)
        unit = self.height // 36
        luma[self.height // 10 : self.height // 10 + 2 * unit, self.width // 12 : self.width * 2 // 3] = 60
        for line in range(8):
            top = self.height // 4 + line * 2 * unit
            at = self.width // 12
            while at < self.width * 3 // 4:
                word = int(rng.integers(2, 9)) * unit
                luma[top : top + unit * 3 // 4, at : at + word] = 90
                at += word + unit
        return luma

    def _tint(self, index: int) -> tuple[Plane, Plane]:
        shape = (self.height // 2, self.width // 2)
        u, v = _SLIDE_TINTS[index]
        return np.full(shape, u, np.uint8), np.full(shape, v, np.uint8)

    def _draw_pointer(self, luma: Plane, number: int) -> None:
        """A dark dot on a slow figure of eight: something always moves."""
        turn = 2 * np.pi * number / (self.fps * 6)
        radius = self.height // 30
        x = int(self.width * (0.45 + 0.3 * np.sin(turn)))
        y = int(self.height * (0.55 + 0.2 * np.sin(2 * turn)))
        rows, columns = np.ogrid[-radius:radius, -radius:radius]
        box = luma[y - radius : y + radius, x - radius : x + radius]
        box[rows**2 + columns**2 < radius**2] = 30

    def _draw_clock(self, luma: Plane, number: int) -> None:
        """Minutes, seconds and the frame of the second, bottom left."""
        second, frame = divmod(number, self.fps)
        text = f"{second // 60 % 100:02d}:{second % 60:02d}:{frame:02d}"
        dot = max(2, self.height // 60)
        top, left = int(self.height * 0.82), self.width // 12
        for place, character in enumerate(text):
            for row, bits in enumerate(_DIGITS[character]):
                for column in range(3):
                    if bits >> (2 - column) & 1:
                        y, x = top + row * dot, left + (place * 4 + column) * dot
                        luma[y : y + dot, x : x + dot] = 40

    def _draw_flash(self, luma: Plane, number: int) -> None:
        luma[self.flash_box()] = 235 if self.is_flashing(number) else 16


def is_flash(gray: Plane) -> bool | None:
    """Whether the square of a (possibly scaled) picture is white; None when it is neither white nor black."""
    height, width = gray.shape[:2]
    box = gray[int(height * 0.82) : int(height * 0.92), int(width * 0.89) : int(width * 0.94)]
    level = float(box.mean())
    if level > 170:
        return True
    return False if level < 80 else None
