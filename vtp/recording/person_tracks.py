"""The tracks of all participants, by what they are recorded from; used by the recorder's thread alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from vtp.recording.manifest import PersonOfTrack
from vtp.recording.person_track import PersonTrack
from vtp.recording.source import Source
from vtp.recording.track_writer import TrackWriter


class PersonTracks:
    """`now_ns` and `origin_ns`, where the recording begins (None before that is known), on one clock."""

    def __init__(self, open_writer: Callable[[PersonOfTrack, int], TrackWriter]) -> None:
        self._open_writer = open_writer
        self._tracks: dict[str, PersonTrack] = {}

    @property
    def dropped(self) -> int:
        """For how many packets there was no room, of those that are not paused."""
        return sum(track.dropped for track in self._tracks.values())

    def add(self, person: PersonOfTrack, source: Source) -> None:
        """Begins a track; one of the same source goes on where it was paused."""
        known = self._tracks.get(source.id)
        if known is not None:
            known.resume(source)
        else:
            self._tracks[source.id] = PersonTrack(person, source, self._open_writer)

    def pause(self, source_id: str, now_ns: int, origin_ns: int | None) -> None:
        """Takes what has come for a track, and nothing more for now."""
        track = self._tracks.get(source_id)
        if track is not None:
            track.pause(now_ns, origin_ns)

    def end(self, source_id: str, now_ns: int, origin_ns: int | None) -> None:
        """Ends a track for good."""
        self.pause(source_id, now_ns, origin_ns)
        track = self._tracks.pop(source_id, None)
        if track is not None:
            track.finish()

    def step(self, now_ns: int, origin_ns: int | None) -> Iterator[str]:
        """Takes what has come of all; gives the sources that should be asked for a key frame now."""
        for source_id, track in self._tracks.items():
            track.step(now_ns, origin_ns)
            if track.asks_for_key_frame(now_ns, origin_ns):
                yield source_id

    def finish(self) -> None:
        """Writes all there is."""
        for track in self._tracks.values():
            track.finish()

    def close(self) -> None:
        """Lets go of all sources."""
        for track in self._tracks.values():
            track.close()
