"""The picture where links narrow: three encodings, as large as those of `vtp publish --simulcast`."""

from __future__ import annotations

from vtp.bench.load import Layer, Lecture

LAYERS = (
    Layer("l", 1, (750, 750), 320, 180),
    Layer("m", 3, (820, 850), 640, 360),
    Layer("h", 7, (1060, 1080), 1280, 720),
)
"""150, 500 and 1,500 kbit/s at 25 frames a second."""
SIMULCAST = Lecture(layers=LAYERS)
