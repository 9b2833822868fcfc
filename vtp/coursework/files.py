"""Files of courses: received as they come, checked, kept or not there at all; given away as downloads.

A row is there before the first byte and says what is under way, so quotas hold for uploads side by side, and
what a killed process leaves is found. Bytes that nothing holds any more are deleted first, then their row.

Beside an object store a file is kept once that has it. Where the store does not answer, or takes too long, it
is kept all the same: it is on this machine's disk, its row says so, and the job process sends it later.
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
import logging
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.service import Clock, utc_now
from vtp.coursework.discarding import Discarding
from vtp.coursework.file_bytes import FileBytes
from vtp.coursework.file_store import (
    ARRIVING,
    StoredFile,
    add_file,
    keep_file,
    kept_among,
    measure_file,
    used_bytes,
)
from vtp.coursework.file_types import ContentCheck, FileType, check_name, type_of
from vtp.coursework.sending import Sending
from vtp.db import Database
from vtp.db.after import after_commit
from vtp.db.conflicts import done_over
from vtp.errors import Conflict, Gone, RateLimited, TooLarge, Unavailable
from vtp.ids import new_id
from vtp.recording.disk import DISK_FULL, Disk
from vtp.recording.quota import QUOTA_EXCEEDED, in_words
from vtp.settings import CourseworkSettings
from vtp.storage import StoreAway
from vtp.tasks import Tasks

logger = logging.getLogger(__name__)

FILES_FULL: Final = "The disk of the courses' files is almost full: delete files or free some space."
AT_ONCE: Final = 4
"""Uploads of one person at a time, in one process."""
LOOK_AT_DISK_EVERY: Final = 16 << 20
ARRIVE_WITHIN: Final = timedelta(hours=6)
_LOST_AFTER: Final = ARRIVE_WITHIN + timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a file is to be held. `holder`: a column of `coursework_files` and whose id it is to have."""

    course_id: str
    user_id: str
    holder: tuple[str, str]
    is_student: bool = False


@dataclass(frozen=True, slots=True)
class Upload:
    """What comes. `pieces` is called once, and bounds its bytes by what it is given."""

    user_id: str
    name: str
    declared_bytes: int | None
    pieces: Callable[[int], AsyncIterator[bytes]]


Admit = Callable[[AsyncConnection], Awaitable[Place]]
"""Asked before the first byte and after the last, with the course locked: whether, and where."""
Settle = Callable[[AsyncConnection], Awaitable[int]]
"""Called in the transaction that keeps a file: which version it is of its holder; 0: there are none."""


class CourseFiles:
    """Made once; `settings.file_types` is checked by who builds it."""

    def __init__(
        self,
        database: Database,
        lies: FileBytes,
        settings: CourseworkSettings,
        disk: Disk,
        *,
        clock: Clock = utc_now,
    ) -> None:
        self._database = database
        self.lies = lies
        self._settings = settings
        self._disk = disk
        self._clock = clock
        self._coming: Counter[str] = Counter()
        self._discarding = Discarding(database, lies)
        self._sending = Sending(database, lies, clock)

    async def receive(self, upload: Upload, most_bytes: int, admit: Admit, settle: Settle) -> StoredFile:
        """Takes a file in. Raises Invalid for a name or content that is not taken, TooLarge, Conflict beyond
        a quota, RateLimited for too many at once, Unavailable for a full disk, and what `admit` raises.
        """
        name = check_name(upload.name)
        kind = type_of(name, self._settings.file_types)
        self._disk.check()
        if self._coming[upload.user_id] >= AT_ONCE:
            raise RateLimited(
                f"{AT_ONCE} of your uploads are under way: send the next one when they are done.",
                retry_after_s=5,
            )
        self._coming[upload.user_id] += 1
        try:
            file = await self._begin(upload, name, kind, most_bytes, admit)
            try:
                async with asyncio.timeout(ARRIVE_WITHIN.total_seconds()):
                    arrived = await self._arrive(file, upload, kind, most_bytes)
                stored_at = await self._sending.send(file, arrived.size)
                return await self._keep(file, arrived, stored_at, admit, settle)
            except BaseException:
                await asyncio.shield(self.give_up([file.id]))
                raise
        finally:
            self._coming[upload.user_id] -= 1
            self._coming += Counter()

    async def take_in(self, name: str, by: str, pieces: AsyncIterator[bytes], *, keep: bool) -> str:
        """Takes bytes in for something that is made next; gives the id of a file that nothing holds yet.
        Without `keep` it looks at them alone. Raises Invalid, Unavailable for a full disk, and what `pieces`
        raises.
        """
        file = file_arriving(new_id(), check_name(name), by, self._clock(), self.lies.here)
        arrival = _Arrival(ContentCheck(type_of(name, self._settings.file_types)), self._disk, pieces)
        if not keep:
            async for _ in arrival.pieces():
                pass
            return file.id
        await self._announce(file)
        try:
            await self._write(file, arrival)
            await self._measured(file.id, arrival)
        except BaseException:
            await asyncio.shield(self.give_up([file.id]))
            raise
        return file.id

    @done_over
    async def _announce(self, file: StoredFile) -> None:
        async with self._database.transaction() as tx:
            await add_file(tx, file)

    @done_over
    async def _measured(self, file_id: str, arrival: _Arrival) -> None:
        async with self._database.transaction() as tx:
            await measure_file(tx, file_id, size_bytes=arrival.size, sha256=arrival.digest.hexdigest())

    async def remove(self, ids: Sequence[str]) -> None:
        """Deletes the bytes of files that nothing holds any more, and their rows; what cannot be deleted now
        is found by the sweep."""
        try:
            await self._discarding.discard_those(ids)
        except (OSError, Unavailable) as error:
            logger.warning("Files of a course are deleted later: %s", error)

    async def give_up(self, ids: Sequence[str]) -> None:
        """Deletes what came for something that was not made, as far as is known: of a commit the answer alone
        may be lost, so what is kept stays. What cannot be asked for or deleted now is found by the sweep."""
        try:
            async with self._database.read() as tx:
                kept = await kept_among(tx, ids)
            await self._discarding.discard_those([one for one in ids if one not in kept])
        except (OSError, Unavailable) as error:
            logger.warning("Files that were given up are deleted later: %s", error)

    def remove_after(self, tx: AsyncConnection, ids: Sequence[str], tasks: Tasks) -> None:
        """Deletes them once nothing holds them for good."""

        def begin() -> None:
            tasks.start(self.remove(ids), "files of a course")

        if ids:
            after_commit(tx, begin)

    async def sweep(self) -> int:
        """Deletes what nothing holds any more, and what never arrived; gives how many files. Raises
        Unavailable while the object store has to be waited for, OSError, once all is gone that can go."""
        return await self._discarding.sweep(self._clock() - _LOST_AFTER)

    async def erase(self, user_id: str) -> None:
        """For erasures, which have deleted the rows that held somebody's files. Those are in no rows but
        their own by now, which do not name the person: what cannot be deleted holds up no erasure."""
        try:
            await self.sweep()
        except (OSError, StoreAway) as error:
            logger.warning("Files of courses are erased later: %s", error)

    @done_over
    async def _begin(
        self, upload: Upload, name: str, kind: FileType, most_bytes: int, admit: Admit
    ) -> StoredFile:
        declared = upload.declared_bytes or 0
        async with self._database.transaction() as tx:
            place = await admit(tx)
            if declared > most_bytes:  # whatever the quotas say, which deleting something else would help
                raise TooLarge(
                    f"{name} is larger than the {in_words(most_bytes)} that a file may have here: make it "
                    "smaller, or send it in parts."
                )
            column, holder = place.holder
            holders = {"material_id": None, "submission_id": None, "grade_id": None, column: holder}
            file = StoredFile(
                id=new_id(),
                course_id=place.course_id,
                uploaded_by=place.user_id,
                material_id=holders["material_id"],
                submission_id=holders["submission_id"],
                grade_id=holders["grade_id"],
                version=0,
                state=ARRIVING,
                name=name,
                media_type=kind.media_type,
                size_bytes=declared,
                sha256="",
                created_at=self._clock(),
                instance_id=self.lies.here,
            )
            await self.check_quotas(tx, place, file.id, declared)
            await add_file(tx, file)
        return file

    async def _arrive(self, file: StoredFile, upload: Upload, kind: FileType, most_bytes: int) -> _Arrival:
        arrival = _Arrival(ContentCheck(kind), self._disk, upload.pieces(most_bytes))
        await self._write(file, arrival)
        return arrival

    async def _write(self, file: StoredFile, arrival: _Arrival) -> None:
        try:
            await self.lies.receive(file.id, arrival.pieces())
        except OSError as error:
            if error.errno == errno.ENOSPC:
                raise Unavailable(FILES_FULL, retry_after_s=60, code=DISK_FULL) from error
            raise Unavailable("The store cannot be written to: try again.", code="storage_away") from error

    @done_over
    async def _keep(
        self,
        file: StoredFile,
        arrived: _Arrival,
        stored_at: datetime | None,
        admit: Admit,
        settle: Settle,
    ) -> StoredFile:
        async with self._database.transaction() as tx:
            place = await admit(tx)  # much may have happened meanwhile
            await self.check_quotas(tx, place, file.id, arrived.size)
            version = await settle(tx)
            kept = await keep_file(
                tx,
                file.id,
                size_bytes=arrived.size,
                sha256=arrived.digest.hexdigest(),
                version=version,
                stored_at=stored_at,
            )
            if kept is None:
                raise Gone("The upload was given up meanwhile: send the file again.", code="upload_lost")
        return kept

    async def check_quotas(self, tx: AsyncConnection, place: Place, file_id: str, size: int) -> None:
        """Whether there is room for so many bytes more, besides one file. Raises Conflict."""
        if allowed := self._settings.quota_per_course_bytes:
            _check_quota("this course", allowed, await used_bytes(tx, place.course_id, file_id), size)
        if place.is_student and (allowed := self._settings.quota_per_student_bytes):
            used = await used_bytes(tx, place.course_id, file_id, place.user_id)
            _check_quota("you in this course", allowed, used, size)

    async def check_room(self, tx: AsyncConnection, course_id: str, more: int) -> None:
        """Whether a course has room for so many bytes more; for what takes no more there is. Raises
        Conflict."""
        allowed = self._settings.quota_per_course_bytes
        if allowed and more > 0:
            _check_quota("this course", allowed, await used_bytes(tx, course_id), more)


def _check_quota(whose: str, allowed: int, used: int, size: int) -> None:
    if used + size > allowed:
        raise Conflict(
            f"The files of {whose} take {in_words(used)} of the {in_words(allowed)} that they may: "
            "delete old ones, or ask an administrator for more.",
            code=QUOTA_EXCEEDED,
        )


def file_arriving(file_id: str, name: str, by: str, now: datetime, instance_id: str | None) -> StoredFile:
    """The row of a file that belongs to no course yet; see `FileBytes.here`."""
    return StoredFile(
        id=file_id,
        course_id=None,
        uploaded_by=by,
        material_id=None,
        submission_id=None,
        grade_id=None,
        version=0,
        state=ARRIVING,
        name=name,
        media_type=type_of(name).media_type,
        size_bytes=0,
        sha256="",
        created_at=now,
        instance_id=instance_id,
    )


class _Arrival:
    """A file on its way into the store: measured, checked, and the disk looked at now and then."""

    def __init__(self, check: ContentCheck, disk: Disk, source: AsyncIterator[bytes]) -> None:
        self.size = 0
        self.digest = hashlib.sha256()
        self._check = check
        self._disk = disk
        self._source = source

    async def pieces(self) -> AsyncIterator[bytes]:
        """What goes into the store."""
        look_at = LOOK_AT_DISK_EVERY
        async for piece in self._source:
            self._check.receive(piece)
            self.digest.update(piece)
            self.size += len(piece)
            if self.size >= look_at:
                look_at += LOOK_AT_DISK_EVERY
                self._disk.check()
            yield piece
        self._check.finish()
