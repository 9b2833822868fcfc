"""The trash of recordings: what comes back from it, what is deleted for good, and what keeps it from that."""

from __future__ import annotations

import asyncio
import re
import shutil
from pathlib import Path

import pytest
from sqlalchemy import TextClause, text

from tests.api.coursework_material import until
from tests.api.recording_material import add_finished, fetch, grant_of, make_room
from tests.serving import Api, Person, serving
from vtp.ids import new_id
from vtp.recording.changes import RecordingChanged
from vtp.recording.outcome import Outcome
from vtp.recording.store import Recording, Status, change_recording, find_recording
from vtp.recording.timebase import NS
from vtp.recording.view import RecordingView
from vtp.settings import RecordingSettings

BASE = "/api/v1/recordings"
TRASH = f"{BASE}/trash"


@pytest.fixture
async def teacher(api: Api) -> Person:
    return await api.person("teacher")


@pytest.fixture
async def room(api: Api, teacher: Person) -> str:
    return await make_room(api, teacher)


async def trashed(api: Api, room: str, owner: Person, status: Status = Status.READY) -> str:
    """A recording of 1000 bytes in the trash."""
    recording_id = await add_finished(api, room, owner, status=status)
    async with api.server.services.database.transaction() as tx:
        await change_recording(tx, recording_id, file_size_bytes=1000)
    assert (await api.call("DELETE", f"{BASE}/{recording_id}", by=owner)).status == 200
    return recording_id


async def row_of(api: Api, recording_id: str) -> Recording | None:
    async with api.server.services.database.read() as tx:
        return await find_recording(tx, recording_id)


async def gone(api: Api, *recording_ids: str) -> None:
    """Waits until the server has deleted them."""

    async def are_gone() -> bool:
        return not any([await row_of(api, one) for one in recording_ids])

    await until(are_gone)


@pytest.mark.both_databases
async def test_a_recording_comes_back_from_the_trash_as_it_was(api: Api, teacher: Person, room: str) -> None:
    recording_id = await add_finished(api, room, teacher, status=Status.INTERRUPTED)
    path = f"{BASE}/{recording_id}"
    assert (await api.call("PATCH", path, {"visibility": "public"}, by=teacher)).status == 200
    before = (await api.call("GET", path, by=teacher)).body
    link = await api.call("POST", f"{path}/share", {"title": "Parents", "expires_in_s": 3600}, by=teacher)
    cookie = await grant_of(api, recording_id, teacher)
    assert (await api.call("DELETE", path, by=teacher)).status == 200
    assert (await fetch(api, f"{path}/stream/master.m3u8", Cookie=cookie)).status == 410
    restored = await api.call("POST", f"{path}/restore", by=teacher)
    assert restored.status == 200, restored
    after = (await api.call("GET", path, by=teacher)).body
    assert restored.body == after
    assert {**after, "updated_at": None} == {**before, "updated_at": None}
    assert after["status"] == "interrupted" and after["visibility"] == "public"
    assert (await fetch(api, f"{path}/stream/master.m3u8", Cookie=cookie)).status == 200
    token = link.body["url"].partition("#")[2].partition("=")[2]
    assert (await fetch(api, path, Authorization=f"Bearer {token}")).status == 200
    admin = await api.person("admin")
    log = await api.call("GET", "/api/v1/audit?event=recording_restored", by=admin)
    assert [(one["actor_id"], one["subject"]) for one in log.body["items"]] == [
        (teacher.user_id, f"recording:{recording_id}")
    ]


async def test_what_cannot_come_back_is_told_why(api: Api, teacher: Person, room: str) -> None:
    recording_id = await add_finished(api, room, teacher)
    path = f"{BASE}/{recording_id}"
    answer = await api.call("POST", f"{path}/restore", by=teacher)
    assert (answer.status, answer.body["code"]) == (409, "not_in_trash")
    assert (await api.call("POST", f"{BASE}/{new_id()}/restore", by=teacher)).status == 404
    assert (await api.call("DELETE", path, by=teacher)).status == 200
    for values, code in (
        ({"status_before": Status.RECORDING}, "still_recording"),
        ({"purging_at": (await row_of(api, recording_id)).deleted_at}, "being_deleted"),  # type: ignore[union-attr]
    ):
        async with api.server.services.database.transaction() as tx:
            await change_recording(tx, recording_id, **values)
        answer = await api.call("POST", f"{path}/restore", by=teacher)
        assert (answer.status, answer.body["code"]) == (409, code)


async def test_of_two_who_restore_at_once_one_does(api: Api, teacher: Person, room: str) -> None:
    path = f"{BASE}/{await trashed(api, room, teacher)}/restore"
    both = await asyncio.gather(*(api.call("POST", path, by=teacher) for _ in range(2)))
    assert sorted(answer.status for answer in both) == [200, 409]


async def test_what_ends_elsewhere_after_it_was_deleted_stays_in_the_trash_and_comes_back_as_it_ended(
    api: Api, teacher: Person, room: str
) -> None:
    recording_id = await add_finished(api, room, teacher, status=Status.RECORDING)  # by another process
    assert (await api.call("DELETE", f"{BASE}/{recording_id}", by=teacher)).status == 200
    recordings = api.server.services.recordings
    told: list[RecordingChanged] = []
    recordings.add_listener(told.append)
    view = await asyncio.to_thread(RecordingView.load, recordings.file(recording_id, "x").parent)
    await recordings._ends.save(recording_id, view, Outcome(4 * NS, "The room closed."))
    assert [one.status for one in told] == [Status.FINALIZING], "no news, and no jobs"
    row = await row_of(api, recording_id)
    assert row is not None and (row.status, row.duration_ms) == (Status.DELETED, 4000)
    restored = await api.call("POST", f"{BASE}/{recording_id}/restore", by=teacher)
    assert restored.body["status"] == "interrupted"


async def test_what_another_process_restores_is_played_here_again(
    api: Api, teacher: Person, room: str
) -> None:
    recording_id = await trashed(api, room, teacher)
    playback = api.server.services.recordings.playback
    assert not playback.is_there(recording_id)
    recordings = api.server.services.recordings
    async with api.server.services.database.transaction() as tx:  # as the other process writes it
        now = recordings._clock()
        values = {"status": Status.READY, "status_before": None, "deleted_at": None}
        await change_recording(tx, recording_id, access_changed_at=now, **values)

    async def is_there() -> bool:
        return playback.is_there(recording_id)

    await until(is_there)
    cookie = await grant_of(api, recording_id, teacher)
    assert (await fetch(api, f"{BASE}/{recording_id}/stream/master.m3u8", Cookie=cookie)).status == 200


async def test_emptying_deletes_ones_own_and_for_administrators_all(
    api: Api, teacher: Person, room: str
) -> None:
    colleague = await api.person("teacher", "colleague@school.example")
    admin = await api.person("admin")
    mine = [await trashed(api, room, teacher) for _ in range(2)]
    theirs = await trashed(api, room, colleague)
    kept = await add_finished(api, room, teacher)
    for person, count in ((teacher, 2), (colleague, 1), (admin, 3)):
        contents = await api.call("GET", TRASH, by=person)
        assert (contents.body["count"], contents.body["used_bytes"]) == (count, 1000 * count)
        assert (contents.body["being_deleted"], contents.body["keep_days"]) == (0, 30)
    emptied = await api.call("DELETE", TRASH, by=teacher)
    assert emptied.status == 200
    assert (emptied.body["count"], emptied.body["used_bytes"]) == (2, 2000)
    await gone(api, *mine)
    files = api.server.services.recordings
    assert not any(files.file(one, "x").parent.exists() for one in mine)
    assert (await row_of(api, theirs)) is not None and (await row_of(api, kept)) is not None
    log = await api.call("GET", "/api/v1/audit?event=recording_deleted", by=admin)
    for_good = [one["subject"] for one in log.body["items"] if one["details"]["permanent"]]
    assert sorted(for_good) == sorted(f"recording:{one}" for one in mine)
    assert (await api.call("DELETE", TRASH, by=admin)).body["count"] == 1
    await gone(api, theirs)
    assert (await api.call("GET", TRASH, by=admin)).body["count"] == 0


async def test_a_teacher_at_quota_makes_room_by_emptying_the_trash(tmp_path: Path) -> None:
    settings = RecordingSettings(quota_per_owner_bytes=1000)
    async with serving(tmp_path / "data", recording=settings) as api:
        teacher = await api.person("teacher")
        recording_id = await trashed(api, await make_room(api, teacher), teacher)
        start = {"room_id": "physics"}
        refused = await api.call("POST", f"{BASE}/start", start, by=teacher)
        assert (refused.status, refused.body["code"]) == (409, "quota_exceeded")
        assert (await api.call("DELETE", TRASH, by=teacher)).status == 200
        await gone(api, recording_id)
        assert (await api.call("POST", f"{BASE}/start", start, by=teacher)).status == 201


async def test_a_deletion_for_good_that_a_kill_interrupted_goes_on_at_the_next_start(tmp_path: Path) -> None:
    async with serving(tmp_path / "data") as api:
        teacher = await api.person("teacher")
        recording_id = await trashed(api, await make_room(api, teacher), teacher)
        recordings = api.server.services.recordings
        folder = recordings.file(recording_id, "x").parent
        async with api.server.services.database.transaction() as tx:
            await change_recording(tx, recording_id, purging_at=recordings._clock())
        shutil.rmtree(folder / "video")  # so far it had come
    async with serving(tmp_path / "data") as api:
        await gone(api, recording_id)
        assert not folder.exists()


async def test_files_that_are_in_the_way_are_deleted_later(
    api: Api, teacher: Person, room: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    recordings = api.server.services.recordings
    stuck, other = await trashed(api, room, teacher), await trashed(api, room, teacher)
    delete = recordings._files.delete

    async def refuse(recording_id: str) -> None:
        if recording_id == stuck:
            raise PermissionError(13, "Permission denied")
        await delete(recording_id)

    with monkeypatch.context() as patch:
        patch.setattr(recordings._files, "delete", refuse)
        answer = await api.call("DELETE", f"{BASE}/{stuck}?permanent=true", by=teacher)
        assert (answer.status, answer.body["code"]) == (503, "files_in_the_way")
        row = await api.call("GET", f"{BASE}/{stuck}", by=teacher)
        assert (row.body["status"], row.body["being_deleted"]) == ("deleted", True)
        assert (await api.call("DELETE", TRASH, by=teacher)).body["count"] == 1
        recordings.removal.wake()
        await recordings.removal.look()
        await recordings.removal.look()
        await gone(api, other)
    while await recordings.removal.look():
        pass
    await gone(api, stuck)


async def recorded_by(api: Api, recording_id: str) -> Path:
    """Says that a recording is this server's; gives its folder there."""
    recordings = api.server.services.recordings
    async with api.server.services.database.transaction() as tx:
        await change_recording(tx, recording_id, instance_id=recordings._instance_id)
    return recordings.file(recording_id, "x").parent


async def test_what_another_server_has_recorded_is_deleted_for_good_by_that(
    api: Api, second: Api, teacher: Person, room: str
) -> None:
    recording_id = await add_finished(api, room, teacher)
    folder = await recorded_by(api, recording_id)
    asked = await second.call("DELETE", f"{BASE}/{recording_id}?permanent=true", by=teacher)
    assert (asked.status, asked.body["status"]) == (200, "deleted")
    assert "by the server that recorded it" in asked.body["message"]
    row = await second.call("GET", f"{BASE}/{recording_id}", by=teacher)
    assert (row.body["status"], row.body["being_deleted"]) == ("deleted", True)
    restored = await second.call("POST", f"{BASE}/{recording_id}/restore", by=teacher)
    assert (restored.status, restored.body["code"]) == (409, "being_deleted")
    assert folder.exists(), "the other server has not looked yet"
    again = await second.call("DELETE", f"{BASE}/{recording_id}?permanent=true", by=teacher)
    assert again.status == 200
    await second.server.services.recordings.removal.look()
    assert await row_of(second, recording_id) is not None
    await api.server.services.recordings.removal.look()
    assert await row_of(api, recording_id) is None and not folder.exists()


async def test_what_a_data_folder_that_is_gone_has_recorded_goes_once_the_operator_says_so(
    api: Api, teacher: Person, room: str
) -> None:
    gone_for_good, recordings = new_id(), api.server.services.recordings
    recording_id, other = [await add_finished(api, room, teacher) for _ in range(2)]
    async with api.server.services.database.transaction() as tx:
        for one in (recording_id, other):
            await change_recording(tx, one, instance_id=gone_for_good)
    asked = await api.call("DELETE", f"{BASE}/{recording_id}?permanent=true", by=teacher)
    assert asked.status == 200
    await recordings.removal.look()
    assert await row_of(api, recording_id) is not None, "it may be started again"
    async with api.server.services.database.transaction() as tx:
        await tx.execute(_said_to_be_gone(recordings._instance_id))
    await recordings.removal.look()
    assert await row_of(api, recording_id) is None
    kept = await row_of(api, other)
    assert kept is not None and (kept.status, kept.instance_id) == (Status.READY, None)


def _said_to_be_gone(still_there: str) -> TextClause:
    """The statement that operators are told, of all data folders but one."""
    docs = (Path(__file__).parents[2] / "docs" / "operators.md").read_text()
    statement = re.search(r"^UPDATE recordings SET instance_id = NULL .*$", docs, re.M)
    assert statement is not None
    return text(re.sub(r"\(.*\)", f"('{still_there}')", statement[0]))


async def test_what_runs_on_the_server_that_deletes_it_for_good_is_stopped_first(
    api: Api, second: Api, teacher: Person, room: str
) -> None:
    started = await api.call("POST", f"{BASE}/start", {"room_id": room}, by=teacher)
    recording_id = str(started.body["recording_id"])
    asked = await second.call("DELETE", f"{BASE}/{recording_id}?permanent=true", by=teacher)
    assert asked.status == 200, asked
    recordings = api.server.services.recordings
    await recordings.removal.look()
    assert recordings.active.get(recording_id) is None
    assert await row_of(api, recording_id) is None
    assert not recordings.file(recording_id, "x").parent.exists()
