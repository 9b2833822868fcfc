"""FFmpeg's AAC encoder, called as directly as the FFmpeg that PyAV brings allows."""

from __future__ import annotations

import logging
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from vtp.late_av import av
from vtp.recording import _aac
from vtp.recording.mapped_libraries import mapped
from vtp.recording.muxer import aac_encoder
from vtp.recording.timebase import AUDIO_TIMESCALE

if TYPE_CHECKING:
    from vtp.recording.pcm import Pcm

logger = logging.getLogger(__name__)


class AacFrames(Protocol):
    """The face of an encoder of one channel, or of two."""

    def encode(self, pcm: Pcm, at: int, full_scale: float, /) -> list[tuple[int, bytes]]:
        """Takes whole frames from tick `at` on; gives the tick and the packet of each that is finished."""

    def finish(self) -> list[tuple[int, bytes]]:
        """Those that are left."""


class AacByPyAV:
    """The same through PyAV, for half as much again: a graph cuts frames, and each is an object."""

    def __init__(self, channels: int, bitrate_bps: int, is_plain: bool) -> None:
        self._channels = channels
        self._encoder = aac_encoder(bitrate_bps, mono=is_plain)

    def encode(self, pcm: Pcm, at: int, full_scale: float) -> list[tuple[int, bytes]]:
        """Takes whole frames from tick `at` on; gives the tick and the packet of each that is finished."""
        import numpy as np

        plane = np.ascontiguousarray(pcm[:, : self._channels].T) / np.float32(full_scale)
        frame = av.AudioFrame.from_ndarray(plane, format="fltp", layout=self._encoder.layout.name)
        frame.sample_rate = AUDIO_TIMESCALE
        frame.time_base = self._encoder.time_base
        frame.pts = at
        return [(packet.pts or 0, bytes(packet)) for packet in self._encoder.encode(frame)]

    def finish(self) -> list[tuple[int, bytes]]:
        """Those that are left."""
        return [(packet.pts or 0, bytes(packet)) for packet in self._encoder.encode(None)]


@cache
def load_aac() -> bool:
    """Loads the encoder once for all; tells whether it can be called without PyAV."""
    av.codec.Codec("aac", "w")  # PyAV is there, and with it its libraries
    found = [mapped(name) for name in ("libavutil", "libavcodec", "libavfilter")]
    files = [Path(one) for each in found for one in each]
    # Where somebody else has brought an FFmpeg too, nothing says which is whose.
    are_of_one = all(len(each) == 1 for each in found) and len({file.parent for file in files}) == 1
    if are_of_one and _aac.load(*map(str, files)):
        return True
    logger.warning(
        "FFmpeg is not one whose AAC encoder is known: it is called through PyAV, which costs more."
    )
    return False


def open_aac(bitrate_bps: int, *, mono: bool) -> AacFrames:
    """An AAC-LC encoder whose output fits `aac_section`; of `mono` sound after `as_pair` (which says why it
    is plain then).
    """
    kind = _aac.Encoder if load_aac() else AacByPyAV
    return kind(1 if mono else 2, bitrate_bps, mono)
