"""The chapters of a recording: from what happened, or as staff have set them. Rules without clock and I/O."""

from __future__ import annotations

import enum
import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from vtp.recording.index import TrackIndex
from vtp.recording.webvtt import Cue, escape, write_vtt

SHORTEST_MS = 5_000  # what goes on for less is no chapter: what follows says more
LONG_GAP_MS = 5_000


class Kind(enum.StrEnum):
    """What a chapter begins with."""

    BEGINNING = "beginning"
    PRESENTER = "presenter"
    SCREEN = "screen"
    SCREEN_ENDED = "screen_ended"
    POLL = "poll"
    PAUSE = "pause"  # nobody sends
    RESUMED = "resumed"
    OWN = "own"  # set by staff


@dataclass(frozen=True, slots=True)
class Chapter:
    """`title`: staff's, or a poll's question; `person_name`: who presents."""

    start_ms: int
    kind: Kind
    title: str = ""
    person_name: str = ""

    @property
    def words(self) -> str:
        """How it is called."""
        who = self.person_name or "Somebody"
        named = {
            Kind.BEGINNING: "Beginning",
            Kind.PRESENTER: f"{who} presents",
            Kind.SCREEN: f"{who} shares the screen",
            Kind.SCREEN_ENDED: "After the shared screen",
            Kind.POLL: f"Poll: {self.title}",
            Kind.PAUSE: "Pause",
            Kind.RESUMED: "After the pause",
        }
        return named.get(self.kind, self.title)


@dataclass(frozen=True, slots=True)
class Placed:
    """A chapter with its end."""

    chapter: Chapter
    end_ms: int

    def without_name(self) -> Placed:
        """The same for who is not to know who presents."""
        return replace(self, chapter=replace(self.chapter, person_name=""))


def as_happened(noted: Iterable[Chapter], tracks: Iterable[TrackIndex], duration_ms: int) -> list[Chapter]:
    """What was noted and the pauses, in order, from the beginning on, without what was over at once."""
    found = sorted([*noted, *_pauses(tracks)], key=lambda chapter: chapter.start_ms)
    found = [one for one in found if one.start_ms < duration_ms]
    kept = [one for one, following in itertools.pairwise(found) if _lasts(one, following)]
    kept += found[-1:]
    if not kept:
        return []
    if kept[0].start_ms < SHORTEST_MS and kept[0].kind is not Kind.PAUSE:
        return [replace(kept[0], start_ms=0), *kept[1:]]
    return [Chapter(0, Kind.BEGINNING), *kept]


def place(chapters: list[Chapter], duration_ms: int) -> list[Placed]:
    """Each with its end: the next one's start."""
    inside = [one for one in chapters if one.start_ms < duration_ms]
    ends = [*(one.start_ms for one in inside[1:]), duration_ms]
    return [Placed(one, end_ms) for one, end_ms in zip(inside, ends, strict=False)]


def chapters_vtt(placed: Iterable[Placed]) -> str:
    """The same as WebVTT's chapter text."""
    return write_vtt(Cue(one.chapter.start_ms, one.end_ms, escape(one.chapter.words)) for one in placed)


def _lasts(chapter: Chapter, following: Chapter) -> bool:
    return chapter.kind is Kind.POLL or following.start_ms - chapter.start_ms >= SHORTEST_MS


def _pauses(tracks: Iterable[TrackIndex]) -> Iterator[Chapter]:
    """Where no track has media for a while; a gap stands in all of them."""
    index = next((one for one in tracks if one.has_media), None)
    if index is None:
        return
    begun: int | None = None
    for segment in index.segments:
        start_ms = segment.start * 1000 // index.timescale
        if segment.gap:
            begun = start_ms if begun is None else begun
            continue
        if begun is not None and start_ms - begun >= LONG_GAP_MS:
            yield Chapter(begun, Kind.PAUSE)
            yield Chapter(start_ms, Kind.RESUMED)
        begun = None
