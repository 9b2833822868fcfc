"""Materials: files that a course's staff give out, version after version; students see what is released."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.audit import AuditLog, Event, Origin
from vtp.accounts.permissions import Action
from vtp.accounts.service import Clock, account_of, utc_now
from vtp.courses.door import Entered, enter, enter_to_change
from vtp.courses.items import CourseItems
from vtp.courses.news import Whom, people_in
from vtp.courses.outline import not_released, seen_at
from vtp.courses.outline_store import find_lesson
from vtp.courses.roles import OPEN_TO_STUDENTS
from vtp.coursework.file_store import StoredFile, find_file, let_go, page_of_versions
from vtp.coursework.files import CourseFiles, Place, Upload
from vtp.coursework.material_news import news_of_version
from vtp.coursework.material_schemas import CreateMaterial
from vtp.coursework.material_store import (
    MAX_MATERIALS,
    Material,
    MaterialFilter,
    add_material,
    change_material,
    count_materials,
    find_material,
    page_of_materials,
    remove_material,
)
from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.errors import Conflict, FieldError, Forbidden, Invalid, NotFound
from vtp.http.identity import Principal
from vtp.ids import new_id, parse_id
from vtp.notifications.notifier import Notifier
from vtp.tasks import Tasks


class Materials(CourseItems[Material]):
    """See `CourseItems`."""

    noun: ClassVar[str] = "material"
    nullable: ClassVar[frozenset[str]] = frozenset({"lesson_id", "release_at"})

    def __init__(
        self,
        database: Database,
        audit: AuditLog,
        files: CourseFiles,
        most_bytes: int,
        tasks: Tasks,
        notifier: Notifier,
        *,
        clock: Clock = utc_now,
    ) -> None:
        super().__init__(database, audit, clock=clock)
        self._files = files
        self._most_bytes = most_bytes
        self._tasks = tasks
        self._notifier = notifier

    async def page(
        self, principal: Principal, course_id: str, lesson_id: str, *, limit: int, before: str | None
    ) -> list[Material]:
        """Those that the caller may see, newest first."""
        lesson = parse_id(lesson_id, "/query/lesson_id") if lesson_id else ""
        async with self._database.read() as tx:
            inside = await enter(tx, principal, course_id, Action.COURSE_VIEW)
            wanted = MaterialFilter(lesson, seen_at(inside, self._clock()))
            return await page_of_materials(tx, inside.course.id, wanted, limit=limit, before=before)

    async def add_version(
        self, principal: Principal, course_id: str, material_id: str, upload: Upload, origin: Origin
    ) -> StoredFile:
        """Takes in a file that is the material from now on. Raises what `CourseFiles.receive` does."""

        async def admit(tx: AsyncConnection) -> Place:
            inside = await enter_to_change(tx, principal, course_id, Action.COURSE_TEACH)
            found = await self.find(tx, inside, material_id)
            return Place(inside.course.id, account_of(principal), ("material_id", found.id))

        async def settle(tx: AsyncConnection) -> int:
            inside = await enter_to_change(tx, principal, course_id, Action.COURSE_TEACH)
            found, now = await self.find(tx, inside, material_id), self._clock()
            version, seen = found.versions + 1, await self._is_seen(tx, inside, found.id)
            await change_material(tx, found.id, versions=version, updated_at=now, to_tell=not seen)
            await self._note(tx, inside, found, "uploaded", upload.name, origin)
            await self._tell(tx, inside, found, version, seen=seen)
            return version

        return await self._files.receive(upload, self._most_bytes, admit, settle)

    async def versions(
        self, principal: Principal, course_id: str, material_id: str, *, limit: int, before: int | None
    ) -> list[StoredFile]:
        """The versions of a material, newest first: for its staff all of them, for students that one."""
        async with self._database.read() as tx:
            inside = await enter(tx, principal, course_id, Action.COURSE_VIEW)
            found = await self.find(tx, inside, material_id)
            await self._check_seen(tx, inside, found)
            if not inside.may(Action.COURSE_TEACH):
                return [found.file] if found.file and before is None else []
            return await page_of_versions(tx, found.id, limit=limit, before=before)

    @done_over
    async def remove_version(
        self, principal: Principal, course_id: str, material_id: str, file_id: str, origin: Origin
    ) -> None:
        """Deletes one version; the newest of the others is the material then."""
        async with self._database.transaction() as tx:
            inside = await enter_to_change(tx, principal, course_id, Action.COURSE_TEACH)
            found = await self.find(tx, inside, material_id)
            file = await find_file(tx, parse_id(file_id, "/path/file_id"))
            if file is None or file.material_id != found.id:
                raise NotFound("This material has no such version.", code="no_such_file")
            await let_go(tx, [file.id])
            left = await self.find(tx, inside, found.id)
            to_tell = left.to_tell and left.file is not None
            await change_material(tx, found.id, updated_at=self._clock(), to_tell=to_tell)
            await self._note(tx, inside, found, "deleted a version", file.name, origin)
            self._files.remove_after(tx, [file.id], self._tasks)

    async def check_file(self, tx: AsyncConnection, inside: Entered, file: StoredFile) -> None:
        """Whether the caller may have a file of a material. Raises Forbidden."""
        if inside.may(Action.COURSE_TEACH) or file.material_id is None:
            return
        found = await find_material(tx, inside.course.id, file.material_id, self._clock())
        if found is None:
            raise not_released()
        if found.file is None or found.file.id != file.id:
            raise Forbidden("There is a newer version of this file.", code="not_the_newest")

    async def _make(self, tx: AsyncConnection, inside: Entered, wish: CreateMaterial) -> Material:
        if await count_materials(tx, inside.course.id) >= MAX_MATERIALS:
            raise Conflict(f"A course has at most {MAX_MATERIALS} materials.", code="too_many_materials")
        now, values = self._clock(), wish.model_dump()
        values["lesson_id"] = await lesson_id_in(tx, inside, wish.lesson_id)
        made = Material(
            id=new_id(),
            course_id=inside.course.id,
            versions=0,
            created_by=account_of(inside.principal),
            created_at=now,
            updated_at=now,
            **values,
        )
        await add_material(tx, made)
        return made

    async def _row(self, tx: AsyncConnection, course_id: str, item_id: str) -> Material | None:
        return await find_material(tx, course_id, item_id)

    async def _check_seen(self, tx: AsyncConnection, inside: Entered, item: Material) -> None:
        now = seen_at(inside, self._clock())
        if now is not None and await find_material(tx, inside.course.id, item.id, now) is None:
            raise not_released()

    async def _changes(
        self, tx: AsyncConnection, inside: Entered, item: Material, wanted: dict[str, Any]
    ) -> dict[str, Any]:
        if "lesson_id" in wanted:
            wanted = {**wanted, "lesson_id": await lesson_id_in(tx, inside, wanted["lesson_id"])}
        return wanted

    async def _write(
        self,
        tx: AsyncConnection,
        inside: Entered,
        item: Material,
        changed: Material,
        values: dict[str, Any],
    ) -> None:
        await change_material(tx, item.id, **values)

    async def _remove(self, tx: AsyncConnection, inside: Entered, item: Material) -> None:
        self._files.remove_after(tx, await remove_material(tx, item.id), self._tasks)
        await self._notifier.take_back(tx, item.id)

    async def _is_seen(self, tx: AsyncConnection, inside: Entered, material_id: str) -> bool:
        """Whether students see it now."""
        course = inside.course
        return course.status in OPEN_TO_STUDENTS and (
            await find_material(tx, course.id, material_id, self._clock()) is not None
        )

    async def _tell(
        self, tx: AsyncConnection, inside: Entered, found: Material, version: int, *, seen: bool
    ) -> None:
        """Those who see a new version, but for who has put it there; others once they see it."""
        course, uploader = inside.course, [inside.principal.user_id]
        news, whom = news_of_version(course, found, version), Whom.EVERYBODY
        if not seen:
            news, whom = replace(news, once=None), Whom.STAFF
        await self._notifier.tell(tx, news, people_in(course.id, course.instructor_id, whom, uploader))

    async def _note(
        self, tx: AsyncConnection, inside: Entered, found: Material, did: str, name: str, origin: Origin
    ) -> None:
        await self._audit.record(
            tx,
            Event.COURSE_CHANGED,
            origin,
            actor_id=inside.principal.user_id,
            subject=f"course:{inside.course.id}",
            details={"did": did, "material": found.id, "name": name},
        )


async def lesson_id_in(tx: AsyncConnection, inside: Entered, lesson_id: str | None) -> str | None:
    """The lesson that something is to belong to, which is one of the course's. Raises Invalid."""
    if lesson_id is None:
        return None
    wanted = parse_id(lesson_id, "/lesson_id")
    if await find_lesson(tx, inside.course.id, wanted) is None:
        raise Invalid(
            "The course has no such lesson.",
            code="no_such_lesson",
            errors=[FieldError("/lesson_id", "is no lesson of this course")],
        )
    return wanted
