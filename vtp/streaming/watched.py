"""All that media grants open, for who asks whether a holder may still see it: recordings, live rooms."""

from __future__ import annotations

from vtp.http.identity import Principal
from vtp.recording.service import Recordings
from vtp.recording.store import Recording
from vtp.rooms.store import Room
from vtp.streaming.service import Streams
from vtp.streaming.stream import LIVE


class Watched:
    """What `recording.holders` asks."""

    def __init__(self, recordings: Recordings, streams: Streams) -> None:
        self._recordings = recordings
        self._streams = streams

    async def get(self, principal: Principal, media_id: str, address: str = "") -> Recording | Room:
        """Raises NotFound, Forbidden."""
        if media_id.startswith(LIVE):
            return await self._streams.require_to_watch(principal, media_id.removeprefix(LIVE), address)
        return await self._recordings.get(principal, media_id, address)

    def may_download(self, principal: Principal, found: Recording | Room) -> bool:
        """Whether they may take it home: of a live stream there is nothing to take."""
        return isinstance(found, Recording) and self._recordings.may_download(principal, found)
