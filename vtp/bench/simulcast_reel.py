"""Plays a layer of a clip for ever and begins a group anew where a key frame is wanted. No I/O, no clock."""

from __future__ import annotations

from collections.abc import Sequence


class Reel:
    """One layer.

    A request for a key frame ends the group under way: the clip's group that is nearest in time begins with
    the next frame. So a key frame never has to be waited for, and layers are never further apart than half a
    group; at the end of each group the nearest is chosen again.
    """

    def __init__(self, groups: Sequence[Sequence[bytes]]) -> None:
        """Each group begins with a key frame."""
        self._groups = groups
        self._group: Sequence[bytes] = ()
        self._at = 0
        self._wanted = False
        self.paused = False
        """Nothing is sent; a key frame is first afterwards."""

    def request_key_frame(self) -> None:
        """The next frame is one."""
        self._wanted = True

    def take(self, tick: int) -> tuple[bytes, bool] | None:
        """The frame for this tick (counted from 0 over all repetitions) and whether it is a key frame."""
        if self.paused:
            self._wanted = True
            return None
        if self._wanted or self._at == len(self._group):
            length = len(self._groups[0])
            self._group = self._groups[(tick + length // 2) // length % len(self._groups)]
            self._at = 0
            self._wanted = False
        self._at += 1
        return self._group[self._at - 1], self._at == 1
