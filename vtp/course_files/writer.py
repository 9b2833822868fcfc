"""Writes the archive of a course piece by piece, to be sent as it comes: it is never there as a whole."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterable, Iterator
from typing import IO, Final

from vtp.course_files.manifest import MANIFEST, Manifest, PartFacts

PIECE_BYTES: Final = 1 << 20


class _Sink:
    """Takes what the archive says, until it is fetched. Without `tell`: nothing goes back in it."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, data: bytes) -> int:
        """Takes bytes."""
        self._pieces.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """There is nothing to flush."""

    def take(self) -> bytes:
        """What came since."""
        found = b"".join(self._pieces)
        self._pieces.clear()
        return found


class CourseWriter:
    """Every method gives what is to be sent next; they read files, so they are for threads."""

    def __init__(self) -> None:
        self._sink = _Sink()
        self._zip = zipfile.ZipFile(self._sink, "w", allowZip64=True)  # type: ignore[call-overload]
        self.parts: list[PartFacts] = []

    def add(self, name: str, source: IO[bytes], size: int, *, compress: bool) -> Iterator[bytes]:
        """A part of so many bytes. Raises OSError, EOFError for a source that has fewer."""
        info = zipfile.ZipInfo(name)
        info.compress_type = zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED
        info.external_attr = 0o644 << 16
        digest, left = hashlib.sha256(), size
        with self._zip.open(info, "w", force_zip64=True) as part:
            while left:
                piece = source.read(min(PIECE_BYTES, left))
                if not piece:
                    raise EOFError(f"{name} is shorter than it was")
                part.write(piece)
                digest.update(piece)
                left -= len(piece)
                yield self._sink.take()
        self.parts.append(PartFacts(name=name, size=size, sha256=digest.hexdigest()))
        yield self._sink.take()

    def add_stream(self, name: str, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """A part that is as long as it becomes. Raises what `pieces` raises."""
        info = zipfile.ZipInfo(name)
        info.external_attr = 0o644 << 16
        digest, size = hashlib.sha256(), 0
        with self._zip.open(info, "w", force_zip64=True) as part:
            for piece in pieces:
                part.write(piece)
                digest.update(piece)
                size += len(piece)
                yield self._sink.take()
        self.parts.append(PartFacts(name=name, size=size, sha256=digest.hexdigest()))
        yield self._sink.take()

    def finish(self, manifest: Manifest) -> bytes:
        """The end, by which everything before is checked."""
        self._zip.writestr(MANIFEST, manifest.model_dump_json(indent=1), zipfile.ZIP_DEFLATED)
        self._zip.close()
        return self._sink.take()
