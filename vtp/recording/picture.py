"""One picture as the recorder writes it, whatever its codec; each codec has a reader in a file of its own.

A reader turns access units into MP4 samples and says, on key frames, with what a decoder must be set up.
Other parameters mean another initialization section and a discontinuity; segmenter and tracks know no more.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple, Protocol

from vtp.late_av import av
from vtp.recording.muxer import InitSection
from vtp.recording.units import AccessUnit, Sample

if TYPE_CHECKING:
    from av.video.codeccontext import VideoCodecContext

MOST_UNITS = 4096  # NAL units or OBUs of a picture; more are made to cost time
MOST_PIXELS = 4096 * 2304  # of pictures that are decoded: H.264 level 5.1, and 14 MB each


def unreadable() -> tuple[type[Exception], ...]:
    """What reading or muxing anybody's bytes can raise: a picture is lost, never the recording."""
    return ValueError, IndexError, OverflowError, struct.error, av.FFmpegError


def open_decoder(codec: str) -> VideoCodecContext:
    """A decoder on one thread that refuses pictures of more than MOST_PIXELS."""
    decoder = av.CodecContext.create(codec, "r")
    assert isinstance(decoder, av.video.codeccontext.VideoCodecContext)
    decoder.thread_count = 1
    decoder.options = {"max_pixels": str(MOST_PIXELS)}
    return decoder


class PictureParameters(Protocol):
    """What a decoder needs to know before the first picture; equal for pictures that one decoder takes."""

    def section(self) -> InitSection:
        """The initialization section of such pictures; raises ValueError when no decoder would take it."""


class Picture(NamedTuple):
    """One sample of a picture track. `parameters`: those in force, on every key frame."""

    sample: bytes
    ssrc: int
    key_frame: bool = False
    after_gap: bool = False
    parameters: PictureParameters | None = None


class PictureReader(Protocol):
    """Reads one source's access units, in order."""

    def read(self, unit: AccessUnit) -> Picture:
        """The sample; raises ValueError when the unit cannot be recorded."""


def usable_section(key_frame: Picture) -> InitSection:
    """The section of a key frame that can follow it; raises one of `unreadable` when there is none."""
    if key_frame.parameters is None:
        raise ValueError("The key frame has no parameters")
    section = key_frame.parameters.section()
    try:
        section.muxed([Sample(key_frame.sample, 0, 1, True)], 1)  # some are refused only now
    except unreadable():
        section.close()
        raise
    return section
