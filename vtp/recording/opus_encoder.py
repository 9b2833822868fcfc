"""The Opus rendition of the mix."""

from __future__ import annotations

from fractions import Fraction
from itertools import groupby
from typing import TYPE_CHECKING

from vtp.late_av import av
from vtp.recording import opus
from vtp.recording.pcm import CHANNELS, WholeFrames
from vtp.recording.timebase import AUDIO_TIMESCALE
from vtp.recording.units import Sample

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from vtp.recording.pcm import Pcm

FRAME_TICKS = opus.SILENCE_TICKS
COMPLEXITY = "5"  # of 10
_QUIET_FRAMES = 3  # silence that the encoder is still given: then nothing of what was before is in it


class OpusEncoder:
    """Encodes one unbroken line of sound to packets of 20 ms on the same ticks.

    What a decoder gives lags behind what the encoder was given by its look-ahead, opus.PRE_SKIP ticks: the
    encoder is given the sound so much earlier. Silence is not encoded: its packet is known.
    """

    def __init__(self, bitrate_bps: int, start: int) -> None:
        self._encoder = av.CodecContext.create("libopus", "w")
        self._encoder.sample_rate = AUDIO_TIMESCALE
        self._encoder.layout = "stereo"
        self._encoder.format = "s16"
        self._encoder.bit_rate = bitrate_bps
        self._encoder.time_base = Fraction(1, AUDIO_TIMESCALE)
        self._encoder.options = {
            "application": "audio",
            "frame_duration": "20",
            "compression_level": COMPLEXITY,
        }
        self._end = start
        self._frames = WholeFrames(FRAME_TICKS)
        self._priming = opus.PRE_SKIP  # so many of the first ticks of all only prime the encoder
        self._quiet = 0

    def add(self, pcm: Pcm) -> list[Sample]:
        """Takes sound; gives finished packets."""
        skipped = min(self._priming, len(pcm))
        self._priming -= skipped
        whole = self._frames.add(pcm[skipped:])
        if whole is None:
            return []
        frames = whole.reshape(-1, FRAME_TICKS * CHANNELS)
        samples: list[Sample] = []
        for is_quiet, run in groupby(frames, self._is_quiet):
            count = len([*run])
            packets = [opus.SILENCE] * count if is_quiet else self._encode(frames[len(samples) :][:count])
            samples += [
                Sample(data, self._end + number * FRAME_TICKS, FRAME_TICKS, True)
                for number, data in enumerate(packets)
            ]
            self._end += count * FRAME_TICKS
        return samples

    def finish(self) -> list[Sample]:
        """The packets of what is left; the encoder is of no more use."""
        import numpy as np

        return self.add(np.zeros((opus.PRE_SKIP, CHANNELS), np.float32))

    def _is_quiet(self, frame: npt.NDArray[np.float32]) -> bool:
        """Whether a frame's packet is known; asked of each once, in order."""
        self._quiet = 0 if frame.any() else self._quiet + 1
        return self._quiet > _QUIET_FRAMES

    def _encode(self, frames: npt.NDArray[np.float32]) -> list[bytes]:
        """All at once: a call costs more than a frame's sound."""
        import numpy as np

        rows = np.rint(frames).astype(np.int16).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(rows, format="s16", layout="stereo")
        frame.sample_rate = AUDIO_TIMESCALE
        frame.time_base = self._encoder.time_base
        frame.pts = self._end
        packets = [bytes(packet) or opus.SILENCE for packet in self._encoder.encode(frame)]
        assert len(packets) == len(frames), "libopus holds no frame back"
        return packets
