"""Files of courses, given to who may have them, as what hold them say."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.permissions import Action
from vtp.courses.door import Entered, enter
from vtp.coursework.file_store import StoredFile, find_file
from vtp.coursework.files import CourseFiles
from vtp.db import Database
from vtp.errors import NotFound
from vtp.http.identity import Principal
from vtp.ids import parse_id

CheckFile = Callable[[AsyncConnection, Entered, StoredFile], Awaitable[None]]
"""Raises Forbidden for who may not have a file."""


class Downloads:
    """`checks`: by the column of a holder, who is asked."""

    def __init__(self, database: Database, files: CourseFiles, checks: Mapping[str, CheckFile]) -> None:
        self._database = database
        self._files = files
        self._checks = checks

    async def find(self, principal: Principal, course_id: str, file_id: str) -> tuple[StoredFile, Path]:
        """A file and where it lies. Raises Forbidden, NotFound, Gone, Invalid for malformed ids."""
        async with self._database.read() as tx:
            inside = await enter(tx, principal, course_id, Action.COURSE_VIEW)
            file = await find_file(tx, parse_id(file_id, "/path/file_id"))
            holder = next((name for name in self._checks if file and getattr(file, name)), None)
            if file is None or file.course_id != inside.course.id or holder is None:
                raise NotFound("This course has no such file.", code="no_such_file")
            await self._checks[holder](tx, inside, file)
        return file, self._files.path(file)
