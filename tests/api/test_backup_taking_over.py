"""Whose recordings are after a restore, and that what was to be done with them is done there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from tests.api.recording_material import add_finished, make_room
from tests.postgres import PostgresServer
from tests.serving import Api
from vtp.backup.make import make_backup
from vtp.backup.restore import restore_backup
from vtp.data_folder import instance_id
from vtp.db import Database
from vtp.jobs.making import new_job
from vtp.jobs.store import Kind, State, add_job, due_jobs, find_job_of
from vtp.jobs.tables import recording_jobs
from vtp.recording.manifest import MANIFEST_NAME
from vtp.recording.store import Status, Storage
from vtp.recording.tables import recordings
from vtp.recording.trash_store import to_be_purged
from vtp.settings import DatabaseSettings, Settings, StorageSettings

MACHINE = "01890a5d-ac96-774b-bcce-b302099a8057"
"""The data folder of before."""
BUCKET = StorageSettings(url="s3://school/vtp")


@dataclass(frozen=True)
class Before:
    """Recordings of the server whose backup is made: one with a job that waits, one with a job that runs, and
    one that is being deleted for good."""

    waiting: str
    working: str
    going: str

    @property
    def all(self) -> list[str]:
        return [self.waiting, self.working, self.going]


async def recorded(api: Api) -> Before:
    teacher = await api.person("teacher")
    room = await make_room(api, teacher)
    before = Before(*[await add_finished(api, room, teacher, title=one) for one in ("a", "b", "c")])
    now, c = datetime.now(UTC), recordings.c
    async with api.server.services.database.transaction() as tx:
        await tx.execute(update(recordings).values(instance_id=MACHINE))
        trashed = {"status": Status.DELETED, "status_before": Status.READY, "deleted_at": now}
        await tx.execute(update(recordings).where(c.id == before.going).values(**trashed, purging_at=now))
        await tx.execute(recording_jobs.delete())
        for one in (before.waiting, before.working):
            await add_job(tx, new_job(one, Kind.UPLOAD, now))
        running = {"state": State.RUNNING, "owner": MACHINE, "heartbeat_at": now, "attempts": 1}
        mine = recording_jobs.c.recording_id == before.working
        await tx.execute(update(recording_jobs).where(mine).values(running))
    return before


async def restored(api: Api, target: Settings, backup: Path, *, media: bool) -> str:
    """Carries everything over; gives what the new data folder is called."""
    await make_backup(api.server.services.settings, backup, media=media)
    await restore_backup(target, backup, force=False)
    return instance_id(target.data_dir)


async def owners(database: Database) -> dict[str, str | None]:
    async with database.read() as tx:
        rows = await tx.execute(select(recordings.c.id, recordings.c.instance_id))
        return {row[0]: row[1] for row in rows}


@pytest.mark.parametrize("media", [True, False])
async def test_a_new_machine_goes_on_with_the_recordings_of_the_old_one(
    api: Api, tmp_path: Path, media: bool
) -> None:
    """Also where they are copied beside the backup: on SQLite nobody else can have them."""
    before = await recorded(api)
    target = Settings(data_dir=tmp_path / "new")
    here = await restored(api, target, tmp_path / "b.vtp", media=media)
    database = Database.connect(target.database_url())
    try:
        assert await owners(database) == dict.fromkeys(before.all, here)
        soon = datetime.now(UTC) + timedelta(seconds=1)
        async with database.read() as tx:
            assert await to_be_purged(tx, here, "", soon, "", 10) == [before.going]
            due = {job.recording_id for job in await due_jobs(tx, here, soon)}
            run = await find_job_of(tx, before.working, Kind.UPLOAD)
        assert due == {before.waiting, before.working}
        assert run is not None and run.owner is None and run.state is State.QUEUED
    finally:
        await database.close()


@pytest.fixture
def empty_url(postgres: PostgresServer) -> Iterator[str]:
    url = postgres.create_database()
    yield url
    postgres.drop_database(url)


@pytest.mark.sqlite_alone
async def test_what_may_lie_on_another_machine_beside_a_store_stays_with_that_one(
    api: Api, tmp_path: Path, empty_url: str
) -> None:
    before = await recorded(api)
    stored = {"storage": Storage.STORED, "stored_url": "s3://school/vtp", "stored_at": datetime.now(UTC)}
    async with api.server.services.database.transaction() as tx:
        await tx.execute(update(recordings).where(recordings.c.id == before.going).values(stored))
    target = Settings(data_dir=tmp_path / "one", database=DatabaseSettings(url=empty_url), storage=BUCKET)
    copied = target.data_dir / "recordings" / before.working
    copied.mkdir(parents=True)
    (copied / MANIFEST_NAME).touch()
    here = await restored(api, target, tmp_path / "b.vtp", media=False)
    database = Database.connect(empty_url)
    try:
        assert await owners(database) == {
            before.waiting: MACHINE,
            before.working: here,
            before.going: None,
        }
        async with database.read() as tx:
            soon = datetime.now(UTC) + timedelta(seconds=1)
            assert [job.recording_id for job in await due_jobs(tx, here, soon)] == [before.working]
            assert [job.recording_id for job in await due_jobs(tx, MACHINE, soon)] == [before.waiting]
    finally:
        await database.close()


@pytest.mark.sqlite_alone
async def test_what_came_with_a_backup_beside_a_store_is_this_machines(
    api: Api, tmp_path: Path, empty_url: str
) -> None:
    before = await recorded(api)
    target = Settings(data_dir=tmp_path / "one", database=DatabaseSettings(url=empty_url), storage=BUCKET)
    here = await restored(api, target, tmp_path / "b.vtp", media=True)
    database = Database.connect(empty_url)
    try:
        assert await owners(database) == dict.fromkeys(before.all, here)
    finally:
        await database.close()
