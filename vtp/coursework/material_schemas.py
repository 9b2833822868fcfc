"""What crosses the wire about files and materials."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field

from vtp.courses.outline_schemas import Id, Published, ReleaseAt, Text
from vtp.coursework.file_store import FileStorage, StoredFile
from vtp.coursework.material_store import Material
from vtp.http.pagination import Page, PageQuery
from vtp.http.text import Name

LessonId = Annotated[
    str | None,
    Field(max_length=64, description="The lesson that it belongs to; students see it once that is released."),
]


class FileName(BaseModel):
    """What an uploaded file is called."""

    name: Annotated[
        str,
        Field(
            min_length=1,
            max_length=255,
            description="Without folders; what it ends with says what must be in it.",
        ),
    ]


class FileReply(BaseModel):
    """A file: `GET /api/v1/courses/{course_id}/files/{id}` gives it."""

    id: str
    name: str
    media_type: str
    size_bytes: int
    sha256: Annotated[str, Field(description="Of its bytes, hexadecimal.")]
    version: Annotated[int, Field(description="Of a material, from 1; 0 for other files.")]
    uploaded_by: str | None
    created_at: datetime
    storage: Annotated[
        FileStorage,
        Field(
            description="`stored`: in the object store. `local`: on the server's disk, where it stays "
            "without an object store, and waits where there is one."
        ),
    ]

    @classmethod
    def of(cls, file: StoredFile) -> Self:
        """Describes a file."""
        return cls(**{name: getattr(file, name) for name in cls.model_fields})


class FileLink(BaseModel):
    """An address that a file is fetched from without signing in, for a few minutes."""

    url: Annotated[str, Field(description="A path of this server.")]
    expires_at: datetime


class LinkQuery(BaseModel):
    """What opens a link."""

    grant: Annotated[str, Field(min_length=1, max_length=512)]


class FilePage(Page[FileReply]):
    """One page of files."""


class CreateMaterial(BaseModel):
    """A new material, whose file is sent next."""

    model_config = ConfigDict(extra="forbid")

    title: Name
    description: Text = ""
    lesson_id: LessonId = None
    published: Published = True
    release_at: ReleaseAt = None


class ChangeMaterial(BaseModel):
    """What is to be different; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    title: Name | None = None
    description: Text | None = None
    lesson_id: LessonId = None
    published: Published | None = None
    release_at: ReleaseAt = None


class MaterialReply(BaseModel):
    """A material of a course."""

    id: str
    course_id: str
    lesson_id: str | None
    title: str
    description: str
    published: bool
    release_at: datetime | None
    versions: Annotated[int, Field(description="Uploaded so far, deleted ones among them.")]
    file: Annotated[FileReply | None, Field(description="The newest version; null before the first.")]
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, material: Material) -> Self:
        """Describes a material."""
        own = {name: getattr(material, name) for name in cls.model_fields if name != "file"}
        return cls(**own, file=FileReply.of(material.file) if material.file else None)


class MaterialPage(Page[MaterialReply]):
    """One page of materials, newest first."""


class MaterialQuery(PageQuery):
    """Which materials to list."""

    lesson_id: Annotated[Id, Field(description="Those of one lesson.")] = ""
