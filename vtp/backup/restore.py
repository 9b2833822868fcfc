"""Puts a backup back: checked as a whole before anything is touched, the database last and at once."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import MetaData, text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from vtp.accounts.audit import AuditLog, Event, Origin
from vtp.backup.archive import Archive, Contents, DamagedError
from vtp.backup.own_tables import OWN_TABLES, WITH_VERSION
from vtp.backup.set_aside import free_name
from vtp.backup.taking_over import take_over
from vtp.backup.ways_in import Ended, end_ways_in
from vtp.data_folder import instance_id, open_data_folder
from vtp.db import Database
from vtp.db.dump import put_rows, reflect
from vtp.db.migrations import known_revisions, migrate
from vtp.db.urls import Dialect
from vtp.errors import StartupError, Unavailable
from vtp.settings import Settings
from vtp.storage import Store

DEPENDENT_OBJECTS = "2BP01"  # dependent_objects_still_exist, PostgreSQL's appendix A
AfterRows = Callable[[AsyncConnection], object]


@dataclass(frozen=True)
class Restored:
    """What was put back."""

    rows: int
    files: int
    revision: str
    kept: list[Path]
    """What was there before, under another name."""
    ended: Ended | None
    """What lets nobody in any more; None where it was to be kept."""


async def restore_backup(
    settings: Settings, source: Path, *, force: bool, keep_sessions: bool = False
) -> Restored:
    """Restores into the database and folders of `settings`. Raises StartupError with a sentence.

    The data folder is locked meanwhile as a server would lock it. Sessions, invitations and links of mails
    end, unless `keep_sessions`: for who moves a database and knows that nothing was ended since the backup.
    """
    try:
        with source.open("rb") as file:
            archive = Archive(file)
            _refuse_newer(archive.contents)
            archive.verify()
            folder = open_data_folder(settings.data_dir)
            try:
                return await _Restoring(settings, archive, force=force, keep_sessions=keep_sessions).run()
            finally:
                folder.close()
    except DamagedError as error:
        raise StartupError(f"{source} cannot be restored: {error}. Nothing was changed.") from error
    except OSError as error:
        raise StartupError(f"{source} cannot be restored: {error.strerror or error}.") from error


def _refuse_newer(contents: Contents) -> None:
    known = known_revisions()
    if contents.revision not in known:
        raise StartupError(
            f"This backup is of revision {contents.revision}, this vtp knows up to {known[-1]}: restore it "
            f"with vtp {contents.version} or a newer one. Nothing was changed."
        )


class _Restoring:
    """Everything is made beside what is there; then each takes its place by one renaming."""

    def __init__(self, settings: Settings, archive: Archive, *, force: bool, keep_sessions: bool) -> None:
        self._settings = settings
        self._archive = archive
        self._force = force
        self._keep_sessions = keep_sessions
        self._ended: Ended | None = None
        self._kept: list[Path] = []
        self._moves: list[tuple[Path, Path]] = []

    async def run(self) -> Restored:
        await self._refuse_what_is_there()
        secrets = self._settings.secrets_folder()
        media = Store.open(self._settings.storage_url()).root if self._archive.contents.media else None
        drafts = [secrets.with_name(secrets.name + ".restoring")]
        if media is not None:
            drafts.append(media / ".restoring")  # within: the store may be a file system of its own
        try:
            files = self._extract("secrets", drafts[0], 0o600)
            if media is not None:
                files += self._extract("media", drafts[1], 0o640)
            rows = await self._restore_rows(lambda: self._take_place(secrets, media, drafts))
        except BaseException:
            self._undo()
            raise
        finally:
            for draft in drafts:
                shutil.rmtree(draft, ignore_errors=True)
        return Restored(rows, files, self._archive.contents.revision, self._kept, self._ended)

    async def _refuse_what_is_there(self) -> None:
        """Never writes over a database with people in it unless that is asked for, nor under a server."""
        database = Database.connect(self._settings.database_url(), patient=True)
        try:
            if database.url.dialect is Dialect.SQLITE:
                if not database.url.file.exists():
                    return
                _refuse_open(database.url.file)
            async with database.read() as tx:
                if database.url.dialect is Dialect.POSTGRESQL:
                    await _refuse_connected(tx)
                # A file of SQLite is replaced whole, with whatever else is in it.
                ours = OWN_TABLES if database.url.dialect is Dialect.POSTGRESQL else None
                tables = await reflect(tx, ours)
                full = [t.name for t in tables if (await tx.execute(t.select().limit(1))).first() is not None]
        except (Unavailable, SQLAlchemyError) as error:
            if database.url.dialect is Dialect.POSTGRESQL:
                raise StartupError(f"The database {database.url} does not answer: start it first.") from error
            full = ["what cannot be read"]
        finally:
            await database.close()
        if full and not self._force:
            raise StartupError(
                f"The database {database.url} is not empty: say --force to replace what is in it "
                "(a copy of an SQLite file is kept). Nothing was changed."
            )

    def _extract(self, folder: str, target: Path, mode: int) -> int:
        shutil.rmtree(target, ignore_errors=True)
        names = self._archive.names(folder)
        target.mkdir(mode=0o700 if mode == 0o600 else 0o750, parents=True)
        for name in names:
            self._archive.extract(f"{folder}/{name}", target / name, mode)
        return len(names)

    async def _restore_rows(self, before_commit: Callable[[], None]) -> int:
        url = self._settings.database_url()
        if Database.connect(url).url.dialect is Dialect.POSTGRESQL:
            return await self._fill(Database.connect(url, patient=True), before_commit, empty_first=True)
        file = Database.connect(url).url.file
        draft = file.with_name(file.name + ".restoring")
        _unlink(draft)
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            draft.touch(mode=0o600)
            drafted = Database.connect(f"sqlite:///{quote(str(draft.absolute()))}")
            rows = await self._fill(drafted, lambda: None, empty_first=False)
            _fold_journal(draft)
            before_commit()
            self._replace_file(draft, file)
        finally:
            _unlink(draft)
        return rows

    async def _fill(self, database: Database, before_commit: Callable[[], None], *, empty_first: bool) -> int:
        """The schema of the backup's revision, its rows, then the revisions since: one transaction."""
        rows = 0
        try:
            async with database.transaction() as tx:
                if empty_first:
                    await _drop_own(tx)
                await tx.run_sync(_migrate_to, database.url.dialect, self._archive.contents.revision)
                for table in await reflect(tx, OWN_TABLES):
                    part = self._archive.contents.tables.get(table.name)
                    if part is None:
                        raise DamagedError(f"the table {table.name} is not in it")
                    lines = self._archive.lines(f"tables/{table.name}")
                    rows += await put_rows(tx, table, part.columns, lines)
                await tx.run_sync(migrate, database.url.dialect)
                await take_over(tx, instance_id(self._settings.data_dir), self._here(database.url.dialect))
                if not self._keep_sessions:
                    self._ended = await end_ways_in(tx, datetime.now(UTC))
                    await AuditLog(database).record(
                        tx,
                        Event.BACKUP_RESTORED,
                        Origin(user_agent="vtp admin restore"),
                        subject="backup",
                        details=asdict(self._ended),
                    )
                before_commit()
        except (KeyError, ValueError, SQLAlchemyError) as error:
            raise DamagedError(f"its rows do not fit their tables ({_first_line(error)})") from error
        except Unavailable as error:
            raise StartupError(
                f"The backup cannot be restored: {error.detail} Nothing was changed."
            ) from error
        finally:
            await database.close()
        return rows

    def _here(self, dialect: Dialect) -> set[str] | None:
        """The folders that came with the backup or lie here; None where there is no other place for any."""
        if dialect is Dialect.SQLITE or not self._settings.storage.is_remote:
            return None
        here = {path.name for path in Store.open(self._settings.storage_url()).root.iterdir()}
        return here | {name.split("/")[0] for name in self._archive.names("media")}

    def _take_place(self, secrets: Path, media: Path | None, drafts: list[Path]) -> None:
        """Media beside what is there, then the keys; what is replaced is kept under another name."""
        if media is not None:
            for draft in sorted(drafts[1].iterdir()):
                target = media / draft.name
                if target.exists():
                    self._keep(target)
                self._move(draft, target)
        if secrets.exists() and any(secrets.iterdir()):
            self._keep(secrets)
        elif secrets.exists():
            secrets.rmdir()
        secrets.parent.mkdir(parents=True, exist_ok=True)
        self._move(drafts[0], secrets)

    def _replace_file(self, draft: Path, file: Path) -> None:
        """One renaming; the journal of the file before must be gone by then, or SQLite would apply it."""
        if file.exists():
            with suppress(sqlite3.Error):
                _fold_journal(file)
            kept = free_name(file)
            for ending in ("-wal", "-shm"):
                journal = file.with_name(file.name + ending)
                if journal.exists():
                    self._move(journal, kept.with_name(kept.name + ending))
            os.link(file, kept)
            self._kept.append(kept)
        draft.replace(file)

    def _keep(self, path: Path) -> None:
        kept = free_name(path)
        self._move(path, kept)
        self._kept.append(kept)

    def _move(self, path: Path, target: Path) -> None:
        path.replace(target)
        self._moves.append((path, target))

    def _undo(self) -> None:
        """Puts back what has moved, when the database does not come after it."""
        for path, target in reversed(self._moves):
            target.replace(path)


async def _refuse_connected(tx: AsyncConnection) -> None:
    others = text(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
        "AND pid <> pg_backend_pid() AND backend_type = 'client backend'"
    )
    count = (await tx.execute(others)).scalar_one()
    if count:
        raise StartupError(
            f"{count} other connections are open to this database: stop every vtp on it first. "
            "Nothing was changed."
        )


async def _drop_own(tx: AsyncConnection) -> None:
    """Drops vtp's tables and leaves those of others, also where these depend on them: then it refuses."""

    def drop(connection: Connection) -> None:
        found = MetaData()
        found.reflect(connection, only=lambda name, _: name in WITH_VERSION, resolve_fks=False)
        found.drop_all(connection)

    try:
        await tx.run_sync(drop)
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) != DEPENDENT_OBJECTS:
            raise
        detail = str(getattr(getattr(error.orig, "__cause__", None), "detail", "") or "").split("\n")[0]
        raise StartupError(
            f"Something that is not vtp's depends on its tables ({detail or 'PostgreSQL names nothing'}): "
            "remove that first, or restore into an empty database. Nothing was changed."
        ) from error


def _migrate_to(connection: Connection, dialect: Dialect, revision: str) -> None:
    migrate(connection, dialect, to=revision)


def _refuse_open(file: Path) -> None:
    """SQLite changes the kind of journal only for who is alone."""
    try:
        _fold_journal(file)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
            raise StartupError(
                f"The database {file} is in use: stop every vtp on it first. Nothing was changed."
            ) from error
    except sqlite3.Error:
        pass  # damaged, which is why it is replaced


def _fold_journal(file: Path) -> None:
    """Brings everything into the one file, on the disk: the last to close a database removes its journal."""
    connection = sqlite3.connect(file)
    try:
        connection.execute("PRAGMA journal_mode = DELETE").fetchone()
    finally:
        connection.close()
    with file.open("rb") as written:
        os.fsync(written.fileno())


def _unlink(draft: Path) -> None:
    for ending in ("", "-wal", "-shm", "-journal"):
        draft.with_name(draft.name + ending).unlink(missing_ok=True)


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
