"""Migrations: forward only, once, under a lock; what they make is what the tables say."""

import asyncio
import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, create_engine, text

from vtp.db import Database, metadata
from vtp.db.migrations import (
    MIGRATIONS,
    SchemaTooNewError,
    current_revision,
    known_revisions,
    migrate,
    pending_revisions,
)
from vtp.db.urls import Dialect
from vtp.errors import StartupError


def load_all_tables() -> None:
    for file in Path("vtp").glob("*/tables.py"):
        __import__(f"vtp.{file.parent.name}.tables")


async def test_an_empty_database_is_brought_to_the_newest_revision(database: Database) -> None:
    async with database.read() as tx:
        assert await tx.run_sync(current_revision) == known_revisions()[-1]


async def test_a_second_start_finds_nothing_to_do(database: Database) -> None:
    assert await database.migrate() == []


async def test_migrated_tables_are_those_that_the_code_declares(database: Database) -> None:
    load_all_tables()

    def compare(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        found = compare_metadata(context, metadata)
        return [one for one in found if not (isinstance(one, list) and one[0][0] == "modify_comment")]

    async with database.read() as tx:
        assert await tx.run_sync(compare) == []


async def test_two_servers_starting_at_once_migrate_once(empty_database_url: str) -> None:
    one, other = Database.connect(empty_database_url), Database.connect(empty_database_url)
    applied = await asyncio.gather(one.migrate(), other.migrate())
    assert sorted(applied) == [[], known_revisions()]
    await one.close()
    await other.close()


@pytest.fixture(scope="module")
def restored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of today's schema with a rollback journal, as `.backup` of sqlite3 leaves it."""
    file = tmp_path_factory.mktemp("backup") / "vtp.sqlite3"
    engine = create_engine(f"sqlite:///{file}")
    with engine.begin() as connection:
        migrate(connection, Dialect.SQLITE)
    engine.dispose()
    return file


@pytest.mark.drawn(5)
@pytest.mark.parametrize("seed", range(20))
async def test_eight_start_at_once_on_any_sqlite_file(tmp_path: Path, restored: Path, seed: int) -> None:
    """New, empty, or restored from a backup, while somebody else writes to it: all eight get it open.

    SQLite calls no busy handler for who turns write-ahead logging on beside a writer.
    """
    draw = random.Random(seed)
    file = tmp_path / "vtp.sqlite3"
    known = known_revisions()
    match seed % 5:
        case 0:
            pass
        case 1:
            file.touch()
        case _:
            shutil.copy(restored, file)
            known = []

    async def start(after_s: float) -> list[str]:
        await asyncio.sleep(after_s)
        server = Database.connect(f"sqlite:///{file}")
        try:
            applied = await server.migrate()
            async with server.read() as tx:
                assert (await tx.execute(text("PRAGMA journal_mode"))).scalar_one() == "wal"
                assert await tx.run_sync(current_revision) == known_revisions()[-1]
        finally:
            await server.close()
        return applied

    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        async with asyncio.TaskGroup() as all_eight:
            servers = [all_eight.create_task(start(draw.uniform(0, 0.05))) for _ in range(8)]
            asyncio.get_running_loop().call_later(draw.uniform(0.03, 0.1), other.execute, "COMMIT")
    applied = [server.result() for server in servers]
    assert sorted(one for one in applied if one) == ([known] if known else [])


async def test_a_file_that_somebody_keeps_locked_is_told_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vtp.db.engine.BUSY_TIMEOUT_S", 0.1)
    file = tmp_path / "vtp.sqlite3"
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StartupError, match=r"vtp\.sqlite3 cannot be used: database is locked\.$"):
            await Database.open(f"sqlite:///{file}")


async def test_a_newer_schema_is_refused_with_a_sentence(database: Database, database_url: str) -> None:
    async with database.transaction() as tx:
        await tx.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SchemaTooNewError, match="start the newer vtp"):
        await Database.open(database_url)


async def test_a_failing_migration_leaves_the_database_as_it_was(
    empty_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first revision works, the one after it fails: none of the two must stick."""
    folder = tmp_path / "migrations"
    (folder / "versions").mkdir(parents=True)
    for name in ("env.py", "versions/0001_accounts_and_rooms.py"):
        (folder / name).write_text((MIGRATIONS / name).read_text())
    (folder / "versions" / "0002_broken.py").write_text(
        "from alembic import op\n"
        "revision, down_revision, branch_labels, depends_on = '0002', '0001', None, None\n"
        "def upgrade():\n    op.execute('CREATE TABLE broken (id INTEGER)')\n    raise ZeroDivisionError\n"
    )
    monkeypatch.setattr("vtp.db.migrations.MIGRATIONS", folder)
    database = Database.connect(empty_database_url)
    with pytest.raises(ZeroDivisionError):
        await database.migrate()
    async with database.read() as tx:
        assert await tx.run_sync(current_revision) is None
    await database.close()


def test_revisions_are_named_by_their_files_and_follow_each_other() -> None:
    files = sorted((MIGRATIONS / "versions").glob("*.py"))
    revisions = [file.name[:4] for file in files]
    for file, revision, before in zip(files, revisions, [None, *revisions], strict=False):
        source = file.read_text()
        assert f'revision = "{revision}"' in source
        assert f"down_revision = {before!r}".replace("'", '"') in source
        assert "def downgrade" not in source


def test_pending_revisions_are_those_after_the_current_one() -> None:
    known = known_revisions()
    assert pending_revisions(None) == known
    assert pending_revisions(known[0]) == known[1:]
    assert pending_revisions(known[-1]) == []
