"""Which ended recordings somebody sees, asked once in a while: players say what happens every ten seconds.

Asking takes a third of what a small batch costs. What is kept is a yes alone, and for half a minute at most:
who is shut out of a recording has events of it counted for so long.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from vtp.http.identity import Principal
from vtp.recording.service import Recordings
from vtp.recording.store import UNFINISHED, Recording

KEPT_S: Final = 30.0
MOST_KEPT: Final = 20_000


class SeenRecordings:
    """`get` raises NotFound and Forbidden."""

    def __init__(self, recordings: Recordings, monotonic: Callable[[], float]) -> None:
        self._recordings = recordings
        self._monotonic = monotonic
        self._kept: dict[str, dict[Principal, tuple[float, Recording]]] = {}
        self._count = 0
        recordings.catalogue.add_access_listener(self.forget)

    async def get(self, principal: Principal, recording_id: str, address: str) -> Recording:
        """One that the caller sees, or saw a moment ago; one that grows as it is now."""
        until_s, kept = self._kept.get(recording_id, {}).get(principal, (0.0, None))
        if kept is not None and self._monotonic() < until_s:
            return kept
        recording = await self._recordings.get(principal, recording_id, address)
        if recording.status not in UNFINISHED:
            self._keep(principal, recording)
        return recording

    def forget(self, recording_id: str) -> None:
        """Asks anew: it was hidden, or is not there any more."""
        self._count -= len(self._kept.pop(recording_id, {}))

    def _keep(self, principal: Principal, recording: Recording) -> None:
        if self._count >= MOST_KEPT:
            self._kept.clear()
            self._count = 0
        theirs = self._kept.setdefault(recording.id, {})
        self._count += principal not in theirs
        theirs[principal] = self._monotonic() + KEPT_S, recording
