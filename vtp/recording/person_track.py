"""What a participant sends by one producer, as a track of its own; used by the recorder's thread alone."""

from __future__ import annotations

from collections.abc import Callable

from vtp.recording.copied_sound import CopiedSound
from vtp.recording.lane import Cut
from vtp.recording.manifest import PersonOfTrack
from vtp.recording.segmenter import Segmenter
from vtp.recording.sound import OpenSound, OpenWriter, Sound
from vtp.recording.source import PlacedPicture, Source
from vtp.recording.timebase import NS
from vtp.recording.track_writer import TrackWriter

KEY_FRAME_EVERY_NS = NS // 2


class PersonTrack:
    """On the recording's clock, with segments of its own: it begins with the first that comes, has a gap
    while it is muted. Nothing is decoded.

    `open_writer(person, timescale)` is called when there is something to write.
    """

    def __init__(
        self, person: PersonOfTrack, source: Source, open_writer: Callable[[PersonOfTrack, int], TrackWriter]
    ) -> None:
        self._person = person
        self._source: Source | None = source
        self._kind = source.kind
        self._open_writer = open_writer
        self._segmenter: Segmenter | None = None
        self._asked_ns = 0

    @property
    def dropped(self) -> int:
        """For how many packets of its source there was no room."""
        return self._source.dropped if self._source is not None else 0

    def resume(self, source: Source) -> None:
        """Goes on with what comes now."""
        self.close()
        self._source = source

    def pause(self, now_ns: int, origin_ns: int | None) -> None:
        """Takes what has come, and nothing more for now."""
        if self._source is not None:
            self._deliver(self._source, now_ns, origin_ns)
            self.close()
        if self._segmenter is not None:
            self._segmenter.stop_sending()

    def step(self, now_ns: int, origin_ns: int | None) -> None:
        """Takes what has come; before the recording's own beginning it is left out."""
        if self._source is not None:
            self._deliver(self._source, now_ns, origin_ns)
        if self._segmenter is not None and origin_ns is not None:
            self._segmenter.tick(now_ns - origin_ns)

    def asks_for_key_frame(self, now_ns: int, origin_ns: int | None) -> bool:
        """Whether a key frame should be asked for now; says so at most twice a second."""
        source, segmenter = self._source, self._segmenter
        if source is None or source.kind == "audio" or now_ns - self._asked_ns < KEY_FRAME_EVERY_NS:
            return False
        wanted = source.needs_key_frame or segmenter is None or origin_ns is None
        if not wanted and segmenter is not None and origin_ns is not None:
            wanted = segmenter.wants_key_frame(now_ns - origin_ns)
        if wanted:
            self._asked_ns = now_ns
        return wanted

    def finish(self) -> None:
        """Writes all there is."""
        self.close()
        if self._segmenter is not None:
            self._segmenter.finish()

    def close(self) -> None:
        """Lets go of the source."""
        source, self._source = self._source, None
        if source is not None:
            source.close()

    def _deliver(self, source: Source, now_ns: int, origin_ns: int | None) -> None:
        for placed in source.poll(now_ns):
            time_ns = -1 if origin_ns is None else placed.time_ns - origin_ns
            if time_ns < 0:
                continue
            if isinstance(placed, PlacedPicture):
                if self._segmenter is not None or placed.picture.key_frame:
                    self._begun(time_ns).add_video(placed.picture, time_ns)
            else:
                self._begun(time_ns).add_audio(placed.packet, time_ns)

    def _begun(self, time_ns: int) -> Segmenter:
        if self._segmenter is None:
            sound: OpenSound = CopiedSound if self._kind == "audio" else _no_sound
            self._segmenter = Segmenter(
                lambda _, timescale: self._open_writer(self._person, timescale), sound, time_ns
            )
        return self._segmenter


def _no_sound(open_writer: OpenWriter, first: Cut) -> Sound:
    return Sound(first)
