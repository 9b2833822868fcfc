"""Courses as files: taken to another server on the other database and back; who may; what is refused."""

from __future__ import annotations

import asyncio
import errno
import io
import json
import struct
import zipfile
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.api.callers import Endpoint, assert_covers, assert_statuses, everybody, of
from tests.api.course_file_material import (
    IMPORT,
    bring,
    built,
    contents_of,
    export,
    facts,
    kept,
    parts_of,
)
from tests.api.course_material import BASE, make_course
from tests.api.full_course import NEWEST, full_course, items
from tests.fresh_database import begin_fresh
from tests.serving import Api, Person, serving
from vtp.accounts.audit import AuditLog, Event, Origin
from vtp.course_files.manifest import MANIFEST
from vtp.course_files.routes import LINKED
from vtp.errors import RateLimited, Unavailable
from vtp.http.errors import BodyTimeout
from vtp.http.identity import Principal, Role
from vtp.quizzes import contents as quiz_contents
from vtp.recording.disk import Disk
from vtp.settings import CourseworkSettings

Parts = dict[str, bytes]
LESSONS = "contents/lessons.jsonl"


@pytest.fixture
async def other(tmp_path: Path, request: pytest.FixtureRequest, database_url: str) -> AsyncIterator[Api]:
    """Another server, on the other kind of database."""
    if database_url.startswith("sqlite"):
        server = request.getfixturevalue("postgres")
        template, shape = request.getfixturevalue("migrated_postgres")
        url = server.take_copy(template)
        async with serving(tmp_path / "other", url) as running:
            yield running
        server.give_back(url, shape)
        return
    async with serving(tmp_path / "other", f"sqlite:///{begin_fresh(tmp_path, 'other.sqlite3')}") as running:
        yield running


async def test_a_course_is_the_same_after_a_journey_to_the_other_database(
    api: Api, other: Api, teacher: Person
) -> None:
    full = await full_course(api, teacher)
    lesson = next(one for one in await items(api, full.id, "lessons", teacher) if one["occurrence"])
    path = f"{BASE}/{full.id}/lessons/{lesson['id']}"
    assert (await api.call("PATCH", path, {"cancelled": True}, by=teacher)).status == 200
    data = await export(api, full.id, teacher)
    host = await other.person("teacher")
    looked = await bring(other, data, host, dry=True)
    assert looked.status == 200, looked
    assert (looked.body["id"], looked.body["dry_run"]) == (None, True)
    assert await kept(other) == (0,) * 7
    made = await bring(other, data, host)
    assert made.status == 200, made
    assert {**made.body, "id": None, "dry_run": True} == looked.body
    course = await other.call("GET", made.headers["Location"], by=host)
    assert (course.body["status"], course.body["instructor_id"]) == ("draft", host.user_id)
    again = await export(other, made.body["id"], host)
    assert contents_of(again) == contents_of(data)
    notes = next(one for one in await items(other, made.body["id"], "materials", host) if one["file"])
    got = await other.call("GET", f"{BASE}/{made.body['id']}/files/{notes['file']['id']}", by=host)
    assert (notes["versions"], got.body) == (2, NEWEST)


async def test_people_and_what_they_did_are_not_in_a_file(api: Api, teacher: Person) -> None:
    full = await full_course(api, teacher)
    data = b"".join(parts_of(await export(api, full.id, teacher)).values())
    assert teacher.user_id.encode() not in data
    assert teacher.email.encode() not in data


@pytest.mark.sqlite_alone
async def test_who_may_take_courses_away_and_bring_them(api: Api) -> None:
    people = await everybody(api)
    owner = people["owner"]
    assert isinstance(owner, Person)
    course = await make_course(api, owner)
    data = await export(api, course, owner)
    #                nobody new stu view ass tea own adm room elsewhere
    makers = of("       401 403 403 403 403 200 200 200 403 403")
    changers = of("     401 403 403 403 403 403 200 200 403 403")
    nobody = of("       403 403 403 403 403 403 403 403 403 403")
    table = [
        Endpoint("GET", f"{BASE}/{course}/export", changers, f"{BASE}/{{id}}/export"),
        Endpoint("POST", f"{BASE}/{course}/export/link", changers, f"{BASE}/{{id}}/export/link", {}),
        Endpoint("GET", f"{LINKED}/{course}?grant=x", nobody, f"{LINKED}/{{id}}"),
        Endpoint("POST", IMPORT, makers, IMPORT, file=data),
    ]
    await assert_statuses(api, table, people)
    assert_covers(api, "course files", table)


@pytest.mark.sqlite_alone
async def test_a_link_gives_the_file_that_it_is_for_while_who_asked_may_have_it(
    api: Api, teacher: Person
) -> None:
    course = (await full_course(api, teacher)).id
    link = (await api.call("POST", f"{BASE}/{course}/export/link", {}, by=teacher)).body["url"]
    got = await api.call("GET", link)
    assert (got.status, got.headers["Content-Type"]) == (200, "application/zip")
    assert contents_of(got.body) == contents_of(await export(api, course, teacher))
    other = await make_course(api, teacher)
    for wrong in (f"{link}&recordings=true", link.replace(course, other), link[:-1]):
        refused = await api.call("GET", wrong)
        assert (refused.status, refused.body["code"]) == (403, "link_over"), wrong
    admin = await api.person("admin")
    change = {"disabled": True}
    answer = await api.call("PATCH", f"/api/v1/users/{teacher.user_id}", change, by=admin)
    assert answer.status == 200, answer
    assert (await api.call("GET", link)).status == 403


def _with_line(parts: Parts, change: Callable[[Any], None], name: str = LESSONS) -> Parts:
    first, *rest = parts[name].splitlines()
    said = json.loads(first)
    change(said)
    return {**parts, name: b"\n".join([json.dumps(said).encode(), *rest]) + b"\n"}


def _set(**values: Any) -> Callable[[Any], None]:
    return lambda said: said.update(values)


def _manifest(**values: Any) -> Callable[[Parts], bytes]:
    return lambda parts: built(parts, manifest={**json.loads(parts[MANIFEST]), **values})


def _stranger(name: str) -> Callable[[Parts], bytes]:
    def build(parts: Parts) -> bytes:
        said = json.loads(parts[MANIFEST])
        said["parts"].append(facts(name, b"x"))
        return built({**parts, name: b"x"}, manifest=said)

    return build


def _bomb(parts: Parts) -> bytes:
    """A gigabyte of nothing that is said to be a file of a few bytes."""
    [name] = [name for name in parts if name.startswith("files/")][:1]
    said = json.loads(parts[MANIFEST])
    return built({**parts, name: bytes(64 << 20)}, compress=True, manifest=said)


def _honest_bomb(parts: Parts) -> bytes:
    [name] = [name for name in parts if name.startswith("files/")][:1]
    return built({**parts, name: b"%PDF-1.7\n" + bytes(64 << 20)}, compress=True)


def _packed(how: int) -> Callable[[Parts], bytes]:
    """A part whose few bytes are unpacked at once, whatever is asked for."""

    def build(parts: Parts) -> bytes:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for name, data in parts.items():
                if name != MANIFEST:
                    archive.writestr(name, data, how if name == LESSONS else zipfile.ZIP_STORED)
            archive.writestr(MANIFEST, parts[MANIFEST])
        return buffer.getvalue()

    return build


def _more_than_is_taken_in(parts: Parts) -> bytes:
    """Archive and manifest say that a part is huge; its first line would be refused for itself."""
    said = json.loads(parts[MANIFEST])
    for one in said["parts"]:
        if one["name"] == LESSONS:
            one["size"] = (256 << 20) + 1
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in parts.items():
            if name != MANIFEST:
                archive.writestr(name, b"[\n" if name == LESSONS else data)
        archive.writestr(MANIFEST, json.dumps(said))
        archive.getinfo(LESSONS).file_size = (256 << 20) + 1
    return buffer.getvalue()


def _many_parts(parts: Parts) -> bytes:
    """An end that says that there are millions of parts."""
    data = bytearray(built(parts))
    at = data.rindex(b"PK\x05\x06")
    struct.pack_into("<HH", data, at + 8, 60_000, 60_000)
    return bytes(data)


_CROWD: list[dict[str, str]] = [{} for _ in range(300_000)]
"""Some kilobytes, packed, that take much memory to read."""


def _line_of_many(parts: Parts) -> bytes:
    return built(_with_line(parts, _set(crowd=_CROWD)), compress=True)


def _twice(parts: Parts) -> bytes:
    buffer = io.BytesIO(built(parts))
    with pytest.warns(UserWarning), zipfile.ZipFile(buffer, "a") as archive:
        archive.writestr(LESSONS, b"")
    return buffer.getvalue()


def _changed(parts: Parts) -> bytes:
    """One byte is another, and the checksums of the archive are right."""
    said = json.loads(parts[MANIFEST])
    return built({**parts, LESSONS: parts[LESSONS].replace(b"Read this", b"Read that")}, manifest=said)


HOSTILE: dict[str, tuple[Callable[[Parts], bytes], int, str]] = {
    "nothing": (lambda parts: b"", 422, "course_file_damaged"),
    "no archive": (lambda parts: b"%PDF-1.7" * 1000, 422, "course_file_damaged"),
    "truncated": (lambda parts: built(parts)[:-100], 422, "course_file_damaged"),
    "half": (lambda parts: built(parts)[: len(built(parts)) // 2], 422, "course_file_damaged"),
    "other archive": (lambda parts: built({MANIFEST: b"{}"}, manifest={}), 422, "course_file_damaged"),
    "manifest of the future": (_manifest(format=4, more={}), 422, "course_file_newer"),
    "manifest of another": (_manifest(kind="backup"), 422, "course_file_damaged"),
    "manifest of wrong types": (_manifest(parts="all"), 422, "course_file_damaged"),
    "course that cannot be": (_manifest(course={"code": "", "year": 1}), 422, "course_file_damaged"),
    "path in the name": (_stranger("files/../../etc/passwd"), 422, "course_file_damaged"),
    "absolute path": (_stranger("/etc/passwd"), 422, "course_file_damaged"),
    "part nobody named": (
        lambda parts: built({**parts, "evil.sh": b"x"}, manifest=json.loads(parts[MANIFEST])),
        422,
        "course_file_damaged",
    ),
    "file nothing holds": (lambda parts: built({**parts, "files/files-9": b"x"}), 422, "course_contents"),
    "kind of the future": (
        lambda parts: built({**parts, "contents/badges.jsonl": b""}),
        422,
        "course_file_newer",
    ),
    "part twice": (_twice, 422, "course_file_damaged"),
    "bomb": (_bomb, 422, "course_file_damaged"),
    "bomb that is honest": (_honest_bomb, 413, "too_large"),
    "packed by bzip2": (_packed(zipfile.ZIP_BZIP2), 422, "course_file_damaged"),
    "packed by LZMA": (_packed(zipfile.ZIP_LZMA), 422, "course_file_damaged"),
    "more than is taken in": (_more_than_is_taken_in, 422, "course_file_damaged"),
    "NUL in the manifest": (_manifest(made_by="a\0b"), 422, "course_file_damaged"),
    "manifest of many values": (_manifest(missing=_CROWD), 422, "course_file_damaged"),
    "line of many values": (_line_of_many, 422, "course_file_damaged"),
    "many parts": (_many_parts, 422, "course_file_damaged"),
    "changed on the way": (_changed, 422, "course_file_damaged"),
    "more than a course has": (
        lambda parts: built({**parts, "contents/sections.jsonl": parts["contents/sections.jsonl"] * 201}),
        422,
        "course_contents",
    ),
    "one thing twice": (
        lambda parts: built({**parts, "contents/sections.jsonl": parts["contents/sections.jsonl"] * 2}),
        422,
        "course_contents",
    ),
    "line without end": (
        lambda parts: built({**parts, LESSONS: b"[" * (9 << 20)}),
        422,
        "course_file_damaged",
    ),
    "deep JSON": (lambda parts: built({**parts, LESSONS: b"[" * 100_000}), 422, "course_contents"),
    "NUL": (lambda parts: built(_with_line(parts, _set(description="a\0b"))), 422, "course_contents"),
    "field too many": (lambda parts: built(_with_line(parts, _set(room_id="x"))), 422, "course_contents"),
    "wrong type": (lambda parts: built(_with_line(parts, _set(position="first"))), 422, "course_contents"),
    "section that is not there": (
        lambda parts: built(_with_line(parts, _set(section_id="sections-99"))),
        422,
        "course_contents",
    ),
    "lesson of no kind": (lambda parts: built(_with_line(parts, _set(kind="party"))), 422, "course_contents"),
    "file of a wrong content": (
        lambda parts: built({**parts, "files/files-1": b"MZ" * 900}),
        422,
        "file_content_wrong",
    ),
    "file of a name with folders": (
        lambda parts: built(
            _with_line(
                parts, lambda said: said["files"][0].update(name="../a.pdf"), "contents/materials.jsonl"
            )
        ),
        422,
        "file_name",
    ),
    "file of a kind not taken": (
        lambda parts: built(
            _with_line(parts, lambda said: said["files"][0].update(name="a.exe"), "contents/materials.jsonl")
        ),
        422,
        "file_type_not_taken",
    ),
    "rubric that does not sum up": (
        lambda parts: built(_with_line(parts, _set(points=11), "contents/assignments.jsonl")),
        422,
        "course_contents",
    ),
}


@pytest.mark.sqlite_alone
async def test_of_a_hostile_file_nothing_is_kept_and_the_answer_says_why(
    tmp_path: Path, database_url: str
) -> None:
    limits = CourseworkSettings(max_material_bytes=1 << 20)
    async with serving(tmp_path / "data", database_url, coursework=limits) as api:
        teacher = await api.person("teacher")
        parts = parts_of(await export(api, (await full_course(api, teacher)).id, teacher))
        before = await kept(api)
        wrong = {}
        for name, (build, status, code) in HOSTILE.items():
            for dry in (True, False):
                answer = await bring(api, build(parts), teacher, dry=dry)
                if (answer.status, answer.body.get("code"), await kept(api)) != (status, code, before):
                    wrong[name, dry] = answer, await kept(api)
        assert not wrong
        assert not [one for one in tmp_path.rglob("*") if one.name == "passwd"]
        wanted = _with_line(parts, _set(section_id="sections-99"))
        said = await bring(api, built(wanted), teacher)
        assert said.pointers == ["/lessons/lessons-1/section_id"]


@pytest.mark.sqlite_alone
async def test_a_text_that_spells_a_nul_is_not_one(api: Api, teacher: Person) -> None:
    text = "write \\u0000 for it"
    parts = parts_of(await export(api, (await full_course(api, teacher)).id, teacher))
    made = await bring(api, built(_with_line(parts, _set(description=text))), teacher)
    assert made.status == 200, made
    assert text in [one["description"] for one in await items(api, made.body["id"], "lessons", teacher)]


@pytest.mark.sqlite_alone
async def test_what_a_commit_has_kept_stays_though_its_answer_is_lost(
    api: Api, teacher: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = await full_course(api, teacher)
    data, before = await export(api, full.id, teacher), await kept(api)
    database = api.server.services.database
    real, record = database.transaction, AuditLog.record
    told: list[Event] = []

    async def note(log: AuditLog, tx: Any, event: Event, *more: Any, **values: Any) -> None:
        told.append(event)
        await record(log, tx, event, *more, **values)

    @asynccontextmanager
    async def transaction(*more: Any, **values: Any) -> AsyncIterator[Any]:
        told.clear()
        async with real(*more, **values) as tx:
            yield tx
        if {Event.COURSE_IMPORTED, Event.COURSE_CREATED} & set(told):
            raise Unavailable("The answer was lost.")

    with monkeypatch.context() as patch:
        patch.setattr(AuditLog, "record", note)
        patch.setattr(database, "transaction", transaction)
        assert (await bring(api, data, teacher)).status == 503
        wish = {"semester": "spring", "year": 2027}
        assert (await api.call("POST", f"{BASE}/{full.id}/copy", wish, by=teacher)).status == 503
    files = before[-1]
    assert (await kept(api))[-1] == files + files + 1, "two versions are imported, the newest is copied"
    listed = (await api.call("GET", BASE, by=teacher)).body["items"]
    for course in {one["id"] for one in listed} - {full.id}:
        notes = next(one for one in await items(api, course, "materials", teacher) if one["file"])
        got = await api.call("GET", f"{BASE}/{course}/files/{notes['file']['id']}", by=teacher)
        assert got.body == NEWEST


@pytest.mark.sqlite_alone
async def test_one_person_imports_one_course_at_a_time_and_within_a_time(
    api: Api, teacher: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    imports = api.server.services.course_files.imports
    name, role = "A Teacher", Role.TEACHER
    who = Principal(teacher.user_id, teacher.email, name, role, True, None, None, None, "token", None)
    begun, origin = asyncio.Event(), Origin()

    async def trickle(_: int) -> AsyncIterator[bytes]:
        begun.set()
        while True:
            yield b"P"
            await asyncio.sleep(0.01)

    monkeypatch.setattr("vtp.course_files.importing.ARRIVE_WITHIN", timedelta(seconds=0.5))
    first = asyncio.create_task(imports.run(who, trickle, origin, dry=True))
    await begun.wait()
    with pytest.raises(RateLimited):
        await imports.run(who, trickle, origin, dry=True)
    with pytest.raises(BodyTimeout):
        await first
    assert (await bring(api, b"", teacher)).status == 422, "the place is free again"


@pytest.mark.sqlite_alone
async def test_a_file_beyond_limits_and_a_full_disk_are_refused_with_nothing_kept(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = CourseworkSettings(quota_per_course_bytes=25_000, max_course_file_bytes=1_000_000)
    async with serving(tmp_path / "data", database_url, coursework=limits) as api:
        teacher = await api.person("teacher")
        data = await export(api, (await full_course(api, teacher)).id, teacher)
        before = await kept(api)
        parts = parts_of(data)
        large = built({**parts, "files/files-1": parts["files/files-1"] * 2})
        over = await bring(api, large, teacher)
        assert (over.status, over.body["code"]) == (409, "quota_exceeded")
        too_large = await bring(api, bytes(1_000_001), teacher)
        assert too_large.status == 413
        with monkeypatch.context() as patch:
            patch.setattr(Disk, "free_bytes", 0)
            full = await bring(api, data, teacher)
        assert (full.status, full.body["code"]) == (503, "disk_full")

        async def no_space(*_: object) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        for target in ("_receive", "_arrive"):
            with monkeypatch.context() as patch:
                if target == "_receive":
                    patch.setattr("vtp.course_files.importing.LOOK_AT_DISK_EVERY", 1)
                    patch.setattr(Disk, "check", _full_when_called_again())
                else:
                    patch.setattr(api.server.services.coursework.files.lies.store, "receive", no_space)
                full = await bring(api, data, teacher)
            assert (full.status, full.body["code"]) == (503, "disk_full"), target
        with monkeypatch.context() as patch:
            patch.setattr(quiz_contents, "add_quiz", no_space)
            assert (await bring(api, data, teacher)).status >= 500
        assert await kept(api) == before
        assert (await bring(api, data, teacher)).status == 200


def _full_when_called_again() -> Callable[[Disk], None]:
    calls: list[Disk] = []

    def check(disk: Disk) -> None:
        from vtp.errors import Unavailable

        calls.append(disk)
        if len(calls) > 1:
            raise Unavailable("full", code="disk_full")

    return check
