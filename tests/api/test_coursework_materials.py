"""Materials: uploads that are kept whole or not at all, versions, and who has them as a download."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import zlib
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tests.api import assignment_material as homework
from tests.api.course_material import BASE, add_lesson, enrol, make_course, student
from tests.api.coursework_material import (
    BYTES,
    PDF,
    add_material,
    assert_nothing_kept,
    lying,
    rows,
    until,
    upload,
    versions_of,
)
from tests.api.notification_material import kinds, told
from tests.serving import Api, Person, serving
from vtp.backup.archive import Archive
from vtp.backup.make import make_backup
from vtp.courses.store import Course
from vtp.coursework.downloads import LINK_S
from vtp.coursework.file_store import key_of
from vtp.coursework.files import ARRIVE_WITHIN, CourseFiles
from vtp.coursework.material_news import MaterialNews
from vtp.coursework.material_store import Material
from vtp.coursework.telling import ReleaseTeller
from vtp.notifications.news import News
from vtp.recording.disk import Disk
from vtp.settings import CourseworkSettings

SMALL = CourseworkSettings(max_material_bytes=200_000, quota_per_course_bytes=500_000)
TWO_GB = 2 << 30


@pytest.fixture
async def small(tmp_path: Path, database_url: str) -> AsyncIterator[Api]:
    """A server that takes files of at most 200 kB, and half a megabyte for a course."""
    async with serving(tmp_path / "data", database_url, coursework=SMALL) as running:
        yield running


async def prepared(api: Api) -> tuple[Person, str, str]:
    """A teacher, their course and a material in it without a file."""
    teacher = await api.person("teacher")
    course = await make_course(api, teacher)
    return teacher, course, await add_material(api, course, teacher)


async def raw_upload(api: Api, to: str, by: Person, head: str, *pieces: bytes) -> bytes:
    """Speaks HTTP by hand; gives the answer, or what came of it before the end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", api.server.listening.http_port)
    writer.write(
        f"POST {to}?name=notes.pdf HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {by.access_token}\r\n"
        f"Content-Type: application/octet-stream\r\n{head}\r\n\r\n".encode()
    )
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        return await reader.readuntil(b"\r\n")
    finally:
        writer.close()


async def test_a_file_comes_back_as_it_was_sent_and_only_as_a_download(api: Api) -> None:
    teacher, course, material = await prepared(api)
    sent = await upload(api, versions_of(course, material), teacher, name="Übung “1”.pdf")
    assert sent.status == 201, sent
    assert sent.body["sha256"] == hashlib.sha256(PDF).hexdigest()
    assert (sent.body["version"], sent.body["size_bytes"]) == (1, len(PDF))
    got = await api.call("GET", sent.headers["Location"], by=teacher)
    assert (got.status, got.body) == (200, PDF)
    assert got.headers["Content-Disposition"].startswith('attachment; filename="_bung _1_.pdf"')
    assert got.headers["Content-Disposition"].endswith("UTF-8''%C3%9Cbung%20%E2%80%9C1%E2%80%9D.pdf")
    assert got.headers["X-Content-Type-Options"] == "nosniff"
    assert got.headers["Content-Type"] == "application/pdf"
    part = await api.call("GET", sent.headers["Location"], by=teacher, headers={"Range": "bytes=5-8"})
    assert (part.status, part.body) == (206, PDF[5:9])
    again = {"If-None-Match": got.headers["ETag"]}
    assert (await api.call("GET", sent.headers["Location"], by=teacher, headers=again)).status == 304


async def test_students_have_the_newest_version_once_it_is_released(api: Api) -> None:
    teacher, course, material = await prepared(api)
    pupil, stranger = await student(api, "pupil"), await student(api, "stranger")
    await enrol(api, course, pupil)
    path = versions_of(course, material)
    first = (await upload(api, path, teacher)).headers["Location"]
    second = (await upload(api, path, teacher, PDF + b"2")).headers["Location"]
    assert (await api.call("GET", second, by=pupil)).body == PDF + b"2"
    old = await api.call("GET", first, by=pupil)
    assert (old.status, old.body["code"]) == (403, "not_the_newest")
    assert (await api.call("GET", first, by=teacher)).body == PDF
    assert (await api.call("GET", second, by=stranger)).status == 403
    assert [one["version"] for one in (await api.call("GET", path, by=teacher)).body["items"]] == [2, 1]
    assert [one["version"] for one in (await api.call("GET", path, by=pupil)).body["items"]] == [2]
    at = f"{BASE}/{course}/materials/{material}"
    later = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    hidden = await add_lesson(api, course, teacher, release_at=later)
    for wish in ({"published": False}, {"published": True, "release_at": later}, {"lesson_id": hidden}):
        assert (await api.call("PATCH", at, {"release_at": None, **wish}, by=teacher)).status == 200
        assert (await api.call("GET", second, by=pupil)).status == 403, wish
        assert (await api.call("GET", at, by=pupil)).status == 403, wish
        assert (await api.call("GET", f"{BASE}/{course}/materials", by=pupil)).body["items"] == [], wish
    assert (await api.call("GET", second, by=teacher)).status == 200


async def test_a_deleted_version_makes_way_for_the_one_before_and_its_bytes_go(api: Api) -> None:
    teacher, course, material = await prepared(api)
    path = versions_of(course, material)
    await upload(api, path, teacher)
    second = (await upload(api, path, teacher, PDF + b"2")).body["id"]
    assert (await api.call("DELETE", f"{path}/{second}", by=teacher)).status == 204
    await until_lying(api, 1)
    shown = (await api.call("GET", f"{BASE}/{course}/materials/{material}", by=teacher)).body
    assert (shown["file"]["version"], shown["versions"]) == (1, 2)
    third = await upload(api, path, teacher)
    assert third.body["version"] == 3, "a number is not given twice"
    assert (await api.call("DELETE", f"{BASE}/{course}/materials/{material}", by=teacher)).status == 204
    await until_lying(api, 0)
    await assert_nothing_kept(api)


async def until_lying(api: Api, count: int) -> None:
    """Waits for what is deleted after the answer."""

    async def holds() -> bool:
        return len(lying(api)) == len(await rows(api)) == count

    await until(holds)


async def until_rows(api: Api, count: int) -> None:
    """Waits for uploads to begin."""

    async def holds() -> bool:
        return len(await rows(api)) == count

    await until(holds)


async def test_files_of_a_deleted_course_are_swept_away(api: Api) -> None:
    teacher, course, material = await prepared(api)
    await upload(api, versions_of(course, material), teacher)
    assert (await api.call("DELETE", f"{BASE}/{course}", by=teacher)).status in (200, 204)
    assert len(lying(api)) == 1
    assert await api.server.services.coursework.files.sweep() == 1
    await assert_nothing_kept(api)


@pytest.mark.drawn(2)
@pytest.mark.parametrize(
    ("data", "name", "code"),
    [
        (b"", "notes.pdf", "file_empty"),
        (b"MZ\x90\0 a program", "notes.pdf", "file_content_wrong"),
        (b"a" * 3000 + b"\0", "notes.txt", "file_content_wrong"),
        (b"<script>alert(1)</script>", "picture.png", "file_content_wrong"),
        (PDF, "notes.exe", "file_type_not_taken"),
        (PDF, "page.html", "file_type_not_taken"),
        (PDF, "pdf", "file_type_not_taken"),
        (PDF, "../../etc/passwd.pdf", "file_name"),
        (PDF, "C:\\notes.pdf", "file_name"),
        (PDF, "a\nb.pdf", "file_name"),
        (PDF, "a" * 197 + ".pdf", "file_name"),
    ],
)
async def test_what_is_not_taken_is_told_and_nothing_of_it_is_kept(
    api: Api, data: bytes, name: str, code: str
) -> None:
    teacher, course, material = await prepared(api)
    refused = await upload(api, versions_of(course, material), teacher, data, name)
    assert (refused.status, refused.body["code"]) == (422, code), refused
    assert refused.body["errors"], refused
    await assert_nothing_kept(api)


async def test_hand_ins_and_feedback_are_refused_as_materials_are(api: Api) -> None:
    teacher, pupil, at = await homework.prepared(api)
    draft = await homework.begin(api, at, pupil)
    for to, by in ((f"{draft}/files", pupil), (f"{at}/grades/{pupil.user_id}/files", teacher)):
        for data, name, code in (
            (b"", "essay.pdf", "file_empty"),
            (b"MZ\x90\0 a program", "essay.pdf", "file_content_wrong"),
            (PDF, "../essay.pdf", "file_name"),
        ):
            refused = await upload(api, to, by, data, name)
            assert (refused.status, refused.body["code"]) == (422, code), (to, refused)
            await assert_nothing_kept(api)
        announced = await raw_upload(api, to, by, f"Content-Length: {TWO_GB}")
        assert b" 413 " in announced, (to, announced)
        await assert_nothing_kept(api)


@pytest.mark.long
@pytest.mark.sqlite_alone
async def test_two_gigabytes_are_cut_at_the_limit_and_taken_below_it(tmp_path: Path) -> None:
    """Sent in chunks, so that nobody knows how many there are; a hand-in may have 100 MB, a material 3 GB."""
    piece = bytes(1 << 20)

    async def chunks() -> AsyncIterator[bytes]:
        yield PDF
        for _ in range(TWO_GB // len(piece)):
            yield piece

    limits = CourseworkSettings(max_material_bytes=TWO_GB * 3 // 2, quota_per_course_bytes=TWO_GB * 2)
    async with serving(tmp_path / "data", coursework=limits) as api, aiohttp.ClientSession() as session:
        teacher, pupil, at = await homework.prepared(api)
        course = at.split("/")[4]
        draft = await homework.begin(api, at, pupil)
        url = f"{api.base_url}{draft}/files?name=film.pdf"
        async with session.post(url, data=chunks(), headers={**pupil.headers, **BYTES}) as refused:
            assert refused.status == 413
        await until_lying(api, 0)
        await assert_nothing_kept(api)
        url = f"{api.base_url}{versions_of(course, await add_material(api, course, teacher))}?name=film.pdf"
        async with session.post(url, data=chunks(), headers={**teacher.headers, **BYTES}) as taken:
            assert (taken.status, (await taken.json())["size_bytes"]) == (201, TWO_GB + len(PDF))
        assert [one.stat().st_size for one in lying(api)] == [TWO_GB + len(PDF)]


async def test_two_gigabytes_that_are_announced_are_refused_before_a_byte_is_read(api: Api) -> None:
    teacher, course, material = await prepared(api)
    answer = await raw_upload(api, versions_of(course, material), teacher, f"Content-Length: {TWO_GB}")
    assert b" 413 " in answer
    await assert_nothing_kept(api)


async def test_a_hand_in_that_is_too_large_is_told_so_and_not_that_a_quota_is_full(api: Api) -> None:
    _, pupil, at = await homework.prepared(api)
    draft = await homework.begin(api, at, pupil)
    answer = await raw_upload(api, f"{draft}/files", pupil, f"Content-Length: {TWO_GB}")
    assert b" 413 " in answer, answer
    await assert_nothing_kept(api)


async def test_a_stream_that_does_not_end_is_cut_at_the_limit(small: Api) -> None:
    teacher, course, material = await prepared(small)
    piece = b"%PDF-" + bytes(65_531)
    chunk = f"{len(piece):x}\r\n".encode() + piece + b"\r\n"
    answer = await raw_upload(
        small, versions_of(course, material), teacher, "Transfer-Encoding: chunked", *([chunk] * 4)
    )
    assert b" 413 " in answer
    await assert_nothing_kept(small)


async def test_what_unpacks_to_more_than_the_limit_is_cut_as_well(small: Api) -> None:
    teacher, course, material = await prepared(small)
    bomb = gzip.compress(b"%PDF-" + bytes(300_000_000 // 100), 9)
    headers = {"Content-Encoding": "gzip"}
    assert len(bomb) < 10_000
    refused = await upload(small, versions_of(course, material), teacher, bomb, **headers)
    assert refused.status == 413, refused
    broken = zlib.compress(b"%PDF-")[:-3] + b"xxx"
    headers = {"Content-Encoding": "deflate"}
    assert (await upload(small, versions_of(course, material), teacher, broken, **headers)).status == 400
    await assert_nothing_kept(small)


async def test_an_archive_that_unpacks_to_terabytes_is_a_file_like_any_other(api: Api) -> None:
    teacher, course, material = await prepared(api)
    bomb = b"PK\x03\x04" + gzip.compress(bytes(10_000_000), 9)
    sent = await upload(api, versions_of(course, material), teacher, bomb, "bomb.zip")
    assert sent.body["size_bytes"] == len(bomb), "nothing opens it"


async def test_a_connection_that_is_cut_leaves_nothing(api: Api) -> None:
    teacher, course, material = await prepared(api)
    to = f"{versions_of(course, material)}?name=notes.pdf"
    _, writer = await asyncio.open_connection("127.0.0.1", api.server.listening.http_port)
    writer.write(
        f"POST {to} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {teacher.access_token}\r\n"
        "Content-Type: application/octet-stream\r\nContent-Length: 9000000\r\n\r\n".encode()
    )
    writer.write(b"%PDF-" + bytes(3_000_000))

    async def arriving() -> bool:
        return bool(lying(api))

    await until(arriving)
    assert [one["state"] for one in await rows(api)] == ["arriving"]
    assert (await api.call("GET", versions_of(course, material), by=teacher)).body["items"] == []
    writer.transport.abort()
    await until_lying(api, 0)


async def test_a_full_disk_is_said_before_and_within_an_upload(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    teacher, course, material = await prepared(api)
    looks = iter([1 << 40, 1000, 1000])
    monkeypatch.setattr(Disk, "free_bytes", property(lambda _: next(looks)))
    monkeypatch.setattr("vtp.coursework.files.LOOK_AT_DISK_EVERY", 5000)
    for _ in range(2):
        refused = await upload(api, versions_of(course, material), teacher)
        assert (refused.status, refused.body["code"]) == (503, "disk_full"), refused
        assert "Retry-After" in refused.headers
        await assert_nothing_kept(api)
    assert next(looks, None) is None, "one look before, one within, one before"


async def test_a_disk_that_takes_no_more_is_told_and_nothing_is_kept(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    teacher, course, material = await prepared(api)

    async def full(self: object, key: str, pieces: AsyncIterator[bytes]) -> None:
        async for _ in pieces:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr("vtp.storage.store.Store.receive", full)
    refused = await upload(api, versions_of(course, material), teacher)
    assert (refused.status, refused.body["code"]) == (503, "disk_full"), refused
    await assert_nothing_kept(api)


@pytest.mark.both_databases
async def test_uploads_side_by_side_do_not_pass_a_quota_together(small: Api) -> None:
    teacher, course, _ = await prepared(small)
    materials = [await add_material(small, course, teacher) for _ in range(4)]
    data = b"%PDF-" + bytes(150_000)
    answers = await asyncio.gather(
        *(upload(small, versions_of(course, one), teacher, data) for one in materials)
    )
    assert sorted(one.status for one in answers) == [201, 201, 201, 409]
    refused = next(one for one in answers if one.status == 409)
    assert refused.body["code"] == "quota_exceeded"
    assert "450 kB of the 500 kB" in refused.body["detail"]
    assert len(lying(small)) == len(await rows(small)) == 3


async def test_what_a_killed_process_left_is_swept_away_and_nothing_that_arrives(api: Api) -> None:
    teacher, course, material = await prepared(api)
    await upload(api, versions_of(course, material), teacher)
    services = api.server.services
    async with services.database.transaction() as tx:
        await tx.execute(text("UPDATE coursework_files SET state = 'arriving'"))
    assert await services.coursework.files.sweep() == 0
    later = datetime.now(UTC) + ARRIVE_WITHIN + timedelta(hours=2)
    files = services.coursework.files
    elsewhere = CourseFiles(services.database, files.lies, files._settings, files._disk, clock=lambda: later)
    assert await elsewhere.sweep() == 1
    await assert_nothing_kept(api)


async def test_more_uploads_at_once_than_one_person_may_are_refused(api: Api) -> None:
    teacher, course, material = await prepared(api)
    to = f"{api.base_url}{versions_of(course, material)}?name=notes.pdf"
    going_on = asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield PDF
        await going_on.wait()

    async with aiohttp.ClientSession(headers={**teacher.headers, **BYTES}) as session:

        async def send() -> int:
            async with session.post(to, data=slowly()) as response:
                return response.status

        sending = [asyncio.create_task(send()) for _ in range(4)]
        await until_rows(api, 4)
        refused = await upload(api, versions_of(course, material), teacher)
        assert (refused.status, refused.body["code"]) == (429, "rate_limited"), refused
        going_on.set()
        assert await asyncio.gather(*sending) == [201] * 4


async def test_the_material_that_goes_while_its_file_comes_takes_it_along(api: Api) -> None:
    teacher, course, material = await prepared(api)
    to = f"{api.base_url}{versions_of(course, material)}?name=notes.pdf"
    going_on = asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield PDF
        await going_on.wait()

    async with aiohttp.ClientSession(headers={**teacher.headers, **BYTES}) as session:
        sending = asyncio.create_task(session.post(to, data=slowly()))
        await until_rows(api, 1)
        gone = await api.call("DELETE", f"{BASE}/{course}/materials/{material}", by=teacher)
        assert gone.status == 204
        going_on.set()
        response = await sending
        assert response.status == 404
    await assert_nothing_kept(api)


async def test_a_backup_with_media_has_the_files(api: Api, tmp_path: Path) -> None:
    teacher, course, material = await prepared(api)
    file = (await upload(api, versions_of(course, material), teacher)).body["id"]
    await make_backup(api.server.services.settings, tmp_path / "b.vtp", media=True)
    with (tmp_path / "b.vtp").open("rb") as backup:
        assert key_of(file) in Archive(backup).names("media")


async def test_the_class_is_told_of_a_new_file_that_it_may_see(api: Api) -> None:
    teacher, course, material = await prepared(api)
    pupil = await student(api, "pupil")
    await enrol(api, course, pupil)
    await upload(api, versions_of(course, material), teacher)
    hidden = await add_material(api, course, teacher, published=False)
    await upload(api, versions_of(course, hidden), teacher)
    [news] = [one for one in await told(api, pupil) if one["kind"] == "material_added"]
    assert news["link"] == f"/courses/{course}/materials"
    assert "material_added" not in await kinds(api, teacher)
    await api.call("DELETE", f"{BASE}/{course}/materials/{material}", by=teacher)
    assert "material_added" not in await kinds(api, pupil), "there is nothing to be found any more"


@pytest.mark.sqlite_alone
async def test_the_class_is_told_of_a_file_once_it_is_shown_and_not_again(api: Api) -> None:
    teacher, pupil = await api.person("teacher"), await api.person("student")
    helper = await api.person("teacher", "helper@school.example")
    course = await make_course(api, teacher)
    await enrol(api, course, pupil)
    await enrol(api, course, teacher, student_id=helper.user_id, role="assistant")
    material = await add_material(api, course, teacher, published=False)
    path = f"{BASE}/{course}/materials/{material}"

    async def shown(**wish: object) -> tuple[int, int]:
        """How often the student and the assistant have been told since."""
        assert (await api.call("PATCH", path, wish, by=teacher)).status == 200
        await api.server.services.coursework.teller.look()
        heard = [await kinds(api, one) for one in (pupil, helper)]
        return heard[0].count("material_added"), heard[1].count("material_added")

    assert await shown(published=True) == (0, 0), "there is nothing in it"
    await shown(published=False)
    assert (await upload(api, versions_of(course, material), teacher)).status == 201
    assert await shown(title="Notes 2") == (0, 1)
    assert await shown(published=True) == (1, 1)
    await shown(published=False)
    assert await shown(published=True) == (1, 1), "hidden and shown again"
    assert (await upload(api, versions_of(course, material), teacher)).status == 201
    assert await shown(release_at=homework.soon(days=1)) == (2, 2)
    assert (await upload(api, versions_of(course, material), teacher)).status == 201
    assert await shown(release_at=None) == (3, 3)
    lesson = await add_lesson(api, course, teacher, published=False)
    assert await shown(lesson_id=lesson) == (3, 3)
    newest = (await upload(api, versions_of(course, material), teacher)).body["id"]
    assert (await api.call("DELETE", f"{versions_of(course, material)}/{newest}", by=teacher)).status == 204
    assert await shown(lesson_id=None) == (3, 4), "they know of the version before"


def teller_in(api: Api, days: int) -> ReleaseTeller:
    """One by whose clock so many days are over."""
    services, at = api.server.services, datetime.now(UTC) + timedelta(days=days, minutes=1)
    return ReleaseTeller(services.database, services.notifications.notifier, MaterialNews(), clock=lambda: at)


@pytest.mark.both_databases
async def test_the_class_is_told_of_a_file_once_its_date_has_come_also_after_a_restart(
    tmp_path: Path, database_url: str
) -> None:
    async with serving(tmp_path / "data", database_url) as api:
        teacher, pupil = await api.person("teacher"), await student(api, "dated")
        course = await make_course(api, teacher)
        await enrol(api, course, pupil)
        lesson = await add_lesson(api, course, teacher, release_at=homework.soon(days=2))
        for wish in (
            {"title": "Dated", "release_at": homework.soon(days=1)},
            {"title": "Of a lesson", "lesson_id": lesson},
            {"title": "Gone", "release_at": homework.soon(days=1)},
        ):
            material = await add_material(api, course, teacher, **wish)
            sent = await upload(api, versions_of(course, material), teacher)
        await add_material(api, course, teacher, title="Empty", release_at=homework.soon(days=1))
        path = f"{versions_of(course, material)}/{sent.body['id']}"
        assert (await api.call("DELETE", path, by=teacher)).status == 204
        assert await api.server.services.coursework.teller.look() == 0
        assert "material_added" not in await kinds(api, pupil)
    async with serving(tmp_path / "data", database_url) as api:
        heard: list[list[str]] = []
        for days in (1, 1, 2, 2):
            teller = teller_in(api, days)
            await asyncio.gather(teller.look(), teller.look())
            found = await told(api, pupil)
            heard.append([one["title"] for one in found if one["kind"] == "material_added"])
    assert heard == [["Dated"], ["Dated"], ["Of a lesson", "Dated"], ["Of a lesson", "Dated"]]


async def test_the_class_is_told_of_many_files_that_are_released_at_once_in_one_sentence(api: Api) -> None:
    teacher, course, _ = await prepared(api)
    pupil = await student(api, "many")
    await enrol(api, course, pupil)
    hidden = await add_lesson(api, course, teacher, published=False)
    for number in range(4):
        material = await add_material(api, course, teacher, title=f"Sheet {number}", lesson_id=hidden)
        assert (await upload(api, versions_of(course, material), teacher)).status == 201
    shown = await api.call("PATCH", f"{BASE}/{course}/lessons/{hidden}", {"published": True}, by=teacher)
    assert shown.status == 200, shown
    assert await api.server.services.coursework.teller.look() == 4
    news = [one for one in await told(api, pupil) if one["kind"] == "material_added"]
    assert [one["text"] for one in news] == ["There are 4 new files."], "and no titles"
    assert await api.server.services.coursework.teller.look() == 0


async def test_a_version_that_was_told_among_many_is_known_and_so_is_one_that_comes_again_among_many(
    api: Api,
) -> None:
    """A version that is deleted before it is seen makes way for the one before, which waits in its place."""
    teacher, course, _ = await prepared(api)
    pupil = await student(api, "twice")
    await enrol(api, course, pupil)
    hidden = await add_lesson(api, course, teacher, published=False)
    materials = []

    async def add(titles: str) -> None:
        for title in titles:
            materials.append(await add_material(api, course, teacher, title=title, lesson_id=hidden))
            assert (await upload(api, versions_of(course, materials[-1]), teacher)).status == 201

    async def come_and_go(material: str) -> None:
        path = versions_of(course, material)
        newest = (await upload(api, path, teacher)).body["id"]
        assert (await api.call("DELETE", f"{path}/{newest}", by=teacher)).status == 204

    async def shown(is_shown: bool) -> list[str]:
        path = f"{BASE}/{course}/lessons/{hidden}"
        assert (await api.call("PATCH", path, {"published": is_shown}, by=teacher)).status == 200
        await api.server.services.coursework.teller.look()
        news = [one["title"] for one in await told(api, pupil) if one["kind"] == "material_added"]
        return news[::-1]

    await add("ABCD")
    assert await shown(True) == ["4 files"]
    await shown(False)
    await come_and_go(materials[0])
    assert await shown(True) == ["4 files"], "it was among them"
    await shown(False)
    await add("E")
    assert await shown(True) == ["4 files", "E"]
    await shown(False)
    await come_and_go(materials[0])
    await come_and_go(materials[4])
    await add("FG")
    assert await shown(True) == ["4 files", "E", "F", "G"], "two of the four that wait are known"
    await shown(False)
    for one in (0, 4, 5):
        await come_and_go(materials[one])
    await add("HIJK")
    assert await shown(True) == ["4 files", "E", "F", "G", "4 files"]


class Faulty(MaterialNews):
    """Of one file nothing can be said."""

    async def news(self, tx: AsyncConnection, course: Course, items: Sequence[Material]) -> list[News]:
        if any(one.title == "Sheet 1" for one in items):
            raise ValueError("no such words")
        return await super().news(tx, course, items)


async def test_many_that_wait_with_one_that_cannot_be_told_of_do_not_wait_for_it(api: Api) -> None:
    teacher, course, _ = await prepared(api)
    pupil = await student(api, "faulty")
    await enrol(api, course, pupil)
    hidden = await add_lesson(api, course, teacher, published=False)
    for number in range(9):
        material = await add_material(api, course, teacher, title=f"Sheet {number}", lesson_id=hidden)
        assert (await upload(api, versions_of(course, material), teacher)).status == 201
    path = f"{BASE}/{course}/lessons/{hidden}"
    assert (await api.call("PATCH", path, {"published": True}, by=teacher)).status == 200
    services = api.server.services
    teller = ReleaseTeller(services.database, services.notifications.notifier, Faulty())
    assert await teller.look() == 8
    assert await teller.look() == 0
    heard = [one["title"] for one in await told(api, pupil) if one["kind"] == "material_added"]
    assert sorted(heard) == ["5 files", "Sheet 0", "Sheet 2", "Sheet 3"]
    assert await services.coursework.teller.look() == 1, "it waits"


@pytest.mark.parametrize("count", [1, 4])
async def test_the_class_is_told_of_the_files_of_a_draft_when_it_opens(api: Api, count: int) -> None:
    teacher, pupil = await api.person("teacher"), await api.person("student")
    course = await make_course(api, teacher, status="draft")
    await enrol(api, course, teacher, student_id=pupil.user_id)
    for number in range(count):
        material = await add_material(api, course, teacher, title=f"Sheet {number}")
        assert (await upload(api, versions_of(course, material), teacher)).status == 201
    await add_material(api, course, teacher, title="Empty")
    hidden = await add_material(api, course, teacher, title="Secret", published=False)
    assert (await upload(api, versions_of(course, hidden), teacher)).status == 201
    assert await told(api, pupil) == []
    for status in ("active", "draft", "active"):
        assert (await api.call("PATCH", f"{BASE}/{course}", {"status": status}, by=teacher)).status == 200
    texts = {
        1: "There is a new file in “Sheet 0”.",
        4: "There are 4 new files.",
    }
    assert [one["text"] for one in await told(api, pupil)] == [texts[count]]


@pytest.mark.sqlite_alone
async def test_the_class_of_a_copy_is_told_of_its_files_when_it_opens(api: Api) -> None:
    teacher, course, material = await prepared(api)
    pupil = await student(api, "next year")
    assert (await upload(api, versions_of(course, material), teacher)).status == 201
    await add_material(api, course, teacher, title="Empty")
    wish = {"semester": "s", "year": 2027}
    copied = await api.call("POST", f"{BASE}/{course}/copy", wish, by=teacher)
    assert copied.status == 201, copied
    copy = copied.body["id"]
    await enrol(api, copy, teacher, student_id=pupil.user_id)
    assert "material_added" not in await kinds(api, pupil)
    assert (await api.call("PATCH", f"{BASE}/{copy}", {"status": "active"}, by=teacher)).status == 200
    assert (await kinds(api, pupil)).count("material_added") == 1


async def test_a_link_gives_one_file_to_whoever_has_it_for_some_minutes(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    teacher, course, material = await prepared(api)
    sent = [(await upload(api, versions_of(course, material), teacher)).body["id"] for _ in range(2)]
    path = f"{BASE}/{course}/files/{sent[0]}/link"
    made = await api.call("POST", path, by=teacher)
    assert made.status == 200, made
    got = await api.call("GET", made.body["url"], headers={"Range": "bytes=0-7"})
    assert (got.status, got.body) == (206, PDF[:8])
    assert got.headers["Content-Disposition"].startswith("attachment")
    other = made.body["url"].replace(sent[0], sent[1])
    for url in (other, made.body["url"][:-1]):
        refused = await api.call("GET", url)
        assert (refused.status, refused.body["code"]) == (403, "link_over"), url
    pupil = await student(api, "link")
    await enrol(api, course, pupil)
    assert (await api.call("POST", path, by=pupil)).status == 403, "it is not the newest"
    theirs = await api.call("POST", f"{BASE}/{course}/files/{sent[1]}/link", by=pupil)
    assert (await api.call("GET", theirs.body["url"])).body == PDF
    left = await api.call("DELETE", f"{BASE}/{course}/enroll/{pupil.user_id}", by=teacher)
    assert left.status == 200, left
    assert (await api.call("GET", theirs.body["url"])).status == 403, "who asked for it has left"
    later = datetime.now(UTC) + timedelta(seconds=LINK_S + 1)
    grants = api.server.services.recording_parts.grants
    monkeypatch.setattr(grants, "_now_s", later.timestamp)
    assert (await api.call("GET", made.body["url"])).status == 403
