"""Backups and checks of files of courses that go from this machine to an object store meanwhile."""

from __future__ import annotations

import io
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.api.course_material import make_course
from tests.api.coursework_material import PDF, add_material, lying, upload, versions_of
from tests.api.storage_material import storing
from tests.folder_store import SETTINGS, FolderClients, folder_store
from tests.serving import Api
from vtp.backup.archive import Archive, ArchiveWriter, Contents, DamagedError
from vtp.backup.check import find_damage
from vtp.backup.make import make_backup
from vtp.backup.restore import restore_backup
from vtp.coursework.file_store import FOLDER, key_of
from vtp.settings import StorageSettings
from vtp.storage import RemoteStore

pytestmark = pytest.mark.sqlite_alone


@pytest.fixture
def bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    with folder_store(tmp_path / "bucket", monkeypatch) as clients:
        yield clients


@pytest.fixture
async def api(tmp_path: Path, bucket: FolderClients) -> AsyncIterator[Api]:
    """A server whose job process is played by the test."""
    async with storing(tmp_path / "data", SETTINGS, working=False) as one:
        yield one


async def stored_files(api: Api, *contents: bytes) -> dict[str, bytes]:
    """Files of a course that are here and in the store, by their ids."""
    teacher = await api.person("teacher")
    course = await make_course(api, teacher)
    found = {}
    for data in contents:
        to = versions_of(course, await add_material(api, course, teacher))
        sent = await upload(api, to, teacher, data)
        assert sent.status == 201 and sent.body["storage"] == "stored", sent
        found[sent.body["id"]] = data
    assert len(lying(api)) == len(found)
    return found


@pytest.mark.parametrize("when", ["before it is copied", "once it is copied"])
async def test_backup_of_what_leaves_this_machine_meanwhile_has_it_once_and_is_restored(
    api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    files = await stored_files(api, PDF, PDF + b"second")
    really, gone = ArchiveWriter.add_file, False

    def add_file(archive: ArchiveWriter, name: str, path: Path, **more: Any) -> None:
        """Local copies go, as after `keep_local_hours`, about the moment the first of them is copied."""
        nonlocal gone
        ours = name.startswith("media/coursework/") and not gone
        if ours and when == "once it is copied":
            really(archive, name, path, **more)
        if ours:
            gone = True
            for one in lying(api):
                one.unlink()
        if not ours or when == "before it is copied":
            really(archive, name, path, **more)

    monkeypatch.setattr(ArchiveWriter, "add_file", add_file)
    made = await make_backup(api.server.services.settings, tmp_path / "b.vtp", media=True)
    assert gone and made.missing == 0
    with (tmp_path / "b.vtp").open("rb") as file:
        names = [name for name in Archive(file).names("media") if name.startswith("coursework/")]
    assert sorted(names) == sorted(key_of(one) for one in files)
    settings = api.server.services.settings.model_copy(
        update={"data_dir": tmp_path / "other", "storage": StorageSettings()}
    )
    await restore_backup(settings, tmp_path / "b.vtp", force=False)
    folder = tmp_path / "other" / "recordings"
    assert {one: (folder / key_of(one)).read_bytes() for one in files} == files


async def test_check_calls_nothing_missing_that_comes_or_goes_to_the_store_while_it_looks(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    really, came = RemoteStore.listing, False

    async def listing(remote: RemoteStore, prefix: str) -> Any:
        """Once both places are listed files come, and one of them is in the store alone soon after."""
        nonlocal came
        found = await really(remote, prefix)
        if prefix == FOLDER and not came:
            came = True
            await stored_files(api, PDF, PDF + b"second")
            lying(api)[0].unlink()
        return found

    monkeypatch.setattr(RemoteStore, "listing", listing)
    settings = api.server.services.settings
    assert [one async for one in find_damage(settings, read_media=True)] == [] and came
    shutil.rmtree(api.server.services.coursework.files.lies.store.path(FOLDER))
    shutil.rmtree(settings.data_dir.parent / "bucket" / FOLDER)
    found = [one async for one in find_damage(settings, read_media=True)]
    assert len([one for one in found if "is missing in the object store" in one]) == 2


def test_backup_that_has_a_part_twice_is_refused_before_anything_is_restored(tmp_path: Path) -> None:
    file = io.BytesIO()
    writer = ArchiveWriter(file, Contents("2026-03-01T12:00:00+00:00", "1", "sqlite", "0001"))
    (tmp_path / "picture").write_bytes(b"picture")
    writer.add_file("media/picture", tmp_path / "picture")
    with pytest.warns(UserWarning, match="Duplicate name"):
        writer.add_file("media/picture", tmp_path / "picture")
    writer.finish()
    with pytest.raises(DamagedError, match="media/picture is in it twice"):
        Archive(file).verify()
