"""The room that recordings, or live streams, have on their disk: said before it is gone, and what starts
while it is.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from vtp.errors import Unavailable

BYTES_AN_HOUR = 700_000_000
"""Of a 720p lecture at 1.5 Mbit/s."""
DISK_FULL = "disk_full"
RECORDINGS_FULL = "The disk of the recordings is almost full: delete recordings or free some space."
STREAMS_FULL = "The disk of live streams is almost full: free some space, or set another streaming.folder."


class Disk:
    """Looks at the disk of the folder `root` when it is asked; a look takes microseconds. `full` is what is
    said with less than `min_free_bytes` free.
    """

    def __init__(self, root: Path, full: str, min_free_bytes: int, warn_free_bytes: int = 0) -> None:
        self._root = root
        self._full = full
        self._min_free_bytes = min_free_bytes
        self._warn_free_bytes = warn_free_bytes

    @property
    def free_bytes(self) -> int:
        """What may still be written, and all else on that disk. Raises OSError."""
        return shutil.disk_usage(self._root).free

    def check(self) -> None:
        """Raises Unavailable when it is almost full: what begins would end at once."""
        try:
            free = self.free_bytes
        except OSError:
            return  # what is wrong is said by what begins
        if free < self._min_free_bytes:
            raise Unavailable(self._full, retry_after_s=60, code=DISK_FULL)

    def warning(self) -> str:
        """A sentence while it will be full before long, else nothing."""
        free = self.free_bytes
        if free >= self._warn_free_bytes:
            return ""
        hours = max(0, free - self._min_free_bytes) / BYTES_AN_HOUR
        return (
            f"The disk has room for about {hours:.1f} hours of recordings; then they end. "
            "Delete recordings or free some space."
        )
