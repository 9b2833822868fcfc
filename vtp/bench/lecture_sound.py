"""The sound of the lecture clip: a quiet tone, and a beep at the start of every second, with the flash."""

import numpy as np
import numpy.typing as npt

SAMPLE_RATE = 48_000
TONE_HZ = 440
BEEP_HZ = 1_000
BEEP_S = 0.08
_TONE_LEVEL = 0.05
_BEEP_LEVEL = 0.5

Samples = npt.NDArray[np.float32]


def lecture_samples(start: int, count: int) -> Samples:
    """`count` mono samples from sample number `start` on, between -1 and 1."""
    at = np.arange(start, start + count, dtype=np.float64) / SAMPLE_RATE
    within = at % 1.0
    tone = _TONE_LEVEL * np.sin(2 * np.pi * TONE_HZ * at)
    beep = _BEEP_LEVEL * np.sin(2 * np.pi * BEEP_HZ * within)
    return np.where(within < BEEP_S, beep, tone).astype(np.float32)


def beep_starts_s(samples: npt.NDArray[np.floating], rate: int = SAMPLE_RATE) -> list[float]:
    """When beeps begin, in seconds from the first sample: where the 1 kHz part of 2 ms windows jumps up."""
    window = rate // 500
    windows = samples[: len(samples) // window * window].reshape(-1, window).astype(np.float64)
    phase = 2 * np.pi * BEEP_HZ * np.arange(window) / rate
    level = np.hypot(windows @ np.cos(phase), windows @ np.sin(phase)) * 2 / window
    loud = level > _BEEP_LEVEL * 0.35
    starts = np.flatnonzero(loud[1:] & ~loud[:-1]) + 1
    if loud.size and loud[0]:
        starts = np.concatenate(([0], starts))
    return _apart([float(index) * window / rate for index in starts], 0.5)


def _apart(times: list[float], least_s: float) -> list[float]:
    """Leaves out what follows another closer than `least_s`: one beep that wavered."""
    kept: list[float] = []
    for time in times:
        if not kept or time - kept[-1] >= least_s:
            kept.append(time)
    return kept
