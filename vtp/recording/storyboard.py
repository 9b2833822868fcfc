"""The storyboard: small pictures of a recording on sheets, and WebVTT that says when each is shown.

A grid of times says which there are: one each 5 s at first, each 10 s after the first 400, and half as many a
second after each further 400, so that a day has 22 sheets. A time's picture is the key frame at or before it;
where nobody sends there is none. All of it follows from finished segments, so that what was listed once stays
as it is.
"""

from __future__ import annotations

import itertools
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from vtp.recording.index import TrackIndex
from vtp.recording.thumbnail_picture import Place, find_key_frame, place_of

VTT_NAME = "storyboard.vtt"
VTT_TYPE = "text/vtt"
FOLDER = "storyboard"
"""Of the sheets, beside the tracks and below the recording's address."""
COLUMNS = ROWS = 10
CELL_WIDTH, CELL_HEIGHT = 160, 90
TILES_A_SHEET = COLUMNS * ROWS
FIRST_STEP_S = 5
TIMES_A_STEP = 4 * TILES_A_SHEET


def time_of(number: int) -> int:
    """The second of the grid's time `number`."""
    doubled, further = divmod(number, TIMES_A_STEP)
    return FIRST_STEP_S * (TIMES_A_STEP * ((1 << doubled) - 1) + (further << doubled))


@dataclass(frozen=True, slots=True)
class Tile:
    """One picture: where it lies on which sheet, and the second from which it is shown."""

    sheet: int
    cell: int
    start_s: float
    place: Place

    @property
    def corner(self) -> tuple[int, int]:
        """Its left upper pixel."""
        row, column = divmod(self.cell, COLUMNS)
        return column * CELL_WIDTH, row * CELL_HEIGHT

    @property
    def size(self) -> tuple[int, int]:
        """As large as fits into a cell in the picture's shape; even, as JPEG's colours are."""
        width, height = max(self.place.width, 1), max(self.place.height, 1)
        scale = min(CELL_WIDTH / width, CELL_HEIGHT / height)
        return max(round(width * scale / 2) * 2, 2), max(round(height * scale / 2) * 2, 2)


class Board:
    """The tiles of one recording; `grow` takes what its index has got since."""

    def __init__(self) -> None:
        self.tiles: list[Tile] = []
        self.end_s = 0.0
        self._number = 0  # of the next time

    def grow(self, index: TrackIndex) -> None:
        """Adds the tiles of the times that finished segments have come to."""
        self.end_s = index.duration_s
        while (time_s := float(time_of(self._number))) < self.end_s:
            place = _shown_at(index, time_s)
            if place is None and not self.tiles:  # the first one may begin between two times
                next_s = time_of(self._number + 1)
                place = _first_between(index, time_s, min(next_s, self.end_s))
                if place is None and self.end_s < next_s:
                    return
                time_s = place.start / index.timescale if place is not None else time_s
            if place is not None and (not self.tiles or self.tiles[-1].place != place):
                self._add(time_s, place)
            self._number += 1

    def sheet(self, number: int) -> list[Tile]:
        """The tiles of one sheet, those so far."""
        return [tile for tile in self.tiles if tile.sheet == number]

    def is_full(self, sheet: int) -> bool:
        """Whether no tile will be added to a sheet."""
        return self._number >= (sheet + 1) * TILES_A_SHEET

    def _add(self, start_s: float, place: Place) -> None:
        sheet = self._number // TILES_A_SHEET
        cell = self.tiles[-1].cell + 1 if self.tiles and self.tiles[-1].sheet == sheet else 0
        self.tiles.append(Tile(sheet, cell, start_s, place))


def _shown_at(index: TrackIndex, time_s: float) -> Place | None:
    """The key frame at or before a time; None where nobody sent, or what we do not decode."""
    segments = index.segments
    at = bisect_right(segments, time_s * index.timescale, key=lambda segment: segment.start) - 1
    if at < 0 or segments[at].gap:
        return None
    place = find_key_frame(index, time_s)
    return place if place is not None and not place.is_too_large else None


def _first_between(index: TrackIndex, begin_s: float, end_s: float) -> Place | None:
    """The first key frame of finished segments that begins after one time and before another."""
    begin, end = begin_s * index.timescale, end_s * index.timescale
    at = bisect_left(index.segments, begin, key=lambda segment: segment.end)
    for segment in itertools.takewhile(lambda segment: segment.start < end, index.segments[at:]):
        for part in index.parts.get(segment.msn, ()):
            if part.independent and begin < part.start < end:
                place = place_of(index, part)
                return None if place.is_too_large else place
    return None


def sheet_name(number: int, tiles: int | None = None) -> str:
    """The file of a sheet; with `tiles` the address of one that grows, which another one follows."""
    return f"sheet-{number:05d}.jpg" if tiles is None else f"sheet-{number:05d}.{tiles}.jpg"


def render_vtt(board: Board, *, ended: bool) -> str:
    """WebVTT whose cues are addresses with a media fragment (`#xywh=`), relative to its own."""
    return "\n".join(["WEBVTT", *_cues(board, ended=ended)]) + "\n"


def _cues(board: Board, *, ended: bool) -> Iterator[str]:
    tiles = board.tiles
    if not tiles:
        return
    ends = [tile.start_s for tile in tiles[1:]] + [board.end_s]
    last = tiles[-1]
    grows = not ended and not board.is_full(last.sheet)
    for tile, end_s in zip(tiles, ends, strict=True):
        name = sheet_name(tile.sheet, last.cell + 1 if grows and tile.sheet == last.sheet else None)
        box = ",".join(map(str, (*tile.corner, *tile.size)))
        yield f"\n{_clock(tile.start_s)} --> {_clock(end_s)}\n{FOLDER}/{name}#xywh={box}"


def _clock(seconds: float) -> str:
    minutes, milliseconds = divmod(round(seconds * 1000), 60_000)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{milliseconds // 1000:02d}.{milliseconds % 1000:03d}"
