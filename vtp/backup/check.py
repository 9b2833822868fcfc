"""Looks for damage: in the database, in what rows say of each other, in recordings and their files."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Table, and_, func, select, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.keyring import FILE as KEYS_FILE
from vtp.analytics.check import differing_rollups
from vtp.analytics.class_check import differing_classes
from vtp.analytics.credit_check import differing_credits
from vtp.backup.file_check import course_file_damage
from vtp.backup.own_tables import OWN_TABLES
from vtp.backup.picture_check import picture_damage
from vtp.backup.source import refuse_missing
from vtp.counted import counted
from vtp.courses.check import differing_students
from vtp.coursework.check import differing_settled
from vtp.data_folder import instance_id
from vtp.db import Database
from vtp.db.dump import reflect
from vtp.db.migrations import current_revision, known_revisions
from vtp.db.urls import Dialect
from vtp.errors import Unavailable
from vtp.ids import is_id
from vtp.recording.index import TrackIndex, segment_name
from vtp.recording.store import Status, Storage
from vtp.recording.tables import recordings
from vtp.recording.view import RecordingView
from vtp.sealing import FILE as SEALER_FILE
from vtp.settings import Settings
from vtp.storage import RemoteStore, Store

_WITH_MEDIA = (Status.READY, Status.INTERRUPTED)


async def find_damage(settings: Settings, *, read_media: bool) -> AsyncIterator[str]:
    """Everything that is wrong, one sentence each. `read_media`: also compares each part's checksum."""
    for name in (KEYS_FILE, SEALER_FILE):
        if not (settings.secrets_folder() / name).exists():
            yield f"The key file {settings.secrets_folder() / name} is missing: a start makes a new one."
    database = Database.connect(settings.database_url(), patient=True)
    refuse_missing(database)
    root = Store.open(settings.storage_url()).root
    folders = sorted(path for path in root.iterdir() if is_id(path.name))  # before the rows: theirs are older
    try:
        async with database.snapshot() as tx:
            async for sentence in _database_damage(tx, database.url.dialect):
                yield sentence
            current = await tx.run_sync(current_revision) == known_revisions()[-1]
            media = await _Media.read(tx) if current else None
            if current:
                async for sentence in differing_rollups(tx):
                    yield sentence
                async for sentence in differing_classes(tx, datetime.now(UTC)):
                    yield sentence
                async for sentence in differing_credits(tx):
                    yield sentence
                async for sentence in differing_settled(tx):
                    yield sentence
                async for sentence in differing_students(tx):
                    yield sentence
        if media is not None:
            remote, instance = await asyncio.to_thread(_remote_of, settings)
            async for sentence in course_file_damage(database, root, remote, instance, read_media=read_media):
                yield sentence
            async for sentence in picture_damage(database, root, remote, instance):
                yield sentence
        if media is not None:  # the transaction has ended: reading recordings takes hours
            if settings.storage.is_remote:
                media = media.without_others(await asyncio.to_thread(instance_id, settings.data_dir), root)
            async for sentence in _media_damage(database, media, root, folders, read_media=read_media):
                yield sentence
    except (Unavailable, SQLAlchemyError) as error:
        yield f"The database cannot be read: {_first_line(error.__cause__ or error)}."
    finally:
        await database.close()


def _remote_of(settings: Settings) -> tuple[RemoteStore | None, str]:
    """The object store, and what rows call this data folder beside it."""
    if not settings.storage.is_remote:
        return None, ""
    return RemoteStore.open(settings.storage), instance_id(settings.data_dir)


async def _database_damage(tx: AsyncConnection, dialect: Dialect) -> AsyncIterator[str]:
    if dialect is Dialect.SQLITE:
        for line in (await tx.execute(text("PRAGMA integrity_check"))).scalars():
            if line != "ok":
                yield f"The database file is damaged: {line}."
    revision = await tx.run_sync(current_revision)
    if revision != known_revisions()[-1]:
        newest = known_revisions()[-1]
        yield f"The schema is at revision {revision}, this vtp's at {newest}: run vtp admin migrate."
    for table in await reflect(tx, OWN_TABLES):
        async for sentence in _dangling(tx, table):
            yield sentence


async def _dangling(tx: AsyncConnection, table: Table) -> AsyncIterator[str]:
    """Rows that name another that is not there."""
    for key in table.foreign_key_constraints:
        other = key.referred_table.alias()
        pairs = [(element.parent, other.c[element.column.name]) for element in key.elements]
        found = select(func.count()).select_from(
            table.outerjoin(other, and_(*(column == theirs for column, theirs in pairs)))
        )
        named = [column.is_not(None) for column, _ in pairs]
        count = (await tx.execute(found.where(*named, pairs[0][1].is_(None)))).scalar_one()
        if count:
            names = ", ".join(key.column_keys)
            gone = f"a row of {key.referred_table.name} that is gone"
            rows = counted(count, "row")
            yield f"{rows} of {table.name} {'names' if count == 1 else 'name'} by {names} {gone}."


@dataclass(frozen=True, slots=True)
class _Media:
    """What rows say that there is in the store."""

    recordings: dict[str, Any]

    @classmethod
    async def read(cls, tx: AsyncConnection) -> _Media:
        found = await tx.execute(
            select(*(recordings.c[name] for name in ("id", "status", "title", "storage", "instance_id")))
        )
        return cls({row.id: row for row in found})

    def without_others(self, instance: str, root: Path) -> _Media:
        """Beside an object store, what others have recorded and not uploaded yet is theirs to check."""
        ours = {
            id_: row
            for id_, row in self.recordings.items()
            if row.instance_id in (None, instance) or (root / id_).exists()
        }
        return _Media(ours)


async def _media_damage(
    database: Database, media: _Media, root: Path, folders: Iterable[Path], *, read_media: bool
) -> AsyncIterator[str]:
    """Only what rows still say when a fault is found: a running server deletes files and then their rows."""
    for row in media.recordings.values():
        if row.status not in _WITH_MEDIA or (row.storage == Storage.STORED and not (root / row.id).exists()):
            continue
        faults = list(recording_faults(root / row.id, read_media=read_media))
        if faults and (await _now(database)).recordings.get(row.id) == row:
            for fault in faults:
                yield f"The recording {row.id} ({row.title}) is damaged: {fault}."
    for path in folders:
        if path.name not in media.recordings and path.exists():
            yield f"The folder {path} belongs to no recording: delete it, or restore the database of it."


async def _now(database: Database) -> _Media:
    async with database.read() as tx:
        return await _Media.read(tx)


def recording_faults(directory: Path, *, read_media: bool) -> Iterator[str]:
    """What is wrong with the files of a recording that is said to be playable."""
    try:
        view = RecordingView.load(directory)
    except FileNotFoundError:
        yield "its files are missing"
        return
    except (OSError, ValueError) as error:
        yield f"its manifest cannot be read ({_first_line(error)})"
        return
    if not view.is_playable:
        yield "there is nothing to play"
    indexes = {**view.tracks, **view.people}
    for name in (*view.manifest.tracks, *(one.track for one in view.manifest.people)):
        if name not in indexes:
            yield f"the index of its track {name} is missing"
    for name, index in indexes.items():
        yield from _track_faults(directory / name, index, read_media=read_media)


def _track_faults(folder: Path, index: TrackIndex, *, read_media: bool) -> Iterator[str]:
    for one in index.maps:
        if not (folder / one.uri).exists():
            yield f"{folder.name}/{one.uri} is missing"
    for segment in index.segments:
        if segment.gap:
            continue
        path = folder / segment_name(segment.msn)
        try:
            size = path.stat().st_size
        except OSError:
            yield f"{folder.name}/{path.name} is missing"
            continue
        if size != segment.size:
            yield f"{folder.name}/{path.name} has {size} bytes instead of {segment.size}"
        elif read_media and not _sums_agree(path, index, segment.msn):
            yield f"{folder.name}/{path.name} is not as it was written"


def _sums_agree(path: Path, index: TrackIndex, msn: int) -> bool:
    with path.open("rb") as file:
        for part in index.parts.get(msn, []):
            file.seek(part.offset)
            if zlib.crc32(file.read(part.size)) != part.crc:
                return False
    return True


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
