"""A viewer of a low-latency stream as a player is one: it follows the playlists of picture and sound, fetches
each part as it is hinted, and shows what it has; when that is used up it stalls.
"""

from __future__ import annotations

import asyncio
import gzip
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from vtp.bench.http_line import HttpLine
from vtp.bench.peers.connect import PeerError

HOLD_BACK_S = 0.81
"""PART-HOLD-BACK of vtp's playlists: a player begins so far behind the newest part."""
PLAYLISTS_KEPT = 64
_PART = re.compile(rb'#EXT-X-PART:DURATION=([\d.]+),URI="([^"]+)"(,GAP=YES)?')
_SEGMENT = re.compile(rb"^seg-0*(\d+)\.m4s$", re.MULTILINE)
_HINT = re.compile(rb'#EXT-X-PRELOAD-HINT:TYPE=PART,URI="seg-0*(\d+)\.(\d+)\.m4s"')


@dataclass(slots=True)
class Buffer:
    """What a player has and has not shown: seconds of media by the load client's monotonic clock."""

    shown_from_s: float = 0.0
    """When the first second was shown, moved on by each stall; 0 before it plays."""
    loaded_s: float = 0.0
    stalls: int = 0
    stalled_s: float = 0.0

    def add(self, seconds: float, now_s: float) -> None:
        """Media has arrived."""
        if not self.shown_from_s:
            self.loaded_s += seconds
            if self.loaded_s >= HOLD_BACK_S:
                self.shown_from_s = now_s
            return
        late_s = now_s - (self.shown_from_s + self.loaded_s)
        if late_s > 0:
            self.stalls += 1
            self.stalled_s += late_s
            self.shown_from_s += late_s
        self.loaded_s += seconds


@dataclass(slots=True)
class HlsViewer:
    """One player with a connection for each track, as browsers have them; `run` ends with the task."""

    url: str
    base: str
    cookie: str
    buffers: dict[str, Buffer] = field(default_factory=dict)
    requests: int = 0
    received: int = 0
    playlists_s: dict[tuple[str, int, int], float] = field(default_factory=dict)
    """When the playlist with that part of a track was here."""
    part_bytes: dict[str, int] = field(default_factory=dict)
    """Of the picture's parts, by their file's name."""

    async def run(self, tracks: tuple[str, ...]) -> None:
        """Plays until it is cancelled. Raises PeerError."""
        async with asyncio.TaskGroup() as group:
            for track in tracks:
                self.buffers[track] = Buffer()
                group.create_task(self._follow(track))

    def begin_to_count(self) -> None:
        """What was before is not measured: everybody came."""
        self.requests = self.received = 0
        self.playlists_s.clear()
        for buffer in self.buffers.values():
            buffer.stalls, buffer.stalled_s = 0, 0.0

    async def _follow(self, track: str) -> None:
        playlists = await HttpLine.opened(self.url, self.cookie)
        parts = await HttpLine.opened(self.url, self.cookie)
        try:
            _, hint, _ = await self._playlist(playlists, track, "")
            while True:
                msn, part = hint
                fetched = parts.ask(f"{self.base}/{track}/seg-{msn:05d}.{part}.m4s")
                query = f"?_HLS_msn={msn}&_HLS_part={part}&_HLS_skip=YES"
                listed, hint, self.playlists_s[track, msn, part] = await self._playlist(
                    playlists, track, query
                )
                name = b"seg-%05d.%d.m4s" % (msn, part)
                answer = await fetched
                self.requests += 1
                if answer.status == 404 and name not in listed:
                    continue  # the segment ended before it: what is hinted now comes next
                seconds, is_gap = listed.get(name, (0.0, False))
                if answer.status != (404 if is_gap else 200):
                    raise PeerError(f"vtp answered {answer.status} for part {name.decode()} of {track}.")
                self.buffers[track].add(seconds, time.monotonic())
                if is_gap:  # nothing begins in it: the frame before is shown on
                    continue
                self.received += len(answer.body)
                if track == "video":
                    self.part_bytes[name.decode()] = len(answer.body)
        finally:
            playlists.close()
            parts.close()

    async def _playlist(
        self, line: HttpLine, track: str, query: str
    ) -> tuple[Mapping[bytes, tuple[float, bool]], tuple[int, int], float]:
        """The parts that are listed (seconds, whether it is a gap), the one that is hinted at, and when
        the playlist was here.
        """
        answer = await line.ask(f"{self.base}/{track}/playlist.m3u8{query}")
        self.requests += 1
        self.received += len(answer.body)
        if answer.status != 200:
            raise PeerError(f"vtp answered {answer.status} for the playlist of {track}{query}.")
        parts, next_part = _read(answer.body, b"gzip" in answer.head)
        if next_part is None:
            raise PeerError(f"The playlist of {track} goes on no more: has the recording ended?")
        return parts, next_part, answer.arrived_s


@lru_cache(PLAYLISTS_KEPT)
def _read(body: bytes, zipped: bool) -> tuple[Mapping[bytes, tuple[float, bool]], tuple[int, int] | None]:
    """The parts of a playlist and the one that comes next. All viewers have the same playlists at the same
    time, and this machine has to be all of them: each is read once.
    """
    text = gzip.decompress(body) if zipped else body
    hint = _HINT.search(text)
    next_part = (int(hint[1]), int(hint[2])) if hint else _after_last_segment(text)
    return {name: (float(seconds), bool(gap)) for seconds, name, gap in _PART.findall(text)}, next_part


def _after_last_segment(text: bytes) -> tuple[int, int] | None:
    """The first part of the next segment, which is not hinted at when a discontinuity is before it."""
    segments = _SEGMENT.findall(text)
    return (int(segments[-1]) + 1, 0) if segments and b"#EXT-X-ENDLIST" not in text else None
