"""How far a playlist has come, read from its text: what of it a follower may wait for (RFC 8216bis section
6.2.5.2), and whether that is there already.
"""

from __future__ import annotations

import gzip
import re
from dataclasses import dataclass

from vtp.edge.origin import Fetched
from vtp.recording.live_view import PARTS_AHEAD, SEGMENTS_AHEAD
from vtp.recording.wish import Wish

MOVED_SEGMENTS, MOVED_PARTS = 1, 3  # by what the origin may be further than what is known here, at most
_FIRST = re.compile(rb"#EXT-X-MEDIA-SEQUENCE:(\d{1,9})\n")
_SKIPPED = re.compile(rb"#EXT-X-SKIP:SKIPPED-SEGMENTS=(\d{1,9})\n")
_SEGMENT, _PART, _END = b"\n#EXTINF:", b"\n#EXT-X-PART:", b"\n#EXT-X-ENDLIST\n"


@dataclass(frozen=True, slots=True)
class Extent:
    """`next_msn` is the number of the first segment that is not finished, `parts` how many of it are there,
    `parts_before` how many are listed of the one before. Of what has `ended` no more comes.
    """

    next_msn: int
    parts: int
    parts_before: int
    ended: bool

    @classmethod
    def of(cls, fetched: Fetched) -> Extent:
        """Of a media playlist; of anything else nothing that bears on a wish."""
        text = gzip.decompress(fetched.body) if fetched.zipped else fetched.body
        first, skipped = _FIRST.search(text), _SKIPPED.search(text)
        *before, current = text.split(_SEGMENT)
        begun = int(first[1]) if first else 0
        return cls(
            begun + (int(skipped[1]) if skipped else 0) + len(before),
            current.count(_PART) if before else text.count(_PART),
            before[-1].count(_PART) if before else 0,
            _END in current,
        )

    def has(self, wish: Wish) -> bool:
        """Whether what is wished for is there; one after a segment's last part is the next one's first."""
        if wish.msn is None or self.ended or wish.msn < self.next_msn - 1:
            return True
        if wish.msn == self.next_msn - 1:
            return wish.part is None or self.parts > 0 or wish.part < self.parts_before
        return wish.msn == self.next_msn and wish.part is not None and wish.part < self.parts

    def is_too_far(self, wish: Wish) -> bool:
        """Whether an origin that may have moved on a little refuses to wait for it."""
        if self.has(wish) or wish.msn is None:
            return False
        if wish.msn > self.next_msn + SEGMENTS_AHEAD + MOVED_SEGMENTS:
            return True
        return wish.part is not None and wish.part > max(self.parts, 1) + PARTS_AHEAD + MOVED_PARTS

    def is_before(self, other: Extent) -> bool:
        """Whether the other one has come further."""
        mine = (self.ended, self.next_msn, self.parts)
        return mine < (other.ended, other.next_msn, other.parts)
