"""Files of courses that go to other courses: their bytes lie there first, and something holds them then.

A row says before that they arrive, so what a killed process leaves is found, as of uploads.
"""

from __future__ import annotations

import asyncio
import errno
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Generator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.service import Clock, utc_now
from vtp.courses.contents import Incoming
from vtp.coursework.file_store import (
    ARRIVING,
    StoredFile,
    add_file,
    add_files,
    files_among,
    find_file,
    key_of,
    newest_files,
    note_sending,
    note_stored,
)
from vtp.coursework.file_types import check_name, type_of
from vtp.coursework.files import FILES_FULL, CourseFiles, file_arriving
from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.errors import Conflict, Gone, TooLarge, Unavailable
from vtp.ids import new_id
from vtp.recording.disk import DISK_FULL, Disk
from vtp.recording.quota import QUOTA_EXCEEDED, in_words
from vtp.settings import CourseworkSettings

_AT_ONCE: Final = 200
Find = Callable[[AsyncConnection], Awaitable[Sequence[StoredFile]]]


class FilesToCarry:
    """See `vtp.courses.contents.CarriedFiles`."""

    def __init__(
        self,
        database: Database,
        files: CourseFiles,
        settings: CourseworkSettings,
        disk: Disk,
        *,
        clock: Clock = utc_now,
    ) -> None:
        self._settings = settings
        self._disk = disk
        self._database = database
        self._lies = files.lies
        self._files = files
        self._clock = clock

    async def link(self, course_id: str, by: str) -> tuple[dict[str, str], dict[str, str]]:
        """Has the newest file of each material lie there once more, whatever happens to the machine, without
        taking space where the file system can do that. Gives the new ids by the old ones, and the names of
        those whose bytes are not there. Raises Unavailable.
        """
        made = await self._repeat(by, lambda tx: newest_files(tx, course_id))
        copies = {old.id: new for old, new in made if new is not None}
        return copies, {old.id: old.name for old, new in made if new is None}

    async def repeat(self, files: Sequence[StoredFile], by: str) -> list[str | None]:
        """The same of these, in their order; None where the bytes are not there. Raises Unavailable."""

        async def find(tx: AsyncConnection) -> Sequence[StoredFile]:
            return files

        return [new for _, new in await self._repeat(by, find)] if files else []

    async def _repeat(self, by: str, find: Find) -> list[tuple[StoredFile, str | None]]:
        made = await self._announce(by, find)
        try:
            there = [await self._link(old, new) for old, new in made]
            here = [key_of(new) for _, new in made if self._lies.path(new) is not None]
            await asyncio.to_thread(self._lies.store.sync, *here)
        except BaseException as error:
            await asyncio.shield(self.discard([new for _, new in made]))
            if isinstance(error, OSError) and error.errno == errno.ENOSPC:
                raise Unavailable(FILES_FULL, retry_after_s=60, code=DISK_FULL) from error
            if isinstance(error, OSError):
                raise Unavailable(
                    "The store cannot be written to: try again.", code="storage_away"
                ) from error
            raise
        found = list(zip(made, there, strict=True))
        await self.discard([new for (_, new), is_there in found if not is_there])
        return [(old, new if is_there else None) for (old, new), is_there in found]

    async def open(self, file_id: str) -> Callable[[], Generator[bytes, None, None]] | None:
        """The bytes of a file, read by threads; None: they are lost. Raises Unavailable."""
        async with self._database.read() as tx:
            file = await find_file(tx, file_id)
        if file is None:
            return None
        try:
            await self._lies.open(file)
            path = await self._lies.sound_path(file)
        except Gone:
            return None
        return self._lies.pieces(file, stored=path is None and self._lies.remote is not None)

    async def reach(self, ids: Collection[str]) -> None:
        """Whether the object store answers, if something lies in it alone. Raises Unavailable."""
        if self._lies.remote is None:
            return
        wanted = sorted(ids)
        for start in range(0, len(wanted), _AT_ONCE):
            async with self._database.read() as tx:
                found = await files_among(tx, wanted[start : start + _AT_ONCE])
            away = next((one for one in found if self._lies.whole_path(one) is None), None)
            if away is not None:
                with suppress(Gone):
                    await self._lies.open(away)
                return

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
            await add_file(tx, file_arriving(file_id, name, by, self._clock(), self._lies.here))

    async def discard(self, ids: Sequence[str]) -> None:
        """Deletes files that nothing holds; those that are kept after all stay."""
        if ids:
            await self._files.give_up(ids)

    async def _link(self, old: StoredFile, new: str) -> bool:
        """Where its bytes are: here, or by the object store itself. False: nowhere."""
        sound = await self._lies.sound_path(old) is not None
        if sound and await self._lies.store.link(old.key, key_of(new)):
            return True
        try:
            await self._lies.open(old)
        except Gone:
            return False
        if self._lies.remote is None:  # it was here a moment ago
            return False
        await self._note_sending(new)
        if not await self._lies.copy(old, new):
            return False
        await self._note_stored(new)
        return True

    @done_over
    async def _note_sending(self, file_id: str) -> None:
        assert self._lies.remote is not None
        async with self._database.transaction() as tx:
            await note_sending(tx, file_id, self._lies.remote.url)

    @done_over
    async def _note_stored(self, file_id: str) -> None:
        assert self._lies.remote is not None
        async with self._database.transaction() as tx:
            await note_stored(tx, file_id, self._lies.remote.url, self._clock(), None)

    @done_over
    async def _announce(self, by: str, find: Find) -> list[tuple[StoredFile, str]]:
        """Says that copies arrive; gives the files, and the ids of their copies."""
        now = self._clock()
        async with self._database.transaction() as tx:
            made = [(one, new_id()) for one in await find(tx)]
            copies = [
                replace(
                    one,
                    id=copy_id,
                    course_id=None,
                    uploaded_by=by,
                    material_id=None,
                    submission_id=None,
                    grade_id=None,
                    version=0,
                    state=ARRIVING,
                    created_at=now,
                    instance_id=self._lies.here,
                    stored_url=None,
                    stored_at=None,
                )
                for one, copy_id in made
            ]
            await add_files(tx, copies)
        return made


async def _pieces_of(file: Incoming) -> AsyncIterator[bytes]:
    with closing(file.pieces()) as pieces:
        while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
            yield piece
