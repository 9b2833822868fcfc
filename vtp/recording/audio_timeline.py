"""Makes one unbroken line of Opus packets: holes (loss, DTX, mute) become explicit silence.

Placed times drift against the packets' own durations as the clock is slewed; up to STRETCH_TICKS a packet
are given to its duration (2 ms/s and more, inaudible), a difference of half a silent packet or more is
filled with silence or, when a packet is late, the packet is dropped.
"""

from __future__ import annotations

from vtp.recording import opus
from vtp.recording.units import Sample

STRETCH_TICKS = 4  # of 960: 0.4 %, 20 times the worst clock we expect (200 ppm)
TOLERANCE_TICKS = opus.SILENCE_TICKS // 2


class AudioTimeline:
    """Turns placed packets into contiguous samples; times in ticks of 48 kHz."""

    def __init__(self, start: int = 0) -> None:
        self.end = start

    def add(self, packet: bytes, time: int) -> list[Sample]:
        """Takes the packet that belongs at `time`; gives it, with silence before it where there was a hole.

        Raises ValueError for a packet that is not Opus.
        """
        ticks = opus.packet_ticks(packet)
        difference = time - self.end
        if difference < -TOLERANCE_TICKS:
            return []
        samples = self.fill(time) if difference > TOLERANCE_TICKS else []
        rest = time - self.end
        stretch = max(-STRETCH_TICKS, min(STRETCH_TICKS, rest))
        samples.append(self._append(packet, ticks + stretch))
        return samples

    def fill(self, until: int) -> list[Sample]:
        """Silence up to `until`, in whole packets, the last to the nearest."""
        count = (until - self.end + TOLERANCE_TICKS) // opus.SILENCE_TICKS
        return [self._append(opus.SILENCE, opus.SILENCE_TICKS) for _ in range(count)]

    def restart(self, time: int) -> None:
        """Goes on at `time`, after a stretch that is a gap on purpose."""
        self.end = max(self.end, time)

    def _append(self, data: bytes, duration: int) -> Sample:
        sample = Sample(data, self.end, duration, True)
        self.end += duration
        return sample
