"""All that media grants open, for who asks whether a holder may still see it: recordings, live rooms."""

from __future__ import annotations

from vtp.accounts.permissions import Action
from vtp.http.identity import Principal
from vtp.recording.service import Recordings
from vtp.streaming.service import Streams
from vtp.streaming.stream import LIVE


class Watched:
    """What `recording.holders` asks."""

    def __init__(self, recordings: Recordings, streams: Streams) -> None:
        self._recordings = recordings
        self._streams = streams

    async def may_download(self, principal: Principal, media_id: str, address: str = "") -> bool:
        """Whether they may take it home: of a live stream there is nothing to take. Raises NotFound,
        Forbidden for who may not watch it."""
        if media_id.startswith(LIVE):
            await self._streams.require_to_watch(principal, media_id.removeprefix(LIVE), address)
            return False
        return (await self._recordings.seen(principal, media_id, address)).may(Action.RECORDING_DOWNLOAD)
