"""What crosses the wire about files of courses, beside the files."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self

from pydantic import BaseModel, Field

from vtp.course_files.importing import Imported


class ImportCourseQuery(BaseModel):
    """How to take a file in."""

    dry_run: Annotated[bool, Field(description="Only say what would become of it; nothing is kept.")] = False


class ExportCourseQuery(BaseModel):
    """What is taken away."""

    recordings: Annotated[
        bool, Field(description="With what was recorded in its lessons and filed in it, which may be large.")
    ] = False


class LinkedExportQuery(ExportCourseQuery):
    """What a link says."""

    grant: Annotated[str, Field(max_length=512)]


class ExportLink(BaseModel):
    """Where the file of a course is fetched without signing in; good for five minutes to begin that."""

    url: str
    expires_at: datetime


class ImportedReply(BaseModel):
    """What became of a file."""

    id: Annotated[str | None, Field(description="Of the new course, a draft of the caller's; null: dry run.")]
    dry_run: bool
    code: str
    name: str
    semester: str
    year: int
    made_by: Annotated[str, Field(description="The version of vtp that wrote the file.")]
    carried: Annotated[dict[str, int], Field(description="By kind how much is in it.")]
    missing_files: Annotated[
        int, Field(description="Versions of materials, and recordings, that the other server had lost.")
    ]
    recording_bytes: Annotated[int, Field(description="What the recordings in it take.")]

    @classmethod
    def of(cls, imported: Imported) -> Self:
        """Describes what became of a file."""
        own = ("code", "name", "semester", "year")
        return cls(
            id=imported.course.id if imported.kept else None,
            dry_run=not imported.kept,
            made_by=imported.made_by,
            carried=dict(imported.carried),
            missing_files=imported.missing,
            recording_bytes=imported.recording_bytes,
            **{name: getattr(imported.course, name) for name in own},
        )
