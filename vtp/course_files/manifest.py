"""What a file of a course says of itself. Docs/decisions/0103 has the format; no I/O.

The file is a ZIP archive:

contents/<kind>.jsonl   one line of JSON for each thing of that kind, as its `Packed` model
                        (kinds without things may have no part; `attendance` in format 3 and later)
files/<label>           the bytes of a file that a material has
recordings/<label>      the media of a recording, `vtp.recording.carried_stream`; format 2 and later
manifest.json           what is here: format, course, and of each part its size and SHA-256; written last
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from vtp.courses.schemas import CreateCourse

FORMAT: Final = 3
"""Counted up when a reader of before could not read what is written. Every format so far is read."""
PLAIN_FORMAT: Final = 1
"""A file is of the first format that has all that is in it: older servers read what they know."""
RECORDINGS_FORMAT: Final = 2
"""The first that may have recordings."""
MANIFEST: Final = "manifest.json"
MAX_MANIFEST_BYTES: Final = 16 << 20
MAX_CONTENTS_BYTES: Final = 256 << 20
"""Of all `contents/`: they are put into a course in one transaction, which others wait for."""
MAX_PARTS: Final = 50_000
MAX_VALUES: Final = 5 * MAX_PARTS + 10_000
"""Of a manifest: three of each part and itself, each file that is missing, and the course."""
MEDIA_TYPE: Final = "application/zip"
_NAME: Final = r"^(contents/[a-z]{1,32}\.jsonl|(files|recordings)/[a-z0-9-]{1,64})$"


class PackedCourse(CreateCourse):
    """The course itself, without whose it is and how it stood: an imported one is a draft."""

    model_config = ConfigDict(extra="forbid")

    instructor_id: None = None
    status: Literal["draft"] = "draft"


class PartFacts(BaseModel):
    """One part of the archive."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(pattern=_NAME)]
    size: Annotated[int, Field(ge=0, le=1 << 50)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Manifest(BaseModel):
    """The whole of it."""

    model_config = ConfigDict(extra="forbid")

    kind: Literal["vtp-course"] = "vtp-course"
    format: Annotated[int, Field(ge=1, le=FORMAT)] = PLAIN_FORMAT
    made_by: Annotated[str, Field(max_length=100, description="The version of vtp.")]
    made_at: datetime
    course: PackedCourse
    parts: Annotated[list[PartFacts], Field(max_length=MAX_PARTS)]
    missing: Annotated[
        list[Annotated[str, Field(pattern=r"^[a-z0-9-]{1,64}$")]],
        Field(max_length=MAX_PARTS, description="Files whose bytes the other server had lost."),
    ] = []

    @property
    def file_bytes(self) -> int:
        """What the files take."""
        return sum(part.size for part in self.parts if part.name.startswith("files/"))

    @property
    def recording_bytes(self) -> int:
        """What the media of recordings take."""
        return sum(part.size for part in self.parts if part.name.startswith("recordings/"))

    @property
    def contents_bytes(self) -> int:
        """What all else takes, unpacked."""
        return sum(part.size for part in self.parts if part.name.startswith("contents/"))


def media_name(label: str) -> str:
    """Where the media of a recording are."""
    return f"recordings/{label}"


def contents_name(kind: str) -> str:
    """Where the things of a kind are."""
    return f"contents/{kind}.jsonl"


def file_name(label: str) -> str:
    """Where the bytes of a file are."""
    return f"files/{label}"
