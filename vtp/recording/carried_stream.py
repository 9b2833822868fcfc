"""The media of a recording as one stream, to be carried to another server: its tracks, one after the other.

First what its manifest says but for who was in it. Each file has a line of JSON with its name and size before
its bytes; a line without a name is the end. Of each track the index comes first, then what the index names.
What can be made of these (the samples of a track, pictures, storyboards) is not in it, nor are tracks of
participants.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from vtp.recording.index import (
    INDEX_NAME,
    TrackIndex,
    encode_line,
    read_lines,
    segment_name,
    without_replaced,
)
from vtp.recording.manifest import MANIFEST_NAME, Manifest
from vtp.recording.sample_table import Find

PIECE_BYTES: Final = 1 << 20
MAX_HEAD_BYTES: Final = 256
_END: Final = b"{}\n"


Said = Annotated[str, Field(max_length=2_000)]
Duration = Annotated[int, Field(ge=0, le=366 * 86_400 * 1_000_000_000)]


class MediaFacts(BaseModel):
    """The manifest of a recording without its id and its people."""

    model_config = ConfigDict(extra="forbid", strict=True)

    origin_wall_ns: Annotated[int, Field(ge=0, lt=1 << 62)]
    target_duration_s: Annotated[int, Field(ge=1, le=3_600)]
    duration_ns: Duration
    tracks: Annotated[list[Annotated[str, Field(max_length=32)]], Field(max_length=32)]
    message: Said
    failure: Said
    failure_code: Annotated[str, Field(max_length=64)]

    @classmethod
    def of(cls, manifest: Manifest) -> MediaFacts:
        """Of a recording that has ended."""
        return cls(
            **{name: getattr(manifest, name) for name in cls.model_fields} | {"tracks": list(manifest.tracks)}
        )

    def manifest(self, recording_id: str) -> Manifest:
        """The manifest of a recording with this id."""
        values = self.model_dump() | {"tracks": tuple(self.tracks)}
        return Manifest(recording_id, closed=True, **values)


@dataclass(frozen=True, slots=True)
class Head:
    """What is said before a file."""

    name: str
    size: int


def pack(manifest: Manifest, find: Find) -> Generator[bytes, None, None]:
    """The stream; `find` gives where a file lies and may block. What has no track with media has only an end.

    Raises OSError for files that are missing, EOFError for those that are shorter than their index says.
    """
    carried = tuple(track for track in manifest.tracks if _has_media(find(f"{track}/{INDEX_NAME}")))
    manifest = replace(manifest, tracks=carried)
    facts = MediaFacts.of(manifest).model_dump_json().encode()
    yield _head(MANIFEST_NAME, len(facts)) + facts
    for track in manifest.tracks:
        lines, _ = read_lines(find(f"{track}/{INDEX_NAME}").read_bytes())
        lines = without_replaced(lines)  # which servers of before refuse
        encoded = b"".join(encode_line(line) for line in lines)
        yield _head(f"{track}/{INDEX_NAME}", len(encoded)) + encoded
        for name, size in files_of(TrackIndex.of(lines)):
            yield _head(f"{track}/{name}", size)
            yield from _file(find(f"{track}/{name}"), size)
    yield _END


def files_of(index: TrackIndex) -> Iterator[tuple[str, int]]:
    """What a track's index names, with sizes: first the initialization sections."""
    yield from ((one.uri, one.size) for one in index.maps)
    yield from ((segment_name(one.msn), one.size) for one in index.written if not one.gap)


def _has_media(index: Path) -> bool:
    """Whether a track has anything but gaps: others are not carried, as there is nothing to play in them."""
    return b'"gap":false' in index.read_bytes()


def _head(name: str, size: int) -> bytes:
    return json.dumps({"name": name, "size": size}, separators=(",", ":")).encode() + b"\n"


def _file(path: Path, size: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        while size:
            piece = file.read(min(PIECE_BYTES, size))
            if not piece:
                raise EOFError(f"{path.name} is shorter than its index says")
            size -= len(piece)
            yield piece


class StreamReader:
    """Takes the stream apart, in no more memory than a piece takes. Raises ValueError with what is wrong."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)
        self._rest = b""
        self._left = 0

    def head(self) -> Head | None:
        """What comes next; None: nothing more, to the end of the stream. The file before has been read."""
        if self._left:
            raise ValueError("a file was not read to its end")
        line = self._line()
        try:
            said = json.loads(line)
        except (ValueError, RecursionError):
            raise ValueError("the line before a file is no JSON") from None
        if said == {}:
            if self._rest or next(self._pieces, b""):
                raise ValueError("something follows its end")
            return None
        match said:
            case {"name": str(name), "size": int(size), **more} if (
                not more and type(size) is int and size >= 0
            ):
                self._left = size
                return Head(name, size)
        raise ValueError("the line before a file does not say its name and size")

    def data(self) -> Iterator[bytes]:
        """The bytes of the file whose head came last."""
        while self._left:
            piece = self._rest or self._next()
            self._rest = piece[self._left :]
            piece = piece[: self._left]
            self._left -= len(piece)
            yield piece

    def _line(self) -> bytes:
        found = self._rest
        while b"\n" not in found[:MAX_HEAD_BYTES]:
            if len(found) >= MAX_HEAD_BYTES:
                raise ValueError("the line before a file is too long")
            found += self._next()
        line, _, self._rest = found.partition(b"\n")
        return line

    def _next(self) -> bytes:
        for piece in self._pieces:
            if piece:
                return piece
        raise ValueError("it ends within a file")
