"""What stays of recordings in the file of a course that was not taken, or not to the end: nothing."""

from __future__ import annotations

import asyncio
import copy
import os
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.api.carried_material import export, filed, folders, kept, recorded_course
from tests.api.course_file_material import bring as bring_file
from tests.api.course_file_material import built, parts_of
from tests.fresh_database import begin_fresh
from tests.serving import Api, Person, serving
from vtp.courses.arrival_journal import ArrivalJournal
from vtp.courses.carried_recordings import ARRIVALS, RecordingsToCarry
from vtp.courses.contents import Media
from vtp.errors import Unavailable
from vtp.recording.carried_index import IndexBudget
from vtp.settings import RecordingSettings


@pytest.mark.sqlite_alone
async def test_when_the_commit_fails_the_media_are_gone_again(
    api: Api, teacher: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = await export(api, (await recorded_course(api, teacher)).id, teacher)
    before = await kept(api)
    taken: list[str] = []

    async def fail(*_: Any) -> None:
        taken.extend(folders(api))
        raise RuntimeError("the row of a recording cannot be written")

    monkeypatch.setattr("vtp.courses.recording_contents.add_recording", fail)
    assert (await bring_file(api, data, teacher)).status == 500
    assert len(taken) == 4, "both were there already"
    assert await kept(api) == before


@pytest.mark.sqlite_alone
async def test_media_are_gone_also_where_files_cannot_be_deleted_and_where_who_waits_leaves(
    api: Api, teacher: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await recorded_course(api, teacher)
    data = await export(api, made.id, teacher)
    before = folders(api)

    async def away(*_: Any) -> None:
        raise Unavailable("The database is away.")

    with monkeypatch.context() as patch:
        patch.setattr("vtp.courses.recording_contents.add_recording", away)
        patch.setattr(api.server.services.courses.contents, "discard_files", away)
        assert (await bring_file(api, data, teacher)).status == 503
    assert folders(api) == before
    carried = api.server.services.courses.contents.recordings
    assert isinstance(carried, RecordingsToCarry)
    pieces = await carried.open(made.first)
    assert pieces is not None
    begun, go, rename = threading.Event(), threading.Event(), Path.rename

    def slow(path: Path, target: Path) -> Path:
        begun.set()
        assert go.wait(30)
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", slow)
    media = Media("recordings-1", 1 << 30, "")
    taking = asyncio.create_task(carried.take(media, pieces, IndexBudget.of_file(), keep=True))
    assert await asyncio.to_thread(begun.wait, 30)
    taking.cancel()
    await asyncio.sleep(0)
    await asyncio.to_thread(go.set)
    with pytest.raises(asyncio.CancelledError):
        await taking
    assert folders(api) == before


@pytest.mark.sqlite_alone
async def test_beyond_a_quota_or_the_disk_nothing_is_taken(tmp_path: Path, database_url: str) -> None:
    async with serving(tmp_path / "first", database_url) as api:
        teacher = await api.person("teacher")
        data = await export(api, (await recorded_course(api, teacher)).id, teacher)
    small = f"sqlite:///{begin_fresh(tmp_path, 'small.sqlite3')}"
    for settings, status, code in (
        (RecordingSettings(quota_per_room_bytes=50_000), 409, "quota_exceeded"),
        (RecordingSettings(quota_per_owner_bytes=150_000), 409, "quota_exceeded"),
        (RecordingSettings(min_free_bytes=1 << 60), 503, "disk_full"),
    ):
        async with serving(tmp_path / "small", small, recording=settings) as api:
            host = await api.person("teacher", f"{code}{settings.quota_per_room_bytes}@school.example")
            for dry in (True, False):
                answer = await bring_file(api, data, host, dry=dry)
                assert (answer.status, answer.body["code"]) == (status, code), answer
            assert folders(api) == []


@pytest.mark.sqlite_alone
async def test_quotas_count_what_is_there_already_and_lessons_without_rooms_as_one(
    api: Api, teacher: Person, tmp_path: Path
) -> None:
    data = await export(api, (await recorded_course(api, teacher)).id, teacher)
    parts = parts_of(data)
    sizes = [len(part) for name, part in parts.items() if name.startswith("recordings/")]
    lessons = "contents/lessons.jsonl"
    unheld = built({**parts, lessons: parts[lessons].replace(b'"kind":"live"', b'"kind":"material"')})
    assert unheld != data and len(sizes) == 2
    settings = RecordingSettings(
        quota_per_room_bytes=max(sizes) + 1, quota_per_owner_bytes=sum(sizes) * 3 // 2
    )
    small = f"sqlite:///{begin_fresh(tmp_path, 'small.sqlite3')}"
    async with serving(tmp_path / "small", small, recording=settings) as there:
        host = await there.person("teacher")
        refused = await bring_file(there, unheld, host)
        assert (refused.status, refused.body["code"]) == (409, "quota_exceeded"), refused
        assert "one room" in refused.body["detail"]
        assert (await bring_file(there, data, host)).status == 200
        before = folders(there)
        for dry in (True, False):
            again = await bring_file(there, data, host, dry=dry)
            assert (again.status, again.body.get("code")) == (409, "quota_exceeded"), again
            assert "with those that you have" in again.body["detail"]
        assert folders(there) == before
        other = await there.person("teacher", "other@school.example")
        assert (await bring_file(there, data, other)).status == 200


@pytest.mark.both_databases
async def test_two_servers_that_take_the_same_at_once_do_not_pass_a_quota_together(
    tmp_path: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = database_url or f"sqlite:///{begin_fresh(tmp_path, 'shared.sqlite3')}"
    secrets = tmp_path / "secrets"
    async with serving(tmp_path / "first", url, secrets_dir=secrets) as api:
        teacher = await api.person("teacher")
        data = await export(api, (await recorded_course(api, teacher)).id, teacher)
        other = await api.person("teacher", "other@school.example")
    total = sum(len(part) for name, part in parts_of(data).items() if name.startswith("recordings/"))
    bounded = RecordingSettings(quota_per_owner_bytes=total * 3 // 2)
    checked, check = asyncio.Barrier(2), RecordingsToCarry.check

    async def check_both_first(self: RecordingsToCarry, *words: Any) -> None:
        await check(self, *words)
        await checked.wait()

    monkeypatch.setattr(RecordingsToCarry, "check", check_both_first)
    async with (
        serving(tmp_path / "a", url, recording=bounded, secrets_dir=secrets) as one,
        serving(tmp_path / "b", url, recording=bounded, secrets_dir=secrets) as another,
    ):
        answers = await asyncio.gather(*(bring_file(api, data, other) for api in (one, another)))
        assert sorted(answer.status for answer in answers) == [200, 409], answers
        taken, refused = (one, another) if answers[0].status == 200 else (another, one)
        assert "quota_exceeded" in [answer.body["code"] for answer in answers]
        assert (len(folders(taken)), folders(refused)) == (2, [])


@pytest.mark.sqlite_alone
async def test_what_a_killed_import_left_goes_after_hours(api: Api) -> None:
    carried = api.server.services.courses.contents.recordings
    assert isinstance(carried, RecordingsToCarry)
    root = api.server.services.recordings.file("x", "x").parent.parent / ARRIVALS
    for name, age_s in (("old", 8 * 3600), ("new", 60)):
        (root / name / "video").mkdir(parents=True)
        at = (root / name).stat().st_mtime - age_s
        os.utime(root / name, (at, at))
    assert await carried.sweep() == 1
    assert [one.name for one in root.iterdir()] == ["new"]


@pytest.mark.sqlite_alone
async def test_what_a_killed_import_has_moved_goes_at_the_next_start_and_what_has_a_row_stays(
    api: Api, teacher: Person
) -> None:
    services = api.server.services
    data = await export(api, (await recorded_course(api, teacher)).id, teacher)
    brought = await bring_file(api, data, teacher)
    before = folders(api)
    root = services.recordings.file("x", "x").parent.parent / ARRIVALS
    assert list(root.iterdir()) == []  # no entry is left of what went well
    killed = copy.copy(services.courses.contents.recordings)
    assert isinstance(killed, RecordingsToCarry)
    killed._journal = ArrivalJournal(root)
    parts = parts_of(data)
    stream = parts[next(name for name in parts if name.startswith("recordings/"))]
    taken = await killed.take(
        Media("x", len(stream), ""), lambda: (one for one in [stream]), IndexBudget.of_file(), keep=True
    )
    one, another = await filed(api, brought.body["id"], teacher)
    await asyncio.to_thread(killed._journal.begin, one["recording_id"])  # killed behind its commit
    after_move = folders(api)
    assert set(after_move) == {*before, taken.id} and another["recording_id"] in before
    carried = services.courses.contents.recordings
    assert carried is not None
    assert await carried.sweep() == 0 and folders(api) == after_move, "who brings it is alive"
    assert killed._journal._descriptor is not None
    os.close(killed._journal._descriptor)  # as the kernel does
    assert await carried.sweep() == 2
    assert (folders(api), list(root.iterdir())) == (before, [])
