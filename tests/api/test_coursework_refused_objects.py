"""Objects that a store refuses: that is no matter of others."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from tests.api import assignment_material as homework
from tests.api.course_material import make_course
from tests.api.coursework_material import PDF, add_material, rows, until, upload, versions_of
from tests.api.storage_material import storing
from tests.api.test_accounts_erasure import erase
from tests.folder_store import SETTINGS, FolderClients, folder_store
from tests.serving import Api, Person
from vtp.accounts.service import utc_now
from vtp.coursework.file_store import key_of
from vtp.coursework.moving import FileMover
from vtp.coursework.tables import coursework_files
from vtp.storage import StoreAway

pytestmark = pytest.mark.sqlite_alone


def refuse(bucket: FolderClients, file_id: str) -> Path:
    """Has a folder where the object is: it can neither be written nor read nor deleted."""
    path = bucket.folder / key_of(file_id)
    path.unlink(missing_ok=True)
    (path / "in the way").mkdir(parents=True)
    return path


async def three(api: Api) -> tuple[Person, str, list[str]]:
    """A teacher, a course of theirs, and files of three materials, in the order of their ids."""
    teacher = await api.person("teacher")
    course = await make_course(api, teacher)
    ids = []
    for _ in range(3):
        sent = await upload(api, versions_of(course, await add_material(api, course, teacher)), teacher)
        assert sent.status == 201, sent
        ids.append(sent.body["id"])
    return teacher, course, ids


async def test_object_that_cannot_be_deleted_keeps_no_other_and_no_erasure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with folder_store(tmp_path / "bucket", monkeypatch) as bucket:
        async with storing(tmp_path / "data", SETTINGS, working=False) as api:
            _, _, ids = await three(api)
            refuse(bucket, ids[0])
            async with api.server.services.database.transaction() as tx:
                await tx.execute(update(coursework_files).values(material_id=None))
            files = api.server.services.coursework.files
            with pytest.raises(StoreAway):
                await files.sweep()
            assert [one["id"] for one in await rows(api)] == ids[:1]
            assert not any((bucket.folder / key_of(one)).exists() for one in ids[1:])
            await files.erase("somebody")
            admin, other = await api.person("admin"), await api.person("student")
            assert await erase(api, admin, other.user_id) == 204


async def test_file_that_cannot_be_sent_holds_up_no_other_and_goes_once_it_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with folder_store(tmp_path / "bucket", monkeypatch) as bucket:
        async with storing(tmp_path / "data", SETTINGS, working=False) as api:
            bucket.away = True
            _, _, ids = await three(api)
            bucket.away = False
            now = utc_now()
            lies = api.server.services.coursework.files.lies
            mover = FileMover(
                api.server.services.database, lies, timedelta(hours=1), (30.0, 90.0), lambda: now
            )
            refused = refuse(bucket, ids[0])
            refuse(bucket, ids[1])

            async def stored() -> set[str]:
                return {one["id"] for one in await rows(api) if one["stored_at"] is not None}

            await mover.once()
            assert await stored() == {ids[2]}
            (refused / "in the way").rmdir()
            refused.rmdir()
            await mover.once()
            assert await stored() == {ids[2]}
            now += timedelta(seconds=31)
            await mover.once()
            assert await stored() == {ids[0], ids[2]}
            now += timedelta(hours=2)
            bucket.away = True
            with pytest.raises(StoreAway):
                await mover.once()


async def test_file_that_a_student_takes_out_while_the_store_is_away_counts_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    coursework = {"quota_per_student_bytes": len(PDF) * 3 // 2}
    with folder_store(tmp_path / "bucket", monkeypatch) as bucket:
        async with storing(tmp_path / "data", SETTINGS, working=False, coursework=coursework) as api:
            _, pupil, at = await homework.prepared(api)
            draft = await homework.begin(api, at, pupil)
            sent = await upload(api, f"{draft}/files", pupil)
            assert (sent.status, sent.body["storage"]) == (201, "stored")
            assert (await upload(api, f"{draft}/files", pupil)).status == 409
            bucket.away = True
            gone = await api.call("DELETE", f"{draft}/files/{sent.body['id']}", by=pupil)
            assert gone.status == 204, gone

            async def is_here_no_more() -> bool:
                return not api.server.services.coursework.files.lies.path(sent.body["id"])

            await until(is_here_no_more)
            assert [one["id"] for one in await rows(api)] == [sent.body["id"]]
            assert (await upload(api, f"{draft}/files", pupil)).status == 201
