"""Materials and assignments as they are put into other courses: without groups, submissions and grades."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Final

from pydantic import Field
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.courses.contents import ContentKind, Label, Packed, Source, Target
from vtp.coursework.assignment_news import is_told_later
from vtp.coursework.assignment_schemas import CreateAssignment
from vtp.coursework.assignment_store import Assignment, add_assignment, page_of_assignments
from vtp.coursework.assignments import MAX_ASSIGNMENTS, check_assignment
from vtp.coursework.file_store import hold_file
from vtp.coursework.material_schemas import CreateMaterial, FileName
from vtp.coursework.material_store import MAX_MATERIALS, Material, add_material, materials_of
from vtp.errors import FieldError, Gone, Invalid

LESSONS: Final = "lessons"
FILES: Final = "files"
MAX_VERSION: Final = 1_000_000
_AT_ONCE: Final = 100


class PackedFile(FileName):
    """A version of a material; `id` is the label of its bytes."""

    id: Label
    version: Annotated[int, Field(ge=1, le=MAX_VERSION)]


class PackedMaterial(CreateMaterial, Packed):
    """A material; `lesson_id` is a label. `versions`: the number of the last one."""

    versions: Annotated[int, Field(ge=0, le=MAX_VERSION)]
    files: Annotated[list[PackedFile], Field(max_length=10_000)]


class PackedAssignment(CreateAssignment, Packed):
    """An assignment; `lesson_id` is a label."""


@dataclass(frozen=True, slots=True)
class _Held:
    """A material, and the files that it is to hold: what each is called there, and its version."""

    material: Material
    files: Sequence[tuple[str, int]]


class MaterialContents(ContentKind[PackedMaterial]):
    """Materials, whose files have arrived before; a copy has the newest of each, as its first version."""

    name: ClassVar[str] = "materials"
    model: ClassVar[type[PackedMaterial]] = PackedMaterial
    most: ClassVar[int] = MAX_MATERIALS

    async def pages(self, tx: AsyncConnection, source: Source) -> AsyncIterator[Sequence[PackedMaterial]]:
        """The oldest first."""
        after = ""
        while found := await materials_of(tx, source.course_id, after=after, limit=_AT_ONCE):
            yield [
                PackedMaterial(
                    id=source.label(self.name, one.id),
                    title=one.title,
                    description=one.description,
                    lesson_id=source.named(LESSONS, one.lesson_id),
                    published=one.published,
                    release_at=one.release_at,
                    versions=one.versions if source.whole else min(1, len(files)),
                    files=[
                        PackedFile(
                            id=source.label(FILES, file.id),
                            name=file.name,
                            version=file.version if source.whole else 1,
                        )
                        for file in (files if source.whole else files[-1:])
                    ],
                )
                for one, files in found
            ]
            after = found[-1][0].id

    def files(self, item: PackedMaterial) -> Sequence[tuple[str, str]]:
        """Its versions."""
        return [(one.id, one.name) for one in item.files]

    def without(self, item: PackedMaterial, lost: Collection[str]) -> PackedMaterial:
        """Without versions that were lost."""
        return item.model_copy(update={"files": [one for one in item.files if one.id not in lost]})

    def row(self, target: Target, item: PackedMaterial) -> _Held:
        """A material of the course."""
        numbers = [one.version for one in item.files]
        if len(set(numbers)) < len(numbers) or max(numbers, default=0) > item.versions:
            wrong = FieldError("/files", "has a version twice, or one beyond versions")
            raise Invalid("The versions contradict each other.", errors=[wrong])
        material = Material(
            id=target.take(self.name, item.id),
            course_id=target.course.id,
            lesson_id=target.named(LESSONS, item.lesson_id, "/lesson_id"),
            title=item.title,
            description=item.description,
            published=target.dates.published(item.published, item.release_at),
            release_at=target.dates.of(item.release_at),
            versions=item.versions,
            created_by=target.by,
            created_at=target.now,
            updated_at=target.now,
            to_tell=bool(item.files),
        )
        files = [(target.file(one.id, f"/files/{one.id}"), one.version) for one in item.files]
        return _Held(material, files)

    async def write(self, tx: AsyncConnection, target: Target, rows: Sequence[_Held]) -> None:
        """One after the other, with their files."""
        for held in rows:
            await add_material(tx, held.material)
            for file_id, version in held.files:
                if not await hold_file(
                    tx, file_id, target.course.id, ("material_id", held.material.id), version
                ):
                    raise Gone("This took too long: try again.", code="upload_lost")


class AssignmentContents(ContentKind[PackedAssignment]):
    """Assignments with their rubrics and what becomes of what is late."""

    name: ClassVar[str] = "assignments"
    model: ClassVar[type[PackedAssignment]] = PackedAssignment
    most: ClassVar[int] = MAX_ASSIGNMENTS

    async def pages(self, tx: AsyncConnection, source: Source) -> AsyncIterator[Sequence[PackedAssignment]]:
        """All at once, the oldest first."""
        own = set(CreateAssignment.model_fields) - {"lesson_id"}
        found = await page_of_assignments(tx, source.course_id, None, limit=MAX_ASSIGNMENTS, before=None)
        yield [
            PackedAssignment(
                id=source.label(self.name, one.id),
                lesson_id=source.named(LESSONS, one.lesson_id),
                **{name: getattr(one, name) for name in own},
            )
            for one in reversed(found)
        ]

    def row(self, target: Target, item: PackedAssignment) -> Assignment:
        """An assignment of the course."""
        values = item.model_dump(exclude={"id", "points"})
        made = Assignment(
            **values
            | {
                "id": target.take(self.name, item.id),
                "lesson_id": target.named(LESSONS, item.lesson_id, "/lesson_id"),
            },
            course_id=target.course.id,
            centipoints=round(item.points * 100),
            created_by=target.by,
            created_at=target.now,
            updated_at=target.now,
        )
        check_assignment(made)
        dates = target.dates
        put = replace(
            made,
            published=dates.published(item.published, item.release_at),
            release_at=dates.of(item.release_at),
            due_at=dates.of(item.due_at),
            late_until=dates.of(item.late_until),
        )
        return replace(put, to_tell=is_told_later(put, target.now))

    async def write(self, tx: AsyncConnection, target: Target, rows: Sequence[Assignment]) -> None:
        """One after the other."""
        for one in rows:
            await add_assignment(tx, one)
