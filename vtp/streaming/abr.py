"""Which rung a connection carries: by the BANDWIDTHs that the multivariant playlist promises, as a player
reads them. No clock and no I/O. Decision 0131.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vtp.recording.playlist import frame_rate, size_of_picture
from vtp.recording.view import RecordingView

LOW_PERCENT = 20.0  # of its buffer; a player with less is about to stop
FULL_PERCENT = 50.0  # one with less tries nothing larger
SOUND = "sound"


@dataclass(frozen=True, slots=True)
class Level:
    """A rung with the sound that is played with it; `number` counts from the smallest, 0."""

    number: int
    label: str
    kbps: int
    """What a connection must carry: the playlist's BANDWIDTH, rounded up."""
    resolution: str | None
    frame_rate: float | None


@dataclass(frozen=True, slots=True)
class Advice:
    """Whether a player that plays `current` should play something else."""

    current: Level
    up: bool
    down: bool


def levels_of(view: RecordingView) -> list[Level]:
    """From the smallest up; raises ValueError when nothing can be played yet."""
    variants = view.variants()
    offered = [one for one in variants if one.sound == variants[0].sound]  # the sound that is offered first
    offered.sort(key=lambda one: one.rate.peak_bps)
    return [
        _level(number, view, one.picture, -(-one.rate.peak_bps // 1000)) for number, one in enumerate(offered)
    ]


def level_for(levels: Sequence[Level], kbps: float) -> Level:
    """The largest that a connection carries; the smallest where it carries none."""
    return next((one for one in reversed(levels) if one.kbps <= kbps), levels[0])


def nearest_level(levels: Sequence[Level], kbps: float) -> Level:
    """The one that a player means who says what it plays in its own way."""
    return min(levels, key=lambda one: abs(one.kbps - kbps))


def advise(
    levels: Sequence[Level], current: Level, carried_kbps: float | None, buffer_percent: float
) -> Advice:
    """Down where the connection carries less, or the buffer is almost empty; up where it carries more and the
    buffer is not.
    """
    best = current if carried_kbps is None else level_for(levels, carried_kbps)
    low = buffer_percent < LOW_PERCENT
    down = current.number > 0 and (best.number < current.number or low)
    return Advice(current, best.number > current.number and buffer_percent >= FULL_PERCENT, down)


def _level(number: int, view: RecordingView, picture: str, kbps: int) -> Level:
    index = view.tracks.get(picture)
    if index is None:
        return Level(number, SOUND, kbps, None, None)
    size = size_of_picture(picture, index)
    known = size is not None and size.width
    return Level(
        number,
        f"{min(size.width, size.height)}p" if size is not None and known else picture,
        kbps,
        f"{size.width}x{size.height}" if size is not None and known else None,
        round(frame_rate(index), 3),
    )
