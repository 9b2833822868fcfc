"""The room that recordings have on their disk: said before it is gone, and what starts while it is."""

from __future__ import annotations

import shutil
from pathlib import Path

from vtp.errors import Unavailable
from vtp.settings import RecordingSettings

BYTES_AN_HOUR = 700_000_000
"""Of a 720p lecture at 1.5 Mbit/s."""


class Disk:
    """Looks at the disk of the folder `root` when it is asked; a look takes microseconds."""

    def __init__(self, root: Path, settings: RecordingSettings) -> None:
        self._root = root
        self._settings = settings

    @property
    def free_bytes(self) -> int:
        """What recordings may still take, and all else on that disk."""
        return shutil.disk_usage(self._root).free

    def check(self) -> None:
        """Raises Unavailable when it is almost full."""
        if self.free_bytes < self._settings.min_free_bytes:
            raise Unavailable(
                "The disk of the recordings is almost full: delete recordings or free some space.",
                retry_after_s=60,
                code="disk_full",
            )

    def warning(self) -> str:
        """A sentence while it will be full before long, else nothing."""
        free = self.free_bytes
        if free >= self._settings.warn_free_bytes:
            return ""
        hours = max(0, free - self._settings.min_free_bytes) / BYTES_AN_HOUR
        return (
            f"The disk has room for about {hours:.1f} hours of recordings; then they end. "
            "Delete recordings or free some space."
        )
