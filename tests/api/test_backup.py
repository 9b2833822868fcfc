"""Backups of real databases: made beside a running server, put back, refused where they would do harm."""

from __future__ import annotations

import asyncio
import json
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from tests.api.backup_material import damage, filled, settings_of, sql, stored, write_archive
from tests.api.recording_material import add_finished, fetch, grant_of, make_room, open_media
from tests.filled import contents, fill
from tests.postgres import PostgresServer
from tests.server_process import ROOT
from tests.serving import Api, serving
from vtp.backup.archive import Archive
from vtp.backup.make import make_backup
from vtp.backup.own_tables import OWN_TABLES
from vtp.backup.restore import restore_backup
from vtp.data_folder import instance_id
from vtp.db import Database
from vtp.db.dump import reflect
from vtp.db.migrations import migrate
from vtp.errors import StartupError

pytestmark = pytest.mark.both_databases


@pytest.fixture(params=["sqlite", "postgresql"])
def other_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Where to restore: a place with nothing in it, on each kind of database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'other.sqlite3'}"
        return
    server: PostgresServer = request.getfixturevalue("postgres")
    url = server.create_database()
    yield url
    server.drop_database(url)


@pytest.mark.drawn
async def test_rows_are_the_same_on_either_database(
    database_url: str, other_url: str, tmp_path: Path
) -> None:
    before = await filled(database_url)
    made = await make_backup(settings_of(tmp_path / "a", database_url), tmp_path / "b.vtp", media=False)
    assert made.rows == sum(len(rows) for _, rows in before.values())
    assert stat.S_IMODE((tmp_path / "b.vtp").stat().st_mode) == 0o600
    done = await restore_backup(
        settings_of(tmp_path / "c", other_url), tmp_path / "b.vtp", force=False, keep_sessions=True
    )
    assert done.rows == made.rows and done.ended is None
    after = await stored(other_url)
    here = instance_id(tmp_path / "c")
    assert after.pop("recordings") == _taken_over(before.pop("recordings"), here)
    assert _owners_of(after["recording_jobs"]) == {None} and len(_owners_of(before["recording_jobs"])) > 1
    assert _released(after.pop("recording_jobs")) == _released(before.pop("recording_jobs"))
    for placed in ("coursework_files", "picture_files"):
        assert after.pop(placed) == _unplaced(before.pop(placed))
    assert after == before


Table = tuple[list[str], list[bytes]]
"""The names of a table's columns, and its rows."""


def _with(table: Table, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Table:
    names, lines = table
    rows = [dict(zip(names, json.loads(line), strict=True)) for line in lines]
    rows = [{**row, **change(row)} for row in rows]
    dumped = [json.dumps(list(row.values()), ensure_ascii=False, separators=(",", ":")) for row in rows]
    return names, sorted(line.encode() + b"\n" for line in dumped)


def _unplaced(files: Table) -> Table:
    """Where the bytes of files of courses are is looked at anew."""
    return _with(files, lambda _: {"instance_id": None, "stored_at": None})


def _taken_over(recordings: Table, instance: str) -> Table:
    """They are this data folder's."""
    return _with(recordings, lambda _: {"instance_id": instance})


def _released(jobs: Table) -> Table:
    """Nobody works on them, and what was running is to be done at once."""
    again = {"state": "queued", "next_try_at": None, "eta_at": None, "owner": None}
    return _with(jobs, lambda row: again if row["state"] in ("running", "queued") else {"owner": None})


def _owners_of(jobs: Table) -> set[str | None]:
    return {json.loads(line)[jobs[0].index("owner")] for line in jobs[1]}


async def test_a_backup_under_load_is_of_one_moment_and_has_all_that_was_acknowledged(
    api: Api, tmp_path: Path
) -> None:
    """A room and its line in the audit log are written together: so they are in the backup."""
    other_url = f"sqlite:///{tmp_path / 'other.sqlite3'}"
    teacher = await api.person("teacher")
    acknowledged: list[str] = []
    enough = asyncio.Event()

    async def write(number: int) -> None:
        for i in range(1000):
            wish = {"room_id": f"room-{number}-{i}", "room_name": "Physics"}
            answer = await api.call("POST", "/api/v1/signalling/room/create", wish, by=teacher)
            assert answer.status == 201
            acknowledged.append(answer.body["room_id"])
            if len(acknowledged) == 20:
                enough.set()

    async with asyncio.TaskGroup() as group:  # a writer that dies ends the waiting too
        writers = [group.create_task(write(number)) for number in range(3)]
        await enough.wait()
        before = list(acknowledged)
        settings = api.server.services.settings
        await make_backup(settings, tmp_path / "b.vtp", media=False)
        after = list(acknowledged)
        for writer in writers:
            writer.cancel()
    assert len(after) > len(before), "nothing was written meanwhile"

    target = settings_of(tmp_path / "c", other_url)
    await restore_backup(target, tmp_path / "b.vtp", force=False, keep_sessions=True)
    database = await Database.open(other_url)
    async with database.read() as tx:
        rooms = set((await tx.execute(text("SELECT id FROM rooms"))).scalars())
        logged = (
            await tx.execute(text("SELECT subject FROM audit_log WHERE event = 'room_created'"))
        ).scalars()
        assert {subject.removeprefix("room:") for subject in logged} == rooms
    await database.close()
    assert set(before) <= rooms
    async with serving(tmp_path / "c", other_url) as restored:  # the keys came along: its token is good
        answer = await restored.call("GET", "/api/v1/rooms?limit=200", by=teacher)
        assert answer.status == 200 and len(answer.body["items"]) == min(len(rooms), 200)


@pytest.mark.drawn(1)
async def test_recordings_come_along_and_play(api: Api, tmp_path: Path) -> None:
    other_url = f"sqlite:///{tmp_path / 'other.sqlite3'}"
    teacher = await api.person("teacher")
    recording_id = await add_finished(api, await make_room(api, teacher), teacher)
    made = await make_backup(api.server.services.settings, tmp_path / "b.vtp", media=True)
    assert made.missing == 0
    target = settings_of(tmp_path / "c", other_url)
    await restore_backup(target, tmp_path / "b.vtp", force=False, keep_sessions=True)
    assert await damage(target) == []
    async with serving(tmp_path / "c", other_url) as restored:
        fetched = await fetch(
            restored,
            f"/api/v1/recordings/{recording_id}/download",
            Cookie=await grant_of(restored, recording_id, teacher),
        )
        assert fetched.status == 200
        with open_media(fetched.body) as container:
            assert sum(1 for _ in container.decode(video=0)) == 120


@pytest.mark.drawn(1)
async def test_an_older_revision_is_restored_and_brought_up_to_date(other_url: str, tmp_path: Path) -> None:
    source = f"sqlite:///{tmp_path / 'old.sqlite3'}"
    old = Database.connect(source)
    async with old.transaction() as tx:
        await tx.run_sync(lambda connection: migrate(connection, old.url.dialect, to="0004"))
        await fill(tx)
        before = await contents(tx)
    await old.close()
    await make_backup(settings_of(tmp_path / "a", source), tmp_path / "b.vtp", media=False)
    done = await restore_backup(
        settings_of(tmp_path / "c", other_url), tmp_path / "b.vtp", force=False, keep_sessions=True
    )
    assert done.revision == "0004"
    database = await Database.open(other_url)
    async with database.read() as tx:
        after = await contents(tx, {table: names for table, (names, _) in before.items()})
    await database.close()
    assert after == before


async def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    write_archive(tmp_path / "b.vtp", "9999")
    with pytest.raises(StartupError, match=r"revision 9999.*vtp 99\.0 or a newer one"):
        await restore_backup(settings_of(tmp_path / "data"), tmp_path / "b.vtp", force=True)
    assert not (tmp_path / "data" / "vtp.sqlite3").exists()


async def test_a_running_server_is_refused(database_url: str, tmp_path: Path) -> None:
    async with serving(tmp_path / "data", database_url) as api:
        settings = api.server.services.settings
        await make_backup(settings, tmp_path / "b.vtp", media=False)
        with pytest.raises(StartupError, match="in use by a running vtp"):
            await restore_backup(settings, tmp_path / "b.vtp", force=True)
        elsewhere = settings_of(tmp_path / "elsewhere", database_url)
        with pytest.raises(StartupError, match="stop every vtp on it first"):
            await restore_backup(elsewhere, tmp_path / "b.vtp", force=True)


@pytest.mark.drawn(1)
async def test_what_is_there_is_replaced_only_by_force_and_kept(database_url: str, tmp_path: Path) -> None:
    before = await filled(database_url)
    settings = settings_of(tmp_path / "data", database_url)
    secrets = tmp_path / "data" / "secrets"
    secrets.mkdir(parents=True)
    (secrets / "columns.key").write_bytes(b"k" * 32)
    await make_backup(settings, tmp_path / "b.vtp", media=False)
    with pytest.raises(StartupError, match=r"--force"):
        await restore_backup(settings, tmp_path / "b.vtp", force=False)
    (secrets / "columns.key").write_bytes(b"x" * 32)
    database = await Database.open(database_url)
    async with database.transaction() as tx:
        await tx.execute(text("DELETE FROM chat_messages"))
    await database.close()
    done = await restore_backup(settings, tmp_path / "b.vtp", force=True)
    after = await stored(database_url)
    assert after["chat_messages"] == before["chat_messages"]
    assert (secrets / "columns.key").read_bytes() == b"k" * 32
    assert stat.S_IMODE((secrets / "columns.key").stat().st_mode) == 0o600
    kept = {path.name for path in done.kept}
    assert "secrets.before-restore-1" in kept
    if database_url.startswith("sqlite"):
        assert "vtp.sqlite3.before-restore-1" in kept


@pytest.mark.drawn(1)
async def test_tables_of_other_programs_stay_and_are_in_no_backup(database_url: str, tmp_path: Path) -> None:
    before = await filled(database_url)
    await sql(database_url, "CREATE TABLE canteen_meals (id integer)", "INSERT INTO canteen_meals VALUES (7)")
    settings = settings_of(tmp_path / "data", database_url)
    made = await make_backup(settings, tmp_path / "b.vtp", media=False)
    assert made.rows == sum(len(rows) for _, rows in before.values())
    if database_url.startswith("postgresql"):  # elsewhere a new file takes the place of the old one
        await restore_backup(settings, tmp_path / "b.vtp", force=True)
        assert [tuple(row) for row in await sql(database_url, "SELECT id FROM canteen_meals")] == [(7,)]
    elsewhere = settings_of(tmp_path / "elsewhere")
    done = await restore_backup(elsewhere, tmp_path / "b.vtp", force=False)
    assert done.rows == made.rows


async def test_a_file_with_another_programs_rows_is_not_replaced_unasked(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'ours.sqlite3'}"
    await filled(url)
    await make_backup(settings_of(tmp_path / "data", url), tmp_path / "b.vtp", media=False)
    theirs = f"sqlite:///{tmp_path / 'theirs.sqlite3'}"
    await sql(theirs, "CREATE TABLE canteen_meals (id integer)", "INSERT INTO canteen_meals VALUES (7)")
    with pytest.raises(StartupError, match="not empty"):
        await restore_backup(settings_of(tmp_path / "other", theirs), tmp_path / "b.vtp", force=False)
    assert [tuple(row) for row in await sql(theirs, "SELECT id FROM canteen_meals")] == [(7,)]


async def test_what_depends_on_our_tables_is_named_and_nothing_is_changed(
    postgres: PostgresServer, migrated_postgres: tuple[str, str], tmp_path: Path
) -> None:
    url = postgres.create_database(migrated_postgres[0])
    before = await filled(url)
    settings = settings_of(tmp_path / "data", url)
    await make_backup(settings, tmp_path / "b.vtp", media=False)
    for others in (
        "CREATE VIEW reports AS SELECT full_name FROM users",
        "CREATE TABLE reports (user_id varchar(36) REFERENCES users)",
    ):
        await sql(url, others)
        with pytest.raises(StartupError, match=r"not vtp's depends on.*reports.*Nothing was changed"):
            await restore_backup(settings, tmp_path / "b.vtp", force=True)
        after = await stored(url)
        assert {name: after[name] for name in OWN_TABLES} == before
        await sql(url, f"DROP {others.split()[1]} reports")
    postgres.drop_database(url)


@pytest.mark.drawn(1)
async def test_every_table_of_the_schema_is_known_as_ours(database: Database) -> None:
    """Also to a command, which imports less than all of these tests do."""
    script = "from vtp.backup.own_tables import OWN_TABLES; print(*OWN_TABLES)"
    known = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    async with database.read() as tx:
        assert {table.name for table in await reflect(tx)} == set(known.stdout.split()) == OWN_TABLES


async def test_what_a_restore_replaced_is_not_in_the_next_backup(tmp_path: Path) -> None:
    settings = settings_of(tmp_path / "data")
    recordings = tmp_path / "data" / "recordings" / "01890a5d-ac96-774b-bcce-b302099a8057"
    recordings.mkdir(parents=True)
    (recordings / "index.json").write_text("{}")
    await filled(f"sqlite:///{tmp_path / 'data' / 'vtp.sqlite3'}")
    first = await make_backup(settings, tmp_path / "1.vtp", media=True)
    done = await restore_backup(settings, tmp_path / "1.vtp", force=True)
    assert recordings.with_name(f"{recordings.name}.before-restore-1") in done.kept
    second = await make_backup(settings, tmp_path / "2.vtp", media=True)
    assert (second.files, first.files) == (1, 1)
    with (tmp_path / "2.vtp").open("rb") as file:
        assert not any("before-restore" in name for name in Archive(file).names("media"))
