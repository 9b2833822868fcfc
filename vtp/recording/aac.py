"""The AAC rendition of the mix, for players that take nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from vtp.recording import _sound
from vtp.recording._frames import as_pair
from vtp.recording.aac_library import AacFrames, open_aac
from vtp.recording.pcm import CHANNELS, FULL_SCALE, EqualChannels, WholeFrames
from vtp.recording.units import Sample

if TYPE_CHECKING:
    from vtp.recording.pcm import Pcm

FRAME_TICKS = 1024  # ISO/IEC 14496-3: samples of one AAC-LC frame
MONO_BITRATE_BPS = 64_000
OVERLAPPING_TICKS = 5 * FRAME_TICKS  # with fewer than four a new encoder's blocks do not fit the old one's
STEREO_FRAMES = 470  # ten seconds: so long one channel alone is not tried again after two


class AacEncoder:
    """Encodes one unbroken line of sound to contiguous AAC samples on the same ticks.

    While both channels are the same one is encoded, and told to be both: half the work. Where that changes
    another encoder goes on, which is given the frames before so that the two overlap. The priming frame (its
    time lies before the start) is left out.
    """

    def __init__(self, bitrate_bps: int, start: int) -> None:
        import numpy as np

        self._bitrate_bps = bitrate_bps
        self._start = start
        self._frames = WholeFrames(FRAME_TICKS)
        self._encoder: AacFrames | None = None
        self._is_mono = True  # the encoder
        self._channels = EqualChannels(STEREO_FRAMES)
        self._before: Pcm = np.zeros((0, CHANNELS), np.float32)
        self._fed = 0
        self._given = 0

    def add(self, pcm: Pcm) -> list[Sample]:
        """Takes sound; gives finished AAC samples."""
        whole = self._frames.add(pcm)
        return [] if whole is None else self._encode(whole)

    def finish(self) -> list[Sample]:
        """Encodes what is left, padded with silence to a whole frame; the encoder is of no more use."""
        import numpy as np

        rest = self._frames.rest()
        padding = np.zeros((-len(rest) % FRAME_TICKS, CHANNELS), np.float32)
        finished = self._encode(np.concatenate([rest, padding])) if self._fed or len(rest) else []
        return finished + (self._finished(self._encoder.finish()) if self._encoder is not None else [])

    def _encode(self, pcm: Pcm) -> list[Sample]:
        """Whole frames, as many at once as one encoder takes: a call costs as much as a frame's sound."""
        finished: list[Sample] = []
        first = 0
        for number, (_, are_same) in enumerate(_sound.kinds(pcm, FRAME_TICKS)):
            is_mono = self._channels.take(are_same)
            if self._encoder is None or is_mono != self._is_mono:
                finished += self._take(pcm[first * FRAME_TICKS : number * FRAME_TICKS])
                first = number
                self._begin(is_mono)
        return finished + self._take(pcm[first * FRAME_TICKS :])

    def _begin(self, is_mono: bool) -> None:
        """Goes on with another encoder; what it makes of the frames before has been given already."""
        self._is_mono = is_mono
        self._encoder = open_aac(MONO_BITRATE_BPS if is_mono else self._bitrate_bps, mono=is_mono)
        if len(self._before):
            self._feed(self._before, self._fed - len(self._before))

    def _take(self, pcm: Pcm) -> list[Sample]:
        import numpy as np

        if not len(pcm):
            return []
        finished = self._feed(pcm, self._fed)
        self._fed += len(pcm)
        self._before = np.concatenate([self._before, pcm[-OVERLAPPING_TICKS:]])[-OVERLAPPING_TICKS:]
        return finished

    def _feed(self, pcm: Pcm, at: int) -> list[Sample]:
        assert self._encoder is not None
        return self._finished(self._encoder.encode(pcm, at, FULL_SCALE))

    def _finished(self, packets: Iterable[tuple[int, bytes]]) -> list[Sample]:
        finished: list[Sample] = []
        for at, packet in packets:
            if at < self._given or not packet:
                continue
            data = as_pair(packet) if self._is_mono else packet
            finished.append(Sample(data, self._start + at, FRAME_TICKS, True))
            self._given = at + FRAME_TICKS
        return finished
