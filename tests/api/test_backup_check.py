"""`vtp admin check` finds each kind of damage, and none where there is none."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from sqlalchemy import text

from tests.api.backup_material import damage, filled, settings_of, sql
from tests.api.recording_material import add_finished, make_room
from tests.serving import serving
from vtp.settings import StorageSettings

pytestmark = pytest.mark.both_databases


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
        assert "1 row of rooms names by owner_id a row of users that is gone" in sentences


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
    found = await damage(settings)
    assert any("of guest_links name" in one and "by room_id a row of rooms" in one for one in found), found
    size = file.stat().st_size
    with file.open("r+b") as raw:
        raw.seek(size // 2)
        raw.write(b"\xff" * 20_000)
    found = await damage(settings)
    assert any("damaged" in one or "cannot be read" in one for one in found), found
