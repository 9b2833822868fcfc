"""The AAC rendition: the same sound as the Opus track, encoded for players that take nothing else."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import av
from av.error import FFmpegError

from vtp.recording.muxer import aac_encoder
from vtp.recording.timebase import AUDIO_TIMESCALE
from vtp.recording.units import Sample

if TYPE_CHECKING:  # 10 MB, loaded with the first recording
    import numpy as np
    import numpy.typing as npt

    Pcm = npt.NDArray[np.float32]

FRAME_TICKS = 1024  # ISO/IEC 14496-3: samples of one AAC-LC frame
CHANNELS = 2


class AacTranscoder:
    """Decodes contiguous Opus samples and encodes them to contiguous AAC samples on the same ticks.

    Each packet's sound is cut or padded to exactly the ticks its sample lasts, so that the two tracks never
    drift apart. The encoder's priming frame (its time lies before the start) is left out.
    """

    def __init__(self, bitrate_bps: int) -> None:
        self._bitrate_bps = bitrate_bps
        self._start: int | None = None
        self._open()

    def _open(self) -> None:
        self._decoder = av.CodecContext.create("libopus", "r")
        self._decoder.sample_rate = AUDIO_TIMESCALE
        self._decoder.layout = "stereo"
        self._resampler = av.AudioResampler(format="fltp", layout="stereo", rate=AUDIO_TIMESCALE)
        self._encoder = aac_encoder(self._bitrate_bps)
        self._pcm: list[Pcm] = []
        self._waiting = 0
        self._fed = 0

    def add(self, samples: Iterable[Sample]) -> list[Sample]:
        """Takes Opus samples, each starting where the one before ended; gives finished AAC samples."""
        import numpy as np

        for sample in samples:
            if self._start is None:
                self._start = sample.time
            self._pcm.append(self._decode(sample))
            self._waiting += sample.duration
        if self._waiting < FRAME_TICKS:
            return []
        pcm = np.concatenate(self._pcm, axis=1)
        whole = self._waiting // FRAME_TICKS * FRAME_TICKS
        self._pcm = [pcm[:, whole:]]
        self._waiting -= whole
        return self._encode(pcm[:, :whole])

    def finish(self) -> list[Sample]:
        """Encodes what is left, padded with silence to a whole frame; the next packet may start anywhere."""
        import numpy as np

        finished: list[Sample] = []
        if self._start is not None:
            rest = np.concatenate([*self._pcm, np.zeros((CHANNELS, 0), np.float32)], axis=1)
            padding = -rest.shape[1] % FRAME_TICKS
            finished += self._encode(np.pad(rest, ((0, 0), (0, padding))))
            finished += self._finished(self._encoder.encode(None))
        self._start = None
        self._open()
        return finished

    def _decode(self, sample: Sample) -> Pcm:
        import numpy as np

        try:
            frames = self._decoder.decode(av.Packet(sample.data))
        except (ValueError, FFmpegError):  # a damaged packet is silence
            frames = []
        planes = [part.to_ndarray() for frame in frames for part in self._resampler.resample(frame)]
        pcm: Pcm = np.concatenate(planes, axis=1) if planes else np.zeros((CHANNELS, 0), np.float32)
        missing = sample.duration - pcm.shape[1]
        if missing > 0:
            pcm = np.pad(pcm, ((0, 0), (0, missing)), mode="edge" if pcm.shape[1] else "constant")
        return pcm[:, : sample.duration]

    def _encode(self, pcm: Pcm) -> list[Sample]:
        import numpy as np

        finished: list[Sample] = []
        for offset in range(0, pcm.shape[1], FRAME_TICKS):
            plane = np.ascontiguousarray(pcm[:, offset : offset + FRAME_TICKS], dtype=np.float32)
            frame = av.AudioFrame.from_ndarray(plane, format="fltp", layout="stereo")
            frame.sample_rate = AUDIO_TIMESCALE
            frame.time_base = self._encoder.time_base
            frame.pts = self._fed
            self._fed += FRAME_TICKS
            finished += self._finished(self._encoder.encode(frame))
        return finished

    def _finished(self, packets: Iterable[av.Packet[Any]]) -> list[Sample]:
        start = self._start or 0
        return [
            Sample(bytes(packet), start + packet.pts, FRAME_TICKS, True)
            for packet in packets
            if packet.pts is not None and packet.pts >= 0 and packet.size
        ]
