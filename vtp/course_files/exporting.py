"""Sends a whole course as one file: what is in it from one moment, then the bytes of its files.

People, and what they have done, are not in it.
"""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections.abc import AsyncGenerator, Callable, Generator, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import IO, Final

from vtp import __version__
from vtp.accounts.audit import AuditLog, Event, Origin
from vtp.accounts.permissions import Action
from vtp.accounts.service import Clock, account_of, utc_now
from vtp.accounts.users import find_user
from vtp.course_files.manifest import (
    PLAIN_FORMAT,
    RECORDINGS_FORMAT,
    Manifest,
    PackedCourse,
    contents_name,
    file_name,
    media_name,
)
from vtp.course_files.writer import CourseWriter
from vtp.courses.contents import CourseContents, Source
from vtp.courses.door import enter
from vtp.courses.store import Course, find_course
from vtp.db import Database
from vtp.errors import Forbidden, NotFound
from vtp.http.identity import Principal
from vtp.ids import parse_id
from vtp.recording.grants import Grants, Scope
from vtp.recording.holders import person_of

_ENDING: Final = ".vtp-course.zip"
LINK_S: Final = 300
"""Seconds that a link is good for, to begin a download."""
THREADS: Final = 8
"""For all that are sent; each holds one while a piece of it is read."""
_Opened = Callable[[], Generator[bytes, None, None]]


@dataclass(slots=True)
class _Labels:
    """Short names for what is in a course, in the order in which it is read."""

    given: dict[tuple[str, str], str] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)

    def of(self, kind: str, item_id: str) -> str:
        """The name of one."""
        if (kind, item_id) not in self.given:
            self.counts[kind] = number = self.counts.get(kind, 0) + 1
            self.given[kind, item_id] = f"{kind}-{number}"
        return self.given[kind, item_id]

    def all_of(self, kind: str) -> dict[str, str]:
        """The ids by their names."""
        return {label: item_id for (of_kind, item_id), label in self.given.items() if of_kind == kind}


@dataclass(frozen=True, slots=True)
class _Read:
    """What is in a course, on the disk: of each kind where its lines begin, and how long
    they are."""

    spool: IO[bytes]
    kinds: list[tuple[str, int, int]]
    format: int
    files: dict[str, str]
    """By label the id of a file."""
    recordings: dict[str, str]
    """The same of recordings."""


@dataclass(frozen=True, slots=True)
class CourseFile:
    """A file that is made while it is read."""

    name: str
    pieces: AsyncGenerator[bytes, None]


class CourseExports:
    """Raises Forbidden, NotFound, Invalid for malformed ids."""

    def __init__(
        self,
        database: Database,
        audit: AuditLog,
        contents: CourseContents,
        folder: Path,
        grants: Grants,
        *,
        clock: Clock = utc_now,
    ) -> None:
        self._database = database
        self._audit = audit
        self._contents = contents
        self._folder = folder
        self._grants = grants
        self._clock = clock
        # Their own: they wait for the object store, and what they wait for may need one of the others.
        self._threads = ThreadPoolExecutor(THREADS, "course files")

    async def export(
        self, principal: Principal, course_id: str, origin: Origin, *, recordings: bool = False
    ) -> CourseFile:
        """A course, for who may change it; with what was recorded in it where that is asked for.

        What is deleted while it is sent ends the sending: OSError.
        """
        async with self._database.read() as tx:
            course = (await enter(tx, principal, course_id, Action.COURSE_UPDATE)).course
        return await self._begun(course, principal.user_id, origin, recordings=recordings)

    async def export_here(self, course_id: str, origin: Origin, *, recordings: bool) -> CourseFile:
        """The same for who runs commands on the server's machine. Raises NotFound, Invalid."""
        async with self._database.read() as tx:
            found = await find_course(tx, parse_id(course_id, "/path/id"), None)
        if found is None:
            raise NotFound("There is no such course.", code="no_such_course")
        return await self._begun(found.course, None, origin, recordings=recordings)

    async def _begun(
        self, course: Course, actor_id: str | None, origin: Origin, *, recordings: bool
    ) -> CourseFile:
        async with self._database.transaction() as tx:
            await self._audit.record(
                tx,
                Event.COURSE_EXPORTED,
                origin,
                actor_id=actor_id,
                subject=f"course:{course.id}",
                details={"code": course.code, "name": course.name, "recordings": recordings},
            )
        return CourseFile(_name_of(course), self._pieces(course, recordings=recordings))

    async def link(self, principal: Principal, course_id: str, *, recordings: bool) -> tuple[str, str, float]:
        """The course's id, leave to fetch its file within LINK_S, and when that ends. Raises as `export`."""
        async with self._database.read() as tx:
            course = (await enter(tx, principal, course_id, Action.COURSE_UPDATE)).course
        subject = _subject(course.id, recordings=recordings)
        grant = self._grants.make(subject, Scope.DOWNLOAD, account_of(principal), LINK_S)
        return course.id, grant, self._grants.end_of(grant)

    async def by_link(self, course_id: str, grant: str, origin: Origin, *, recordings: bool) -> CourseFile:
        """The same for whoever has the link, while who asked for it may have it. Raises Forbidden for a link
        that is over, NotFound."""
        subject = _subject(parse_id(course_id, "/path/id"), recordings=recordings)
        holder = self._grants.check(grant, subject, Scope.DOWNLOAD)
        async with self._database.read() as tx:
            user = await find_user(tx, holder) if holder is not None else None
        if user is None or user.disabled_at is not None:
            raise Forbidden("This link is over, or none of ours: ask for another.", code="link_over")
        return await self.export(person_of(user), course_id, origin, recordings=recordings)

    async def _pieces(self, course: Course, *, recordings: bool) -> AsyncGenerator[bytes, None]:
        with tempfile.TemporaryFile(dir=self._folder) as spool:
            read = await self._read(course.id, spool, recordings=recordings)
            await self._reach(read)
            writer = CourseWriter()
            missing: list[str] = []
            async for piece in _in_threads(self._threads, _written(writer, read)):
                yield piece
            for label, file_id in read.files.items():
                assert self._contents.files is not None
                opened = await self._contents.files.open(file_id)
                async for piece in self._streamed(writer, label, file_name(label), opened, missing):
                    yield piece
            for label, recording_id in read.recordings.items():
                assert self._contents.recordings is not None
                stream = await self._contents.recordings.open(recording_id)
                async for piece in self._streamed(writer, label, media_name(label), stream, missing):
                    yield piece
            manifest = _manifest(course, writer, missing, self._clock())
            oldest = max(read.format, RECORDINGS_FORMAT if recordings else PLAIN_FORMAT)
            yield writer.finish(manifest.model_copy(update={"format": oldest}))

    async def _streamed(
        self, writer: CourseWriter, label: str, name: str, opened: _Opened | None, missing: list[str]
    ) -> AsyncGenerator[bytes, None]:
        """A part; of what is lost only that it is."""
        if opened is None:
            missing.append(label)
            return
        with closing(opened()) as pieces:
            async for piece in _in_threads(self._threads, writer.add_stream(name, pieces)):
                yield piece

    async def _reach(self, read: _Read) -> None:
        """Before anything is sent: whether the object store answers, where something lies in it alone. Raises
        Unavailable."""
        if self._contents.files is not None:
            await self._contents.files.reach(read.files.values())

    async def _read(self, course_id: str, spool: IO[bytes], *, recordings: bool) -> _Read:
        """Everything but the bytes of files, from one moment; nobody waits for it."""
        labels, kinds, start, oldest = _Labels(), [], 0, PLAIN_FORMAT
        async with self._database.snapshot() as tx:
            source = Source(course_id, whole=True, label=labels.of)
            for kind in self._contents.kinds:
                if kind.on_request and not recordings:
                    continue
                size = 0
                async for items in kind.pages(tx, source):
                    lines = b"".join(one.model_dump_json().encode() + b"\n" for one in items)
                    await asyncio.to_thread(spool.write, lines)
                    size += len(lines)
                if not size and kind.since > PLAIN_FORMAT:
                    continue
                kinds.append((kind.name, start, size))
                oldest = max(oldest, kind.since)
                start += size
        return _Read(spool, kinds, oldest, labels.all_of("files"), labels.all_of("recordings"))


def _written(writer: CourseWriter, read: _Read) -> Generator[bytes, None, None]:
    for name, start, size in read.kinds:
        read.spool.seek(start)
        yield from writer.add(contents_name(name), read.spool, size, compress=True)


async def _in_threads(threads: Executor, pieces: Iterator[bytes]) -> AsyncGenerator[bytes, None]:
    """What is read from disks; a piece that is being read is waited for, whatever ends the sending."""
    loop = asyncio.get_running_loop()
    while True:
        reading = asyncio.ensure_future(loop.run_in_executor(threads, next, pieces, None))
        try:
            piece = await asyncio.shield(reading)
        except asyncio.CancelledError:
            await asyncio.wait([reading])
            raise
        if piece is None:
            return
        yield piece


def _manifest(course: Course, writer: CourseWriter, missing: list[str], now: datetime) -> Manifest:
    own = set(PackedCourse.model_fields) - {"instructor_id", "status"}
    return Manifest(
        made_by=__version__,
        made_at=now,
        course=PackedCourse(**{name: getattr(course, name) for name in own}),
        parts=writer.parts,
        missing=missing,
    )


def _subject(course_id: str, *, recordings: bool) -> str:
    """What a grant is for, so that it opens nothing else."""
    return f"course-export:{course_id}:{'recordings' if recordings else 'plain'}"


def _name_of(course: Course) -> str:
    words = re.sub(r"[^\w.-]+", "-", f"{course.code}-{course.semester}-{course.year}").strip("-.")
    return words + _ENDING
