"""Galene, which could not be had: named, so that `--peer galene` says so instead of giving a figure.

Its module, github.com/jech/galene, was not served by the Go module proxy when the peers were written, and
Debian has no package of it. Signalling that was never tried against the real server would measure nothing
that can be trusted.
"""

from collections.abc import Sequence
from typing import NoReturn

from vtp.bench.client_sdp import OfferedMedia
from vtp.bench.driver import ClientDriver
from vtp.bench.sfu import BOTH_KINDS, Leg, Unavailable, View

REASON = (
    "Galene could not be had: the Go module proxy did not serve github.com/jech/galene, "
    "and a client that was never tried against it would prove nothing."
)


class Galene:
    """What `vtp.bench.sfu.Sfu` asks for, and Unavailable from all of it."""

    name = "galene"
    variant = ""

    async def prepare(self) -> str:
        """Raises Unavailable."""
        _cannot()

    async def start(self, driver: ClientDriver) -> None:
        """Raises Unavailable."""
        _cannot()

    @property
    def pids(self) -> list[int]:
        """There is no process."""
        return []

    def check(self) -> None:
        """There is nothing that could have ended."""

    async def publish(self, room: str, media: Sequence[OfferedMedia]) -> Leg:
        """Raises Unavailable."""
        _cannot()

    async def subscribe(self, room: str, publisher: Leg, *, kinds: frozenset[str] = BOTH_KINDS) -> Leg:
        """Raises Unavailable."""
        _cannot()

    async def attend(self, room: str, media: Sequence[OfferedMedia]) -> Leg:
        """Raises Unavailable."""
        _cannot()

    async def receive(self, room: str, participant: Leg, views: Sequence[View]) -> Leg:
        """Raises Unavailable."""
        _cannot()

    async def leave(self, leg: Leg) -> None:
        """Raises Unavailable."""
        _cannot()

    async def stop(self) -> None:
        """There is nothing to stop."""


def _cannot() -> NoReturn:
    raise Unavailable(REASON)
