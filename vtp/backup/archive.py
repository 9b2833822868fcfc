"""The file of a backup: a ZIP archive with a checksum of every part and one of its table of contents.

contents.json       what is here: format, revision, tables, and of each part its size and SHA-256
contents.sha256     the SHA-256 of contents.json, hexadecimal
tables/<name>       one line of JSON per row
secrets/<name>      the server's keys
media/<key>         recordings and pictures, when they were asked for
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
import zipfile
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any, BinaryIO

FORMAT = 1
CONTENTS = "contents.json"
CHECKSUM = "contents.sha256"
CHUNK_BYTES = 1 << 20
# What zipfile raises for bytes that are not as they were written.
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    KeyError,
    NotImplementedError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,
)


class DamagedError(Exception):
    """A backup that must not be restored: one sentence that says why."""


@dataclass(frozen=True)
class Part:
    """One file within an archive."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True)
class TablePart:
    """One table within an archive: its columns, in the order of each line, and how many lines there are."""

    columns: tuple[str, ...]
    rows: int


@dataclass
class Contents:
    """What an archive holds. `missing`: files of recordings that were deleted before they were copied."""

    made_at: str
    version: str
    dialect: str
    revision: str
    format: int = FORMAT
    tables: dict[str, TablePart] = field(default_factory=dict)
    parts: list[Part] = field(default_factory=list)
    media: bool = False
    missing: list[str] = field(default_factory=list)

    def names(self, folder: str) -> list[str]:
        """The parts below a folder, without its name."""
        prefix = folder + "/"
        return [part.name.removeprefix(prefix) for part in self.parts if part.name.startswith(prefix)]


class ArchiveWriter:
    """Writes parts one after the other; `finish` closes the archive."""

    def __init__(self, file: IO[bytes], contents: Contents) -> None:
        self._zip = zipfile.ZipFile(file, "w", allowZip64=True)
        self.contents = contents

    async def add_lines(self, name: str, lines: AsyncIterator[bytes]) -> int:
        """Writes a part line by line; gives how many."""
        count = 0
        with self._part(name, zipfile.ZIP_DEFLATED) as write:
            async for line in lines:
                write(line)
                count += 1
        return count

    def add_file(self, name: str, path: Path, *, compress: bool = False) -> None:
        """Copies a file as far as it reaches now: a recording may be growing. Raises OSError."""
        with path.open("rb") as source:
            left = os.fstat(source.fileno()).st_size
            with self._part(name, zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED) as write:
                while left > 0 and (chunk := source.read(min(CHUNK_BYTES, left))):
                    write(chunk)
                    left -= len(chunk)

    def abandon(self) -> None:
        """Leaves the archive as it is, without an end: the disk took no more of it."""
        self._zip.fp = None

    def finish(self) -> None:
        """Writes the table of contents, by which everything else is checked, and closes the archive."""
        text = json.dumps(asdict(self.contents), indent=1).encode()
        self._zip.writestr(CONTENTS, text, zipfile.ZIP_DEFLATED)
        self._zip.writestr(CHECKSUM, hashlib.sha256(text).hexdigest())
        self._zip.close()

    @contextmanager
    def _part(self, name: str, compression: int) -> Iterator[Callable[[bytes], None]]:
        info = zipfile.ZipInfo(name)
        info.compress_type = compression
        info.external_attr = 0o600 << 16
        digest, size = hashlib.sha256(), 0

        with self._zip.open(info, "w", force_zip64=True) as part:

            def write(data: bytes) -> None:
                nonlocal size
                part.write(data)
                digest.update(data)
                size += len(data)

            yield write
        self.contents.parts.append(Part(name, size, digest.hexdigest()))


class Archive:
    """Reads a backup. Nothing of it is believed before `verify` has returned."""

    def __init__(self, file: BinaryIO) -> None:
        try:
            self._zip = zipfile.ZipFile(file)
            self.contents = _read_contents(self._zip)
        except _DAMAGE as error:
            raise DamagedError("it is no backup of vtp, or its end is missing") from error

    def verify(self) -> None:
        """Reads every part to its end. Raises DamagedError with the first that is not as it was written, or
        that is there twice: then one of the two would be lost."""
        names = set()
        for part in self.contents.parts:
            if part.name in names:
                raise DamagedError(f"{part.name} is in it twice")
            names.add(part.name)
            digest, size = hashlib.sha256(), 0
            for chunk in self._chunks(part.name):
                digest.update(chunk)
                size += len(chunk)
            if size != part.size or digest.hexdigest() != part.sha256:
                raise DamagedError(f"{part.name} in it is damaged")

    def lines(self, name: str) -> Iterator[bytes]:
        """A part line by line."""
        with self._zip.open(name) as part:
            yield from part

    def read(self, name: str) -> bytes:
        """A small part as a whole."""
        return self._zip.read(name)

    def names(self, folder: str) -> list[str]:
        """The parts below a folder, without its name."""
        return self.contents.names(folder)

    def extract(self, name: str, target: Path, mode: int) -> None:
        """Writes a part to a new file, on the disk when this returns."""
        target.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "wb") as file:
            for chunk in self._chunks(name):
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())

    def _chunks(self, name: str) -> Iterator[bytes]:
        try:
            with self._zip.open(name) as part:
                while chunk := part.read(CHUNK_BYTES):
                    yield chunk
        except _DAMAGE as error:
            raise DamagedError(f"{name} in it is damaged") from error


def _read_contents(archive: zipfile.ZipFile) -> Contents:
    text = archive.read(CONTENTS)
    if archive.read(CHECKSUM).decode("ascii", "replace").strip() != hashlib.sha256(text).hexdigest():
        raise DamagedError("its table of contents is damaged")
    tree: dict[str, Any] = json.loads(text)
    if tree["format"] != FORMAT:
        raise DamagedError(
            f"it has format {tree['format']}, this vtp reads {FORMAT}: use the vtp that made it"
        )
    tree["tables"] = {
        name: TablePart(tuple(one["columns"]), one["rows"]) for name, one in tree["tables"].items()
    }
    tree["parts"] = [Part(**one) for one in tree["parts"]]
    for part in tree["parts"]:
        if not _is_plain(part.name):
            raise DamagedError(f"{part.name!r} in it is no name of a part")
    return Contents(**tree)


def _is_plain(name: str) -> bool:
    """No part may be written anywhere but below its folder."""
    words = name.split("/")
    return words[0] in ("tables", "secrets", "media") and len(words) > 1 and not {"", ".", ".."} & set(words)


@contextmanager
def appearing_whole(path: Path) -> Iterator[IO[bytes]]:
    """A new file that has its name once it is complete and on the disk, readable by its owner alone.

    Without a name until then where the file system can do that (O_TMPFILE), so that nothing is left of a
    process that is killed. Raises FileExistsError when the name is taken, OSError.
    """
    if path.exists():
        raise FileExistsError
    folder = path.absolute().parent
    draft: Path | None = None
    try:
        descriptor = os.open(folder, os.O_TMPFILE | os.O_RDWR, 0o600)
    except OSError:
        draft = folder / f".{path.name}.{os.getpid()}.partial"
        descriptor = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
            _name(draft or Path(f"/proc/self/fd/{file.fileno()}"), path)
    finally:
        if draft is not None:
            with suppress(OSError):
                draft.unlink()


def _name(draft: Path, path: Path) -> None:
    """Gives the file its name, unless it is taken, and puts the folder on the disk."""
    descriptor = os.open(path.absolute().parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            os.link(draft, path.absolute(), src_dir_fd=descriptor, follow_symlinks=True)  # linkat(2), open(2)
        except FileExistsError:
            raise
        except OSError:  # a file system without links, as of USB sticks and network shares
            if draft.parent != path.absolute().parent or path.exists():
                raise
            draft.rename(path)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
