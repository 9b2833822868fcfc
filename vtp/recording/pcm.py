"""The sound inside the mix: 48 kHz, stereo, one row per tick, in units of a 16-bit sample."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # NumPy is 10 MB, loaded with the first recording
    import numpy as np
    import numpy.typing as npt

    Pcm = npt.NDArray[np.float32]
    Heard = npt.NDArray[np.int16]
    """What a decoder gives."""

CHANNELS = 2
FULL_SCALE = 32_768


class WholeFrames:
    """Cuts an unbroken line of sound into frames of `ticks`; what is left of it waits for more."""

    def __init__(self, ticks: int) -> None:
        self._ticks = ticks
        self._parts: list[Pcm] = []
        self._waiting = 0

    def add(self, pcm: Pcm) -> Pcm | None:
        """Takes sound; gives all whole frames that there are now, in one piece, None while there is none."""
        import numpy as np

        self._parts.append(pcm)
        self._waiting += len(pcm)
        if self._waiting < self._ticks:
            return None
        joined = np.concatenate(self._parts)
        whole = self._waiting // self._ticks * self._ticks
        self._parts = [joined[whole:]]
        self._waiting -= whole
        return joined[:whole]

    def rest(self) -> Pcm:
        """What waits; none of it does afterwards."""
        import numpy as np

        rest = np.concatenate([*self._parts, np.zeros((0, CHANNELS), np.float32)])
        self._parts, self._waiting = [], 0
        return rest


class EqualChannels:
    """Tells whether one channel is enough to encode: from the first frame in which they differ on two are,
    one again after more than `frames` in which they do not.
    """

    def __init__(self, frames: int) -> None:
        self._frames = frames
        self._same = 0  # frames since they last differed
        self._is_mono = True

    def take(self, are_same: bool) -> bool:
        """Takes the next frame; says so of it."""
        self._same = self._same + 1 if are_same else 0
        self._is_mono = are_same and (self._is_mono or self._same > self._frames)
        return self._is_mono
