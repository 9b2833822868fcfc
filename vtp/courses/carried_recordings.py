"""Media of recordings that are in files of courses: read from wherever they lie, taken in below a folder of
their own until rows hold them. See `vtp.courses.contents.CarriedRecordings`.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import shutil
import time
from collections import Counter
from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import Final, ParamSpec, TypeVar

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.tables import users
from vtp.courses.arrival_journal import ArrivalJournal, LeftBehind
from vtp.courses.contents import Brought, Media
from vtp.db import Database
from vtp.errors import Conflict, FieldError, Invalid, Unavailable
from vtp.ids import new_id
from vtp.recording.carried_index import IndexBudget
from vtp.recording.carried_stream import files_of, pack
from vtp.recording.carried_taking import Taking
from vtp.recording.disk import DISK_FULL, RECORDINGS_FULL, Disk
from vtp.recording.ends import metadata_of
from vtp.recording.files import RecordingFiles
from vtp.recording.manifest import MANIFEST_NAME, Manifest, read_manifest
from vtp.recording.quota import QUOTA_EXCEEDED, in_words
from vtp.recording.quota_store import brought_by, used_by_owner
from vtp.recording.recovery import load_tracks
from vtp.recording.store import Status
from vtp.recording.summary import summary_of
from vtp.recording.tables import recordings as table
from vtp.settings import RecordingSettings

logger = logging.getLogger(__name__)

ARRIVALS: Final = "course-arrivals"
"""Below the folder of recordings; what lies there for LOST_AFTER_S is nobody's any more."""
LOST_AFTER_S: Final = 7 * 3600.0
P = ParamSpec("P")
T = TypeVar("T")
Pieces = Callable[[], Generator[bytes, None, None]]


class RecordingsToCarry:
    """`tell` hears of recordings of this data folder (`instance_id`) that are there for good."""

    def __init__(
        self,
        database: Database,
        files: RecordingFiles,
        disk: Disk,
        settings: RecordingSettings,
        instance_id: str,
        tell: Callable[[Mapping[str, Status]], None],
    ) -> None:
        self._database = database
        self._files = files
        self._disk = disk
        self._settings = settings
        self._instance_id = instance_id
        self._tell = tell
        self._journal = ArrivalJournal(files.store.path(ARRIVALS))

    async def open(self, recording_id: str) -> Pieces | None:
        """The stream of one that has ended, fetched from the object store while it is read where it lies
        there; None: its files are missing. Raises Unavailable."""
        try:
            path = await self._files.path(recording_id, MANIFEST_NAME)
            manifest = await asyncio.to_thread(read_manifest, path.parent)
            if self._files.is_here(recording_id):
                await asyncio.to_thread(_check_all, path.parent, manifest)
        except (OSError, ValueError) as error:
            logger.warning("Recording %s is left out of the file of a course: %s", recording_id, error)
            return None
        return partial(pack, manifest, self._files.finder(recording_id))

    async def check(self, media: Collection[Media], by: str) -> None:
        """Before a byte is kept. Raises Conflict beyond what the recordings of a room, or of one owner's
        rooms together with what they have in rooms without one, may take; Unavailable where the disk has no
        room for them."""
        rooms: Counter[str] = Counter()
        for one in media:
            rooms[one.group] += one.size
        largest, total = max(rooms.values(), default=0), rooms.total()
        own = self._settings.quota_per_owner_bytes
        before = await self._used_by(by) if own and total else 0
        for whose, used, allowed in (
            ("one room in this file", largest, self._settings.quota_per_room_bytes),
            ("this file" + (", with those that you have," if before else ""), before + total, own),
        ):
            if total and allowed and used > allowed:
                raise _beyond(whose, used, allowed)
        if total and self._disk.free_bytes - total < self._settings.min_free_bytes:
            raise Unavailable(RECORDINGS_FULL, retry_after_s=60, code=DISK_FULL)

    async def _used_by(self, user_id: str) -> int:
        """In their own rooms, and in those of courses, which nobody owns."""
        async with self._database.read() as tx:
            return await used_by_owner(tx, user_id) + await brought_by(tx, user_id)

    async def hold(self, tx: AsyncConnection, total: int, by: str) -> None:
        """Between `check` and this another process may have brought as much."""
        allowed = self._settings.quota_per_owner_bytes
        if not (total and allowed):
            return
        own = select(users.c.id).where(users.c.id == by)
        await tx.execute(own.with_for_update(key_share=True))  # which no row that names them waits for
        used = await used_by_owner(tx, by) + await brought_by(tx, by)
        if used + total > allowed:
            raise _beyond("this file, with those that you have,", used + total, allowed)

    async def take(self, media: Media, pieces: Pieces, budget: IndexBudget, *, keep: bool) -> Brought:
        """Into a folder that is moved to where recordings lie once all of it is there."""
        recording_id = new_id()
        arrival = self._arrival(recording_id)
        own = IndexBudget.of_recording(within=budget)
        taking = Taking(recording_id, media.size, arrival if keep else None, self._disk.check, own)
        try:
            if keep:
                await _to_its_end(self._journal.begin, recording_id)
                await _to_its_end(partial(arrival.mkdir, parents=True))
            await self._run(taking, pieces)
            assert taking.view is not None
            view = taking.view
            if keep:
                target = self._files.directory(recording_id)
                await _to_its_end(arrival.rename, target)
        except BaseException as error:
            for folder in (arrival, self._files.directory(recording_id)):  # a move may have been done
                await asyncio.shield(asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True))
            await asyncio.shield(asyncio.to_thread(self._journal.end, [recording_id]))
            if isinstance(error, OSError) and error.errno == errno.ENOSPC:
                raise Unavailable(RECORDINGS_FULL, retry_after_s=60, code=DISK_FULL) from error
            if isinstance(error, ValueError):
                raise _damaged(media.label, str(error)) from error
            raise
        columns = {
            **summary_of(view),
            "metadata": metadata_of(view, view.manifest.failure_code),
            "instance_id": self._instance_id,
        }
        return Brought(recording_id, columns)

    async def _run(self, taking: Taking, pieces: Pieces) -> None:
        """A step is never left half-done in a thread: what it writes to is deleted next."""
        with closing(pieces()) as source, closing(taking.steps(source)) as steps:
            going = True
            while going:
                going = await _to_its_end(_next, steps)

    async def discard(self, ids: Sequence[str]) -> None:
        """What rows hold stays: of a commit the answer alone may be lost."""
        try:
            async with self._database.read() as tx:
                held = set((await tx.execute(select(table.c.id).where(table.c.id.in_(ids)))).scalars())
        except Unavailable as error:
            logger.warning("Recordings that were given up stay, as nobody knows whether they are: %s", error)
            return
        for recording_id in ids:
            if recording_id not in held:
                folder = self._files.directory(recording_id)
                await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
        await asyncio.to_thread(self._journal.end, ids)

    async def tell(self, ids: Sequence[str]) -> None:
        """As of recordings that have just ended: their ladders are made, and they go to the object store."""
        await asyncio.to_thread(self._journal.end, ids)
        self._tell(dict.fromkeys(ids, Status.READY))

    async def sweep(self) -> int:
        """Deletes what a killed process has left: arrivals, and what it had moved to where recordings lie
        but has no row. Raises Unavailable."""
        left = await asyncio.to_thread(self._journal.left)
        for one in left:
            await self._clear_up(one)
        return len(left) + await asyncio.to_thread(_sweep, self._files.store.path(ARRIVALS))

    async def _clear_up(self, entry: LeftBehind) -> None:
        async with self._database.read() as tx:
            held = await tx.execute(select(table.c.id).where(table.c.id == entry.recording_id))
        folders = [self._arrival(entry.recording_id)]
        if held.one_or_none() is None:
            folders.append(self._files.directory(entry.recording_id))
        for folder in folders:
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
        await asyncio.to_thread(self._journal.forget, entry)

    def _arrival(self, recording_id: str) -> Path:
        return self._files.store.path(f"{ARRIVALS}/{recording_id}")


async def _to_its_end(work: Callable[P, T], *words: P.args, **more: P.kwargs) -> T:
    """In a thread, which is waited for also when the task is cancelled."""
    step = asyncio.ensure_future(asyncio.to_thread(work, *words, **more))
    try:
        return await asyncio.shield(step)
    except asyncio.CancelledError:
        await asyncio.wait([step])
        if not step.cancelled():
            step.exception()
        raise


def _next(steps: Generator[None, None, None]) -> bool:
    """Whether there was one more."""
    for _ in steps:
        return True
    return False


def _check_all(folder: Path, manifest: Manifest) -> None:
    """Whether everything is there that the indexes name. Raises OSError, ValueError."""
    tracks = load_tracks(folder, manifest.tracks)
    if set(tracks) != set(manifest.tracks):
        raise ValueError("a track has no index")
    for track, index in tracks.items():
        for name, size in files_of(index):
            if (folder / track / name).stat().st_size < size:
                raise ValueError(f"{track}/{name} is shorter than its index says")


def _sweep(folder: Path) -> int:
    count, before = 0, time.time() - LOST_AFTER_S
    with suppress(FileNotFoundError):
        for one in list(folder.iterdir()):
            if one.is_dir() and one.stat().st_mtime < before:
                shutil.rmtree(one, ignore_errors=True)
                count += 1
    return count


def _beyond(whose: str, used: int, allowed: int) -> Conflict:
    return Conflict(
        f"The recordings of {whose} take {in_words(used)}, of the {in_words(allowed)} that they may here: "
        "have an administrator allow more, or bring the course without its recordings.",
        code=QUOTA_EXCEEDED,
    )


def _damaged(label: str, why: str) -> Invalid:
    return Invalid(
        f"A recording in this file cannot be played here: {why}.",
        code="course_recording_damaged",
        errors=[FieldError(f"/recordings/{label}", why)],
    )
