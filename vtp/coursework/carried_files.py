"""Files of courses that go to other courses: their bytes lie there first, and something holds them then.

A row says before that they arrive, so what a killed process leaves is found, as of uploads.
"""

from __future__ import annotations

import asyncio
import errno
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.service import Clock, utc_now
from vtp.courses.contents import Incoming
from vtp.coursework.file_store import ARRIVING, add_file, key_of, newest_files
from vtp.coursework.file_types import check_name, type_of
from vtp.coursework.files import FILES_FULL, CourseFiles, file_arriving
from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.errors import Conflict, TooLarge, Unavailable
from vtp.ids import new_id
from vtp.recording.disk import DISK_FULL, Disk
from vtp.recording.quota import QUOTA_EXCEEDED, in_words
from vtp.settings import CourseworkSettings
from vtp.storage import Store


class FilesToCarry:
    """See `vtp.courses.contents.CarriedFiles`."""

    def __init__(
        self,
        database: Database,
        store: Store,
        files: CourseFiles,
        settings: CourseworkSettings,
        disk: Disk,
        *,
        clock: Clock = utc_now,
    ) -> None:
        self._settings = settings
        self._disk = disk
        self._database = database
        self._store = store
        self._files = files
        self._clock = clock

    async def link(self, course_id: str, by: str) -> tuple[dict[str, str], dict[str, str]]:
        """Has the newest file of each material lie there once more, without taking space where the file
        system can do that. Gives the new ids by the old ones, and the names of those whose bytes are not
        there. Raises Unavailable.
        """
        made, names = await self._announce(course_id, by)
        try:
            lost = {old: names[old] for old, new in made.items() if not await self._link(old, new)}
        except BaseException as error:
            await asyncio.shield(self.discard(list(made.values())))
            if isinstance(error, OSError) and error.errno == errno.ENOSPC:
                raise Unavailable(FILES_FULL, retry_after_s=60, code=DISK_FULL) from error
            if isinstance(error, OSError):
                raise Unavailable(
                    "The store cannot be written to: try again.", code="storage_away"
                ) from error
            raise
        await self.discard([made.pop(old) for old in lost])
        return made, lost

    def path(self, file_id: str) -> Path | None:
        """Where the bytes of a file lie; None: they are lost."""
        path = self._store.path(key_of(file_id))
        return path if path.is_file() else None

    def check(self, files: Collection[tuple[str, int]]) -> None:
        """Whether files of these names and sizes are taken into one course. Raises Invalid, TooLarge,
        Conflict beyond the quota of a course."""
        for name, size in files:
            type_of(check_name(name), self._settings.file_types)
            if size > self._settings.max_material_bytes:
                most = in_words(self._settings.max_material_bytes)
                raise TooLarge(f"{name} is larger than the {most} that a file of a course may have.")
        total, allowed = sum(size for _, size in files), self._settings.quota_per_course_bytes
        if allowed and total > allowed:
            raise Conflict(
                f"The files of this course take {in_words(total)}, of the {in_words(allowed)} that they may.",
                code=QUOTA_EXCEEDED,
            )

    async def take(self, file: Incoming, by: str, *, keep: bool) -> str:
        """Takes bytes in, or looks at them alone; gives the id of a file that nothing holds yet. Raises
        Invalid for what is in it, Unavailable for a full disk."""
        return await self._files.take_in(file.name, by, _pieces_of(file), keep=keep)

    async def announce(self, tx: AsyncConnection, files: Mapping[str, str], by: str) -> None:
        """Adds rows for files that were looked at alone: names by their ids."""
        for file_id, name in files.items():
            await add_file(tx, file_arriving(file_id, name, by, self._clock()))

    async def discard(self, ids: Sequence[str]) -> None:
        """Deletes files that nothing holds; those that are kept after all stay."""
        if ids:
            await self._files.give_up(ids)

    async def _link(self, old: str, new: str) -> bool:
        return await self._store.link(key_of(old), key_of(new))

    @done_over
    async def _announce(self, course_id: str, by: str) -> tuple[dict[str, str], dict[str, str]]:
        """Says that copies arrive; gives their ids, and names, by the ids of the files."""
        now = self._clock()
        async with self._database.transaction() as tx:
            found = await newest_files(tx, course_id)
            made = {one.id: new_id() for one in found}
            for one in found:
                copy = replace(
                    one,
                    id=made[one.id],
                    course_id=None,
                    uploaded_by=by,
                    material_id=None,
                    version=0,
                    state=ARRIVING,
                    created_at=now,
                )
                await add_file(tx, copy)
        return made, {one.id: one.name for one in found}


async def _pieces_of(file: Incoming) -> AsyncIterator[bytes]:
    with closing(file.pieces()) as pieces:
        while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
            yield piece
