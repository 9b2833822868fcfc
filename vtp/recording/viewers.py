"""Who watches: viewers of a stream counted by session, with peak, bytes and rendition, and bounded if wished.

A session is what a media grant names as its holder: a sign-in, or a visit by a shared link. Nothing of it is
stored, and a viewer who has not asked for anything for GONE_S is one no more.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache

from vtp.counted import counted
from vtp.errors import Unavailable
from vtp.recording.layer_names import layer_number
from vtp.recording.viewer_parties import Parties

GONE_S = 30.0  # a waiting request lasts 12 s at most; players on demand load ahead for about as long
RATE_S = 10.0  # what the bitrate of a viewer is measured over
RETRY_AFTER_S = 10.0
TRACKS_KNOWN = 256
MOST_KNOWN = 100_000  # of a stream for any number; over it the one that asked longest ago is forgotten


@dataclass(slots=True)
class Rate:
    """Bits per second over the last RATE_S to 2 * RATE_S seconds."""

    begun_s: float
    now_bytes: int = 0
    before_bytes: int = 0
    before_s: float = 0.0

    def add(self, count: int, now_s: float) -> None:
        """Bytes were sent."""
        self._turn(now_s)
        self.now_bytes += count

    def bps(self, now_s: float) -> int:
        """As of now; 0 before anything was sent."""
        self._turn(now_s)
        length_s = now_s - self.begun_s + self.before_s
        return round((self.now_bytes + self.before_bytes) * 8 / max(length_s, 1.0))

    def _turn(self, now_s: float) -> None:
        passed_s = now_s - self.begun_s
        if passed_s < RATE_S:
            return
        gone = passed_s >= 2 * RATE_S
        self.before_bytes, self.before_s = (0, RATE_S) if gone else (self.now_bytes, passed_s)
        self.begun_s, self.now_bytes = now_s, 0


@dataclass(slots=True)
class Viewer:
    """One session that watches now. `id` is what others may call it: it names nobody."""

    id: str
    session_id: str
    begun_s: float
    seen_s: float
    rate: Rate
    wished_bps: int = 0
    segments: int = 0
    bytes: int = 0
    rendition: str = ""
    """The track that was fetched last, of pictures rather than sound."""
    buffer_percent: float | None = None
    """How full the player's buffer is, as it has reported last."""
    party: str = ""


@dataclass(slots=True)
class Served:
    """What was sent of one track."""

    bytes: int = 0
    segments: int = 0


@dataclass(slots=True)
class Viewers:
    """The viewers of one stream; at most `most` at a time, 0: any number. On the event loop."""

    most: int = 0
    clock: Callable[[], float] = time.monotonic
    peak: int = 0
    served: dict[str, Served] = field(default_factory=dict)
    """By track."""
    _present: OrderedDict[str, Viewer] = field(default_factory=OrderedDict)
    _parties: Parties = field(default_factory=Parties)
    _salt: bytes = field(default_factory=lambda: secrets.token_bytes(16))

    @property
    def present(self) -> list[Viewer]:
        """Who watches now."""
        self._forget_gone(self.clock())
        return list(self._present.values())

    def __len__(self) -> int:
        self._forget_gone(self.clock())
        return len(self._present)

    def admit(self, session: str, *, party: str = "", name: str = "", wished_bps: int = 0) -> Viewer:
        """The viewer of this session, who begins to watch or goes on. `party`: whose it is, of those whose
        visits give way to others'. Raises Unavailable when it is full.
        """
        viewer = self.touch(session)
        if viewer is None:
            self._require_place(party, session)
            now_s = self.clock()
            digest = hashlib.blake2s(session.encode(), key=self._salt, digest_size=8).hexdigest()
            viewer = self._present[session] = Viewer(
                name or digest, digest, now_s, now_s, Rate(now_s), wished_bps, party=party
            )
            self._parties.add(party, session)
            if len(self._present) > MOST_KNOWN:
                self.leave(next(iter(self._present)))
            self.peak = max(self.peak, len(self._present))
        return viewer

    def _require_place(self, party: str, session: str) -> None:
        """Raises Unavailable when nobody else may watch now, and nobody has more than a few places."""
        if self.most and len(self) >= self.most:
            gives_way = self._parties.gives_way(party, session) if len(self) == self.most else None
            if gives_way is not None:
                self.leave(gives_way)
                return
            raise Unavailable(
                f"The stream has {counted(self.most, 'viewer')}, as many as it may have; "
                "try again in a moment.",
                retry_after_s=RETRY_AFTER_S,
                code="stream_full",
            )

    def count(self, session: str, track: str, size: int, segments: int = 1) -> None:
        """Something of a track was sent to a viewer: a playlist counts by its bytes alone."""
        self.add(self.touch(session), track, size, segments)

    def add(self, viewer: Viewer | None, track: str, size: int, segments: int) -> None:
        """The same for one who was touched just now."""
        served = self.served.get(track)
        if served is None:
            served = self.served[track] = Served()
        served.bytes += size
        served.segments += segments
        if viewer is None:
            return
        viewer.bytes += size
        viewer.segments += segments
        viewer.rate.add(size, viewer.seen_s)
        if segments and (is_picture(track) or not is_picture(viewer.rendition)):
            viewer.rendition = track

    def report(self, session: str, buffer_percent: float) -> None:
        """What the player of a viewer says of its buffer."""
        viewer = self.touch(session)
        if viewer is not None:
            viewer.buffer_percent = buffer_percent

    def leave(self, session: str) -> bool:
        """A viewer goes; whether there was one."""
        viewer = self._present.pop(session, None)
        if viewer is not None:
            self._parties.remove(viewer.party, session)
        return viewer is not None

    def sessions_of(self, name: str) -> list[str]:
        """The sessions of the viewers who are called so."""
        self._forget_gone(self.clock())
        return [
            session for session, viewer in self._present.items() if name in (viewer.id, viewer.session_id)
        ]

    def touch(self, session: str) -> Viewer | None:
        """The viewer of a session that has asked for something now; None when it does not watch."""
        now_s = self.clock()
        self._forget_gone(now_s)
        viewer = self._present.get(session)
        if viewer is not None:
            viewer.seen_s = now_s
            self._present.move_to_end(session)
        return viewer

    def _forget_gone(self, now_s: float) -> None:
        oldest_s = now_s - GONE_S
        while self._present and next(iter(self._present.values())).seen_s < oldest_s:
            self.leave(next(iter(self._present)))


@lru_cache(TRACKS_KNOWN)
def is_picture(track: str) -> bool:
    """Whether a track's name is that of a rendition of the picture."""
    return track.startswith("video") or layer_number(track) > 0


class Viewership:
    """The viewers of everything whose viewers are counted, by the id of the media that they fetch."""

    def __init__(self) -> None:
        self._viewers: dict[str, Viewers] = {}

    def open(self, media_id: str, viewers: Viewers) -> None:
        """Counts who fetches this from now on; one stream may be of several, one after the other."""
        self._viewers[media_id] = viewers

    def close(self, media_id: str) -> None:
        """Counts no more."""
        self._viewers.pop(media_id, None)

    def get(self, media_id: str) -> Viewers | None:
        """The viewers, if they are counted."""
        return self._viewers.get(media_id)

    def admit(self, media_id: str, session: str, party: str = "") -> None:
        """Lets a session watch; raises Unavailable when the stream is full."""
        viewers = self._viewers.get(media_id)
        if viewers is not None and session:
            viewers.admit(session, party=party)

    def count(self, media_id: str, session: str, track: str, size: int, segments: int = 1) -> None:
        """Something was sent to a session."""
        viewers = self._viewers.get(media_id)
        if viewers is not None and session:
            viewers.count(session, track, size, segments)

    def report(self, media_id: str, session: str, buffer_percent: float) -> None:
        """A player has told how full its buffer is."""
        viewers = self._viewers.get(media_id)
        if viewers is not None and session:
            viewers.report(session, buffer_percent)
