"""Pictures of people beside an object store: seen by every server, gone from everywhere."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from tests.api.coursework_material import until
from tests.api.storage_material import storing, working_on
from tests.api.test_accounts_erasure import erase
from tests.api.test_accounts_picture import PICTURE, put
from tests.fresh_database import begin_fresh
from tests.s3_server import S3Server, s3_server, why_not
from tests.serving import Api, Person, serving
from tests.unit.picture_material import BLUE, RED, halves, is_near, pixels_of, png
from vtp.accounts import picture_files as picture_module
from vtp.accounts.service import utc_now
from vtp.accounts.tables import picture_files
from vtp.backup.check import find_damage
from vtp.backup.make import make_backup
from vtp.backup.restore import restore_backup

pytestmark = [pytest.mark.skipif(bool(why_not()), reason=why_not()), pytest.mark.sqlite_alone]


@pytest.fixture
async def s3(tmp_path: Path) -> AsyncIterator[S3Server]:
    async with s3_server(tmp_path / "s3") as server:
        yield server


def stored(s3: S3Server) -> list[str]:
    return sorted(key for key in s3.objects if key.startswith("vtp/pictures/"))


def lying(api: Api) -> list[Path]:
    return sorted((api.server.services.pictures.files.store.root / "pictures").glob("*/*"))


async def rows(api: Api) -> list[str]:
    async with api.server.services.database.read() as tx:
        return sorted((await tx.execute(select(picture_files.c.key))).scalars())


async def shown(api: Api, by: Person, color: tuple[int, int, int]) -> str:
    """Puts a picture; gives where it is."""
    answer = await put(api, by, png(halves(300, 300, color, color)))
    assert answer.status == 200, answer
    return str(answer.body["picture_url"])


async def looks(api: Api, url: str, by: Person, color: tuple[int, int, int]) -> None:
    seen = await api.call("GET", url, by=by)
    assert seen.status == 200, seen
    assert is_near(pixels_of(seen.body)[128, 128], color)


async def faults(api: Api) -> list[str]:
    return [one async for one in find_damage(api.server.services.settings, read_media=False)]


async def test_a_picture_is_seen_at_another_server_and_goes_from_both_and_from_the_store(
    tmp_path: Path, s3: S3Server
) -> None:
    more: dict[str, Any] = {
        "database_url": f"sqlite:///{begin_fresh(tmp_path, 'shared.sqlite3')}",
        "secrets_dir": tmp_path / "secrets",
        "working": False,
    }
    async with (
        storing(tmp_path / "a", s3.settings(), **more) as one,
        storing(tmp_path / "b", s3.settings(), **more) as other,
    ):
        ada = await one.person("teacher")
        first = await shown(one, ada, RED)
        await looks(other, first, ada, RED)
        assert not lying(other) and len(lying(one)) == len(stored(s3)) == 1
        second = await shown(other, ada, BLUE)
        await looks(one, second, ada, BLUE)
        assert len(stored(s3)) == 1 and len(lying(other)) == 1
        assert len(lying(one)) == 1, "that is for its own server to delete"
        files = one.server.services.pictures.files
        files._clock = lambda: utc_now() + picture_module.LOST_AFTER
        await files.sweep()
        assert not lying(one) and len(await rows(one)) == 1
        assert await faults(one) == []
        assert (await one.call("DELETE", PICTURE, by=ada)).status == 204
        assert (stored(s3), (await other.call("GET", second, by=ada)).status) == ([], 404)


async def test_a_store_that_is_away_holds_up_no_picture_and_hears_of_it_and_of_its_end_afterwards(
    tmp_path: Path, s3: S3Server
) -> None:
    async with storing(tmp_path / "data", s3.settings(), working=False) as api:
        admin, ada = await api.person("admin"), await api.person("teacher")
        await s3.stop()
        url = await shown(api, ada, RED)
        await looks(api, url, ada, RED)
        await s3.start()

        async def is_there() -> bool:
            return len(stored(s3)) == 1

        async with working_on(api):
            await until(is_there)
        shutil.rmtree(lying(api)[0].parent)
        await looks(api, url, ada, RED)
        assert await faults(api) == []
        await s3.stop()
        assert (await api.call("GET", url, by=ada)).status == 503
        assert await erase(api, admin, ada.user_id) == 204
        assert len(await rows(api)) == 1, "its row says what is still to be done"
        await s3.start()
        await api.server.services.personal.erasure.sweep()
        assert (stored(s3), await rows(api)) == ([], [])


async def test_pictures_of_before_go_to_a_store_that_is_configured_later_and_into_backups(
    tmp_path: Path, s3: S3Server
) -> None:
    data = tmp_path / "data"
    async with serving(data) as api:
        ada = await api.person("teacher", "ada@school.example")
        url = await shown(api, ada, RED)
    async with storing(data, s3.settings()) as api:

        async def is_there() -> bool:
            return len(stored(s3)) == 1

        await until(is_there)
        [here] = lying(api)
        here.unlink()
        settings = api.server.services.settings
        await make_backup(settings, tmp_path / "b.vtp", media=True)
        [key] = stored(s3)
        s3.objects[key].unlink()  # the bucket is lost, too
        assert [one for one in await faults(api) if "picture of the user" in one]
    elsewhere = settings.model_copy(update={"data_dir": tmp_path / "other"})
    await restore_backup(elsewhere, tmp_path / "b.vtp", force=False)
    async with storing(tmp_path / "other", s3.settings()) as api:
        await looks(api, url, await api.sign_in("ada@school.example"), RED)
        await until(is_there)
        stray = s3.folder / "school" / key.replace(".jpg", "0.jpg")
        stray.parent.mkdir(parents=True, exist_ok=True)
        stray.write_bytes(b"x")
        found = await faults(api)
        assert len(found) == 1 and "is nobody's" in found[0]
