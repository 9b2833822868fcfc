"""A recording in progress as its viewers follow it: playlists part by part, answered when it is there."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import NamedTuple

from vtp.errors import Malformed, Unavailable
from vtp.recording.cuts import TARGET_DURATION_S
from vtp.recording.index import PartLine, TrackIndex
from vtp.recording.live_playlist import PART_TARGET_S, LivePlaylist, Rendered, SlidingPlaylist, TrackNow
from vtp.recording.manifest import Manifest
from vtp.recording.playlist import PLAYLIST_NAME
from vtp.recording.view import RecordingView
from vtp.recording.wish import Wish

SEGMENTS_AHEAD = 2  # section 6.2.5.2: who asks for more than this has lost its way
PARTS_AHEAD = math.ceil(3 / PART_TARGET_S)  # the Advance Part Limit
LONGEST_WAIT = 3  # target durations
NEWEST_WAIT_S = PART_TARGET_S  # of who begins: by then there is another part
WISHES_KEPT = 1024
TOO_FAR_AHEAD = "_HLS_msn or _HLS_part is too far ahead: reload the playlist without them."


class _Awaited(NamedTuple):
    """What is waited for: a playlist that has that part, or the part's bytes."""

    track: str
    msn: int
    part: int | None
    is_bytes: bool


class LiveView(RecordingView):
    """`grow()` wakes who waits; it and all others run on the event loop. `slides`: of a window; `followed` is
    called whenever somebody asks for a playlist.
    """

    def __init__(
        self,
        manifest: Manifest,
        tracks: Mapping[str, TrackIndex],
        *,
        slides: bool = False,
        newest_wait_s: float = NEWEST_WAIT_S,
        followed: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(manifest, tracks, ended=False)
        self._newest_wait_s = newest_wait_s
        self._followed = followed
        self._kind = SlidingPlaylist if slides else LivePlaylist
        self._awaited: dict[_Awaited, asyncio.Future[bool]] = {}
        self._given_up: set[_Awaited] = set()
        self._nows: dict[str, TrackNow] = {}
        self._lists: dict[tuple[str, Wish], Rendered | asyncio.Future[bool]] = {}  # as `ready` says now
        self._parts: dict[tuple[str, int, int], asyncio.Future[bool]] = {}  # as `ready_part` says now
        self._seen_playable = False
        self._is_complete = self._is_over = False
        self._playlists: dict[tuple[str, str], LivePlaylist] = {}
        self._latest: dict[tuple[str, str, bool], tuple[tuple[int, ...], Rendered]] = {}

    @property
    def is_playable(self) -> bool:
        """Whether there is a finished segment, and the target duration, which must not change, is known."""
        if not self._seen_playable:
            self._seen_playable = self.manifest.target_duration_s > 0 and super().is_playable
        return self._seen_playable

    def update(self, manifest: Manifest, tracks: Mapping[str, TrackIndex]) -> None:
        """Takes what the recorder has written since, until it has ended."""
        if not self._is_complete:
            self._look_anew()
            super().update(manifest, tracks)

    def grow(self, manifest: Manifest, tracks: Mapping[str, TrackIndex]) -> None:
        """Takes what the recorder has written since, and wakes who waits for it."""
        self.update(manifest, tracks)
        self._wake()

    def complete(self, manifest: Manifest, tracks: Mapping[str, TrackIndex]) -> None:
        """The recorder has ended, as it should or not, and these are its last parts."""
        self.grow(manifest, tracks)
        self._is_complete = True

    def end(self) -> None:
        """Says that this is all, and nobody waits any longer.

        It is not said together with the last parts: of a segment of which it has some hls.js fetches no other
        one once the playlist has ended, and would never come to the end.
        """
        self._is_over = True
        self._look_anew()
        self._wake()

    def _look_anew(self) -> None:
        self._nows.clear()
        self._seen_playable = False
        self._say_anew()

    def _say_anew(self) -> None:
        self._lists.clear()
        self._parts.clear()

    def hand_over(self, ended: RecordingView) -> None:
        """Gives its playlists, which have ended, to the view of the same recording that is there from now on:
        of hours each takes long to be rendered anew.
        """
        for track, prefix in self._playlists:
            if track in ended.tracks:
                ended.keep_followed(track, prefix, self._live(track, skip=False, prefix=prefix))

    def _now(self, track: str) -> TrackNow:
        found = self._nows.get(track)
        if found is None:
            found = self._nows[track] = replace(TrackNow.of(self.tracks[track]), ended=self._is_over)
        return found

    def _wake(self) -> None:
        """Playlists go first: they are small, and until a player has one it does not know of the part."""
        self._given_up.clear()
        self._say_anew()
        there = [key for key in self._awaited if self._is_there(key.track, key.msn, key.part)]
        for key in sorted(there, key=lambda key: key.is_bytes):
            _settle(self._awaited.pop(key), True)

    async def follow(self, track: str, wish: Wish, prefix: str = "") -> Rendered:
        """A track's playlist as soon as it has what is wished for.

        Raises KeyError when there is no such track, Malformed for what is too far ahead or not said,
        Unavailable when it does not come.
        """
        self._followed()
        if wish.msn is not None:
            await self._wait(track, wish.msn, wish.part)
        elif wish.part is not None:
            raise Malformed("_HLS_part needs _HLS_msn beside it: the segment that the part is of.")
        elif track == self.main_track:
            await self._wait_for_newest(track)
        return self._live(track, wish.skip, prefix)

    async def _wait_for_newest(self, track: str) -> None:
        """Until the next part is there, for as long as one lasts.

        Who begins places the live edge where the playlist ends when it comes, and stays so far behind: by how
        old the newest part was, too.
        """
        now = self._now(track)
        if now.ended or self._is_complete:
            return
        coming = self._coming(_Awaited(track, len(now.segments), len(now.parts), is_bytes=False))
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(coming), self._newest_wait_s)

    async def part(self, track: str, msn: int, part: int) -> PartLine:
        """A part, waited for when it is the next one. Raises NotFound, Unavailable."""
        if self._is_next(track, msn, part):
            await self._wait_for(_Awaited(track, msn, part, is_bytes=True))
        return await super().part(track, msn, part)

    def ready(self, track: str, wish: Wish) -> Rendered | asyncio.Future[bool] | None:
        """What `follow` would give now; when it must wait, what tells whether it has come; None when it would
        refuse, or wait for no longer than a part lasts.
        """
        self._followed()
        said = self._lists.get((track, wish))
        if said is None:
            said = self._look_for(track, wish)
            if said is not None:
                if len(self._lists) >= WISHES_KEPT:  # of the same state: somebody makes them up
                    self._lists.clear()
                self._lists[track, wish] = said
        return said

    def _look_for(self, track: str, wish: Wish) -> Rendered | asyncio.Future[bool] | None:
        if wish.msn is None:
            at_once = wish.part is None and track != self.main_track
            return self._live(track, wish.skip, "") if at_once else None
        if self._is_there(track, wish.msn, wish.part):
            return self._live(track, wish.skip, "")
        awaited = _Awaited(track, wish.msn, wish.part, is_bytes=False)
        if awaited in self._given_up or self._is_too_far(track, wish.msn, wish.part):
            return None
        return self._coming(awaited)

    def ready_part(self, track: str, msn: int, part: int) -> PartLine | asyncio.Future[bool] | None:
        """The same of a part."""
        said = self._parts.get((track, msn, part))
        if said is not None:
            return said
        if self._is_next(track, msn, part):
            awaited = _Awaited(track, msn, part, is_bytes=True)
            if awaited in self._given_up:
                return None
            said = self._parts[track, msn, part] = self._coming(awaited)
            return said
        return self.find_part(track, msn, part)

    def _is_next(self, track: str, msn: int, part: int) -> bool:
        now = self._now(track)
        if now.has(msn, None) or now.ended:
            return False
        return (msn, part) in {(len(now.segments), len(now.parts)), (len(now.segments) + 1, 0)}

    async def _wait(self, track: str, msn: int, part: int | None) -> None:
        if self._is_too_far(track, msn, part):
            raise Malformed(TOO_FAR_AHEAD)
        await self._wait_for(_Awaited(track, msn, part, is_bytes=False))

    def _is_too_far(self, track: str, msn: int, part: int | None) -> bool:
        now = self._now(track)
        edge = now.edge
        too_far = msn > edge.msn + SEGMENTS_AHEAD
        if msn == edge.msn and part is not None:
            too_far = part > edge.part + PARTS_AHEAD
        elif msn > edge.msn and part is not None:
            too_far = too_far or part > PARTS_AHEAD
        return too_far and not now.ended

    async def _wait_for(self, awaited: _Awaited) -> None:
        if self._is_there(awaited.track, awaited.msn, awaited.part):
            return
        silent = awaited in self._given_up
        if silent or not await asyncio.shield(self._coming(awaited)):
            raise Unavailable("Nothing was sent for a while; try again in a moment.", retry_after_s=1)

    def _coming(self, awaited: _Awaited) -> asyncio.Future[bool]:
        """One for all who wait for the same: whether it has come, or nothing for too long."""
        found = self._awaited.get(awaited)
        if found is None:
            loop = asyncio.get_running_loop()
            found = self._awaited[awaited] = loop.create_future()
            timer = loop.call_later(LONGEST_WAIT * self._target_s, self._give_up, awaited)
            found.add_done_callback(lambda _: timer.cancel())
        return found

    def _give_up(self, awaited: _Awaited) -> None:
        """It has not come: who asks again before anything does is told at once."""
        found = self._awaited.pop(awaited, None)
        if found is not None:
            self._given_up.add(awaited)
            self._say_anew()
            _settle(found, False)

    def _is_there(self, track: str, msn: int, part: int | None) -> bool:
        if track not in self.tracks:  # nothing of it could be kept: waiting is over
            return True
        now = self._now(track)
        return now.ended or now.has(msn, part)

    @property
    def _target_s(self) -> int:
        return self.manifest.target_duration_s or TARGET_DURATION_S

    def _live(self, track: str, skip: bool, prefix: str) -> Rendered:
        nows = {name: self._now(name) for name in self.tracks}
        edges = {name: now.edge for name, now in nows.items()}
        version = tuple(
            n
            for name in sorted(edges)
            for n in (edges[name].msn, edges[name].part, len(nows[name].segments), nows[name].ended)
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
            found = self._kind(self.manifest.origin(), self._target_s, timescale, prefix, reports)
            self._playlists[track, prefix] = found
        return found


def _settle(future: asyncio.Future[bool], there: bool) -> None:
    if not future.done():
        future.set_result(there)
