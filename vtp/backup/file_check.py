"""Looks for damage of files of courses: bytes without a row, rows without bytes."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from vtp.backup.rowless import without_row
from vtp.coursework.file_store import FOLDER, StoredFile, files_among, kept_files, key_of
from vtp.coursework.tables import coursework_files
from vtp.db import Database
from vtp.storage import RemoteStore, StoreAway
from vtp.storage.remote import Stored

_AT_A_TIME: Final = 200


@dataclass(slots=True)
class _Lying:
    """What there is, by the id of its row. `remote` is None where there is no store to be asked."""

    root: Path
    here: dict[str, Path]
    stored: dict[str, Stored]
    remote: RemoteStore | None
    instance: str
    read_media: bool


async def course_file_damage(
    database: Database, root: Path, remote: RemoteStore | None, instance: str, *, read_media: bool
) -> AsyncIterator[str]:
    """Everything that is wrong, one sentence each. What lies where is listed before the rows are read: those
    are older, and a running server deletes bytes before their row. `read_media`: compares what is here with
    its SHA-256, too.
    """
    here = {path.name: path for path in (root / FOLDER).glob("*/*") if "#" not in path.name}
    stored: dict[str, Stored] = {}
    if remote is not None:
        try:
            stored = {key.rpartition("/")[2]: one for key, one in (await remote.listing(FOLDER)).items()}
        except StoreAway as error:
            yield f"Files of courses in the object store cannot be looked at: {error.detail}"
            remote = None
    lying = _Lying(root, here, stored, remote, instance, read_media)
    async for sentence in _lost(database, lying):
        yield sentence
    for file_id in await without_row(database, coursework_files.c.id, here):
        yield f"The file {here[file_id]} belongs to no course: delete it, or restore the database of it."
    for file_id in await without_row(database, coursework_files.c.id, stored):
        yield (
            f"The object {key_of(file_id)} in the object store belongs to no course: delete it, or restore "
            "the database of it."
        )


async def _lost(database: Database, lying: _Lying) -> AsyncIterator[str]:
    after = ""
    while True:
        async with database.read() as tx:
            found = await kept_files(tx, after=after, limit=_AT_A_TIME)
        if not found:
            return
        after = found[-1].id
        for file in found:
            if not _fault(file, lying):
                continue
            await _look_again(file, lying)
            fault = _fault(file, lying)
            if fault and await _is_as_before(database, file):
                yield f"The file {file.id} ({file.name}) of a course {fault}."


async def _look_again(file: StoredFile, lying: _Lying) -> None:
    """Notes where one is by now: it may have come, or gone on to the store, since everything was listed."""
    lying.here[file.id] = lying.root / file.key
    if lying.remote is None:
        return
    with suppress(StoreAway):  # then it is as it was listed
        found = await lying.remote.find(file.key)
        lying.stored.pop(file.id, None)
        if found is not None:
            lying.stored[file.id] = found


def _fault(file: StoredFile, lying: _Lying) -> str:
    """What is wrong with a file; empty: nothing, as far as can be seen."""
    path, stored = lying.here.get(file.id), lying.stored.get(file.id)
    here = _fault_here(file, path, read=lying.read_media) if path is not None else None
    if here:
        return here
    if here is None and file.stored_at is None and file.instance_id not in (None, lying.instance):
        return ""  # another's to check
    if here is None and file.stored_at is None and stored is None:
        return "is missing"
    if lying.remote is None or file.stored_at is None or file.stored_url != lying.remote.url:
        return ""
    if stored is None:
        return "is missing in the object store"
    if stored.size != file.size_bytes:
        return f"has {stored.size} bytes in the object store instead of {file.size_bytes}"
    return ""


def _fault_here(file: StoredFile, path: Path, *, read: bool) -> str | None:
    """The same of the copy on this machine; None: it has gone."""
    try:
        size = path.stat().st_size
        if size != file.size_bytes:
            return f"has {size} bytes here instead of {file.size_bytes}"
        return "is not as it was written" if read and _sum_of(path) != file.sha256 else ""
    except FileNotFoundError:
        return None


def _sum_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


async def _is_as_before(database: Database, file: StoredFile) -> bool:
    async with database.read() as tx:
        return await files_among(tx, [file.id]) == [file]
