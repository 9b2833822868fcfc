"""A recording in progress as its viewers follow it: playlists part by part, answered when it is there."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from vtp.errors import Malformed, Unavailable
from vtp.recording.index import PartLine, TrackIndex
from vtp.recording.live_playlist import PART_TARGET_S, LivePlaylist, Rendered, TrackNow
from vtp.recording.manifest import Manifest
from vtp.recording.playlist import PLAYLIST_NAME
from vtp.recording.segmenter import TARGET_DURATION_S
from vtp.recording.view import RecordingView

SEGMENTS_AHEAD = 2  # section 6.2.5.2: who asks for more than this has lost its way
PARTS_AHEAD = math.ceil(3 / PART_TARGET_S)  # the Advance Part Limit
LONGEST_WAIT = 3  # target durations


@dataclass(frozen=True, slots=True)
class Wish:
    """What a follower waits for (`_HLS_msn`, `_HLS_part`); whether it wants the end alone (`_HLS_skip`)."""

    msn: int | None = None
    part: int | None = None
    skip: bool = False

    @property
    def follows(self) -> bool:
        """Whether it has seen the playlist before."""
        return self.msn is not None or self.skip


class LiveView(RecordingView):
    """`grow()` wakes who waits; it and all others run on the event loop."""

    def __init__(self, manifest: Manifest, tracks: Mapping[str, TrackIndex]) -> None:
        super().__init__(manifest, tracks, ended=False)
        self._waiting: set[asyncio.Future[None]] = set()
        self._is_over = False
        self._playlists: dict[tuple[str, str], LivePlaylist] = {}
        self._latest: dict[tuple[str, str, bool], tuple[tuple[int, ...], Rendered]] = {}

    @property
    def is_playable(self) -> bool:
        """Whether there is a finished segment, and the target duration, which must not change, is known."""
        return self.manifest.target_duration_s > 0 and super().is_playable

    def update(self, manifest: Manifest, tracks: Mapping[str, TrackIndex]) -> None:
        """Takes what the recorder has written since, until it has ended."""
        if not self._is_over:
            super().update(manifest, tracks)

    def grow(self, manifest: Manifest, tracks: Mapping[str, TrackIndex]) -> None:
        """Takes what the recorder has written since, and wakes who waits for it."""
        self.update(manifest, tracks)
        self._wake()

    def end(self, manifest: Manifest, tracks: Mapping[str, TrackIndex]) -> None:
        """The recorder has ended, as it should or not: this is all, and nobody waits any longer."""
        self.update(manifest, tracks)
        self._is_over = True
        self._wake()

    def _now(self, track: str) -> TrackNow:
        now = TrackNow.of(self.tracks[track])
        return replace(now, ended=True) if self._is_over else now

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, set()
        for waiter in waiting:
            if not waiter.done():
                waiter.set_result(None)

    async def follow(self, track: str, wish: Wish, prefix: str = "") -> Rendered:
        """A track's playlist as soon as it has what is wished for.

        Raises KeyError when there is no such track, Malformed for what is too far ahead or not said,
        Unavailable when it does not come.
        """
        if wish.msn is not None:
            await self._wait(track, wish.msn, wish.part)
        elif wish.part is not None:
            raise Malformed("_HLS_part needs _HLS_msn beside it: the segment that the part is of.")
        return self._live(track, wish.skip, prefix)

    async def part(self, track: str, msn: int, part: int) -> PartLine:
        """A part, waited for when it is the next one. Raises NotFound, Unavailable."""
        now = self._now(track)
        if not now.has(msn, None) and not now.ended:
            next_parts = {(len(now.segments), len(now.parts)), (len(now.segments) + 1, 0)}
            if (msn, part) in next_parts:
                await self._wait_for(track, msn, part)
        return await super().part(track, msn, part)

    async def _wait(self, track: str, msn: int, part: int | None) -> None:
        now = self._now(track)
        edge = now.edge
        too_far = msn > edge.msn + SEGMENTS_AHEAD
        if msn == edge.msn and part is not None:
            too_far = part > edge.part + PARTS_AHEAD
        if too_far and not now.ended:
            raise Malformed("_HLS_msn or _HLS_part is too far ahead: reload the playlist without them.")
        await self._wait_for(track, msn, part)

    async def _wait_for(self, track: str, msn: int, part: int | None) -> None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(LONGEST_WAIT * self._target_s):
                while not self._is_there(track, msn, part):
                    waiter = loop.create_future()
                    self._waiting.add(waiter)
                    try:
                        await waiter
                    finally:
                        self._waiting.discard(waiter)
        except TimeoutError:
            raise Unavailable(
                "Nothing was sent for a while; try again in a moment.", retry_after_s=1
            ) from None

    def _is_there(self, track: str, msn: int, part: int | None) -> bool:
        now = self._now(track)
        return now.ended or now.has(msn, part)

    @property
    def _target_s(self) -> int:
        return self.manifest.target_duration_s or TARGET_DURATION_S

    def _live(self, track: str, skip: bool, prefix: str) -> Rendered:
        nows = {name: self._now(name) for name in self.tracks}
        edges = {name: now.edge for name, now in nows.items()}
        version = tuple(
            n for name in sorted(edges) for n in (edges[name].msn, edges[name].part, nows[name].ended)
        )
        latest = self._latest.get((track, prefix, skip))
        if latest is not None and latest[0] == version:
            return latest[1]
        playlist = self._playlist(track, prefix)
        rendered = (playlist.delta if skip else playlist.whole)(nows[track], edges)
        self._latest[track, prefix, skip] = (version, rendered)
        return rendered

    def _playlist(self, track: str, prefix: str) -> LivePlaylist:
        found = self._playlists.get((track, prefix))
        if found is None or found.target_duration_s != self._target_s or not found.reports_all(self.tracks):
            up = "" if prefix else "../"
            reports = {name: f"{up}{name}/{PLAYLIST_NAME}" for name in self.tracks if name != track}
            timescale = self.tracks[track].timescale
            found = LivePlaylist(self.manifest.origin(), self._target_s, timescale, prefix, reports)
            self._playlists[track, prefix] = found
        return found
