"""Quotas of recorded bytes: refused, warned of, ended; whose they are and what counts."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.api.recording_material import add_finished, make_room
from tests.api.test_recordings_ends import live_room, recorder_of, until_ended
from tests.serving import Api, Person, serving
from tests.unit.recording_material import h264_units, opus_units
from tests.unit.recording_sources import prepared_source
from vtp.accounts.tables import audit_log
from vtp.errors import Unavailable
from vtp.recording.ends import Ends
from vtp.recording.quota import in_words
from vtp.recording.recorder import Recorder
from vtp.recording.store import Storage, change_recording
from vtp.recording.timebase import NS
from vtp.settings import RecordingSettings

BASE = "/api/v1/recordings"
PER_ROOM, PER_OWNER = 10_000_000, 15_000_000
SETTINGS = RecordingSettings(quota_per_room_bytes=PER_ROOM, quota_per_owner_bytes=PER_OWNER)


@pytest.fixture
async def api(tmp_path: Path, database_url: str) -> AsyncIterator[Api]:
    async with serving(tmp_path / "data", database_url, recording=SETTINGS) as running:
        yield running


@pytest.fixture
async def teacher(api: Api) -> Person:
    return await api.person("teacher")


async def add(api: Api, room: str, owner: Person, size: int, **values: object) -> str:
    """An ended recording of so many bytes."""
    recording_id = await add_finished(api, room, owner)
    async with api.server.services.database.transaction() as tx:
        await change_recording(tx, recording_id, file_size_bytes=size, **values)
    return recording_id


async def start(api: Api, room: str, by: Person) -> tuple[int, Any]:
    answer = await api.call("POST", f"{BASE}/start", {"room_id": room}, by=by)
    return answer.status, answer.body


async def usage(api: Api, by: Person, room: str = "") -> Any:
    answer = await api.call("GET", f"{BASE}/usage" + (f"?room_id={room}" if room else ""), by=by)
    assert answer.status == 200, answer
    return answer.body


async def let_hold(api: Api, admin: Person, room: str, count: int | None) -> Any:
    answer = await api.call("PUT", f"/api/v1/rooms/{room}/recording-quota", {"bytes": count}, by=admin)
    assert answer.status == 200, answer
    return answer.body


async def test_a_room_that_holds_what_it_may_is_not_recorded_until_something_is_deleted_for_good(
    api: Api, teacher: Person
) -> None:
    room = await make_room(api, teacher)
    kept = await add(api, room, teacher, 4_000_000, storage=Storage.STORED, stored_url="s3://there")
    binned = await add(api, room, teacher, 6_000_000)
    status, body = await start(api, room, teacher)
    assert (status, body["code"]) == (409, "quota_exceeded")
    assert body["detail"].startswith("The recordings of this room take 10.0 MB of the 10.0 MB that they may")
    assert (await api.call("DELETE", f"{BASE}/{binned}", by=teacher)).status == 200
    assert (await start(api, room, teacher))[0] == 409, "the trash counts"
    assert (await api.call("DELETE", f"{BASE}/{binned}?permanent=true", by=teacher)).status == 200
    assert (await usage(api, teacher, room))["rooms"] == [
        {
            "room_id": room,
            "room_name": "Physics",
            "used_bytes": 4_000_000,
            "allowed_bytes": PER_ROOM,
            "own_bytes": None,
        }
    ]
    status, body = await start(api, room, teacher)
    assert status == 201 and body["message"] is None and kept


async def test_an_owner_has_one_quota_for_all_rooms_and_others_have_theirs(api: Api, teacher: Person) -> None:
    rooms = [await make_room(api, teacher, slug) for slug in ("physics", "maths")]
    for room in rooms:
        await add(api, room, teacher, 8_000_000)
    deleted = await api.call("DELETE", f"/api/v1/signalling/room/delete?room_id={rooms[0]}", by=teacher)
    assert deleted.status == 200
    status, body = await start(api, rooms[1], teacher)
    assert (status, body["code"]) == (409, "quota_exceeded"), "of deleted rooms they lie there still"
    assert "this room's owner take 16.0 MB of the 15.0 MB" in body["detail"]
    other = await api.person("teacher", "other@school.example")
    assert (await start(api, await make_room(api, other, "latin"), teacher))[0] == 201
    mine = await usage(api, teacher)
    assert mine["owner"] == {"used_bytes": 16_000_000, "allowed_bytes": PER_OWNER}
    assert [(one["room_name"], one["used_bytes"]) for one in mine["rooms"]] == [("Maths", 8_000_000)]
    assert mine["warning"]
    student = await usage(api, await api.person("student"))
    assert student == {"owner": None, "rooms": [], "others": [], "warning": None}


async def test_an_administrator_lets_a_room_hold_more_or_less(api: Api, teacher: Person) -> None:
    admin, room = await api.person("admin"), await make_room(api, teacher)
    await add(api, room, teacher, 10_000_000)
    assert (await start(api, room, teacher))[0] == 409
    more = await let_hold(api, admin, room, 12_000_000)
    assert more["rooms"][0]["allowed_bytes"] == 12_000_000
    assert (await let_hold(api, admin, "physics", 0))["rooms"][0]["allowed_bytes"] is None
    assert (await let_hold(api, admin, room, None))["rooms"][0]["allowed_bytes"] == PER_ROOM
    for wrong in (-1, "many", 1 << 61):
        answer = await api.call("PUT", f"/api/v1/rooms/{room}/recording-quota", {"bytes": wrong}, by=admin)
        assert answer.status == 422, answer
    async with api.server.services.database.read() as tx:
        rows = (await tx.execute(audit_log.select())).mappings().all()
    noted = [row["details"] for row in rows if row["event"] == "recording_quota_changed"]
    assert [one["bytes"] for one in noted] == [12_000_000, 0, None]


async def test_a_room_says_whether_its_quota_is_its_own_or_every_rooms(api: Api, teacher: Person) -> None:
    admin, room = await api.person("admin"), await make_room(api, teacher)
    for own in (PER_ROOM, 0, None):  # one that is as large as every room's is still its own
        for told in (await let_hold(api, admin, room, own), await usage(api, teacher, room)):
            assert told["rooms"][0]["own_bytes"] == own
    assert (await usage(api, teacher))["rooms"][0]["own_bytes"] is None
    await let_hold(api, admin, room, 12_000_000)
    assert (await usage(api, teacher))["rooms"][0]["own_bytes"] == 12_000_000


async def test_who_starts_near_the_end_of_a_quota_is_warned(api: Api, teacher: Person) -> None:
    room = await make_room(api, teacher)
    await add(api, room, teacher, 9_300_000)
    status, body = await start(api, room, teacher)
    assert status == 201
    assert "take 9.3 MB of the 10.0 MB that they may: room for about 0.0 hours more" in body["message"]


async def recording_of_six_seconds(api: Api, recording_id: str) -> Recorder:
    recorder = await recorder_of(api, recording_id)
    began_ns = time.monotonic_ns() - 6 * NS
    for source, _ in (
        prepared_source("video", h264_units(150), time.monotonic_ns, start_ns=began_ns),
        prepared_source("audio", opus_units(250), time.monotonic_ns, start_ns=began_ns),
    ):
        recorder.add_source(source)
    return recorder


async def until_written(recorder: Recorder) -> None:
    """Until some segments are finished."""
    async with asyncio.timeout(40):
        while sum(index.size_bytes for index in [*recorder.tracks.values()]) < 10_000:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_a_recording_that_grows_over_its_quota_ends_cleanly_and_says_why(
    api: Api, teacher: Person
) -> None:
    admin, room = await api.person("admin"), await make_room(api, teacher)
    _, started = await start(api, room, teacher)
    recording_id = started["recording_id"]
    recorder = await recording_of_six_seconds(api, recording_id)
    await until_written(recorder)
    quotas = api.server.services.recordings.quotas
    await quotas.look()
    assert live_room(api, room).recording
    assert (await usage(api, teacher, room))["rooms"][0]["used_bytes"] >= 10_000
    await let_hold(api, admin, room, 10_000)
    await quotas.look()
    await until_ended(api)
    ended = (await api.call("GET", f"{BASE}/{recording_id}", by=teacher)).body
    assert (ended["status"], ended["error_code"]) == ("interrupted", "quota_exceeded")
    assert ended["error_message"].endswith("of the 10 kB that they may, so the recording was ended.")
    assert ended["playback_url"] and not live_room(api, room).closed
    assert (await usage(api, teacher, room))["rooms"][0]["used_bytes"] == ended["file_size_bytes"]
    assert (await start(api, room, teacher))[0] == 409


async def test_a_quota_holds_while_the_database_is_away(
    api: Api, teacher: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin, room = await api.person("admin"), await make_room(api, teacher)
    _, started = await start(api, room, teacher)
    recorder = await recorder_of(api, started["recording_id"])
    await let_hold(api, admin, room, 10_000)
    quotas = api.server.services.recordings.quotas
    await quotas.look()

    def away() -> None:
        raise Unavailable("The database does not answer.")

    with monkeypatch.context() as patch:
        patch.setattr(api.server.services.database, "read", away)
        await recording_of_six_seconds(api, started["recording_id"])
        await until_written(recorder)
        await quotas.look()
    await until_ended(api)
    ended = (await api.call("GET", f"{BASE}/{started['recording_id']}", by=teacher)).body
    assert (ended["status"], ended["error_code"]) == ("interrupted", "quota_exceeded")


async def test_a_quota_holds_when_the_database_goes_away_as_a_recording_begins(
    api: Api, teacher: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin, room = await api.person("admin"), await make_room(api, teacher)
    await let_hold(api, admin, room, 10_000)
    _, started = await start(api, room, teacher)

    def away() -> None:
        raise Unavailable("The database does not answer.")

    with monkeypatch.context() as patch:
        patch.setattr(api.server.services.database, "read", away)
        await until_written(await recording_of_six_seconds(api, started["recording_id"]))
        await api.server.services.recordings.quotas.look()
        async with asyncio.timeout(3):
            while live_room(api, room).recording:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
    await until_ended(api)
    ended = (await api.call("GET", f"{BASE}/{started['recording_id']}", by=teacher)).body
    assert (ended["status"], ended["error_code"]) == ("interrupted", "quota_exceeded")


async def test_a_look_that_fails_as_nobody_has_thought_of_is_not_the_last(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    quotas = api.server.services.recordings.quotas
    looks: list[int] = []

    async def look() -> None:
        looks.append(len(looks))
        raise RuntimeError("nobody has thought of this")

    monkeypatch.setattr(quotas, "look", look)
    async with asyncio.timeout(5):
        running = asyncio.create_task(quotas.run(0.01))
        while len(looks) < 3 and not running.done():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    running.cancel()
    assert len(looks) >= 3


@pytest.mark.parametrize(
    ("count", "said"), [(0, "0 kB"), (999, "1 kB"), (2_500_000, "2.5 MB"), (7 * 10**9, "7.0 GB")]
)
def test_bytes_are_said_as_people_say_them(count: int, said: str) -> None:
    assert in_words(count) == said


async def test_why_a_recording_ended_is_known_also_when_it_is_written_with_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*of: object, **values: object) -> None:
        raise Unavailable("The database does not answer.")

    async with serving(tmp_path / "data") as api:
        teacher = await api.person("teacher")
        room = await make_room(api, teacher)
        _, started = await start(api, room, teacher)
        recorder = await recording_of_six_seconds(api, started["recording_id"])
        await until_written(recorder)
        monkeypatch.setattr(Ends, "_change", away)
        recorder.stop("It is enough, so the recording was ended.", "quota_exceeded")
    monkeypatch.undo()
    async with serving(tmp_path / "data") as api:
        teacher = await api.sign_in(teacher.email)
        ended = (await api.call("GET", f"{BASE}/{started['recording_id']}", by=teacher)).body
    assert (ended["status"], ended["error_code"]) == ("interrupted", "quota_exceeded")
    assert ended["error_message"] == "It is enough, so the recording was ended."
