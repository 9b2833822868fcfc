"""Makes a backup: all rows from one moment, the keys, and the media on request, while the server goes on."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy.exc import SQLAlchemyError

from vtp import __version__
from vtp.accounts.picture_store import used_keys
from vtp.backup.archive import ArchiveWriter, Contents, TablePart, appearing_whole
from vtp.backup.own_tables import OWN_TABLES
from vtp.backup.set_aside import is_set_aside
from vtp.backup.source import first_line, refuse_missing
from vtp.coursework.file_store import kept_files
from vtp.db import Database
from vtp.db.dump import reflect, rows_of, shape_of
from vtp.db.migrations import current_revision, known_revisions
from vtp.errors import StartupError, Unavailable
from vtp.settings import Settings
from vtp.storage import RemoteStore, Store, StoreAway

_AT_A_TIME = 200


@dataclass(frozen=True)
class Made:
    """What a backup holds."""

    database: str
    rows: int
    files: int
    bytes: int
    missing: int


async def make_backup(settings: Settings, target: Path, *, media: bool) -> Made:
    """Writes the file `target`, which must not exist. Raises StartupError with a sentence."""
    database = Database.connect(settings.database_url(), patient=True)
    refuse_missing(database)
    try:
        with appearing_whole(target) as file:
            archive = ArchiveWriter(file, _contents(database))
            try:
                made = await _write(database, settings, archive, media)
            except BaseException:
                archive.abandon()
                raise
        return Made(str(database.url), made.rows, made.files, target.stat().st_size, made.missing)
    except StoreAway as error:
        raise StartupError(
            f"Files of courses or pictures lie in the object store alone: {error.detail} Nothing is left of "
            "the backup."
        ) from error
    except (Unavailable, SQLAlchemyError) as error:
        raise StartupError(
            f"The database {database.url} cannot be read ({first_line(error)}): run vtp admin check. Nothing "
            "is left of the backup."
        ) from error
    except FileExistsError as error:
        raise StartupError(f"{target} exists: choose another name, a backup overwrites nothing.") from error
    except OSError as error:
        raise StartupError(
            f"The backup {target} cannot be written ({error.strerror}): nothing is left of it."
        ) from error
    finally:
        await database.close()


def _contents(database: Database) -> Contents:
    return Contents(
        made_at=datetime.now(UTC).isoformat(),
        version=__version__,
        dialect=database.url.dialect.value,
        revision="",
    )


async def _write(database: Database, settings: Settings, archive: ArchiveWriter, media: bool) -> Made:
    rows = await _write_rows(database, archive)
    files = 0
    for path in _files(settings.secrets_folder()):
        archive.add_file(f"secrets/{path.name}", path, compress=True)
        files += 1
    if media:
        root = Store.open(settings.storage_url()).root
        files += _write_media(root, archive)
        if settings.storage.is_remote:
            files += await _write_stored(database, settings, root, archive)
    archive.contents.media = media
    archive.finish()
    return Made("", rows, files, 0, len(archive.contents.missing))


async def _write_rows(database: Database, archive: ArchiveWriter) -> int:
    """All tables from one snapshot; writers are not held up by it."""
    total = 0
    async with database.snapshot() as tx:
        revision = await tx.run_sync(current_revision)
        if revision not in known_revisions():
            raise StartupError("The database has no schema that this vtp knows: use the vtp that made it.")
        archive.contents.revision = revision
        for table in await reflect(tx, OWN_TABLES):
            with_lines = rows_of(tx, table)
            count = await archive.add_lines(f"tables/{table.name}", with_lines)
            archive.contents.tables[table.name] = TablePart(shape_of(table).columns, count)
            total += count
    return total


def _write_media(root: Path, archive: ArchiveWriter) -> int:
    """Everything in the store; what goes away meanwhile was deleted, its row perhaps after the snapshot."""
    count = 0
    for path in _files_below(root):
        key = path.relative_to(root).as_posix()
        try:
            archive.add_file(f"media/{key}", path)
        except FileNotFoundError:
            archive.contents.missing.append(key)
        else:
            count += 1
    return count


async def _write_stored(database: Database, settings: Settings, root: Path, archive: ArchiveWriter) -> int:
    """Files of courses and pictures that lie in the object store alone, one after the other by the disk of
    the store. What is in the archive already may have left this machine since, and what left it too early is
    fetched."""
    remote, count = RemoteStore.open(settings.storage), 0
    written, lost = set(archive.contents.names("media")), set(archive.contents.missing)
    with TemporaryDirectory(prefix=".backup-", dir=root) as folder:
        async for key in _wanted(database):
            if key in written or (root / key).is_file():
                continue
            draft = Path(folder, "draft")
            try:
                await remote.fetch(key, draft)
            except FileNotFoundError:
                lost.add(key)
                continue
            archive.add_file(f"media/{key}", draft)
            draft.unlink()
            lost.discard(key)
            count += 1
    archive.contents.missing = sorted(lost)
    return count


async def _wanted(database: Database) -> AsyncIterator[str]:
    """What may lie in the object store alone."""
    after = ""
    while True:
        async with database.read() as tx:
            found = await kept_files(tx, after=after, limit=_AT_A_TIME)
        for one in found:
            after = one.id
            yield one.key
        if not found:
            break
    after = ""
    while True:
        async with database.read() as tx:
            keys = await used_keys(tx, after=after, limit=_AT_A_TIME)
        for after in keys:
            yield after
        if not keys:
            return


def _files(folder: Path) -> Iterator[Path]:
    """Files of a folder without drafts."""
    if folder.is_dir():
        yield from (one for one in sorted(folder.iterdir()) if one.is_file() and one.name[0] != ".")


def _files_below(root: Path) -> Iterator[Path]:
    """Without links, and without what a restore replaced; a folder that is deleted meanwhile is passed over,
    one that cannot be read is not."""

    def refuse(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):
            raise error

    for folder, folders, names in os.walk(root, onerror=refuse):
        folders[:] = sorted(name for name in folders if _is_kept(name))
        yield from (
            path for name in sorted(names) if _is_kept(name) and not (path := Path(folder, name)).is_symlink()
        )


def _is_kept(name: str) -> bool:
    return name[0] != "." and not is_set_aside(name)  # a restore's that was killed, or has replaced something
