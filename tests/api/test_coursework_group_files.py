"""The files of a grade that a whole group has: all of them or none, within the quota, on the disk."""

from __future__ import annotations

import errno
import os
from datetime import UTC, datetime

import pytest
from sqlalchemy import update

from tests.api.assignment_material import prepared
from tests.api.course_material import enrol, student
from tests.api.coursework_material import PDF, lying, rows, until, upload
from tests.api.test_accounts_erasure import erase
from tests.api.test_coursework_grades import course_of, grade
from tests.serving import Api, Person
from tests.statements import hearing
from vtp.coursework.carried_files import FilesToCarry
from vtp.coursework.file_store import StoredFile
from vtp.coursework.tables import coursework_files


@pytest.mark.both_databases
async def test_a_group_has_the_files_of_a_grade_in_place_of_theirs(api: Api) -> None:
    teacher, pupil, at = await prepared(api, for_groups=True)
    mates = [await student(api, name) for name in ("mate", "third")]
    for one in mates:
        await enrol(api, at.split("/")[4], one)
    people = [pupil, *mates]
    group = {"name": "Reds", "members": [one.user_id for one in people]}
    await api.call("PUT", f"{at}/groups", {"groups": [group]}, by=teacher)
    paths = [f"{at}/grades/{one.user_id}" for one in people]
    sent = [
        (paths[0], PDF, "remarks.pdf"),
        (paths[0], PDF + b"2", "more.pdf"),
        (paths[1], PDF, "remarks.pdf"),
        (paths[1], PDF, "wrong.pdf"),
    ]
    ids = []
    for path, data, name in sent:
        file = await upload(api, f"{path}/files", teacher, data, name=name)
        assert file.status == 201, file
        ids.append(file.body["id"])
    alone = await grade(api, at, pupil, teacher, points=40, for_group=True)
    assert [one["id"] for one in alone["files"]] == ids[:2]  # type: ignore[attr-defined]
    theirs = [(await api.call("GET", path, by=teacher)).body["files"] for path in paths[1:]]
    assert [[one["id"] for one in files] for files in theirs] == [ids[2:], []], "files were not spoken of"
    for _ in range(2):
        await grade(api, at, pupil, teacher, points=50, for_group=True, files_for_group=True, released=True)
    held = [(await api.call("GET", path, by=teacher)).body["files"] for path in paths]
    assert [sorted(one["name"] for one in files) for files in held] == [["more.pdf", "remarks.pdf"]] * 3
    assert ids[2] in [one["id"] for one in held[1]], "what is the same stays"
    for one, files in zip(people, held, strict=True):
        for file in files:
            had = await api.call("GET", f"{course_of(at)}/files/{file['id']}", by=one)
            assert had.body == (PDF if file["name"] == "remarks.pdf" else PDF + b"2")
    other = f"{course_of(at)}/files/{held[1][0]['id']}"
    assert (await api.call("GET", other, by=mates[1])).status == 403, "each has files of their own"

    async def is_clean(left: int = 6) -> bool:
        return len(lying(api)) == len(await rows(api)) == left

    await until(is_clean)
    assert await erase(api, await api.person("admin"), pupil.user_id) == 204
    await until(lambda: is_clean(4))
    mine = (await api.call("GET", f"{course_of(at)}/files/{held[2][0]['id']}", by=mates[1])).body
    assert mine in (PDF, PDF + b"2"), "one's own bytes stay when another's go"


async def test_nothing_is_left_of_files_for_a_group_that_are_refused(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    teacher, pupil, at = await prepared(api, for_groups=True)
    mate = await student(api, "mate")
    await enrol(api, at.split("/")[4], mate)
    group = {"name": "Reds", "members": [pupil.user_id, mate.user_id]}
    await api.call("PUT", f"{at}/groups", {"groups": [group]}, by=teacher)
    path = f"{at}/grades/{pupil.user_id}"
    assert (await upload(api, f"{path}/files", teacher)).status == 201
    wish = {"points": 50, "for_group": True, "files_for_group": True}
    late = await api.call("PATCH", path, wish, by=teacher, headers={"If-Match": '"another"'})
    assert late.status == 412, late
    assert len(lying(api)) == len(await rows(api)) == 1
    real = FilesToCarry.repeat

    async def repeat(carried: FilesToCarry, files: list[StoredFile], by: str) -> list[str | None]:
        found = await real(carried, files, by)
        assert (await upload(api, f"{path}/files", teacher, name="meanwhile.pdf")).status == 201
        return found

    with monkeypatch.context() as patch:
        patch.setattr(FilesToCarry, "repeat", repeat)
        refused = await api.call("PATCH", path, wish, by=teacher)
    assert (refused.status, refused.body["code"]) == (409, "file_replaced")
    assert len(lying(api)) == len(await rows(api)) == 2
    limits = api.server.services.coursework.files._settings
    tight = limits.model_copy(update={"quota_per_course_bytes": 3 * len(PDF)})
    with monkeypatch.context() as patch:
        patch.setattr(api.server.services.coursework.files, "_settings", tight)
        full = await api.call("PATCH", path, wish, by=teacher)
    assert (full.status, full.body["code"]) == (409, "quota_exceeded")
    assert len(lying(api)) == len(await rows(api)) == 2
    assert (await api.call("PATCH", path, wish, by=teacher)).status == 200
    assert len(lying(api)) == len(await rows(api)) == 4


async def group_of(api: Api, count: int) -> tuple[Person, list[str], list[Person]]:
    """An assignment with a group of so many; gives its teacher, and by the students' ids their grades' paths
    and themselves."""
    teacher, first, at = await prepared(api, for_groups=True)
    mates = [await student(api, f"mate{number}") for number in range(1, count)]
    for one in mates:
        await enrol(api, at.split("/")[4], one)
    people = sorted([first, *mates], key=lambda one: one.user_id)
    group = {"name": "Reds", "members": [one.user_id for one in people]}
    assert (await api.call("PUT", f"{at}/groups", {"groups": [group]}, by=teacher)).status == 200
    return teacher, [f"{at}/grades/{one.user_id}" for one in people], people


FOR_ALL = {"points": 50, "for_group": True, "files_for_group": True}


async def test_a_group_keeps_its_files_where_those_of_the_grade_are_lost(api: Api) -> None:
    teacher, (path, other), _ = await group_of(api, 2)
    sent = await upload(api, f"{path}/files", teacher, name="remarks.pdf")
    assert (await upload(api, f"{path}/files", teacher, name="more.pdf")).status == 201
    own = await upload(api, f"{other}/files", teacher, name="own.pdf")
    lies = api.server.services.coursework.files.lies
    there = lies.path(sent.body["id"])
    assert there is not None
    whole = there.read_bytes()

    async def is_refused(status: int, code: str) -> None:
        kept = await rows(api), len(lying(api))
        answer = await api.call("PATCH", path, FOR_ALL, by=teacher)
        assert (answer.status, answer.body["code"]) == (status, code), answer
        if code == "file_lost":
            assert "remarks.pdf" in answer.body["detail"] and "more.pdf" not in answer.body["detail"]
        assert (await rows(api), len(lying(api))) == kept
        theirs = (await api.call("GET", other, by=teacher)).body
        assert ([one["id"] for one in theirs["files"]], theirs["points"]) == ([own.body["id"]], None)

    there.write_bytes(whole[:-1])
    await is_refused(409, "file_lost")
    there.unlink()
    await is_refused(409, "file_lost")
    async with api.server.services.database.transaction() as tx:
        stored = {"stored_at": datetime.now(UTC), "stored_url": "https://s3.example/b"}
        await tx.execute(
            update(coursework_files).where(coursework_files.c.id == sent.body["id"]).values(**stored)
        )
    await is_refused(503, "storage_away")
    there.write_bytes(whole)
    assert (await api.call("PATCH", path, FOR_ALL, by=teacher)).status == 200
    names = [one["name"] for one in (await api.call("GET", other, by=teacher)).body["files"]]
    assert names == ["remarks.pdf", "more.pdf"]


@pytest.mark.both_databases
async def test_a_quota_is_for_what_a_whole_group_has_then_and_judged_in_few_statements(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    teacher, paths, _ = await group_of(api, 5)
    for name in ("a.pdf", "b.pdf", "c.pdf"):
        assert (await upload(api, f"{paths[0]}/files", teacher, name=name)).status == 201
    large = b"%PDF-1.7\n" + bytes(12 * len(PDF) - 9)
    assert (await upload(api, f"{paths[-1]}/files", teacher, large)).status == 201
    limits = api.server.services.coursework.files._settings

    def allow(size: int) -> None:
        tight = limits.model_copy(update={"quota_per_course_bytes": size})
        monkeypatch.setattr(api.server.services.coursework.files, "_settings", tight)

    allow(15 * len(PDF) - 1)

    async def repeat(carried: FilesToCarry, files: list[StoredFile], by: str) -> list[str | None]:
        raise AssertionError("nothing is copied for what is refused")

    with monkeypatch.context() as patch:
        patch.setattr(FilesToCarry, "repeat", repeat)
        for wish, match, status in (
            (FOR_ALL, '"another"', 412),
            (FOR_ALL | {"points": 5000}, None, 422),
        ):
            headers = {"If-Match": match} if match else {}
            assert (await api.call("PATCH", paths[0], wish, by=teacher, headers=headers)).status == status
    more = await upload(api, f"{paths[0]}/files", teacher, b"%PDF-1.7\n1")
    assert (more.status, more.body["code"]) == (409, "quota_exceeded")
    with hearing() as heard:
        assert (await api.call("PATCH", paths[0], FOR_ALL, by=teacher)).status == 200
    texts = [text for text in heard.texts() if "coursework_files" in text]
    assert sum("sum(" in text for text in texts) == 0, "what takes no more needs no sum"
    holding = [text for text in texts if text.startswith("UPDATE") and "state" in text]
    letting_go = [text for text in texts if text.startswith("UPDATE") and "state" not in text]
    assert (len(holding), len(letting_go)) == (4, 1), texts
    assert sum(text.startswith("INSERT") for text in texts) == 1, texts
    held = [(await api.call("GET", path, by=teacher)).body["files"] for path in paths]
    assert [[one["name"] for one in files] for files in held] == [["a.pdf", "b.pdf", "c.pdf"]] * 5

    async def is_clean() -> bool:
        return len(lying(api)) == len(await rows(api)) == 15

    await until(is_clean)
    allow(16 * len(PDF))
    assert (await upload(api, f"{paths[0]}/files", teacher, name="d.pdf")).status == 201
    with monkeypatch.context() as patch:
        patch.setattr(FilesToCarry, "repeat", repeat)
        full = await api.call("PATCH", paths[0], FOR_ALL, by=teacher)
    assert (full.status, full.body["code"]) == (409, "quota_exceeded")
    allow(20 * len(PDF))
    with hearing() as heard:
        assert (await api.call("PATCH", paths[0], FOR_ALL, by=teacher)).status == 200
    assert sum("sum(" in text and "coursework_files" in text for text in heard.texts()) == 2


@pytest.mark.parametrize("links", [True, False])
async def test_files_of_a_group_are_on_the_disk_before_a_grade_has_them(
    api: Api, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    teacher, paths, _ = await group_of(api, 3)
    for name in ("a.pdf", "b.pdf"):
        assert (await upload(api, f"{paths[0]}/files", teacher, name=name)).status == 201
    written = set[tuple[int, int]]()
    real = os.fsync

    def fsync(descriptor: int) -> None:
        found = os.fstat(descriptor)
        written.add((found.st_dev, found.st_ino))
        real(descriptor)

    def no_link(*_: object) -> None:
        raise PermissionError(errno.EPERM, "no links here")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", fsync)
        if not links:
            patch.setattr(os, "link", no_link)
        assert (await api.call("PATCH", paths[0], FOR_ALL, by=teacher)).status == 200
    lies = api.server.services.coursework.files.lies
    for at in paths[1:]:
        for file in (await api.call("GET", at, by=teacher)).body["files"]:
            there = lies.path(file["id"])
            assert there is not None
            for one in (there, there.parent, there.parent.parent):
                assert (one.stat().st_dev, one.stat().st_ino) in written, one


async def test_files_for_a_group_that_is_not_spoken_of_are_refused(api: Api) -> None:
    teacher, (path, other), _ = await group_of(api, 2)
    assert (await upload(api, f"{path}/files", teacher)).status == 201
    for wish in ({"files_for_group": True}, {"files_for_group": True, "for_group": False}):
        refused = await api.call("PATCH", path, {"points": 50, **wish}, by=teacher)
        assert refused.status == 422, refused
        assert [one["pointer"] for one in refused.body["errors"]] == ["/files_for_group"]
    for at in (path, other):
        assert (await api.call("GET", at, by=teacher)).body["points"] is None
    assert (await api.call("PATCH", path, {"files_for_group": False}, by=teacher)).status == 200
