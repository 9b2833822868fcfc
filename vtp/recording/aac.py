"""The AAC rendition of the mix, for players that take nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import av

from vtp.recording.muxer import aac_encoder
from vtp.recording.pcm import CHANNELS, FULL_SCALE, WholeFrames
from vtp.recording.timebase import AUDIO_TIMESCALE
from vtp.recording.units import Sample

if TYPE_CHECKING:
    from vtp.recording.pcm import Pcm

FRAME_TICKS = 1024  # ISO/IEC 14496-3: samples of one AAC-LC frame


class AacEncoder:
    """Encodes one unbroken line of sound to contiguous AAC samples on the same ticks.

    The encoder's priming frame (its time lies before the start) is left out.
    """

    def __init__(self, bitrate_bps: int, start: int) -> None:
        self._encoder = aac_encoder(bitrate_bps)
        self._start = start
        self._frames = WholeFrames(FRAME_TICKS)
        self._fed = 0

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
        return finished + (self._finished(self._encoder.encode(None)) if self._fed else [])

    def _encode(self, pcm: Pcm) -> list[Sample]:
        import numpy as np

        finished: list[Sample] = []
        planes = np.ascontiguousarray(pcm.T, dtype=np.float32) / np.float32(FULL_SCALE)
        for offset in range(0, len(pcm), FRAME_TICKS):
            plane = np.ascontiguousarray(planes[:, offset : offset + FRAME_TICKS])
            frame = av.AudioFrame.from_ndarray(plane, format="fltp", layout="stereo")
            frame.sample_rate = AUDIO_TIMESCALE
            frame.time_base = self._encoder.time_base
            frame.pts = self._fed
            self._fed += FRAME_TICKS
            finished += self._finished(self._encoder.encode(frame))
        return finished

    def _finished(self, packets: Iterable[av.Packet[Any]]) -> list[Sample]:
        return [
            Sample(bytes(packet), self._start + packet.pts, FRAME_TICKS, True)
            for packet in packets
            if packet.pts is not None and packet.pts >= 0 and packet.size
        ]
