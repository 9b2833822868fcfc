"""`vtp admin course`: a course taken from a data folder as a file, and put into another."""

from __future__ import annotations

import asyncio
import os
import shlex
from pathlib import Path

import pytest
from sqlalchemy import update

from tests.api.carried_material import filed
from tests.api.full_course import full_course
from tests.api.recording_material import add_finished, make_room
from tests.api.storage_material import media_of
from tests.server_process import ROOT, Ended, command, environment, run_vtp
from tests.serving import serving
from vtp.coursework.tables import coursework_files

pytestmark = pytest.mark.sqlite_alone
BASE = "/api/v1/courses"


async def vtp(data_dir: Path, *words: str) -> Ended:
    return await asyncio.to_thread(run_vtp, data_dir, "admin", "course", *words)


async def test_a_course_goes_from_a_running_server_to_one_that_is_not_by_commands(tmp_path: Path) -> None:
    file = tmp_path / "optics.vtp-course.zip"
    async with serving(tmp_path / "here") as api:
        teacher = await api.person("teacher")
        course = (await full_course(api, teacher)).id
        recording = await add_finished(api, await make_room(api, teacher), teacher, duration_ms=4000)
        wish = {"recording_id": recording}
        assert (await api.call("POST", f"{BASE}/{course}/recordings", wish, by=teacher)).status == 201
        made = await vtp(tmp_path / "here", "export", course, str(file), "--recordings")
        assert made.code == 0, made
        assert made.output == f"{file}: {file.stat().st_size} bytes.\n"
        again = await vtp(tmp_path / "here", "export", course, str(file))
        assert (again.code, "File exists" in again.errors) == (1, True), again
        wanted = await media_of(api, recording, teacher)
    async with serving(tmp_path / "there") as api:
        await api.person("teacher")
    there = tmp_path / "there"
    owner = ("--owner", "Teacher@school.example")
    looked = await vtp(there, "import", str(file), *owner, "--dry-run")
    assert looked.code == 0 and "would be a draft of Teacher@school.example: 1 announcement," in looked.output
    brought = await vtp(there, "import", str(file), *owner)
    assert brought.code == 0, brought
    async with serving(there) as api:
        teacher = await api.sign_in("teacher@school.example")
        courses = (await api.call("GET", f"{BASE}?mine=true", by=teacher)).body["items"]
        assert [one["id"] for one in courses] == [brought.output.splitlines()[-1]]
        [one] = await filed(api, courses[0]["id"], teacher)
        assert await media_of(api, one["recording_id"], teacher) == wanted


async def test_commands_say_what_is_wrong(tmp_path: Path) -> None:
    data_dir, file = tmp_path / "data", tmp_path / "broken.zip"
    async with serving(data_dir) as api:
        await api.person("student")
        await api.person("teacher")
    file.write_bytes(b"nothing")
    for words, sentence in (
        (("export", "01a226b6-1b8d-7c31-a6fe-987f12b78189", str(tmp_path / "x")), "no such course"),
        (("import", str(file), "--owner", "teacher@school.example"), "no file of a course"),
        (("import", str(file), "--owner", "nobody@school.example"), "Nobody has the address"),
        (("import", str(tmp_path / "gone"), "--owner", "teacher@school.example"), "cannot be read"),
    ):
        ended = await vtp(data_dir, *words)
        assert (ended.code, sentence in ended.errors) == (1, True), (words, ended)
    assert not (tmp_path / "x").exists()


async def test_a_file_that_finds_no_room_is_one_sentence_and_is_not_left(tmp_path: Path) -> None:
    data_dir, file = tmp_path / "data", tmp_path / "optics.vtp-course.zip"
    async with serving(data_dir) as api:
        course = (await full_course(api, await api.person("teacher"))).id
        async with api.server.services.database.transaction() as tx:
            await tx.execute(update(coursework_files).values(size_bytes=64 << 20))
    lying = [one for one in data_dir.rglob("*") if one.is_file() and "coursework" in one.parts]
    for one in lying:
        os.truncate(one, 64 << 20)
    assert lying
    words = shlex.join(command("admin", "course", "export", course, str(file)))
    bounded = await asyncio.create_subprocess_shell(
        f"ulimit -f 32768; {words}",
        cwd=ROOT,
        env=environment(data_dir, {}),
        stderr=asyncio.subprocess.PIPE,
    )
    _, errors = await bounded.communicate()
    assert bounded.returncode == 1, errors
    assert f"{file} cannot be written".encode() in errors and b"Traceback" not in errors
    assert not file.exists()
