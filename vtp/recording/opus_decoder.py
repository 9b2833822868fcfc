"""Decodes one voice's Opus packets, each to exactly the ticks that its sample lasts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vtp.late_av import av
from vtp.recording.audio_timeline import STRETCH_TICKS
from vtp.recording.pcm import CHANNELS
from vtp.recording.timebase import AUDIO_TIMESCALE

if TYPE_CHECKING:
    from vtp.recording.pcm import Heard


class OpusDecoder:
    """Has one publisher's state: packets come in the order they were sent."""

    def __init__(self) -> None:
        self._decoder = av.CodecContext.create("libopus", "r")
        self._decoder.sample_rate = AUDIO_TIMESCALE
        self._decoder.layout = "stereo"

    def decode(self, packet: bytes, ticks: int) -> Heard:
        """Its sound, cut or held by the few ticks that its sample was stretched; of a damaged one silence."""
        import numpy as np

        try:
            frames = self._decoder.decode(av.Packet(packet))
        except (ValueError, av.FFmpegError):
            frames = []
        parts = [frame.to_ndarray().reshape(-1, CHANNELS) for frame in frames]
        pcm: Heard = np.concatenate(parts) if parts else np.zeros((0, CHANNELS), np.int16)
        missing = ticks - len(pcm)
        if missing > STRETCH_TICKS:
            pcm = np.concatenate([pcm, np.zeros((missing, CHANNELS), np.int16)])
        elif missing > 0:
            pcm = np.concatenate([pcm, np.repeat(pcm[-1:], missing, axis=0)])
        return pcm[:ticks]
