"""Puts the file of a course into this server, as a new course of whoever brings it: all of it, or nothing.

It lies on the disk without a name while it is looked at; nothing of it is believed (`reader`). What is in it
obeys what is asked of who types it, and files are looked at as uploads are.
"""

from __future__ import annotations

import asyncio
import errno
import json
import tempfile
from collections.abc import AsyncIterator, Callable, Generator, Mapping, Sequence, Set
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import IO, Any, Final

from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.audit import AuditLog, Event, Origin
from vtp.accounts.permissions import Action, require
from vtp.accounts.service import Clock, account_of, utc_now
from vtp.course_files.reader import CourseArchive, faults_of, newer
from vtp.courses.contents import Brought, ContentKind, CourseContents, Incoming, Media, Packed, Target
from vtp.courses.dates import KEPT
from vtp.courses.roles import CourseStatus
from vtp.courses.store import Course, add_course
from vtp.coursework.files import ARRIVE_WITHIN
from vtp.db import Database
from vtp.db.conflicts import done_over
from vtp.errors import FieldError, Invalid, RateLimited, Unavailable
from vtp.http.errors import BodyTimeout
from vtp.http.identity import Principal
from vtp.http.validation import refuse_nul
from vtp.ids import new_id
from vtp.recording.carried_index import IndexBudget
from vtp.recording.disk import DISK_FULL, Disk

AT_ONCE: Final = 2
"""Imports in one process."""
MOST_FAULTS: Final = 20
LOOK_AT_DISK_EVERY: Final = 16 << 20
IMPORTS_FULL: Final = "The disk of the courses' files is almost full: delete files or free some space."
_ITEMS: Final = 200


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a file; `course` is there unless it was only looked at."""

    course: Course
    kept: bool
    made_by: str
    carried: Mapping[str, int]
    missing: int
    recording_bytes: int = 0


class _LookedAtError(Exception):
    """Ends the transaction of a dry run."""

    def __init__(self, imported: Imported) -> None:
        self.imported = imported


class CourseImports:
    """Raises Forbidden for who may not make courses."""

    def __init__(
        self,
        database: Database,
        audit: AuditLog,
        contents: CourseContents,
        disk: Disk,
        folder: Path,
        most_bytes: int,
        *,
        clock: Clock = utc_now,
    ) -> None:
        self._database = database
        self._audit = audit
        self._contents = contents
        self._disk = disk
        self._folder = folder
        self._most_bytes = most_bytes
        self._clock = clock
        self._running: set[str] = set()

    async def run(
        self,
        principal: Principal,
        pieces: Callable[[int], AsyncIterator[bytes]],
        origin: Origin,
        *,
        dry: bool,
    ) -> Imported:
        """Takes a file in; `dry`: only says what would become of it. Raises Invalid, TooLarge, Conflict
        beyond a quota, RateLimited for too many at once, Unavailable for a full disk.
        """
        require(principal, Action.COURSE_CREATE)
        own_id = account_of(principal)
        if own_id in self._running:
            raise RateLimited("Another import of yours is under way: wait for its end.", retry_after_s=10)
        if len(self._running) >= AT_ONCE:
            raise RateLimited("Other courses are being imported: try again in a moment.", retry_after_s=10)
        self._disk.check()
        self._running.add(own_id)
        try:
            with tempfile.TemporaryFile(dir=self._folder) as spool:
                await self._arrive(spool, pieces(self._most_bytes))
                archive = await asyncio.to_thread(CourseArchive, spool)
                return await self._import(principal, archive, origin, dry=dry)
        finally:
            self._running.remove(own_id)

    async def _arrive(self, spool: IO[bytes], pieces: AsyncIterator[bytes]) -> None:
        """Within a time: who sends a byte now and then would be in the way of others."""
        try:
            async with asyncio.timeout(ARRIVE_WITHIN.total_seconds()) as bound:
                await self._receive(spool, pieces)
        except TimeoutError:
            if not bound.expired():
                raise
            raise BodyTimeout(f"The file did not arrive within {ARRIVE_WITHIN}: send it again.") from None

    async def _receive(self, spool: IO[bytes], pieces: AsyncIterator[bytes]) -> None:
        size, look_at = 0, LOOK_AT_DISK_EVERY
        try:
            async for piece in pieces:
                await asyncio.to_thread(spool.write, piece)
                size += len(piece)
                if size >= look_at:
                    look_at += LOOK_AT_DISK_EVERY
                    self._disk.check()
            await asyncio.to_thread(spool.flush)
        except OSError as error:
            if error.errno == errno.ENOSPC:
                raise Unavailable(IMPORTS_FULL, retry_after_s=60, code=DISK_FULL) from error
            raise

    async def _import(
        self, principal: Principal, archive: CourseArchive, origin: Origin, *, dry: bool
    ) -> Imported:
        checked = await asyncio.to_thread(_checked, archive, self._contents)
        files: dict[str, str] = {}
        brought: dict[str, Brought] = {}
        try:
            await self._check_sizes(archive, checked, account_of(principal))
            await self._take_files(archive, checked.names, account_of(principal), files, keep=not dry)
            await self._take_recordings(archive, checked.media, brought, keep=not dry)
            try:
                arrived = _Arrived(checked.names, files, brought, sum(one.size for one in checked.media))
                done = await self._put(principal, archive, origin, arrived, dry=dry)
            except _LookedAtError as looked:
                return looked.imported
        except BaseException:
            if not dry:
                await asyncio.shield(
                    self._discard(list(files.values()), [one.id for one in brought.values()])
                )
            raise
        if self._contents.recordings is not None:
            await self._contents.recordings.tell([one.id for one in brought.values()])
        return done

    async def _discard(self, files: Sequence[str], recordings: Sequence[str]) -> None:
        """Recordings also where files cannot be deleted now: no sweep finds those."""
        try:
            await self._contents.discard_files(files)
        finally:
            await self._contents.discard_recordings(recordings)

    async def _check_sizes(self, archive: CourseArchive, checked: _Checked, by: str) -> None:
        """Before anything is kept. Raises Invalid, TooLarge, Conflict, Unavailable."""
        if self._contents.files is not None:
            self._contents.files.check([(name, archive.size_of(at)) for at, name in checked.names.items()])
        if self._contents.recordings is not None:
            await self._contents.recordings.check(checked.media, by)

    async def _take_recordings(
        self, archive: CourseArchive, media: Sequence[Media], taken: dict[str, Brought], *, keep: bool
    ) -> None:
        """As `_take_files`."""
        keeper, budget = self._contents.recordings, IndexBudget.of_file()
        for one in media if keeper is not None else ():
            assert keeper is not None
            pieces = partial(archive.media_pieces, one.label)
            taken[one.label] = await keeper.take(one, pieces, budget, keep=keep)

    async def _take_files(
        self,
        archive: CourseArchive,
        names: Mapping[str, str],
        by: str,
        taken: dict[str, str],
        *,
        keep: bool,
    ) -> None:
        """Fills `taken` as files come, for who has to clear up after a failure."""
        keeper = self._contents.files
        if keeper is None:
            return
        for label, name in names.items():
            incoming = Incoming(name, archive.size_of(label), partial(archive.pieces, label))
            try:
                taken[label] = await keeper.take(incoming, by, keep=keep)
            except Invalid as error:
                faults = [FieldError(f"/files/{label}", f"{name}: {error.detail}")]
                raise Invalid(error.detail, code=error.code, errors=faults) from None

    @done_over
    async def _put(
        self,
        principal: Principal,
        archive: CourseArchive,
        origin: Origin,
        arrived: _Arrived,
        *,
        dry: bool,
    ) -> Imported:
        own_id, now = account_of(principal), self._clock()
        manifest = archive.manifest
        values = manifest.course.model_dump() | {"instructor_id": own_id, "status": CourseStatus.DRAFT}
        course = Course(id=new_id(), **values, version=1, created_at=now, updated_at=now)
        async with self._database.transaction() as tx:
            if self._contents.recordings is not None:
                await self._contents.recordings.hold(tx, arrived.media_bytes, own_id)
            await add_course(tx, course)
            if dry and self._contents.files is not None:
                await self._contents.files.announce(
                    tx, {arrived.files[label]: name for label, name in arrived.names.items()}, own_id
                )
            target = Target(course, own_id, now, KEPT, arrived.files, arrived.recordings)
            for kind in self._contents.kinds:
                await self._put_kind(tx, archive, kind, target)
            await self._audit.record(
                tx,
                Event.COURSE_IMPORTED,
                origin,
                actor_id=principal.user_id,
                subject=f"course:{course.id}",
                details={"code": course.code, "name": course.name, "made_by": manifest.made_by},
            )
            carried = dict(target.carried)
            imported = Imported(
                course,
                not dry,
                manifest.made_by,
                carried,
                len(manifest.missing),
                manifest.recording_bytes,
            )
            if dry:
                raise _LookedAtError(imported)
        return imported

    async def _put_kind(
        self, tx: AsyncConnection, archive: CourseArchive, kind: ContentKind[Any], target: Target
    ) -> None:
        lost = set(archive.manifest.missing)
        with closing(_items(archive, kind)) as items:
            while page := await asyncio.to_thread(lambda: list(islice(items, _ITEMS))):
                there = [one for one in page if not kind.is_lost(one, lost)]
                await kind.add(tx, target, [kind.without(one, lost) for one in there])


def _items(archive: CourseArchive, kind: ContentKind[Any]) -> Generator[Packed, None, None]:
    """What there is of a kind, each as its model. Raises Invalid."""
    for number, line in enumerate(archive.lines(kind.name), 1):
        at = f"/contents/{kind.name}/{number}"
        try:
            item = kind.model.model_validate_json(line)
            if b"\\u0000" in line:  # or a backslash and what looks like it
                refuse_nul(json.loads(line), at)
        except ValidationError as error:
            raise _faulty(faults_of(error, at)) from None
        except Invalid as error:
            raise _faulty(list(error.errors)) from None
        yield item


@dataclass(frozen=True, slots=True)
class _Checked:
    """What else there is of things that can be in a course: names of files by label, and recordings."""

    names: Mapping[str, str]
    media: Sequence[Media]


@dataclass(frozen=True, slots=True)
class _Arrived:
    """The same once it is here: by label ids of files, and recordings."""

    names: Mapping[str, str]
    files: Mapping[str, str]
    recordings: Mapping[str, Brought]
    media_bytes: int


def _checked(archive: CourseArchive, contents: CourseContents) -> _Checked:
    """Looks at all but the bytes of files and media. Raises Invalid."""
    known = {kind.name for kind in contents.kinds}
    strange = sorted(set(archive.kinds()) - known)
    if strange:
        raise newer(f"it has {strange[0]}")
    names: dict[str, str] = {}
    media: dict[str, Media] = {}
    rooms: set[str] = set()
    for kind in contents.kinds:
        _check_kind(archive, kind, names, media, rooms)
    lost = set(archive.manifest.missing)
    files, streams = set(archive.labels()), set(archive.media())
    faults = _unmatched("files", files, names.keys(), lost)
    faults += _unmatched("recordings", streams, media.keys(), lost)
    if faults:
        raise _faulty(faults[:MOST_FAULTS])
    return _Checked(
        {label: name for label, name in names.items() if label in files},
        [
            replace(
                one,
                size=archive.media_size(one.label),
                group=one.group if one.group in rooms else "",
            )
            for one in media.values()
            if one.label in streams
        ],
    )


def _unmatched(what: str, there: Set[str], held: Set[str], lost: Set[str]) -> list[FieldError]:
    faults = [FieldError(f"/{what}/{one}", "is held by nothing") for one in sorted(there - held)]
    return faults + [
        FieldError(f"/{what}/{one}", "is not in the archive") for one in sorted(held - there - lost)
    ]


def _check_kind(
    archive: CourseArchive,
    kind: ContentKind[Any],
    names: dict[str, str],
    media: dict[str, Media],
    rooms: set[str],
) -> None:
    for count, item in enumerate(_items(archive, kind), 1):
        if count > kind.most:
            fault = FieldError(f"/contents/{kind.name}", f"at most {kind.most} are in a course")
            raise _faulty([fault])
        names.update(kind.files(item))
        if kind.has_room(item):
            rooms.add(item.id)
        media.update({one.label: one for one in kind.media(item)})


def _faulty(faults: list[FieldError]) -> Invalid:
    return Invalid(
        "What is in this file cannot be in a course; `errors` says where.",
        code="course_contents",
        errors=faults,
    )
