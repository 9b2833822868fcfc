"""Backups of real databases: made beside a running server, put back, refused where they would do harm."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import random
import resource
import shutil
import signal
import stat
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from tests.api.recording_material import add_finished, fetch, grant_of, make_room, open_media
from tests.filled import contents, fill
from tests.fresh_database import fresh_database
from tests.postgres import PostgresServer
from tests.server_process import ROOT, command, environment, run_vtp
from tests.serving import Api, serving
from vtp.backup.archive import Archive, ArchiveWriter, Contents, appearing_whole
from vtp.backup.check import find_damage
from vtp.backup.make import make_backup
from vtp.backup.own_tables import OWN_TABLES
from vtp.backup.restore import restore_backup
from vtp.data_folder import instance_id
from vtp.db import Database
from vtp.db.dump import reflect
from vtp.db.migrations import migrate
from vtp.errors import StartupError
from vtp.settings import DatabaseSettings, Settings, StorageSettings

pytestmark = pytest.mark.both_databases


def settings_of(data_dir: Path, url: str = "") -> Settings:
    return Settings(data_dir=data_dir, database=DatabaseSettings(url=url))


async def stored(url: str) -> dict[str, Any]:
    """All that vtp has in a database, by table."""
    database = await Database.open(url)
    async with database.snapshot() as tx:
        found = await contents(tx)
    await database.close()
    return found


async def filled(url: str, rows: int = 7) -> dict[str, Any]:
    """All that is in a database of which each table has so many rows."""
    if url.startswith("sqlite"):
        file = Path(url.removeprefix("sqlite:///"))
        if not file.exists():
            shutil.copy(fresh_database(), file)
    database = await Database.open(url)
    async with database.transaction() as tx:
        await fill(tx, rows)
    await database.close()
    return await stored(url)


async def damage(settings: Settings, *, read_media: bool = True) -> list[str]:
    return [one async for one in find_damage(settings, read_media=read_media)]


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
    done = await restore_backup(settings_of(tmp_path / "c", other_url), tmp_path / "b.vtp", force=False)
    assert done.rows == made.rows
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

    await restore_backup(settings_of(tmp_path / "c", other_url), tmp_path / "b.vtp", force=False)
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


async def test_recordings_come_along_and_play(api: Api, tmp_path: Path) -> None:
    other_url = f"sqlite:///{tmp_path / 'other.sqlite3'}"
    teacher = await api.person("teacher")
    recording_id = await add_finished(api, await make_room(api, teacher), teacher)
    made = await make_backup(api.server.services.settings, tmp_path / "b.vtp", media=True)
    assert made.missing == 0
    target = settings_of(tmp_path / "c", other_url)
    await restore_backup(target, tmp_path / "b.vtp", force=False)
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


async def test_an_older_revision_is_restored_and_brought_up_to_date(other_url: str, tmp_path: Path) -> None:
    source = f"sqlite:///{tmp_path / 'old.sqlite3'}"
    old = Database.connect(source)
    async with old.transaction() as tx:
        await tx.run_sync(lambda connection: migrate(connection, old.url.dialect, to="0004"))
        await fill(tx)
        before = await contents(tx)
    await old.close()
    await make_backup(settings_of(tmp_path / "a", source), tmp_path / "b.vtp", media=False)
    done = await restore_backup(settings_of(tmp_path / "c", other_url), tmp_path / "b.vtp", force=False)
    assert done.revision == "0004"
    database = await Database.open(other_url)
    async with database.read() as tx:
        after = await contents(tx, {table: names for table, (names, _) in before.items()})
    await database.close()
    assert after == before


def write_archive(path: Path, revision: str) -> None:
    with path.open("wb") as file:
        ArchiveWriter(file, Contents("2026-03-01T12:00:00+00:00", "99.0", "sqlite", revision)).finish()


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


async def sql(url: str, *statements: str) -> list[Any]:
    """Runs statements as another program would; gives what the last one answered."""
    database = Database.connect(url)
    async with database.transaction() as tx:
        for statement in statements:
            found = await tx.execute(text(statement))
        rows = list(found) if found.returns_rows else []
    await database.close()
    return rows


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
    postgres: PostgresServer, tmp_path: Path
) -> None:
    url = postgres.create_database()
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


async def test_a_damaged_or_cut_backup_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    """Wherever a byte is wrong: it is refused, or it was one that nothing depends on."""
    source = f"sqlite:///{tmp_path / 'vtp.sqlite3'}"
    before = await filled(source)
    await make_backup(settings_of(tmp_path / "a", source), tmp_path / "b.vtp", media=False)
    whole = (tmp_path / "b.vtp").read_bytes()
    target = f"sqlite:///{tmp_path / 'target.sqlite3'}"
    there = await filled(target, 3)
    settings = settings_of(tmp_path / "c", target)
    refused = 0
    for seed in range(24):
        chance = random.Random(seed)
        bad = bytearray(whole)
        if seed % 3 == 0:
            del bad[chance.randrange(len(bad)) :]
        else:
            bad[chance.randrange(len(bad))] ^= 1 << chance.randrange(8)
        (tmp_path / "bad.vtp").write_bytes(bad)
        try:
            with (tmp_path / "bad.vtp").open("rb") as file:
                archive = Archive(file)
                archive.verify()
        except Exception:  # noqa: BLE001
            with pytest.raises(StartupError, match=r"Nothing was changed\.$"):
                await restore_backup(settings, tmp_path / "bad.vtp", force=True)
            refused += 1
    assert refused >= 16
    assert await stored(target) == there
    assert before != there


def test_a_full_disk_leaves_nothing_of_a_backup(tmp_path: Path) -> None:
    data = tmp_path / "data"
    assert run_vtp(data, "admin", "migrate").code == 0
    (data / "recordings").mkdir()
    (data / "recordings" / "noise.bin").write_bytes(random.Random(1).randbytes(300_000))
    out = tmp_path / "out"
    out.mkdir()

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))

    ended = subprocess.run(
        command("admin", "backup", "--media", str(out / "b.vtp")),
        cwd=ROOT,
        env=environment(data, {}),
        capture_output=True,
        text=True,
        preexec_fn=limit,
    )
    assert ended.returncode == 1
    assert "cannot be written (File too large): nothing is left of it." in ended.stderr
    assert list(out.iterdir()) == []


async def test_a_backup_that_is_killed_leaves_no_half_file(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    url = f"sqlite:///{data / 'vtp.sqlite3'}"
    database = await Database.open(url)
    async with database.transaction() as tx:
        await fill(tx, 5, {"audit_log": 40_000})
    await database.close()
    out = tmp_path / "out"
    out.mkdir()
    process = subprocess.Popen(  # noqa: ASYNC220
        command("admin", "backup", str(out / "b.vtp")), cwd=ROOT, env=environment(data, {})
    )
    descriptors = Path(f"/proc/{process.pid}/fd")
    while not any(_is_draft(one, out) for one in descriptors.iterdir()):
        assert process.poll() is None, "it ended before it could be killed"
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert list(out.iterdir()) == []


def _is_draft(descriptor: Path, folder: Path) -> bool:
    try:
        return str(descriptor.readlink()).startswith(str(folder)) and descriptor.stat().st_size > 10_000
    except OSError:
        return False


def test_a_database_that_is_not_there_is_not_made_to_be_found_empty(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    for command_ in (["backup", str(tmp_path / "b.vtp")], ["check"]):
        ended = run_vtp(tmp_path / "data", "admin", *command_)
        assert ended.code == 1 and "There is no database" in ended.errors and "Traceback" not in ended.errors
    assert not (tmp_path / "data" / "vtp.sqlite3").exists() and not (tmp_path / "b.vtp").exists()


def test_a_backup_goes_onto_file_systems_without_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As exFAT and SMB: no files without a name, no second names."""
    really = os.open

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    def named_only(path: Any, flags: int, *rest: Any, **more: Any) -> int:
        if flags & os.O_TMPFILE == os.O_TMPFILE:
            raise OSError(errno.EOPNOTSUPP, "Operation not supported")
        return really(path, flags, *rest, **more)

    monkeypatch.setattr(os, "link", refuse)
    monkeypatch.setattr(os, "open", named_only)
    with appearing_whole(tmp_path / "b.vtp") as file:
        file.write(b"whole")
    assert [path.name for path in tmp_path.iterdir()] == ["b.vtp"]
    with pytest.raises(FileExistsError), appearing_whole(tmp_path / "b.vtp"):
        pass


def test_the_commands_say_what_they_did(tmp_path: Path) -> None:
    data, backup = tmp_path / "data", tmp_path / "b.vtp"
    made = run_vtp(data, "admin", "migrate")
    assert made.code == 0
    made = run_vtp(data, "admin", "backup", str(backup))
    assert made.code == 0 and "rows" in made.output and "sign in as anybody" in made.errors
    again = run_vtp(data, "admin", "backup", str(backup))
    assert again.code == 1 and "exists: choose another name" in again.errors
    restored = run_vtp(tmp_path / "new", "admin", "restore", str(backup))
    assert restored.code == 0 and "Restored 0 rows" in restored.output
    checked = run_vtp(tmp_path / "new", "admin", "check")
    assert checked.code == 1 and "keys.json is missing" in checked.output


async def test_check_finds_nothing_on_a_sound_server_and_every_kind_of_damage(
    database_url: str, tmp_path: Path
) -> None:
    async with serving(tmp_path / "data", database_url) as api:
        settings = api.server.services.settings
        teacher = await api.person("teacher")
        room = await make_room(api, teacher)
        whole, cut, flipped, lost = [await add_finished(api, room, teacher) for _ in range(4)]
        assert await damage(settings) == []
        root = tmp_path / "data" / "recordings"
        segments = {one: sorted((root / one / "video").glob("seg-*.m4s"))[0] for one in (cut, flipped)}
        with segments[cut].open("r+b") as file:
            file.truncate(100)
        with segments[flipped].open("r+b") as file:
            file.seek(200)
            byte = file.read(1)[0]
            file.seek(200)
            file.write(bytes([byte ^ 1]))
        shutil.rmtree(root / lost)
        shutil.copytree(root / whole, root / "01890a5d-ac96-774b-bcce-b302099a8057")
        database = api.server.services.database
        async with database.transaction() as tx:
            if database.url.dialect.value == "sqlite":
                await tx.execute(text("PRAGMA defer_foreign_keys = ON"))
            else:
                await tx.execute(text("SET LOCAL session_replication_role = replica"))
            if database.url.dialect.value == "postgresql":
                await tx.execute(text("DELETE FROM users"))
        found = await damage(settings)
        quick = await damage(settings, read_media=False)
    sentences = "\n".join(found)
    assert (
        f"The recording {cut} (Optics) is damaged: video/seg-" in sentences and "has 100 bytes" in sentences
    )
    assert f"The recording {flipped} (Optics) is damaged" in sentences
    assert f"The recording {lost} (Optics) is damaged: its files are missing." in sentences
    assert "01890a5d-ac96-774b-bcce-b302099a8057 belongs to no recording" in sentences
    assert whole not in sentences
    assert flipped not in "\n".join(quick)
    if database_url.startswith("postgresql"):
        assert "rows of rooms name by owner_id a row of users that is gone" in sentences


async def test_check_leaves_what_other_machines_have_not_uploaded_yet_to_them(tmp_path: Path) -> None:
    alone = settings_of(tmp_path / "data")
    beside_a_store = alone.model_copy(update={"storage": StorageSettings(url="s3://school/vtp")})
    url = alone.database_url()
    (tmp_path / "data").mkdir()
    await filled(url)
    await sql(url, "UPDATE recordings SET status = 'ready', storage = 'local', instance_id = NULL")
    missing = [one for one in await damage(beside_a_store) if "its files are missing" in one]
    assert missing
    await sql(url, "UPDATE recordings SET instance_id = 'of another machine'")
    assert not any("its files are missing" in one for one in await damage(beside_a_store))
    assert [one for one in await damage(alone) if "its files are missing" in one] == missing


async def test_check_finds_a_damaged_sqlite_file_and_rows_without_the_ones_they_name(tmp_path: Path) -> None:
    import sqlite3
    from contextlib import closing

    file = tmp_path / "vtp.sqlite3"
    await filled(f"sqlite:///{file}", 100)
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("DELETE FROM rooms WHERE id IN (SELECT room_id FROM guest_links LIMIT 1)")
    settings = settings_of(tmp_path / "data", f"sqlite:///{file}")
    assert any("rows of guest_links name by room_id a row of rooms" in one for one in await damage(settings))
    size = file.stat().st_size
    with file.open("r+b") as raw:
        raw.seek(size // 2)
        raw.write(b"\xff" * 20_000)
    found = await damage(settings)
    assert any("damaged" in one or "cannot be read" in one for one in found), found


def test_a_backup_is_a_zip_that_other_tools_read(tmp_path: Path) -> None:
    write_archive(tmp_path / "b.vtp", "0001")
    with zipfile.ZipFile(tmp_path / "b.vtp") as archive:
        assert archive.testzip() is None and "contents.json" in archive.namelist()
