"""Large classes: newcomers who only watch are offered the live stream instead of media of their own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.api.class_people import ROOM, enter, has_been_told, id_of, open_class, refused, send
from tests.api.recording_material import fetch
from tests.api.socket_clients import Client, School
from tests.api.stream_material import BASE as STREAMS
from tests.api.stream_material import start_stream, state_of
from tests.api.test_rest_rights import OFFER
from tests.serving import Api, serving
from vtp.streaming import service as service_module

LECTURE = {"speak": "staff", "camera": "staff", "share": "staff"}


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[Api]:
    """Of no database: nothing of this is stored."""
    async with serving(tmp_path / "data") as running:
        yield running


async def test_newcomers_beyond_the_size_follow_the_stream_and_staff_do_not(school: School) -> None:
    teacher, first = await open_class(school, "teacher", "student", **LECTURE, watch_only_above=2)
    assert teacher.joined["state"]["stream"] is None and first.joined["state"]["stream"] is None
    late = await enter(school, "student")
    offer = late.joined["state"]["stream"]
    assert offer["url"] == f"/live/{ROOM}/master.m3u8"
    await teacher.pushes("stream-started")
    assert (await late.ok("get-room-info"))["streamed"] is True
    assert await refused(late, "create-transport", {"direction": "recv"}) == "watch_stream"
    assert (await late.ok("raise-hand")) and (await late.ok("get-participants"))["count"] == 3
    begun = await fetch(school.api, f"{offer['url']}?grant={offer['grant']}")
    assert begun.status == 503  # nobody presents yet, and the grant is good
    assistant = await enter(school, "assistant")
    assert assistant.joined["state"]["stream"] is None
    for client in (first, assistant):
        assert await client.ok("create-transport", {"direction": "recv"})
    again = await enter(school, "student")
    assert again.joined["state"]["stream"]["stream_id"] == offer["stream_id"]


async def test_whep_is_for_staff_alone_where_the_class_is_large(school: School) -> None:
    [teacher] = await open_class(school, "teacher", **LECTURE, watch_only_above=1)
    await enter(school, "assistant")
    headers = {"Content-Type": "application/sdp"}
    got = {}
    for role in ("student", "assistant"):
        by = await school.api.person(role, f"{role}@whep.example")
        answer = await school.api.call("POST", f"/whep/{ROOM}", by=by, data=OFFER, headers=headers)
        got[role] = (answer.status, answer.body.get("code"))
    assert got["student"] == (403, "watch_stream")
    assert got["assistant"][0] == 406  # of this offer nothing can be sent
    assert teacher.joined["state"]["stream"] is None


async def follows(client: Client) -> Any:
    """What somebody is offered now; None for who has media."""
    return (await client.ok("get-stream-offer"))["stream"]


async def test_who_may_send_has_media_from_then_on(school: School) -> None:
    [teacher] = await open_class(school, "teacher", **LECTURE, watch_only_above=1)
    late, other = await enter(school, "student"), await enter(school, "student")
    assert await refused(late, "create-transport", {"direction": "recv"}) == "watch_stream"
    await teacher.ok("set-role", {"participantId": id_of(late), "role": "assistant"})
    assert (await late.pushes("stream-offer"))["stream"] is None
    assert await late.ok("create-transport", {"direction": "recv"})
    await teacher.ok("set-role", {"participantId": id_of(late), "role": "student"})
    assert await follows(late) is None
    assert await follows(other) is not None and not has_been_told(other, "stream-offer")
    await teacher.ok("change-settings", {"settings": {"speak": "everyone"}})
    assert (await other.pushes("stream-offer"))["stream"] is None
    assert await other.ok("create-transport", {"direction": "recv"})


async def test_who_said_that_they_only_watch_has_media_once_they_send(school: School) -> None:
    await open_class(school, "teacher", watch_only_above=1)
    watcher = await school.connect(await school.api.person("student", "w@x.example"))
    await watcher.join(ROOM, is_producer=False)
    assert watcher.joined["state"]["stream"] is not None
    await watcher.ok("create-transport", {"direction": "send"})
    await send(watcher)
    assert (await watcher.pushes("stream-offer"))["stream"] is None
    assert await watcher.ok("create-transport", {"direction": "recv"})


async def test_a_breakout_room_is_no_stream_s(school: School) -> None:
    teacher, first = await open_class(school, "teacher", "student", **LECTURE, watch_only_above=2)
    late = await enter(school, "student")
    groups = [{"name": "A", "participantIds": [id_of(first), id_of(late)]}]
    await teacher.ok("open-breakouts", {"groups": groups})
    assert (await late.pushes("stream-offer"))["stream"] is None
    assert await late.ok("create-transport", {"direction": "recv"})


async def test_the_stream_ends_with_the_last_who_follows_it_and_not_one_that_staff_started(
    school: School,
) -> None:
    [teacher] = await open_class(school, "teacher", **LECTURE, watch_only_above=1)
    late = await enter(school, "student")
    await teacher.pushes("stream-started")
    await late.io.disconnect()
    await teacher.pushes("stream-stopped")
    late = await enter(school, "student")
    await teacher.pushes("stream-started")
    by = await school.api.person("teacher", "other@x.example")
    started = await start_stream(school.api, by, room_id=ROOM)
    await late.io.disconnect()
    await teacher.pushes("participant-left")
    assert (await state_of(school.api, by, started["stream_id"]))["status"] == "live"
    assert (await teacher.ok("get-room-info"))["streamed"] is True
    await teacher.ok("change-settings", {"settings": {"watch_only_above": 0}})
    assert (await enter(school, "student")).joined["state"]["stream"] is None


async def test_a_setting_that_is_taken_back_gives_everybody_media(school: School) -> None:
    [teacher] = await open_class(school, "teacher", **LECTURE, watch_only_above=1)
    late = await enter(school, "student")
    await teacher.pushes("stream-started")
    await teacher.ok("change-settings", {"settings": {"watch_only_above": 0}})
    assert (await late.pushes("stream-offer"))["stream"] is None
    await teacher.pushes("stream-stopped")
    assert await late.ok("create-transport", {"direction": "recv"})


async def test_a_stream_that_staff_stop_begins_again_for_who_follows_it(school: School) -> None:
    await open_class(school, "teacher", **LECTURE, watch_only_above=1)
    late = await enter(school, "student")
    offer = late.joined["state"]["stream"]
    by = await school.api.person("teacher", "other@x.example")
    stopped = await school.api.call("POST", f"{STREAMS}/{offer['stream_id']}/stop", by=by)
    assert stopped.status == 200
    assert (await fetch(school.api, f"{offer['url']}?grant={offer['grant']}")).status == 410
    again = await follows(late)
    assert again["stream_id"] != offer["stream_id"] and again["url"] == offer["url"]
    assert (await fetch(school.api, f"{again['url']}?grant={again['grant']}")).status == 503


async def test_where_the_stream_is_full_newcomers_have_media(school: School) -> None:
    await open_class(school, "teacher", **LECTURE, watch_only_above=1)
    by = await school.api.person("teacher", "other@x.example")
    await start_stream(school.api, by, room_id=ROOM, max_viewers=1)
    late = [await enter(school, "student") for _ in range(2)]
    assert [one.joined["state"]["stream"] is None for one in late] == [False, True]
    assert await late[1].ok("create-transport", {"direction": "recv"})


async def test_a_stream_that_fails_at_once_is_not_begun_anew_by_all_who_follow_it(
    school: School, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    [teacher] = await open_class(school, "teacher", **LECTURE, watch_only_above=1)
    streams = school.api.server.services.streams
    [folder] = (tmp_path / "data" / "streams").iterdir()
    folder.rmdir()
    folder.write_bytes(b"in the way of every window")
    late = await enter(school, "student")
    failed = late.joined["state"]["stream"]["stream_id"]
    await teacher.pushes("stream-stopped")
    assert streams.find(failed).failure
    assert await follows(late) is None
    assert await late.ok("create-transport", {"direction": "recv"})
    assert (await enter(school, "student")).joined["state"]["stream"] is None
    assert streams.numbers()["open"] == 0
    folder.unlink()
    monkeypatch.setattr(service_module, "FAILED_WAIT_S", 0.0)
    assert (await enter(school, "student")).joined["state"]["stream"]["stream_id"] != failed


async def test_where_the_disk_of_streams_is_full_none_begins_and_newcomers_have_media(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    [teacher] = await open_class(school, "teacher", **LECTURE, watch_only_above=1)
    streams = school.api.server.services.streams
    monkeypatch.setattr(streams._windows.disk, "_min_free_bytes", 1 << 62)
    late = await enter(school, "student")
    assert late.joined["state"]["stream"] is None and not has_been_told(teacher, "stream-started")
    assert await late.ok("create-transport", {"direction": "recv"})
    by = await school.api.person("teacher", "other@x.example")
    begun = await school.api.call("POST", f"{STREAMS}/start", {"room_id": ROOM}, by=by)
    assert (begun.status, begun.body["code"]) == (503, "disk_full")


async def test_a_stream_in_which_nothing_was_sent_has_not_failed(school: School) -> None:
    await open_class(school, "teacher", **LECTURE, watch_only_above=1)
    late = await enter(school, "student")
    streams = school.api.server.services.streams
    first = streams.find(late.joined["state"]["stream"]["stream_id"])
    streams._windows.stop(first.source)  # as when nobody has presented for long
    while not first.ended_at:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    again = await follows(late)
    assert again is not None and again["stream_id"] != first.id and not first.failure


async def test_in_a_room_where_all_may_speak_those_who_say_so_only_watch(school: School) -> None:
    await open_class(school, "teacher", watch_only_above=1)
    speaker = await enter(school, "student")
    assert speaker.joined["state"]["stream"] is None
    watcher = await school.connect(await school.api.person("student", "w@x.example"))
    await watcher.join(ROOM, is_producer=False)
    assert watcher.joined["state"]["stream"] is not None


async def test_without_the_setting_everybody_has_media(school: School) -> None:
    await open_class(school, "teacher", **LECTURE)
    late = await enter(school, "student")
    assert late.joined["state"]["stream"] is None
    assert await late.ok("create-transport", {"direction": "recv"})
