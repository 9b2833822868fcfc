"""The Opus rendition of the mix."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING

from vtp.recording import _opus, _sound, opus
from vtp.recording.opus_library import load_libopus
from vtp.recording.pcm import CHANNELS, EqualChannels, WholeFrames
from vtp.recording.units import Sample

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from vtp.recording.pcm import Pcm

    Frames = npt.NDArray[np.float32]
    """One row per frame of 20 ms, both channels of a tick side by side."""

FRAME_TICKS = opus.SILENCE_TICKS
COMPLEXITY = 5  # of 10
MONO_COMPLEXITY = 3  # two thirds of the work; what that loses the bits make up for (decision 138)
MONO_BITRATE_BPS = 56_000
STEREO_FRAMES = 500  # ten seconds: so long one channel alone is not tried again after two
OVERLAPPING_FRAMES = 5  # with fewer than three another encoder begins too loud or too soft
_QUIET_FRAMES = 3  # silence that the encoder is still given: then nothing of what was before is in it


class OpusEncoder:
    """Encodes one unbroken line of sound to packets of 20 ms on the same ticks.

    What a decoder gives lags behind what the encoder was given by its look-ahead, opus.PRE_SKIP ticks: the
    encoder is given the sound so much earlier. Silence is not encoded: its packet is known. While both
    channels are the same one is encoded, which decoders put in both. Where that changes another encoder goes
    on, which is given the frames before: a packet is told by how it differs from the one before.
    """

    def __init__(self, bitrate_bps: int, start: int) -> None:
        import numpy as np

        self._bitrate_bps = bitrate_bps
        self._encoder: _opus.Encoder | None = None
        self._is_mono = True  # the encoder
        self._channels = EqualChannels(STEREO_FRAMES)
        self._before: Frames = np.zeros((0, FRAME_TICKS * CHANNELS), np.float32)
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
        packets: list[bytes] = []
        for (is_quiet, is_mono), run in groupby(self._kinds(whole)):
            count = len([*run])
            quiet = [opus.SILENCE] * count
            packets += quiet if is_quiet else self._encode(frames[len(packets) :][:count], is_mono)
        start, self._end = self._end, self._end + len(whole)
        return [
            Sample(data, start + number * FRAME_TICKS, FRAME_TICKS, True)
            for number, data in enumerate(packets)
        ]

    def finish(self) -> list[Sample]:
        """The packets of what is left; the encoder is of no more use."""
        import numpy as np

        return self.add(np.zeros((opus.PRE_SKIP, CHANNELS), np.float32))

    def _kinds(self, pcm: Pcm) -> Iterator[tuple[bool, bool]]:
        """Of each frame whether its packet is known, and whether one channel is enough."""
        for does_sound, are_same in _sound.kinds(pcm, FRAME_TICKS):
            self._quiet = 0 if does_sound else self._quiet + 1
            yield self._quiet > _QUIET_FRAMES, self._channels.take(are_same)

    def _encode(self, frames: Frames, is_mono: bool) -> list[bytes]:
        """All at once, and others have the interpreter meanwhile."""
        import numpy as np

        if self._encoder is None or is_mono != self._is_mono:
            self._is_mono = is_mono
            self._encoder = self._open(is_mono)
            if len(self._before):
                self._encoder.encode(self._before)
        self._before = np.concatenate([self._before, frames[-OVERLAPPING_FRAMES:]])[-OVERLAPPING_FRAMES:]
        return [packet or opus.SILENCE for packet in self._encoder.encode(frames)]

    def _open(self, is_mono: bool) -> _opus.Encoder:
        load_libopus()
        if is_mono:
            return _opus.Encoder(1, MONO_BITRATE_BPS, MONO_COMPLEXITY)
        return _opus.Encoder(CHANNELS, self._bitrate_bps, COMPLEXITY)
