"""Keeps the mix below full scale however many speak at once, without a click.

In blocks of 5 ms, each given out when the next is known. The gain runs straight from one block's end to the
next, and at each end it is no more than either of the two blocks can take, so that no sample exceeds the
ceiling. It falls within the block before a peak and comes back slowly.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from vtp.recording import _sound
from vtp.recording.pcm import CHANNELS, FULL_SCALE

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from vtp.recording.pcm import Pcm

BLOCK_TICKS = 240
CEILING = 0.98 * FULL_SCALE
_RELEASE = 0.03  # of what is missing, each block: half of it after 115 ms
_WHOLE = 0.999


class Limiter:
    """Whole blocks in; what comes out lags behind by one."""

    def __init__(self) -> None:
        self._held: Pcm | None = None
        self._gain = 1.0

    def add(self, pcm: Pcm) -> Pcm:
        """Takes sound, a multiple of BLOCK_TICKS rows; gives what is certain of it and of what was held."""
        import numpy as np

        if self._held is not None:
            pcm = np.concatenate([self._held, pcm])
        first = self._held is None
        self._held = pcm[-BLOCK_TICKS:]
        if self._gain == 1.0 and _sound.loudest(pcm) <= CEILING:
            return pcm[:-BLOCK_TICKS]
        peaks = np.abs(pcm).reshape(-1, BLOCK_TICKS * CHANNELS).max(axis=1)
        able = np.minimum(1.0, CEILING / np.maximum(peaks, 1.0))
        if first:
            self._gain = float(able[0])
        return pcm[:-BLOCK_TICKS] * self._ramp(able)[:, np.newaxis]

    def finish(self) -> Pcm:
        """What is held still; the limiter begins afresh."""
        import numpy as np

        held, gain = self._held, self._gain
        self._held, self._gain = None, 1.0
        return np.zeros((0, CHANNELS), np.float32) if held is None else held * np.float32(gain)

    def _ramp(self, able: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """The gain of each tick of all blocks but the last."""
        import numpy as np

        ends = [self._gain]
        for now, after in pairwise(able):
            recovered = ends[-1] + (1.0 - ends[-1]) * _RELEASE
            if recovered > _WHOLE:
                recovered = 1.0
            ends.append(min(float(now), float(after), recovered))
        self._gain = ends[-1]
        at = np.arange(len(able) * BLOCK_TICKS - BLOCK_TICKS) / BLOCK_TICKS
        return np.interp(at, np.arange(len(ends)), ends).astype(np.float32)
