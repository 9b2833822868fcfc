"""Files of courses, given to who may have them, as what hold them say."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.permissions import Action
from vtp.accounts.service import account_of
from vtp.accounts.users import find_user
from vtp.courses.door import Entered, enter
from vtp.coursework.file_bytes import OpenFile
from vtp.coursework.file_store import StoredFile, find_file
from vtp.coursework.files import CourseFiles
from vtp.db import Database
from vtp.errors import Forbidden, NotFound
from vtp.http.identity import Principal
from vtp.ids import parse_id
from vtp.recording.grants import Grants, Scope
from vtp.recording.holders import person_of

LINK_S: Final = 300
"""Seconds that a link is good for, to begin a download."""

CheckFile = Callable[[AsyncConnection, Entered, StoredFile], Awaitable[None]]
"""Raises Forbidden for who may not have a file."""


class Downloads:
    """`checks`: by the column of a holder, who is asked."""

    def __init__(
        self, database: Database, files: CourseFiles, checks: Mapping[str, CheckFile], grants: Grants
    ) -> None:
        self._grants = grants
        self._database = database
        self._files = files
        self._checks = checks

    async def find(self, principal: Principal, course_id: str, file_id: str) -> OpenFile:
        """A file to be read. Raises Forbidden, NotFound, Gone, Unavailable, Invalid for malformed ids."""
        async with self._database.read() as tx:
            inside = await enter(tx, principal, course_id, Action.COURSE_VIEW)
            file = await find_file(tx, parse_id(file_id, "/path/file_id"))
            holder = next((name for name in self._checks if file and getattr(file, name)), None)
            if file is None or file.course_id != inside.course.id or holder is None:
                raise NotFound("This course has no such file.", code="no_such_file")
            await self._checks[holder](tx, inside, file)
        return await self._files.lies.open(file)

    async def link(self, principal: Principal, course_id: str, file_id: str) -> tuple[StoredFile, str, float]:
        """A file, leave to fetch it once or again for LINK_S, and when that ends. Raises as `find`."""
        file = (await self.find(principal, course_id, file_id)).file
        grant = self._grants.make(_subject(file.id), Scope.DOWNLOAD, account_of(principal), LINK_S)
        return file, grant, self._grants.end_of(grant)

    async def by_link(self, file_id: str, grant: str) -> OpenFile:
        """The same for whoever has the link, while who asked for it may have the file. Raises Forbidden for a
        link that is over, NotFound, Gone, Unavailable."""
        wanted = parse_id(file_id, "/path/file_id")
        holder = self._grants.check(grant, _subject(wanted), Scope.DOWNLOAD)
        async with self._database.read() as tx:
            user = await find_user(tx, holder) if holder is not None else None
            file = await find_file(tx, wanted)
        if user is None or user.disabled_at is not None:
            raise Forbidden("This link is over, or none of ours: ask for another.", code="link_over")
        if file is None or file.course_id is None:
            raise NotFound("There is no such file any more.", code="no_such_file")
        return await self.find(person_of(user), file.course_id, wanted)


def _subject(file_id: str) -> str:
    """What a grant is for, so that it opens no recording."""
    return f"course-file:{file_id}"
