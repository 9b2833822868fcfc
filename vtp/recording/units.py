"""What enters the recorder: one frame of video or one packet of audio, as the depacketizer gives it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple, Protocol


class AccessUnit(Protocol):
    """The shape of `vtp._rtp_fast.AccessUnit`; tests give `PlainUnit`."""

    @property
    def data(self) -> bytes:
        """H.264 in Annex B with its parameter sets, or one Opus packet."""

    @property
    def rtp_timestamp(self) -> int:
        """The RTP timestamp, extended to 64 bits."""

    @property
    def arrival_ns(self) -> int:
        """Monotonic time of arrival."""

    @property
    def key_frame(self) -> bool:
        """Whether decoding can start here."""

    @property
    def after_gap(self) -> bool:
        """Whether units before this one were lost."""

    @property
    def ssrc(self) -> int:
        """The stream it came by."""

    @property
    def width(self) -> int:
        """Pixels, on key frames; 0 when unknown."""

    @property
    def height(self) -> int:
        """Pixels, on key frames; 0 when unknown."""


@dataclass(frozen=True, slots=True)
class PlainUnit:
    """An access unit made in Python: by tests, and by sources that are not RTP."""

    data: bytes
    rtp_timestamp: int
    arrival_ns: int
    key_frame: bool = False
    after_gap: bool = False
    ssrc: int = 1
    width: int = 0
    height: int = 0


class Sample(NamedTuple):
    """One MP4 sample; `time` and `duration` in ticks of its track.

    A tuple is made in a third of the time of a frozen data class: there are 200 in a second of a recording.
    """

    data: bytes
    time: int
    duration: int
    key_frame: bool

    @property
    def end(self) -> int:
        """The tick after the sample."""
        return self.time + self.duration
