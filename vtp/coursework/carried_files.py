"""Files of courses that go to other courses: their bytes lie there first, and something holds them then.

A row says before that they arrive, so what a killed process leaves is found, as of uploads.
"""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Sequence
from dataclasses import replace

from vtp.accounts.service import Clock, utc_now
from vtp.coursework.file_store import ARRIVING, add_file, key_of, newest_files
from vtp.coursework.files import FILES_FULL, CourseFiles
from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.errors import Unavailable
from vtp.ids import new_id
from vtp.recording.disk import DISK_FULL
from vtp.storage import Store


class FilesToCarry:
    """See `vtp.courses.contents.CarriedFiles`."""

    def __init__(
        self, database: Database, store: Store, files: CourseFiles, *, clock: Clock = utc_now
    ) -> None:
        self._database = database
        self._store = store
        self._files = files
        self._clock = clock

    async def link(self, course_id: str, by: str) -> dict[str, str]:
        """Has the newest file of each material lie there once more, without taking space where the file
        system can do that. A file that is deleted meanwhile is missing. Raises Unavailable.
        """
        made = await self._announce(course_id, by)
        try:
            lost = [old for old, new in made.items() if not await self._link(old, new)]
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
        return made

    async def discard(self, ids: Sequence[str]) -> None:
        """Deletes files that nothing holds."""
        if ids:
            await self._files.remove(ids)

    async def _link(self, old: str, new: str) -> bool:
        return await self._store.link(key_of(old), key_of(new))

    @done_over
    async def _announce(self, course_id: str, by: str) -> dict[str, str]:
        """Says that copies arrive; gives their ids by those of the files."""
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
        return made
