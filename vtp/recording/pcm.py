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
