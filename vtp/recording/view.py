"""What a player sees of a recording: playlists and files, while it grows and afterwards, by the same code."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from vtp.errors import NotFound
from vtp.recording.caption_store import Captions
from vtp.recording.caption_views import media_lines
from vtp.recording.cuts import TARGET_DURATION_S
from vtp.recording.dash import MPD_NAME, render_mpd
from vtp.recording.iframes import IFRAMES_NAME, KeyFrame, iframe_stream, render_iframes
from vtp.recording.index import PartLine, TrackIndex
from vtp.recording.live_playlist import LivePlaylist, Rendered, TrackNow
from vtp.recording.manifest import Manifest, read_manifest
from vtp.recording.playlist import (
    Variant,
    longest_s,
    render_media,
    render_multivariant,
    variants_of,
)
from vtp.recording.recovery import load_tracks
from vtp.recording.segmenter import VIDEO_TRACK
from vtp.recording.wish import Wish

FOLLOWED = "followed"


class RecordingView:
    """Playlists of one recording; each is rendered once per finished segment."""

    def __init__(
        self,
        manifest: Manifest,
        tracks: Mapping[str, TrackIndex],
        *,
        ended: bool,
        people: Mapping[str, TrackIndex] | None = None,
    ) -> None:
        self.manifest = manifest
        self.tracks = dict(tracks)
        self.people = dict(people or {})
        self.ended = ended
        self.key_frames: list[KeyFrame] | None = None  # of the picture, once its samples are known
        self._variants: tuple[tuple[int, bool], list[Variant]] | None = None
        self._cache: dict[tuple[str, ...], tuple[object, Rendered]] = {}

    @classmethod
    def load(cls, directory: Path) -> RecordingView:
        """Reads a finished recording's folder; raises OSError or ValueError when it cannot be read."""
        manifest = read_manifest(directory)
        people = load_tracks(directory, (one.track for one in manifest.people))
        return cls(manifest, load_tracks(directory, manifest.tracks), ended=True, people=people)

    def update(self, manifest: Manifest, tracks: Mapping[str, TrackIndex]) -> None:
        """Takes what the recorder has written since."""
        self.manifest = manifest
        self.tracks = dict(tracks)

    @property
    def is_playable(self) -> bool:
        """Whether there is a finished segment to play."""
        return any(index.has_media for index in self.tracks.values())

    @property
    def main_track(self) -> str | None:
        """The track that `playlist.m3u8` means: the picture, or the sound when there is none."""
        playable = [name for name, index in self.tracks.items() if index.has_media]
        return VIDEO_TRACK if VIDEO_TRACK in playable else next(iter(playable), None)

    @property
    def size_bytes(self) -> int:
        """Bytes of all tracks."""
        return sum(index.size_bytes for part in (self.tracks, self.people) for index in part.values())

    def index(self, track: str) -> TrackIndex | None:
        """A track of the program, or of one participant once the recording has ended."""
        return self.tracks.get(track) or self.people.get(track)

    def multivariant(self, prefix: str = "", captions: Sequence[Captions] = ()) -> Rendered:
        """The multivariant playlist; raises ValueError when nothing can be played yet."""
        return self._render("", prefix, captions=tuple(captions) if self.ended else ())

    def variants(self) -> list[Variant]:
        """What that offers, with what each takes of a connection; raises ValueError likewise."""
        version = sum(len(index.segments) for index in self.tracks.values()), self.ended
        if self._variants is None or self._variants[0] != version:
            target_s = self._target_duration_s
            made = variants_of(self.tracks, target_duration_s=target_s, ended=self.ended)
            self._variants = (version, made)
        return self._variants[1]

    def media(self, track: str, prefix: str = "", *, followed: bool = False) -> Rendered:
        """A track's playlist; raises KeyError when there is no such track."""
        if self.index(track) is None:
            raise KeyError(track)
        return self._render(track, prefix, followed)

    async def follow(self, track: str, wish: Wish, prefix: str = "") -> Rendered:
        """The same for who may have seen it before. What is wished for is there: it grows no more."""
        return self.media(track, prefix, followed=wish.follows)

    def keep_followed(self, track: str, prefix: str, rendered: Rendered) -> None:
        """Takes the playlist to whose end a track was followed: it is as one who follows it is given it."""
        self._once((track, prefix, FOLLOWED), lambda: rendered)

    def ready(self, track: str, wish: Wish) -> Rendered | asyncio.Future[bool] | None:
        """What `follow` would give now, without a prefix."""
        return self.media(track, followed=wish.follows)

    def ready_part(self, track: str, msn: int, part: int) -> PartLine | asyncio.Future[bool] | None:
        """What `part` would give now, None where it would refuse."""
        return self.find_part(track, msn, part)

    async def part(self, track: str, msn: int, part: int) -> PartLine:
        """A part, which players ask for after the end too: they were told of it before. Raises NotFound."""
        found = self.find_part(track, msn, part)
        if found is None:
            raise NotFound("This recording has no such part.", code="no_such_file")
        return found

    def find_part(self, track: str, msn: int, part: int) -> PartLine | None:
        """A part with bytes that is there now."""
        index = self.index(track)
        lines = index.parts.get(msn, ()) if index is not None else ()
        return next((line for line in lines if line.part == part and not line.gap), None)

    def add_key_frames(self, frames: list[KeyFrame] | None) -> None:
        """Offers an I-frame playlist from now on, if there are any."""
        if frames:
            self.key_frames = frames
            for key in [key for key in self._cache if key[0] in ("", IFRAMES_NAME)]:
                del self._cache[key]  # the playlists that tell of them

    @property
    def duration_s(self) -> float:
        """Of its longest track."""
        return max((index.duration_s for index in self.tracks.values()), default=0.0)

    def mpd(self, captions: Sequence[Captions] = ()) -> Rendered:
        """The DASH manifest; raises ValueError when nothing can be played yet."""

        def render() -> str:
            now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
            offered = captions if self.ended else ()
            return render_mpd(self.manifest, self.tracks, ended=self.ended, published=now, captions=offered)

        return self._once((MPD_NAME,), render, tuple(captions))

    def iframes(self, track: str) -> Rendered:
        """The I-frame playlist of the picture; raises KeyError when there is none (yet)."""
        if track != VIDEO_TRACK or not self.key_frames or not self.ended:
            raise KeyError(track)
        index, frames = self.tracks[track], self.key_frames
        origin, target_s = self.manifest.origin(), self._target_duration_s
        return self._once(
            (IFRAMES_NAME, track),
            lambda: render_iframes(index, frames, origin=origin, target_duration_s=target_s),
        )

    def _iframe_stream(self, prefix: str) -> str:
        if not self.ended or not self.key_frames:
            return ""
        return iframe_stream(VIDEO_TRACK, self.tracks[VIDEO_TRACK], self.key_frames, prefix)

    def _once(
        self,
        key: tuple[str, ...],
        render: Callable[[], str | Rendered],
        captions: tuple[Captions, ...] = (),
    ) -> Rendered:
        """Renders once per finished segment and state of the captions; keeps the newest."""
        version = sum(len(index.segments) for index in self.tracks.values()), captions
        cached = self._cache.get(key)
        if cached is not None and cached[0] == version:
            return cached[1]
        made = render()
        rendered = Rendered.of(made.encode()) if isinstance(made, str) else made
        self._cache[key] = (version, rendered)
        return rendered

    def _end_of_live(self, index: TrackIndex, target_duration_s: int, prefix: str) -> Rendered:
        """The end for who has followed it while it was live, in the playlist's own terms: an EVENT it stays,
        with the gaps at its end, and with its last parts. A player that has some of a segment's goes on with
        the next ones; it fetches no segment of which it has a part (hls.js).
        """
        playlist = LivePlaylist(self.manifest.origin(), target_duration_s, index.timescale, prefix, {})
        return playlist.whole(replace(TrackNow.of(index), ended=True), {})

    def _render(
        self, track: str, prefix: str, followed: bool = False, captions: tuple[Captions, ...] = ()
    ) -> Rendered:
        if followed and track in self.tracks:
            make = partial(self._end_of_live, self.tracks[track], self._target_duration_s, prefix)
            return self._once((track, prefix, FOLLOWED), make)
        index = self.index(track)
        if index is not None:
            return self._once((track, prefix), partial(self._media_text, track, index, prefix))
        return self._once(("", prefix), partial(self._multivariant_text, prefix, captions), captions)

    def _media_text(self, track: str, index: TrackIndex, prefix: str) -> str:
        target_s = self._target_duration_s
        if track in self.people:  # its key frames may be farther apart than the program's
            target_s = max(TARGET_DURATION_S, longest_s(index))
        return render_media(
            index, origin=self.manifest.origin(), target_duration_s=target_s, ended=self.ended, prefix=prefix
        )

    def _multivariant_text(self, prefix: str, captions: tuple[Captions, ...]) -> str:
        text = render_multivariant(
            self.tracks,
            target_duration_s=self._target_duration_s,
            ended=self.ended,
            prefix=prefix,
            subtitles=list(media_lines(captions, prefix)),
        )
        return text + self._iframe_stream(prefix)

    @property
    def _target_duration_s(self) -> int:
        return self.manifest.target_duration_s or TARGET_DURATION_S
