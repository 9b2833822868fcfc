"""Reads the archive of a course, of which nothing is believed.

Sizes and sums are those of the manifest, names are looked up and never used as paths, and what is unpacked is
bounded by what the manifest says.
"""

from __future__ import annotations

import hashlib
import json
import struct
import zipfile
import zlib
from collections.abc import Generator, Iterator
from typing import Any, BinaryIO, Final

from pydantic import ValidationError

from vtp.course_files.manifest import (
    FORMAT,
    MANIFEST,
    MAX_CONTENTS_BYTES,
    MAX_MANIFEST_BYTES,
    MAX_PARTS,
    MAX_VALUES,
    Manifest,
    PartFacts,
    contents_name,
    file_name,
    media_name,
)
from vtp.course_files.zip_end import table_size
from vtp.errors import FieldError, Invalid
from vtp.http.validation import refuse_nul
from vtp.json_bounds import has_more_values

PIECE_BYTES: Final = 1 << 20
MAX_LINE_BYTES: Final = 4 << 20
MAX_LINE_VALUES: Final = 100_000
MAX_TABLE_BYTES: Final = 16 << 20
# Of these alone `zipfile` unpacks no more than is asked for: some bytes of bzip2 or LZMA fill memory.
_PACKINGS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
# What zipfile raises for bytes that are not as they were written.
_DAMAGE: Final = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,
)


class CourseArchive:
    """An archive whose parts are those that its manifest names. Raises Invalid."""

    def __init__(self, file: BinaryIO) -> None:
        try:
            entries, table_bytes = table_size(file)
            if entries > MAX_PARTS or table_bytes > MAX_TABLE_BYTES:
                raise _damaged(f"it has {entries} parts, and at most {MAX_PARTS} are taken")
            self._zip = zipfile.ZipFile(file)
        except _DAMAGE as error:
            raise _damaged("it is no ZIP archive, or its end is missing") from error
        if any(info.compress_type not in _PACKINGS for info in self._zip.infolist()):
            raise _damaged("a part of it is packed in a way that is not taken")
        self.manifest = _manifest_of(self._zip)
        self._parts = {part.name: part for part in self.manifest.parts}
        self._check_names()

    def media(self) -> list[str]:
        """The labels of recordings whose media are here."""
        return [name.removeprefix("recordings/") for name in self._parts if name.startswith("recordings/")]

    def media_size(self, label: str) -> int:
        """Bytes of the media of a recording."""
        return self._parts[media_name(label)].size

    def media_pieces(self, label: str) -> Generator[bytes, None, None]:
        """The media of a recording."""
        yield from self._pieces(self._parts[media_name(label)])

    def labels(self) -> list[str]:
        """Of all files."""
        return [name.removeprefix("files/") for name in self._parts if name.startswith("files/")]

    def kinds(self) -> list[str]:
        """Of what there is."""
        return [
            name[len("contents/") : -len(".jsonl")] for name in self._parts if name.startswith("contents/")
        ]

    def size_of(self, label: str) -> int:
        """Bytes of a file."""
        return self._parts[file_name(label)].size

    def lines(self, kind: str) -> Iterator[bytes]:
        """The things of a kind, one after the other; none where there is no part of it."""
        part = self._parts.get(contents_name(kind))
        rest = b""
        for piece in self._pieces(part) if part is not None else ():
            *whole, rest = (rest + piece).split(b"\n")
            for line in whole:
                yield _bounded(line, kind)
            if len(rest) > MAX_LINE_BYTES:
                raise _damaged(f"{contents_name(kind)} has a line that is too long")
        if rest:
            yield _bounded(rest, kind)

    def pieces(self, label: str) -> Generator[bytes, None, None]:
        """The bytes of a file."""
        yield from self._pieces(self._parts[file_name(label)])

    def _pieces(self, part: PartFacts) -> Iterator[bytes]:
        digest, size = hashlib.sha256(), 0
        try:
            with self._zip.open(part.name) as source:
                while piece := source.read(PIECE_BYTES):
                    size += len(piece)
                    if size > part.size:
                        break
                    digest.update(piece)
                    yield piece
        except _DAMAGE as error:
            raise _damaged(f"{part.name} in it cannot be read") from error
        if size != part.size or digest.hexdigest() != part.sha256:
            raise _damaged(f"{part.name} in it is not what the manifest says")

    def _check_names(self) -> None:
        named = [part.name for part in self.manifest.parts]
        there = [info.filename for info in self._zip.infolist()]
        if len(set(there)) < len(there) or len(set(named)) < len(named):
            raise _damaged("a part is in it twice")
        strange = sorted(set(there) - {MANIFEST, *named})
        if strange:
            raise _damaged(f"its manifest does not name {strange[0][:100]!r}")
        lost = sorted(set(named) - set(there))
        if lost:
            raise _damaged(f"{lost[0]} is not in it")
        if self.manifest.contents_bytes > MAX_CONTENTS_BYTES:
            raise _damaged(f"what is in it takes more than {MAX_CONTENTS_BYTES >> 20} MiB without its files")
        for part in self.manifest.parts:
            if self._zip.getinfo(part.name).file_size != part.size:
                raise _damaged(f"{part.name} in it is not as large as the manifest says")


def _bounded(line: bytes, kind: str) -> bytes:
    if has_more_values(line, MAX_LINE_VALUES):
        raise _damaged(f"{contents_name(kind)} has a line with too much in it")
    return line


def _manifest_of(archive: zipfile.ZipFile) -> Manifest:
    try:
        info = archive.getinfo(MANIFEST)
    except KeyError:
        raise _damaged("it has no manifest.json, so it is no file of a course") from None
    if info.file_size > MAX_MANIFEST_BYTES:
        raise _damaged("its manifest is too large")
    try:
        with archive.open(info) as part:
            text = part.read(MAX_MANIFEST_BYTES)
    except _DAMAGE as error:
        raise _damaged("its manifest cannot be read") from error
    if has_more_values(text, MAX_VALUES):
        raise _damaged("its manifest has too much in it")
    said = _refuse_newer(text)
    parts = said.get("parts")
    at = "/manifest"
    try:
        if not isinstance(parts, list) or len(parts) > MAX_PARTS:
            return Manifest.model_validate(said)  # which says so
        manifest = Manifest.model_validate({**said, "parts": []})
        for number, part in enumerate(parts):  # one by one: nobody else has the interpreter during a call
            at = f"/manifest/parts/{number}"
            manifest.parts.append(PartFacts.model_validate(part))
    except ValidationError as error:
        raise Invalid(
            "The manifest of this file is not that of a course; `errors` says why.",
            code="course_file_damaged",
            errors=faults_of(error, at),
        ) from None
    try:
        refuse_nul(said, "")
    except Invalid:
        raise _damaged("its manifest contains a NUL character") from None
    return manifest


def _refuse_newer(text: bytes) -> dict[str, Any]:
    """A sentence for files of the future, whose manifest may have anything in it; gives what it says."""
    try:
        said: Any = json.loads(text)
    except (ValueError, RecursionError):
        raise _damaged("its manifest is no JSON") from None
    if not isinstance(said, dict) or said.get("kind") != "vtp-course":
        raise _damaged("its manifest is not that of a course")
    if isinstance(said.get("format"), int) and said["format"] > FORMAT:
        raise newer(f"it is of format {said['format']}, this server reads up to {FORMAT}")
    return said


def newer(why: str) -> Invalid:
    """For what a newer vtp has written."""
    return Invalid(
        f"This file of a course was made by a newer vtp ({why}): import it there, or update this server.",
        code="course_file_newer",
    )


def faults_of(error: ValidationError, at: str, most: int = 20) -> list[FieldError]:
    """What is wrong with something, by pointer."""
    return [
        FieldError("/".join([at, *map(str, one["loc"])]), one["msg"])
        for one in error.errors(include_url=False, include_input=False)[:most]
    ]


def _damaged(why: str) -> Invalid:
    return Invalid(f"This is no file of a course that can be imported: {why}.", code="course_file_damaged")
