"""What a recorder takes of its program: one picture with its layers, and all voices."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from vtp.recording.layer_join import Joined, KeyFrames, LayerFrame, LayerJoin
from vtp.recording.segmenter import Segmenter
from vtp.recording.source import PlacedPicture, PlacedSound, Source


class ProgramSources:
    """Used by the recorder's thread alone."""

    def __init__(self) -> None:
        self._sources: dict[str, Source] = {}
        self._lower: list[Source] = []  # the layers below the picture's highest
        self._join = LayerJoin(1)
        self._dropped_before = 0

    def __bool__(self) -> bool:
        return bool(self._sources)

    def __contains__(self, source_id: str) -> bool:
        return source_id in self._sources

    @property
    def picture_id(self) -> str | None:
        """Whose picture it is."""
        return next((one.id for one in self._sources.values() if one.kind == "video"), None)

    @property
    def voices(self) -> int:
        """How many send sound."""
        return sum(source.kind == "audio" for source in self._sources.values())

    @property
    def needs_key_frame(self) -> bool:
        """Whether nothing of the picture, or of a layer of it, can be decoded until its next key frame."""
        picture = self.picture_id
        return picture is not None and any(
            source.needs_key_frame for source in (self._sources[picture], *self._lower)
        )

    @property
    def dropped(self) -> int:
        """For how many packets there was no room, of those that have been removed, too."""
        return self._dropped_before + sum(one.dropped for one in (*self._sources.values(), *self._lower))

    def add(self, source: Source, lower: Sequence[Source]) -> None:
        """Takes a voice, or a picture with the layers below it; the one before has been removed."""
        if source.kind == "video":
            self._lower = [*lower]
            self._join = LayerJoin(1 + len(lower))
        self._sources[source.id] = source

    def poll(self, now_ns: int) -> Iterator[PlacedSound | Joined]:
        """What has come of all of them."""
        for source in list(self._sources.values()):
            yield from self._poll(source, now_ns)

    def remove(self, source_id: str, now_ns: int) -> Iterator[PlacedSound | Joined]:
        """Lets go of one, which must be there; gives what had come of it."""
        source = self._sources.pop(source_id)
        yield from self._poll(source, now_ns)
        self._let_go(source)
        if source.kind == "video":
            yield from self.rest()
            for layer in self._lower:
                self._let_go(layer)
            self._lower = []

    def _let_go(self, source: Source) -> None:
        self._dropped_before += source.dropped
        source.close()

    def rest(self) -> Iterator[Joined]:
        """What of the picture waits for more to come."""
        return self._join.release(None)

    def close(self) -> None:
        """Lets go of all."""
        for source in (*self._sources.values(), *self._lower):
            source.close()
        self._sources.clear()

    def _poll(self, source: Source, now_ns: int) -> Iterator[PlacedSound | Joined]:
        if source.kind == "audio":
            yield from (one for one in source.poll(now_ns) if isinstance(one, PlacedSound))
            return
        for layer, each in enumerate((source, *self._lower)):
            for placed in each.poll(now_ns):
                if isinstance(placed, PlacedPicture):
                    self._join.add(layer, placed.picture, placed.time_ns, placed.media_ns)
        yield from self._join.release(now_ns)


def hand_over(placed: PlacedSound | Joined, segmenter: Segmenter, origin_ns: int) -> None:
    """Gives a segmenter what has come, on the timeline that begins at `origin_ns`."""
    time_ns = placed.time_ns - origin_ns
    match placed:
        case PlacedSound():
            segmenter.add_audio(placed.packet, time_ns, placed.voice)
        case KeyFrames():
            segmenter.add_key_frames(placed.pictures, time_ns)
        case LayerFrame(layer=0):
            segmenter.add_video(placed.picture, time_ns)
        case LayerFrame():
            segmenter.add_layer(placed.layer, placed.picture, time_ns)
