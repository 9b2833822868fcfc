"""Migrations: forward only, once, under a lock; what they make is what the tables say."""

import asyncio
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text

from vtp.db import Database, metadata
from vtp.db.migrations import (
    MIGRATIONS,
    SchemaTooNewError,
    current_revision,
    known_revisions,
    pending_revisions,
)


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


async def test_two_servers_starting_at_once_migrate_once(database_url: str) -> None:
    one, other = Database.connect(database_url), Database.connect(database_url)
    applied = await asyncio.gather(one.migrate(), other.migrate())
    assert sorted(applied) == [[], known_revisions()]
    await one.close()
    await other.close()


async def test_a_newer_schema_is_refused_with_a_sentence(database: Database, database_url: str) -> None:
    async with database.transaction() as tx:
        await tx.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SchemaTooNewError, match="start the newer vtp"):
        await Database.open(database_url)


async def test_a_failing_migration_leaves_the_database_as_it_was(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
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
    database = Database.connect(database_url)
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
