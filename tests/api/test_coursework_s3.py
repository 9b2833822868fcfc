"""Files of courses beside an object store: a real S3 server, there and back, from disks that are lost."""

from __future__ import annotations

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from sqlalchemy import update

from tests.api import assignment_material as homework
from tests.api.course_file_material import bring, parts_of
from tests.api.course_material import BASE, enrol, make_course, student
from tests.api.coursework_material import PDF, add_material, lying, rows, until, upload, versions_of
from tests.api.storage_material import storing, working_on
from tests.api.test_accounts_erasure import erase
from tests.fresh_database import begin_fresh
from tests.s3_server import BUSY, CUT, PASS, Request, S3Server, between, pass_all, s3_server, why_not
from tests.serving import Answer, Api, Person, serving
from vtp.accounts.service import utc_now
from vtp.backup.check import find_damage
from vtp.backup.make import make_backup
from vtp.backup.restore import restore_backup
from vtp.course_files.manifest import MANIFEST
from vtp.coursework import files as files_module
from vtp.coursework.file_store import key_of
from vtp.coursework.tables import coursework_files
from vtp.data_folder import INSTANCE_FILE
from vtp.settings import Settings

pytestmark = [pytest.mark.skipif(bool(why_not()), reason=why_not()), pytest.mark.sqlite_alone]
LARGE = PDF + os.urandom(9 << 20)
HERE, THERE = "local", "stored"
TERM = {"semester": "spring", "year": 2027, "shift_days": 7}


@pytest.fixture
async def s3(tmp_path: Path) -> AsyncIterator[S3Server]:
    async with s3_server(tmp_path / "s3") as server:
        yield server


def objects_of(s3: S3Server) -> dict[str, bytes]:
    """By the id of the row."""
    return {
        path.name: path.read_bytes() for key, path in s3.objects.items() if key.startswith("vtp/coursework/")
    }


async def handed_in(api: Api, data: bytes = PDF) -> tuple[Person, Person, str, Any]:
    """Teacher, student, where the file of what was handed in is, and what the server said of it."""
    teacher, pupil, at = await homework.prepared(api)
    draft = await homework.begin(api, at, pupil)
    sent = await upload(api, f"{draft}/files", pupil, data)
    assert sent.status == 201, sent
    assert (await homework.hand_in(api, draft, pupil)).status == 200
    return teacher, pupil, f"{at.rpartition('/assignments')[0]}/files/{sent.body['id']}", sent.body


async def has(api: Api, at: str, by: Person, data: bytes = PDF) -> None:
    """Whole, and a range that crosses what is fetched at once."""
    answer = await api.call("GET", at, by=by)
    assert (answer.status, answer.body) == (200, data)
    middle = len(data) // 2
    part = await api.call("GET", at, by=by, headers={"Range": f"bytes={middle - 9}-{middle + 9}"})
    assert (part.status, part.body) == (206, data[middle - 9 : middle + 10])
    assert part.headers["ETag"] == answer.headers["ETag"]
    assert "attachment" in part.headers["Content-Disposition"]


async def moved(api: Api) -> None:
    """Waits until nothing is on its way to the store."""

    async def none_waits() -> bool:
        return all(one["stored_at"] is not None for one in await rows(api))

    await until(none_waits)


async def faults(api: Api) -> list[str]:
    settings: Settings = api.server.services.settings
    return [one async for one in find_damage(settings, read_media=True)]


async def test_what_was_handed_in_is_in_the_store_before_that_is_said_and_outlives_the_disk(
    tmp_path: Path, s3: S3Server
) -> None:
    data = tmp_path / "data"
    async with storing(data, s3.settings(), working=False) as api:
        teacher, pupil, at, said = await handed_in(api, LARGE)
        assert said["storage"] == THERE and objects_of(s3) == {said["id"]: LARGE}
        before = await api.call("GET", at, by=teacher)
        shutil.rmtree(data / "recordings")
        (data / "recordings").mkdir()
        for who in (teacher, pupil):
            await has(api, at, who, LARGE)
        again = await api.call("GET", at, by=teacher, headers={"If-None-Match": before.headers["ETag"]})
        assert again.status == 304
        assert await faults(api) == []
    (data / INSTANCE_FILE).unlink()  # another machine, with the database alone
    async with storing(data, s3.settings(), working=False) as api:
        await has(api, at, await api.sign_in("teacher@school.example"), LARGE)


async def test_a_small_range_fetches_no_more_of_the_store(tmp_path: Path, s3: S3Server) -> None:
    async with between(s3) as road, storing(tmp_path / "data", road.settings(), working=False) as api:
        teacher, _, at, _ = await handed_in(api, LARGE)
        shutil.rmtree(tmp_path / "data" / "recordings" / "coursework")
        await has(api, at, teacher, LARGE)
        before, requests = road.answered_bytes, road.counts["GET"]
        for start in range(1000, 11_000, 1000):
            part = await api.call("GET", at, by=teacher, headers={"Range": f"bytes={start}-{start + 99}"})
            assert (part.status, part.body) == (206, LARGE[start : start + 100])
        assert road.counts["GET"] - requests == 2 * 10
        assert road.answered_bytes - before < 2 * 10 * 2000, "heads of answers, and what was asked for"


@pytest.mark.parametrize(
    "harm", [lambda path: os.truncate(path, 100), lambda path: path.write_bytes(bytes(len(PDF)))]
)
async def test_a_damaged_copy_here_goes_into_no_export_and_no_copy_of_a_course(
    tmp_path: Path, s3: S3Server, harm: Callable[[Path], object]
) -> None:
    async with between(s3) as road, storing(tmp_path / "data", road.settings(), working=False) as api:
        teacher = await api.person("teacher")
        course = await make_course(api, teacher)
        material = await add_material(api, course, teacher)
        assert (await upload(api, versions_of(course, material), teacher)).status == 201
        [path] = lying(api)
        harm(path)
        exported = await api.call("GET", f"{BASE}/{course}/export", by=teacher)
        assert [one for name, one in parts_of(exported.body).items() if name.startswith("files/")] == [PDF]
        copied = await api.call("POST", f"{BASE}/{course}/copy", TERM, by=teacher)
        assert copied.status == 201 and copied.body["lost_files"] == []
        [held] = (await api.call("GET", f"{BASE}/{copied.body['id']}/materials", by=teacher)).body["items"]
        await has(api, f"{BASE}/{copied.body['id']}/files/{held['file']['id']}", teacher)

        async def away(request: Request) -> str:
            return BUSY

        if path.stat().st_size == 100:
            road.rule = away
            assert (await api.call("GET", f"{BASE}/{course}/export", by=teacher)).status == 503


async def test_local_copies_go_when_they_are_kept_no_longer_and_copies_and_exports_need_none(
    tmp_path: Path, s3: S3Server
) -> None:
    async with storing(tmp_path / "data", s3.settings(keep_local_hours=0)) as api:
        teacher = await api.person("teacher")
        course = await make_course(api, teacher)
        material = await add_material(api, course, teacher)
        assert (await upload(api, versions_of(course, material), teacher, LARGE)).status == 201

        async def gone() -> bool:
            return not lying(api)

        await until(gone)
        exported = await api.call("GET", f"{BASE}/{course}/export", by=teacher)
        brought = await bring(api, exported.body, teacher)
        assert brought.status == 200, brought
        copied = await api.call("POST", f"{BASE}/{course}/copy", TERM, by=teacher)
        assert copied.status == 201 and copied.body["lost_files"] == []
        await moved(api)
        await until(gone)
        assert list(objects_of(s3).values()) == [LARGE] * 3
        for one in (course, brought.body["id"], copied.body["id"]):
            [held] = (await api.call("GET", f"{BASE}/{one}/materials", by=teacher)).body["items"]
            await has(api, f"{BASE}/{one}/files/{held['file']['id']}", teacher, LARGE)
        assert await faults(api) == []


async def test_a_group_has_the_file_of_a_grade_that_lies_in_the_store_alone(
    tmp_path: Path, s3: S3Server
) -> None:
    async with storing(tmp_path / "data", s3.settings(keep_local_hours=0)) as api:
        teacher, pupil, at = await homework.prepared(api, for_groups=True)
        mate, course = await student(api, "mate"), at.rpartition("/assignments")[0]
        await enrol(api, course.rpartition("/")[2], mate)
        group = {"name": "Reds", "members": [pupil.user_id, mate.user_id]}
        await api.call("PUT", f"{at}/groups", {"groups": [group]}, by=teacher)
        path = f"{at}/grades/{pupil.user_id}"
        sent = await upload(api, f"{path}/files", teacher, LARGE)

        async def gone() -> bool:
            return not lying(api)

        await until(gone)
        wish = {"points": 5, "released": True, "for_group": True, "files_for_group": True}
        assert (await api.call("PATCH", path, wish, by=teacher)).status == 200
        [held] = (await api.call("GET", f"{at}/grades/{mate.user_id}", by=mate)).body["files"]
        assert (await api.call("DELETE", f"{path}/files/{sent.body['id']}", by=teacher)).status == 204

        async def is_alone() -> bool:
            return list(objects_of(s3)) == [held["id"]]

        await until(is_alone)
        await has(api, f"{course}/files/{held['id']}", mate, LARGE)
        assert await faults(api) == []


async def test_store_that_refuses_connections_delays_no_hand_in_and_gets_it_afterwards(
    tmp_path: Path, s3: S3Server
) -> None:
    async with storing(tmp_path / "data", s3.settings(), working=False) as api:
        await s3.stop()
        teacher, _, at, said = await handed_in(api)
        assert said["storage"] == HERE
        await has(api, at, teacher)
        await s3.start()
        async with working_on(api):
            await moved(api)
        assert objects_of(s3) == {said["id"]: PDF}
        [row] = await rows(api)
        assert row["stored_url"] == s3.settings().url
        assert await faults(api) == []


async def test_downloads_wait_for_a_store_that_is_away_and_say_what_is_lost(
    tmp_path: Path, s3: S3Server
) -> None:
    data = tmp_path / "data"
    async with storing(data, s3.settings(), working=False) as api:
        teacher, _, at, said = await handed_in(api)
        shutil.rmtree(data / "recordings" / "coursework")
        await s3.stop()
        answer = await api.call("GET", at, by=teacher)
        assert (answer.status, answer.headers["Retry-After"]) == (503, "15")
        assert "127.0.0.1" not in answer.body["detail"]
        await s3.start()
        await has(api, at, teacher)
        s3.objects[f"vtp/{key_of(said['id'])}"].unlink()
        assert (await api.call("GET", at, by=teacher)).status == 410
        assert [one for one in await faults(api) if "missing in the object store" in one]


async def test_files_of_before_go_to_a_store_that_is_configured_later_and_none_twice(
    tmp_path: Path, s3: S3Server
) -> None:
    data = tmp_path / "data"
    async with serving(data) as api:
        teacher, _, at, said = await handed_in(api)
        assert said["storage"] == HERE
        course = at.split("/")[4]
        material = await add_material(api, course, teacher)
        for number in range(4):
            assert (
                await upload(api, versions_of(course, material), teacher, PDF + bytes([number]))
            ).status == 201
        wanted = {path.name: path.read_bytes() for path in lying(api)}
    async with between(s3) as road:
        stuck = asyncio.Event()

        async def hold(request: Request) -> str:
            if request.method == "PUT" and request.number == 3:
                stuck.set()
                await asyncio.Event().wait()
            return PASS

        road.rule = hold
        async with storing(data, road.settings(), working=False) as api:
            async with working_on(api):  # ends in the midst of the third
                await asyncio.wait_for(stuck.wait(), 60)
            assert len(objects_of(s3)) == 2
            road.rule = pass_all
            async with working_on(api):
                await moved(api)
            assert objects_of(s3) == wanted and len(wanted) == 5
            assert sorted(road.puts()) == sorted(set(road.puts()))
            assert {path.name for path in lying(api)} == wanted.keys()  # keep_local_hours


async def test_cut_connections_a_busy_store_and_old_keys_cost_no_bytes(tmp_path: Path, s3: S3Server) -> None:
    async def rule(request: Request) -> str:
        if request.method == "PUT":
            return (CUT, BUSY, PASS)[request.number % 3]
        return PASS

    keys = tmp_path / "credentials"

    def write(key: str, secret: str) -> None:
        keys.with_suffix(".new").write_text(f"aws_access_key_id = {key}\naws_secret_access_key = {secret}\n")
        keys.with_suffix(".new").replace(keys)

    write(*s3.keys)
    async with between(s3) as road:
        road.rule = rule
        async with storing(tmp_path / "data", road.settings(credentials_file=str(keys))) as api:
            teacher, _, at, said = await handed_in(api)
            await moved(api)
            assert objects_of(s3) == {said["id"]: PDF}
            await s3.stop()
            s3.keys = ("second-key", "second-secret")
            await s3.start()
            course = at.split("/")[4]
            material = await add_material(api, course, teacher)
            later = await upload(api, versions_of(course, material), teacher, LARGE)
            assert (later.status, later.body["storage"]) == (201, HERE)
            write(*s3.keys)
            await moved(api)
            assert objects_of(s3) == {said["id"]: PDF, later.body["id"]: LARGE}


async def test_deleting_reaches_the_store_also_once_it_is_back(tmp_path: Path, s3: S3Server) -> None:
    async with storing(tmp_path / "data", s3.settings(), working=False) as api:
        admin = await api.person("admin")
        teacher, pupil, at, said = await handed_in(api)
        course = at.split("/")[4]
        material = await add_material(api, course, teacher)
        assert (await upload(api, versions_of(course, material), teacher)).status == 201
        assert len(objects_of(s3)) == 2
        gone = await api.call("DELETE", f"{BASE}/{course}/materials/{material}", by=teacher)
        assert gone.status == 204

        async def one_left() -> bool:
            return list(objects_of(s3)) == [said["id"]] and len(await rows(api)) == 1

        await until(one_left)
        await s3.stop()
        assert await erase(api, admin, pupil.user_id) == 204
        assert lying(api) == [] and len(await rows(api)) == 1  # its row says what is still to be done
        await s3.start()
        await api.server.services.coursework.files.sweep()
        assert (objects_of(s3), await rows(api)) == ({}, [])


async def test_upload_that_a_killed_process_left_in_the_store_is_found(
    tmp_path: Path, s3: S3Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with storing(tmp_path / "data", s3.settings(), working=False) as api:
        await handed_in(api)
        async with api.server.services.database.transaction() as tx:  # as between the store and the commit
            await tx.execute(update(coursework_files).values(state="arriving", stored_at=None))
        files = api.server.services.coursework.files
        monkeypatch.setattr(files, "_clock", lambda: utc_now() + files_module._LOST_AFTER)
        await files.sweep()
        assert (objects_of(s3), await rows(api), lying(api)) == ({}, [], [])


async def test_upload_that_is_refused_at_its_end_leaves_nothing_in_the_store(
    tmp_path: Path, s3: S3Server
) -> None:
    async with between(s3) as road, storing(tmp_path / "data", road.settings(), working=False) as api:
        _, pupil, at = await homework.prepared(api)
        draft = await homework.begin(api, at, pupil)

        async def rule(request: Request) -> str:
            if request.method == "PUT":
                assert (await homework.hand_in(api, draft, pupil)).status == 200
            return PASS

        road.rule = rule
        assert (await upload(api, f"{draft}/files", pupil)).status == 409
        assert (objects_of(s3), await rows(api), lying(api)) == ({}, [], [])


async def test_two_servers_have_the_same_files_and_each_deletes_what_it_has(
    tmp_path: Path, s3: S3Server
) -> None:
    url = f"sqlite:///{begin_fresh(tmp_path, 'shared.sqlite3')}"
    secrets = tmp_path / "secrets"
    async with (
        storing(tmp_path / "a", s3.settings(), working=False, database_url=url, secrets_dir=secrets) as one,
        storing(tmp_path / "b", s3.settings(), working=False, database_url=url, secrets_dir=secrets) as other,
    ):
        await s3.stop()
        teacher, _, at, said = await handed_in(one)
        await s3.start()
        there = await other.call("GET", at, by=teacher)
        assert there.status == 503 and "another server" in there.body["detail"]
        async with working_on(one):
            await moved(one)
        await has(other, at, teacher)
        assert lying(one) and not lying(other)
        gone = await other.call("DELETE", at.rpartition("/files")[0], by=teacher)
        assert gone.status in (200, 204), gone
        await other.server.services.coursework.files.sweep()
        assert objects_of(s3) == {}
        [left] = await rows(one)
        assert (left["name"], left["instance_id"]) == ("", one.server.services.coursework.files.lies.here)
        await one.server.services.coursework.files.sweep()
        assert (lying(one), await rows(one)) == ([], [])
        assert said["id"] == left["id"]


async def test_backup_with_media_has_what_lies_in_the_store_alone(tmp_path: Path, s3: S3Server) -> None:
    data = tmp_path / "data"
    async with storing(data, s3.settings(), working=False) as api:
        teacher, _, at, said = await handed_in(api)
        shutil.rmtree(data / "recordings" / "coursework")
        settings = api.server.services.settings
        await make_backup(settings, tmp_path / "b.vtp", media=True)
    key = f"vtp/{key_of(said['id'])}"
    s3.objects[key].unlink()  # the bucket is lost, too
    elsewhere = settings.model_copy(update={"data_dir": tmp_path / "other"})
    await restore_backup(elsewhere, tmp_path / "b.vtp", force=False)
    async with storing(tmp_path / "other", s3.settings()) as api:
        teacher = await api.sign_in("teacher@school.example")
        await has(api, at, teacher)
        await moved(api)
        assert objects_of(s3) == {said["id"]: PDF}


async def test_older_rows_find_what_the_store_has_and_check_names_what_nobody_knows(
    tmp_path: Path, s3: S3Server
) -> None:
    data = tmp_path / "data"
    async with storing(data, s3.settings(), working=False) as api:
        teacher, _, at, said = await handed_in(api)
        shutil.rmtree(data / "recordings" / "coursework")
        async with api.server.services.database.transaction() as tx:  # as a backup of before would have it
            await tx.execute(update(coursework_files).values(stored_at=None, stored_url=None))
        await has(api, at, teacher)
        async with working_on(api):
            await moved(api)
        stray = said["id"][:-4] + "ffff"
        for path in (s3.folder / "school" / "vtp", data / "recordings"):
            (path / key_of(stray)).parent.mkdir(parents=True, exist_ok=True)
            (path / key_of(stray)).write_bytes(PDF)
        found = await faults(api)
        assert (
            len([one for one in found if stray in one and "belongs to no course" in one]) == len(found) == 2
        )
        assert len([one for one in found if "object store" in one]) == 1


async def broken_export(api: Api, course: str, by: Person) -> Answer | str:
    try:
        return await api.call("GET", f"{BASE}/{course}/export", by=by)
    except aiohttp.ClientError as error:
        return type(error).__name__


async def test_export_refuses_to_begin_without_the_store_and_breaks_off_when_it_goes_away(
    tmp_path: Path, s3: S3Server
) -> None:
    data = tmp_path / "data"
    async with between(s3) as road, storing(data, road.settings(), working=False) as api:
        teacher = await api.person("teacher")
        course = await make_course(api, teacher)
        for number in range(3):
            material = await add_material(api, course, teacher, title=f"Notes {number}")
            assert (await upload(api, versions_of(course, material), teacher, LARGE)).status == 201
        shutil.rmtree(data / "recordings" / "coursework")

        async def away(request: Request) -> str:
            return BUSY

        road.rule = away
        refused = await broken_export(api, course, teacher)
        assert isinstance(refused, Answer) and refused.status == 503
        counted = road.counts["GET"]

        async def goes_away(request: Request) -> str:
            return BUSY if request.number > counted + 5 else PASS

        road.rule = goes_away
        assert await broken_export(api, course, teacher) == "ClientPayloadError"
        assert [path.name for path in (data / "recordings").iterdir()] == []  # nothing is left of it
        road.rule = pass_all
        whole = await broken_export(api, course, teacher)
        assert isinstance(whole, Answer)
        parts = parts_of(whole.body)
        assert [one for name, one in parts.items() if name.startswith("files/")] == [LARGE] * 3
        assert MANIFEST in parts
