"""A low-latency player of one track of a class that is recorded, as far as HTTP goes."""

from __future__ import annotations

import time
from collections.abc import Callable

from tests.api.recording_material import Fetched, fetch
from tests.hls_duties import Follower, Playlist
from tests.serving import Api


class LivePlayer:
    """`seen` is given every playlist as it was served."""

    def __init__(
        self,
        api: Api,
        recording_id: str,
        cookie: str,
        track: str,
        *,
        seen: Callable[[str], object] = lambda _: None,
    ) -> None:
        self._api, self._cookie, self._seen = api, cookie, seen
        self._folder = f"/api/v1/recordings/{recording_id}/stream/{track}"
        self.follower = Follower()
        self.parts: dict[str, bytes] = {}
        self._reloaded_s = 0.0

    async def get(self, name: str) -> Fetched:
        return await fetch(self._api, f"{self._folder}/{name}", Cookie=self._cookie)

    async def watch(self) -> None:
        """Follows to the end, with delta updates, and takes every part when it is announced."""
        while not (await self.reload()).ended:
            await self._take_parts()
        await self._take_parts()

    async def reload(self) -> Playlist:
        """The next playlist, once it is there."""
        answer = await self.get(f"playlist.m3u8{self._wish()}")
        assert answer.status == 200, answer
        self._reloaded_s = time.monotonic()
        self._seen(answer.text)
        return self.follower.take(answer.text)

    def _wish(self) -> str:
        if self.follower.last is None:
            return ""
        msn, part = len(self.follower.segments), len(self.follower.last.working.parts)
        return f"?_HLS_msn={msn}&_HLS_part={part}{'&_HLS_skip=YES' if self._may_skip else ''}"

    @property
    def _may_skip(self) -> bool:
        """Section 6.2.5.1: not when what is known is older than half of what is skipped."""
        assert self.follower.last is not None
        until_s = float(self.follower.last.control["CAN-SKIP-UNTIL"])
        return time.monotonic() - self._reloaded_s < until_s / 2

    async def _take_parts(self) -> None:
        assert self.follower.last is not None
        segments = [*self.follower.segments, self.follower.last.working]
        for part in (part for segment in segments for part in segment.parts if not part.gap):
            if part.uri not in self.parts:
                answer = await self.get(part.uri)
                assert answer.status == 200 and answer.headers["Content-Type"] == "video/iso.segment", part
                self.parts[part.uri] = answer.body
