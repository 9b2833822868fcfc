"""What a player sees of a recording: playlists and files, while it grows and afterwards, by the same code."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from vtp.recording.index import TrackIndex
from vtp.recording.live_playlist import Rendered
from vtp.recording.manifest import Manifest, read_manifest
from vtp.recording.playlist import render_media, render_multivariant
from vtp.recording.recovery import load_tracks
from vtp.recording.segmenter import TARGET_DURATION_S, VIDEO_TRACK


class RecordingView:
    """Playlists of one recording; each is rendered once per finished segment."""

    def __init__(self, manifest: Manifest, tracks: Mapping[str, TrackIndex], *, ended: bool) -> None:
        self.manifest = manifest
        self.tracks = dict(tracks)
        self.ended = ended
        self._cache: dict[tuple[str, str, bool], tuple[int, Rendered]] = {}

    @classmethod
    def load(cls, directory: Path) -> RecordingView:
        """Reads a finished recording's folder; raises OSError or ValueError when it cannot be read."""
        manifest = read_manifest(directory)
        return cls(manifest, load_tracks(directory, manifest), ended=True)

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
        return sum(index.size_bytes for index in self.tracks.values())

    def multivariant(self, prefix: str = "") -> Rendered:
        """The multivariant playlist; raises ValueError when nothing can be played yet."""
        return self._render("", prefix)

    def media(self, track: str, prefix: str = "", *, followed: bool = False) -> Rendered:
        """A track's playlist; raises KeyError when there is no such track."""
        if track not in self.tracks:
            raise KeyError(track)
        return self._render(track, prefix, followed)

    def _render(self, track: str, prefix: str, followed: bool = False) -> Rendered:
        version = sum(len(index.segments) for index in self.tracks.values())
        cached = self._cache.get((track, prefix, followed))
        if cached is not None and cached[0] == version:
            return cached[1]
        target_duration_s = self.manifest.target_duration_s or TARGET_DURATION_S
        if track:
            text = render_media(
                self.tracks[track],
                origin=self.manifest.origin(),
                target_duration_s=target_duration_s,
                ended=self.ended,
                prefix=prefix,
                followed=followed,
            )
        else:
            text = render_multivariant(
                self.tracks, target_duration_s=target_duration_s, ended=self.ended, prefix=prefix
            )
        rendered = Rendered.of(text.encode())
        self._cache[track, prefix, followed] = (version, rendered)
        return rendered
