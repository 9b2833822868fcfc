"""A progressive MP4 that is nowhere on the disk: its head in memory, its media in the segments' files.

Its size is known and every byte has its place, so that any range of it can be read; reading takes no more
memory than what is read at once.
"""

from __future__ import annotations

import hashlib
import os
from array import array
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from operator import itemgetter
from pathlib import Path

from vtp.recording import mp4_boxes
from vtp.recording.index import segment_name
from vtp.recording.mp4_boxes import MDAT_HEAD, MOVIE_TIMESCALE
from vtp.recording.mp4_track import Mp4Track, Placed

LITERAL = 255


class Mp4File:
    """Made from tracks; `read` may be called from any thread."""

    def __init__(self, tracks: Sequence[Mp4Track]) -> None:
        self._folders = [track.media.folder for track in tracks]
        self._pieces = _Pieces()
        offsets = self._place(tracks)
        self.head = _head(tracks, offsets, self._pieces.size)
        self.size = len(self.head) + self._pieces.size
        self.etag = f'"{self._digest(tracks)}"'

    def segments(self, start: int, size: int) -> list[str]:
        """The files that these bytes lie in, such as `video/seg-00000.m4s`."""
        names = {
            f"{self._folders[folder].name}/{segment_name(number)}": None
            for folder, number, _, _ in self._between(start, size)
            if folder != LITERAL
        }
        return list(names)

    def read(self, start: int, size: int, paths: Mapping[str, Path] | None = None) -> bytes:
        """These bytes; fewer at the end. `paths` says where `segments` are, unless they are where they were.

        Raises OSError or ValueError when they are gone.
        """
        found = [self.head[start : start + size]]
        with ExitStack() as stack:
            opened: dict[Path, int] = {}
            for folder, number, offset, length in self._between(start, size):
                if folder == LITERAL:
                    found.append(self._pieces.literals[number][offset : offset + length])
                    continue
                path = self._folders[folder] / segment_name(number)
                if paths is not None:
                    path = paths[f"{path.parent.name}/{path.name}"]
                if path not in opened:
                    opened[path] = os.open(path, os.O_RDONLY)
                    stack.callback(os.close, opened[path])
                data = os.pread(opened[path], length, offset)
                if len(data) < length:
                    raise ValueError(f"The file {path.parent.name}/{path.name} is shorter than it was")
                found.append(data)
        return b"".join(found)

    def _between(self, start: int, size: int) -> list[tuple[int, int, int, int]]:
        at = max(start - len(self.head), 0)
        return self._pieces.between(at, min(start + size - len(self.head), self._pieces.size))

    def _place(self, tracks: Sequence[Mp4Track]) -> list[array[int]]:
        """Puts all chunks in order of time; gives where each track's lie, counted from the media's begin."""
        order = [
            (chunk.time / track.timescale, number, chunk)
            for number, track in enumerate(tracks)
            for chunk in track.chunks
        ]
        order.sort(key=itemgetter(0, 1))
        offsets = [array("Q") for _ in tracks]
        for _, number, chunk in order:
            offsets[number].append(self._pieces.size)
            self._pieces.add(number, chunk)
        return offsets

    def _digest(self, tracks: Sequence[Mp4Track]) -> str:
        """Of the head, which has all sizes and times in it, and of the checksums of all media."""
        digest = hashlib.sha256(self.head)
        for track in tracks:
            digest.update(array("I", [chunk.crc for chunk in track.media.table.chunks]).tobytes())
        return digest.hexdigest()[:32]


class _Pieces:
    """Where the bytes behind the head come from, in order: four numbers a piece."""

    def __init__(self) -> None:
        self.size = 0
        self._ends = array("Q")
        self._folders = array("B")
        self._numbers = array("I")
        self._offsets = array("I")
        self.literals: list[bytes] = []
        self._known: dict[bytes, int] = {}

    def add(self, folder: int, chunk: Placed) -> None:
        if chunk.before:
            if chunk.before not in self._known:
                self._known[chunk.before] = len(self.literals)
                self.literals.append(chunk.before)
            self._append(LITERAL, self._known[chunk.before], 0, len(chunk.before))
        if chunk.msn >= 0:
            self._append(folder, chunk.msn, chunk.offset, chunk.size)

    def between(self, start: int, end: int) -> list[tuple[int, int, int, int]]:
        """(folder, number, offset, length) of all pieces in a range."""
        found = []
        at = bisect_right(self._ends, start)
        while start < end:
            begin = self._ends[at - 1] if at else 0
            length = min(end, self._ends[at]) - start
            found.append((self._folders[at], self._numbers[at], self._offsets[at] + start - begin, length))
            start += length
            at += 1
        return found

    def _append(self, folder: int, number: int, offset: int, size: int) -> None:
        self.size += size
        self._ends.append(self.size)
        self._folders.append(folder)
        self._numbers.append(number)
        self._offsets.append(offset)


def _head(tracks: Sequence[Mp4Track], offsets: list[array[int]], media_bytes: int) -> bytes:
    """Everything before the media. Its own length does not depend on the offsets in it."""
    tables = [track.tables() for track in tracks]
    ftyp, tail = mp4_boxes.ftyp(), mp4_boxes.mdat_head(media_bytes)
    size = len(ftyp) + len(_moov(tracks, tables, offsets)) + MDAT_HEAD
    moved = [array("Q", [size + offset for offset in of_track]) for of_track in offsets]
    return ftyp + _moov(tracks, tables, moved) + tail


def _moov(tracks: Sequence[Mp4Track], tables: Sequence[bytes], offsets: Sequence[array[int]]) -> bytes:
    durations = [-(-track.duration * MOVIE_TIMESCALE // track.timescale) for track in tracks]
    traks = [track.trak(number + 1, tables[number], offsets[number]) for number, track in enumerate(tracks)]
    return mp4_boxes.box(b"moov", mp4_boxes.mvhd(max(durations), len(tracks) + 1), *traks)
