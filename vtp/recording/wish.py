"""What a follower of a playlist in progress waits for (RFC 8216bis section 6.2.5)."""

from __future__ import annotations

from typing import NamedTuple


class Wish(NamedTuple):
    """What is waited for (`_HLS_msn`, `_HLS_part`); whether the end alone is wanted (`_HLS_skip`)."""

    msn: int | None = None
    part: int | None = None
    skip: bool = False

    @property
    def follows(self) -> bool:
        """Whether the follower has seen the playlist before."""
        return self.msn is not None or self.skip
