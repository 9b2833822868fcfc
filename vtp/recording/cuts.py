"""Where the segments of a recording begin: the one line of cuts that all its tracks share, and how long a
segment may be.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

from vtp.recording.lane import Cut
from vtp.recording.timebase import NS

TARGET_DURATION_S = 4
SEGMENT_NS = 2 * NS
OVERLONG_NS = NS * 4 // 10  # EXTINF rounds to the target duration at most (RFC 8216bis section 4.4.3.1)
FIRST_LIMIT_NS = 12 * NS  # the first segment shows how far apart a self-paced publisher's key frames are


class Cuts:
    """Begins with the cut at `start_ns`; times in nanoseconds of the recording's timeline."""

    def __init__(self, start_ns: int) -> None:
        self._cuts = [Cut(start_ns, 0)]
        self.target_duration_s = 0  # known once the first segment has ended

    @property
    def first(self) -> Cut:
        """Where the recording begins."""
        return self._cuts[0]

    @property
    def last(self) -> Cut:
        """Where the segment in work begins."""
        return self._cuts[-1]

    @property
    def start_ns(self) -> int:
        """When the segment in work begins."""
        return self._cuts[-1].time_ns

    @property
    def limit_ns(self) -> int:
        """When the segment in work ends at the latest."""
        if not self.target_duration_s:
            return self.start_ns + FIRST_LIMIT_NS
        return self.start_ns + self.target_duration_s * NS + OVERLONG_NS

    def add(self, time_ns: int, *, discontinuity: bool, nobody_sends: bool) -> Cut:
        """Cuts at that time."""
        self.fix_target_duration(time_ns)
        self._cuts.append(Cut(time_ns, len(self._cuts), discontinuity, nobody_sends))
        return self._cuts[-1]

    def let_nobody_send(self) -> None:
        """Makes the segment in work, which is empty, a gap."""
        self._cuts[-1] = replace(self._cuts[-1], nobody_sends=True)

    def fix_target_duration(self, end_ns: int) -> None:
        """The first segment ends there: from now on the target duration stands."""
        if not self.target_duration_s:
            first_ns = end_ns - self.start_ns
            self.target_duration_s = max(TARGET_DURATION_S, math.ceil((first_ns - NS // 2) / NS))

    def steps(self) -> Iterator[tuple[Cut, Cut]]:
        """All neighbours: where a segment began, and the next one."""
        return pairwise(self._cuts)
