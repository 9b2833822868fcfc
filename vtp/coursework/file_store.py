"""The rows of files. No rules here, only SQL."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from sqlalchemy import and_, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.coursework.tables import coursework_files as table
from vtp.db.lists import among, filled
from vtp.db.prepared import Prepared


class FileStorage(enum.StrEnum):
    """Where the bytes of a file are."""

    LOCAL = "local"
    STORED = "stored"


FOLDER = "coursework"
"""Below it lie all of them, here and in an object store."""
ARRIVING = "arriving"
KEPT = "kept"
_HOLDERS = (table.c.material_id, table.c.submission_id, table.c.grade_id)
_NOWHERE = and_(*(column.is_(None) for column in _HOLDERS))


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file as it is stored."""

    id: str
    course_id: str | None
    uploaded_by: str | None
    material_id: str | None
    submission_id: str | None
    grade_id: str | None
    version: int
    state: str
    name: str
    media_type: str
    size_bytes: int
    sha256: str
    created_at: datetime
    instance_id: str | None = None
    stored_url: str | None = None
    stored_at: datetime | None = None

    @property
    def storage(self) -> FileStorage:
        """Where its bytes are safe."""
        return FileStorage.LOCAL if self.stored_at is None else FileStorage.STORED

    @property
    def key(self) -> str:
        """Where its bytes lie in the store."""
        return key_of(self.id)


def key_of(file_id: str) -> str:
    """Where the bytes of a file lie."""
    return f"{FOLDER}/{file_id[-2:]}/{file_id}"


COLUMNS = tuple(table.c[name] for name in StoredFile.__slots__)
FILES = select(*COLUMNS)


async def add_file(tx: AsyncConnection, file: StoredFile) -> None:
    """Adds the row of one that arrives."""
    await add_files(tx, [file])


async def add_files(tx: AsyncConnection, files: Sequence[StoredFile]) -> None:
    """The same of several."""
    if files:
        await tx.execute(
            insert(table), [{name: getattr(file, name) for name in file.__slots__} for file in files]
        )


async def keep_file(
    tx: AsyncConnection,
    file_id: str,
    *,
    size_bytes: int,
    sha256: str,
    version: int,
    stored_at: datetime | None,
) -> StoredFile | None:
    """One has arrived; None: its row is no more."""
    values = {
        "state": KEPT,
        "size_bytes": size_bytes,
        "sha256": sha256,
        "version": version,
        "stored_at": stored_at,
    }
    await tx.execute(update(table).where(table.c.id == file_id).values(**values))
    return await find_file(tx, file_id)


async def measure_file(tx: AsyncConnection, file_id: str, *, size_bytes: int, sha256: str) -> None:
    """Says what has arrived, of one that nothing holds yet."""
    await tx.execute(update(table).where(table.c.id == file_id).values(size_bytes=size_bytes, sha256=sha256))


async def hold_file(
    tx: AsyncConnection, file_id: str, course_id: str, holder: tuple[str, str], version: int = 0
) -> bool:
    """One that has arrived is held from now on; False: its row is no more. `holder`: a column and its value;
    `version`: of a material."""
    return await hold_files(tx, [file_id], course_id, holder, version)


async def hold_files(
    tx: AsyncConnection, ids: Sequence[str], course_id: str, holder: tuple[str, str], version: int = 0
) -> bool:
    """The same of several, at once; False: a row is no more."""
    column, holder_id = holder
    held = {"state": KEPT, "course_id": course_id, column: holder_id, "version": version}
    done = await tx.execute(update(table).where(table.c.id.in_(ids)).values(**held))
    return done.rowcount == len(ids)


async def newest_files(tx: AsyncConnection, course_id: str) -> list[StoredFile]:
    """Of each material of a course the newest version, in the order they came."""
    c, later = table.c, table.alias("later")
    newer = select(later.c.id).where(
        later.c.material_id == c.material_id, later.c.state == KEPT, later.c.version > c.version
    )
    wanted = c.course_id == course_id, c.material_id.is_not(None), c.state == KEPT, ~newer.exists()
    return [StoredFile(*row) for row in await tx.execute(FILES.where(*wanted).order_by(c.id))]


async def find_file(tx: AsyncConnection, file_id: str) -> StoredFile | None:
    """One that has arrived."""
    row = (await tx.execute(FILES.where(table.c.id == file_id, table.c.state == KEPT))).one_or_none()
    return StoredFile(*row) if row else None


async def kept_among(tx: AsyncConnection, ids: Sequence[str]) -> set[str]:
    """Those of these that have arrived."""
    wanted = select(table.c.id).where(table.c.id.in_(ids), table.c.state == KEPT)
    return set((await tx.execute(wanted)).scalars())


async def remove_files(tx: AsyncConnection, ids: Sequence[str]) -> None:
    """Deletes rows, whose bytes are gone."""
    await tx.execute(delete(table).where(table.c.id.in_(ids)))


async def used_bytes(
    tx: AsyncConnection, course_id: str, but: str | None = None, user_id: str | None = None
) -> int:
    """What all files of a course take, or somebody's in it, those that arrive included; without one. What
    nothing holds any more does not count, however long its bytes are still to be deleted."""
    total = select(func.coalesce(func.sum(table.c.size_bytes), 0)).where(
        table.c.course_id == course_id, ~_NOWHERE
    )
    if but is not None:
        total = total.where(table.c.id != but)
    if user_id is not None:
        total = total.where(table.c.uploaded_by == user_id)
    return int((await tx.execute(total)).scalar_one())


async def page_of_versions(
    tx: AsyncConnection, material_id: str, *, limit: int, before: int | None
) -> list[StoredFile]:
    """The versions of a material, newest first."""
    c = table.c
    statement = FILES.where(c.material_id == material_id, c.state == KEPT)
    if before is not None:
        statement = statement.where(c.version < before)
    rows = await tx.execute(statement.order_by(c.version.desc()).limit(limit))
    return [StoredFile(*row) for row in rows]


async def forsaken(
    tx: AsyncConnection, began_before: datetime, *, after: str, limit: int
) -> list[StoredFile]:
    """Files that nothing holds any more, and those that began to arrive long ago, behind an id."""
    lost = and_(table.c.state == ARRIVING, table.c.created_at < began_before)
    found: list[StoredFile] = []
    for which in (and_(_NOWHERE, table.c.state == KEPT), lost):
        statement = FILES.where(which, table.c.id > after).order_by(table.c.id).limit(limit)
        found += [StoredFile(*row) for row in await tx.execute(statement)]
    return sorted(found, key=lambda one: one.id)[:limit]


async def files_among(tx: AsyncConnection, ids: Sequence[str]) -> list[StoredFile]:
    """Those of these that have a row."""
    return [StoredFile(*row) for row in await tx.execute(FILES.where(table.c.id.in_(ids)))]


async def note_sending(tx: AsyncConnection, file_id: str, url: str) -> bool:
    """One is sent to an object store from now on; False: its row is no more."""
    done = await tx.execute(update(table).where(table.c.id == file_id).values(stored_url=url))
    return done.rowcount == 1


async def note_stored(
    tx: AsyncConnection, file_id: str, url: str, now: datetime, instance_id: str | None
) -> bool:
    """All of one is in an object store, and still in this data folder or none; False: its row is no more."""
    values = {"stored_url": url, "stored_at": now, "instance_id": instance_id}
    done = await tx.execute(update(table).where(table.c.id == file_id).values(**values))
    return done.rowcount == 1


async def note_not_stored(tx: AsyncConnection, file_id: str) -> None:
    """One is not in the object store, whatever its row says."""
    await tx.execute(update(table).where(table.c.id == file_id).values(stored_at=None))


async def note_not_here(tx: AsyncConnection, ids: Sequence[str]) -> None:
    """These lie in the object store alone."""
    await tx.execute(update(table).where(table.c.id.in_(ids)).values(instance_id=None))


async def leave_to_their_folder(tx: AsyncConnection, ids: Sequence[str]) -> None:
    """Of these there is nothing any more but what another data folder has, which deletes it."""
    nothing = {"name": "", "sha256": "", "size_bytes": 0, "stored_url": None, "stored_at": None}
    await tx.execute(update(table).where(table.c.id.in_(ids)).values(course_id=None, **nothing))


async def waiting(
    tx: AsyncConnection, instance_id: str | None, *, after: str, limit: int
) -> list[StoredFile]:
    """Files of a data folder that are in no object store yet, behind an id."""
    c = table.c
    statement = FILES.where(
        c.instance_id.is_(None) if instance_id is None else c.instance_id == instance_id,
        c.stored_at.is_(None),
        c.state == KEPT,
        ~_NOWHERE,
        c.id > after,
    )
    return [StoredFile(*row) for row in await tx.execute(statement.order_by(c.id).limit(limit))]


async def stored_before(
    tx: AsyncConnection, instance_id: str, url: str, before: datetime, *, after: str, limit: int
) -> list[StoredFile]:
    """Files of a data folder that an object store has had since before then, behind an id."""
    c = table.c
    long_stored = c.instance_id == instance_id, c.stored_at <= before, c.stored_url == url, c.state == KEPT
    statement = FILES.where(*long_stored, c.id > after).order_by(c.id).limit(limit)
    return [StoredFile(*row) for row in await tx.execute(statement)]


async def kept_files(tx: AsyncConnection, *, after: str, limit: int) -> list[StoredFile]:
    """All that something holds, behind an id."""
    statement = FILES.where(table.c.state == KEPT, ~_NOWHERE, table.c.id > after)
    rows = await tx.execute(statement.order_by(table.c.id).limit(limit))
    return [StoredFile(*row) for row in rows]


async def files_of(tx: AsyncConnection, holder: str, ids: Sequence[str]) -> dict[str, list[StoredFile]]:
    """The files that these hold, by holder, in the order they came; `holder`: the column that names them."""
    found: dict[str, list[StoredFile]] = {}
    for count, values in filled("holder", ids):
        for row in await _held(holder, count).rows(tx, values):
            file = StoredFile(*row)
            found.setdefault(getattr(file, holder), []).append(file)
    return found


@cache
def _held(holder: str, count: int) -> Prepared:
    wanted = among(table.c[holder], "holder", count), table.c.state == KEPT
    return Prepared(FILES.where(*wanted).order_by(table.c.id))


async def count_files(tx: AsyncConnection, holder: str, holder_id: str) -> int:
    """How many files something holds, those that arrive included."""
    counted = select(func.count()).where(table.c[holder] == holder_id)
    return int((await tx.execute(counted)).scalar_one())


async def let_go(tx: AsyncConnection, ids: Sequence[str]) -> None:
    """Takes files from what holds them."""
    free: dict[str, None] = {column.name: None for column in _HOLDERS}
    if ids:
        await tx.execute(update(table).where(table.c.id.in_(ids)).values(**free))
