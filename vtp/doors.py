"""Whether the server still lets new classes begin: the doors close when it drains before an upgrade."""

from __future__ import annotations

from vtp.errors import Unavailable

RETRY_AFTER_S = 30.0


class Doors:
    """Asked by whoever opens a room; running classes never notice."""

    def __init__(self) -> None:
        self._closed = False

    @property
    def closed(self) -> bool:
        """Whether the server is draining."""
        return self._closed

    def close(self) -> None:
        """Lets no new class begin from now on."""
        self._closed = True

    def check(self) -> None:
        """Raises Unavailable (503) while the server drains."""
        if self._closed:
            raise Unavailable(
                "The server is about to restart and starts no new classes; try again in a minute.",
                retry_after_s=RETRY_AFTER_S,
                code="draining",
            )
