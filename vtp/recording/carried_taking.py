"""Takes media of a recording in that somebody brings: nothing of it is believed, what is kept is playable.

Every file is one that an index names, of the size that it says, and its parts have their checksums; then the
boxes of all segments and sections are read as players' playlists and downloads read them.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from vtp.recording.carried_index import TRACK, IndexBudget, read_index
from vtp.recording.carried_stream import Head, MediaFacts, StreamReader, files_of
from vtp.recording.index import INDEX_NAME, PartLine, TrackIndex
from vtp.recording.manifest import MANIFEST_NAME, Manifest, write_manifest
from vtp.recording.sample_table import load_table
from vtp.recording.sections import read_sections
from vtp.recording.view import RecordingView

MAX_MANIFEST_BYTES: Final = 64 << 10
LOOK_AT_DISK_EVERY: Final = 16 << 20
_UNREADABLE: Final = (ValueError, struct.error, OverflowError, IndexError, KeyError)


@dataclass(slots=True)
class Taking:
    """One recording on its way. `steps` is for threads, and `view` there once they are done.

    `folder` None: it is looked at alone, without what is within its segments.
    """

    recording_id: str
    most_bytes: int
    folder: Path | None
    check_disk: Callable[[], None]
    budget: IndexBudget = field(default_factory=IndexBudget.of_recording)
    view: RecordingView | None = None
    _bytes: int = 0

    def steps(self, pieces: Iterable[bytes]) -> Generator[None, None, None]:
        """Takes the stream in, some bytes at each step. Raises ValueError with what is wrong, OSError."""
        reader = StreamReader(pieces)
        manifest = self._manifest(reader)
        tracks: dict[str, TrackIndex] = {}
        for track in manifest.tracks:
            if not TRACK.fullmatch(track) or track in tracks:
                raise ValueError("it has a track that no recording has, or one twice")
            tracks[track] = yield from self._track(reader, track)
        if reader.head() is not None:
            raise ValueError("it has more than its tracks")
        view = RecordingView(manifest, tracks, ended=True)
        if not view.is_playable:
            raise ValueError("there is nothing to play in it")
        if self.folder is not None:
            yield from self._read_all(self.folder, tracks)
            write_manifest(self.folder, manifest)
        yield from self._render(view)
        self.view = view

    def _manifest(self, reader: StreamReader) -> Manifest:
        head = reader.head()
        if head is None or head.name != MANIFEST_NAME or head.size > MAX_MANIFEST_BYTES:
            raise ValueError("it does not begin with what it is")
        try:
            facts = MediaFacts.model_validate_json(b"".join(reader.data()))
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(map(str, first["loc"])) or MANIFEST_NAME
            raise ValueError(f"what it says of itself cannot be: {where}: {first['msg']}") from None
        return facts.manifest(self.recording_id)

    def _track(self, reader: StreamReader, track: str) -> Generator[None, None, TrackIndex]:
        head = reader.head()
        if head is None or head.name != f"{track}/{INDEX_NAME}" or head.size > self.budget.size:
            raise ValueError(f"the index of {track} is not where it has to be, or too large")
        if self.folder is not None:
            (self.folder / track).mkdir(parents=True, exist_ok=True)
        with self._kept(head.name) as keep:
            index = yield from read_index(track, map(keep, reader.data()), self.budget)
        parts = {f"seg-{msn:05d}.m4s": lines for msn, lines in index.parts.items()}
        for name, size in files_of(index):
            if reader.head() != Head(f"{track}/{name}", size):
                raise ValueError(f"{track}/{name} is not what comes next in it, or of another size")
            yield from self._file(reader, f"{track}/{name}", parts.get(name, []))
        return index

    def _file(self, reader: StreamReader, name: str, parts: list[PartLine]) -> Generator[None, None, None]:
        sums = _Sums(parts)
        with self._kept(name) as keep:
            for piece in reader.data():
                sums.receive(keep(piece))
                yield
        if not sums.are_right:
            raise ValueError(f"{name} in it is damaged")

    @contextmanager
    def _kept(self, name: str) -> Iterator[Callable[[bytes], bytes]]:
        """Counts the pieces of a file, and writes them where it is kept."""
        file = (self.folder / name).open("xb") if self.folder is not None else None

        def keep(piece: bytes) -> bytes:
            self._count(len(piece))
            if file is not None:
                file.write(piece)
            return piece

        try:
            yield keep
        finally:
            if file is not None:
                file.close()

    def _count(self, size: int) -> None:
        before = self._bytes
        self._bytes += size
        if self._bytes > self.most_bytes:
            raise ValueError("it is larger than it is said to be")
        if self._bytes // LOOK_AT_DISK_EVERY > before // LOOK_AT_DISK_EVERY:
            self.check_disk()

    def _read_all(self, folder: Path, tracks: dict[str, TrackIndex]) -> Generator[None, None, None]:
        """As downloads do; the tables of samples are there then."""
        for name, index in tracks.items():
            try:
                load_table(folder / name, index)
                read_sections(folder / name, index)
            except _UNREADABLE as error:
                raise ValueError(f"the media of {name} cannot be read ({error})"[:300]) from error
            yield

    def _render(self, view: RecordingView) -> Generator[None, None, None]:
        try:
            view.multivariant()
            for track in view.tracks:
                view.media(track)
                yield
        except (*_UNREADABLE, ZeroDivisionError) as error:
            raise ValueError("no playlist can be made of it") from error


class _Sums:
    """The checksums of a segment's parts, as its bytes come; of a file without any nothing is compared."""

    def __init__(self, parts: list[PartLine]) -> None:
        self._parts = [one for one in parts if not one.gap]
        self._at = 0
        self._left = self._parts[0].size if self._parts else 0
        self._crc = 0
        self._wrong = False

    def receive(self, piece: bytes) -> None:
        """The next bytes."""
        rest = memoryview(piece)
        while rest and self._at < len(self._parts):
            here, rest = rest[: self._left], rest[self._left :]
            self._crc = zlib.crc32(here, self._crc)
            self._left -= len(here)
            if not self._left:
                self._end()

    def _end(self) -> None:
        self._wrong |= self._crc != self._parts[self._at].crc
        self._at += 1
        self._crc = 0
        self._left = self._parts[self._at].size if self._at < len(self._parts) else 0

    @property
    def are_right(self) -> bool:
        """Whether all parts came, as they were."""
        return not self._wrong and self._at == len(self._parts)
