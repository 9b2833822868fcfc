"""Draws the sheets of storyboards: tile after tile, from the key frames themselves."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from vtp.atomic_files import write_file
from vtp.errors import Unavailable
from vtp.late_av import av
from vtp.recording.storyboard import CELL_HEIGHT, CELL_WIDTH, COLUMNS, ROWS, Tile
from vtp.recording.thumbnail_picture import (
    ReadNow,
    decode,
    encode_jpeg,
    picture_errors,
    read_fragment,
)

logger = logging.getLogger(__name__)

GROWING_KEPT = 4  # sheets, 2 MB each: the next tile of one that grows costs a tile
FILE_MODE = 0o640
PIXEL_FORMAT = "yuvj420p"
WIDTH = COLUMNS * CELL_WIDTH
BLACK = (0, 128, 128)


class Sheet:
    """Holds 2 MB; `drawn` is how many tiles are on it, `lacks_files` whether files were missing for some."""

    def __init__(self) -> None:
        self.drawn = 0
        self.lacks_files = False
        self._canvas = av.VideoFrame(WIDTH, ROWS * CELL_HEIGHT, PIXEL_FORMAT)
        for plane, value in zip(self._canvas.planes, BLACK, strict=True):
            plane.update(bytes([value]) * plane.buffer_size)

    def draw(self, read: ReadNow, tile: Tile) -> None:
        """Adds the next tile; where there is no picture in the file its place stays black."""
        self.drawn += 1
        try:
            self._paint(tile, decode(read_fragment(read, tile.place)))
        except picture_errors() as error:
            self.lacks_files |= isinstance(error, FileNotFoundError)
            logger.info("A tile stays black, its picture cannot be read: %s", error)

    def _paint(self, tile: Tile, picture: av.VideoFrame) -> None:
        (left, top), (width, height) = tile.corner, tile.size
        small = picture.reformat(width, height, PIXEL_FORMAT, interpolation="AREA")
        for number, (plane, source) in enumerate(zip(self._canvas.planes, small.planes, strict=True)):
            halved = number > 0  # colours have half as many pixels each way
            to, pixels = memoryview(plane), memoryview(source)
            for row in range(height >> halved):
                at = ((top >> halved) + row) * plane.line_size + (left >> halved)
                begin = row * source.line_size
                to[at : at + (width >> halved)] = pixels[begin : begin + (width >> halved)]

    def jpeg(self) -> bytes:
        """All of it, as high as its tiles need."""
        rows = max(-(-self.drawn // COLUMNS), 1)
        cut = av.VideoFrame(WIDTH, rows * CELL_HEIGHT, PIXEL_FORMAT)
        for plane, source in zip(cut.planes, self._canvas.planes, strict=True):
            plane.update(bytes(memoryview(source)[: plane.buffer_size]))
        return encode_jpeg(cut, cut.width, cut.height)


class Made(NamedTuple):
    """A sheet's JPEG, and whether it is on the disk."""

    data: bytes
    is_kept: bool


class SheetMaker:
    """Makes sheets in one thread, which alone calls `make` and `forget`; `stop` may be called from any."""

    def __init__(self) -> None:
        self._growing: OrderedDict[tuple[str, int], Sheet] = OrderedDict()
        self._stopped = threading.Event()

    def stop(self) -> None:
        """Ends what is being made."""
        self._stopped.set()

    def forget(self, recording_id: str) -> None:
        """Keeps nothing of a recording."""
        for key in [key for key in self._growing if key[0] == recording_id]:
            del self._growing[key]

    def make(self, key: tuple[str, int], read: ReadNow, tiles: Sequence[Tile], path: Path | None) -> Made:
        """The sheet of these tiles, whose key frames `read` gives; written to `path`, if given.

        Takes some milliseconds for each tile. Raises Unavailable after `stop`, and when `read` does.
        """
        if path is not None and path.exists():
            return Made(path.read_bytes(), is_kept=True)
        sheet = self._growing.pop(key, None) or Sheet()
        for tile in tiles[sheet.drawn :]:
            if self._stopped.is_set():
                raise Unavailable("The server is about to end; try again in a moment.")
            sheet.draw(read, tile)
        data = sheet.jpeg()
        if path is not None:
            return Made(data, is_kept=not sheet.lacks_files and _keep(path, data))
        self._growing[key] = sheet
        if len(self._growing) > GROWING_KEPT:
            self._growing.popitem(last=False)
        return Made(data, is_kept=False)


def _keep(path: Path, data: bytes) -> bool:
    """Puts a sheet in place at once; a disk that does not take it is no error."""
    try:
        path.parent.mkdir(exist_ok=True)
        write_file(path, data, FILE_MODE)
    except OSError as error:
        logger.info("The sheet %s is made again with the next request: %s", path, error)
        return False
    return True
