"""Every revision that was ever on main, with rows in all its tables, is brought up to date and served."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from tests.filled import contents, fill
from tests.serving import serving
from vtp.db import Database
from vtp.db.migrations import current_revision, known_revisions, migrate


@pytest.mark.parametrize("revision", known_revisions())
async def test_rows_of_each_revision_survive_the_upgrade_and_are_served(
    empty_database_url: str, tmp_path: Path, revision: str
) -> None:
    old = Database.connect(empty_database_url)

    def migrate_to(connection: Connection) -> None:
        migrate(connection, old.url.dialect, to=revision)

    if old.url.dialect.value == "sqlite":
        old.url.file.touch()
    async with old.transaction() as tx:
        await tx.run_sync(migrate_to)
        assert await tx.run_sync(current_revision) == revision
        counts = await fill(tx)
        before = await contents(tx)
    await old.close()
    assert all(len(rows) == counts[table] > 0 for table, (_, rows) in before.items())

    new = await Database.open(empty_database_url)
    async with new.read() as tx:
        assert await tx.run_sync(current_revision) == known_revisions()[-1]
        after = await contents(tx, {table: names for table, (names, _) in before.items()})
    await new.close()
    for table, (_, rows) in before.items():
        assert after[table][1] == rows, table

    async with serving(tmp_path / "data", empty_database_url) as api:
        admin = await api.person("admin", "head@school.example")
        for path in ("/api/v1/rooms", "/api/v1/users", "/api/v1/recordings", "/api/v1/webhooks"):
            answer = await api.call("GET", path, by=admin)
            assert (path, answer.status) == (path, 200), answer.body
        people = await api.call("GET", "/api/v1/users", by=admin)
        assert len(people.body["items"]) == counts["users"] + 1


async def test_addresses_whose_domain_was_written_as_in_dns_get_their_one_spelling(
    empty_database_url: str,
) -> None:
    """But for one whose spelling somebody else has, and for what is no name."""
    database = Database.connect(empty_database_url)
    if database.url.dialect.value == "sqlite":
        database.url.file.touch()
    written = ["a@xn--strae-oqa.example", "b@xn--schle-mva.example", "b@schüle.example", "c@xn--a.example"]
    async with database.transaction() as tx:
        await tx.run_sync(lambda connection: migrate(connection, database.url.dialect, to="0009"))
        await fill(tx, len(written))
        ids = list((await tx.execute(text("SELECT id FROM users ORDER BY id"))).scalars())
        for user_id, email in zip(ids, written, strict=True):
            change = text("UPDATE users SET email = :email WHERE id = :id")
            await tx.execute(change, {"email": email, "id": user_id})
    await database.migrate()
    async with database.read() as tx:
        kept = list((await tx.execute(text("SELECT email FROM users ORDER BY id"))).scalars())
    await database.close()
    assert kept == ["a@straße.example", *written[1:]]
