"""Puts one voice's Opus packets in a row: where a packet belongs, and how long it lasts there.

Placed times drift against the packets' own durations as the clock is slewed; up to STRETCH_TICKS a packet
are given to its duration (2 ms/s and more, inaudible). A difference of half a silent packet or more is a hole
(loss, DTX, mute), which is silent, or, when a packet is late, the packet is dropped.
"""

from __future__ import annotations

from vtp.recording import opus
from vtp.recording.units import Sample

STRETCH_TICKS = 4  # of 960: 0.4 %, 20 times the worst clock we expect (200 ppm)
TOLERANCE_TICKS = opus.SILENCE_TICKS // 2


class AudioTimeline:
    """Turns placed packets into samples that do not overlap; times in ticks of 48 kHz."""

    def __init__(self, start: int = 0) -> None:
        self.end = start

    def add(self, packet: bytes, time: int) -> Sample | None:
        """Takes the packet that belongs at `time`; None when it is too late.

        Raises ValueError for a packet that is not Opus.
        """
        ticks = opus.packet_ticks(packet)
        difference = time - self.end
        if difference < -TOLERANCE_TICKS:
            return None
        if difference > TOLERANCE_TICKS:
            self.end = time
        rest = time - self.end
        stretch = max(-STRETCH_TICKS, min(STRETCH_TICKS, rest))
        sample = Sample(packet, self.end, ticks + stretch, True)
        self.end = sample.end
        return sample
